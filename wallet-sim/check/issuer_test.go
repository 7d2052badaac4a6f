package check

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"lommebok.example/specs/openid4vci"
	"lommebok.example/transaction"
	"lommebok.example/wallet-sim/faults"
	"lommebok.example/wallet-sim/wallet"
)

const (
	wellKnown  = "/.well-known/openid-credential-issuer"
	serverMeta = "/.well-known/oauth-authorization-server"
)

// credentials changes the first credential of a response.
func credentials(change func(all []any)) func(http.Handler) http.Handler {
	return object("/credential", func(o map[string]any) {
		if all, ok := o["credentials"].([]any); ok {
			change(all)
		}
	})
}

func reissued(resign func(jwt string) (string, error)) func(http.Handler) http.Handler {
	return credentials(func(all []any) {
		first := all[0].(map[string]any)
		if changed, err := firstPart(first["credential"].(string), resign); err == nil {
			first["credential"] = changed
		}
	})
}

// reissuedAll changes every credential of a response.
func reissuedAll(resign func(jwt string) (string, error)) func(http.Handler) http.Handler {
	return credentials(func(all []any) {
		for _, one := range all {
			c := one.(map[string]any)
			if changed, err := firstPart(c["credential"].(string), resign); err == nil {
				c["credential"] = changed
			}
		}
	})
}

// configured changes every configuration of the metadata.
func configured(change func(c map[string]any)) func(http.Handler) http.Handler {
	return object(wellKnown, func(o map[string]any) {
		for _, c := range o["credential_configurations_supported"].(map[string]any) {
			change(c.(map[string]any))
		}
	})
}

// returned changes the query that the browser comes back to the wallet with.
func returned(home string, change func(url.Values)) func(http.Handler) http.Handler {
	return rewritten("/", func(a *reply) {
		to, err := url.Parse(a.HeaderMap.Get("Location"))
		if err != nil || !strings.HasPrefix(to.String(), home+"/callback") {
			return
		}
		q := to.Query()
		change(q)
		to.RawQuery = q.Encode()
		a.HeaderMap.Set("Location", to.String())
	})
}

// first answers every call with what came at the first.
func first(path string) func(http.Handler) http.Handler {
	var kept []byte
	return rewritten(path, func(a *reply) {
		if kept == nil {
			kept = bytes.Clone(a.Body.Bytes())
		}
		a.Body = bytes.NewBuffer(bytes.Clone(kept))
	})
}

// The servers are started once: ours fail no requirement, and broken ones the one that they break.
func TestServers(t *testing.T) {
	w := newTown(t)
	for name, test := range map[string]func(*testing.T){"issuer": w.ourIssuer, "verifier": w.ourVerifier} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			test(t)
		})
	}
	t.Run("issuer that issues later", w.laterIssuer)
	t.Run("issuer that breaks", w.brokenIssuer)
	t.Run("verifier that breaks", w.brokenVerifier)
}

// Our issuer fails no requirement, and each is in the report.
func (w *town) ourIssuer(t *testing.T) {
	chosen := []string{"proof_nonce_made_up", "dpop_htu_elsewhere", "par_pkce_missing", "token_code_used_before", "attestation_by_a_stranger"}
	link, tx := w.offer(mpid)
	r := w.checkIssuer(Issuer{Types: []string{mpid, age, "pid_sd_jwt_vc"}, Offer: link, TxCode: tx}, append(chosen, idEncrypted, idRefresh)...)
	r.failedAs(t)
	have := map[string]Outcome{}
	for _, one := range r.Results {
		have[one.ID] = one.Outcome
		if one.Outcome == Held && len(one.Exchanges) == 0 {
			t.Errorf("%s held, and nothing shows it", one.ID)
		}
	}
	for _, rule := range issuerRules() {
		if have[rule.ID] == "" {
			t.Errorf("%s is not in the report", rule.ID)
		}
	}
	i := slices.IndexFunc(r.Results, func(one Result) bool { return one.ID == ends })
	if why := r.Results[i].Why; !strings.Contains(why, "pid_sd_jwt_vc") { // the person has too low a level for it
		t.Errorf("the report does not say what it does not speak of: %q", why)
	}
	idle := []string{"VCI-9.2-pending", "VCI-9.2-issued"} // nothing comes later
	for id, outcome := range have {
		if outcome == NotTested && !slices.Contains(idle, id) {
			t.Errorf("%s was not tested", id)
		}
	}
	if n := len(issuerRules()) + len(chosen); len(have) != n {
		t.Errorf("%d requirements, want %d", len(have), n)
	}
}

