package openid4vp

import (
	"crypto/sha256"

	"lommebok.example/specs/cose"
)

// SessionTranscript is what the holder of an mdoc signs when it answers a request by
// redirects (appendix B.2.6.1), encoded in CBOR:
//
//	[null, null, ["OpenID4VPHandover", SHA-256([client_id, nonce, jwkThumbprint / null, response_uri])]]
//
// clientID has its prefix. jwkThumbprint has 32 bytes (EncryptionKey.Thumbprint), or is
// nil when the answer is not encrypted. Errors: ErrTranscript.
func SessionTranscript(clientID, nonce string, jwkThumbprint []byte, responseURI string) ([]byte, error) {
	return transcript("OpenID4VPHandover", jwkThumbprint, func(thumbprint any) []any {
		return []any{clientID, nonce, thumbprint, responseURI}
	})
}

// SessionTranscriptDCAPI is the session transcript for the Digital Credentials API
// (appendix B.2.6.2):
//
//	[null, null, ["OpenID4VPDCAPIHandover", SHA-256([origin, nonce, jwkThumbprint / null])]]
//
// origin is without the prefix origin: and without a slash at the end.
func SessionTranscriptDCAPI(origin, nonce string, jwkThumbprint []byte) ([]byte, error) {
	return transcript("OpenID4VPDCAPIHandover", jwkThumbprint, func(thumbprint any) []any {
		return []any{origin, nonce, thumbprint}
	})
}

func transcript(name string, jwkThumbprint []byte, info func(thumbprint any) []any) ([]byte, error) {
	encoded, err := handoverInfo(jwkThumbprint, info)
	if err != nil {
		return nil, err
	}
	hash := sha256.Sum256(encoded)
	out, err := cose.Marshal([]any{nil, nil, []any{name, hash[:]}})
	if err != nil {
		return nil, reasons(ErrTranscript, err)
	}
	return out, nil
}

func handoverInfo(jwkThumbprint []byte, info func(thumbprint any) []any) ([]byte, error) {
	var thumbprint any
	if jwkThumbprint != nil {
		if len(jwkThumbprint) != sha256.Size {
			return nil, fail(ErrTranscript, "thumbprint: expected 32 bytes, got %d (appendix B.2.6)", len(jwkThumbprint))
		}
		thumbprint = jwkThumbprint
	}
	encoded, err := cose.Marshal(info(thumbprint))
	if err != nil {
		return nil, reasons(ErrTranscript, err)
	}
	return encoded, nil
}
