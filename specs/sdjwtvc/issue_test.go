package sdjwtvc

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/sdjwt"
	"lommebok.example/specs/x5c"
)

func TestIssuedCredential(t *testing.T) {
	i, holder := newIssuer(t), newKey(t)
	tmpl := template(holder)
	text := issued(t, i, tmpl)
	if !strings.HasSuffix(text, "~") {
		t.Error("an issued credential does not end with ~")
	}
	header, err := jose.DecodeBase64URL(text[:strings.Index(text, ".")])
	if err != nil || !bytes.Contains(header, []byte(`"typ":"dc+sd-jwt"`)) || !bytes.Contains(header, []byte(`"x5c":["`)) {
		t.Errorf("protected header %s, %v", header, err)
	}
	c := verified(t, text)
	claims, err := c.Claims()
	if err != nil {
		t.Fatal(err)
	}
	jwk := jose.PublicJWK(&holder.PublicKey)
	want, err := sdjwt.DecodeObject([]byte(`{"vct":"urn:example:test","iss":"https://issuer.example","iat":1795435200,
		"nbf":1795435200,"exp":1796644800,"status":{"status_list":{"idx":412,"uri":"https://issuer.example/status/1"}},
		"given_name":"Kari","family_name":"Nordmann","nationalities":["NO"],"open":true,
		"cnf":{"jwk":{"kty":"EC","crv":"P-256","x":"` + jwk.X + `","y":"` + jwk.Y + `"}}}`))
	if err != nil || !reflect.DeepEqual(claims, want) {
		t.Errorf("claims %v, %v", claims, err)
	}
	if len(c.SDJWT().Disclosures) != 3 {
		t.Errorf("%d disclosures", len(c.SDJWT().Disclosures))
	}
	key, err := c.HolderKey()
	if err != nil || !key.Equal(&holder.PublicKey) || c.VCT() != tmpl.VCT || *c.Status() != *tmpl.Status || !c.Expires().Equal(tmpl.Expires) {
		t.Errorf("holder %v, vct %q, status %+v, exp %v", err, c.VCT(), c.Status(), c.Expires())
	}
	if _, err := x5c.NewAnchors(i.root).Verify(c.Chain(), x5c.CredentialIssuer, noon); err != nil {
		t.Errorf("chain: %v", err)
	}
	if _, there := tmpl.Claims["vct"]; there || len(tmpl.Claims) != 4 {
		t.Error("the template's claims were changed")
	}
}

func TestCredentialWithoutMarks(t *testing.T) {
	tmpl := template(newKey(t))
	tmpl.Claims = map[string]any{"a": 1}
	tmpl.Issuer, tmpl.Status, tmpl.IssuedAt, tmpl.NotBefore = "", nil, time.Time{}, time.Time{}
	u, err := Prepare(tmpl)
	if err != nil {
		t.Fatal(err)
	}
	for _, absent := range []string{"_sd", "iss", "iat", "nbf", "status"} {
		if bytes.Contains(u.Payload(), []byte(`"`+absent)) {
			t.Errorf("%s in %s", absent, u.Payload())
		}
	}
	if c := verified(t, issued(t, newIssuer(t), tmpl)); c.Status() != nil || strings.Count(c.SDJWT().String(), "~") != 1 {
		t.Errorf("%s", c.SDJWT())
	}
}

// What a lint has seen is what is signed.
func TestPreparedBytesAreSigned(t *testing.T) {
	u, err := Prepare(template(newKey(t)))
	if err != nil {
		t.Fatal(err)
	}
	seen := u.Payload()
	u.Payload()[0] = 'x' // a copy: changing it changes nothing
	u.Disclosures()[0] = ""
	text, err := u.Sign(newIssuer(t).signer(t))
	if err != nil {
		t.Fatal(err)
	}
	if want := "." + jose.EncodeBase64URL(seen) + "."; !strings.Contains(text, want) {
		t.Error("another payload was signed")
	}
	if !strings.HasSuffix(text, "~"+strings.Join(u.Disclosures(), "~")+"~") || u.Disclosures()[0] == "" {
		t.Error("other disclosures were issued")
	}
}

