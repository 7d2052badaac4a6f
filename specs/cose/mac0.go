package cose

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
)

const contextMac0 = "MAC0"

// Mac0 is a COSE_Mac0, RFC 9052 section 6.2:
//
//	[protected: bstr, unprotected: map, payload: bstr / nil, tag: bstr]
type Mac0 struct {
	Protected, Unprotected Header
	Payload                []byte // nil when detached
	Tag                    []byte
	rawProtected           []byte
}

// UnmarshalCBOR reads the untagged form and keeps its own copy.
func (m *Mac0) UnmarshalCBOR(data []byte) error {
	parsed, err := parseMessage(bytes.Clone(data))
	if err != nil {
		return err
	}
	*m = Mac0{
		Protected: parsed.protected, Unprotected: parsed.unprotected,
		Payload: parsed.payload, Tag: parsed.last, rawProtected: parsed.rawProtected,
	}
	return nil
}

// Verify checks the code with HMAC 256/256 and no other algorithm, by the rules on
// payloads that [Sign1.Verify] has. external_aad is empty.
func (m *Mac0) Verify(key, detachedPayload []byte) error {
	if m.Protected.Alg != HMAC256 {
		return fmt.Errorf("%w: want %d in the protected header, got %d", ErrAlg, HMAC256, m.Protected.Alg)
	}
	payload, err := pickPayload(m.Payload, detachedPayload)
	if err != nil {
		return err
	}
	if !hmac.Equal(secured(hmac.New(sha256.New, key), contextMac0, m.rawProtected, payload), m.Tag) {
		return ErrMAC
	}
	return nil
}
