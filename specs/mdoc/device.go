package mdoc

import (
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"

	"lommebok.example/specs/cose"
)

// deviceNameSpacesNone is DeviceNameSpacesBytes of a device that adds nothing: 24(h'A0').
var deviceNameSpacesNone = cose.Encoded{0xa0}

// deviceAuthenticationBytes is what the device signs, 9.1.3.4:
//
//	#6.24(bstr .cbor ["DeviceAuthentication", SessionTranscript, DocType, DeviceNameSpacesBytes])
func deviceAuthenticationBytes(sessionTranscript []byte, docType string, nameSpaces cose.Encoded) ([]byte, error) {
	if err := cose.Check(sessionTranscript); err != nil {
		return nil, fmt.Errorf("SessionTranscript: %w", err)
	}
	b := make([]byte, 0, len(sessionTranscript)+len(docType)+len(nameSpaces)+48)
	b = cose.AppendText(cose.AppendArray(b, 4), "DeviceAuthentication")
	b = cose.AppendText(append(b, sessionTranscript...), docType)
	return cose.Encoded(cose.AppendEncoded(b, nameSpaces)).Bytes(), nil
}

// VerifyDevice checks deviceSignature with the device key over this session transcript,
// the CBOR of a SessionTranscript array. A device that made a MAC gives ErrDeviceKind.
func (d *Document) VerifyDevice(sessionTranscript []byte) error {
	if d.signature == nil {
		return fmt.Errorf("%w: want deviceSignature, got deviceMac", ErrDeviceKind)
	}
	message, err := deviceAuthenticationBytes(sessionTranscript, d.DocType, d.deviceNameSpaces)
	if err != nil {
		return err
	}
	pub, err := d.IssuerSigned.DeviceKey()
	if err != nil {
		return err
	}
	if err := d.signature.Verify(pub, message); err != nil {
		return fmt.Errorf("%w: %w", ErrDevice, err)
	}
	return nil
}

// VerifyDeviceMAC checks deviceMac over this session transcript with the reader's
// ephemeral private key, 9.1.3.5. A device that signed gives ErrDeviceKind.
func (d *Document) VerifyDeviceMAC(sessionTranscript []byte, reader *ecdh.PrivateKey) error {
	if d.mac == nil {
		return fmt.Errorf("%w: want deviceMac, got deviceSignature", ErrDeviceKind)
	}
	message, err := deviceAuthenticationBytes(sessionTranscript, d.DocType, d.deviceNameSpaces)
	if err != nil {
		return err
	}
	key, err := d.macKey(sessionTranscript, reader)
	if err != nil {
		return err
	}
	if err := d.mac.Verify(key, message); err != nil {
		return fmt.Errorf("%w: %w", ErrDevice, err)
	}
	return nil
}

// macKey is EMacKey: HKDF with SHA-256 over the shared point, salted with the digest of
// SessionTranscriptBytes, which is the transcript under tag 24.
func (d *Document) macKey(sessionTranscript []byte, reader *ecdh.PrivateKey) ([]byte, error) {
	pub, err := d.IssuerSigned.DeviceKey()
	if err != nil {
		return nil, err
	}
	device, err := pub.ECDH()
	if err != nil || reader == nil {
		return nil, fmt.Errorf("%w: no key agreement possible", ErrKey)
	}
	secret, err := reader.ECDH(device)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	salt := sha256.Sum256(cose.Encoded(sessionTranscript).Bytes())
	return hkdf.Key(sha256.New, secret, salt[:], "EMacKey", 32)
}
