package transaction

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"lommebok.example/specs/cose"
	"lommebok.example/specs/dpop"
	"lommebok.example/specs/sdjwt"
	"lommebok.example/web/webtest/leak"
)

const (
	person = "12865398148" // a valid synthetic number
	secret = "q7Zr2mXc0TtJkVb5sWnLdYhPf8GaEuIoRi3K1xN4vMw"
)

func masked(t *testing.T, body string) string {
	t.Helper()
	return bodyPart(newMask(), "application/json", &captured{kept: []byte(body), total: len(body)}).Text
}

// What is not in the table is hidden, and of what is, no more than it says.
func TestWhatIsKept(t *testing.T) {
	for rule, c := range map[string]struct{ in, has, lacks string }{
		"a token shows six characters":                     {`{"access_token":"` + secret + `"}`, `"q7Zr2m… (43 characters)"`, secret[6:]},
		"a short code shows none":                          {`{"tx_code":"493517"}`, `"(hidden, 6 characters)"`, "4935"},
		"a short token shows none":                         {`{"code":"abcdefghij"}`, `"(hidden, 10 characters)"`, "abcdef"},
		"what begins with a date shows none":               {`{"state":"` + person + `-abcdefghijkl"}`, "(hidden, 24 characters)", "128653"},
		"a number inside what is shown is hidden":          {`{"client_id":"wallet-` + person + `"}`, "wallet-(eleven digits)", person},
		"and with a blank":                                 {`{"client_id":"128653 98148"}`, "(eleven digits)", "98148"},
		"two numbers beside each other":                    {`{"client_id":"` + person + ` ` + person + `"}`, "(eleven digits) (eleven digits)", person},
		"an unknown member is hidden":                      {`{"family_name":"Karies"}`, `"family_name": "(hidden, 6 characters)"`, "Karies"},
		"an unknown number is hidden":                      {`{"age":42}`, "(number, hidden)", "42"},
		"an unknown boolean is hidden":                     {`{"over_18":true}`, "(boolean, hidden)", "true"},
		"a large number is no time":                        {`{"iat":12865398148}`, "(number, hidden)", person},
		"a name that is no name is hidden":                 {`{"` + person + `":1}`, "(a name of 11 characters)", person},
		"a token as a name is hidden":                      {`{"` + secret + `":1}`, "(a name of 43 characters)", secret},
		"an address loses its query":                       {`{"redirect_uri":"https://w.example/cb?who=Karies&state=` + secret + `"}`, "https://w.example/cb?who=(hidden, 6 characters)&state=q7Zr2m…", "Karies"},
		"a secret in a path is shortened":                  {`{"resource":"https://w.example/` + secret + `"}`, "https://w.example/q7Zr2m…", secret},
		"the words of a wallet are hidden":                 {`{"event_description":"for Karies"}`, "(hidden, 10 characters)", "Karies"},
		"a private key is told and hidden":                 {`{"proofs":{"jwk":{"kty":"EC","d":"` + secret + `"}}}`, "private or secret key was sent", secret},
		"what is shown is shown":                           {`{"scope":"eudiw:no:minid:mpid","grant_type":"authorization_code"}`, "eudiw:no:minid:mpid", "hidden"},
		"a time is told":                                   {`{"exp":1764000000}`, "1764000000 = 2025-11-24T16:00:00Z", "hidden"},
		"nested JSON is opened":                            {`{"authorization_details":"[{\"type\":\"openid_credential\",\"note\":\"Karies\"}]"}`, `"type": "openid_credential"`, "Karies"},
		"a client_id that is an address loses the request": {`{"client_id":"redirect_uri:https://v.example/responses/` + secret + `"}`, "redirect_uri:https://v.example/responses/q7Zr2m…", secret},
		"another client_id is shown":                       {`{"client_id":"x509_san_dns:v.example"}`, `"x509_san_dns:v.example"`, "hidden"},
		"a query is shown":                                 {`{"dcql_query":{"credentials":[{"id":"pid","format":"mso_mdoc","claims":[{"path":["org.iso.18013.5.1","family_name"]}]}]}}`, "org.iso.18013.5.1", "hidden"},
		"what a value must be is hidden":                   {`{"dcql_query":{"credentials":[{"claims":[{"path":["age"],"values":["Karies"]}]}]}}`, "(hidden, 6 characters)", "Karies"},
		"transaction data show their type":                 {`{"transaction_data":["` + b64(map[string]any{"type": "payment", "payee": "Karies", "scope": "Karies"}) + `"]}`, `"type": "payment"`, "Karies"},
		"a response that nobody opens is taken apart":      {`{"response":"` + b64(map[string]any{"alg": "ECDH-ES", "enc": "A128GCM", "apu": "Karies"}) + `.a.b.c.` + secret + `"}`, `"enc": "A128GCM"`, "Karies"},
		"a request in many signatures is opened":           {`{"request":{"payload":"` + b64(map[string]any{"response_mode": "dc_api.jwt"}) + `","signatures":[{"protected":"` + b64(map[string]any{"alg": "ES256"}) + `","signature":"` + secret + `"}]}}`, "dc_api.jwt", secret},
		"metadata of a wallet are opened":                  {`{"wallet_metadata":"{\"client_id_prefixes_supported\":[\"x509_hash\"],\"owner\":\"Karies\"}"}`, "x509_hash", "Karies"},
		"a request_uri keeps its urn and shortens":         {`{"request_uri":"urn:ietf:params:oauth:request_uri:` + secret + `"}`, "urn:ietf:params:oauth:request_uri:q7Zr2m…", secret},
	} {
		t.Run(rule, func(t *testing.T) {
			got := masked(t, c.in)
			if !strings.Contains(got, c.has) || strings.Contains(got, c.lacks) {
				t.Errorf("got %s\nwant %q in it, and %q not", got, c.has, c.lacks)
			}
		})
	}
}

