package sdjwt

import (
	"crypto"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"lommebok.example/specs/jose"
)

// TypKeyBinding is the typ of a Key Binding JWT (section 4.3).
const TypKeyBinding = "kb+jwt"

// DefaultWindow is how far the iat of a Key Binding JWT may lie before or after the verifier's time.
const DefaultWindow = 60 * time.Second

// KeyBinding is what a Key Binding JWT says (section 4.3). All four are required.
type KeyBinding struct {
	Aud      string
	Nonce    string
	SDHash   string
	IssuedAt time.Time
}

// ExpectKB is what a verifier demands of a Key Binding JWT (section 7.3, step 5).
type ExpectKB struct {
	Aud     string        // compared whole; for OpenID4VP the client_id with its prefix
	Nonce   string        // the nonce of this request
	At      time.Time     // the verifier's time
	MaxAge  time.Duration // how old; 0 means DefaultWindow
	MaxSkew time.Duration // how far ahead; 0 means DefaultWindow
}

var keyBindingRules = jose.Rules{
	Typ:   TypKeyBinding,
	Algs:  []jose.Alg{jose.ES256, jose.ES384, jose.ES512},
	Allow: []string{"kid"}, // a hint that nothing here follows: the key comes from cnf
}

// SignKeyBinding makes the presentation: s with a Key Binding JWT by the holder's key. One that s has already is replaced.
func SignKeyBinding(key crypto.Signer, s *SDJWT, aud, nonce string, at time.Time) (string, error) {
	return SignKeyBindingWith(key, s, aud, nonce, at, nil)
}

// SignKeyBindingWith is SignKeyBinding with further claims, such as the hashes of transaction data.
func SignKeyBindingWith(key crypto.Signer, s *SDJWT, aud, nonce string, at time.Time, more map[string]any) (string, error) {
	hash, err := s.hash()
	if err != nil {
		return "", err
	}
	signer, err := jose.NewSigner(key, jose.Header{Typ: TypKeyBinding})
	if err != nil {
		return "", fmt.Errorf("sdjwt: key binding: %w", err)
	}
	claims := map[string]any{"iat": at.Unix(), "aud": aud, "nonce": nonce, "sd_hash": hash}
	for name, value := range more {
		if _, own := claims[name]; own {
			return "", fmt.Errorf("sdjwt: key binding: %s is not for others to set", name)
		}
		claims[name] = value
	}
	jwt, err := signer.SignJSON(claims)
	if err != nil {
		return "", fmt.Errorf("sdjwt: key binding: %w", err)
	}
	return s.presented() + jwt, nil
}

// PeekKeyBinding reads the Key Binding JWT without its signature: to show what came, never to decide.
func (s *SDJWT) PeekKeyBinding() (*KeyBinding, error) {
	jwt, err := s.parseKeyBinding()
	if err != nil {
		return nil, err
	}
	kb, _, err := readKeyBinding(jwt.UnsafePayload())
	return kb, err
}

// KeyBindingClaims are all claims of the Key Binding JWT, those of section 4.3 and others; they are only as true as
// VerifyKeyBinding says. Errors: ErrKBMissing, ErrKBType, ErrKBSignature, ErrKBClaims.
func (s *SDJWT) KeyBindingClaims() (map[string]any, error) {
	jwt, err := s.parseKeyBinding()
	if err != nil {
		return nil, err
	}
	_, all, err := readKeyBinding(jwt.UnsafePayload())
	return all, err
}

// VerifyKeyBinding verifies the Key Binding JWT by section 7.3, step 5, with the holder's key from the verified cnf
// claim. Calling it is the demand for key binding: without a KB-JWT it is ErrKBMissing. Errors: ErrKBMissing, ErrKBType,
// ErrKBSignature, ErrKBClaims, ErrKBAudience, ErrKBNonce, ErrKBHash, ErrKBTime.
func (s *SDJWT) VerifyKeyBinding(holder *ecdsa.PublicKey, e ExpectKB) error {
	if s.KeyBinding == "" {
		return ErrKBMissing
	}
	claims, err := s.unverifiedClaims() // all that is used of it is the hash, and sd_hash covers the name of that too
	if err != nil {
		return fmt.Errorf("%w: %w", ErrKBHash, err)
	}
	return s.VerifyKeyBindingObject(claims, holder, e)
}

