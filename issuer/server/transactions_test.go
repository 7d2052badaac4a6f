package server_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/transaction"
	"lommebok.example/transaction/transactiontest"
	"lommebok.example/web/webtest/leak"
)

const (
	transactionHeader = "Lommebok-Transaction"
	busk              = "10876698493" // operates
)

// recording is the issuer that records.
func recording(t testing.TB, s *service) *service {
	t.Helper()
	s.cfg.Transactions = true
	s.start(t)
	t.Cleanup(s.Close)
	return s
}

func (s *service) page(t testing.TB, a answer) string {
	t.Helper()
	path, ok := strings.CutPrefix(a.header.Get(transactionHeader), s.url)
	if !ok || !strings.HasPrefix(path, "/transactions/") || len(path) < 40 {
		t.Fatalf("header %q", a.header.Get(transactionHeader))
	}
	return path
}

// said reads the transaction of an answer as JSON, and holds it against what must not be in it.
func (s *service) said(t testing.TB, a answer) transaction.Transaction {
	t.Helper()
	got := s.fetch(t, s.page(t, a)+"/json")
	if got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	s.nothingPersonal(t, "the record", string(got.body))
	var said transaction.Transaction
	check(t, json.Unmarshal(got.body, &said))
	return said
}

// knowAll notes what the wallet was given, so that the record is searched for it.
func (s *service) knowAll(token oauth2.TokenResponse, more ...string) {
	s.log.Know("an access token", token.AccessToken)
	if token.RefreshToken != "" {
		s.log.Know("a refresh token", token.RefreshToken)
	}
	s.log.Know("a secret", more...)
}

// A good issuance from the offer to the notification is one transaction, whichever of its addresses one comes by; what is in it is decoded, and
// nothing that opens anything or is about the person.
func TestAnIssuanceIsOneTransaction(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := recording(t, newServiceOn(t, db))
		p, w := s.person(t, stjerne), s.wallet(t)
		p.get("/")
		p.submit("/offers", "configuration", mpid)
		follow := p.header.Get(transactionHeader)
		if !strings.Contains(p.body, `href="`+follow+`"`) {
			t.Error("the offer's page does not show where to follow it")
		}
		state := offerOn(t, p).Grants.AuthorizationCode.IssuerState
		token := w.token(p, url.Values{"scope": {"eudiw:no:minid:mpid"}, "issuer_state": {state}}, p.signInWithCode)
		nonce := w.cNonce()
		body, _ := w.request("credential_configuration_id", mpid, nonce, 2)
		a := w.send("/credential", "application/json", body, token.AccessToken)
		response, err := openid4vci.ParseCredentialResponse(a.status, a.body, 2)
		check(t, err)
		done := w.send("/notification", "application/json", `{"notification_id":"`+response.NotificationID+`","event":"credential_accepted","event_description":"for Karies"}`, token.AccessToken)
		if done.status != http.StatusNoContent {
			t.Fatalf("%d %s", done.status, done.body)
		}
		s.knowAll(token, nonce, state, response.Credentials[0].Credential, verifier)

		said := s.said(t, done)
		want := "offer_page offer par!use_dpop_nonce par authorize consent consent token nonce credential notification"
		if got := transactiontest.Steps(said); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		raw, err := json.Marshal(said)
		check(t, err)
		for _, has := range []string{
			"openid4vci-proof+jwt", "dpop+jwt", "family_name", "personal_administrative_number", "no:minid:mpid:1", "OpenID4VCI 1.0 section 8", walletID,
			"urn:ietf:params:oauth:request_uri:", token.AccessToken[:6] + "…", nonce[:6] + "…", "credential_accepted",
		} {
			if !strings.Contains(string(raw), has) {
				t.Errorf("the record lacks %q", has)
			}
		}
		for _, never := range []string{"Stjerne", "1985", "for Karies"} {
			if strings.Contains(string(raw), never) {
				t.Errorf("the record holds %q", never)
			}
		}
		if got := s.said(t, answer{header: http.Header{transactionHeader: {follow}}}); len(got.Entries) != len(said.Entries) {
			t.Errorf("by the offer's address: %s", transactiontest.Steps(got))
		}
		if got := s.said(t, a); len(got.Entries) != len(said.Entries) {
			t.Errorf("by the credential's address: %s", transactiontest.Steps(got))
		}
		// The same transaction has what comes by its refresh token; another one of the same wallet is another.
		w.send("/token", form, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token.RefreshToken}, "client_id": {walletID}}.Encode(), "")
		other := w.push(byScope("eudiw:no:minid:mpid"))
		if got := transactiontest.Steps(s.said(t, other)); got != "par" {
			t.Errorf("another transaction: %s", got)
		}
	})
}

