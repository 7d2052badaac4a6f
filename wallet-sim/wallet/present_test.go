package wallet

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/sdjwt"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/specs/x5c"
)

const nonce = "n-0123456789abcdef0123456789"

const cardQuery = `{"credentials":[{"id":"card","format":"dc+sd-jwt","meta":{"vct_values":["no:test:card"]},"claims":[{"path":["given_name"]}]}]}`

const bothQuery = `{"credentials":[
	{"id":"card","format":"dc+sd-jwt","meta":{"vct_values":["no:test:card"]},"claims":[{"path":["given_name"]}]},
	{"id":"age","format":"mso_mdoc","meta":{"doctype_value":"no.test.age"},"claims":[{"path":["no.test","over_18"],"intent_to_retain":true}]}]}`

// asker is a verifier that a test can bend.
type asker struct {
	w      *world
	ca     *authority
	signer *openid4vp.Signer
	server *httptest.Server
	key    jose.JWK
	open   func(jwe string) []byte
	query  string
	data   []string // transaction_data

	post   url.Values // what came
	calls  int
	handle map[string]http.HandlerFunc
	bend   func(jwt string) string
}

func newAsker(w *world) *asker {
	w.t.Helper()
	a := &asker{w: w, ca: newAuthority(w.t, x5c.AccessCertificate), query: cardQuery, handle: map[string]http.HandlerFunc{}}
	w.anchor("verifiers", a.ca)
	var err error
	a.signer, err = openid4vp.NewSigner(a.ca.keys[x5c.AccessCertificate.Name], a.ca.leafs[x5c.AccessCertificate.Name])
	check(w.t, err)
	key := testKey(w.t)
	a.key = jose.PublicJWK(&key.PublicKey)
	a.key.Kid, a.key.Use, a.key.Alg = "k", "enc", "ECDH-ES"
	a.open = func(jwe string) []byte {
		text, err := jose.Decrypt(jwe, key)
		check(w.t, err)
		return text
	}
	a.server = httptest.NewServer(a)
	w.t.Cleanup(a.server.Close)
	return a
}

func (a *asker) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	if h := a.handle[r.URL.Path]; h != nil {
		h(out, r)
		return
	}
	check(a.w.t, r.ParseForm())
	if r.URL.Path == "/request" {
		jwt := a.request(r.PostForm.Get("wallet_nonce"))
		if a.bend != nil {
			jwt = a.bend(jwt)
		}
		out.Header().Set("Content-Type", openid4vp.RequestMediaType)
		_, _ = out.Write([]byte(jwt))
		return
	}
	a.calls++
	a.post = r.PostForm
	writeJSON(out, 200, openid4vp.PostAnswer{RedirectURI: a.server.URL + "/done#response_code=x"})
}

func (a *asker) request(walletNonce string) string {
	a.w.t.Helper()
	jwt, err := a.signer.SignRequest(openid4vp.RequestObject{
		ResponseURI: a.server.URL + "/response", Nonce: nonce, State: "the-state", DCQL: json.RawMessage(a.query),
		Iat: a.w.at.Unix(), Exp: a.w.at.Add(5 * time.Minute).Unix(), WalletNonce: walletNonce, TransactionData: a.data,
		ClientMetadata: &openid4vp.ClientMetadata{
			JWKS: &jose.JWKS{Keys: []jose.JWK{a.key}}, EncryptedResponseEncValuesSupported: []string{"A256GCM"},
			VPFormatsSupported: &openid4vp.VPFormats{SDJWTVC: &openid4vp.SDJWTVCAlgs{}, Mdoc: &openid4vp.MdocAlgs{}},
		},
	}, openid4vp.Rules{InsecureAllowHTTP: true})
	check(a.w.t, err)
	return jwt
}

func (a *asker) link() string {
	return openid4vp.RequestURI(openid4vp.Scheme, a.signer.ClientID(), a.server.URL+"/request")
}

// holding is a wallet with a card and a proof of age, and a verifier.
func holding(t *testing.T) (*world, *asker) {
	t.Helper()
	w := newWorld(t)
	_, err := w.get(sdConfig, mdocConfig)
	check(t, err)
	return w, newAsker(w)
}

