package issuance

import (
	"crypto/sha256"
	"slices"
	"strings"
	"testing"
	"time"

	"lommebok.example/issuer/credentials"
)

var noon = time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)

func TestNonceTimes(t *testing.T) {
	at := noon
	n := NewNonces(make([]byte, 32), func() time.Time { return at })
	nonce := n.New()
	for _, tt := range []struct {
		after time.Duration
		want  bool
	}{{0, true}, {300 * time.Second, true}, {301 * time.Second, false}, {-time.Hour, false}} {
		at = noon.Add(tt.after)
		if _, ok := n.Use(nonce); ok != tt.want {
			t.Errorf("after %s: %v", tt.after, !tt.want)
		}
	}
	at = noon
	if other := NewNonces([]byte("another secret"), n.now); valid(other, nonce) {
		t.Error("a nonce of another secret is valid")
	}
	if valid(n, nonce+"A") || valid(n, nonce[:len(nonce)-1]) || valid(n, "") {
		t.Error("a nonce of another length is valid")
	}
}

// A nonce has one spelling: encoding/base64 skips line breaks, even when it is strict, and each would be another nonce.
func TestNonceHasOneSpelling(t *testing.T) {
	n := NewNonces(make([]byte, 32), func() time.Time { return noon })
	nonce := n.New()
	for _, other := range []string{
		nonce + "\n", "\r" + nonce, nonce[:9] + "\r\n" + nonce[9:], nonce + "=", nonce + " ", nonce[:len(nonce)-1] + string(nonce[len(nonce)-1]+1),
	} {
		if valid(n, other) {
			t.Errorf("%q is valid beside %q", other, nonce)
		}
	}
	if used, _ := n.Use(nonce); used.Hash == sha256.Sum256([]byte(nonce)) {
		t.Error("the spelling of a nonce is kept, not its bytes")
	}
}

func valid(n *Nonces, nonce string) bool {
	_, ok := n.Use(nonce)
	return ok
}

// The row that a nonce is used by must be the same whenever it comes.
func TestNonceIsUsedAsTheSame(t *testing.T) {
	at := noon
	n := NewNonces(make([]byte, 32), func() time.Time { return at })
	nonce, other := n.New(), n.New()
	first, _ := n.Use(nonce)
	at = noon.Add(299 * time.Second)
	again, ok := n.Use(nonce)
	if !ok || first != again || first.Expires != noon.Add(360*time.Second).Unix() {
		t.Errorf("%v and then %v", first, again)
	}
	if used, _ := n.Use(other); used == first {
		t.Error("two nonces are used as one")
	}
}

func TestCatalogLeavesTimeToFinish(t *testing.T) {
	types, err := credentials.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	c := Catalog{Types: types}
	for _, typ := range types.All() {
		r, ok := c.ByScope(typ.Scope)
		if !ok || r.ConfigurationID != typ.ID || r.Level != typ.Level || r.MaxAuthAge != typ.MaxAuthAge-2*time.Minute {
			t.Errorf("%s: %+v", typ.ID, r)
		}
		asked := slices.DeleteFunc(slices.Clone(typ.Claims), credentials.Claim.OfFormat)
		text, ok := c.Consent(typ.ID, "nn")
		if !ok || text.Name != typ.Display.Name.NN || len(text.Claims) != len(asked) || text.Validity != typ.Validity {
			t.Errorf("%s: %+v", typ.ID, text)
		}
	}
	if _, ok := c.ByConfiguration("x"); ok {
		t.Error("knows what there is not")
	}
	if len(c.Scopes()) != len(types.All()) {
		t.Error("scopes", c.Scopes())
	}
}

func FuzzNonce(f *testing.F) {
	n := NewNonces(make([]byte, 32), func() time.Time { return noon })
	good := n.New()
	f.Add(good)
	f.Add("")
	f.Add(strings.Repeat("A", 54))
	f.Fuzz(func(t *testing.T, s string) {
		if s != good && valid(n, s) {
			t.Errorf("%q is valid", s)
		}
	})
}
