package openid4vci

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"lommebok.example/specs/jose"
)

const issuerID = "https://issuer.example/tenant"

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func newKey(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// sign makes a JWS of any header and payload, also those that specs/jose would not.
func sign(t testing.TB, key *ecdsa.PrivateKey, header, payload string) string {
	t.Helper()
	input := jose.EncodeBase64URL([]byte(header)) + "." + jose.EncodeBase64URL([]byte(payload))
	sum := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	sig := make([]byte, 64)
	r.FillBytes(sig[:32])
	s.FillBytes(sig[32:])
	return input + "." + jose.EncodeBase64URL(sig)
}

func jwkText(t testing.TB, key *ecdsa.PrivateKey) string {
	t.Helper()
	raw, err := json.Marshal(jose.PublicJWK(&key.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestSignProofVerifies(t *testing.T) {
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		key := newKey(t, curve)
		jwt, err := SignProof(key, issuerID, "n-1", "wallet", now)
		if err != nil {
			t.Fatal(err)
		}
		e := ProofExpect{Audience: issuerID, At: now, ClientID: "wallet", Algs: []jose.Alg{jose.ES256, jose.ES384, jose.ES512}}
		p, err := VerifyProof(jwt, e)
		if err != nil || !p.Key.Equal(&key.PublicKey) || p.Nonce != "n-1" || !p.IssuedAt.Equal(now) {
			t.Fatalf("%s: %+v, %v", curve.Params().Name, p, err)
		}
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := SignProof(rsaKey, issuerID, "n", "", now); !errors.Is(err, ErrProofKey) {
		t.Errorf("an RSA key gives %v", err)
	}
	if _, err := SignProof(newKey(t, elliptic.P224()), issuerID, "n", "", now); !errors.Is(err, ErrProofKey) {
		t.Errorf("a P-224 key gives %v", err)
	}
}

func TestAppendixF4Header(t *testing.T) {
	key, other := newKey(t, elliptic.P256()), newKey(t, elliptic.P256())
	jwk := jwkText(t, key)
	head := func(rest string) string { return `{"alg":"ES256","typ":"openid4vci-proof+jwt",` + rest + `}` }
	private := strings.TrimSuffix(jwk, "}") + `,"d":"AA"}`
	cases := []struct {
		name, header string
		want         error // nil: accepted
	}{
		{"jwk", head(`"jwk":` + jwk), nil},
		{"no typ", `{"alg":"ES256","jwk":` + jwk + `}`, jose.ErrTyp},
		{"typ JWT", `{"alg":"ES256","typ":"JWT","jwk":` + jwk + `}`, jose.ErrTyp},
		{"typ in another case", `{"alg":"ES256","typ":"OpenID4VCI-proof+jwt","jwk":` + jwk + `}`, jose.ErrTyp},
		{"alg none", `{"alg":"none","typ":"openid4vci-proof+jwt","jwk":` + jwk + `}`, jose.ErrAlg},
		{"alg HS256", `{"alg":"HS256","typ":"openid4vci-proof+jwt","jwk":` + jwk + `}`, jose.ErrAlg},
		{"alg not in the list", `{"alg":"ES384","typ":"openid4vci-proof+jwt","jwk":` + jwk + `}`, jose.ErrAlg},
		{"no key", `{"alg":"ES256","typ":"openid4vci-proof+jwt"}`, ErrProofKey},
		{"kid alone", head(`"kid":"1"`), ErrProofKey},
		{"jwk and kid", head(`"kid":"1","jwk":` + jwk), ErrProofKey},
		{"private key", head(`"jwk":` + private), jose.ErrKey},
		{"symmetric key", head(`"jwk":{"kty":"oct","k":"AA"}`), jose.ErrKey},
		{"another key", head(`"jwk":` + jwkText(t, other)), jose.ErrSignature},
		{"crit", head(`"crit":["x"],"x":1,"jwk":` + jwk), jose.ErrCrit},
		{"key_attestation", head(`"key_attestation":"e30.e30.AA","jwk":` + jwk), ErrKeyAttestation},
		{"trust_chain", head(`"trust_chain":["x"],"jwk":` + jwk), jose.ErrHeader},
		{"jku", head(`"jku":"https://x.example","jwk":` + jwk), jose.ErrHeader},
	}
	payload := fmt.Sprintf(`{"aud":%q,"iat":%d,"nonce":"n"}`, issuerID, now.Unix())
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := VerifyProof(sign(t, key, c.header, payload), ProofExpect{Audience: issuerID, At: now})
			checkRefusal(t, err, InvalidProof, c.want)
		})
	}
}

// checkRefusal tests that err has the reason and the code, and a description that
// section 8.3.1.2 allows.
func checkRefusal(t *testing.T, err error, code string, want error) {
	t.Helper()
	if want == nil {
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	var refusal *Error
	if !errors.As(err, &refusal) || !errors.Is(err, want) || refusal.Code != code {
		t.Fatalf("got %v, want %s with %v", err, code, want)
	}
	if refusal.Description == "" || strings.ContainsFunc(refusal.Description, func(r rune) bool {
		return r < ' ' || r > '~' || r == '"' || r == '\\'
	}) {
		t.Fatalf("the description %q is not allowed", refusal.Description)
	}
}

func TestAppendixF1Claims(t *testing.T) {
	key := newKey(t, elliptic.P256())
	header := `{"alg":"ES256","typ":"openid4vci-proof+jwt","jwk":` + jwkText(t, key) + `}`
	at := now.Unix()
	claims := func(rest string) string {
		return fmt.Sprintf(`{"aud":%q,"iat":%d,"nonce":"n"%s}`, issuerID, at, rest)
	}
	aged := func(seconds int64) string {
		return fmt.Sprintf(`{"aud":%q,"iat":%d,"nonce":"n"}`, issuerID, at+seconds)
	}
	anonymous := ProofExpect{Audience: issuerID, At: now, ClientID: "wallet", Anonymous: true}
	client := ProofExpect{Audience: issuerID, At: now, ClientID: "wallet"}
	short := ProofExpect{Audience: issuerID, At: now, MaxAge: time.Second, MaxSkew: 2 * time.Second}
	cases := []struct {
		name, payload string
		e             ProofExpect
		want          error // nil: accepted
	}{
		{"no iss", claims(``), client, nil},
		{"iss is the client", claims(`,"iss":"wallet"`), client, nil},
		{"iss is another client", claims(`,"iss":"other"`), client, ErrProofIssuer},
		{"iss empty", claims(`,"iss":""`), client, ErrProofIssuer},
		{"iss empty, no client", claims(`,"iss":""`), short, ErrProofIssuer},
		{"iss a number", claims(`,"iss":1`), client, ErrProof},
		{"iss after anonymous access", claims(`,"iss":"wallet"`), anonymous, ErrProofIssuer},
		{"no iss after anonymous access", claims(``), anonymous, nil},
		{"no aud", fmt.Sprintf(`{"iat":%d,"nonce":"n"}`, at), client, ErrProofAudience},
		{"aud with a slash more", fmt.Sprintf(`{"aud":"%s/","iat":%d,"nonce":"n"}`, issuerID, at), client, ErrProofAudience},
		{"aud as array", fmt.Sprintf(`{"aud":[%q],"iat":%d,"nonce":"n"}`, issuerID, at), client, ErrProof},
		{"aud empty, none expected", fmt.Sprintf(`{"aud":"","iat":%d,"nonce":"n"}`, at), ProofExpect{At: now}, ErrProofAudience},
		{"no nonce", fmt.Sprintf(`{"aud":%q,"iat":%d}`, issuerID, at), client, ErrNonceMissing},
		{"nonce empty", fmt.Sprintf(`{"aud":%q,"iat":%d,"nonce":""}`, issuerID, at), client, ErrNonceMissing},
		{"nonce null", fmt.Sprintf(`{"aud":%q,"iat":%d,"nonce":null}`, issuerID, at), client, ErrNonceMissing},
		{"nonce a number", fmt.Sprintf(`{"aud":%q,"iat":%d,"nonce":1}`, issuerID, at), client, ErrProof},
		{"no iat", fmt.Sprintf(`{"aud":%q,"nonce":"n"}`, issuerID), client, ErrProofTime},
		{"iat a string", fmt.Sprintf(`{"aud":%q,"iat":"%d","nonce":"n"}`, issuerID, at), client, ErrProof},
		{"iat with a fraction", fmt.Sprintf(`{"aud":%q,"iat":%d.5,"nonce":"n"}`, issuerID, at), client, nil},
		{"iat 5 minutes ago", aged(-300), client, nil},
		{"iat 5 minutes and a second ago", aged(-301), client, ErrProofTime},
		{"iat in a minute", aged(60), client, nil},
		{"iat in a minute and a second", aged(61), client, ErrProofTime},
		{"iat far away", fmt.Sprintf(`{"aud":%q,"iat":1e300,"nonce":"n"}`, issuerID), client, ErrProofTime},
		{"own window, kept", aged(-1), short, nil},
		{"own window, too old", aged(-2), short, ErrProofTime},
		{"own window, too far ahead", aged(3), short, ErrProofTime},
		{"exp passed", claims(fmt.Sprintf(`,"exp":%d`, at-61)), client, ErrProofTime},
		{"exp to come", claims(fmt.Sprintf(`,"exp":%d`, at+1)), client, nil},
		{"nbf to come", claims(fmt.Sprintf(`,"nbf":%d`, at+61)), client, ErrProofTime},
		{"unknown claims", claims(`,"x":{"y":1}`), client, nil},
		{"a claim twice", claims(`,"nonce":"m"`), client, ErrProof},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := VerifyProof(sign(t, key, header, c.payload), c.e)
			checkRefusal(t, err, InvalidProof, c.want)
		})
	}
}