func TestBodiesThatAreNotWhatTheySay(t *testing.T) {
	for rule, c := range map[string]struct{ media, in, has, lacks string }{
		"JSON sent as a form":     {"application/x-www-form-urlencoded", `{"code":"` + secret + `"}`, "q7Zr2m…", secret},
		"a token sent as a form":  {"application/x-www-form-urlencoded", secret, "(a name of 43 characters)", secret},
		"text":                    {"text/plain", "code " + secret, "(48 bytes that are not JSON)", secret},
		"JSON that ends early":    {"application/json", `{"code":"` + secret, "bytes that are not JSON", secret},
		"a form":                  {"application/x-www-form-urlencoded", "tx_code=493517&scope=a", `"scope": "a"`, "493517"},
		"a parameter twice":       {"application/x-www-form-urlencoded", "scope=a&scope=b", `"b"`, "hidden"},
		"an encrypted one, dark":  {"application/jwt", "a.b.c.d." + secret, "encrypted", secret},
		"a JWT that is none":      {"application/json", `{"proofs":{"jwt":["` + secret + `"]}}`, "not a JWT: 43 characters in 1 parts", secret},
		"a JWT with a bad header": {"application/json", `{"proofs":{"jwt":["!.e30.` + secret + `"]}}`, "not base64url", secret},
	} {
		t.Run(rule, func(t *testing.T) {
			got := bodyPart(newMask(), c.media, &captured{kept: []byte(c.in), total: len(c.in)}).Text
			if !strings.Contains(got, c.has) || strings.Contains(got, c.lacks) {
				t.Errorf("got %s", got)
			}
		})
	}
}

