package signing

import (
	"crypto/elliptic"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"lommebok.example/issuer/credentials"
	"lommebok.example/issuer/source"
	"lommebok.example/specs/cose"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/sdjwt"
	"lommebok.example/specs/sdjwtvc"
)

var formats = []string{"pid_sd_jwt_vc", "pid_mso_mdoc"}

func TestLintAcceptsWhatIsIssued(t *testing.T) {
	s, used := signers(t)
	for _, id := range []string{"pid_sd_jwt_vc", "pid_mso_mdoc", "no.minid.mpid_sd_jwt_vc", "proof_of_age"} {
		linted, err := s.Lint(goodBatch(t, id), noon)
		if err != nil {
			t.Errorf("%s: %v", id, err)
			continue
		}
		if *used != 0 {
			t.Fatalf("%s: %d signatures before the lint was done", id, *used)
		}
		signed, err := linted.Sign()
		if err != nil || len(signed) != 2 || *used != 2 {
			t.Errorf("%s: %d credentials, %d signatures, %v", id, len(signed), *used, err)
		}
		*used = 0
	}
}

// What was signed is what was linted, byte for byte.
func TestTheBytesThatWereLintedAreSigned(t *testing.T) {
	s, _ := signers(t)
	for _, id := range formats {
		b := goodBatch(t, id)
		linted, err := s.Lint(b, noon)
		check(t, err)
		var meant [][2]string
		for _, one := range linted.copies {
			switch one := one.(type) {
			case sdjwtCopy:
				clear(one.Payload()) // a reader's own copy
				meant = append(meant, [2]string{string(one.Payload()), strings.Join(one.Disclosures(), "~")})
			case mdocCopy:
				clear(one.Payload())
				clear(one.NameSpaces())
				meant = append(meant, [2]string{string(one.Payload()), string(one.NameSpaces())})
			}
		}
		// What the batch becomes afterwards changes nothing.
		b.Values[0].Is, b.Indices[0].Index, b.Holders[0] = "changed", 99, b.Holders[1]
		signed, err := linted.Sign()
		check(t, err)
		for n, text := range signed {
			payload, rest := bytesOf(t, id, text)
			if payload != meant[n][0] || rest != meant[n][1] {
				t.Errorf("%s, copy %d: signed\n%q\nlinted\n%q", id, n, payload+rest, meant[n])
			}
		}
	}
}

