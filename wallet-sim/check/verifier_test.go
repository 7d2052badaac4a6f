package check

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/keys"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/x5c"
	"lommebok.example/wallet-sim/browser"
	"lommebok.example/wallet-sim/faults"
	"lommebok.example/wallet-sim/wallet"
)

// the names of wallets: one with all that the services ask for, one with SD-JWT VCs alone.
const full = "full"

// fill gets credentials into a wallet.
func (w *town) fill(store string, types ...string) {
	w.t.Helper()
	one := w.way(store).Wallet
	for _, id := range types {
		plan, err := one.Resolve(w.t.Context(), w.issuerURL, id)
		must(w.t, err)
		address, err := one.Begin(w.t.Context(), plan)
		must(w.t, err)
		back, err := w.signIn(w.t.Context(), address)
		must(w.t, err)
		_, err = one.Finish(w.t.Context(), back)
		must(w.t, err)
	}
}

// Our verifier fails no requirement, and each is in the report and was tested.
func (w *town) ourVerifier(t *testing.T) {
	w.fill(full, age, mpid, "no.sikt.elevbevis_sd_jwt_vc")
	r := w.checkVerifier(full, Source{Page: w.verifierURL}, "presentation_")
	r.failedAs(t)
	if n := len(verifierRules()) + len(brokenRules(library(t), nil)); len(r.Results) != n || r.Count(Held) != n {
		t.Errorf("%d requirements of %d, %d held", len(r.Results), n, r.Count(Held))
	}
	eachForItsReason(t, r)
	w.nextService(t)
	w.reports(t, r)
}

// A fault that finds nothing to change in what one service asks for is done to what another does.
func (w *town) nextService(t *testing.T) {
	t.Helper()
	all, err := faults.Parse([]byte("name: at_one\nbreaks: none\nat: authorization response\ndo: [{in: json vp_token.person.0, set: x}]\nexpect: {}\n---\n" +
		"name: at_another\nbreaks: none\nat: authorization response\ndo: [{in: json vp_token.age.0, set: x}]\nexpect: {}\n"))
	must(t, err)
	v := Verifier{Address: w.verifierURL, Way: w.way(full), Source: Source{Page: w.verifierURL}, Faults: all,
		Browser: func() (*browser.Browser, error) { return browser.New(nil, browser.Person{}, time.Now) }}
	r, err := v.Check(t.Context())
	must(t, err)
	if r.Count(Held) != len(all) {
		t.Errorf("%+v", r.Results)
	}
}

// A verifier that sent no state has none to hold an answer against.
func TestNoState(t *testing.T) {
	for name, want := range map[string]error{"json state": errUnfit, "json vp_token": nil} {
		if err := (&answer{parts: []*part{{}}}).change(&faults.Change{In: name, Drop: true}); !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A wallet that holds nothing says so for each requirement that takes an answer.
func (w *town) emptyWallet(t *testing.T) {
	r := w.checkVerifier("", Source{Page: w.verifierURL}, "presentation_")
	r.failedAs(t)
	for _, one := range r.Results {
		if strings.HasPrefix(one.ID, "presentation_") && (one.Outcome != NotTested || !strings.Contains(one.Why, "offer accept")) {
			t.Errorf("%+v", one)
		}
	}
}

// alike answers every wallet with 200 and the address of a page, which says whether it was accepted.
func (w *town) alike(says string) func(http.Handler) http.Handler {
	refused := rewritten("/responses/", func(a *reply) {
		if a.Code >= 400 {
			a.Code = 200
			a.put(map[string]any{"redirect_uri": w.verifierURL + "/verdict?code=aaaaaaaaaaaaaaaaaaaaaaaaaa"})
		}
	})
	return func(next http.Handler) http.Handler {
		inner := refused(next)
		return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/verdict" {
				inner.ServeHTTP(out, r)
				return
			}
			_, _ = out.Write([]byte("<!doctype html><main><p>" + says + "</p></main>"))
		})
	}
}

// A verifier that answers every wallet alike is judged by the page that the answer leads to.
func (w *town) pages(t *testing.T) {
	source := Source{Page: w.verifierURL, Form: lends, Accepted: "You are in"}
	for says, want := range map[string][]string{"Come back another day": nil, "You are in": {"presentation_sdjwt_nonce_other", "presentation_twice"}} {
		w.verifier.by(w.alike(says))
		w.checkVerifier(full, source, "presentation_sdjwt_nonce_other", "presentation_twice").failedAs(t, want...)
	}
	w.verifier.by(nil)
}