func b64(v any) string {
	raw, _ := json.Marshal(v)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// The name of each claim of an SD-JWT VC is kept, and no value (RFC 9901 section 4.2).
func TestSDJWTKeepsNamesAlone(t *testing.T) {
	payload, disclosed, err := sdjwt.Encode(map[string]any{
		"family_name": sdjwt.SD{Value: "Karies"}, "birth_date": sdjwt.SD{Value: "1965-06-28"},
		"address": map[string]any{"locality": sdjwt.SD{Value: "Tromsdalen"}}, "vct": "no:minid:mpid:1", "iat": 1764000000, "given_name": "Plettfri",
		"status": map[string]any{"status_list": map[string]any{"idx": 4711, "uri": "https://i.example/statuslists/1"}},
	}, 0)
	if err != nil {
		t.Fatal(err)
	}
	text := b64(map[string]any{"alg": "ES256", "typ": "dc+sd-jwt"}) + "." + b64(payload) + "." + secret + "~" + strings.Join(disclosed, "~") + "~"
	got := masked(t, `{"credentials":[{"credential":"`+text+`"}]}`)
	for _, want := range []string{"family_name", "birth_date", "locality", "no:minid:mpid:1", "dc+sd-jwt", "2025-11-24", "https://i.example/statuslists/1", "digests)"} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %q: %s", want, got)
		}
	}
	for _, never := range []string{"Karies", "1965", "Tromsdalen", "Plettfri", "4711", secret, disclosed[0]} {
		if strings.Contains(got, never) {
			t.Errorf("holds %q: %s", never, got)
		}
	}
}

// Of what is presented the holder's proof is kept, and no other claim in it (RFC 9901 section 4.3).
func TestPresentationsKeepNamesAlone(t *testing.T) {
	credential := b64(map[string]any{"alg": "ES256", "sub": "Karies"}) + "." + b64(map[string]any{"vct": "no:minid:mpid:1", "note": "Karies"}) + "." + secret
	disclosure := b64([]any{"salt", "family_name", "Karies"})
	proof := b64(map[string]any{"alg": "ES256", "typ": "kb+jwt"}) + "." + b64(map[string]any{"aud": "x509_hash:abc", "nonce": secret, "sd_hash": secret, "iat": 1764000000, "sub": "Karies"}) + "." + secret
	for name, token := range map[string]string{
		"as JSON":        `{"vp_token":{"pid":["` + credential + "~" + disclosure + "~" + proof + `"]}}`,
		"as a parameter": `{"vp_token":"{\"pid\":[\"` + credential + "~" + disclosure + "~" + proof + `\"]}"}`,
	} {
		got := masked(t, token)
		for _, want := range []string{`"pid"`, "no:minid:mpid:1", "family_name", "kb+jwt", "x509_hash:abc", "q7Zr2m… (43 characters)", "2025-11-24", `"sub": "(hidden, 6 characters)"`} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: lacks %q: %s", name, want, got)
			}
		}
		for _, never := range []string{"Karies", secret, disclosure} {
			if strings.Contains(got, never) {
				t.Errorf("%s: holds %q: %s", name, never, got)
			}
		}
	}
	for _, other := range []string{`"Karies"`, `{"pid":"Karies"}`, `{"pid":[{"family_name":"Karies","x":["Karies"]}]}`, `[["Karies"]]`, `{"pid":{"code":"Karies"}}`} {
		if got := masked(t, `{"vp_token":`+other+`}`); strings.Contains(got, "Karies") {
			t.Errorf("%s: %s", other, got)
		}
	}
}

// The own words of a wallet are hidden, those of the service shown.
func TestTheWordsOfAWalletAreHidden(t *testing.T) {
	m := newMask()
	m.sent = true
	body := &captured{}
	body.add([]byte("error=access_denied&error_description=Karies"))
	if got := bodyPart(m, "application/x-www-form-urlencoded", body).Text; strings.Contains(got, "Karies") || !strings.Contains(got, "access_denied") {
		t.Error(got)
	}
	if got := masked(t, `{"error_description":"expected a request"}`); !strings.Contains(got, "expected a request") {
		t.Error(got)
	}
}