// Each requirement has an identifier of its own, a section and a sentence; so has each fault.
func TestRequirements(t *testing.T) {
	all, err := IssuerRequirements()
	must(t, err)
	of, err := VerifierRequirements()
	must(t, err)
	all = append(all, of...)
	seen := map[string]bool{}
	for _, r := range all {
		if seen[r.ID] || r.ID == "" || strings.ContainsAny(r.ID, " ;") || r.Section == "" || !strings.HasSuffix(r.Says, ".") || !slices.Contains([]string{OpenID4VCI, OpenID4VP, HAIP}, r.Profile) {
			t.Errorf("%+v", r)
		}
		seen[r.ID] = true
	}
	for _, id := range []string{"VCI-8.3.1.2-proof_nonce_made_up", "RFC9449-4.3-dpop_htm_get", "HAIP-4.4.1-attestation_by_a_stranger", "ABCA-5.1-attestation_typ"} {
		if !seen[id] {
			t.Errorf("%s is not there", id)
		}
	}
}

// What comes later is asked for in the end; faults are done to the asking.
func (w *town) laterIssuer(t *testing.T) {
	soon := object("/credential", func(o map[string]any) {
		if o["interval"] != nil {
			o["interval"] = 1
		}
	})
	tells := refusedSo("/deferred-credential", "invalid_transaction_id", func(a *reply) { a.put(map[string]any{"error": "invalid_request"}) })
	w.t = t
	w.issuer.by(func(next http.Handler) http.Handler { return tells(soon(next)) })
	defer w.issuer.by(nil)
	r := w.checkIssuer(Issuer{Types: []string{diploma}, Patience: 10 * time.Second}, "deferred_transaction_unknown", "deferred_token_missing")
	r.failedAs(t, "VCI-9.3-deferred_transaction_unknown")
	for _, id := range []string{"VCI-9.2-issued", "VCI-9.1-deferred_token_missing"} {
		if i := slices.IndexFunc(r.Results, func(one Result) bool { return one.ID == id }); i < 0 || r.Results[i].Outcome != Held {
			t.Errorf("%s did not hold", id)
		}
	}
}

// An offer that was taken already, or whose transaction code is wrong, gives nothing.
func (w *town) spentOffer(t *testing.T) {
	w.t = t
	link, _ := w.offer(mpid)
	w.checkIssuer(Issuer{Types: []string{mpid}, Offer: link, TxCode: "wrong"}).failedAs(t, "VCI-3.5-pre-authorized")
}

// What an issuer says until a credential is there, and then (OpenID4VCI 1.0 section 9.2).
func TestDeferred(t *testing.T) {
	for _, c := range []struct {
		name, media, body string
		status            int
		want              Outcome
	}{
		{"the same once more", "application/json", `{"transaction_id":"t","interval":5}`, 202, Held},
		{"another transaction_id", "application/json", `{"transaction_id":"u","interval":5}`, 202, Failed},
		{"no interval", "application/json", `{"transaction_id":"t"}`, 202, Failed},
		{"issuance_pending, as drafts had it", "application/json", `{"error":"issuance_pending"}`, 400, Failed},
		{"encrypted", "application/jwt", `e30`, 202, Held},
		{"another status of success", "application/json", `{"transaction_id":"t","interval":5}`, 201, Failed},
		{"nothing", "application/json", ``, 200, NotTested},
	} {
		x := &transaction.Exchanged{Step: transaction.Step{Name: stepLater}, Sent: []byte(`{"transaction_id":"t"}`), Status: c.status, Got: []byte(c.body), Headers: http.Header{"Content-Type": {c.media}}}
		s := &issuerSeen{metadata: &openid4vci.IssuerMetadata{DeferredCredentialEndpoint: "x"}, issuances: []*issuance{{seen: flow{x}}}}
		if v := later(202)(s); v.outcome != c.want {
			t.Errorf("%s: %+v", c.name, v)
		}
	}
	if v := later(200)(&issuerSeen{metadata: &openid4vci.IssuerMetadata{}}); v.outcome != NotTested {
		t.Errorf("without an endpoint: %+v", v)
	}
}

