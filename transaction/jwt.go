package transaction

import (
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"lommebok.example/specs/jose"
)

// jwt takes a JWT apart, however wrong it is: what cannot be read is said. name is the field or header that it came in.
func (m *mask) jwt(name, compact string) any {
	parts := strings.Split(compact, ".")
	if len(parts) == 5 {
		return map[string]any{"header": m.part(parts[0], fields), "encrypted": fmt.Sprintf("(%d characters)", len(compact))}
	}
	if len(parts) != 3 {
		return fmt.Sprintf("(not a JWT: %d characters in %d parts)", len(compact), len(parts))
	}
	header, payload := m.part(parts[0], fields), m.part(parts[1], fields)
	// The nonce of a key proof is the wallet's own; that of other proofs is the service's and everybody's.
	if claims, ok := read(parts[1]).(map[string]any); ok && (name == "jwt" || name == "attestation") {
		if nonce, ok := claims["nonce"].(string); ok {
			m.link(cNonce, nonce)
		}
	}
	return map[string]any{"header": header, "payload": payload, "signature": dropped(parts[2])}
}

// read decodes a part; nil when it is none.
func read(part string) any {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return nil
	}
	v, err := decode(raw)
	if err != nil {
		return nil
	}
	return v
}

func (m *mask) part(part string, by map[string]treatment) any {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return fmt.Sprintf("(not base64url: %d characters)", len(part))
	}
	v, err := decode(raw)
	o, ok := v.(map[string]any)
	if err != nil || !ok {
		return fmt.Sprintf("(not a JSON object: %d bytes)", len(raw))
	}
	return m.object(o, by)
}

func dropped(part string) string { return fmt.Sprintf("(left out, %d characters)", len(part)) }

// heldKeys gives the thumbprints of the keys that the request proves to be in the sender's hand: a key that is only named is
// everybody's. The signature counts and nothing else; whether the proof is good for the request is the service's to say.
func (x *exchange) heldKeys() []string {
	var held []string
	h := x.request.Header
	if proofs := h.Values("DPoP"); len(proofs) == 1 {
		rules := signedBy
		rules.Typ, rules.Allow = "dpop+jwt", []string{"jwk"}
		if u, err := jose.Parse(proofs[0], rules); err == nil && u.Header.JWK != nil {
			held = append(held, heldKey(u, u.Header.JWK)...)
		}
	}
	if u, err := jose.Parse(h.Get("OAuth-Client-Attestation-PoP"), signedBy); err == nil {
		if public := attestedKey(h.Get("OAuth-Client-Attestation")); public != nil {
			held = append(held, heldKey(u, public)...)
		}
	}
	return held
}

// signedBy is how the proofs of possession may look whose key counts.
var signedBy = jose.Rules{Algs: []jose.Alg{jose.ES256, jose.ES384, jose.ES512}, Allow: []string{"kid", "jwk"}}

func heldKey(u *jose.Unverified, key *ecdsa.PublicKey) []string {
	if _, err := u.Verify(key); err != nil {
		return nil
	}
	return []string{jose.Thumbprint(key)}
}

// attestedKey is the key in cnf of a wallet attestation, or nil.
func attestedKey(attestation string) *ecdsa.PublicKey {
	parts := strings.Split(attestation, ".")
	if len(parts) != 3 {
		return nil
	}
	claims, _ := read(parts[1]).(map[string]any)
	cnf, _ := claims["cnf"].(map[string]any)
	raw, err := json.Marshal(cnf["jwk"])
	if err != nil {
		return nil
	}
	_, public, err := jose.ParseJWK(raw)
	if err != nil {
		return nil
	}
	return public
}
