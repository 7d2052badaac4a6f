package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/minid"
	"lommebok.example/specs/openid4vci"
)

const racers = 16

// prepared is a request with a DPoP proof of its own, to be sent later.
func (w *wallet) prepared(path, contentType, body, token string) *http.Request {
	w.t.Helper()
	r, err := http.NewRequest(http.MethodPost, w.s.url+path, strings.NewReader(body))
	check(w.t, err)
	proof, err := w.prover.Proof(http.MethodPost, w.s.url+path, w.nonce, token, w.s.now())
	check(w.t, err)
	r.Header.Set("DPoP", proof)
	r.Header.Set("Content-Type", contentType)
	if token != "" {
		r.Header.Set("Authorization", "DPoP "+token)
	}
	return r
}

// raced sends the same at the same time, each with a proof of its own, and tells how many were served; the others must have been
// refused with this code.
func (w *wallet) raced(path, contentType, body, token, refusal string) (served []answer) {
	w.t.Helper()
	w.cNonce() // for a DPoP nonce
	requests := make([]*http.Request, racers)
	for i := range requests {
		requests[i] = w.prepared(path, contentType, body, token)
	}
	for _, a := range atOnce(w.t, requests) {
		if a.status < 300 {
			served = append(served, a)
		} else if a.code(w.t) != refusal {
			w.t.Errorf("%s: %d %s, want %s", path, a.status, a.body, refusal)
		}
	}
	return served
}

// atOnce sends the requests at the same time.
func atOnce(t testing.TB, requests []*http.Request) []answer {
	t.Helper()
	answers := make([]answer, len(requests))
	var wg sync.WaitGroup
	for i, r := range requests {
		wg.Go(func() { answers[i] = do(t, r) })
	}
	wg.Wait()
	return answers
}

// What is good once is good once: at one issuer, and at two that share nothing but database and data folder.
func TestWhatIsGoodOnceIsRaced(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		p, w := s.person(t, stjerne), s.wallet(t)

		offer := p.ready("proof_of_age", mpid)
		form16 := url.Values{
			"grant_type": {openid4vci.GrantPreAuthorizedCode}, "client_id": {walletID}, "tx_code": {p.txCode()},
			"pre-authorized_code": {offer.Grants.PreAuthorizedCode.PreAuthorizedCode},
		}
		if served := w.raced("/token", form, form16.Encode(), "", "invalid_grant"); len(served) != 1 {
			t.Errorf("pre-authorized code: %d served", len(served))
		}

		p.get(w.authorize(byScope("eudiw:no:minid:mpid no:sikt:vitnemal")))
		p.submit(consentAction(t, p), "answer", "yes")
		back, err := url.Parse(p.left)
		check(t, err)
		form16 = url.Values{
			"grant_type": {"authorization_code"}, "code": {back.Query().Get("code")}, "client_id": {walletID},
			"redirect_uri": {walletURI}, "code_verifier": {verifier},
		}
		if served := w.raced("/token", form, form16.Encode(), "", "invalid_grant"); len(served) != 1 {
			t.Fatalf("authorization code: %d served", len(served))
		}

		// A code that comes again takes back what it brought (RFC 6749 section 4.1.2), so the rest is on another.
		token := w.token(p, byScope("eudiw:no:minid:mpid no:sikt:vitnemal"), p.signInWithCode).AccessToken
		a := w.send("/credential", "application/json", first(w.request("credential_configuration_id", diploma, w.cNonce(), 2)), token)
		order, err := openid4vci.ParseCredentialResponse(a.status, a.body, 2)
		check(t, err)
		s.add(time.Minute)
		before := s.entries(t)
		served := w.raced("/deferred-credential", "application/json", `{"transaction_id":"`+order.TransactionID+`"}`, token, openid4vci.InvalidTransactionID)
		if len(served) != 1 || s.entries(t) != before+2 {
			t.Errorf("transaction: %d served, %d indices", len(served), s.entries(t)-before)
		}
		got, err := openid4vci.ParseCredentialResponse(served[0].status, served[0].body, 2)
		check(t, err)
		told := w.raced("/notification", "application/json", `{"notification_id":"`+got.NotificationID+`","event":"credential_accepted"}`, token, "")
		var entries int64
		check(t, s.db.R.Raw("SELECT count(*) FROM issuer_audit_entries WHERE kind = 'issuance.notify'").Scan(&entries).Error)
		if len(told) != racers || entries != 1 {
			t.Errorf("notification: %d taken, %d entries", len(told), entries)
		}
	})
}

func first[A, B any](a A, _ B) A { return a }

// A12, A13: one code of one period lets one browser in, of sixteen that bring it at the same time.
func TestOneOfSixteenBrowsersGetsInWithTheCode(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		people := make([]*person, racers)
		for i := range people {
			people[i] = s.person(t, karies)
			people[i].get("/minid")
			people[i].password()
			if !strings.Contains(people[i].body, `action="/login/totp"`) {
				people[i].get("/login")
			}
		}
		s.add(30 * time.Second)
		code, err := minid.TOTPConfig{}.TOTPCode(s.people[karies].TOTPSecret, s.now())
		check(t, err)
		var wg sync.WaitGroup
		for _, p := range people {
			wg.Go(func() { p.submit("/login/totp", "code", code) })
		}
		wg.Wait()
		in := 0
		for _, p := range people {
			if !strings.HasPrefix(p.path, "/login") {
				in++
			}
		}
		if in != 1 {
			t.Errorf("%d got in", in)
		}
	})
}