func TestPrepareRefuses(t *testing.T) {
	sd := func(v any) any { return sdjwt.SD{Value: v} }
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		change func(*Template)
		want   error
	}{
		"no vct":                  {func(t *Template) { t.VCT = "" }, ErrTemplate},
		"no holder key":           {func(t *Template) { t.Holder = nil }, ErrTemplate},
		"holder key on P-224":     {func(t *Template) { t.Holder = &p224.PublicKey }, ErrTemplate},
		"no exp":                  {func(t *Template) { t.Expires = time.Time{} }, ErrTemplate},
		"exp before iat":          {func(t *Template) { t.Expires = t.IssuedAt.Add(-1) }, ErrTemplate},
		"exp at nbf":              {func(t *Template) { t.NotBefore = t.Expires }, ErrTemplate},
		"status without uri":      {func(t *Template) { t.Status = &StatusRef{} }, ErrTemplate},
		"sub-claim of aka_vcts":   {func(t *Template) { t.Claims["aka_vcts"] = []any{sd("x")} }, ErrNotSelective},
		"mark deep inside cnf":    {func(t *Template) { t.Claims["cnf"] = map[string]any{"a": []any{map[string]any{"b": sd(1)}}} }, ErrNotSelective},
		"claim named _sd":         {func(t *Template) { t.Claims["_sd"] = 1 }, sdjwt.ErrReservedName},
		"claim that is no JSON":   {func(t *Template) { t.Claims["a"] = func() {} }, sdjwt.ErrValue},
		"iat beside its field":    {func(t *Template) { t.Claims["iat"] = sd(1) }, ErrTemplate},
		"status beside its field": {func(t *Template) { t.Claims["status"] = 1 }, ErrTemplate},
	}
	for _, name := range inTheOpen {
		cases["marked "+name] = struct {
			change func(*Template)
			want   error
		}{func(t *Template) { t.Claims[name] = sd("x") }, ErrNotSelective}
	}
	for rule, c := range cases {
		tmpl := template(newKey(t))
		c.change(&tmpl)
		if _, err := Prepare(tmpl); !errors.Is(err, c.want) {
			t.Errorf("%s: expected %v, got %v", rule, c.want, err)
		}
	}
}

func TestSubMayBeHidden(t *testing.T) {
	tmpl := template(newKey(t))
	tmpl.Claims["sub"] = sdjwt.SD{Value: "me"}
	claims, err := verified(t, issued(t, newIssuer(t), tmpl)).Claims()
	if err != nil || claims["sub"] != "me" {
		t.Errorf("%v, %v", claims, err)
	}
}

func TestNewSignerRefuses(t *testing.T) {
	i, other := newIssuer(t), newIssuer(t)
	for rule, c := range map[string]struct {
		key   *ecdsa.PrivateKey
		chain []*x509.Certificate
	}{
		"no chain":            {i.key, nil},
		"another key":         {other.key, []*x509.Certificate{i.leaf}},
		"anchor in the chain": {i.key, []*x509.Certificate{i.leaf, i.root}},
		"self-signed leaf":    {i.key, []*x509.Certificate{selfSigned(t, i.key)}},
		"a broken chain":      {i.key, []*x509.Certificate{i.leaf, other.leaf}},
	} {
		if _, err := NewSigner(c.key, c.chain); !errors.Is(err, ErrCertificate) {
			t.Errorf("%s: %v", rule, err)
		}
	}
}

func selfSigned(t *testing.T, key *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	cert, err := x5c.NewRoot(key, x5c.Subject{Country: "NO", CommonName: "Self", URI: "https://self.example"}, noon, day)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestSignRefuses(t *testing.T) {
	i := newIssuer(t)
	tmpl := template(newKey(t))
	tmpl.Expires = i.leaf.NotAfter.Add(time.Second)
	if _, err := i.signer(t).Issue(tmpl); !errors.Is(err, ErrCertificate) {
		t.Errorf("a credential that outlives its certificate: %v", err)
	}
	tmpl.Expires = i.leaf.NotAfter
	if _, err := i.signer(t).Issue(tmpl); err != nil {
		t.Errorf("a credential that ends with its certificate: %v", err)
	}
	tmpl.Claims["portrait"] = sdjwt.SD{Value: strings.Repeat("A", sdjwt.MaxSize)}
	if _, err := i.signer(t).Issue(tmpl); !errors.Is(err, sdjwt.ErrTooLarge) {
		t.Errorf("a credential that nobody reads: %v", err)
	}
}

func TestTwoCredentialsShareNothing(t *testing.T) {
	i, tmpl := newIssuer(t), template(newKey(t))
	first, second := verified(t, issued(t, i, tmpl)).SDJWT(), verified(t, issued(t, i, tmpl)).SDJWT()
	seen := map[string]bool{}
	for _, d := range first.Disclosures {
		seen[d.Salt], seen[d.Encoded] = true, true
	}
	for _, d := range second.Disclosures {
		if seen[d.Salt] || seen[d.Encoded] {
			t.Errorf("%s is the same in both", d.Name)
		}
	}
}
