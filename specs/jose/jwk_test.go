package jose

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/lestrrat-go/jwx/v2/jwk"
)

// Keys of RFC 7515 appendix A.3.1 and OpenID4VP 1.0 section B.2.6.1.
const (
	rfc7515Key = `{"kty":"EC","crv":"P-256",` +
		`"x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`
	openID4VPKey = `{"kty":"EC","crv":"P-256","use":"enc","alg":"ECDH-ES","kid":"1",` +
		`"x":"DxiH5Q4Yx3UrukE2lWCErq8N8bqC9CHLLrAwLz5BmE0","y":"XtLM4-3h5o3HUH0MHVJV0kyq0iBlrBwlh8qEDMZ4-Pc"}`
	// The key of the proofs in RFC 9449; its thumbprint stands in section 6.1.
	rfc9449Key = `{"kty":"EC","crv":"P-256",` +
		`"x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"}`
)

func TestThumbprintVectors(t *testing.T) {
	sum := ThumbprintBytes(mustParseJWK(t, openID4VPKey))
	want := "4283ec927ae0f208daaa2d026a814f2b22dca52cf85ffa8f3f8626c6bd669047"
	if got := hex.EncodeToString(sum[:]); got != want {
		t.Errorf("OpenID4VP B.2.6.1: got %s, want %s", got, want)
	}
	want = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
	if got := Thumbprint(mustParseJWK(t, rfc9449Key)); got != want {
		t.Errorf("RFC 9449 section 6.1: got %s, want %s", got, want)
	}
}

func TestParseJWK(t *testing.T) {
	const x, y = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
	ec := func(members string) string { return `{"kty":"EC","crv":"P-256",` + members + `}` }
	xy := fmt.Sprintf(`"x":%q,"y":%q`, x, y)
	p := elliptic.P256().Params().P.Bytes()
	point, err := mustParseJWK(t, rfc7515Key).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	point = point[1:]
	tests := []struct {
		rule string
		in   string
		want error
	}{
		{"good", ec(xy), nil},
		{"good with further members", ec(xy + `,"kid":"k","use":"sig","alg":"ES256","key_ops":["verify"],"iat":1`), nil},
		{"private d", ec(xy + `,"d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"`), ErrKey},
		{"private d of another type", ec(xy + `,"d":null`), ErrKey},
		{"symmetric k", ec(xy + `,"k":"AAAA"`), ErrKey},
		{"oct", `{"kty":"oct","k":"AAAA"}`, ErrKey},
		{"RSA", `{"kty":"RSA","n":"AQAB","e":"AQAB"}`, ErrKey},
		{"OKP", `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`, ErrKey},
		{"kty missing", `{"crv":"P-256",` + xy + `}`, ErrKey},
		{"kty in small letters", `{"kty":"ec","crv":"P-256",` + xy + `}`, ErrKey},
		{"unknown curve", `{"kty":"EC","crv":"secp256k1",` + xy + `}`, ErrKey},
		{"P-224", `{"kty":"EC","crv":"P-224",` + xy + `}`, ErrKey},
		{"crv missing", `{"kty":"EC",` + xy + `}`, ErrKey},
		{"coordinates of another curve's length", `{"kty":"EC","crv":"P-384",` + xy + `}`, ErrKey},
		{"off the curve", ec(fmt.Sprintf(`"x":%q,"y":%q`, y, x)), ErrKey},
		{"zero point", ec(fmt.Sprintf(`"x":%q,"y":%q`, strings.Repeat("A", 43), strings.Repeat("A", 43))), ErrKey},
		{"x not below the field", ec(fmt.Sprintf(`"x":%q,"y":%q`, EncodeBase64URL(p), y)), ErrKey},
		{"x empty", ec(`"x":"","y":"` + y + `"`), ErrKey},
		{"x missing", ec(`"y":"` + y + `"`), ErrKey},
		{"y missing", ec(`"x":"` + x + `"`), ErrKey},
		{"x short", ec(`"x":"` + x[:42] + `","y":"` + y + `"`), ErrKey},
		{"x with a leading zero byte", ec(`"x":"` + EncodeBase64URL(append([]byte{0}, p...)) + `","y":"` + y + `"`), ErrKey},
		{"border between x and y moved", ec(fmt.Sprintf(`"x":%q,"y":%q`, EncodeBase64URL(point[:31]), EncodeBase64URL(point[31:]))), ErrKey},
		{"x padded", ec(`"x":"` + x + `=","y":"` + y + `"`), ErrKey},
		{"x with trailing bits", ec(`"x":"` + x[:42] + `V","y":"` + y + `"`), ErrKey},
		{"x with a line break", ec(`"x":"` + x + `\n","y":"` + y + `"`), ErrKey},
		{"x a number", ec(`"x":1,"y":"` + y + `"`), ErrJSON},
		{"kid a number", ec(xy + `,"kid":1`), ErrJSON},
		{"duplicate member", ec(xy + `,"x":"` + x + `"`), ErrJSON},
		{"duplicate member, escaped", ec(xy + `,"\u0078":"` + x + `"`), ErrJSON},
		{"not an object", `[]`, ErrJSON},
		{"null", `null`, ErrJSON},
		{"empty", ``, ErrJSON},
		{"trailing data", ec(xy) + `{}`, ErrJSON},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			k, pub, err := ParseJWK([]byte(tt.in))
			if !errors.Is(err, tt.want) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if tt.want == nil && (k.X != x || Thumbprint(pub) != Thumbprint(mustParseJWK(t, rfc7515Key))) {
				t.Error("another key came out")
			}
			if tt.want != nil && pub != nil {
				t.Error("a key came with the error")
			}
		})
	}
}

