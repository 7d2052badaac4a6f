package sdjwtvc

import (
	"errors"
	"maps"
	"testing"

	"lommebok.example/specs/jose"
)

// A JWK with the four members alone is read without going through its text; each other goes the long way. Both must say
// the same.
func TestTheHolderKeyIsReadTheSameBothWays(t *testing.T) {
	k := jose.PublicJWK(&newKey(t).PublicKey)
	good := map[string]any{"kty": k.Kty, "crv": k.Crv, "x": k.X, "y": k.Y}
	for name, c := range map[string]struct {
		change map[string]any
		ok     bool
	}{
		"as we write it":       {nil, true},
		"with kid and use":     {map[string]any{"kid": "1", "use": "sig"}, true},
		"with a private part":  {map[string]any{"d": k.X}, false},
		"another kty":          {map[string]any{"kty": "oct"}, false},
		"another crv":          {map[string]any{"crv": "P-384"}, false},
		"x is a number":        {map[string]any{"x": 1}, false},
		"x is missing":         {map[string]any{"x": nil}, false},
		"x is short":           {map[string]any{"x": k.X[:42]}, false},
		"x and y are the same": {map[string]any{"y": k.X}, false},
		"y has padding":        {map[string]any{"y": k.Y + "="}, false},
	} {
		jwk := maps.Clone(good)
		for member, v := range c.change {
			if jwk[member] = v; v == nil {
				delete(jwk, member)
			}
		}
		for _, way := range []string{"short", "long"} {
			if way == "long" {
				jwk["alg"] = "ES256"
			}
			pub, err := signedClaims{plain: map[string]any{"cnf": map[string]any{"jwk": jwk}}}.holderKey()
			if c.ok && (err != nil || jose.PublicJWK(pub) != k) || !c.ok && !errors.Is(err, ErrHolderKey) {
				t.Errorf("%s, the %s way: %v, %v", name, way, pub, err)
			}
		}
	}
}
