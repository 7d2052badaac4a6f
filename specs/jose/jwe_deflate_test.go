package jose

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"strings"
	"testing"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwe"
)

func TestDeflatedRoundTrip(t *testing.T) {
	key := newKey(t, elliptic.P256())
	to := PublicJWK(&key.PublicKey)
	to.Kid = "k"
	keyOf := func(kid string) *ecdsa.PrivateKey {
		if kid != "k" {
			return nil
		}
		return key
	}
	text := []byte(strings.Repeat("lommebok ", 500))
	for _, enc := range bothEncs {
		plain, err := Encrypt(text, to, enc)
		if err != nil {
			t.Fatal(err)
		}
		small, err := EncryptDeflated(text, to, enc)
		if err != nil || len(small)*2 > len(plain) {
			t.Fatalf("%d bytes, %d uncompressed (%v)", len(small), len(plain), err)
		}
		for _, compact := range []string{plain, small} {
			if got, err := DecryptDeflated(compact, int64(len(text)), keyOf); err != nil || !bytes.Equal(got, text) {
				t.Errorf("%s: %v", enc, err)
			}
			if got, err := DecryptDeflated(compact, int64(len(text))-1, keyOf); err == nil || got != nil {
				t.Errorf("%s: one byte more than allowed is taken", enc)
			}
		}
		if _, err := DecryptDeflated(small, 1<<20, keyOf, otherThan(enc)); !errors.Is(err, ErrAlg) {
			t.Errorf("another enc: %v", err)
		}
		if _, err := Decrypt(small, key); !errors.Is(err, ErrHeader) {
			t.Errorf("zip where none is taken: %v", err)
		}
	}
}

func otherThan(enc Enc) Enc {
	if enc == A128GCM {
		return A256GCM
	}
	return A128GCM
}

// C15: what would inflate to more than the limit is stopped there, and not first inflated and then refused as too large.
func TestDeflatedRefuses(t *testing.T) {
	key := newKey(t, elliptic.P256())
	anyKid := func(string) *ecdsa.PrivateKey { return key }
	made := func(headers map[string]any, plaintext []byte, more ...jwe.EncryptOption) string {
		t.Helper()
		h := jwe.NewHeaders()
		for name, value := range headers {
			if err := h.Set(name, value); err != nil {
				t.Fatal(err)
			}
		}
		out, err := jwe.Encrypt(plaintext, append(more, jwe.WithKey(jwa.ECDH_ES, &key.PublicKey),
			jwe.WithContentEncryption(jwa.A128GCM), jwe.WithProtectedHeaders(h))...)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	good := made(map[string]any{"typ": "JWT", "cty": "json", "x": 1}, []byte("hi"))
	if got, err := DecryptDeflated(good, 2, anyKid); err != nil || string(got) != "hi" {
		t.Errorf("members that are not known (RFC 7516 section 4): %q, %v", got, err)
	}
	for cty, want := range map[string]error{"JWT": nil, "json": ErrHeader} {
		if _, err := Decrypt(made(map[string]any{"cty": cty}, []byte("hi")), key); !errors.Is(err, want) {
			t.Errorf("cty %s where no others are accepted: %v", cty, err)
		}
	}
	bomb := made(nil, make([]byte, 4<<20), jwe.WithCompress(jwa.Deflate))
	for name, c := range map[string]struct {
		compact string
		keyOf   func(string) *ecdsa.PrivateKey
		want    error
	}{
		"bomb":        {bomb, anyKid, ErrEncryption},
		"no key":      {good, func(string) *ecdsa.PrivateKey { return nil }, ErrKey},
		"another key": {good, func(string) *ecdsa.PrivateKey { return newKey(t, elliptic.P256()) }, ErrEncryption},
		"zip GZIP":    {zipNamed(t, bomb, "GZIP"), anyKid, ErrHeader},
		"crit":        {withHeader(t, good, `"crit":["x"],`), anyKid, ErrCrit},
		"zip added":   {withHeader(t, good, `"zip":"DEF",`), anyKid, ErrEncryption},
	} {
		if got, err := DecryptDeflated(c.compact, 256<<10, c.keyOf); !errors.Is(err, c.want) || got != nil {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func withHeader(t *testing.T, compact, members string) string {
	t.Helper()
	head, rest, _ := strings.Cut(compact, ".")
	raw, err := DecodeBase64URL(head)
	if err != nil {
		t.Fatal(err)
	}
	return EncodeBase64URL([]byte("{"+members+string(raw[1:]))) + "." + rest
}

func zipNamed(t *testing.T, compact, name string) string {
	t.Helper()
	head, rest, _ := strings.Cut(compact, ".")
	raw, err := DecodeBase64URL(head)
	if err != nil || !bytes.Contains(raw, []byte(`"zip":"DEF"`)) {
		t.Fatalf("%s %v", raw, err)
	}
	return EncodeBase64URL(bytes.Replace(raw, []byte("DEF"), []byte(name), 1)) + "." + rest
}
