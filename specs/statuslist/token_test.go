package statuslist

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"lommebok.example/specs/cose"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/x5c"
)

// both makes the token in its two forms and reads it back.
func both(t *testing.T, list *List, iat, exp time.Time, ttl time.Duration) map[string]*Token {
	t.Helper()
	key, chain, _ := newSigner(t)
	text, err := SignJWT(key, chain, list, uri, iat, exp, ttl)
	if err != nil {
		t.Fatal(err)
	}
	jwt, err := ParseJWT(text)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := SignCWT(key, chain, list, uri, iat, exp, ttl)
	if err != nil {
		t.Fatal(err)
	}
	if raw[0] != 0xd2 {
		t.Errorf("the CWT begins with %x, not with tag 18", raw[0])
	}
	cwt, err := ParseCWT(raw)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*Token{"JWT": jwt, "CWT": cwt}
}

func TestTokensComeBack(t *testing.T) {
	key, chain, root := newSigner(t)
	text, err := SignJWT(key, chain, example(t), uri, noon, noon.Add(day), 12*time.Hour+time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := SignCWT(key, chain, example(t), uri, noon, noon.Add(day), 12*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	jwt, err := ParseJWT(text)
	if err != nil {
		t.Fatal(err)
	}
	cwt, err := ParseCWT(raw)
	if err != nil {
		t.Fatal(err)
	}
	for form, token := range map[string]*Token{"JWT": jwt, "CWT": cwt} {
		if token.URI != uri || !token.IssuedAt.Equal(noon) || !token.Expires.Equal(noon.Add(day)) || token.TTL != 12*time.Hour {
			t.Errorf("%s: %+v", form, token)
		}
		if string(asBytes(statuses(t, token.List))) != string(asBytes(statuses(t, example(t)))) {
			t.Errorf("%s: another list", form)
		}
		if _, err := x5c.NewAnchors(root).Verify(token.Chain, x5c.StatusSigner, noon); err != nil {
			t.Errorf("%s: chain: %v", form, err)
		}
		if _, err := token.List.Get(12); !errors.Is(err, ErrIndex) {
			t.Errorf("%s: index outside the list: %v", form, err)
		}
	}
}

func TestCheck(t *testing.T) {
	for form, token := range both(t, New(1, 8), noon, noon.Add(time.Hour), time.Minute) {
		for rule, c := range map[string]struct {
			uri  string
			at   time.Time
			want error
		}{
			"fresh":                      {uri, noon, nil},
			"last second":                {uri, noon.Add(time.Hour - time.Second), nil},
			"expired":                    {uri, noon.Add(time.Hour), ErrExpired},
			"long expired":               {uri, noon.Add(365 * day), ErrExpired},
			"iat ahead, within the skew": {uri, noon.Add(-Skew), nil},
			"iat in the future":          {uri, noon.Add(-Skew - time.Second), ErrIssuedAt},
			"another list":               {"https://issuer.example/status/2", noon, ErrSubject},
			"uri with a slash more":      {uri + "/", noon, ErrSubject},
			"uri in capitals":            {strings.ToUpper(uri), noon, ErrSubject},
			"no uri":                     {"", noon, ErrSubject},
		} {
			if err := token.Check(c.uri, c.at); !errors.Is(err, c.want) {
				t.Errorf("%s, %s: expected %v, got %v", form, rule, c.want, err)
			}
		}
	}
}

func TestSignRefuses(t *testing.T) {
	key, chain, root := newSigner(t)
	for rule, c := range map[string]struct {
		key      *ecdsa.PrivateKey
		chain    []*x509.Certificate
		uri      string
		iat, exp time.Time
		ttl      time.Duration
		want     error
	}{
		"no chain":            {key, nil, uri, noon, noon.Add(day), time.Hour, ErrChain},
		"another key":         {newKey(t), chain, uri, noon, noon.Add(day), time.Hour, ErrChain},
		"anchor in the chain": {key, append(chain[:1:1], root), uri, noon, noon.Add(day), time.Hour, ErrChain},
		"no uri":              {key, chain, "", noon, noon.Add(day), time.Hour, ErrClaims},
		"no iat":              {key, chain, uri, time.Time{}, noon, time.Hour, ErrClaims},
		"no exp":              {key, chain, uri, noon, time.Time{}, time.Hour, ErrClaims},
		"exp at iat":          {key, chain, uri, noon, noon, time.Hour, ErrClaims},
		"ttl zero":            {key, chain, uri, noon, noon.Add(day), 0, ErrClaims},
		"ttl below zero":      {key, chain, uri, noon, noon.Add(day), -time.Hour, ErrClaims},
		"ttl below a second":  {key, chain, uri, noon, noon.Add(day), time.Second - 1, ErrClaims},
	} {
		if _, err := SignJWT(c.key, c.chain, New(1, 1), c.uri, c.iat, c.exp, c.ttl); !errors.Is(err, c.want) {
			t.Errorf("JWT, %s: expected %v, got %v", rule, c.want, err)
		}
		if _, err := SignCWT(c.key, c.chain, New(1, 1), c.uri, c.iat, c.exp, c.ttl); !errors.Is(err, c.want) {
			t.Errorf("CWT, %s: expected %v, got %v", rule, c.want, err)
		}
	}
}

const goodJSON = `{"sub":"u","iat":1,"exp":2,"ttl":3,"status_list":{"bits":1,"lst":"eNrbuRgAAhcBXQ"}}`

// signJSON makes a token as JWT with any typ and payload.
func signJSON(t testing.TB, key *ecdsa.PrivateKey, chain []*x509.Certificate, typ, payload string) string {
	t.Helper()
	signer, err := jose.NewSigner(key, jose.Header{Typ: typ, X5C: chain})
	if err != nil {
		t.Fatal(err)
	}
	text, err := signer.Sign([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestParseJWTRefuses(t *testing.T) {
	key, chain, _ := newSigner(t)
	good := signJSON(t, key, chain, typJWT, goodJSON)
	if _, err := ParseJWT(good); err != nil {
		t.Fatal(err)
	}
	swap := func(old, with string) string { return strings.Replace(goodJSON, old, with, 1) }
	bombed, err := json.Marshal(jose.EncodeBase64URL(bomb(t)))
	if err != nil {
		t.Fatal(err)
	}
	for rule, c := range map[string]struct {
		payload string
		want    error
	}{
		"sub missing":              {swap(`"sub":"u",`, ``), ErrClaims},
		"sub empty":                {swap(`"u"`, `""`), ErrClaims},
		"sub a number":             {swap(`"u"`, `1`), ErrClaims},
		"sub in capitals":          {swap(`"sub"`, `"SUB"`), ErrClaims},
		"iat missing":              {swap(`"iat":1,`, ``), ErrClaims},
		"iat a string":             {swap(`"iat":1`, `"iat":"1"`), ErrClaims},
		"iat with a fraction":      {swap(`"iat":1`, `"iat":1.5`), ErrClaims},
		"exp null":                 {swap(`"exp":2`, `"exp":null`), ErrClaims},
		"exp a string":             {swap(`"exp":2`, `"exp":"2"`), ErrClaims},
		"ttl zero":                 {swap(`"ttl":3`, `"ttl":0`), ErrClaims},
		"ttl below zero":           {swap(`"ttl":3`, `"ttl":-3`), ErrClaims},
		"ttl a string":             {swap(`"ttl":3`, `"ttl":"3"`), ErrClaims},
		"status_list missing":      {swap(`status_list`, `statuslist`), ErrClaims},
		"status_list null":         {`{"sub":"u","iat":1,"status_list":null}`, ErrClaims},
		"status_list an array":     {`{"sub":"u","iat":1,"status_list":[]}`, ErrClaims},
		"bits missing":             {swap(`"bits":1,`, ``), ErrClaims},
		"bits a string":            {swap(`"bits":1`, `"bits":"1"`), ErrClaims},
		"bits 0":                   {swap(`"bits":1`, `"bits":0`), ErrBits},
		"bits 3":                   {swap(`"bits":1`, `"bits":3`), ErrBits},
		"bits 257":                 {swap(`"bits":1`, `"bits":257`), ErrBits},
		"bits in capitals":         {swap(`"bits"`, `"Bits"`), ErrClaims},
		"lst missing":              {swap(`,"lst":"eNrbuRgAAhcBXQ"`, ``), ErrClaims},
		"lst empty":                {swap(`eNrbuRgAAhcBXQ`, ``), ErrCompression},
		"lst with padding":         {swap(`eNrbuRgAAhcBXQ`, `eNrbuRgAAhcBXQ==`), ErrClaims},
		"lst not compressed":       {swap(`eNrbuRgAAhcBXQ`, `uaM`), ErrCompression},
		"lst that inflates to GiB": {swap(`"eNrbuRgAAhcBXQ"`, string(bombed)), ErrTooLarge},
	} {
		if _, err := ParseJWT(signJSON(t, key, chain, typJWT, c.payload)); !errors.Is(err, c.want) {
			t.Errorf("%s: expected %v, got %v", rule, c.want, err)
		}
	}
	parts := strings.Split(good, ".")
	other := strings.Split(signJSON(t, key, chain, typJWT, swap(`"u"`, `"v"`)), ".")
	for rule, c := range map[string]struct {
		text string
		want error
	}{
		"empty":                 {"", ErrToken},
		"typ JWT":               {signJSON(t, key, chain, "JWT", goodJSON), ErrType},
		"no typ":                {signJSON(t, key, chain, "", goodJSON), ErrType},
		"typ as media type":     {signJSON(t, key, chain, MediaTypeJWT, goodJSON), ErrType},
		"no x5c":                {signJSON(t, key, nil, typJWT, goodJSON), ErrChain},
		"payload of another":    {parts[0] + "." + other[1] + "." + parts[2], ErrSignature},
		"alg none":              {jose.EncodeBase64URL([]byte(`{"alg":"none","typ":"statuslist+jwt"}`)) + "." + parts[1] + ".", ErrToken},
		"larger than the limit": {good + strings.Repeat("A", MaxTokenBytes), ErrTooLarge},
	} {
		if _, err := ParseJWT(c.text); !errors.Is(err, c.want) {
			t.Errorf("%s: expected %v, got %v", rule, c.want, err)
		}
	}
}

func TestOptionalClaims(t *testing.T) {
	key, chain, _ := newSigner(t)
	token, err := ParseJWT(signJSON(t, key, chain, typJWT, `{"sub":"u","iat":1,"iss":"x","status_list":{"bits":1,"lst":"eNrbuRgAAhcBXQ","aggregation_uri":"y"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if !token.Expires.IsZero() || token.TTL != 0 || token.Check("u", noon) != nil {
		t.Errorf("%+v", token)
	}
	token, err = ParseJWT(signJSON(t, key, chain, typJWT, strings.Replace(goodJSON, `"ttl":3`, `"ttl":9223372036854775807`, 1)))
	if err != nil || token.TTL < 200*365*day {
		t.Errorf("a ttl beyond all time: %v, %v", token, err)
	}
}

// signCBOR makes a token as CWT around any payload and headers.
func signCBOR(t testing.TB, key *ecdsa.PrivateKey, protected, unprotected cose.Header, payload any) []byte {
	t.Helper()
	raw, err := cose.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	return signRaw(t, key, protected, unprotected, raw)
}

// signRaw is signCBOR for a payload that is bytes already.
func signRaw(t testing.TB, key *ecdsa.PrivateKey, protected, unprotected cose.Header, raw []byte) []byte {
	t.Helper()
	signed, err := cose.Sign(key, protected, unprotected, raw, false)
	if err != nil {
		t.Fatal(err)
	}
	out, err := signed.Tagged()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestParseCWTRefuses(t *testing.T) {
	key, chain, _ := newSigner(t)
	header := cose.Header{Type: MediaTypeCWT, X5Chain: chain}
	list := map[string]any{"bits": 1, "lst": unhex(t, "78dadbb918000217015d")}
	with := func(label int, v any) map[int]any {
		m := map[int]any{2: "u", 4: 2, 6: 1, 65534: 3, 65533: list}
		if m[label] = v; v == nil {
			delete(m, label)
		}
		return m
	}
	good := signCBOR(t, key, header, cose.Header{}, with(4, 2))
	if _, err := ParseCWT(good); err != nil {
		t.Fatal(err)
	}
	for rule, c := range map[string]struct {
		payload any
		want    error
	}{
		"sub missing":         {with(2, nil), ErrClaims},
		"sub empty":           {with(2, ""), ErrClaims},
		"sub bytes":           {with(2, []byte("u")), ErrClaims},
		"iat missing":         {with(6, nil), ErrClaims},
		"iat text":            {with(6, "1"), ErrClaims},
		"iat a float":         {with(6, 1.5), ErrClaims},
		"exp text":            {with(4, "2"), ErrClaims},
		"ttl zero":            {with(65534, 0), ErrClaims},
		"ttl below zero":      {with(65534, -1), ErrClaims},
		"list missing":        {with(65533, nil), ErrClaims},
		"list text":           {with(65533, "x"), ErrClaims},
		"bits missing":        {with(65533, map[string]any{"lst": []byte{1}}), ErrClaims},
		"bits 3":              {with(65533, map[string]any{"bits": 3, "lst": []byte{1}}), ErrBits},
		"bits text":           {with(65533, map[string]any{"bits": "1", "lst": []byte{1}}), ErrClaims},
		"lst missing":         {with(65533, map[string]any{"bits": 1}), ErrClaims},
		"lst text":            {with(65533, map[string]any{"bits": 1, "lst": "eNrbuRgAAhcBXQ"}), ErrClaims},
		"lst not compressed":  {with(65533, map[string]any{"bits": 1, "lst": []byte{0xb9, 0xa3}}), ErrCompression},
		"lst inflates to GiB": {with(65533, map[string]any{"bits": 1, "lst": bomb(t)[:900<<10]}), ErrTooLarge},
		"labels as text":      {map[string]any{"2": "u", "6": 1, "65533": list}, ErrClaims},
		"payload is an array": {[]any{1}, ErrClaims},
	} {
		if _, err := ParseCWT(signCBOR(t, key, header, cose.Header{}, c.payload)); !errors.Is(err, c.want) {
			t.Errorf("%s: expected %v, got %v", rule, c.want, err)
		}
	}
	changed := append([]byte{}, good...)
	changed[len(changed)-1] ^= 1
	for rule, c := range map[string]struct {
		raw  []byte
		want error
	}{
		"empty":                 {nil, ErrToken},
		"not tagged":            {good[1:], ErrToken},
		"tagged twice, as CWT":  {append([]byte{0xd8, 0x3d}, good...), ErrToken},
		"trailing byte":         {append(append([]byte{}, good...), 0), ErrToken},
		"signature changed":     {changed, ErrSignature},
		"no type":               {signCBOR(t, key, cose.Header{X5Chain: chain}, cose.Header{}, with(4, 2)), ErrType},
		"another type":          {signCBOR(t, key, cose.Header{Type: "application/cwt", X5Chain: chain}, cose.Header{}, with(4, 2)), ErrType},
		"type unprotected":      {signCBOR(t, key, cose.Header{X5Chain: chain}, cose.Header{Type: MediaTypeCWT}, with(4, 2)), ErrType},
		"no x5chain":            {signCBOR(t, key, cose.Header{Type: MediaTypeCWT}, cose.Header{}, with(4, 2)), ErrChain},
		"x5chain unprotected":   {signCBOR(t, key, cose.Header{Type: MediaTypeCWT}, cose.Header{X5Chain: chain}, with(4, 2)), ErrChain},
		"signed by another key": {signCBOR(t, newKey(t), header, cose.Header{}, with(4, 2)), ErrSignature},
		"larger than the limit": {make([]byte, cose.MaxBytes+1), ErrTooLarge},
	} {
		if _, err := ParseCWT(c.raw); !errors.Is(err, c.want) {
			t.Errorf("%s: expected %v, got %v", rule, c.want, err)
		}
	}
}

func FuzzParseJWT(f *testing.F) {
	key, chain, _ := newSigner(f)
	f.Add(signJSON(f, key, chain, typJWT, goodJSON))
	f.Add(signJSON(f, key, chain, "JWT", `{}`))
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, text string) {
		token, err := ParseJWT(text)
		if err == nil && (token.URI == "" || token.List == nil || len(token.Chain) == 0) {
			t.Fatalf("%+v", token)
		}
	})
}

// The claims by themselves: behind a signature no fuzzer gets that far.
func FuzzJSONClaims(f *testing.F) {
	f.Add(goodJSON)
	f.Add(`{"status_list":{"bits":null,"lst":1}}`)
	f.Fuzz(func(t *testing.T, payload string) {
		c, err := readJSON([]byte(payload))
		if err != nil {
			return
		}
		if token, err := c.token(nil); err == nil && (token.URI == "" || token.TTL < 0 || token.List == nil) {
			t.Fatalf("%+v", token)
		}
	})
}

func FuzzParseCWT(f *testing.F) {
	key, chain, _ := newSigner(f)
	raw, err := SignCWT(key, chain, example(f), uri, noon, noon.Add(day), time.Hour)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte{0xd2, 0x84})
	f.Fuzz(func(t *testing.T, raw []byte) {
		token, err := ParseCWT(raw)
		if err == nil && (token.URI == "" || token.List == nil || len(token.Chain) == 0) {
			t.Fatalf("%+v", token)
		}
	})
}
