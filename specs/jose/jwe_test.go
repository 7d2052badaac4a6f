package jose

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwe"
)

// foreignJWE was made by another library for foreignKey, in the form that a wallet answers in (OpenID4VP 1.0 section 8.3).
var foreignJWE, foreignKey = madeByJWX()

const foreignPlain = `{"vp_token":{"example_credential_id":["a~b~c"]}}`

func madeByJWX() (string, *ecdsa.PrivateKey) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	header := jwe.NewHeaders()
	if err := header.Set(jwe.KeyIDKey, "ac"); err != nil {
		panic(err)
	}
	made, err := jwe.Encrypt([]byte(foreignPlain), jwe.WithKey(jwa.ECDH_ES, &key.PublicKey),
		jwe.WithContentEncryption(jwa.A128GCM), jwe.WithProtectedHeaders(header))
	if err != nil {
		panic(err)
	}
	return string(made), key
}

func TestDecryptForeign(t *testing.T) {
	h, err := PeekJWE(foreignJWE)
	if err != nil || h != (JWEHeader{Alg: "ECDH-ES", Enc: "A128GCM", Kid: "ac"}) {
		t.Fatalf("header: %+v, %v", h, err)
	}
	got, err := Decrypt(foreignJWE, foreignKey, A128GCM, A256GCM)
	if err != nil || string(got) != foreignPlain {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestEncryptBothWays(t *testing.T) {
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		for _, enc := range []Enc{A128GCM, A256GCM} {
			t.Run(curve.Params().Name+" "+string(enc), func(t *testing.T) {
				key := newKey(t, curve)
				plain := []byte(`{"vp_token":{}}`)
				to := PublicJWK(&key.PublicKey)
				to.Kid, to.Alg = "k1", "ECDH-ES"
				ours, err := Encrypt(plain, to, enc)
				if err != nil {
					t.Fatal(err)
				}
				if h, err := PeekJWE(ours); err != nil || h != (JWEHeader{Alg: "ECDH-ES", Enc: string(enc), Kid: "k1"}) {
					t.Errorf("header: %+v, %v", h, err)
				}
				if got, err := jwe.Decrypt([]byte(ours), jwe.WithKey(jwa.ECDH_ES, key)); err != nil || !bytes.Equal(got, plain) {
					t.Errorf("jwx opens ours: %s, %v", got, err)
				}
				theirs, err := jwe.Encrypt(plain, jwe.WithKey(jwa.ECDH_ES, &key.PublicKey),
					jwe.WithContentEncryption(jwa.ContentEncryptionAlgorithm(enc)))
				if err != nil {
					t.Fatal(err)
				}
				if got, err := Decrypt(string(theirs), key, enc); err != nil || !bytes.Equal(got, plain) {
					t.Errorf("we open jwx's: %s, %v", got, err)
				}
			})
		}
	}
}

func TestEncryptRefuses(t *testing.T) {
	key := newKey(t, elliptic.P256())
	good := PublicJWK(&key.PublicKey)
	tests := []struct {
		rule   string
		change func(*JWK)
		enc    Enc
		want   error
	}{
		{"alg of the key is another", func(k *JWK) { k.Alg = "ECDH-ES+A256KW" }, A128GCM, ErrAlg},
		{"enc with CBC", func(*JWK) {}, "A128CBC-HS256", ErrAlg},
		{"enc empty", func(*JWK) {}, "", ErrAlg},
		{"key off the curve", func(k *JWK) { k.X = k.Y }, A128GCM, ErrKey},
		{"key of another kind", func(k *JWK) { k.Kty = "OKP" }, A128GCM, ErrKey},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			to := good
			tt.change(&to)
			if out, err := Encrypt([]byte("x"), to, tt.enc); !errors.Is(err, tt.want) || out != "" {
				t.Errorf("got %q, %v, want %v", out, err, tt.want)
			}
		})
	}
}

// changedFirst gives the text another first letter, whatever it is.
func changedFirst(text string) string {
	if text[0] == 'A' {
		return "B" + text[1:]
	}
	return "A" + text[1:]
}

