package sdjwtvc

import (
	"crypto/x509"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/sdjwt"
)

func TestParseRefuses(t *testing.T) {
	i := newIssuer(t)
	payload := `{"vct":"a","exp":1}`
	bare, err := jose.NewSigner(i.key, jose.Header{Typ: Typ})
	if err != nil {
		t.Fatal(err)
	}
	noChain, err := bare.Sign([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	good := i.sign(t, payload)
	none := jose.EncodeBase64URL([]byte(`{"alg":"none","typ":"dc+sd-jwt"}`)) + good[strings.Index(good, "."):]
	for rule, c := range map[string]struct {
		text string
		want error
	}{
		"typ vc+sd-jwt":       {i.signAs(t, "vc+sd-jwt", payload), ErrType},
		"typ JWT":             {i.signAs(t, "JWT", payload), ErrType},
		"no typ":              {i.signAs(t, "", payload), ErrType},
		"typ in capitals":     {i.signAs(t, "DC+SD-JWT", payload), ErrType},
		"no x5c":              {noChain + "~", ErrChain},
		"alg none":            {none, ErrToken},
		"no final tilde":      {strings.TrimSuffix(good, "~"), sdjwt.ErrMalformed},
		"two tildes":          {good + "~", sdjwt.ErrMalformed},
		"not a JWT":           {"a.b.c~", ErrToken},
		"larger than 256 KiB": {good + strings.Repeat("A", sdjwt.MaxSize), sdjwt.ErrTooLarge},
	} {
		if _, err := Parse(c.text); !errors.Is(err, c.want) {
			t.Errorf("%s: expected %v, got %v", rule, c.want, err)
		}
	}
}

func TestSignatureIsChecked(t *testing.T) {
	i := newIssuer(t)
	good := i.sign(t, `{"vct":"a","exp":1}`)
	parts := strings.Split(strings.TrimSuffix(good, "~"), ".")
	other := strings.Split(i.sign(t, `{"vct":"b","exp":1}`), ".")
	forged := newIssuer(t)
	forged.leaf = i.leaf // the certificate of one, the key of another
	header := parts[0]
	input := header + "." + jose.EncodeBase64URL([]byte(`{"vct":"a","exp":2}`))
	for rule, text := range map[string]string{
		"payload of another":   parts[0] + "." + other[1] + "." + parts[2] + "~",
		"changed payload":      input + "." + parts[2] + "~",
		"signature of another": parts[0] + "." + parts[1] + "." + other[2],
	} {
		c, err := Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", rule, err)
		}
		if err := c.VerifySignature(); !errors.Is(err, ErrSignature) {
			t.Errorf("%s: %v", rule, err)
		}
	}
	if _, err := NewSigner(forged.key, []*x509.Certificate{forged.leaf}); !errors.Is(err, ErrCertificate) {
		t.Errorf("the certificate of another: %v", err)
	}
}

func TestNothingIsToldBeforeTheSignature(t *testing.T) {
	c, err := Parse(issued(t, newIssuer(t), template(newKey(t))))
	if err != nil {
		t.Fatal(err)
	}
	_, claims := c.Claims()
	_, holder := c.HolderKey()
	_, selected := c.Select(nil)
	for what, err := range map[string]error{
		"Claims": claims, "HolderKey": holder, "Select": selected,
		"VerifyValidity": c.VerifyValidity(noon), "VerifyKeyBinding": c.VerifyKeyBinding(sdjwt.ExpectKB{}),
	} {
		if !errors.Is(err, ErrUnverified) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if c.VCT() != "" || c.Status() != nil || !c.Expires().IsZero() {
		t.Error("VCT, Status or Expires was told")
	}
}

// Section 2.2.2.3: what the validity hangs on is never in a disclosure, nor is a part of it.
func TestHiddenClaimsAreRefused(t *testing.T) {
	i := newIssuer(t)
	values := map[string]string{
		"iss": `"x"`, "nbf": `1`, "exp": `99999999999`, "cnf": `{"jwk":{}}`, "vct": `"other"`, "vct#integrity": `"sha256-x"`,
		"aka_vcts": `["x"]`, "status": `{"status_list":{"idx":1,"uri":"x"}}`,
	}
	for _, name := range inTheOpen {
		d, digest := hide(name, values[name])
		payload := fmt.Sprintf(`{"vct":"a","_sd":["%s"]}`, digest)
		want := ErrHidden
		if name == "vct" {
			want = sdjwt.ErrCollision // vct itself is required in the open
		}
		if _, err := verified(t, i.sign(t, payload, d)).Claims(); !errors.Is(err, want) {
			t.Errorf("%s in a disclosure: %v", name, err)
		}
		open := fmt.Sprintf(`{"vct":"a","%s":%s,"_sd":["%s"]}`, name, values[name], digest)
		if name == "vct" {
			continue
		}
		c, err := Parse(i.sign(t, strings.Replace(open, `"jwk":{}`, `"kid":"x"`, 1), d))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.VerifySignature(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := c.Claims(); !errors.Is(err, sdjwt.ErrCollision) {
			t.Errorf("%s in the open and in a disclosure: %v", name, err)
		}
	}
	for part, payload := range map[string]string{
		"cnf.jwk":             `{"vct":"a","cnf":{"_sd":["x"]}}`,
		"cnf.jwk.x":           `{"vct":"a","cnf":{"jwk":{"kty":"EC","_sd":["x"]}}}`,
		"status.status_list":  `{"vct":"a","status":{"_sd":["x"]}}`,
		"status_list.idx":     `{"vct":"a","status":{"status_list":{"uri":"x","_sd":[]}}}`,
		"element of aka_vcts": `{"vct":"a","aka_vcts":[{"...":"x"}]}`,
	} {
		c, err := Parse(i.sign(t, payload))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.VerifySignature(); !errors.Is(err, ErrHidden) {
			t.Errorf("%s hidden: %v", part, err)
		}
	}
}

// A claim of the wrong form must not pass as one that is absent.
func TestMalformedClaimsAreRefused(t *testing.T) {
	i := newIssuer(t)
	for rule, payload := range map[string]string{
		"vct missing":                   `{"exp":1}`,
		"vct empty":                     `{"vct":""}`,
		"vct a number":                  `{"vct":1}`,
		"vct null":                      `{"vct":null}`,
		"vct in capitals":               `{"VCT":"a"}`,
		"iss an object":                 `{"vct":"a","iss":{}}`,
		"vct#integrity null":            `{"vct":"a","vct#integrity":null}`,
		"exp a string":                  `{"vct":"a","exp":"1"}`,
		"exp with a fraction":           `{"vct":"a","exp":1.5}`,
		"exp null":                      `{"vct":"a","exp":null}`,
		"exp too large":                 `{"vct":"a","exp":9223372036854775808}`,
		"nbf a string":                  `{"vct":"a","nbf":"1"}`,
		"iat a bool":                    `{"vct":"a","iat":true}`,
		"status null":                   `{"vct":"a","status":null}`,
		"status of another mechanism":   `{"vct":"a","status":{"other":{}}}`,
		"status_list without idx":       `{"vct":"a","status":{"status_list":{"uri":"x"}}}`,
		"status_list without uri":       `{"vct":"a","status":{"status_list":{"idx":1}}}`,
		"status_list idx below zero":    `{"vct":"a","status":{"status_list":{"idx":-1,"uri":"x"}}}`,
		"status_list idx a fraction":    `{"vct":"a","status":{"status_list":{"idx":1.0,"uri":"x"}}}`,
		"status_list idx a string":      `{"vct":"a","status":{"status_list":{"idx":"1","uri":"x"}}}`,
		"status_list idx beyond 64 bit": `{"vct":"a","status":{"status_list":{"idx":18446744073709551616,"uri":"x"}}}`,
	} {
		c, err := Parse(i.sign(t, payload))
		if err != nil {
			t.Fatalf("%s: %v", rule, err)
		}
		if err := c.VerifySignature(); !errors.Is(err, ErrClaims) {
			t.Errorf("%s: %v", rule, err)
		}
		if err := c.VerifyValidity(noon); !errors.Is(err, ErrUnverified) {
			t.Errorf("%s: validity was told: %v", rule, err)
		}
	}
}

func TestHolderKey(t *testing.T) {
	i := newIssuer(t)
	jwk := jose.PublicJWK(&newKey(t).PublicKey)
	for rule, c := range map[string]struct {
		cnf  string
		want error
	}{
		"a key":            {fmt.Sprintf(`{"jwk":{"kty":"EC","crv":"P-256","x":%q,"y":%q}}`, jwk.X, jwk.Y), nil},
		"with a use":       {fmt.Sprintf(`{"jwk":{"kty":"EC","crv":"P-256","x":%q,"y":%q,"use":"sig"}}`, jwk.X, jwk.Y), nil},
		"kid alone":        {`{"kid":"x"}`, ErrHolderKey},
		"a string":         {`"x"`, ErrHolderKey},
		"jwk a string":     {`{"jwk":"x"}`, ErrHolderKey},
		"off the curve":    {fmt.Sprintf(`{"jwk":{"kty":"EC","crv":"P-256","x":%q,"y":%q}}`, jwk.X, jwk.X), ErrHolderKey},
		"a private key":    {fmt.Sprintf(`{"jwk":{"kty":"EC","crv":"P-256","x":%q,"y":%q,"d":%q}}`, jwk.X, jwk.Y, jwk.X), ErrHolderKey},
		"a symmetric key":  {`{"jwk":{"kty":"oct","k":"AAAA"}}`, ErrHolderKey},
		"null":             {`null`, ErrHolderKey},
		"key of any shape": {`{"jwk":[]}`, ErrHolderKey},
	} {
		_, err := verified(t, i.sign(t, `{"vct":"a","cnf":`+c.cnf+`}`)).HolderKey()
		if !errors.Is(err, c.want) {
			t.Errorf("%s: expected %v, got %v", rule, c.want, err)
		}
	}
	c := verified(t, i.sign(t, `{"vct":"a"}`))
	if err := c.VerifyKeyBinding(sdjwt.ExpectKB{}); !errors.Is(err, ErrHolderKey) {
		t.Errorf("cnf missing: %v", err)
	}
}

func TestVerifyValidity(t *testing.T) {
	i, at := newIssuer(t), noon.Unix()
	skew := int64(Skew / time.Second)
	for rule, c := range map[string]struct {
		claims string
		want   error
	}{
		"valid":               {fmt.Sprintf(`"iat":%d,"nbf":%d,"exp":%d`, at, at, at+1), nil},
		"exp within the skew": {fmt.Sprintf(`"exp":%d`, at-skew+1), nil},
		"exp beyond the skew": {fmt.Sprintf(`"exp":%d`, at-skew), ErrExpired},
		"exp before all time": {`"exp":-9223372036854775808`, ErrExpired},
		"nbf within the skew": {fmt.Sprintf(`"exp":%d,"nbf":%d`, at+999, at+skew), nil},
		"nbf beyond the skew": {fmt.Sprintf(`"exp":%d,"nbf":%d`, at+999, at+skew+1), ErrNotYetValid},
		"iat within the skew": {fmt.Sprintf(`"exp":%d,"iat":%d`, at+999, at+skew), nil},
		"iat in the future":   {fmt.Sprintf(`"exp":%d,"iat":%d`, at+999, at+skew+1), ErrNotYetValid},
		"exp missing":         {`"a":1`, ErrNoExpiry},
		"exp in capitals":     {fmt.Sprintf(`"EXP":%d`, at+999), ErrNoExpiry},
	} {
		cred := verified(t, i.sign(t, `{"vct":"a",`+c.claims+`}`))
		if err := cred.VerifyValidity(noon); !errors.Is(err, c.want) {
			t.Errorf("%s: expected %v, got %v", rule, c.want, err)
		}
	}
}

func TestPresentation(t *testing.T) {
	holder := newKey(t)
	received, err := ParseIssued(issued(t, newIssuer(t), template(holder)))
	if err != nil {
		t.Fatal(err)
	}
	if err := received.VerifySignature(); err != nil {
		t.Fatal(err)
	}
	selected, err := received.Select([][]any{{"given_name"}})
	if err != nil {
		t.Fatal(err)
	}
	text, err := sdjwt.SignKeyBinding(holder, selected, aud, nonce, noon)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseIssued(text); !errors.Is(err, ErrKeyBinding) {
		t.Errorf("a Holder that is given a Key Binding JWT: %v", err)
	}
	c := verified(t, text)
	if err := c.VerifyValidity(noon); err != nil {
		t.Error(err)
	}
	expect := sdjwt.ExpectKB{Aud: aud, Nonce: nonce, At: noon}
	if err := c.VerifyKeyBinding(expect); err != nil {
		t.Error(err)
	}
	claims, err := c.Claims()
	if err != nil || claims["given_name"] != "Kari" || claims["family_name"] != nil || !reflect.DeepEqual(claims["nationalities"], []any{}) {
		t.Errorf("claims %v, %v", claims, err)
	}
	c = verified(t, selected.String())
	if err := c.VerifyKeyBinding(expect); !errors.Is(err, sdjwt.ErrKBMissing) {
		t.Errorf("key binding stripped: %v", err)
	}
	bySomeone, err := sdjwt.SignKeyBinding(newKey(t), selected, aud, nonce, noon)
	if err != nil {
		t.Fatal(err)
	}
	if err := verified(t, bySomeone).VerifyKeyBinding(expect); !errors.Is(err, sdjwt.ErrKBSignature) {
		t.Errorf("key binding by a key that is not in cnf: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	holder := newKey(f)
	text := issued(f, newIssuer(f), template(holder))
	f.Add(text)
	s, err := sdjwt.Parse(text)
	if err != nil {
		f.Fatal(err)
	}
	presented, err := sdjwt.SignKeyBinding(holder, s, aud, nonce, noon)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(presented)
	f.Add("a.b.c~")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse(text)
		if err != nil {
			return
		}
		if len(c.Chain()) == 0 || c.SDJWT().String() != text {
			t.Fatalf("%q", text)
		}
		if c.VerifySignature() == nil && c.VCT() == "" {
			t.Fatal("verified without a vct")
		}
	})
}