// requested changes the request object, and signs it as the verifier would.
func (w *town) requested(edit func(header, claims map[string]any)) func(http.Handler) http.Handler {
	return rewritten("/requests/", func(a *reply) {
		if changed, err := faults.Resign(a.Body.String(), w.access, edit); err == nil {
			a.Body = bytes.NewBufferString(changed)
		}
	})
}

func metadata(edit func(m map[string]any)) func(header, claims map[string]any) {
	return func(_, claims map[string]any) { edit(claims["client_metadata"].(map[string]any)) }
}

func claim(name string, value any) func(header, claims map[string]any) {
	return func(_, claims map[string]any) { setOrDrop(claims, name, value) }
}

// taken answers what is refused with a code as if it were accepted.
func taken(code string) func(http.Handler) http.Handler {
	return refusedSo("/responses/", code, func(a *reply) {
		a.Code, a.Body = 200, bytes.NewBufferString(`{"redirect_uri":"http://localhost/done?response_code=aaaaaaaaaaaaaaaaaaaaaaaaaa"}`)
	})
}

// tells another code of what is refused with one.
func tells(code, other string) func(http.Handler) http.Handler {
	return refusedSo("/responses/", code, func(a *reply) { a.put(map[string]any{"error": other}) })
}

const (
	takes = "VP-5-request" // falls with whatever the wallet itself minds
	lends = "/services/lanekassen/start"
)

