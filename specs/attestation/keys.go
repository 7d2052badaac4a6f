package attestation

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"lommebok.example/specs/jose"
)

// KeysTyp is the typ of a key attestation (OpenID4VCI 1.0 appendix D.1).
const KeysTyp = "key-attestation+jwt"

// Attack potential resistance (OpenID4VCI 1.0 appendix D.2).
const (
	High          = "iso_18045_high"           // VAN.5
	Moderate      = "iso_18045_moderate"       // VAN.4
	EnhancedBasic = "iso_18045_enhanced-basic" // VAN.3
	Basic         = "iso_18045_basic"          // VAN.2
)

// Levels are the values of appendix D.2, the strongest first.
var Levels = []string{High, Moderate, EnhancedBasic, Basic}

// maxKeys bounds the keys of one attestation.
const maxKeys = 64

// Keys is a key attestation:
//
//	{"typ": "key-attestation+jwt", "alg": "ES256", "x5c": […]} .
//	{"iat", "exp", "attested_keys": [jwk…], "key_storage": […], "user_authentication": […], "certification": URL,
//	 "nonce": c_nonce, "key_storage_status": {"status": {"status_list": {…}}, "exp"}}
type Keys struct {
	Alg                jose.Alg // of the attestation itself
	IssuedAt, Expires  time.Time
	Attested           []*ecdsa.PublicKey
	KeyStorage         []string
	UserAuthentication []string
	Certification      string
	Nonce              string  // empty when absent
	Status             *Status // key_storage_status of TS3, or status; nil for none
	Chain              []*x509.Certificate
}

type keysClaims struct {
	lifetime
	Attested           []json.RawMessage `json:"attested_keys"`
	KeyStorage         []string          `json:"key_storage"`
	UserAuthentication []string          `json:"user_authentication"`
	Certification      json.RawMessage   `json:"certification"`
	Nonce              string            `json:"nonce"`
	Status             json.RawMessage   `json:"status"`
	StorageStatus      json.RawMessage   `json:"key_storage_status"`
}

// VerifyKeys checks a key attestation by OpenID4VCI 1.0 appendix D.1 and HAIP 1.0 section 4.5.1. expires says that exp must
// be there, as with the jwt proof type. Errors: the first group of sentinels, ErrNoExpiry, ErrNoKeys.
func VerifyKeys(jwt string, expires bool, e Expect) (*Keys, error) {
	u, err := e.open(jwt, KeysTyp)
	if err != nil {
		return nil, err
	}
	var c keysClaims
	if err := jose.Unmarshal(u.UnsafePayload(), &c); err != nil { // verified by open
		return nil, fmt.Errorf("%w: %w", ErrClaims, err)
	}
	switch {
	case c.Iat == nil:
		return nil, fmt.Errorf("%w: iat (OpenID4VCI appendix D.1)", ErrClaims)
	case c.Exp == nil && expires:
		return nil, fmt.Errorf("%w (OpenID4VCI appendix D.1)", ErrNoExpiry)
	}
	if err := c.check(e); err != nil {
		return nil, err
	}
	k := &Keys{
		Alg: u.Header.Alg, IssuedAt: at(c.Iat), Expires: at(c.Exp), KeyStorage: c.KeyStorage, UserAuthentication: c.UserAuthentication,
		Nonce: c.Nonce, Chain: u.Header.X5C,
	}
	if k.Attested, err = readKeys(c.Attested); err != nil {
		return nil, err
	}
	certification, err := optional[string](c.Certification)
	if err != nil {
		return nil, fmt.Errorf("%w: certification: expected a string (OpenID4VCI appendix D.1)", ErrClaims)
	}
	if certification != nil {
		k.Certification = *certification
	}
	if k.Status, err = statusOf(c.StorageStatus, c.Status); err != nil {
		return nil, err
	}
	return k, nil
}

// readKeys reads attested_keys: each a public key, each once.
func readKeys(raw []json.RawMessage) ([]*ecdsa.PublicKey, error) {
	if len(raw) == 0 || len(raw) > maxKeys {
		return nil, fmt.Errorf("%w: expected 1 to %d keys, got %d (OpenID4VCI appendix D.1)", ErrNoKeys, maxKeys, len(raw))
	}
	all := make([]*ecdsa.PublicKey, 0, len(raw))
	for i, text := range raw {
		_, key, err := jose.ParseJWK(text)
		if err != nil {
			return nil, fmt.Errorf("%w: attested_keys %d: %w", ErrKey, i, err)
		}
		if slices.ContainsFunc(all, func(other *ecdsa.PublicKey) bool { return other.Equal(key) }) {
			return nil, fmt.Errorf("%w: key %d stands there before (OpenID4VCI section 8.3)", ErrNoKeys, i)
		}
		all = append(all, key)
	}
	return all, nil
}

// Meets tells whether the keys are guarded by one of the levels that an issuer lists in key_attestations_required; an empty
// list demands nothing (OpenID4VCI 1.0 section 12.2.4). Errors: ErrKeyStorage, ErrUserAuthentication.
func (k *Keys) Meets(keyStorage, userAuthentication []string) error {
	if !meets(k.KeyStorage, keyStorage) {
		return fmt.Errorf("%w: expected one of %.100v, got %.100v (OpenID4VCI appendix D.2)", ErrKeyStorage, keyStorage, k.KeyStorage)
	}
	if !meets(k.UserAuthentication, userAuthentication) {
		return fmt.Errorf("%w: expected one of %.100v, got %.100v (OpenID4VCI appendix D.2)", ErrUserAuthentication, userAuthentication, k.UserAuthentication)
	}
	return nil
}

func meets(have, demanded []string) bool {
	return len(demanded) == 0 || slices.ContainsFunc(have, func(h string) bool { return slices.Contains(demanded, h) })
}

// Sign makes the attestation, for a wallet provider whose chain is k.Chain, leaf first and without its anchor. Errors:
// ErrClaims, ErrNoKeys, ErrNoChain, and those of jose.
func (k Keys) Sign(provider crypto.Signer) (string, error) {
	switch {
	case len(k.Attested) == 0:
		return "", ErrNoKeys
	case k.IssuedAt.IsZero():
		return "", fmt.Errorf("%w: expected IssuedAt", ErrClaims)
	case len(k.Chain) == 0:
		return "", ErrNoChain
	}
	keys := make([]jose.JWK, len(k.Attested))
	for i, key := range k.Attested {
		keys[i] = jose.PublicJWK(key)
	}
	claims := map[string]any{"iat": k.IssuedAt.Unix(), "attested_keys": keys}
	if !k.Expires.IsZero() {
		claims["exp"] = k.Expires.Unix()
	}
	for name, list := range map[string][]string{"key_storage": k.KeyStorage, "user_authentication": k.UserAuthentication} {
		if len(list) > 0 {
			claims[name] = list
		}
	}
	for name, text := range map[string]string{"certification": k.Certification, "nonce": k.Nonce} {
		if text != "" {
			claims[name] = text
		}
	}
	k.Status.addTo(claims, "key_storage_status")
	return sign(provider, jose.Header{Typ: KeysTyp, X5C: k.Chain}, claims)
}