const ends = "VCI-3-issuance" // falls with whatever the wallet itself minds

// An issuer that breaks one rule is told which. What falls with it is in the table too.
func (w *town) brokenIssuer(t *testing.T) {
	w.t = t
	w.spentOffer(t)
	access := w.issuerKey("access")
	broken := []string{ends, "VCI-3.5-pre-authorized", "VCI-9.2-pending", "VCI-9.2-issued"} // by others, and made up in TestDeferred
	for _, c := range []struct {
		rule  string
		by    func(http.Handler) http.Handler
		falls []string
		fault string // to do, when the rule is one's
	}{
		{rule: "VCI-12.2.2-well-known", by: rewritten(wellKnown, func(a *reply) { // the wallet, which asks for both, still gets the signed form
			if a.request.Header.Get("Accept") == "application/json" {
				a.Code = 203
			}
		})},
		{rule: "VCI-12.2.2-content-type", by: rewritten(wellKnown, func(a *reply) {
			if a.request.Header.Get("Accept") == "application/json" {
				a.HeaderMap.Set("Content-Type", "text/plain")
			}
		})},
		{rule: "VCI-12.2.4-credential_issuer", by: object(wellKnown, func(o map[string]any) { o["credential_issuer"] = "https://elsewhere.example" })},
		{rule: "VCI-12.2.4-metadata", by: configured(func(c map[string]any) { delete(c, "cryptographic_binding_methods_supported") })},
		{rule: "HAIP-4.1-scope", by: configured(func(c map[string]any) { delete(c, "scope") })},
		{rule: "HAIP-4.1-nonce_endpoint", by: object(wellKnown, func(o map[string]any) { delete(o, "nonce_endpoint") })},
		{rule: "VCI-12.2.3-typ", by: signedMetadata(access, func(h, _ map[string]any) { h["typ"] = "JWT" }), falls: []string{ends}},
		{rule: "VCI-12.2.3-sub", by: signedMetadata(access, func(_, c map[string]any) { c["sub"] = "x" }), falls: []string{ends}},
		{rule: "VCI-12.2.3-iat", by: signedMetadata(access, func(_, c map[string]any) { delete(c, "iat") }), falls: []string{ends}},
		{rule: "VCI-12.2.3-signature", by: signedMetadata(w.access, func(_, _ map[string]any) {}), falls: []string{ends}}, // by another key
		{rule: "HAIP-4.1-x5c", by: signedMetadata(access, func(h, _ map[string]any) { delete(h, "x5c") }), falls: []string{ends, "VCI-12.2.3-signature"}},
		{rule: "RFC8414-3.3-issuer", by: object(serverMeta, func(o map[string]any) { o["issuer"] = "https://elsewhere.example" }), falls: []string{ends}},
		{rule: "HAIP-4-par", by: object(serverMeta, func(o map[string]any) { delete(o, "pushed_authorization_request_endpoint") }), falls: []string{ends}},
		{rule: "FAPI2-5.3.2.2-pushed", by: rewritten("/authorize", func(a *reply) {
			if a.request.URL.Query().Has("response_type") {
				a.Code = 200
			}
		})},
		{rule: "HAIP-4-pkce", by: object(serverMeta, func(o map[string]any) { o["code_challenge_methods_supported"] = []string{"plain"} }), falls: []string{ends}},
		{rule: "HAIP-4-dpop", by: object(serverMeta, func(o map[string]any) { delete(o, "dpop_signing_alg_values_supported") })},
		{rule: "HAIP-4-iss", by: object(serverMeta, func(o map[string]any) { delete(o, "authorization_response_iss_parameter_supported") })},
		{rule: "RFC9126-2.2-status", by: status("/par", 200)},
		{rule: "RFC9126-2.2-content-type", by: header("/par", "Content-Type", "text/json"), falls: []string{ends}},
		{rule: "FAPI2-5.3.2.2-expires_in", by: object("/par", func(o map[string]any) { o["expires_in"] = 3600 })},
		{rule: "RFC6749-4.1.2-state", by: returned(w.home, func(q url.Values) { q.Set("state", "x") }), falls: []string{ends}},
		{rule: "RFC9207-2-iss", by: returned(w.home, func(q url.Values) { q.Del("iss") }), falls: []string{ends}},
		{rule: "RFC6749-5.1-content-type", by: header("/token", "Content-Type", "text/json"), falls: []string{ends}},
		{rule: "RFC6749-5.1-no-store", by: header("/token", "Cache-Control", "max-age=60")},
		{rule: "HAIP-4-token_type", by: object("/token", func(o map[string]any) { o["token_type"] = "Bearer" }), falls: []string{ends}},
		{rule: "VCI-7.2-c_nonce", by: object("/nonce", func(o map[string]any) { delete(o, "c_nonce") }), falls: []string{ends, "VCI-7.2-fresh"}},
		{rule: "VCI-7.2-no-store", by: header("/nonce", "Cache-Control", "")},
		{rule: "VCI-7.2-fresh", by: first("/nonce")},
		{rule: "VCI-8.3-status", by: status("/credential", 201), falls: []string{ends, "VCI-8.3-credentials"}},
		{rule: "VCI-8.3-content-type", by: header("/credential", "Content-Type", "text/json"), falls: []string{ends}},
		{rule: "VCI-8.3-credentials", by: object("/credential", func(o map[string]any) { o["transaction_id"] = "x" }), falls: []string{ends}},
		{rule: "credential-form", by: credentials(func(all []any) { all[0].(map[string]any)["credential"] = "hello" }), falls: []string{ends}},
		{rule: "credential-signature", by: reissued(func(jwt string) (string, error) { return jwt[:len(jwt)-8] + flipTo(jwt[len(jwt)-8:]), nil }), falls: []string{ends}},
		{rule: "HAIP-6.1.1-x5c", by: reissued(func(jwt string) (string, error) { return issuedByStranger(jwt, time.Now()) }), falls: []string{ends}},
		{rule: "credential-digests", by: credentials(func(all []any) {
			first := all[0].(map[string]any)
			first["credential"] = first["credential"].(string) + base64.RawURLEncoding.EncodeToString([]byte(`["c2FsdHNhbHRzYWx0c2FsdA","nickname","Falsk"]`)) + "~"
		}), falls: []string{ends}},
		{rule: "credential-validity", by: reissued(func(jwt string) (string, error) {
			return faults.Resign(jwt, w.issuerKey("credential-issuer"), func(_, c map[string]any) { c["exp"] = time.Now().Add(-time.Hour).Unix() })
		}), falls: []string{ends}},
		{rule: "credential-status", by: rewritten("/statuslists/", func(a *reply) { a.Code = 404 })},
		{rule: "VCI-A-type", by: configured(func(c map[string]any) { c["vct"] = "another" })},
		{rule: "HAIP-6.1-index", by: reissuedAll(func(jwt string) (string, error) {
			return faults.Resign(jwt, w.issuerKey("credential-issuer"), func(_, c map[string]any) {
				c["status"].(map[string]any)["status_list"].(map[string]any)["idx"] = 7
			})
		})},
		{rule: "VCI-8.2-binding", by: credentials(func(all []any) { all[1] = all[0] }), falls: []string{ends, "HAIP-6.1-index"}},
		{rule: "VCI-10-encrypted", by: rewritten("/credential", func(a *reply) {
			if a.HeaderMap.Get("Content-Type") == "application/jwt" {
				a.HeaderMap.Set("Content-Type", "application/json")
			}
		})},
		{rule: "VCI-11.2-notification", by: status("/notification", 500)},
		{rule: "RFC6749-6-refresh", by: rewritten("/token", func(a *reply) {
			if bytes.Contains(a.sent, []byte("grant_type=refresh_token")) {
				a.Code, a.Body = 400, bytes.NewBufferString(`{"error":"invalid_grant"}`)
			}
		})},
		{rule: "VCI-8.3.1.2-proof_nonce_made_up", fault: "proof_nonce_made_up", by: refusedSo("/credential", "invalid_nonce", func(a *reply) { a.put(map[string]any{"error": "invalid_request"}) })},
		{rule: "RFC6749-5.2-error_description", fault: "proof_nonce_made_up", by: refusedSo("/credential", "invalid_nonce", func(a *reply) {
			a.put(map[string]any{"error": "invalid_nonce", "error_description": "Tallet er brukt før"})
		})},
		{rule: "VCI-13.8-proof_used_before", fault: "proof_used_before", by: refusedSo("/credential", "invalid_nonce", func(a *reply) {
			a.Code = 200
			a.put(map[string]any{"credentials": []any{map[string]any{"credential": "x"}}})
		})},
		{rule: "RFC9449-11.1-dpop_used_before", fault: "-dpop_used_before", by: refusedSo("/token", "invalid_dpop_proof", func(a *reply) { a.Code = 500 })},
		{rule: "RFC7636-4.4.1-par_pkce_missing", fault: "par_pkce_missing", by: refusedSo("/par", "invalid_request", func(a *reply) { a.put(map[string]any{"error": "server_error"}) })},
		{rule: "RFC6749-4.1.2-token_code_used_before", fault: "token_code_used_before", by: refusedSo("/token", "invalid_grant", func(a *reply) { a.Body.Reset() })},
		{rule: "HAIP-4.4.1-attestation_by_a_stranger", fault: "attestation_by_a_stranger", by: refusedSo("/token", "invalid_client_attestation", func(a *reply) { a.put(map[string]any{"error": "invalid_request"}) })},
	} {
		broken = append(broken, c.rule)
		t.Run(c.rule, func(t *testing.T) {
			w.t = t
			w.issuer.by(c.by)
			defer w.issuer.by(nil)
			some := []string{c.rule}
			if c.fault != "" {
				some = []string{c.fault}
			}
			w.checkIssuer(Issuer{Types: []string{mpid}}, some...).failedAs(t, append(c.falls, c.rule)...)
		})
	}
	for _, rule := range issuerRules() {
		if !slices.Contains(broken, rule.ID) {
			t.Errorf("no server breaks %s", rule.ID)
		}
	}
}

// signedMetadata changes signed metadata, and signs them with a key.
func signedMetadata(key *ecdsa.PrivateKey, edit func(header, claims map[string]any)) func(http.Handler) http.Handler {
	return rewritten(wellKnown, func(a *reply) {
		if a.HeaderMap.Get("Content-Type") != "application/jwt" {
			return
		}
		if changed, err := faults.Resign(a.Body.String(), key, edit); err == nil {
			a.Body = bytes.NewBufferString(changed)
		}
	})
}

// A person who gets no credential is no fault of the issuer: another refusal is.
func TestRefusedHere(t *testing.T) {
	for want, of := range map[bool][]*wallet.Refusal{
		true:  {{Code: "access_denied"}, {Status: 400, Code: openid4vci.CredentialRequestDenied}},
		false: {{Status: 400, Code: openid4vci.InvalidProof}, {Status: 500, Code: openid4vci.CredentialRequestDenied}},
	} {
		for _, refusal := range of {
			n := &issuance{id: "a", err: fmt.Errorf("the wallet: %w", refusal)}
			if got := n.ended().outcome == NotTested; got != want {
				t.Errorf("%+v: not tested %v", refusal, got)
			}
		}
	}
}
