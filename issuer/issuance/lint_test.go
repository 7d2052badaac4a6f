package issuance

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"lommebok.example/issuer/credentials"
	"lommebok.example/issuer/source"
	"lommebok.example/issuer/status"
)

var noon = time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)

type lists string

func (l lists) URI(list string) string { return string(l) + "/statuslists/" + list }

func holder(t testing.TB, curve elliptic.Curve) *ecdsa.PublicKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &key.PublicKey
}

// goodBatch is two copies that may be signed.
func goodBatch(t testing.TB, id string) (*Service, *batch) {
	t.Helper()
	types, err := credentials.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	typ, _ := types.ByID(id)
	s := &Service{Issuer: "https://issuer.example", Status: lists("https://issuer.example"), Signers: Signers{Until: noon.Add(400 * 24 * time.Hour)}}
	facts, err := source.NewRegister(func() time.Time { return noon }).Facts(t.Context(), "12865398148")
	if err != nil {
		t.Fatal(err)
	}
	b := &batch{
		typ: typ, life: lifetimeAt(noon, typ.Validity), keys: []*ecdsa.PublicKey{holder(t, elliptic.P256()), holder(t, elliptic.P256())},
		indices: []status.Index{{List: "a", Index: 1}, {List: "a", Index: 2}},
	}
	if b.values, err = values(typ, facts, b.life); err != nil {
		t.Fatal(err)
	}
	return s, b
}

// lintBatch is what signAll does before it signs.
func lintBatch(s *Service, b *batch) error {
	if err := s.lint(b, noon); err != nil {
		return err
	}
	copies, err := s.prepare(b)
	if err != nil {
		return err
	}
	for n, one := range copies {
		if err := one.lint(b, n, s); err != nil {
			return err
		}
	}
	return nil
}