// The sweep of the record can find something: what a test of masks would miss.
func TestTheSweepFindsAPlantedLeak(t *testing.T) {
	s := newService(t)
	for what, planted := range map[string]string{
		"an identity number": stjerne, "a password": s.people[stjerne].Password, "a family name": "Stjerne",
	} {
		record := `{"entries":[{"request":{"parts":[{"text":"` + planted + `"}]}}]}`
		if len(leak.Found(record, s.log.Known())) == 0 {
			t.Errorf("%s is not found", what)
		}
	}
}

// With a pre-authorized code, encrypted both ways, deferred: the request is shown opened, and what the issuer answered too.
func TestAnEncryptedTransactionIsShownOpened(t *testing.T) {
	s := recording(t, newService(t))
	p, w := s.person(t, stjerne), s.wallet(t)
	offer := p.ready(mpid)
	code := p.txCode()
	s.log.Know("a transaction code", code)
	w.redeem(offer, "000000")
	token := tokenIn(t, w.redeem(offer, code))
	s.knowAll(token, offer.Grants.PreAuthorizedCode.PreAuthorizedCode)
	own, m := newKey(t), s.metadata(t)
	asked, err := m.CredentialResponseEncryption.Asks(&own.PublicKey)
	check(t, err)
	request := openid4vci.CredentialRequest{
		CredentialConfigurationID: mpid, ResponseEncryption: asked,
		Proofs: &openid4vci.Proofs{Type: openid4vci.ProofTypeJWT, JWTs: []string{w.proof(newKey(t), w.cNonce())}},
	}
	compact, err := request.Encrypt(m.CredentialRequestEncryption)
	check(t, err)
	a := w.send("/credential", "application/jwt", compact, token.AccessToken)
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "application/jwt" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	said := s.said(t, a)
	if got := transactiontest.Steps(said); got != "offer_page offer token!use_dpop_nonce token!invalid_grant token nonce credential" {
		t.Fatal(got)
	}
	last := said.Entries[len(said.Entries)-1]
	if text := last.Request.Parts[len(last.Request.Parts)-1].Text; !strings.Contains(text, `"opened"`) || !strings.Contains(text, "openid4vci-proof+jwt") {
		t.Errorf("the request is not opened: %s", text)
	}
	if part := last.Response.Parts[0]; !strings.Contains(part.Text, "family_name") || !strings.Contains(part.Media, "encrypted for the wallet") {
		t.Errorf("the answer is not opened: %+v", part)
	}
}

