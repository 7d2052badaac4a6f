package wallet

import (
	"crypto/ecdsa"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/sdjwt"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/specs/x5c"
)

func TestBothFormatsAreIssuedVerifiedAndStored(t *testing.T) {
	w := newWorld(t)
	got, err := w.get(sdConfig, mdocConfig)
	check(t, err)
	if len(got) != 2 || w.stored() != 2 {
		t.Fatalf("%d credentials, %d stored", len(got), w.stored())
	}
	for _, c := range got {
		if len(c.Copies) != 2 || c.Issuer != w.server.URL || !c.Stored.Equal(now) {
			t.Errorf("%s: %d copies by %s", c.Type, len(c.Copies), c.Issuer)
		}
		if jose.Thumbprint(&c.Copies[0].Key.PublicKey) == jose.Thumbprint(&c.Copies[1].Key.PublicKey) {
			t.Errorf("%s: two copies share a key", c.Type)
		}
	}
	if w.par.Get("scope") != "card age" || w.par.Get("issuer_state") != "is" || w.par.Get("code_challenge_method") != "S256" {
		t.Errorf("pushed %v", w.par)
	}
	if n := len(idsOf(t, w.wallet.Store, flowsDir)); n != 0 {
		t.Errorf("%d flows are left", n)
	}
}

// Each server demands its nonce once; the wallet remembers it for the next request to it.
func TestDPoPNonces(t *testing.T) {
	w := newWorld(t)
	_, err := w.get(sdConfig)
	check(t, err)
	want := []string{"/.well-known/openid-credential-issuer", "/.well-known/oauth-authorization-server", "/par", "/par", "/token", "/nonce", "/credential", "/notification"}
	if !slices.Equal(w.calls(), want) {
		t.Errorf("calls %v", w.calls())
	}
}

func TestADPoPNonceIsTriedOnce(t *testing.T) {
	w := newWorld(t)
	w.handle["/par"] = func(out http.ResponseWriter, _ *http.Request) {
		out.Header().Set("DPoP-Nonce", "another")
		writeJSON(out, 400, oauth2.Error{Code: oauth2.UseDPoPNonce})
	}
	var refusal *Refusal
	if err := w.begin(sdConfig); !errors.As(err, &refusal) || refusal.Code != oauth2.UseDPoPNonce {
		t.Errorf("%v", err)
	}
	if n := len(slices.DeleteFunc(w.calls(), func(c string) bool { return c != "/par" })); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
}

func TestCredentialIdentifiersAreUsedWhenTheTokenNamesThem(t *testing.T) {
	w := newWorld(t)
	w.bendMetadata = func(m *openid4vci.IssuerMetadata) {
		c := m.CredentialConfigurationsSupported[sdConfig]
		c.Scope = ""
		m.CredentialConfigurationsSupported[sdConfig] = c
	}
	w.bendToken = func(t *oauth2.TokenResponse) {
		t.AuthorizationDetails = []oauth2.AuthorizationDetail{{Type: "openid_credential", CredentialConfigurationID: sdConfig, CredentialIdentifiers: []string{sdConfig}}}
	}
	got, err := w.get(sdConfig)
	check(t, err)
	details, err := oauth2.ParseAuthorizationDetails(w.par.Get("authorization_details"))
	if err != nil || details[0].CredentialConfigurationID != sdConfig || w.par.Has("scope") || len(got) != 1 {
		t.Errorf("pushed %v, got %d, %v", w.par, len(got), err)
	}
}