func TestAppendixD1KeyAttestationInTheHeader(t *testing.T) {
	first, second, other := newKey(t, elliptic.P256()), newKey(t, elliptic.P256()), newKey(t, elliptic.P256())
	payload := fmt.Sprintf(`{"aud":%q,"iat":%d,"nonce":"n"}`, issuerID, now.Unix())
	e := ProofExpect{Audience: issuerID, At: now, Attested: func(jwt string) ([]*ecdsa.PublicKey, error) {
		if jwt != "a.b.c" {
			return nil, errors.New("another")
		}
		return []*ecdsa.PublicKey{&first.PublicKey, &second.PublicKey}, nil
	}}
	ts3 := e
	ts3.FirstSigns = true
	of := func(member string) string {
		return `{"alg":"ES256","typ":"openid4vci-proof+jwt",` + member + `"key_attestation":`
	}
	jwk := func(key *ecdsa.PrivateKey) string { return of(`"jwk":` + jwkText(t, key) + `,`) }
	cases := []struct {
		name   string
		key    *ecdsa.PrivateKey
		header string
		e      ProofExpect
		want   error
	}{
		{"jwk, the first", first, jwk(first) + `"a.b.c"}`, ts3, nil},
		{"TS3: no jwk, the first signs", first, of("") + `"a.b.c"}`, ts3, nil},
		{"F.1: kid of the example", first, of(`"kid":"0",`) + `"a.b.c"}`, e, nil},
		{"D.1: jwk, the second", second, jwk(second) + `"a.b.c"}`, e, nil},
		{"TS3: jwk, the second", second, jwk(second) + `"a.b.c"}`, ts3, ErrNotAttested},
		{"D.1: a key that is not attested", other, jwk(other) + `"a.b.c"}`, e, ErrNotAttested},
		{"no jwk, the second signs", second, of("") + `"a.b.c"}`, e, ErrProof},
		{"jwk of the first, another signs", other, jwk(first) + `"a.b.c"}`, e, ErrProof},
		{"kid and jwk", first, of(`"kid":"0","jwk":`+jwkText(t, first)+`,`) + `"a.b.c"}`, e, ErrProofKey},
		{"an object", first, jwk(first) + `{}}`, e, ErrKeyAttestation},
		{"empty", first, jwk(first) + `""}`, e, ErrKeyAttestation},
		{"null", first, jwk(first) + `null}`, e, ErrKeyAttestation},
		{"a number", first, jwk(first) + `1}`, e, ErrKeyAttestation},
		{"not supported", first, jwk(first) + `"a.b.c"}`, ProofExpect{Audience: issuerID, At: now}, ErrKeyAttestation},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p, err := VerifyProof(sign(t, c.key, c.header, payload), c.e)
			checkRefusal(t, err, InvalidProof, c.want)
			if err == nil && (!p.Key.Equal(&c.key.PublicKey) || len(p.Attested) != 2 || p.KeyAttestation != "a.b.c") {
				t.Errorf("%+v", p)
			}
		})
	}
	if _, err := VerifyProof(sign(t, first, jwk(first)+`"x"}`, payload), e); err == nil || err.Error() != "another" {
		t.Errorf("the error of Attested: %v", err)
	}
	jwt, err := SignAttestedProof(first, "a.b.c", issuerID, "n", "", now)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := VerifyProof(jwt, ts3); err != nil || !p.Key.Equal(&first.PublicKey) {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestSection83EachKeyOnce(t *testing.T) {
	first, second := newKey(t, elliptic.P256()), newKey(t, elliptic.P256())
	proof := func(key *ecdsa.PrivateKey, at time.Time) string {
		jwt, err := SignProof(key, issuerID, "n", "", at)
		if err != nil {
			t.Fatal(err)
		}
		return jwt
	}
	e := ProofExpect{Audience: issuerID, At: now}
	got, err := VerifyProofs([]string{proof(first, now), proof(second, now)}, e)
	if err != nil || len(got) != 2 || !got[1].Key.Equal(&second.PublicKey) {
		t.Fatalf("%v, %v", got, err)
	}
	_, err = VerifyProofs([]string{proof(first, now), proof(second, now), proof(first, now.Add(-time.Second))}, e)
	checkRefusal(t, err, InvalidProof, ErrProofReused)
	_, err = VerifyProofs([]string{proof(first, now), proof(second, now.Add(-time.Hour))}, e)
	checkRefusal(t, err, InvalidProof, ErrProofTime)
}

func FuzzVerifyProof(f *testing.F) {
	f.Add("e30.e30.AA")
	key := newKey(f, elliptic.P256())
	good, err := SignProof(key, issuerID, "n-1", "", now)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(sign(f, key, `{"alg":"ES256","typ":"openid4vci-proof+jwt","jwk":`+jwkText(f, key)+`}`, `{}`))
	e := ProofExpect{Audience: issuerID, At: now}
	f.Fuzz(func(t *testing.T, jwt string) {
		p, err := VerifyProof(jwt, e)
		if err == nil && (p.Key == nil || p.Nonce == "") {
			t.Fatalf("got %+v", p)
		}
		// The signature covers all but itself.
		if err == nil && p.Key.Equal(&key.PublicKey) && !strings.HasPrefix(good, jwt[:strings.LastIndexByte(jwt, '.')]) {
			t.Fatalf("accepted %q", jwt)
		}
	})
}
