package sdjwt

import (
	"crypto/ecdsa"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"lommebok.example/specs/jose"
)

const (
	aud   = "x509_hash:verifier"
	nonce = "n-0S6_WzA2Mj"
)

var expectKB = ExpectKB{Aud: aud, Nonce: nonce, At: noon}

// presentation is an SD-JWT with two disclosures and a Key Binding JWT, and the holder's key.
func presentation(t testing.TB, at time.Time) (*SDJWT, *ecdsa.PrivateKey) {
	t.Helper()
	key := newKey(t)
	s, _ := encoded(t, map[string]any{"a": SD{"first"}, "b": SD{"second"}})
	return present(t, s, key, at), key
}

func present(t testing.TB, s *SDJWT, key *ecdsa.PrivateKey, at time.Time) *SDJWT {
	t.Helper()
	text, err := SignKeyBinding(key, s, aud, nonce, at)
	if err != nil {
		t.Fatal(err)
	}
	out, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestKeyBindingHolds(t *testing.T) {
	s, key := presentation(t, noon)
	if err := s.VerifyKeyBinding(&key.PublicKey, expectKB); err != nil {
		t.Error(err)
	}
	again := present(t, s, key, noon) // one that is there is replaced
	if err := again.VerifyKeyBinding(&key.PublicKey, expectKB); err != nil {
		t.Error(err)
	}
	kb, err := s.PeekKeyBinding()
	if err != nil || kb.Aud != aud || kb.Nonce != nonce || kb.SDHash != s.Hash() || !kb.IssuedAt.Equal(noon) {
		t.Errorf("peeked %+v, %v", kb, err)
	}
}

func TestKeyBindingWindow(t *testing.T) {
	wide := ExpectKB{Aud: aud, Nonce: nonce, At: noon, MaxAge: time.Hour, MaxSkew: time.Second}
	for _, c := range []struct {
		iat    time.Duration // after the verifier's time
		expect ExpectKB
		want   error
	}{
		{-60 * time.Second, expectKB, nil},
		{-61 * time.Second, expectKB, ErrKBTime},
		{60 * time.Second, expectKB, nil},
		{61 * time.Second, expectKB, ErrKBTime},
		{-365 * 24 * time.Hour, expectKB, ErrKBTime},
		{365 * 24 * time.Hour, expectKB, ErrKBTime},
		{-time.Hour, wide, nil},
		{-time.Hour - time.Second, wide, ErrKBTime},
		{time.Second, wide, nil},
		{2 * time.Second, wide, ErrKBTime},
	} {
		s, key := presentation(t, noon.Add(c.iat))
		if err := s.VerifyKeyBinding(&key.PublicKey, c.expect); !errors.Is(err, c.want) {
			t.Errorf("iat %v after the verifier's time: expected %v, got %v", c.iat, c.want, err)
		}
	}
}

// What the verifier expects, or what it was sent, differs in one thing.
func TestKeyBindingRefuses(t *testing.T) {
	for rule, c := range map[string]struct {
		change func(s *SDJWT, e *ExpectKB)
		want   error
	}{
		"stripped":                 {func(s *SDJWT, _ *ExpectKB) { s.KeyBinding = "" }, ErrKBMissing},
		"another nonce":            {func(_ *SDJWT, e *ExpectKB) { e.Nonce = "other" }, ErrKBNonce},
		"nonce in other letters":   {func(_ *SDJWT, e *ExpectKB) { e.Nonce = strings.ToUpper(nonce) }, ErrKBNonce},
		"no nonce expected":        {func(_ *SDJWT, e *ExpectKB) { e.Nonce = "" }, ErrKBNonce},
		"another audience":         {func(_ *SDJWT, e *ExpectKB) { e.Aud = "x509_hash:other" }, ErrKBAudience},
		"audience without prefix":  {func(_ *SDJWT, e *ExpectKB) { e.Aud = "verifier" }, ErrKBAudience},
		"audience with a slash":    {func(_ *SDJWT, e *ExpectKB) { e.Aud = aud + "/" }, ErrKBAudience},
		"no audience expected":     {func(_ *SDJWT, e *ExpectKB) { e.Aud = "" }, ErrKBAudience},
		"disclosure removed":       {func(s *SDJWT, _ *ExpectKB) { s.Disclosures = s.Disclosures[1:] }, ErrKBHash},
		"all disclosures removed":  {func(s *SDJWT, _ *ExpectKB) { s.Disclosures = nil }, ErrKBHash},
		"disclosure added":         {func(s *SDJWT, _ *ExpectKB) { s.Disclosures = append(s.Disclosures, Disclosure{Encoded: "WyJzIiwxXQ"}) }, ErrKBHash},
		"disclosure doubled":       {func(s *SDJWT, _ *ExpectKB) { s.Disclosures = append(s.Disclosures, s.Disclosures[0]) }, ErrKBHash},
		"disclosures reordered":    {func(s *SDJWT, _ *ExpectKB) { s.Disclosures[0], s.Disclosures[1] = s.Disclosures[1], s.Disclosures[0] }, ErrKBHash},
		"another issuer signature": {func(s *SDJWT, _ *ExpectKB) { s.Issuer = s.Issuer[:len(s.Issuer)-1] + "B" }, ErrKBHash},
		"signature cut":            {func(s *SDJWT, _ *ExpectKB) { s.KeyBinding = s.KeyBinding[:len(s.KeyBinding)-6] }, ErrKBSignature},
		"moved from another SD-JWT": {func(s *SDJWT, _ *ExpectKB) {
			other, _ := encoded(t, map[string]any{"a": SD{"x"}})
			s.Issuer = other.Issuer
		}, ErrKBHash},
	} {
		s, key := presentation(t, noon)
		e := expectKB
		c.change(s, &e)
		if err := s.VerifyKeyBinding(&key.PublicKey, e); !errors.Is(err, c.want) {
			t.Errorf("%s: expected %v, got %v", rule, c.want, err)
		}
	}
	s, _ := presentation(t, noon)
	if err := s.VerifyKeyBinding(&newKey(t).PublicKey, expectKB); !errors.Is(err, ErrKBSignature) {
		t.Errorf("another key: %v", err)
	}
}

// The Key Binding JWT itself is of the wrong form, though signed by the right key.
func TestKeyBindingForm(t *testing.T) {
	key := newKey(t)
	s, _ := encoded(t, map[string]any{"a": SD{1}})
	claims := func(format string) string { return fmt.Sprintf(format, noon.Unix(), aud, nonce, s.Hash()) }
	good := claims(`{"iat":%d,"aud":"%s","nonce":"%s","sd_hash":"%s"}`)
	header := jose.EncodeBase64URL([]byte(`{"alg":"none","typ":"kb+jwt"}`))
	other := newKey(t)
	inHeader, err := jose.NewSigner(other, jose.Header{Typ: TypKeyBinding, JWK: &other.PublicKey})
	if err != nil {
		t.Fatal(err)
	}
	ownKey, err := inHeader.Sign([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	for rule, c := range map[string]struct {
		jwt  string
		want error
	}{
		"as it should be":               {sign(t, key, TypKeyBinding, good), nil},
		"alg none":                      {header + "." + jose.EncodeBase64URL([]byte(good)) + ".AAAA", ErrKBType},
		"no typ":                        {sign(t, key, "", good), ErrKBType},
		"typ JWT":                       {sign(t, key, "JWT", good), ErrKBType},
		"typ in capitals":               {sign(t, key, "KB+JWT", good), ErrKBType},
		"key from the header":           {ownKey, ErrKBType},
		"iat missing":                   {sign(t, key, TypKeyBinding, strings.Replace(good, "iat", "x", 1)), ErrKBClaims},
		"iat is a string":               {sign(t, key, TypKeyBinding, strings.Replace(good, fmt.Sprint(noon.Unix()), fmt.Sprintf("%q", fmt.Sprint(noon.Unix())), 1)), ErrKBClaims},
		"iat with a fraction":           {sign(t, key, TypKeyBinding, strings.Replace(good, fmt.Sprint(noon.Unix()), fmt.Sprint(noon.Unix())+".5", 1)), ErrKBClaims},
		"iat beyond all time":           {sign(t, key, TypKeyBinding, strings.Replace(good, fmt.Sprint(noon.Unix()), "9223372036854775807", 1)), ErrKBTime},
		"iat before all time":           {sign(t, key, TypKeyBinding, strings.Replace(good, fmt.Sprint(noon.Unix()), "-9223372036854775808", 1)), ErrKBTime},
		"aud missing":                   {sign(t, key, TypKeyBinding, strings.Replace(good, "aud", "x", 1)), ErrKBClaims},
		"aud is an array":               {sign(t, key, TypKeyBinding, strings.Replace(good, `"`+aud+`"`, `["`+aud+`"]`, 1)), ErrKBClaims},
		"nonce missing":                 {sign(t, key, TypKeyBinding, strings.Replace(good, "nonce", "Nonce", 1)), ErrKBClaims},
		"nonce empty":                   {sign(t, key, TypKeyBinding, strings.Replace(good, nonce, "", 1)), ErrKBClaims},
		"sd_hash missing":               {sign(t, key, TypKeyBinding, strings.Replace(good, "sd_hash", "sdhash", 1)), ErrKBClaims},
		"sd_hash of something else":     {sign(t, key, TypKeyBinding, strings.Replace(good, s.Hash(), digest("x"), 1)), ErrKBHash},
		"sd_hash with padding":          {sign(t, key, TypKeyBinding, strings.Replace(good, s.Hash(), s.Hash()+"=", 1)), ErrKBHash},
		"exp has passed":                {sign(t, key, TypKeyBinding, strings.Replace(good, "{", fmt.Sprintf(`{"exp":%d,`, noon.Unix()), 1)), ErrKBTime},
		"exp in a second":               {sign(t, key, TypKeyBinding, strings.Replace(good, "{", fmt.Sprintf(`{"exp":%d,`, noon.Unix()+1), 1)), nil},
		"exp is a string":               {sign(t, key, TypKeyBinding, strings.Replace(good, "{", `{"exp":"x",`, 1)), ErrKBTime},
		"nbf has not come":              {sign(t, key, TypKeyBinding, strings.Replace(good, "{", fmt.Sprintf(`{"nbf":%d,`, noon.Unix()+61), 1)), ErrKBTime},
		"a claim of someone's own":      {sign(t, key, TypKeyBinding, strings.Replace(good, "{", `{"x":1,`, 1)), nil},
		"the issuer's JWT in its place": {s.Issuer, ErrKBType},
	} {
		s.KeyBinding = c.jwt
		if err := s.VerifyKeyBinding(&key.PublicKey, expectKB); !errors.Is(err, c.want) {
			t.Errorf("%s: expected %v, got %v", rule, c.want, err)
		}
	}
}

// sd_hash is taken with the hash of the payload; where that is not known, no sd_hash is right, not even an empty one.
func TestHashFollowsSDAlg(t *testing.T) {
	key := newKey(t)
	for alg, length := range map[string]int{"sha-256": 43, "sha-384": 64, "sha-512": 86} {
		s, err := Parse(unsigned(`{"_sd_alg":"` + alg + `"}`))
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Hash(); len(got) != length {
			t.Errorf("%s: sd_hash has %d characters", alg, len(got))
		}
		if err := present(t, s, key, noon).VerifyKeyBinding(&key.PublicKey, expectKB); err != nil {
			t.Errorf("%s: %v", alg, err)
		}
	}
	s, err := Parse(unsigned(`{"_sd_alg":"md5"}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := SignKeyBinding(key, s, aud, nonce, noon); !errors.Is(err, ErrHashAlg) || s.Hash() != "" {
		t.Errorf("unknown algorithm: %q, %v", s.Hash(), err)
	}
	s.KeyBinding = sign(t, key, TypKeyBinding, fmt.Sprintf(`{"iat":%d,"aud":"%s","nonce":"%s","sd_hash":"x"}`, noon.Unix(), aud, nonce))
	if err := s.VerifyKeyBinding(&key.PublicKey, expectKB); !errors.Is(err, ErrKBHash) {
		t.Errorf("unknown algorithm: %v", err)
	}
}

// A payload that cannot be read is no reason to tell something else of the Key Binding JWT than what is wrong with it.
func TestKeyBindingBesideAnUnreadablePayload(t *testing.T) {
	for kb, want := range map[string]error{"": ErrKBMissing, "kb.kb.kb": ErrKBHash} {
		s, err := Parse("a.b.c~" + kb)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.VerifyKeyBinding(&newKey(t).PublicKey, expectKB); !errors.Is(err, want) {
			t.Errorf("%q: expected %v, got %v", kb, want, err)
		}
	}
}