// A verifier that breaks one rule is told which. What falls with it is in the table too.
func (w *town) brokenVerifier(t *testing.T) {
	w.t = t
	w.emptyWallet(t)
	w.pages(t)
	w.verifier.by(tells("key_binding_audience", "a_code_of_its_own"))
	w.checkVerifier(full, Source{Page: w.verifierURL, Form: lends}, "presentation_sdjwt_aud").failedAs(t)
	root, err := keys.Signer(filepath.Join(w.dir, "verifier"), "access-ca")
	must(t, err)
	anchor, err := keys.Certificate(filepath.Join(w.dir, "verifier"), "access-ca", root, time.Now(), time.Now())
	must(t, err)
	key, leaf, err := stranger(x5c.AccessCertificate, time.Now())
	must(t, err)
	posted := w.posted()
	broken := []string{takes, "HAIP-5-trusted", "HAIP-5.1-request_uri"} // fall with others; made up in TestRequestByValue
	for _, c := range []struct {
		rule  string
		by    func(http.Handler) http.Handler
		falls []string
		also  []string // broken answers to give
		asks  map[string]string
	}{
		{rule: "HAIP-5-prefix", asks: map[string]string{"client_id_prefix": openid4vp.PrefixX509SANDNS}},
		{rule: "VP-5.10.1-status", by: status("/requests/", 404), falls: []string{takes}},
		{rule: "VP-5.10.1-content-type", by: header("/requests/", "Content-Type", "application/jwt"), falls: []string{takes}},
		{rule: "VP-5.10.1-again", by: onceOnly("/requests/")},
		{rule: "VP-5-typ", by: w.requested(func(h, _ map[string]any) { delete(h, "typ") }), falls: []string{takes}},
		{rule: "VP-5.10.1-client_id", by: w.requested(claim("client_id", "x509_hash:AAAA")), falls: []string{takes}},
		{rule: "VP-5.9.3-prefix", by: w.requested(func(h, _ map[string]any) { h["x5c"] = []any{encodedDER(leaf)} }), falls: []string{takes, "VP-5-signature", "HAIP-5-trusted"}},
		{rule: "VP-5-signature", by: rewritten("/requests/", func(a *reply) {
			if changed, err := faults.Resign(a.Body.String(), key, func(_, _ map[string]any) {}); err == nil {
				a.Body = bytes.NewBufferString(changed)
			}
		}), falls: []string{takes}},
		{rule: "HAIP-5-x5c", by: w.requested(func(h, _ map[string]any) { h["x5c"] = append(h["x5c"].([]any), encodedDER(anchor)) }), falls: []string{takes}},
		{rule: "VP-5.8-aud", by: w.requested(claim("aud", "https://elsewhere.example")), falls: []string{takes}},
		{rule: "VP-5.6-response_type", by: w.requested(claim("response_type", "code")), falls: []string{takes}},
		{rule: "VP-5.2-nonce", by: w.requested(func(_, c map[string]any) { c["nonce"] = c["nonce"].(string)[:8] }), falls: []string{takes}},
		{rule: "VP-8.2-response_uri", by: w.requested(claim("redirect_uri", "https://elsewhere.example")), falls: []string{takes}},
		{rule: "HAIP-5.1-response_mode", by: w.requested(claim("response_mode", "direct_post")), falls: []string{"VP-8.2-accepted"}}, // the verifier itself wanted encryption
		{rule: "VP-5.1-query", by: w.requested(claim("scope", "x")), falls: []string{takes}},
		{rule: "VP-6-dcql", by: w.requested(claim("dcql_query", map[string]any{"credentials": []any{}})), falls: []string{takes}},
		{rule: "VP-5.1-formats", by: w.requested(metadata(func(m map[string]any) { delete(m, "vp_formats_supported") })), falls: []string{takes}},
		{rule: "VP-8.3-keys", by: w.requested(metadata(func(m map[string]any) {
			set := m["jwks"].(map[string]any)
			set["keys"] = append(set["keys"].([]any), set["keys"].([]any)[0])
		})), falls: []string{takes}},
		{rule: "HAIP-5-ecdh", by: w.requested(metadata(func(m map[string]any) {
			m["jwks"].(map[string]any)["keys"].([]any)[0].(map[string]any)["alg"] = "RSA-OAEP-256"
		})), falls: []string{takes}},
		{rule: "HAIP-5-enc", by: w.requested(metadata(func(m map[string]any) { m["encrypted_response_enc_values_supported"] = []string{"A128GCM"} }))},
		{rule: "RFC9101-exp", by: w.requested(claim("exp", time.Now().Add(-time.Hour).Unix())), falls: []string{takes}},
		{rule: "VP-14.1-nonce", by: w.requested(claim("nonce", "always-the-same-nonce-123")), falls: []string{"VP-8.2-accepted"}},
		{rule: "HAIP-5-key", by: w.sameKey()},
		{rule: "VP-5.10-wallet_nonce", by: posted},
		{rule: "VP-8.2-accepted", by: status("/responses/", 201), falls: []string{"VP-8.2-refusal"}},
		{rule: "VP-8.2-refusal", by: rewritten("/responses/", func(a *reply) {
			if bytes.Contains(a.sent, []byte("error=")) {
				a.Code = 400
			}
		})},
		{rule: "HAIP-5.1-redirect_uri", by: object("/responses/", func(o map[string]any) { delete(o, "redirect_uri") })},
		{rule: "VP-13.3-response_code", by: object("/responses/", func(o map[string]any) { o["redirect_uri"] = w.verifierURL + "/done?id=7" })},
		{rule: "presentation_sdjwt_nonce_other", by: taken("key_binding_nonce"), also: []string{"presentation_sdjwt_nonce", "presentation_sdjwt_aud"}, falls: []string{"presentation_sdjwt_nonce_longer"}},
		{rule: "presentation_sdjwt_aud_other", by: tells("key_binding_audience", "key_binding_time"), also: []string{"presentation_sdjwt_aud", "presentation_sdjwt_nonce"}, falls: []string{"presentation_sdjwt_aud_without_prefix"}},
		{rule: "presentation_sdjwt_sd_hash_other", by: taken("key_binding_sd_hash"), also: []string{"presentation_sdjwt_sd", "presentation_sdjwt_iat"}},
		{rule: "presentation_sdjwt_kb_missing", by: taken("key_binding_missing"), also: []string{"presentation_sdjwt_kb"}},
		{rule: "presentation_sdjwt_issuer_signature", by: taken("issuer_signature"), also: []string{"presentation_sdjwt_issuer", "presentation_sdjwt_disclosure"}, falls: []string{
			"presentation_sdjwt_issuer_claim_changed", "presentation_sdjwt_issuer_type_changed", "presentation_sdjwt_issuer_holder_dropped",
		}},
		{rule: "presentation_sdjwt_issuer_untrusted", by: taken("issuer_untrusted"), also: []string{"presentation_sdjwt_issuer", "presentation_sdjwt_kb"}},
		{rule: "presentation_state_other", by: taken("state_mismatch"), also: []string{"presentation_s"}, falls: []string{"presentation_state_missing"}},
		{rule: "presentation_claim_withheld", by: rewritten("/responses/", func(a *reply) {
			if bytes.Contains(a.Body.Bytes(), []byte(" is missing")) {
				a.Code = 200
			}
		}), also: []string{"presentation_claim_withheld", "presentation_query_unknown", "presentation_presentation"}},
		{rule: "presentation_twice", by: rewritten("/responses/", func(a *reply) {
			if a.Code == 404 {
				a.Code = 200
			}
		}), also: []string{"presentation_twice", "presentation_in_the_clear"}},
		{rule: "presentation_in_the_clear", by: rewritten("/responses/", func(a *reply) {
			if bytes.Contains(a.sent, []byte("vp_token=")) {
				a.Code = 200
			}
		}), also: []string{"presentation_twice", "presentation_in_the_clear", "presentation_jwe"}},
		{rule: "presentation_jwe_kid_unknown", by: rewritten("/responses/", func(a *reply) {
			if bytes.Contains(a.Body.Bytes(), []byte("kid: expected")) {
				a.Code = 500
			}
		}), also: []string{"presentation_jwe"}, falls: []string{"presentation_jwe_kid_missing"}},
	} {
		broken = append(broken, c.rule)
		t.Run(c.rule, func(t *testing.T) {
			w.t = t
			w.verifier.by(c.by)
			defer w.verifier.by(nil)
			w.checkVerifier(full, Source{Page: w.verifierURL, Form: lends, Fields: c.asks}, c.also...).failedAs(t, append(c.falls, c.rule)...)
		})
	}
	for _, rule := range verifierRules() {
		if !slices.Contains(broken, rule.ID) {
			t.Errorf("no server breaks %s", rule.ID)
		}
	}
}