func TestBothFormatsAreShown(t *testing.T) {
	w, a := holding(t)
	a.query = bothQuery
	r, err := w.wallet.Request(t.Context(), a.link())
	check(t, err)
	if r.Verifier.Name != "Prøvetjeneste" || r.Verifier.Organization != "Prøve" || r.Verifier.Host != strings.TrimPrefix(a.server.URL, "http://") {
		t.Errorf("verifier %+v", r.Verifier)
	}
	if len(r.Shares) != 2 || r.Shares[0].Retained || !r.Shares[1].Retained || r.Shares[0].Claims[0].Label("nb") != "Fornavn" || r.Shares[0].Claims[0].Value != "Flat" {
		t.Errorf("shares %+v", r.Shares)
	}
	redirect, err := w.wallet.Share(t.Context(), r)
	if err != nil || redirect != a.server.URL+"/done#response_code=x" {
		t.Fatalf("%q, %v", redirect, err)
	}
	answer, err := openid4vp.ParseResponse(a.open(a.post.Get("response")))
	check(t, err)
	if answer.State != "the-state" || len(answer.VPToken) != 2 {
		t.Errorf("answer %+v", answer)
	}
	a.checkSDJWT(answer.VPToken["card"][0])
	a.checkMdoc(answer.VPToken["age"][0])
}

func (a *asker) checkSDJWT(text string) {
	t := a.w.t
	t.Helper()
	c, err := sdjwtvc.Parse(text)
	check(t, err)
	check(t, c.VerifySignature())
	check(t, c.VerifyKeyBinding(sdjwt.ExpectKB{Aud: a.signer.ClientID(), Nonce: nonce, At: a.w.at}))
	claims, err := c.Claims()
	check(t, err)
	if claims["given_name"] != "Flat" || claims["family_name"] != nil || claims["birth_date"] != nil {
		t.Errorf("claims %v", claims)
	}
}

func (a *asker) checkMdoc(text string) {
	t := a.w.t
	t.Helper()
	raw, err := jose.DecodeBase64URL(text)
	check(t, err)
	response, err := mdoc.ParseDeviceResponse(raw)
	check(t, err)
	pub, err := a.key.PublicKey()
	check(t, err)
	thumbprint := jose.ThumbprintBytes(pub)
	transcript, err := openid4vp.SessionTranscript(a.signer.ClientID(), nonce, thumbprint[:], a.server.URL+"/response")
	check(t, err)
	d := response.Documents[0]
	check(t, d.VerifyDevice(transcript))
	check(t, d.IssuerSigned.VerifySignature())
	if e := d.IssuerSigned.Elements(); len(e) != 1 || e[0].Identifier != "over_18" || e[0].Value != true {
		t.Errorf("elements %v", e)
	}
}

func TestARequestIsAnsweredOnce(t *testing.T) {
	w, a := holding(t)
	r, err := w.wallet.Request(t.Context(), a.link())
	check(t, err)
	again, err := w.wallet.Reopen(t.Context(), r.ID)
	check(t, err)
	_, err = w.wallet.Share(t.Context(), again)
	check(t, err)
	if _, err := w.wallet.Share(t.Context(), r); !errors.Is(err, ErrState) {
		t.Errorf("shared twice: %v", err)
	}
	if _, err := w.wallet.Decline(t.Context(), r); !errors.Is(err, ErrState) {
		t.Errorf("declined after sharing: %v", err)
	}
	if _, err := w.wallet.Reopen(t.Context(), r.ID); !errors.Is(err, ErrState) {
		t.Errorf("opened again: %v", err)
	}
	if a.calls != 1 {
		t.Errorf("%d posts", a.calls)
	}
}

func TestAHeldRequestExpires(t *testing.T) {
	w, a := holding(t)
	r, err := w.wallet.Request(t.Context(), a.link())
	check(t, err)
	w.at = w.at.Add(time.Hour)
	if _, err := w.wallet.Reopen(t.Context(), r.ID); !errors.Is(err, openid4vp.ErrTime) {
		t.Errorf("%v", err)
	}
}

