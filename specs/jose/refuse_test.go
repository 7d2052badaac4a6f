package jose

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"math/big"
	"strings"
	"testing"
)

// refusal is a JWS and why it is refused; want nil says that it is taken.
type refusal struct {
	rule  string
	in    string
	allow []string
	want  error
}

func refuse(t *testing.T, key *ecdsa.PrivateKey, tests []refusal) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			u, err := Parse(tt.in, Rules{Typ: "x+jwt", Allow: tt.allow})
			if err == nil {
				_, err = u.Verify(&key.PublicKey)
			}
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

// RFC 8725 sections 3.1 and 3.2.
func TestRefusesAlg(t *testing.T) {
	key := newKey(t, elliptic.P256())
	signed := func(header string) string { return rawJWS(t, key, header, `{}`) }
	refuse(t, key, []refusal{
		{rule: "ES256", in: signed(`{"alg":"ES256","typ":"x+jwt"}`)},
		{rule: "none", in: unsigned(`{"alg":"none","typ":"x+jwt"}`), want: ErrAlg},
		{rule: "None", in: unsigned(`{"alg":"None","typ":"x+jwt"}`), want: ErrAlg},
		{rule: "nOnE", in: unsigned(`{"alg":"nOnE","typ":"x+jwt"}`), want: ErrAlg},
		{rule: "empty", in: unsigned(`{"alg":"","typ":"x+jwt"}`), want: ErrAlg},
		{rule: "missing", in: signed(`{"typ":"x+jwt"}`), want: ErrAlg},
		{rule: "a number", in: signed(`{"alg":256,"typ":"x+jwt"}`), want: ErrJSON},
		{rule: "null", in: signed(`{"alg":null,"typ":"x+jwt"}`), want: ErrJSON},
		{rule: "small letters", in: signed(`{"alg":"es256","typ":"x+jwt"}`), want: ErrAlg},
		{rule: "HS256 with the public key", in: hs256(t, &key.PublicKey), want: ErrAlg},
		{rule: "RS256", in: signed(`{"alg":"RS256","typ":"x+jwt"}`), want: ErrAlg},
		{rule: "ES256K", in: signed(`{"alg":"ES256K","typ":"x+jwt"}`), want: ErrAlg},
		{rule: "not among the accepted", in: signed(`{"alg":"ES384","typ":"x+jwt"}`), want: ErrAlg},
	})
}

// RFC 7518 section 3.4.
func TestRefusesSignature(t *testing.T) {
	key := newKey(t, elliptic.P256())
	good := rawJWS(t, key, `{"alg":"ES256","typ":"x+jwt"}`, `{"a":1}`)
	other := rawJWS(t, key, `{"alg":"ES256","typ":"x+jwt"}`, `{"a":2}`)
	dot := strings.LastIndexByte(good, '.')
	sig, err := DecodeBase64URL(good[dot+1:])
	if err != nil {
		t.Fatal(err)
	}
	der, err := ecdsa.SignASN1(rand.Reader, key, digestOf(good[:dot]))
	if err != nil {
		t.Fatal(err)
	}
	with := func(parts ...[]byte) string {
		var all []byte
		for _, part := range parts {
			all = append(all, part...)
		}
		return good[:dot+1] + EncodeBase64URL(all)
	}
	order := elliptic.P256().Params().N.Bytes()
	zero := make([]byte, 32)
	refuse(t, key, []refusal{
		{rule: "good", in: with(sig)},
		{rule: "r and s zero", in: with(zero, zero), want: ErrSignature},
		{rule: "r zero", in: with(zero, sig[32:]), want: ErrSignature},
		{rule: "s zero", in: with(sig[:32], zero), want: ErrSignature},
		{rule: "r is the order", in: with(order, sig[32:]), want: ErrSignature},
		{rule: "s is the order", in: with(sig[:32], order), want: ErrSignature},
		{rule: "all bits set", in: with([]byte(strings.Repeat("\xff", 64))), want: ErrSignature},
		{rule: "63 bytes", in: with(sig[:63]), want: ErrSignature},
		{rule: "65 bytes", in: with(sig, zero[:1]), want: ErrSignature},
		{rule: "65 bytes, s with a leading zero", in: with(sig[:32], zero[:1], sig[32:]), want: ErrSignature},
		{rule: "96 bytes", in: with(sig, zero), want: ErrSignature},
		{rule: "empty", in: with(), want: ErrSignature},
		{rule: "in DER", in: with(der), want: ErrSignature},
		{rule: "of another payload", in: good[:dot] + other[strings.LastIndexByte(other, '.'):], want: ErrSignature},
		{rule: "one bit flipped", in: with(sig[:63], []byte{sig[63] ^ 1}), want: ErrSignature},
		{rule: "padding", in: good + "==", want: ErrEncoding},
		{rule: "trailing bits", in: good[:len(good)-1] + string(nextLetter(good[len(good)-1])), want: ErrEncoding},
	})
}

