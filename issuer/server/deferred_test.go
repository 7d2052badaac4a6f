package server_test

import (
	"net/http"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/sdjwtvc"
)

const diploma = "no.sikt.vitnemal_sd_jwt_vc"

func (w *wallet) pickUp(token, id string) answer {
	w.t.Helper()
	return w.send("/deferred-credential", "application/json", `{"transaction_id":"`+id+`"}`, token)
}

// OpenID4VCI section 9: the order outlives a restart, is served by another replica, and long after its access token has ended to
// the token that a refresh token brings. The person sees it meanwhile.
func TestDeferredOutlivesRestartAndToken(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		p, w := s.person(t, stjerne), s.wallet(t)
		token := w.token(p, byScope("no:sikt:vitnemal"), p.signInWithCode)
		a := w.ask(token, diploma)
		first, err := openid4vci.ParseCredentialResponse(a.status, a.body, 1)
		check(t, err)
		check(t, fits(t, "credential_response", a.body))
		if a.status != http.StatusAccepted || first.TransactionID == "" {
			t.Fatalf("%d %s", a.status, a.body)
		}
		p.get("/mine")
		p.sees("Vitnemål")
		p.sees("På vei")

		s.start(t) // another process with the same database and data folder
		if a = w.pickUp(token.AccessToken, first.TransactionID); a.status != http.StatusAccepted {
			t.Fatalf("after a restart: %d %s", a.status, a.body)
		}
		s.add(20 * 24 * time.Hour)
		if a = w.pickUp(token.AccessToken, first.TransactionID); a.status != http.StatusUnauthorized {
			t.Errorf("with a token that has ended: %d %s", a.status, a.body)
		}
		other, theirs := s.person(t, karies), s.wallet(t)
		foreign := theirs.token(other, byScope("no:sikt:vitnemal"), other.signInWithCode)
		if a = theirs.pickUp(foreign.AccessToken, first.TransactionID); a.code(t) != openid4vci.InvalidTransactionID {
			t.Errorf("by another grant: %d %s", a.status, a.body)
		}
		again := tokenIn(t, w.refresh(token.RefreshToken))
		a = w.pickUp(again.AccessToken, first.TransactionID)
		got, err := openid4vci.ParseCredentialResponse(a.status, a.body, 1)
		check(t, err)
		c, err := sdjwtvc.ParseIssued(got.Credentials[0].Credential)
		check(t, err)
		check(t, c.VerifySignature())
		if claims, err := c.Claims(); err != nil || claims["family_name"] != "Stjerne" || claims["school_name"] != "Lyngheia videregående skole" {
			t.Errorf("%v %v", claims, err)
		}
		if a = w.pickUp(again.AccessToken, first.TransactionID); a.code(t) != openid4vci.InvalidTransactionID {
			t.Errorf("once more: %d %s", a.status, a.body)
		}
		check(t, s.Sweep(t.Context()))
	})
}

// Section 8.3.1.2: the archive has none, which it knows after a while.
func TestDeferredAndThenDenied(t *testing.T) {
	s := newService(t)
	p, w := s.person(t, "06815896732"), s.wallet(t)
	token := w.token(p, byScope("no:sikt:vitnemal"), p.signInWithCode)
	a := w.ask(token, diploma)
	first, err := openid4vci.ParseCredentialResponse(a.status, a.body, 1)
	check(t, err)
	s.add(time.Minute)
	if a = w.pickUp(token.AccessToken, first.TransactionID); a.code(t) != openid4vci.CredentialRequestDenied {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a = w.pickUp(token.AccessToken, first.TransactionID); a.code(t) != openid4vci.InvalidTransactionID {
		t.Errorf("once more: %d %s", a.status, a.body)
	}
}