func TestCopiesAreShownInTurn(t *testing.T) {
	w, a := holding(t)
	shown := map[string]int{}
	for range 4 {
		r, err := w.wallet.Request(t.Context(), a.link())
		check(t, err)
		_, err = w.wallet.Share(t.Context(), r)
		check(t, err)
		answer, err := openid4vp.ParseResponse(a.open(a.post.Get("response")))
		check(t, err)
		issuerSigned, _, _ := strings.Cut(answer.VPToken["card"][0], "~")
		shown[issuerSigned]++
	}
	if len(shown) != 2 {
		t.Errorf("%d copies shown in four presentations, want both", len(shown))
	}
	for _, n := range shown {
		if n != 2 {
			t.Errorf("a copy was shown %d times", n)
		}
	}
}

func TestExpiredCredentialsAreNotShown(t *testing.T) {
	w, a := holding(t)
	w.at = w.at.Add(40 * day)
	r, err := w.wallet.Request(t.Context(), a.link())
	if err != nil || len(r.Shares) != 0 || len(r.Missing) == 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestRequestByPostBringsTheWalletNonceBack(t *testing.T) {
	w, a := holding(t)
	if _, err := w.wallet.Request(t.Context(), a.link()+"&request_uri_method=post"); err != nil {
		t.Error(err)
	}
	a.handle["/request"] = func(out http.ResponseWriter, _ *http.Request) {
		out.Header().Set("Content-Type", openid4vp.RequestMediaType)
		_, _ = out.Write([]byte(a.request("another")))
	}
	if _, err := w.wallet.Request(t.Context(), a.link()+"&request_uri_method=post"); !errors.Is(err, openid4vp.ErrWalletNonce) {
		t.Errorf("%v", err)
	}
}

// E07: nothing is shown of a verifier whose request is not authentic, and nothing is sent to anybody.
func TestE07RequestsThatAreNotAuthentic(t *testing.T) {
	for name, c := range map[string]struct {
		bend func(w *world, a *asker)
		want error
	}{
		"unsigned": {func(_ *world, a *asker) {
			a.bend = func(jwt string) string {
				header := jose.EncodeBase64URL([]byte(`{"alg":"none","typ":"oauth-authz-req+jwt"}`))
				return header + "." + strings.Split(jwt, ".")[1] + "."
			}
		}, openid4vp.ErrRequestObject},
		"signature of another": {func(w *world, a *asker) {
			a.bend = func(jwt string) string {
				other := strings.Split(newAsker(newWorld(w.t)).request(""), ".")
				return strings.Join(append(strings.Split(jwt, ".")[:2], other[2]), ".")
			}
		}, openid4vp.ErrRequestObject},
		"unknown authority": {func(w *world, a *asker) { w.anchor("verifiers", newAuthority(w.t)) }, openid4vp.ErrUntrusted},
		"certificate of another": {func(w *world, a *asker) {
			other := newAsker(newWorld(w.t))
			a.signer = other.signer
			a.bend = func(jwt string) string { return jwt }
		}, openid4vp.ErrUntrusted},
		"other client_id in the link": {func(w *world, a *asker) {
			a.bend = func(string) string { return newAsker(newWorld(w.t)).request("") }
		}, openid4vp.ErrClientID},
		"expired": {func(w *world, a *asker) {
			jwt := a.request("")
			w.at = w.at.Add(time.Hour)
			a.bend = func(string) string { return jwt }
		}, openid4vp.ErrTime},
		"other media type": {func(_ *world, a *asker) {
			a.handle["/request"] = func(out http.ResponseWriter, _ *http.Request) { _, _ = out.Write([]byte(a.request(""))) }
		}, fetch.ErrContentType},
	} {
		w, a := holding(t)
		c.bend(w, a)
		r, err := w.wallet.Request(t.Context(), a.link())
		if r != nil || !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if a.calls != 0 && name != "expired" {
			t.Errorf("%s: something was posted", name)
		}
	}
}

// A leaf that signed itself is refused although it is a trust anchor (HAIP 1.0 section 5).
func TestE07SelfSigned(t *testing.T) {
	w, a := holding(t)
	root := a.ca.root
	signer, err := jose.NewSigner(a.ca.key, jose.Header{Typ: openid4vp.RequestTyp, X5C: []*x509.Certificate{root}})
	check(t, err)
	payload := strings.Split(a.request(""), ".")[1]
	raw, err := jose.DecodeBase64URL(payload)
	check(t, err)
	var claims map[string]any
	check(t, json.Unmarshal(raw, &claims))
	claims["client_id"] = openid4vp.X509HashClientID(root)
	jwt, err := signer.SignJSON(claims)
	check(t, err)
	a.bend = func(string) string { return jwt }
	link := openid4vp.RequestURI(openid4vp.Scheme, openid4vp.X509HashClientID(root), a.server.URL+"/request")
	if _, err := w.wallet.Request(t.Context(), link); !errors.Is(err, openid4vp.ErrUntrusted) {
		t.Errorf("%v", err)
	}
}

// An authentic request that breaks a rule is refused to the verifier's face.
func TestAnAuthenticRequestIsToldWhyItIsRefused(t *testing.T) {
	w, a := holding(t)
	jwt := a.bent(map[string]any{"response_mode": "direct_post"})
	w.wallet.HAIP = true
	a.bend = func(string) string { return jwt }
	_, err := w.wallet.Request(t.Context(), a.link())
	if !errors.Is(err, openid4vp.ErrResponseMode) || a.post.Get("error") != openid4vp.InvalidRequest || a.post.Get("state") != "the-state" {
		t.Errorf("%v, posted %v", err, a.post)
	}
}

// E09: redirects are not followed, neither from request_uri nor from response_uri.
func TestE09RedirectsAreNotFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		w, a := holding(t)
		followed := false
		a.handle["/elsewhere"] = func(http.ResponseWriter, *http.Request) { followed = true }
		r, err := w.wallet.Request(t.Context(), a.link())
		check(t, err)
		a.handle["/request"] = http.RedirectHandler("/elsewhere", status).ServeHTTP
		if _, err := w.wallet.Request(t.Context(), a.link()); !errors.Is(err, fetch.ErrRedirect) {
			t.Errorf("request_uri %d: %v", status, err)
		}
		a.handle["/response"] = http.RedirectHandler("/elsewhere", status).ServeHTTP
		if _, err := w.wallet.Share(t.Context(), r); !errors.Is(err, fetch.ErrRedirect) {
			t.Errorf("response_uri %d: %v", status, err)
		}
		if followed {
			t.Errorf("%d was followed", status)
		}
	}
}

