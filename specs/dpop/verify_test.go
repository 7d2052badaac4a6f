package dpop

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"lommebok.example/specs/jose"
)

// The proofs of RFC 9449, figures 2 and 13.
const (
	rfcHeader = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0Rs" +
		"cEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19"
	rfcTokenProof = rfcHeader +
		".eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ" +
		".2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
	rfcResourceProof = rfcHeader +
		".eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIs" +
		"ImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9" +
		".2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
	rfcAccessToken = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
	rfcJKT         = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
)

func TestVerifyRFC9449(t *testing.T) {
	tests := []struct {
		figure, proof, jti string
		e                  Expect
	}{
		{"figure 2", rfcTokenProof, "-BwC3ESc6acc2lTc", Expect{
			Method: "POST", URL: "https://server.example.com/token", At: time.Unix(1562262616, 0)}},
		{"figure 13", rfcResourceProof, "e1j3V_bKic8-LAEB", Expect{
			Method: "GET", URL: "https://resource.example.org/protectedresource", At: time.Unix(1562262618, 0),
			AccessToken: rfcAccessToken, JKT: rfcJKT}},
	}
	for _, tt := range tests {
		t.Run(tt.figure, func(t *testing.T) {
			p, err := Verify(http.Header{"Dpop": {tt.proof}}, tt.e)
			if err != nil {
				t.Fatal(err)
			}
			if p.JTI != tt.jti || p.JKT != rfcJKT || !p.IssuedAt.Equal(tt.e.At) || p.HTM != tt.e.Method || p.HTU != tt.e.URL {
				t.Errorf("got %+v", p)
			}
		})
	}
}

var now = time.Unix(1_790_000_000, 0)

const target = "https://as.example/token"

