package dpop

import (
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"net/http"
	"testing"
	"time"

	"lommebok.example/specs/jose"
)

func TestProverAndVerify(t *testing.T) {
	tests := []struct {
		rule  string
		curve elliptic.Curve
		alg   jose.Alg
		token string
	}{
		{"at the authorization server", elliptic.P256(), jose.ES256, ""},
		{"at a protected resource", elliptic.P256(), jose.ES256, "token"},
		{"P-384", elliptic.P384(), jose.ES384, "token"},
		{"P-521", elliptic.P521(), jose.ES512, "token"},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			prover, err := NewProver(newKey(t, tt.curve))
			if err != nil {
				t.Fatal(err)
			}
			proof, err := prover.Proof("POST", target+"?a=b#c", "the-nonce", tt.token, now.Add(time.Millisecond))
			if err != nil {
				t.Fatal(err)
			}
			p, err := Verify(http.Header{"Dpop": {proof}}, Expect{
				Method: "POST", URL: target, At: now, AccessToken: tt.token, JKT: prover.JKT(), Algs: []jose.Alg{tt.alg},
			})
			if err != nil {
				t.Fatal(err)
			}
			if p.Nonce != "the-nonce" || p.HTU != target || p.IssuedAt.Unix() != now.Unix() || (p.ATH == "") != (tt.token == "") {
				t.Errorf("got %+v", p)
			}
			again, err := prover.Proof("POST", target, "", "", now)
			if err != nil {
				t.Fatal(err)
			}
			q, err := Verify(http.Header{"Dpop": {again}}, Expect{Method: "POST", URL: target, At: now, Algs: []jose.Alg{tt.alg}})
			if err != nil || q.JTI == p.JTI || len(q.JTI) < 22 {
				t.Errorf("jti %+v, %v", q, err)
			}
		})
	}
}

func TestProverRefuses(t *testing.T) {
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewProver(ed); err == nil {
		t.Error("Ed25519: taken")
	}
	if _, err := NewProver(newKey(t, elliptic.P224())); !errors.Is(err, jose.ErrKey) {
		t.Errorf("P-224: got %v", err)
	}
	prover, err := NewProver(newKey(t, elliptic.P256()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := prover.Proof("GET", "https://h.example/%zz", "", "", now); !errors.Is(err, ErrURL) {
		t.Errorf("URL: got %v", err)
	}
}

// RFC 9449 section 8.
func TestNonces(t *testing.T) {
	secret := []byte("0123456789abcdef0123456789abcdef")
	clock := time.Unix(1_790_000_040, 0) // the start of a minute
	at := func(offset time.Duration) *Nonces {
		return NewNonces(secret, func() time.Time { return clock.Add(offset) })
	}
	nonce := at(0).Current()
	tests := []struct {
		rule   string
		offset time.Duration
		ok     bool
	}{
		{"at once", 0, true},
		{"in the same minute", 59 * time.Second, true},
		{"in the next minute", 60 * time.Second, true},
		{"at the end of the next minute", 119 * time.Second, true},
		{"two minutes later", 120 * time.Second, false},
		{"before it was made", -time.Second, false},
	}
	for _, tt := range tests {
		if got := at(tt.offset).Valid(nonce); got != tt.ok {
			t.Errorf("%s: got %v", tt.rule, got)
		}
	}
	if at(0).Current() != nonce || at(time.Minute).Current() == nonce || len(nonce) != 22 {
		t.Errorf("nonce %q does not rotate by the minute", nonce)
	}
	for _, forged := range []string{"", nonce[:21], nonce + "A", "AAAAAAAAAAAAAAAAAAAAAA"} {
		if at(0).Valid(forged) {
			t.Errorf("forged %q: taken", forged)
		}
	}
	other := NewNonces([]byte("another secret of 32 bytes length"), func() time.Time { return clock })
	if other.Valid(nonce) {
		t.Error("nonce of another secret: taken")
	}
}

func TestNoncesKeepTheirSecret(t *testing.T) {
	secret := []byte("0123456789abcdef")
	n := NewNonces(secret, func() time.Time { return now })
	before := n.Current()
	clear(secret)
	if n.Current() != before {
		t.Error("the caller's slice is the secret")
	}
	defer func() {
		if recover() == nil {
			t.Error("a secret of 15 bytes: taken")
		}
	}()
	NewNonces(secret[:15], func() time.Time { return now })
}

func BenchmarkVerify(b *testing.B) {
	prover, err := NewProver(newKey(b, elliptic.P256()))
	if err != nil {
		b.Fatal(err)
	}
	proof, err := prover.Proof("POST", target, "nonce", "token", now)
	if err != nil {
		b.Fatal(err)
	}
	header := http.Header{"Dpop": {proof}}
	e := Expect{Method: "POST", URL: target, At: now, AccessToken: "token", JKT: prover.JKT()}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Verify(header, e); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkProof(b *testing.B) {
	prover, err := NewProver(newKey(b, elliptic.P256()))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := prover.Proof("POST", target, "nonce", "token", now); err != nil {
			b.Fatal(err)
		}
	}
}