// Each refusal says what was expected and what came, with the section, on a page of its own where the wallet had nothing yet.
func TestEachRefusalSaysWhatWasExpectedAndWhatCame(t *testing.T) {
	s := recording(t, newService(t))
	p, w := s.person(t, stjerne), s.wallet(t)
	token := w.token(p, byScope("eudiw:no:minid:mpid"), p.signInWithCode)
	proofs := func(nonce string) string {
		body, _ := w.request("credential_configuration_id", mpid, nonce, 1)
		return body
	}
	grant := func(pairs ...string) string {
		v := url.Values{"client_id": {walletID}}
		for i := 0; i+1 < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return v.Encode()
	}
	cases := map[string]struct {
		send                    func() answer
		code, page, came, where string
	}{
		"PAR with another response_type": {func() answer { return w.push(url.Values{"response_type": {"token"}}) },
			"unsupported_response_type", "response_type code", "response_type: token", "FAPI 2.0 section 5.3.2.2"},
		"PAR with a scope that is not there": {func() answer { return w.push(byScope("no:such")) },
			"invalid_scope", "", "scope: no:such", ""},
		"PAR with an attestation by nobody we trust": {func() answer {
			stranger := s.attestedWallet(t, s.provider(t))
			stranger.unit.jwt = "e30.e30.AA"
			return stranger.push(byScope("eudiw:no:minid:mpid"))
		}, "invalid_client_attestation", "", "client_id: test-wallet", ""},
		"a code that is not there": {func() answer {
			return w.send("/token", form, grant("grant_type", "authorization_code", "code", strings.Repeat("c0", 22), "redirect_uri", walletURI, "code_verifier", verifier), "")
		}, "invalid_grant", "", "code: c0c0c0… (44 characters)", "RFC 6749"},
		"a grant type that is not there": {func() answer { return w.send("/token", form, grant("grant_type", "password"), "") },
			"unsupported_grant_type", "", "grant_type: password", ""},
		"a token that is not there": {func() answer {
			return w.send("/credential", "application/json", proofs(w.cNonce()), strings.Repeat("Tk", 21)+"A")
		}, "invalid_token", "Et tilgangstoken fra token-endepunktet", "Authorization: DPoP TkTkTk…", "RFC 6750 section 3.1"},
		"a nonce that is not ours": {func() answer { return w.send("/credential", "application/json", proofs("stale"), token.AccessToken) },
			"invalid_nonce", "c_nonce", "nonce: (hidden, 5 characters)", ""},
		"a proof for another request": {func() answer {
			r, err := http.NewRequest(http.MethodPost, s.url+"/credential", strings.NewReader("{}"))
			check(t, err)
			proof, err := w.prover.Proof(http.MethodPost, "https://elsewhere.example/credential", w.nonce, token.AccessToken, s.now())
			check(t, err)
			r.Header = http.Header{"Dpop": {proof}, "Authorization": {"DPoP " + token.AccessToken}, "Content-Type": {"application/json"}}
			return do(t, r)
		}, "invalid_dpop_proof", "", "DPoP htu: https://elsewhere.example/credential", ""},
		"a configuration that is not there": {func() answer {
			return w.send("/credential", "application/json", strings.Replace(proofs(w.cNonce()), mpid, "no.such", 1), token.AccessToken)
		}, "unknown_credential_configuration", "", "credential_configuration_id: no.such", "OpenID4VCI section 8.3.1.2"},
		"a credential that the token does not open": {func() answer {
			return w.send("/credential", "application/json", strings.Replace(proofs(w.cNonce()), mpid, "proof_of_age", 1), token.AccessToken)
		}, "insufficient_scope", "", "", "RFC 6750 section 3.1"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			a := c.send()
			if a.status < 400 || a.code(t) != c.code {
				t.Fatalf("%d %s", a.status, a.body)
			}
			said := s.said(t, a)
			e := said.Entries[len(said.Entries)-1]
			if e.Refusal == nil || e.Refusal.Code != c.code || e.TraceID != a.header.Get("Trace-Id") || e.TraceID == "" || e.Section == "" {
				t.Fatalf("%+v", e)
			}
			var told oauth2.Error
			check(t, json.Unmarshal(a.body, &told))
			if e.Refusal.Description != told.Description || !strings.Contains(e.Refusal.Section, c.where) || !strings.Contains(e.Refusal.Came, c.came) || e.Refusal.Came == "" {
				t.Errorf("%+v", e.Refusal)
			}
			if told.URI != "" && told.URI != a.header.Get(transactionHeader) {
				t.Errorf("error_uri %q", told.URI)
			}
			p.get(s.page(t, a))
			p.is(http.StatusOK)
			p.sees("Avvist", c.code, "Forventet", c.page, "Kom", e.TraceID, e.Section)
		})
	}
}