func newKey(tb testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// sign makes any proof, right or wrong.
func sign(tb testing.TB, key *ecdsa.PrivateKey, header, payload any) string {
	tb.Helper()
	encode := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			tb.Fatal(err)
		}
		return jose.EncodeBase64URL(b)
	}
	input := encode(header) + "." + encode(payload)
	sum := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		tb.Fatal(err)
	}
	return input + "." + jose.EncodeBase64URL(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

type object = map[string]any

func with(base object, changes object) object {
	changed := maps.Clone(base)
	for name, value := range changes {
		if value == nil {
			delete(changed, name)
		} else {
			changed[name] = value
		}
	}
	return changed
}

func TestVerifyRefuses(t *testing.T) {
	key, other := newKey(t, elliptic.P256()), newKey(t, elliptic.P256())
	jwk := jose.PublicJWK(&key.PublicKey)
	head := object{"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}
	body := object{"jti": "a", "htm": "POST", "htu": target, "iat": now.Unix()}
	good := sign(t, key, head, body)
	header := func(changes object) []string { return []string{sign(t, key, with(head, changes), body)} }
	claims := func(changes object) []string { return []string{sign(t, key, head, with(body, changes))} }
	iat := func(seconds float64) []string { return claims(object{"iat": float64(now.Unix()) + seconds}) }
	private := object{"kty": jwk.Kty, "crv": jwk.Crv, "x": jwk.X, "y": jwk.Y, "d": "AA"}
	parts := strings.Split(good, ".")
	const token = "the-access-token"

	tests := []struct {
		rule   string
		proofs []string
		e      Expect
		want   error
	}{
		{"good", []string{good}, Expect{}, nil},
		{"no header", nil, Expect{}, ErrMissing},
		{"two headers", []string{good, good}, Expect{}, ErrMultiple},
		{"two proofs in one header", []string{good + ", " + good}, Expect{}, ErrProof},
		{"empty header", []string{""}, Expect{}, ErrProof},
		{"JSON serialization", []string{`{"protected":"` + parts[0] + `","payload":"` + parts[1] + `","signature":"` + parts[2] + `"}`}, Expect{}, ErrProof},
		{"2 MB", claims(object{"x": strings.Repeat("x", 2<<20)}), Expect{}, ErrProof},

		{"typ JWT", header(object{"typ": "JWT"}), Expect{}, ErrProof},
		{"typ missing", header(object{"typ": nil}), Expect{}, ErrProof},
		{"alg none", []string{jose.EncodeBase64URL([]byte(`{"typ":"dpop+jwt","alg":"none"}`)) + "." + parts[1] + "."}, Expect{}, ErrProof},
		{"alg HS256", []string{hs256(t, jwk, parts[1])}, Expect{}, ErrProof},
		{"alg ES384 when not offered", header(object{"alg": "ES384"}), Expect{}, ErrProof},
		{"alg of another curve", header(object{"alg": "ES384"}), Expect{Algs: []jose.Alg{jose.ES256, jose.ES384}}, ErrProof},
		{"jwk missing", header(object{"jwk": nil}), Expect{}, ErrProof},
		{"jwk private", header(object{"jwk": private}), Expect{}, ErrProof},
		{"jwk symmetric", header(object{"jwk": object{"kty": "oct", "k": "AA"}}), Expect{}, ErrProof},
		{"jwk off the curve", header(object{"jwk": with(private, object{"d": nil, "x": jwk.Y})}), Expect{}, ErrProof},
		{"jwk of another key", header(object{"jwk": jose.PublicJWK(&other.PublicKey)}), Expect{}, ErrSignature},
		{"kid beside jwk", header(object{"kid": "a"}), Expect{}, ErrProof},
		{"crit", header(object{"crit": []string{"exp"}}), Expect{}, ErrProof},
		{"bad signature", []string{parts[0] + "." + parts[1] + "." + strings.Repeat("A", 85) + "Q"}, Expect{}, ErrSignature},
		{"signature zero", []string{parts[0] + "." + parts[1] + "." + strings.Repeat("A", 86)}, Expect{}, ErrSignature},

		{"htm of another method", claims(object{"htm": "GET"}), Expect{}, ErrMethod},
		{"htm in small letters", claims(object{"htm": "post"}), Expect{}, ErrMethod},
		{"htm missing", claims(object{"htm": nil}), Expect{}, ErrMethod},
		{"htu of another endpoint", claims(object{"htu": "https://as.example/par"}), Expect{}, ErrURL},
		{"htu missing", claims(object{"htu": nil}), Expect{}, ErrURL},
		{"htu a number", claims(object{"htu": 1}), Expect{}, ErrProof},

		{"jti missing", claims(object{"jti": nil}), Expect{}, ErrJTI},
		{"jti empty", claims(object{"jti": ""}), Expect{}, ErrJTI},
		{"jti of 128 bytes", claims(object{"jti": strings.Repeat("j", 128)}), Expect{}, nil},
		{"jti of 129 bytes", claims(object{"jti": strings.Repeat("j", 129)}), Expect{}, ErrJTI},
		{"jti a number", claims(object{"jti": 1}), Expect{}, ErrProof},

		{"iat 60 s ago", iat(-60), Expect{}, nil},
		{"iat 61 s ago", iat(-61), Expect{}, ErrExpired},
		{"iat 10 s ahead", iat(10), Expect{}, nil},
		{"iat 11 s ahead", iat(11), Expect{}, ErrFuture},
		{"iat 61 s ahead", iat(61), Expect{}, ErrFuture},
		{"iat with a fraction", iat(-59.5), Expect{}, nil},
		{"iat with a fraction, too old", iat(-60.5), Expect{}, ErrExpired},
		{"iat 119 s ago with more time", iat(-119), Expect{MaxAge: 2 * time.Minute}, nil},
		{"iat 30 s ahead with more skew", iat(30), Expect{MaxSkew: 30 * time.Second}, nil},
		{"iat missing", claims(object{"iat": nil}), Expect{}, ErrProof},
		{"iat null", []string{sign(t, key, head, json.RawMessage(`{"jti":"a","htm":"POST","htu":"`+target+`","iat":null}`))}, Expect{}, ErrProof},
		{"iat text", claims(object{"iat": "1790000000"}), Expect{}, ErrProof},
		{"iat beyond time", claims(object{"iat": 1e300}), Expect{}, ErrProof},
		{"iat before time", claims(object{"iat": -1e300}), Expect{}, ErrProof},
		{"iat zero", claims(object{"iat": 0}), Expect{}, ErrExpired},

		{"ath right", claims(object{"ath": tokenHash(token)}), Expect{AccessToken: token}, nil},
		{"ath missing", []string{good}, Expect{AccessToken: token}, ErrATH},
		{"ath of another token", claims(object{"ath": tokenHash("x")}), Expect{AccessToken: token}, ErrATH},
		{"ath padded", claims(object{"ath": tokenHash(token) + "="}), Expect{AccessToken: token}, ErrATH},
		{"by the key expected", []string{good}, Expect{JKT: jose.Thumbprint(&key.PublicKey)}, nil},
		{"by another key than expected", []string{good}, Expect{JKT: jose.Thumbprint(&other.PublicKey)}, ErrKey},

		{"member twice by case", []string{sign(t, key, head, with(body, object{"JTI": "b"}))}, Expect{}, ErrProof},
		{"further claims", claims(object{"x": 1, "nonce": "n"}), Expect{}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			tt.e.Method, tt.e.URL, tt.e.At = "POST", target, now
			p, err := Verify(http.Header{"Dpop": tt.proofs}, tt.e)
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if (p == nil) != (tt.want != nil) {
				t.Errorf("proof %v with %v", p, err)
			}
		})
	}
}

func hs256(t *testing.T, jwk jose.JWK, payload string) string {
	t.Helper()
	header, err := json.Marshal(object{"typ": "dpop+jwt", "alg": "HS256", "jwk": jwk})
	if err != nil {
		t.Fatal(err)
	}
	input := jose.EncodeBase64URL(header) + "." + payload
	mac := hmac.New(sha256.New, []byte(jwk.X))
	mac.Write([]byte(input))
	return input + "." + jose.EncodeBase64URL(mac.Sum(nil))
}

// RFC 9449 section 4.3; RFC 3986 sections 6.2.2 and 6.2.3.
func TestSameTarget(t *testing.T) {
	tests := []struct {
		rule, htu, url string
		ok             bool
	}{
		{"equal", "https://h.example/a", "https://h.example/a", true},
		{"query set aside", "https://h.example/a?b=c", "https://h.example/a?d=e", true},
		{"fragment set aside", "https://h.example/a#x", "https://h.example/a", true},
		{"scheme and host in capitals", "HTTPS://H.Example/a", "https://h.example/a", true},
		{"port of https", "https://h.example:443/a", "https://h.example/a", true},
		{"port of http", "http://h.example/a", "http://h.example:80/a", true},
		{"empty path", "https://h.example", "https://h.example/", true},
		{"other port", "http://localhost:8080/a", "http://localhost:8080/a", true},
		{"path in capitals", "https://h.example/A", "https://h.example/a", false},
		{"other path", "https://h.example/b", "https://h.example/a", false},
		{"longer path", "https://h.example/a/b", "https://h.example/a", false},
		{"slash at the end", "https://h.example/a/", "https://h.example/a", false},
		{"other host", "https://evil.example/a", "https://h.example/a", false},
		{"host as user", "https://h.example@evil.example/a", "https://h.example/a", false},
		{"user", "https://u@h.example/a", "https://h.example/a", false},
		{"port of the other scheme", "https://h.example:80/a", "https://h.example/a", false},
		{"other scheme", "http://h.example/a", "https://h.example/a", false},
		{"port missing", "http://localhost/a", "http://localhost:8080/a", false},
		{"escaped slash", "https://h.example/a%2Fb", "https://h.example/a/b", false},
		{"dot segments", "https://h.example/x/../a", "https://h.example/a", false},
		{"relative", "/a", "https://h.example/a", false},
		{"no scheme", "//h.example/a", "https://h.example/a", false},
		{"another kind of URL", "urn:a", "urn:a", false},
		{"empty", "", "https://h.example/", false},
		{"not a URL", "https://h.example/%zz", "https://h.example/a", false},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			err := sameTarget(tt.htu, tt.url)
			if tt.ok != (err == nil) || !tt.ok && !errors.Is(err, ErrURL) {
				t.Errorf("got %v, want ok=%v", err, tt.ok)
			}
		})
	}
}

func FuzzVerify(f *testing.F) {
	key := newKey(f, elliptic.P256())
	head := object{"typ": "dpop+jwt", "alg": "ES256", "jwk": jose.PublicJWK(&key.PublicKey)}
	f.Add(sign(f, key, head, object{"jti": "a", "htm": "POST", "htu": target, "iat": now.Unix()}))
	f.Add(rfcTokenProof)
	f.Add(rfcResourceProof)
	f.Add("..")
	sentinels := []error{ErrProof, ErrSignature, ErrMethod, ErrURL, ErrExpired, ErrFuture, ErrJTI}
	f.Fuzz(func(t *testing.T, compact string) {
		p, err := Verify(http.Header{"Dpop": {compact}}, Expect{Method: "POST", URL: target, At: now})
		if err == nil {
			if p.JKT != jose.Thumbprint(p.Key) || p.JTI == "" {
				t.Errorf("taken: %+v", p)
			}
			return
		}
		for _, sentinel := range sentinels {
			if errors.Is(err, sentinel) {
				return
			}
		}
		t.Errorf("no sentinel: %v", err)
	})
}