// An IssuerSigned keeps its names, and no element's value (ISO/IEC 18013-5 section 8.3.2.1.2.2).
func TestMdocKeepsNamesAlone(t *testing.T) {
	item, err := cose.Marshal(map[string]any{"digestID": 7, "random": []byte(secret), "elementIdentifier": "family_name", "elementValue": "Karies"})
	if err != nil {
		t.Fatal(err)
	}
	mso, err := cose.Marshal(map[string]any{"docType": "eu.europa.ec.eudi.pid.1", "version": "1.0", "digestAlgorithm": "SHA-256", "note": "Plettfri"})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := cose.Marshal(map[string]any{
		"nameSpaces": map[string]any{"eu.europa.ec.eudi.pid.1": []any{cose.Encoded(item)}},
		"issuerAuth": []any{[]byte{0xa1, 0x01, 0x26}, map[int]any{33: []byte("certificate")}, cose.AppendEncoded(nil, mso), []byte(secret)},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := masked(t, `{"credentials":[{"credential":"`+base64.RawURLEncoding.EncodeToString(raw)+`"}]}`)
	for _, want := range []string{"family_name", "eu.europa.ec.eudi.pid.1", "SHA-256", "1: -7", `digestID\": 7`, "text, hidden", "signature left out", "24(<<"} {
		if !strings.Contains(got, want) {
			t.Errorf("lacks %q: %s", want, got)
		}
	}
	for _, never := range []string{"Karies", "Plettfri", secret, "certificate"} {
		if strings.Contains(got, never) {
			t.Errorf("holds %q: %s", never, got)
		}
	}
}

// The key of a DPoP proof links only when its owner signed: RFC 9449 section 4.3.
func TestAKeyThatIsOnlyNamedLinksNothing(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	prover, err := dpop.NewProver(key)
	if err != nil {
		t.Fatal(err)
	}
	proof, err := prover.Proof("POST", "https://i.example/token", "", "", time.Unix(1764000000, 0))
	if err != nil {
		t.Fatal(err)
	}
	x := exchangeWith("DPoP", proof)
	if len(x.heldKeys()) != 1 {
		t.Fatal("a proof by the key's owner shows no key")
	}
	parts := strings.Split(proof, ".")
	parts[1] = b64(map[string]any{"jti": "another", "htm": "POST", "htu": "https://i.example/token", "iat": 1})
	if got := exchangeWith("DPoP", strings.Join(parts, ".")).heldKeys(); len(got) != 0 {
		t.Error("a proof that the key did not sign shows a key")
	}
}

// Whatever comes, nothing ends the recorder and no number gets through.
func FuzzMask(f *testing.F) {
	f.Add("application/json", `{"proofs":{"jwt":["e30.e30.AA"]},"client_id":"`+person+`"}`)
	f.Add("application/x-www-form-urlencoded", "client_id="+person+"&code=%zz")
	f.Add("application/jwt", "e30.a.b.c.d")
	f.Add("application/json", `{"credential":"e30.e30.AA~WyJhIiwiYiIsIjEyODY1Mzk4MTQ4Il0~"}`)
	f.Add("application/json", `{"credential":"oWpuYW1lU3BhY2VzoA"}`)
	f.Add("application/x-www-form-urlencoded", `vp_token={"a":["e30.e30.AA~WyJhIiwiYiIsIjEyODY1Mzk4MTQ4Il0~e30.e30.AA"]}&response=e30.a.b.c.d&state=s`)
	f.Add("application/oauth-authz-req+jwt", "e30."+b64(map[string]any{"dcql_query": map[string]any{"credentials": []any{}}, "transaction_data": []string{"e30"}})+".AA")
	f.Add("application/json", `{"requests":[{"protocol":"openid4vp-v1-multisigned","data":{"request":{"payload":"e30","signatures":[{"protected":"e30"}]}}}]}`)
	f.Fuzz(func(t *testing.T, media, body string) {
		got := bodyPart(newMask(), "", &captured{kept: []byte(body), total: len(body)}).Text +
			bodyPart(newMask(), media, &captured{kept: []byte(body), total: len(body)}).Text
		for _, found := range leak.Found(got, nil) {
			t.Errorf("%s in %q of %q", found, got, body)
		}
	})
}