func TestLintAcceptsWhatIsIssued(t *testing.T) {
	for _, id := range []string{"pid_sd_jwt_vc", "pid_mso_mdoc", "no.minid.mpid_sd_jwt_vc", "proof_of_age"} {
		if err := lintBatch(goodBatch(t, id)); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestLintRefuses(t *testing.T) {
	tests := map[string]func(s *Service, b *batch){
		"no holder key":                  func(_ *Service, b *batch) { b.keys[1] = nil },
		"no copies":                      func(_ *Service, b *batch) { b.keys, b.indices = nil, nil },
		"fewer indices than keys":        func(_ *Service, b *batch) { b.indices = b.indices[:1] },
		"more copies than the type has":  func(_ *Service, b *batch) { typ := *b.typ; typ.Batch = 1; b.typ = &typ },
		"one key twice":                  func(_ *Service, b *batch) { b.keys[1] = b.keys[0] },
		"key on another curve":           func(_ *Service, b *batch) { b.keys[0] = holder(t, elliptic.P384()) },
		"one index twice":                func(_ *Service, b *batch) { b.indices[1] = b.indices[0] },
		"status list of somebody else":   func(s *Service, _ *batch) { s.Status = lists("https://other.example") },
		"ended":                          func(_ *Service, b *batch) { b.life = lifetimeAt(noon.Add(-30*24*time.Hour), 14*24*time.Hour) },
		"begins tomorrow":                func(_ *Service, b *batch) { b.life = lifetimeAt(noon.Add(24*time.Hour), b.typ.Validity) },
		"longer than the type says":      func(_ *Service, b *batch) { b.life.until = b.life.until.Add(24 * time.Hour) },
		"certificate ends before":        func(s *Service, b *batch) { s.Signers.Until = b.life.until.Add(-time.Second) },
		"no claims":                      func(_ *Service, b *batch) { b.values = nil },
		"empty text":                     func(_ *Service, b *batch) { b.values[0].is = "" },
		"text of 151 letters":            func(_ *Service, b *batch) { b.values[0].is = strings.Repeat("å", 151) },
		"30 February":                    func(_ *Service, b *batch) { b.values[0].is = source.Date{Year: 2000, Month: 2, Day: 30} },
		"no date":                        func(_ *Service, b *batch) { b.values[0].is = source.Date{} },
		"empty list":                     func(_ *Service, b *batch) { b.values[0].is = []string{} },
		"list with an empty text":        func(_ *Service, b *batch) { b.values[0].is = []string{"NO", ""} },
		"map with an empty text":         func(_ *Service, b *batch) { b.values[0].is = map[string]string{"country": ""} },
		"value of a type we do not know": func(_ *Service, b *batch) { b.values[0].is = 1.5 },
	}
	for name, change := range tests {
		for _, id := range []string{"pid_sd_jwt_vc", "pid_mso_mdoc"} {
			t.Run(name+" "+id, func(t *testing.T) {
				s, b := goodBatch(t, id)
				change(s, b)
				if err := lintBatch(s, b); !errors.Is(err, ErrLint) {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

// The bytes that will be signed must be those of this batch and not of another.
func TestLintComparesTheBytes(t *testing.T) {
	tests := map[string]func(b *batch){
		"another key":    func(b *batch) { b.keys[0] = b.keys[1] },
		"another index":  func(b *batch) { b.indices[0].Index = 77 },
		"another list":   func(b *batch) { b.indices[0].List = "b" },
		"another end":    func(b *batch) { b.life.until = b.life.until.Add(time.Hour) },
		"another type":   func(b *batch) { typ := *b.typ; typ.VCT, typ.DocType = typ.VCT+"x", typ.DocType+"x"; b.typ = &typ },
		"another issuer": nil,
	}
	for name, change := range tests {
		for _, id := range []string{"pid_sd_jwt_vc", "pid_mso_mdoc"} {
			s, b := goodBatch(t, id)
			copies, err := s.prepare(b)
			if err != nil {
				t.Fatal(err)
			}
			if change != nil {
				change(b)
			} else {
				s.Issuer, s.Status = "https://other.example", lists("https://other.example")
			}
			if err := copies[0].lint(b, 0, s); err == nil {
				t.Errorf("%s, %s: accepted", name, id)
			}
		}
	}
}

func TestLintDisclosures(t *testing.T) {
	encode := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	good := encode(`["0123456789012345678901","name","x"]`)
	if err := lintDisclosures([]string{good, encode(`["1123456789012345678901","element"]`)}); err != nil {
		t.Error(err)
	}
	for name, list := range map[string][]string{
		"short salt":     {encode(`["012345678901234567890","name","x"]`)},
		"salt twice":     {good, good},
		"no salt":        {encode(`[1,"name","x"]`)},
		"one part":       {encode(`["0123456789012345678901"]`)},
		"empty":          {encode(`[]`)},
		"exp":            {encode(`["0123456789012345678901","exp",1]`)},
		"cnf":            {encode(`["0123456789012345678901","cnf",{}]`)},
		"status":         {encode(`["0123456789012345678901","status",{}]`)},
		"not JSON":       {encode(`x`)},
		"not base64url":  {"="},
		"no array":       {encode(`{}`)},
		"parts too many": {encode(`["0123456789012345678901","a","b","c"]`)},
	} {
		if err := lintDisclosures(list); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestNonceTimes(t *testing.T) {
	at := noon
	n := NewNonces(make([]byte, 32), func() time.Time { return at })
	nonce := n.New()
	for _, tt := range []struct {
		after time.Duration
		want  bool
	}{{0, true}, {300 * time.Second, true}, {301 * time.Second, false}, {-time.Hour, false}} {
		at = noon.Add(tt.after)
		if n.Valid(nonce) != tt.want {
			t.Errorf("after %s: %v", tt.after, !tt.want)
		}
	}
	at = noon
	if other := NewNonces([]byte("another secret"), n.now); other.Valid(nonce) {
		t.Error("a nonce of another secret is valid")
	}
	if n.Valid(nonce+"A") || n.Valid(nonce[:len(nonce)-1]) || n.Valid("") {
		t.Error("a nonce of another length is valid")
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
		text, ok := c.Consent(typ.ID, "nn")
		if !ok || text.Name != typ.Display.Name.NN || len(text.Claims) != len(typ.Claims) || text.Validity != typ.Validity {
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
		if s != good && n.Valid(s) {
			t.Errorf("%q is valid", s)
		}
	})
}