// VerifyKeyBindingObject is VerifyKeyBinding for a payload that DecodeObject has read.
func (s *SDJWT) VerifyKeyBindingObject(claims map[string]any, holder *ecdsa.PublicKey, e ExpectKB) error {
	jwt, err := s.parseKeyBinding()
	if err != nil {
		return err
	}
	payload, err := jwt.Verify(holder)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrKBSignature, err)
	}
	kb, all, err := readKeyBinding(payload)
	if err != nil {
		return err
	}
	if err := e.check(kb, all); err != nil {
		return err
	}
	digest, err := digestOf(claims)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrKBHash, err)
	}
	if kb.SDHash != s.presentedHash(digest) {
		return ErrKBHash
	}
	return nil
}

func (s *SDJWT) parseKeyBinding() (*jose.Unverified, error) {
	if s.KeyBinding == "" {
		return nil, ErrKBMissing
	}
	jwt, err := jose.Parse(s.KeyBinding, keyBindingRules)
	if errors.Is(err, jose.ErrSignature) {
		return nil, fmt.Errorf("%w: %w", ErrKBSignature, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKBType, err)
	}
	return jwt, nil
}

// readKeyBinding reads the four claims, and gives all claims for those that RFC 7519 adds.
func readKeyBinding(payload []byte) (*KeyBinding, map[string]any, error) {
	claims, err := DecodeObject(payload)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrKBClaims, err)
	}
	iat, ok := seconds(claims["iat"])
	if !ok {
		return nil, nil, fmt.Errorf("%w: iat is required, as an integer", ErrKBClaims)
	}
	kb := &KeyBinding{IssuedAt: time.Unix(iat, 0).UTC()}
	for _, m := range [...]struct {
		name string
		to   *string
	}{{"aud", &kb.Aud}, {"nonce", &kb.Nonce}, {"sd_hash", &kb.SDHash}} {
		if *m.to, ok = claims[m.name].(string); !ok || *m.to == "" {
			return nil, nil, fmt.Errorf("%w: %s is required, as a string", ErrKBClaims, m.name)
		}
	}
	return kb, claims, nil
}

// seconds reads a NumericDate (RFC 7519 section 2) that is an integer.
func seconds(v any) (int64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	i, err := n.Int64()
	return i, err == nil
}

// check compares what the Key Binding JWT says with what is expected. exp and nbf are optional in it, and bind when they
// are there (section 7.3, step 5.8).
func (e ExpectKB) check(kb *KeyBinding, claims map[string]any) error {
	if kb.Aud != e.Aud {
		return ErrKBAudience
	}
	if kb.Nonce != e.Nonce {
		return ErrKBNonce
	}
	iat := kb.IssuedAt.Unix()
	oldest, newest := e.At.Add(-orDefault(e.MaxAge)).Unix(), e.At.Add(orDefault(e.MaxSkew)).Unix()
	if iat < oldest || iat > newest {
		return fmt.Errorf("%w: iat is %d, expected %d to %d", ErrKBTime, iat, oldest, newest)
	}
	if exp, there := claims["exp"]; there {
		if at, ok := seconds(exp); !ok || at <= e.At.Unix() {
			return fmt.Errorf("%w: exp has passed", ErrKBTime)
		}
	}
	if nbf, there := claims["nbf"]; there {
		if at, ok := seconds(nbf); !ok || at > newest {
			return fmt.Errorf("%w: nbf has not come", ErrKBTime)
		}
	}
	return nil
}

func orDefault(d time.Duration) time.Duration {
	if d == 0 {
		return DefaultWindow
	}
	return d
}
