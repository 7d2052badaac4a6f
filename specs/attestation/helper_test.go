package attestation

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"maps"
	"testing"
	"time"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/x5c"
)

const day = 24 * time.Hour

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	return key
}

// provider is a wallet provider with its root.
type provider struct {
	root  *x509.Certificate
	key   *ecdsa.PrivateKey
	chain []*x509.Certificate
}

func newProvider(t testing.TB, name string) provider {
	t.Helper()
	rootKey, p := newKey(t), provider{key: newKey(t)}
	subject := x5c.Subject{Country: "NO", CommonName: name, URI: "https://provider.example"}
	var err error
	p.root, err = x5c.NewRoot(rootKey, subject, now.Add(-day), 900*day)
	check(t, err)
	subject.CommonName = name + " signer"
	leaf, err := x5c.Issue(x5c.WalletProvider, p.root, rootKey, p.key.Public(), subject, now.Add(-day), 400*day)
	check(t, err)
	p.chain = []*x509.Certificate{leaf}
	return p
}

func (p provider) expect() Expect {
	return Expect{Providers: x5c.NewAnchors(p.root), At: now, MaxLife: MaxWalletLife}
}

type object = map[string]any

// with gives a copy with members changed; nil takes one away.
func (p provider) with(o object, pairs ...any) object {
	o = maps.Clone(o)
	for i := 0; i < len(pairs); i += 2 {
		o[pairs[i].(string)] = pairs[i+1]
		if pairs[i+1] == nil {
			delete(o, pairs[i].(string))
		}
	}
	return o
}

func (p provider) x5c() []string {
	var ders []string
	for _, cert := range p.chain {
		ders = append(ders, base64.StdEncoding.EncodeToString(cert.Raw))
	}
	return ders
}

// forge makes a JWS of any header and payload, also those that specs/jose would not.
func forge(t testing.TB, key *ecdsa.PrivateKey, header, payload object) string {
	t.Helper()
	h, err := json.Marshal(header)
	check(t, err)
	p, err := json.Marshal(payload)
	check(t, err)
	input := jose.EncodeBase64URL(h) + "." + jose.EncodeBase64URL(p)
	sum := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	check(t, err)
	raw := make([]byte, 64)
	r.FillBytes(raw[:32])
	s.FillBytes(raw[32:])
	return input + "." + jose.EncodeBase64URL(raw)
}

// jwkOf is a public key as an object.
func jwkOf(t testing.TB, key *ecdsa.PublicKey) object {
	t.Helper()
	raw, err := json.Marshal(jose.PublicJWK(key))
	check(t, err)
	o := object{}
	check(t, json.Unmarshal(raw, &o))
	return o
}

func privateJWK(t testing.TB, key *ecdsa.PrivateKey) object {
	t.Helper()
	o := jwkOf(t, &key.PublicKey)
	d, err := key.Bytes()
	check(t, err)
	o["d"] = jose.EncodeBase64URL(d)
	return o
}

func listed(index any, uri string) object {
	return object{"status_list": object{"idx": index, "uri": uri}}
}