// E03: who is not who the address says is refused, before anything is sent.
func TestE03MetadataOfSomebodyElse(t *testing.T) {
	for name, c := range map[string]struct {
		bend func(*world)
		want error
	}{
		"credential_issuer": {func(w *world) {
			w.bendMetadata = func(m *openid4vci.IssuerMetadata) { m.CredentialIssuer += "/" }
		}, openid4vci.ErrMismatch},
		"issuer of the authorization server": {func(w *world) {
			w.bendServer = func(m *oauth2.ServerMetadata) { m.Issuer = "https://other.example" }
		}, ErrIdentity},
		"configuration that is not there": {func(w *world) {
			w.bendMetadata = func(m *openid4vci.IssuerMetadata) {
				delete(m.CredentialConfigurationsSupported, sdConfig)
			}
		}, ErrConfiguration},
		"no pushed authorization requests": {func(w *world) {
			w.bendServer = func(m *oauth2.ServerMetadata) { m.PushedAuthorizationRequestEndpoint = "" }
		}, ErrUnsupported},
		"no PKCE": {func(w *world) {
			w.bendServer = func(m *oauth2.ServerMetadata) { m.CodeChallengeMethodsSupported = nil }
		}, ErrUnsupported},
		"redirected metadata": {func(w *world) {
			w.handle["/.well-known/openid-credential-issuer"] = http.RedirectHandler("/elsewhere", http.StatusFound).ServeHTTP
		}, fetch.ErrRedirect},
		"metadata that are no JSON": {func(w *world) {
			w.handle["/.well-known/openid-credential-issuer"] = func(out http.ResponseWriter, _ *http.Request) { _, _ = out.Write([]byte("<p>")) }
		}, fetch.ErrContentType},
	} {
		w := newWorld(t)
		c.bend(w)
		if err := w.begin(sdConfig); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if slices.Contains(w.calls(), "/par") {
			t.Errorf("%s: something was sent", name)
		}
	}
}

func TestOffersThatAreNotTaken(t *testing.T) {
	w := newWorld(t)
	rules := openid4vci.Rules{InsecureAllowHTTP: true}
	otherGrant, err := openid4vci.OfferURI(openid4vci.OfferEndpoint, openid4vci.Offer{
		CredentialIssuer: w.server.URL, CredentialConfigurationIDs: []string{sdConfig}, Grants: &openid4vci.Grants{},
	}, rules)
	check(t, err)
	byReference, err := openid4vci.OfferReferenceURI(openid4vci.OfferEndpoint, w.server.URL+"/o", rules)
	check(t, err)
	for link, want := range map[string]error{
		"mailto:x":   ErrInput,
		w.server.URL: ErrConfiguration,
		otherGrant:   ErrUnsupported,
		"openid-credential-offer://?credential_offer={}&credential_offer={}": openid4vci.ErrLink,
	} {
		if _, err := w.wallet.Resolve(t.Context(), link, ""); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", link, err, want)
		}
	}
	if len(w.calls()) != 0 {
		t.Errorf("calls %v", w.calls())
	}
	if _, err := w.wallet.Resolve(t.Context(), byReference, ""); !errors.As(err, new(*Refusal)) {
		t.Errorf("an offer that is not found: %v", err)
	}
	w.handle["/o"] = func(out http.ResponseWriter, _ *http.Request) {
		writeJSON(out, 200, openid4vci.Offer{CredentialIssuer: w.server.URL, CredentialConfigurationIDs: []string{sdConfig, mdocConfig}})
	}
	plan, err := w.wallet.Resolve(t.Context(), byReference, mdocConfig)
	if err != nil || !slices.Equal(plan.ConfigurationIDs, []string{mdocConfig}) {
		t.Errorf("by reference: %v, %v", plan, err)
	}
	if _, err := w.wallet.Resolve(t.Context(), byReference, "other"); !errors.Is(err, ErrChoice) {
		t.Errorf("narrowed to what is not offered: %v", err)
	}
}