// onceOnly refuses each address the second time.
func onceOnly(path string) func(http.Handler) http.Handler {
	seen := map[string]bool{}
	return rewritten(path, func(a *reply) {
		if seen[a.request.URL.Path] {
			a.Code = 404
		}
		seen[a.request.URL.Path] = true
	})
}

// sameKey gives every request the first one's key.
func (w *town) sameKey() func(http.Handler) http.Handler {
	var kept any
	return w.requested(metadata(func(m map[string]any) {
		if kept == nil {
			kept = m["jwks"]
		}
		m["jwks"] = kept
	}))
}

// posted takes the wallet's key out of what it says, so that the request object comes in plain, and then the wallet_nonce out of that.
func (w *town) posted() func(http.Handler) http.Handler {
	plain := w.requested(claim("wallet_nonce", nil))
	return func(next http.Handler) http.Handler {
		inner := plain(next)
		return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/requests/") {
				var body bytes.Buffer
				_, _ = body.ReadFrom(r.Body)
				form, _ := url.ParseQuery(body.String())
				form.Del("wallet_metadata")
				text := form.Encode()
				r.Body, r.ContentLength = readCloser{bytes.NewBufferString(text)}, int64(len(text))
			}
			inner.ServeHTTP(out, r)
		})
	}
}

// A request that stands in the link itself is not what HAIP 1.0 section 5.1 asks for.
func TestRequestByValue(t *testing.T) {
	rules := verifierRules()
	rule := rules[slices.IndexFunc(rules, func(r verifierRule) bool { return r.ID == "HAIP-5.1-request_uri" })]
	for want, link := range map[Outcome]*openid4vp.RequestLink{Held: {RequestURI: "https://verifier.example/1"}, Failed: {}, NotTested: nil} {
		if v := rule.judge(&verifierSeen{first: &asked{parsed: link}}); v.outcome != want {
			t.Errorf("%+v: %+v, expected %s", link, v, want)
		}
	}
}

// A link is found in a page, in JSON and in what a program prints.
func TestLink(t *testing.T) {
	s := Source{}
	for _, c := range []struct {
		text string
		want string
	}{
		{`<a href="openid4vp://?client_id=x509_hash:a&amp;request_uri=https%3A%2F%2Fv.example%2F1">open</a>`, "openid4vp://?client_id=x509_hash:a&request_uri=https%3A%2F%2Fv.example%2F1"},
		{`{"link":"haip-vp://?client_id=a&request_uri=b"}`, "haip-vp://?client_id=a&request_uri=b"},
		{"eudi-openid4vp://v.example?client_id=redirect_uri%3Ax&response_type=vp_token\n", "eudi-openid4vp://v.example?client_id=redirect_uri%3Ax&response_type=vp_token"},
		{`<a href="https://v.example/login?client_id=web">log in</a>`, ""},
		{"nothing", ""},
	} {
		got, err := linkIn(c.text)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: %q, %v", c.text, got, err)
		}
	}
	s.Command = []string{"echo", "openid4vp://?client_id=a&request_uri=b"}
	if got, err := s.Link(t.Context(), nil, nil); err != nil || !strings.HasPrefix(got, openid4vp.Scheme) {
		t.Errorf("%q, %v", got, err)
	}
}