// crypto/ecdsa would refuse these too; the rule is ours all the same.
func TestSignatureHalfInRange(t *testing.T) {
	for _, s := range suites {
		below := new(big.Int).Sub(s.curve.Params().N, big.NewInt(1)).FillBytes(make([]byte, s.size))
		one := big.NewInt(1).FillBytes(make([]byte, s.size))
		if !s.inRange(one) || !s.inRange(below) || s.inRange(make([]byte, s.size)) || s.inRange(s.order) {
			t.Errorf("%s: the range is not 1 to n-1", s.alg)
		}
	}
}

// RFC 7515 sections 4.1 and 4.1.11; RFC 8725 sections 3.10 and 3.11.
func TestRefusesHeader(t *testing.T) {
	key := newKey(t, elliptic.P256())
	with := func(members string) string {
		return rawJWS(t, key, `{"alg":"ES256","typ":"x+jwt",`+members+`}`, `{}`)
	}
	whole := func(header string) string { return rawJWS(t, key, header, `{}`) }
	kid := []string{"kid"}
	refuse(t, key, []refusal{
		{rule: "kid allowed", in: with(`"kid":"a"`), allow: kid},
		{rule: "crit of an unknown name", in: with(`"crit":["x"],"x":1`), want: ErrCrit},
		{rule: "crit empty", in: with(`"crit":[]`), want: ErrCrit},
		{rule: "crit of a standard name", in: with(`"crit":["alg"]`), want: ErrCrit},
		{rule: "crit although allowed", in: with(`"crit":["exp"],"exp":1`), allow: []string{"crit", "exp"}, want: ErrCrit},
		{rule: "b64 false although allowed", in: with(`"b64":false`), allow: []string{"b64"}, want: ErrCrit},
		{rule: "b64 true", in: with(`"b64":true`), want: ErrCrit},
		{rule: "unknown member", in: with(`"x":1`), want: ErrHeader},
		{rule: "jku", in: with(`"jku":"https://a.example"`), allow: []string{"kid", "jwk", "x5c"}, want: ErrHeader},
		{rule: "x5u", in: with(`"x5u":"https://a.example"`), want: ErrHeader},
		{rule: "kid not allowed", in: with(`"kid":"../../a"`), want: ErrHeader},
		{rule: "jwk not allowed", in: with(`"jwk":` + rfc7515Key), allow: kid, want: ErrHeader},
		{rule: "x5c not allowed", in: with(`"x5c":["AAAA"]`), allow: kid, want: ErrHeader},
		{rule: "name in capitals", in: with(`"KID":"a"`), allow: kid, want: ErrHeader},
		{rule: "duplicate member", in: with(`"alg":"ES256"`), want: ErrJSON},
		{rule: "duplicate member, escaped", in: with(`"\u0061lg":"none"`), want: ErrJSON},
		{rule: "kid not a string", in: with(`"kid":["a"]`), allow: kid, want: ErrJSON},
		{rule: "typ missing", in: whole(`{"alg":"ES256"}`), want: ErrTyp},
		{rule: "typ of another kind", in: whole(`{"alg":"ES256","typ":"y+jwt"}`), want: ErrTyp},
		{rule: "typ in capitals", in: whole(`{"alg":"ES256","typ":"X+JWT"}`), want: ErrTyp},
		{rule: "typ with application/", in: whole(`{"alg":"ES256","typ":"application/x+jwt"}`), want: ErrTyp},
		{rule: "not an object", in: whole(`["alg"]`), want: ErrJSON},
		{rule: "empty", in: whole(``), want: ErrJSON},
		{rule: "not UTF-8", in: whole("{\"alg\":\"ES256\",\"typ\":\"\xff\"}"), want: ErrJSON},
	})
}

