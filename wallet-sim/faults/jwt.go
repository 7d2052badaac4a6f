package faults

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"

	"lommebok.example/specs/jose"
	"lommebok.example/wallet-sim/wallet"
)

// How a JWT that was changed is signed.
const (
	byWallet   = "wallet"
	byStranger = "stranger"
	kept       = "kept"
	unsigned   = "none"
)

// ErrNothing: a fault finds nothing to change, or no key to sign with.
var ErrNothing = errors.New("faults: there is nothing to change here")

// Keys are the keys that a wallet has made, and that of its provider, so that a fault can sign as they would.
type Keys struct {
	mu  sync.Mutex
	all []*ecdsa.PrivateKey
}

// New makes a key for wallet.Wallet.NewKey.
func (k *Keys) New() (wallet.Key, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return wallet.Key{}, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.all = append(k.all, key)
	return wallet.Key{PrivateKey: key}, nil
}

// Lend makes the key of a wallet provider one of these, when it has any to give: what it attests is signed by it once more.
func (k *Keys) Lend(a wallet.Attester) {
	lender, ok := a.(interface{ SigningKey() *ecdsa.PrivateKey })
	if !ok {
		return
	}
	if key := lender.SigningKey(); key != nil {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.all = append(k.all, key)
	}
}

// of finds the key that signed a JWT.
func (k *Keys) of(t *token) (*ecdsa.PrivateKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	raw, err := jose.DecodeBase64URL(t.signature)
	if err != nil || len(raw) != 64 {
		return nil, fmt.Errorf("%w: the signature is none of ES256", ErrNothing)
	}
	digest := sha256.Sum256([]byte(t.input))
	r, s := new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])
	for _, key := range k.all {
		if ecdsa.Verify(&key.PublicKey, digest[:], r, s) {
			return key, nil
		}
	}
	return nil, fmt.Errorf("%w: no key of the wallet or of its provider has signed it: say sign: stranger, kept or none", ErrNothing)
}

// token is a JWT that is being changed.
type token struct {
	header, claims   map[string]any
	input, signature string
}

func openToken(text string) (*token, error) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return nil, fmt.Errorf("%w: expected a JWT", ErrNothing)
	}
	t := &token{input: parts[0] + "." + parts[1], signature: parts[2]}
	for i, into := range []*map[string]any{&t.header, &t.claims} {
		raw, err := jose.DecodeBase64URL(parts[i])
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(raw, into); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// change changes a JWT and signs it.
func (k *Keys) change(text string, c *Change, earlier string) (string, error) {
	t, err := openToken(text)
	if err != nil {
		return "", err
	}
	if outer, inner := t.nested(c.JWT); inner != "" {
		return k.changeNested(t, outer, inner, c, earlier)
	}
	if c.JWT == "signature" {
		v, err := c.apply(t.signature, earlier)
		changed, _ := v.(string)
		return t.input + "." + changed, err
	}
	old := ""
	if c.Earlier {
		before, err := openToken(earlier)
		if err != nil {
			return "", err
		}
		v, err := at(before.object(), c.JWT)
		if err != nil {
			return "", err
		}
		old = fmt.Sprint(v)
	}
	if err := edit(t.object(), c.JWT, c, old); err != nil {
		return "", err
	}
	return k.sign(t, c.Sign)
}

// nested finds a JWT on the way to a place, such as a key attestation in the header of a proof, and the way within it; "" for none.
func (t *token) nested(path string) (outer, inner string) {
	for i, r := range path {
		if r != '.' {
			continue
		}
		if v, err := at(t.object(), path[:i]); err == nil {
			if text, ok := v.(string); ok && strings.Count(text, ".") == 2 {
				return path[:i], path[i+1:]
			}
		}
	}
	return "", ""
}

// changeNested changes a JWT within one, and signs the outer anew as the wallet would.
func (k *Keys) changeNested(t *token, outer, inner string, c *Change, earlier string) (string, error) {
	v, err := at(t.object(), outer)
	if err != nil {
		return "", err
	}
	old := ""
	if c.Earlier {
		before, err := openToken(earlier)
		if err != nil {
			return "", err
		}
		was, err := at(before.object(), outer)
		if err != nil {
			return "", err
		}
		old = fmt.Sprint(was)
	}
	within := *c
	within.JWT = inner
	changed, err := k.change(fmt.Sprint(v), &within, old)
	if err != nil {
		return "", err
	}
	if err := edit(t.object(), outer, &Change{Set: changed}, ""); err != nil {
		return "", err
	}
	return k.sign(t, byWallet)
}

func (t *token) object() map[string]any {
	return map[string]any{"header": t.header, "claims": t.claims}
}

// encode is what a signature is made over.
func (t *token) encode() (string, error) {
	header, err := json.Marshal(t.header)
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(t.claims)
	return jose.EncodeBase64URL(header) + "." + jose.EncodeBase64URL(claims), err
}

// ReadJWT takes a JWT apart, without looking at its signature. Errors: ErrNothing, and those of base64url and JSON.
func ReadJWT(text string) (header, claims map[string]any, err error) {
	t, err := openToken(text)
	if err != nil {
		return nil, nil, err
	}
	return t.header, t.claims, nil
}

// Resign changes a JWT and signs it with a key, by ES256. Errors: those of ReadJWT.
func Resign(text string, key *ecdsa.PrivateKey, edit func(header, claims map[string]any)) (string, error) {
	t, err := openToken(text)
	if err != nil {
		return "", err
	}
	edit(t.header, t.claims)
	input, err := t.encode()
	if err != nil {
		return "", err
	}
	return es256(input, key)
}

func (k *Keys) sign(t *token, how string) (string, error) {
	input, err := t.encode()
	if err != nil {
		return "", err
	}
	var key *ecdsa.PrivateKey
	switch how {
	case kept:
		return input + "." + t.signature, nil
	case unsigned:
		return input + ".", nil
	case byStranger:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		key, err = k.of(t)
	}
	if err != nil {
		return "", err
	}
	return es256(input, key)
}

func es256(input string, key *ecdsa.PrivateKey) (string, error) {
	digest := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		return "", err
	}
	raw := make([]byte, 64)
	r.FillBytes(raw[:32])
	s.FillBytes(raw[32:])
	return input + "." + jose.EncodeBase64URL(raw), nil
}