// E11: the verifier cannot tell a person who says no from a wallet that has nothing.
func TestE11DeclineLooksLikeNothing(t *testing.T) {
	w, a := holding(t)
	r, err := w.wallet.Request(t.Context(), a.link())
	check(t, err)
	_, err = w.wallet.Decline(t.Context(), r)
	check(t, err)
	declined := a.post
	empty := newWorld(t)
	empty.anchor("verifiers", a.ca)
	r, err = empty.wallet.Request(t.Context(), a.link())
	check(t, err)
	if len(r.Shares) != 0 || len(r.Missing) == 0 {
		t.Fatalf("%+v", r)
	}
	if _, err := empty.wallet.Share(t.Context(), r); !errors.Is(err, ErrNoMatch) || a.calls != 1 {
		t.Errorf("sharing nothing: %v", err)
	}
	_, err = empty.wallet.Decline(t.Context(), r)
	check(t, err)
	if declined.Encode() != a.post.Encode() || a.post.Get("error") != "access_denied" {
		t.Errorf("%s and %s differ", declined.Encode(), a.post.Encode())
	}
}

func TestAVerifierThatRefusesTheAnswer(t *testing.T) {
	w, a := holding(t)
	r, err := w.wallet.Request(t.Context(), a.link())
	check(t, err)
	a.handle["/response"] = func(out http.ResponseWriter, _ *http.Request) {
		writeJSON(out, 400, map[string]string{"error": "invalid_request", "error_description": "over"})
	}
	_, err = w.wallet.Share(t.Context(), r)
	var refusal *Refusal
	if !errors.As(err, &refusal) || refusal.Code != "invalid_request" || refusal.Description != "over" || !slices.Equal(refusal.Sent, []string{"response=(not shown)"}) {
		t.Errorf("%v", err)
	}
}

func TestHTTPIsRefusedUnlessAllowed(t *testing.T) {
	w, a := holding(t)
	w.wallet.InsecureAllowHTTP = false
	if _, err := w.wallet.Request(t.Context(), a.link()); !errors.Is(err, openid4vp.ErrLink) {
		t.Errorf("request: %v", err)
	}
	if _, err := w.wallet.Resolve(t.Context(), w.server.URL, sdConfig); !errors.Is(err, openid4vci.ErrIssuer) {
		t.Errorf("issuer: %v", err)
	}
}