func TestTheReturnMustBelongToThisWallet(t *testing.T) {
	for name, c := range map[string]struct {
		bend []string
		want error
	}{
		"no state":      {[]string{"state", ""}, ErrState},
		"other state":   {[]string{"state", strings.Repeat("a", 26)}, ErrState},
		"path as state": {[]string{"state", "../credentials/x"}, ErrState},
		"no iss":        {[]string{"iss", ""}, ErrIdentity},
		"other iss":     {[]string{"iss", "https://other.example"}, ErrIdentity},
	} {
		w := newWorld(t)
		check(t, w.begin(sdConfig))
		if _, err := w.wallet.Finish(t.Context(), w.back(c.bend...)); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if slices.Contains(w.calls(), "/token") {
			t.Errorf("%s: the code was sent", name)
		}
		if _, err := w.wallet.Finish(t.Context(), w.back()); err != nil {
			t.Errorf("%s: the right return afterwards: %v", name, err)
		}
		if _, err := w.wallet.Finish(t.Context(), w.back()); !errors.Is(err, ErrState) {
			t.Errorf("%s: the return a second time: %v", name, err)
		}
	}
}

func TestAReturnAfterAnHourIsTooLate(t *testing.T) {
	w := newWorld(t)
	check(t, w.begin(sdConfig))
	query := w.back()
	w.at = w.at.Add(flowLife + time.Second)
	if _, err := w.wallet.Finish(t.Context(), query); !errors.Is(err, ErrState) {
		t.Errorf("%v", err)
	}
	check(t, w.begin(sdConfig))
	w.at = w.at.Add(flowLife + time.Second)
	check(t, w.begin(sdConfig))
	if n := len(idsOf(t, w.wallet.Store, flowsDir)); n != 1 {
		t.Errorf("%d flows, the old one should be gone", n)
	}
}

func TestARefusalTellsWhatWasSentToWhom(t *testing.T) {
	w := newWorld(t)
	check(t, w.begin(sdConfig))
	_, err := w.wallet.Finish(t.Context(), w.back("code", "another-code"))
	var r *Refusal
	if !errors.As(err, &r) || r.Code != "invalid_grant" || r.Description != "no such code" || r.Status != 400 || r.Endpoint != "POST "+w.server.URL+"/token" {
		t.Fatalf("%+v", err)
	}
	if !slices.Contains(r.Sent, "client_id=wallet-sim") || !slices.Contains(r.Sent, "code=(not shown)") || strings.Contains(r.Error(), "another-code") {
		t.Errorf("sent %v", r.Sent)
	}
	check(t, w.begin(sdConfig))
	query := w.back("code", "", "error", "access_denied", "error_description", "no")
	if _, err := w.wallet.Finish(t.Context(), query); !errors.As(err, &r) || r.Code != "access_denied" || r.Status != 0 {
		t.Errorf("%v", err)
	}
}