// RFC 7515 sections 4.1.3 and 4.1.6; RFC 8725 section 3.4.
func TestRefusesHeaderKeys(t *testing.T) {
	key := newKey(t, elliptic.P256())
	good := mustJSON(t, PublicJWK(&key.PublicKey))
	cert := base64.StdEncoding.EncodeToString(selfSigned(t, key).Raw)
	jwk := func(value string) string {
		return rawJWS(t, key, `{"alg":"ES256","typ":"x+jwt","jwk":`+value+`}`, `{}`)
	}
	x5c := func(value string) string {
		return rawJWS(t, key, `{"alg":"ES256","typ":"x+jwt","x5c":`+value+`}`, `{}`)
	}
	allow := []string{"jwk", "x5c"}
	zero := strings.Repeat("A", 43)
	refuse(t, key, []refusal{
		{rule: "jwk good", in: jwk(good), allow: allow},
		{rule: "jwk private", in: jwk(strings.Replace(good, "}", `,"d":"AA"}`, 1)), allow: allow, want: ErrKey},
		{rule: "jwk off the curve", in: jwk(`{"kty":"EC","crv":"P-256","x":"` + zero + `","y":"` + zero + `"}`), allow: allow, want: ErrKey},
		{rule: "jwk oct", in: jwk(`{"kty":"oct","k":"AA"}`), allow: allow, want: ErrKey},
		{rule: "jwk a string", in: jwk(`"key"`), allow: allow, want: ErrJSON},
		{rule: "x5c good", in: x5c(`["` + cert + `"]`), allow: allow},
		{rule: "x5c empty", in: x5c(`[]`), allow: allow, want: ErrHeader},
		{rule: "x5c a string", in: x5c(`"` + cert + `"`), allow: allow, want: ErrHeader},
		{rule: "x5c null", in: x5c(`null`), allow: allow, want: ErrHeader},
		{rule: "x5c null inside", in: x5c(`[null]`), allow: allow, want: ErrHeader},
		{rule: "x5c in base64url", in: x5c(`["-_-_"]`), allow: allow, want: ErrEncoding},
		{rule: "x5c with a line break", in: x5c(`["` + cert + `\n"]`), allow: allow, want: ErrEncoding},
		{rule: "x5c not a certificate", in: x5c(`["AAAA"]`), allow: allow, want: ErrHeader},
		{rule: "x5c of nine", in: x5c(`["` + strings.Repeat(cert+`","`, 8) + cert + `"]`), allow: allow, want: ErrHeader},
	})
}

// RFC 7515 section 7.1, and a payload that is a strict JSON object.
func TestRefusesForm(t *testing.T) {
	key := newKey(t, elliptic.P256())
	payload := func(text string) string { return rawJWS(t, key, `{"alg":"ES256","typ":"x+jwt"}`, text) }
	good := payload(`{"a":1}`)
	head, rest, _ := strings.Cut(good, ".")
	body, tail, _ := strings.Cut(rest, ".")
	refuse(t, key, []refusal{
		{rule: "good", in: good},
		{rule: "payload not JSON", in: payload(`hello`), want: ErrJSON},
		{rule: "payload not an object", in: payload(`[1]`), want: ErrJSON},
		{rule: "payload empty", in: payload(``), want: ErrJSON},
		{rule: "payload with a duplicate member", in: payload(`{"a":1,"a":2}`), want: ErrJSON},
		{rule: "payload with trailing data", in: payload(`{}{}`), want: ErrJSON},
		{rule: "payload 33 deep", in: payload(strings.Repeat(`{"a":`, 33) + "1" + strings.Repeat("}", 33)), want: ErrJSON},
		{rule: "padding in the header", in: head + "==." + rest, want: ErrEncoding},
		{rule: "line break", in: head + ".\n" + rest, want: ErrEncoding},
		{rule: "standard alphabet", in: "+" + good[1:], want: ErrEncoding},
		{rule: "empty", in: "", want: ErrMalformed},
		{rule: "two parts", in: head + "." + body, want: ErrMalformed},
		{rule: "four parts", in: good + ".", want: ErrMalformed},
		{rule: "five parts", in: "a.b.c.d.e", want: ErrMalformed},
		{rule: "JSON serialization", in: `{"protected":"` + head + `","payload":"` + body + `","signature":"` + tail + `"}`, want: ErrMalformed},
		{rule: "too large", in: payload(`{"a":"` + strings.Repeat("a", 64<<10) + `"}`), want: ErrTooLarge},
	})
}

func unsigned(header string) string {
	return EncodeBase64URL([]byte(header)) + ".e30."
}

func hs256(t *testing.T, pub *ecdsa.PublicKey) string {
	t.Helper()
	secret, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	input := EncodeBase64URL([]byte(`{"alg":"HS256","typ":"x+jwt"}`)) + ".e30"
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(input))
	return input + "." + EncodeBase64URL(mac.Sum(nil))
}

func digestOf(input string) []byte {
	sum := sha256.Sum256([]byte(input))
	return sum[:]
}

// nextLetter changes the lowest bit of a letter's value, which the last letter of
// 64 bytes does not use.
func nextLetter(c byte) byte {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return alphabet[strings.IndexByte(alphabet, c)^1]
}