func TestDecryptRefuses(t *testing.T) {
	key := foreignKey
	parts := strings.Split(foreignJWE, ".")
	raw, err := DecodeBase64URL(parts[0])
	if err != nil {
		t.Fatal(err)
	}
	header := string(raw)
	var shape struct {
		EPK JWK `json:"epk"`
	}
	if err := Unmarshal(raw, &shape); err != nil {
		t.Fatal(err)
	}
	x, y := shape.EPK.X, shape.EPK.Y
	withHeader := func(h string) string {
		return strings.Join(append([]string{EncodeBase64URL([]byte(h))}, parts[1:]...), ".")
	}
	replaced := func(old, put string) string {
		if !strings.Contains(header, old) {
			t.Fatalf("header has no %s: %s", old, header)
		}
		return withHeader(strings.Replace(header, old, put, 1))
	}
	added := func(members string) string { return replaced(`"enc":`, members+`,"enc":`) }
	withPart := func(i int, text string) string {
		changed := append([]string(nil), parts...)
		changed[i] = text
		return strings.Join(changed, ".")
	}
	bytesOf := func(n int) string { return EncodeBase64URL(make([]byte, n)) }
	p384 := mustJSON(t, PublicJWK(&newKey(t, elliptic.P384()).PublicKey))

	tests := []struct {
		rule    string
		in      string
		allowed []Enc
		want    error
	}{
		{"good", foreignJWE, nil, nil},
		{"enc not allowed here", foreignJWE, []Enc{A256GCM}, ErrAlg},

		{"zip", added(`"zip":"DEF"`), nil, ErrHeader},
		{"zip made by a library", zipped(t, key), nil, ErrHeader},
		{"crit", added(`"crit":["exp"],"exp":1`), nil, ErrCrit},
		{"crit empty", added(`"crit":[]`), nil, ErrCrit},
		{"unknown member", added(`"x":1`), nil, ErrHeader},
		{"jku", added(`"jku":"https://a.example"`), nil, ErrHeader},
		{"p2c", added(`"p2c":1000000000`), nil, ErrHeader},
		{"duplicate member", added(`"alg":"dir"`), nil, ErrJSON},
		{"PBES2", replaced("ECDH-ES", "PBES2-HS256+A128KW"), nil, ErrAlg},
		{"RSA1_5", replaced("ECDH-ES", "RSA1_5"), nil, ErrAlg},
		{"RSA-OAEP", replaced("ECDH-ES", "RSA-OAEP"), nil, ErrAlg},
		{"dir", replaced("ECDH-ES", "dir"), nil, ErrAlg},
		{"A128KW", replaced("ECDH-ES", "A128KW"), nil, ErrAlg},
		{"ECDH-ES with key wrap", replaced("ECDH-ES", "ECDH-ES+A128KW"), nil, ErrAlg},
		{"alg missing", replaced(`"alg":"ECDH-ES",`, ``), nil, ErrAlg},
		{"enc with CBC", replaced("A128GCM", "A128CBC-HS256"), nil, ErrAlg},
		{"enc A192GCM", replaced("A128GCM", "A192GCM"), nil, ErrAlg},
		{"enc missing", replaced(`"enc":"A128GCM",`, ``), nil, ErrAlg},
		{"enc of another key length", replaced("A128GCM", "A256GCM"), nil, ErrEncryption},
		{"epk off the curve", replaced(x, y), nil, ErrKey},
		{"epk zero", replaced(x, strings.Repeat("A", 43)), nil, ErrKey},
		{"epk on another curve", replaced(`{"crv":"P-256","kty":"EC","x":"`+x+`","y":"`+y+`"}`, p384), nil, ErrKey},
		{"epk with d", replaced(`"crv"`, `"d":"AA","crv"`), nil, ErrKey},
		{"epk OKP", replaced(`"kty":"EC"`, `"kty":"OKP"`), nil, ErrKey},
		{"epk missing", withHeader(`{"alg":"ECDH-ES","enc":"A128GCM"}`), nil, ErrHeader},
		{"epk a string", withHeader(`{"alg":"ECDH-ES","enc":"A128GCM","epk":"x"}`), nil, ErrJSON},
		{"kid a number", replaced(`"kid":"ac"`, `"kid":1`), nil, ErrJSON},
		{"apu not base64url", added(`"apu":"=="`), nil, ErrEncoding},
		{"apv a number", added(`"apv":1`), nil, ErrJSON},
		{"header changed", replaced(`"kid":"ac"`, `"kid":"ad"`), nil, ErrEncryption},
		{"apv added", added(`"apv":"Qm9i"`), nil, ErrEncryption},

		{"encrypted key not empty", withPart(1, "AAAA"), nil, ErrMalformed},
		{"initialization vector short", withPart(2, bytesOf(11)), nil, ErrMalformed},
		{"initialization vector long", withPart(2, bytesOf(16)), nil, ErrMalformed},
		{"tag short", withPart(4, bytesOf(12)), nil, ErrMalformed},
		{"tag empty", withPart(4, ""), nil, ErrMalformed},
		{"tag changed", withPart(4, bytesOf(16)), nil, ErrEncryption},
		{"ciphertext changed", withPart(3, changedFirst(parts[3])), nil, ErrEncryption},
		{"ciphertext empty", withPart(3, ""), nil, ErrEncryption},
		{"padding", foreignJWE + "==", nil, ErrEncoding},
		{"trailing bits", withPart(4, parts[4][:21]+"R"), nil, ErrEncoding},
		{"line break", withPart(3, parts[3]+"\n"), nil, ErrEncoding},
		{"header not JSON", withPart(0, "AAAA"), nil, ErrJSON},
		{"three parts", strings.Join(parts[:3], "."), nil, ErrMalformed},
		{"six parts", foreignJWE + ".", nil, ErrMalformed},
		{"JSON serialization", `{"protected":"","ciphertext":""}`, nil, ErrMalformed},
		{"empty", "", nil, ErrMalformed},
		{"too large", withPart(3, strings.Repeat("A", 1<<20)), nil, ErrTooLarge},
		{"dots alone", strings.Repeat(".", 1<<20), nil, ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			got, err := Decrypt(tt.in, key, tt.allowed...)
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if tt.want != nil && got != nil {
				t.Error("a plaintext came with the error")
			}
		})
	}
	if _, err := Decrypt(foreignJWE, newKey(t, elliptic.P256())); !errors.Is(err, ErrEncryption) {
		t.Errorf("another key: got %v", err)
	}
	if _, err := Decrypt(foreignJWE, nil); !errors.Is(err, ErrKey) {
		t.Errorf("no key: got %v", err)
	}
}