// E05: what does not verify is not stored, and the reason is told.
func TestE05BadCredentialsAreNotStored(t *testing.T) {
	stranger := newAuthority(t, x5c.CredentialIssuer, x5c.DocumentSigner)
	other := testKey(t)
	type bend func(w *world, n int, holder *ecdsa.PublicKey, format string) string
	for name, c := range map[string]struct {
		issue bend
		sd    error // nil: not for this format
		mdoc  error
	}{
		"unknown authority": {func(w *world, _ int, h *ecdsa.PublicKey, f string) string {
			return w.signed(stranger, h, f, "no:test:card", "no.test.age", w.at.Add(day))
		}, x5c.ErrUntrusted, x5c.ErrUntrusted},
		"key of somebody else": {func(w *world, _ int, _ *ecdsa.PublicKey, f string) string {
			return w.properly(0, &other.PublicKey, f)
		}, ErrCredential, ErrCredential},
		"other type": {func(w *world, _ int, h *ecdsa.PublicKey, f string) string {
			return w.signed(w.ca, h, f, "no:test:other", "no.test.other", w.at.Add(day))
		}, ErrCredential, ErrCredential},
		"expired": {func(w *world, _ int, h *ecdsa.PublicKey, f string) string {
			return w.signed(w.ca, h, f, "no:test:card", "no.test.age", w.at.Add(-time.Minute))
		}, sdjwtvc.ErrExpired, mdoc.ErrExpired},
		"signature of another": {func(w *world, _ int, h *ecdsa.PublicKey, f string) string {
			jwt, rest, _ := strings.Cut(w.properly(0, h, f), "~")
			foreign, _, _ := strings.Cut(w.signed(stranger, h, f, "no:test:card", "", w.at.Add(day)), "~")
			return jwt[:strings.LastIndex(jwt, ".")] + foreign[strings.LastIndex(foreign, "."):] + "~" + rest
		}, sdjwtvc.ErrSignature, nil},
		"alg none": {func(w *world, _ int, h *ecdsa.PublicKey, f string) string {
			jwt, rest, _ := strings.Cut(w.properly(0, h, f), "~")
			parts := strings.Split(jwt, ".")
			parts[0] = jose.EncodeBase64URL([]byte(`{"alg":"none","typ":"dc+sd-jwt"}`))
			return parts[0] + "." + parts[1] + ".AA~" + rest
		}, sdjwtvc.ErrToken, nil},
		"disclosure that belongs to nothing": {func(w *world, _ int, h *ecdsa.PublicKey, f string) string {
			return w.properly(0, h, f) + jose.EncodeBase64URL([]byte(`["c2FsdHNhbHRzYWx0c2FsdA","role","king"]`)) + "~"
		}, sdjwt.ErrUnreferenced, nil},
		"key binding of the issuer": {func(w *world, _ int, h *ecdsa.PublicKey, f string) string {
			return w.properly(0, h, f) + "e30.e30.AA"
		}, sdjwtvc.ErrKeyBinding, nil},
		"bytes changed": {func(w *world, _ int, h *ecdsa.PublicKey, f string) string {
			raw, err := jose.DecodeBase64URL(w.properly(0, h, f))
			check(w.t, err)
			i := slices.Index(raw, 0xf5) // an element's true
			raw[i] = 0xf4
			return jose.EncodeBase64URL(raw)
		}, nil, mdoc.ErrDigest},
		"not base64url": {func(*world, int, *ecdsa.PublicKey, string) string { return "%" }, nil, jose.ErrEncoding},
	} {
		for config, want := range map[string]error{sdConfig: c.sd, mdocConfig: c.mdoc} {
			if want == nil {
				continue
			}
			w := newWorld(t)
			w.wantNotStored(name, config, want, func(n int, h *ecdsa.PublicKey, f string) string { return c.issue(w, n, h, f) })
		}
	}
}

// wantNotStored issues one good copy and one bad: the good one does not save the other.
func (w *world) wantNotStored(name, config string, want error, bad func(n int, holder *ecdsa.PublicKey, format string) string) {
	w.t.Helper()
	w.issue = func(n int, h *ecdsa.PublicKey, f string) string {
		if n == 0 {
			return w.properly(n, h, f)
		}
		return bad(n, h, f)
	}
	if _, err := w.get(config); !errors.Is(err, ErrCredential) || !errors.Is(err, want) {
		w.t.Errorf("%s, %s: %v, want %v", name, config, err, want)
	}
	if w.stored() != 0 {
		w.t.Errorf("%s, %s: stored", name, config)
	}
}

func TestE05TwoCopiesForOneKey(t *testing.T) {
	w := newWorld(t)
	var first *ecdsa.PublicKey
	w.issue = func(n int, h *ecdsa.PublicKey, f string) string {
		if n == 0 {
			first = h
		}
		return w.properly(n, first, f)
	}
	if _, err := w.get(sdConfig); !errors.Is(err, ErrCredential) || w.stored() != 0 {
		t.Errorf("%v, %d stored", err, w.stored())
	}
}