// error_uri stands in the answers of the authorization server (RFC 6749 section 5.2), and where a person's no leads (section 4.1.2.1).
func TestErrorURI(t *testing.T) {
	s := recording(t, newService(t))
	p, w := s.person(t, stjerne), s.wallet(t)
	var told oauth2.Error
	a := w.push(byScope("no:such"))
	check(t, json.Unmarshal(a.body, &told))
	if told.URI == "" || told.URI != a.header.Get(transactionHeader) {
		t.Errorf("%s", a.body)
	}
	p.get(w.authorize(byScope("eudiw:no:minid:mpid")))
	p.signInWithCode()
	p.submit(consentAction(t, p), "answer", "no")
	back, err := url.Parse(p.left)
	check(t, err)
	page := back.Query().Get("error_uri")
	if back.Query().Get("error") != oauth2.AccessDenied || !strings.HasPrefix(page, s.url+"/transactions/") {
		t.Fatalf("led to %s", p.left)
	}
	p.get(strings.TrimPrefix(page, s.url))
	p.sees("Avvist", "access_denied", "At personen sier ja")

	quiet := newService(t)
	if a := quiet.wallet(t).push(byScope("no:such")); strings.Contains(string(a.body), "error_uri") || a.header.Get(transactionHeader) != "" {
		t.Errorf("not recorded, and yet: %s", a.body)
	}
	if a := quiet.fetch(t, "/transactions/"+strings.Repeat("A", 26)); a.status != http.StatusNotFound {
		t.Errorf("%d", a.status)
	}
}

// Two replicas by turns make one transaction.
func TestTwoReplicasMakeOneTransaction(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := recording(t, newServiceOn(t, db))
		first := s.Server
		s.start(t)
		second := s.Server
		var turn atomic.Int64
		a, b := first.Handler, second.Handler
		s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.add(time.Millisecond) // so that their order is known
			if turn.Add(1)%2 == 0 {
				a.ServeHTTP(w, r)
			} else {
				b.ServeHTTP(w, r)
			}
		})
		p, w := s.person(t, stjerne), s.wallet(t)
		token := w.token(p, byScope("eudiw:no:minid:mpid"), p.signInWithCode)
		body, _ := w.request("credential_configuration_id", mpid, w.cNonce(), 1)
		last := w.send("/credential", "application/json", body, token.AccessToken)
		if last.status != http.StatusOK {
			t.Fatalf("%d %s", last.status, last.body)
		}
		second.Close() // writes last what it has
		s.Handler = a
		s.said(t, last)
		b = a
		again := w.send("/credential", "application/json", body, token.AccessToken)
		said := s.said(t, again)
		if got := transactiontest.Steps(said); got != "par!use_dpop_nonce par authorize consent consent token nonce credential credential!invalid_nonce" {
			t.Error(got)
		}
	})
}

// A wallet that sends the header back keeps together what nothing else links.
func TestTheHeaderKeepsTogether(t *testing.T) {
	s := recording(t, newService(t))
	ask := func(header string) answer {
		r, err := http.NewRequest(http.MethodPost, s.url+"/nonce", nil)
		check(t, err)
		if header != "" {
			r.Header.Set(transactionHeader, header)
		}
		return do(t, r)
	}
	first := ask("")
	s.said(t, first)
	if got := transactiontest.Steps(s.said(t, ask(first.header.Get(transactionHeader)))); got != "nonce nonce" {
		t.Error(got)
	}
	if got := transactiontest.Steps(s.said(t, ask(s.url+"/transactions/"+strings.Repeat("A", 26)))); got != "nonce" {
		t.Error(got)
	}
	if got := transactiontest.Steps(s.said(t, ask(""))); got != "nonce" {
		t.Error(got)
	}
}

// Tries to begin are one transaction up to the one that succeeds, by the wallet's key; the next begins another.
func TestTriesToBeginAreOneTransaction(t *testing.T) {
	s := recording(t, newService(t))
	w := s.wallet(t)
	s.said(t, w.push(byScope("no:such")))
	s.add(time.Second)
	a := w.push(byScope("eudiw:no:minid:mpid"))
	if got := transactiontest.Steps(s.said(t, a)); got != "par!invalid_scope par" {
		t.Error(got)
	}
	s.add(time.Second)
	if got := transactiontest.Steps(s.said(t, w.push(byScope("no:such")))); got != "par!invalid_scope" {
		t.Error(got)
	}
	// A key that somebody only names joins nothing.
	r, err := http.NewRequest(http.MethodPost, s.url+"/par", strings.NewReader("client_id="+walletID))
	check(t, err)
	proof, err := w.prover.Proof(http.MethodPost, s.url+"/par", "", "", s.now())
	check(t, err)
	r.Header = http.Header{"Dpop": {proof[:len(proof)-6] + "AAAAAA"}, "Content-Type": {form}}
	if got := transactiontest.Steps(s.said(t, do(t, r))); got != "par!invalid_request" {
		t.Error(got)
	}
}
