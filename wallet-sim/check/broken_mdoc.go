package check

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"strings"

	"lommebok.example/specs/cose"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/x5c"
	"lommebok.example/wallet-sim/faults"
)

// shortPaths are how a fault calls what stands deep in a DeviceResponse (ISO/IEC 18013-5 section 8.3.2.1.2.2).
var shortPaths = map[string]string{
	"document": "documents.0", "elements": "documents.0.issuerSigned.nameSpaces.*", "issuerAuth": "documents.0.issuerSigned.issuerAuth",
	"mso": "documents.0.issuerSigned.issuerAuth.payload", "deviceSigned": "documents.0.deviceSigned", "deviceSignature": deviceSignature,
}

const deviceSignature = "documents.0.deviceSigned.deviceAuth.deviceSignature"

// changeMdoc changes what a device signs, its signature, or what the issuer signed.
func (a *answer) changeMdoc(c *faults.Change, where, name string) error {
	p := a.of(openid4vci.FormatMdoc)
	switch {
	case p == nil:
		return errNoMdoc
	case name == "thumbprint" && a.plain:
		return errUnfit
	case where == "issuer-auth":
		return a.changeIssuerAuth(p, c)
	case where == "mdoc" && name == "":
		p.presented = append(p.presented, func(text string) (string, error) { return changed(c, text) })
	case where == "mdoc":
		first, rest, _ := strings.Cut(name, ".")
		if long, ok := shortPaths[first]; ok {
			name = strings.TrimSuffix(long+"."+rest, ".")
		}
		p.presented = append(p.presented, func(text string) (string, error) { return inResponse(text, name, c) })
	case where == "device-auth" && c.ByStranger():
		p.presented = append(p.presented, a.bySomebodyElse)
	case where == "device-auth":
		p.presented = append(p.presented, func(text string) (string, error) { return inResponse(text, deviceSignature+".signature", c) })
	case name == "thumbprint" && c.Drop:
		a.thumbprint = nil
	case name == "thumbprint":
		a.thumbprint = bytes.Clone(a.thumbprint)
		a.thumbprint[len(a.thumbprint)-1] ^= 1
	default:
		into := map[string]*string{"nonce": &a.session.Nonce, "client_id": &a.session.ClientID, "response_uri": &a.session.ResponseURI}[name]
		text, err := changed(c, *into)
		*into = text
		return err
	}
	return nil
}

// inResponse changes what stands in a DeviceResponse. Nothing is signed again.
func inResponse(text, path string, c *faults.Change) (string, error) {
	raw, err := jose.DecodeBase64URL(text)
	if err != nil {
		return "", err
	}
	raw, err = c.InCBOR(raw, path)
	return jose.EncodeBase64URL(raw), err
}

// bySomebodyElse has another device sign.
func (a *answer) bySomebodyElse(text string) (string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	raw, err := jose.DecodeBase64URL(text)
	if err != nil {
		return "", err
	}
	response, err := mdoc.ParseDeviceResponse(raw)
	if err != nil {
		return "", err
	}
	transcript, err := a.transcript()
	if err != nil || len(response.Documents) != 1 {
		return "", errors.Join(faults.ErrNothing, err)
	}
	none := cose.AppendMap(nil, 0)
	message := cose.AppendText(cose.AppendArray(nil, 4), "DeviceAuthentication")
	message = cose.AppendText(append(message, transcript...), response.Documents[0].DocType)
	signed, err := cose.Sign(key, cose.Header{}, cose.Header{}, cose.Encoded(cose.AppendEncoded(message, none)).Bytes(), true)
	if err != nil {
		return "", err
	}
	return inResponse(text, deviceSignature, &faults.Change{Set: signed})
}

// changeIssuerAuth spoils the issuer's signature, or has a stranger sign in place of the issuer.
func (a *answer) changeIssuerAuth(p *part, c *faults.Change) error {
	raw, err := jose.DecodeBase64URL(p.credential)
	if err != nil {
		return err
	}
	auth, err := issuerAuth(raw)
	if err != nil {
		return err
	}
	signed, err := cose.ParseSign1(auth)
	if err != nil {
		return err
	}
	other := bytes.Clone(signed.Signature)
	other[10] ^= 1
	spoiled := bytes.Replace(raw, signed.Signature, other, 1)
	if c.ByStranger() {
		key, leaf, err := stranger(x5c.DocumentSigner, a.at)
		if err != nil {
			return err
		}
		if signed, err = cose.Sign(key, signed.Protected, cose.Header{X5Chain: []*x509.Certificate{leaf}}, signed.Payload, false); err != nil {
			return err
		}
		by, err := signed.MarshalCBOR()
		if err != nil {
			return err
		}
		spoiled = bytes.Replace(raw, auth, by, 1)
	}
	p.credential = jose.EncodeBase64URL(spoiled)
	return nil
}

// issuerAuth is the COSE_Sign1 in an IssuerSigned, as it stands there.
func issuerAuth(raw []byte) ([]byte, error) {
	var members map[string]cose.RawMessage
	if err := cose.Unmarshal(raw, &members); err != nil {
		return nil, err
	}
	return members["issuerAuth"], nil
}