func encodedDER(c *x509.Certificate) string { return base64.StdEncoding.EncodeToString(c.Raw) }

// What is changed in a credential is bound anew, so that a verifier meets that alone.
func TestBind(t *testing.T) {
	key, _, err := stranger(x5c.CredentialIssuer, time.Now())
	must(t, err)
	proof, err := faults.Resign("e30.e30.AAAA", key, func(h, c map[string]any) { h["typ"], c["sd_hash"] = "kb+jwt", "of something else" })
	must(t, err)
	const shown = "issuer~disclosure~"
	bound, err := bind(shown, proof, key)
	must(t, err)
	_, claims, err := faults.ReadJWT(strings.TrimPrefix(bound, shown))
	must(t, err)
	if sum := sha256.Sum256([]byte(shown)); claims["sd_hash"] != base64.RawURLEncoding.EncodeToString(sum[:]) {
		t.Errorf("%v", claims)
	}
}

// Another credential is one of another type in the same format, with its own key; a wallet without one cannot show it.
func TestAnotherCredential(t *testing.T) {
	key, _, err := stranger(x5c.CredentialIssuer, time.Now())
	must(t, err)
	one := func(format, kind string) *wallet.Credential {
		return &wallet.Credential{Format: format, Type: kind, Copies: []wallet.Copy{{Credential: kind, Key: wallet.Key{PrivateKey: key}}}}
	}
	a := &answer{parts: []*part{{format: "x", kind: "asked", credential: "asked"}}, held: []*wallet.Credential{one("x", "asked"), one("y", "of another format")}}
	if err := a.exchange(); !errors.Is(err, errUnfit) || a.parts[0].credential != "asked" {
		t.Errorf("%v, %+v", err, a.parts[0])
	}
	a.held = append(a.held, one("x", "another"))
	if err := a.exchange(); err != nil || a.parts[0].credential != "another" || a.parts[0].key != key {
		t.Errorf("%v, %+v", err, a.parts[0])
	}
}

// What a fault takes from a request is that request's, each time that it is done.
func TestEachRequestHasItsNonce(t *testing.T) {
	f := &faults.Fault{Do: []faults.Change{{In: "kb-jwt", JWT: "claims.nonce", Set: "${nonce}x"}}}
	key, _, err := stranger(x5c.CredentialIssuer, time.Now())
	must(t, err)
	proof, err := faults.Resign("e30.e30.AAAA", key, func(_, _ map[string]any) {})
	must(t, err)
	for _, nonce := range []string{"first", "second"} {
		p := &part{format: openid4vci.FormatSDJWTVC, key: key}
		must(t, (&answer{asked: openid4vp.RequestObject{Nonce: nonce}, parts: []*part{p}}).breaks(f))
		text, err := p.presented[0]("issuer~" + proof)
		must(t, err)
		_, claims, err := faults.ReadJWT(strings.TrimPrefix(text, "issuer~"))
		if err != nil || claims["nonce"] != nonce+"x" {
			t.Errorf("%s: %v, %v", nonce, claims, err)
		}
	}
}

// A session transcript is changed for the device alone: an SD-JWT VC in the same answer is bound to what was asked.
func TestTranscriptIsTheDevices(t *testing.T) {
	asked := openid4vp.RequestObject{Nonce: "nonce", ClientID: "client", ResponseURI: "https://verifier.example/response"}
	for _, name := range []string{"nonce", "client_id", "response_uri"} {
		a := &answer{asked: asked, session: asked, parts: []*part{{format: openid4vci.FormatMdoc}}}
		before, err := a.transcript()
		must(t, err)
		must(t, a.change(&faults.Change{In: "transcript " + name, Set: "other"}))
		after, err := a.transcript()
		must(t, err)
		if bytes.Equal(before, after) || a.asked.Nonce != "nonce" || a.asked.ClientID != "client" || a.asked.ResponseURI != asked.ResponseURI {
			t.Errorf("%s: %+v", name, a.asked)
		}
	}
}