// E06: without a c_nonce there is no key proof.
func TestE06TheNonceEndpointFails(t *testing.T) {
	for name, bend := range map[string]func(*world){
		"status 500": func(w *world) {
			w.handle["/nonce"] = func(out http.ResponseWriter, _ *http.Request) {
				writeJSON(out, 500, oauth2.Error{Code: "server_error"})
			}
		},
		"empty answer": func(w *world) {
			w.handle["/nonce"] = func(out http.ResponseWriter, _ *http.Request) { writeJSON(out, 200, map[string]string{}) }
		},
		"redirect": func(w *world) {
			w.handle["/nonce"] = http.RedirectHandler("/elsewhere", http.StatusTemporaryRedirect).ServeHTTP
		},
		"no answer": func(w *world) {
			w.handle["/nonce"] = func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
		},
		"not named": func(w *world) { w.bendMetadata = func(m *openid4vci.IssuerMetadata) { m.NonceEndpoint = "" } },
	} {
		w := newWorld(t)
		bend(w)
		if _, err := w.get(sdConfig); !errors.Is(err, ErrNonce) {
			t.Errorf("%s: %v", name, err)
		}
		if slices.Contains(w.calls(), "/credential") {
			t.Errorf("%s: a credential was asked for", name)
		}
	}
}

func TestAnInvalidNonceIsReplacedOnce(t *testing.T) {
	for refusals, want := range map[int]string{1: "", 2: openid4vci.InvalidNonce} {
		w := newWorld(t)
		w.handle["/credential"] = func(out http.ResponseWriter, r *http.Request) {
			if refusals--; refusals >= 0 {
				writeJSON(out, 400, oauth2.Error{Code: openid4vci.InvalidNonce})
				return
			}
			w.credential(out, r)
		}
		_, err := w.get(sdConfig)
		var r *Refusal
		if (want == "") != (err == nil) || (want != "" && (!errors.As(err, &r) || r.Code != want)) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

func TestWhatTheIssuerAnswersInPlaceOfCredentials(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		answer any
		want   error
	}{
		"later for 0 s":  {202, map[string]any{"transaction_id": "x", "interval": 0}, openid4vci.ErrResponse},
		"nothing":        {200, map[string]any{}, openid4vci.ErrResponse},
		"more than keys": {200, map[string]any{"credentials": []any{map[string]string{"credential": "a"}, map[string]string{"credential": "b"}, map[string]string{"credential": "c"}}}, openid4vci.ErrResponse},
	} {
		w := newWorld(t)
		w.handle["/credential"] = func(out http.ResponseWriter, _ *http.Request) { writeJSON(out, c.status, c.answer) }
		if _, err := w.get(sdConfig); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestABearerTokenIsRefused(t *testing.T) {
	w := newWorld(t)
	w.bendToken = func(t *oauth2.TokenResponse) { t.TokenType = "Bearer" }
	if _, err := w.get(sdConfig); err == nil || slices.Contains(w.calls(), "/nonce") {
		t.Errorf("%v", err)
	}
}

func TestTrustIsReadAgainWhenAFileComes(t *testing.T) {
	w := newWorld(t)
	check(t, os.Remove(filepath.Join(w.trust, "issuers", "a.pem")))
	if _, err := w.get(sdConfig); err == nil || !strings.Contains(err.Error(), "issuers") {
		t.Errorf("without anchors: %v", err)
	}
	w.anchor("issuers", newAuthority(t))
	if _, err := w.get(sdConfig); !errors.Is(err, x5c.ErrUntrusted) {
		t.Errorf("with another anchor: %v", err)
	}
	check(t, os.WriteFile(filepath.Join(w.trust, "issuers", "b.pem"), x5c.EncodePEM(w.ca.root), 0o644))
	if _, err := w.get(sdConfig); err != nil {
		t.Errorf("with the anchor: %v", err)
	}
}

func TestParametersThatComeTwice(t *testing.T) {
	w := newWorld(t)
	check(t, w.begin(sdConfig))
	query := w.back()
	query.Add("code", "other")
	if _, err := w.wallet.Finish(t.Context(), query); err == nil || slices.Contains(w.calls(), "/token") {
		t.Errorf("%v", err)
	}
	if _, err := w.wallet.Finish(t.Context(), url.Values{}); !errors.Is(err, ErrState) {
		t.Errorf("an empty return: %v", err)
	}
}