// zipped is a small JWE that inflates to much, as jwx makes it.
func zipped(t *testing.T, key *ecdsa.PrivateKey) string {
	t.Helper()
	out, err := jwe.Encrypt(bytes.Repeat([]byte{' '}, 1<<20), jwe.WithKey(jwa.ECDH_ES, &key.PublicKey),
		jwe.WithContentEncryption(jwa.A128GCM), jwe.WithCompress(jwa.Deflate))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func FuzzDecryptHeader(f *testing.F) {
	key := foreignKey
	head, rest, _ := strings.Cut(foreignJWE, ".")
	raw, err := DecodeBase64URL(head)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte(`{"alg":"dir","enc":"A128GCM"}`))
	f.Add([]byte(`{"alg":"ECDH-ES","enc":"A256GCM","epk":` + rfc7515Key + `,"apu":"QQ","apv":"Qg"}`))
	f.Add([]byte(`{"alg":"ECDH-ES","enc":"A128GCM","zip":"DEF"}`))
	f.Fuzz(func(t *testing.T, header []byte) {
		compact := EncodeBase64URL(header) + "." + rest
		if _, err := Decrypt(compact, key); err == nil && !bytes.Equal(header, raw) {
			t.Errorf("opened under another header: %s", header)
		}
		h, err := PeekJWE(compact)
		if err == nil && (h.Alg != algECDHES || h.Enc != string(A128GCM) && h.Enc != string(A256GCM)) {
			t.Errorf("accepted %+v", h)
		}
	})
}
