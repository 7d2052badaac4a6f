package openid4vp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"lommebok.example/specs/dcql"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/x5c"
)

const (
	responseURI = "https://verifier.example/response/1"
	query       = `{"credentials":[{"id":"pid","format":"dc+sd-jwt","meta":{"vct_values":["urn:example:pid"]},"claims":[{"path":["family_name"]}]}]}`
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// verifier is a verifier with an access certificate, and the anchor behind it.
type verifier struct {
	key     *ecdsa.PrivateKey
	chain   []*x509.Certificate
	anchors *x5c.Anchors
	id      string
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newVerifier(t testing.TB) verifier {
	t.Helper()
	rootKey, key := newKey(t), newKey(t)
	start := now.Add(-time.Hour)
	root, err := x5c.NewRoot(rootKey, x5c.Subject{Country: "NO", Organization: "Register", CommonName: "Access CA", URI: "https://register.example"}, start, 365*24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x5c.Issue(x5c.AccessCertificate, root, rootKey, &key.PublicKey,
		x5c.Subject{Country: "NO", Organization: "Verifier", CommonName: "verifier.example", URI: "https://verifier.example"}, start, 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return verifier{key, []*x509.Certificate{leaf}, x5c.NewAnchors(root), X509HashClientID(leaf)}
}

func encryptionJWK(t testing.TB, kid string) jose.JWK {
	t.Helper()
	k := jose.PublicJWK(&newKey(t).PublicKey)
	k.Kid, k.Use, k.Alg = kid, "enc", "ECDH-ES"
	return k
}

func goodRequest(t testing.TB) RequestObject {
	t.Helper()
	return RequestObject{
		ResponseURI: responseURI, Nonce: "n-0S6_WzA2Mj.~abcdefg", State: "st-ate_1", DCQL: json.RawMessage(query),
		Iat: now.Unix(), Exp: now.Add(5 * time.Minute).Unix(),
		ClientMetadata: &ClientMetadata{
			JWKS:                                &jose.JWKS{Keys: []jose.JWK{encryptionJWK(t, "k1")}},
			EncryptedResponseEncValuesSupported: []string{"A128GCM", "A256GCM"},
			VPFormatsSupported: &VPFormats{
				SDJWTVC: &SDJWTVCAlgs{SDJWTAlgValues: []string{"ES256"}, KBJWTAlgValues: []string{"ES256"}},
				Mdoc:    &MdocAlgs{IssuerAuthAlgValues: []int64{-7, -9}, DeviceAuthAlgValues: []int64{-7, -9}}},
		},
	}
}

func TestSection5SignedRequestReadsBack(t *testing.T) {
	v := newVerifier(t)
	s, err := NewSigner(v.key, v.chain)
	if err != nil {
		t.Fatal(err)
	}
	if s.ClientID() != v.id || !strings.HasPrefix(v.id, "x509_hash:") {
		t.Fatalf("got %s", s.ClientID())
	}
	sent := goodRequest(t)
	jwt, err := s.SignRequest(sent, Rules{})
	if err != nil {
		t.Fatal(err)
	}
	got, chain, err := ParseRequest(jwt, v.anchors, now, v.id, Rules{})
	if err != nil {
		t.Fatal(err)
	}
	sent.ClientID, sent.Aud = v.id, StaticDiscoveryAudience
	sent.ResponseType, sent.ResponseMode = "vp_token", "direct_post.jwt"
	if !reflect.DeepEqual(*got, sent) || len(chain) != 1 || !chain[0].Equal(v.chain[0]) {
		t.Fatalf("got %+v", got)
	}
	if q, err := got.Query(); err != nil || q.Credentials[0].ID != "pid" {
		t.Fatalf("%+v, %v", q, err)
	}
}

func TestSignerRefusals(t *testing.T) {
	v, other := newVerifier(t), newVerifier(t)
	if _, err := NewSigner(v.key, nil); !errors.Is(err, ErrUntrusted) {
		t.Errorf("no chain: %v", err)
	}
	if _, err := NewSigner(v.key, v.anchors.All()); !errors.Is(err, ErrUntrusted) {
		t.Errorf("self-signed: %v", err)
	}
	if _, err := NewSigner(v.key, other.chain); !errors.Is(err, jose.ErrKey) {
		t.Errorf("the certificate of another key: %v", err)
	}
	s, err := NewSigner(v.key, v.chain)
	if err != nil {
		t.Fatal(err)
	}
	foreign := goodRequest(t)
	foreign.ClientID = other.id
	if _, err := s.SignRequest(foreign, Rules{}); !errors.Is(err, ErrHash) {
		t.Errorf("another client_id: %v", err)
	}
	short := goodRequest(t)
	short.Nonce = "short"
	if _, err := s.SignRequest(short, Rules{}); !errors.Is(err, ErrNonce) {
		t.Errorf("a short nonce: %v", err)
	}
	twice := goodRequest(t)
	twice.DCQL = json.RawMessage(strings.Replace(query, `{"path":["family_name"]}`, `{"path":["a"]},{"path":["a"]}`, 1))
	if _, err := s.SignRequest(twice, Rules{}); !errors.Is(err, dcql.ErrDuplicate) {
		t.Errorf("a claim asked for twice: %v", err)
	}
}

// payloadOf is the payload of a good request of v, with members set, or taken out
// when the value is "".
func payloadOf(t testing.TB, v verifier, changes ...string) string {
	t.Helper()
	o := goodRequest(t)
	o.ClientID, o.Aud, o.ResponseType, o.ResponseMode = v.id, StaticDiscoveryAudience, ResponseTypeVPToken, ResponseModeDirectPostJWT
	raw, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(changes); i += 2 {
		if members[changes[i]] = json.RawMessage(changes[i+1]); changes[i+1] == "" {
			delete(members, changes[i])
		}
	}
	if raw, err = json.Marshal(members); err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func x5cText(chain []*x509.Certificate) string {
	var texts []string
	for _, c := range chain {
		texts = append(texts, `"`+base64.StdEncoding.EncodeToString(c.Raw)+`"`)
	}
	return "[" + strings.Join(texts, ",") + "]"
}

func TestSection5Refusals(t *testing.T) {
	v, other := newVerifier(t), newVerifier(t)
	header := `{"alg":"ES256","typ":"oauth-authz-req+jwt","x5c":` + x5cText(v.chain) + `}`
	at := func(d time.Duration) string { return fmt.Sprint(now.Add(d).Unix()) }
	metadata := func(old, put string) string {
		raw, err := json.Marshal(goodRequest(t).ClientMetadata)
		if err != nil || !strings.Contains(string(raw), old) {
			t.Fatalf("%v: %s is not in %s", err, old, raw)
		}
		return strings.Replace(string(raw), old, put, 1)
	}
	cases := []struct {
		name    string
		changes []string
		code    string
		want    error // nil: accepted
	}{
		{"nothing changed", nil, "", nil},
		{"5 iss is ignored", []string{"iss", `"somebody"`}, "", nil},
		{"5 unknown members are ignored", []string{"x", `{}`}, "", nil},
		{"5.1 verifier_info is let through", []string{"verifier_info", `[{"format":"registration_cert","data":"a.b.c"}]`}, "", nil},
		{"5.1 neither dcql_query nor scope", []string{"dcql_query", ``}, InvalidRequest, ErrQuery},
		{"5.1 both", []string{"scope", `"x"`}, InvalidRequest, ErrQuery},
		{"5.5 scope", []string{"dcql_query", ``, "scope", `"x"`}, InvalidScope, ErrQuery},
		{"5.1 dcql_query a string", []string{"dcql_query", `"{}"`}, InvalidRequest, dcql.ErrMalformed},
		{"5.1 dcql_query null", []string{"dcql_query", `null`}, InvalidRequest, dcql.ErrMalformed},
		{"6 dcql_query against the rules", []string{"dcql_query", `{"credentials":[]}`}, InvalidRequest, dcql.ErrEmpty},
		{"5.1 transaction_data", []string{"transaction_data", `["e30"]`}, InvalidTransactionData, ErrTransactionData},
		{"5.2 no nonce", []string{"nonce", ``}, InvalidRequest, ErrNonce},
		{"5.2 nonce of 15 characters", []string{"nonce", `"abcdefghijklmno"`}, InvalidRequest, ErrNonce},
		{"5.2 nonce of 16 characters", []string{"nonce", `"abcdefghijklmnop"`}, "", nil},
		{"5.2 nonce with other characters", []string{"nonce", `"abcdefghijklmnop+"`}, InvalidRequest, ErrNonce},
		{"5.2 nonce a number", []string{"nonce", `1`}, InvalidRequest, ErrRequestObject},
		{"5.2 no state", []string{"state", ``}, "", nil},
		{"5.2 state with other characters", []string{"state", `"a b"`}, InvalidRequest, ErrState},
		{"5.2 no client_id", []string{"client_id", ``}, InvalidRequest, ErrClientID},
		{"5.2 client_id a number", []string{"client_id", `1`}, InvalidRequest, ErrClientID},
		{"5.3 no state, no holder binding", []string{"state", ``, "dcql_query", strings.Replace(query, `"meta"`, `"require_cryptographic_holder_binding":false,"meta"`, 1)}, InvalidRequest, ErrState},
		{"5.3 state, no holder binding", []string{"dcql_query", strings.Replace(query, `"meta"`, `"require_cryptographic_holder_binding":false,"meta"`, 1)}, "", nil},
		{"5.6 response_type code", []string{"response_type", `"code"`}, UnsupportedResponseType, ErrResponseType},
		{"5.6 no response_type", []string{"response_type", ``}, UnsupportedResponseType, ErrResponseType},
		{"5.6 with id_token", []string{"response_type", `"vp_token id_token"`}, UnsupportedResponseType, ErrResponseType},
		{"5.8 no aud", []string{"aud", ``}, InvalidRequest, ErrAudience},
		{"5.8 another aud", []string{"aud", `"https://wallet.example"`}, InvalidRequest, ErrAudience},
		{"5.8 aud as array", []string{"aud", `["https://self-issued.me/v2"]`}, InvalidRequest, ErrRequestObject},
		{"5.10.1 another client_id", []string{"client_id", `"` + other.id + `"`}, InvalidRequest, ErrClientID},
		{"8.2 redirect_uri", []string{"redirect_uri", `"https://verifier.example/cb"`}, InvalidRequest, ErrRedirectURI},
		{"8.2 redirect_uri null", []string{"redirect_uri", `null`}, InvalidRequest, ErrRedirectURI},
		{"8.2 no response_uri", []string{"response_uri", ``}, InvalidRequest, ErrResponseURI},
		{"8.2 response_uri by http", []string{"response_uri", `"http://verifier.example/r"`}, InvalidRequest, ErrResponseURI},
		{"8.2 response_uri with a fragment", []string{"response_uri", `"https://verifier.example/r#x"`}, InvalidRequest, ErrResponseURI},
		{"HAIP 5.1 direct_post", []string{"response_mode", `"direct_post"`}, InvalidRequest, ErrResponseMode},
		{"HAIP 5.1 no response_mode", []string{"response_mode", ``}, InvalidRequest, ErrResponseMode},
		{"JAR request", []string{"request", `"a.b.c"`}, InvalidRequest, ErrRequestObject},
		{"JAR request_uri", []string{"request_uri", `"https://x.example"`}, InvalidRequest, ErrRequestObject},
		{"exp a minute ago", []string{"exp", at(-time.Minute)}, "", nil},
		{"exp longer ago", []string{"exp", at(-61 * time.Second)}, InvalidRequest, ErrTime},
		{"iat in a minute", []string{"iat", at(time.Minute)}, "", nil},
		{"iat later", []string{"iat", at(61 * time.Second)}, InvalidRequest, ErrTime},
		{"nbf later", []string{"nbf", at(61 * time.Second)}, InvalidRequest, ErrTime},
		{"neither iat nor exp", []string{"iat", ``, "exp", ``}, "", nil},
		{"5.1 no client_metadata", []string{"client_metadata", ``}, InvalidRequest, ErrClientMetadata},
		{"5.1 no formats", []string{"client_metadata", metadata(`"vp_formats_supported"`, `"x"`)}, InvalidRequest, ErrClientMetadata},
		{"8.5 unsupported formats", []string{"client_metadata", metadata(`"dc+sd-jwt":{"sd-jwt_alg_values":["ES256"],"kb-jwt_alg_values":["ES256"]},"mso_mdoc"`, `"ldp_vc"`)}, VPFormatsNotSupported, ErrClientMetadata},
		{"8.3 no jwks", []string{"client_metadata", metadata(`"jwks"`, `"x"`)}, InvalidRequest, ErrEncryptionKey},
		{"8.3 no usable key", []string{"client_metadata", metadata(`"use":"enc"`, `"use":"sig"`)}, InvalidRequest, ErrEncryptionKey},
		{"8.3 no usable enc", []string{"client_metadata", metadata(`["A128GCM","A256GCM"]`, `["A128CBC-HS256"]`)}, InvalidRequest, ErrEncryptionKey},
		{"5.1 a private key", []string{"client_metadata", metadata(`"use":"enc"`, `"use":"enc","d":"AA"`)}, InvalidRequest, ErrRequestObject},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			jwt := rawJWS(t, v.key, header, payloadOf(t, v, c.changes...))
			o, chain, err := ParseRequest(jwt, v.anchors, now, v.id, Rules{})
			checkRefusal(t, err, c.code, c.want)
			if (o == nil) != (c.want != nil) || (chain == nil) != (c.want != nil) {
				t.Fatalf("got %+v", o)
			}
		})
	}
}

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
	if refusal.Description == "" || !isErrorText(refusal.Description, maxDescription) {
		t.Fatalf("the description %q is not allowed", refusal.Description)
	}
}

func TestSection593WhoSigned(t *testing.T) {
	v, other := newVerifier(t), newVerifier(t)
	head := func(typ, rest string) string { return `{"alg":"ES256","typ":"` + typ + `"` + rest + `}` }
	chain := `,"x5c":` + x5cText(v.chain)
	prefixed := func(id string) string { return payloadOf(t, v, "client_id", `"`+id+`"`) }
	cases := []struct {
		name, header, payload, id string
		key                       *ecdsa.PrivateKey
		anchors                   *x5c.Anchors
		at                        time.Time
		code                      string
		want                      error
	}{
		{"5 typ JWT", head("JWT", chain), payloadOf(t, v), v.id, v.key, v.anchors, now, InvalidRequest, jose.ErrTyp},
		{"5 no typ", `{"alg":"ES256"` + chain + `}`, payloadOf(t, v), v.id, v.key, v.anchors, now, InvalidRequest, jose.ErrTyp},
		{"alg none", `{"alg":"none","typ":"` + RequestTyp + `"}`, payloadOf(t, v), v.id, v.key, v.anchors, now, InvalidRequest, jose.ErrAlg},
		{"another key signed", head(RequestTyp, chain), payloadOf(t, v), v.id, other.key, v.anchors, now, InvalidRequest, jose.ErrSignature},
		{"no x5c", head(RequestTyp, ""), payloadOf(t, v), v.id, v.key, v.anchors, now, InvalidRequest, ErrHash},
		{"jwk instead of x5c", head(RequestTyp, `,"jwk":`+jwkText(t, v.key)), payloadOf(t, v), v.id, v.key, v.anchors, now, InvalidRequest, ErrHash},
		{"the certificate of another", head(RequestTyp, `,"x5c":`+x5cText(other.chain)), payloadOf(t, v), v.id, other.key, v.anchors, now, InvalidRequest, ErrHash},
		{"another anchor", head(RequestTyp, chain), payloadOf(t, v), v.id, v.key, other.anchors, now, InvalidClient, x5c.ErrUntrusted},
		{"no anchor", head(RequestTyp, chain), payloadOf(t, v), v.id, v.key, x5c.NewAnchors(), now, InvalidClient, x5c.ErrUntrusted},
		{"certificate expired", head(RequestTyp, chain), payloadOf(t, v, "exp", ``), v.id, v.key, v.anchors, now.Add(48 * time.Hour), InvalidClient, x5c.ErrExpired},
		{"the anchor in the chain", head(RequestTyp, `,"x5c":`+x5cText(append(v.chain[:1:1], v.anchors.All()...))), payloadOf(t, v), v.id, v.key, v.anchors, now, InvalidClient, x5c.ErrChain},
		{"no prefix", head(RequestTyp, chain), prefixed("client"), "client", v.key, v.anchors, now, InvalidClient, ErrPrefix},
		{"x509_san_dns", head(RequestTyp, chain), prefixed("x509_san_dns:verifier.example"), "x509_san_dns:verifier.example", v.key, v.anchors, now, InvalidRequest, ErrPrefix},
		{"redirect_uri", head(RequestTyp, ""), prefixed("redirect_uri:" + responseURI), "redirect_uri:" + responseURI, v.key, v.anchors, now, InvalidRequest, ErrPrefix},
		{"origin", head(RequestTyp, chain), prefixed("origin:https://verifier.example"), "origin:https://verifier.example", v.key, v.anchors, now, InvalidRequest, ErrPrefix},
		{"verifier_attestation", head(RequestTyp, `,"jwt":"a.b.c"`), prefixed("verifier_attestation:v"), "verifier_attestation:v", v.key, v.anchors, now, InvalidRequest, ErrPrefix},
		{"prefix in another case", head(RequestTyp, chain), prefixed("X509_HASH" + v.id[9:]), "X509_HASH" + v.id[9:], v.key, v.anchors, now, InvalidRequest, ErrPrefix},
		{"no client_id in the link", head(RequestTyp, chain), payloadOf(t, v), "", v.key, v.anchors, now, InvalidRequest, ErrClientID},
		{"a link without prefix", head(RequestTyp, chain), payloadOf(t, v), v.id[10:], v.key, v.anchors, now, InvalidRequest, ErrClientID},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o, _, err := ParseRequest(rawJWS(t, c.key, c.header, c.payload), c.anchors, c.at, c.id, Rules{})
			checkRefusal(t, err, c.code, c.want)
			var refusal *Error
			if errors.As(err, &refusal); refusal.ResponseURI != "" || o != nil {
				t.Fatal("a request that is not authentic must not be answered")
			}
		})
	}
}