// A set may hold keys that we cannot use (OpenID4VP 1.0 section 8.3), but never
// private ones.
func TestJWKSInStruct(t *testing.T) {
	var set JWKS
	in := `{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"r"},` + openID4VPKey + `]}`
	if err := Unmarshal([]byte(in), &set); err != nil {
		t.Fatal(err)
	}
	if _, err := set.Keys[0].PublicKey(); !errors.Is(err, ErrKey) {
		t.Errorf("RSA key: got %v, want ErrKey", err)
	}
	if _, err := set.Keys[1].PublicKey(); err != nil {
		t.Error(err)
	}
	in = `{"keys":[{"kty":"EC","crv":"P-256","x":"","y":"","d":"AA"}]}`
	if err := Unmarshal([]byte(in), &set); !errors.Is(err, ErrKey) {
		t.Errorf("private key: got %v, want ErrKey", err)
	}
}

func TestJWKRoundTripAgainstJWX(t *testing.T) {
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		t.Run(curve.Params().Name, func(t *testing.T) {
			key := newKey(t, curve)
			raw, err := json.Marshal(PublicJWK(&key.PublicKey))
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := jwk.ParseKey(raw)
			if err != nil {
				t.Fatal(err)
			}
			var pub ecdsa.PublicKey
			if err := theirs.Raw(&pub); err != nil || !pub.Equal(&key.PublicKey) {
				t.Errorf("jwx reads another key: %v", err)
			}
			if back := mustParseJWK(t, mustJSON(t, theirs)); !back.Equal(&key.PublicKey) {
				t.Error("we read another key")
			}
		})
	}
}

func TestPublicJWKOfForeignKey(t *testing.T) {
	key := newKey(t, elliptic.P224())
	if got := PublicJWK(&key.PublicKey); got != (JWK{}) {
		t.Errorf("P-224: got %+v", got)
	}
	if _, err := (JWK{}).PublicKey(); !errors.Is(err, ErrKey) {
		t.Errorf("empty JWK: got %v, want ErrKey", err)
	}
}

func FuzzParseJWK(f *testing.F) {
	for _, seed := range []string{rfc7515Key, openID4VPKey, `{"kty":"oct","k":"AA"}`, `{"kty":"EC","crv":"P-521","x":"","y":""}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		_, pub, err := ParseJWK(raw)
		if err != nil {
			if !errors.Is(err, ErrJSON) && !errors.Is(err, ErrKey) {
				t.Errorf("no sentinel: %v", err)
			}
			return
		}
		if _, err := pub.ECDH(); err != nil {
			t.Errorf("off the curve: %v", err)
		}
		k := PublicJWK(pub)
		if back, err := k.PublicKey(); err != nil || !back.Equal(pub) {
			t.Errorf("does not round-trip: %v", err)
		}
	})
}