// bytesOf reads what was signed, and what its digests are of, out of a credential.
func bytesOf(t *testing.T, id, text string) (payload, rest string) {
	t.Helper()
	if id == "pid_sd_jwt_vc" {
		c, err := sdjwtvc.ParseIssued(text)
		check(t, err)
		check(t, c.VerifySignature())
		jwt, disclosures, _ := strings.Cut(text, "~")
		signed, err := base64.RawURLEncoding.DecodeString(strings.Split(jwt, ".")[1])
		check(t, err)
		return string(signed), strings.TrimSuffix(disclosures, "~")
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	check(t, err)
	m, err := mdoc.ParseIssuerSigned(raw)
	check(t, err)
	check(t, m.VerifySignature())
	r := cose.NewReader(raw)
	for range r.Map() {
		switch r.Text() {
		case "nameSpaces":
			rest = string(r.Raw())
		case "issuerAuth":
			r.ArrayOf(4)
			r.Skip()
			r.Skip()
			payload = string(r.Bytes())
			r.Skip()
		}
	}
	check(t, r.Err())
	return payload, rest
}

// C16: what must not be signed, as the batch has it.
var brokenBatches = map[string]func(s *Signers, b *Batch){
	"no holder key":                 func(_ *Signers, b *Batch) { b.Holders[1] = nil },
	"no type":                       func(_ *Signers, b *Batch) { b.Type = nil },
	"no copies":                     func(_ *Signers, b *Batch) { b.Holders, b.Indices = nil, nil },
	"fewer indices than keys":       func(_ *Signers, b *Batch) { b.Indices = b.Indices[:1] },
	"more copies than the type has": func(_ *Signers, b *Batch) { typ := *b.Type; typ.Batch = 1; b.Type = &typ },
	"one key twice":                 func(_ *Signers, b *Batch) { b.Holders[1] = b.Holders[0] },
	"key on another curve":          nil, // set in the test, which has the t
	"one index twice":               func(_ *Signers, b *Batch) { b.Indices[1] = b.Indices[0] },
	"iss not https": func(s *Signers, _ *Batch) {
		s.cfg.Issuer, s.cfg.Lists = "http://issuer.example", lists("http://issuer.example")
	},
	"iss of no scheme":             func(s *Signers, _ *Batch) { s.cfg.Issuer, s.cfg.Lists = "issuer.example", lists("issuer.example") },
	"status list of somebody else": func(s *Signers, _ *Batch) { s.cfg.Lists = lists("https://other.example") },
	"exp past":                     func(_ *Signers, b *Batch) { shift(b, -30*24*time.Hour) },
	"begins tomorrow":              func(_ *Signers, b *Batch) { shift(b, 24*time.Hour) },
	"longer than the type says":    func(_ *Signers, b *Batch) { b.Life.Until = b.Life.Until.Add(24 * time.Hour) },
	"shorter than the type says":   func(_ *Signers, b *Batch) { b.Life.Until = b.Life.Until.Add(-time.Second) },
	"certificate ends before":      func(s *Signers, b *Batch) { s.cfg.Until = b.Life.Until.Add(-time.Second) },
	"no claims":                    func(_ *Signers, b *Batch) { b.Values = nil },
	"a mandatory claim is missing": func(_ *Signers, b *Batch) { b.Values = b.Values[1:] },
	"a claim twice":                func(_ *Signers, b *Batch) { b.Values = append(b.Values, b.Values[0]) },
	"a claim that the type lacks": func(_ *Signers, b *Batch) {
		v := b.Values[0]
		v.Claim.Path = []string{"x", "y"}
		b.Values = append(b.Values, v)
	},
	"empty text":                      func(_ *Signers, b *Batch) { b.Values[0].Is = "" },
	"text of 151 letters":             func(_ *Signers, b *Batch) { b.Values[0].Is = strings.Repeat("å", 151) },
	"30 February":                     func(_ *Signers, b *Batch) { b.Values[0].Is = source.Date{Year: 2000, Month: 2, Day: 30} },
	"no date":                         func(_ *Signers, b *Batch) { b.Values[0].Is = source.Date{} },
	"empty list":                      func(_ *Signers, b *Batch) { b.Values[0].Is = []string{} },
	"list with an empty text":         func(_ *Signers, b *Batch) { b.Values[0].Is = []string{"NO", ""} },
	"map with an empty text":          func(_ *Signers, b *Batch) { b.Values[0].Is = map[string]string{"country": ""} },
	"value of a type we do not know":  func(_ *Signers, b *Batch) { b.Values[0].Is = 1.5 },
	"no value":                        func(_ *Signers, b *Batch) { b.Values[0].Is = nil },
	"text that is not UTF-8":          func(_ *Signers, b *Batch) { b.Values[0].Is = "\xff" },
	"no vct and no docType":           func(_ *Signers, b *Batch) { typ := *b.Type; typ.VCT, typ.DocType = "", ""; b.Type = &typ },
	"a claim with the format's names": func(_ *Signers, b *Batch) { formatName(b) },
}

func shift(b *Batch, by time.Duration) {
	b.Life = Lifetime{b.Life.From.Add(by), b.Life.Until.Add(by)}
}

// formatName gives the type a claim whose place is the format's own: exp, or an element of no name space.
func formatName(b *Batch) {
	typ := *b.Type
	typ.Claims = append(typ.Claims[:0:0], typ.Claims...)
	path := []string{"exp"}
	if typ.DocType != "" {
		path = []string{"", "exp"}
	}
	typ.Claims[0].Path = path
	b.Values[0].Claim.Path = path
	b.Type = &typ
}

func TestLintRefusesBatches(t *testing.T) {
	if n := len(brokenBatches); n < 30 {
		t.Errorf("%d kinds", n)
	}
	for name, change := range brokenBatches {
		if name == "key on another curve" {
			change = func(_ *Signers, b *Batch) { b.Holders[0] = holder(t, elliptic.P224()) }
		}
		for _, id := range formats {
			t.Run(name+" "+id, func(t *testing.T) {
				s, used := signers(t)
				b := goodBatch(t, id)
				change(s, b)
				linted, err := s.Lint(b, noon)
				if !errors.Is(err, ErrLint) || linted != nil || *used != 0 {
					t.Errorf("got %v, %d signatures", err, *used)
				}
			})
		}
	}
}

func TestHTTPOnlyWhereItIsAllowed(t *testing.T) {
	s, _ := signers(t)
	s.cfg.Issuer, s.cfg.Lists, s.cfg.InsecureAllowHTTP = "http://localhost:8080", lists("http://localhost:8080"), true
	if _, err := s.Lint(goodBatch(t, formats[0]), noon); err != nil {
		t.Error(err)
	}
	s.cfg.Issuer, s.cfg.Lists = "ftp://localhost", lists("ftp://localhost")
	if _, err := s.Lint(goodBatch(t, formats[0]), noon); !errors.Is(err, ErrLint) {
		t.Errorf("got %v", err)
	}
}

func TestNothingLintedSignsNothing(t *testing.T) {
	if signed, err := new(Linted).Sign(); err != nil || len(signed) != 0 {
		t.Errorf("%v %v", signed, err)
	}
}

func TestLintDisclosures(t *testing.T) {
	encode := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	good := encode(`["0123456789012345678901","name","x"]`)
	lint := func(list ...string) error {
		disclosures, err := sdjwt.ReadDisclosures(list)
		if err != nil {
			return err
		}
		return lintDisclosures(disclosures, len(list))
	}
	if err := lint(good, encode(`["1123456789012345678901","element"]`)); err != nil {
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
		if err := lint(list...); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func BenchmarkLint(b *testing.B) {
	s, _ := signers(b)
	for _, id := range formats {
		batch := goodBatch(b, id)
		b.Run(id, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Lint(batch, noon); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Who has no address has as many digests as everybody, and the lint sees that they are there.
func TestDecoysStandForWhatIsNotSaid(t *testing.T) {
	s, _ := signers(t)
	all := goodBatch(t, "pid_sd_jwt_vc")
	fewer := *all
	fewer.Values = slices.DeleteFunc(slices.Clone(all.Values), func(v Value) bool { return v.Claim.Path[0] == "address" })
	digests := func(b *Batch) (int, *copied, unsigned) {
		want := first(s, b)
		u, err := s.prepareSDJWT(want)
		check(t, err)
		check(t, u.lint(want))
		open, err := sdjwt.DecodeObject(u.(sdjwtCopy).Payload())
		check(t, err)
		return len(open["_sd"].([]any)), want, u
	}
	whole, _, _ := digests(all)
	lacking, want, u := digests(&fewer)
	if whole != lacking || want.decoys != 1 || len(fewer.Values) != len(all.Values)-1 {
		t.Errorf("%d digests with an address, %d without, %d decoys", whole, lacking, want.decoys)
	}
	want.digests++
	if u.lint(want) == nil {
		t.Error("a credential without its decoy is signed")
	}
}

// What always stands in the open is seen to lack: a digest in its place would hide nothing, and say that something is hidden.
func TestWhatIsNeverHiddenHasNoDecoy(t *testing.T) {
	s, _ := signers(t)
	b := goodBatch(t, "pid_sd_jwt_vc")
	typ := *b.Type
	typ.Claims = slices.Clone(typ.Claims)
	for i := range typ.Claims {
		if typ.Claims[i].Path[0] == "address" {
			typ.Claims[i].Disclosure = credentials.Never
		}
	}
	b.Type = &typ
	b.Values = slices.DeleteFunc(b.Values, func(v Value) bool { return v.Claim.Path[0] == "address" })
	want := first(s, b)
	u, err := s.prepareSDJWT(want)
	check(t, err)
	check(t, u.lint(want))
	open, err := sdjwt.DecodeObject(u.(sdjwtCopy).Payload())
	check(t, err)
	hidden := 0
	for _, v := range b.Values {
		if v.Claim.Disclosure != credentials.Never {
			hidden++
		}
	}
	if got := len(open["_sd"].([]any)); want.decoys != 0 || got != hidden {
		t.Errorf("%d decoys, %d digests of %d claims that are hidden", want.decoys, got, hidden)
	}
}
