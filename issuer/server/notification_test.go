package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/specs/openid4vci"
)

// C14, with two wallets on the tokens of two people: each is heard about its own credentials alone, and the page shows it.
func TestTheWalletTellsThatItStored(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		p, w := s.person(t, stjerne), s.wallet(t)
		token := w.token(p, byScope("eudiw:no:minid:mpid"), p.signInWithCode).AccessToken
		body, _ := w.request("credential_configuration_id", mpid, w.cNonce(), 1)
		a := w.send("/credential", "application/json", body, token)
		response, err := openid4vci.ParseCredentialResponse(a.status, a.body, 1)
		check(t, err)
		stored := `{"notification_id":"` + response.NotificationID + `","event":"credential_accepted"}`

		q, other := s.person(t, karies), s.wallet(t)
		foreign := other.token(q, byScope("eudiw:no:minid:mpid"), q.signInWithCode).AccessToken
		if a := other.send("/notification", "application/json", stored, foreign); a.status != http.StatusBadRequest || a.code(t) != openid4vci.InvalidNotificationID {
			t.Errorf("foreign: %d %s", a.status, a.body)
		}
		if a := other.send("/notification", "application/json", stored, token); a.status != http.StatusUnauthorized || a.code(t) != "invalid_token" {
			t.Errorf("a token bound to another key: %d %s", a.status, a.body)
		}
		p.get("/mine")
		if strings.Contains(p.body, "Lagret i lommeboka") {
			t.Fatal("the page believes another wallet")
		}
		for range 2 {
			if a := w.send("/notification", "application/json", stored, token); a.status != http.StatusNoContent || len(a.body) != 0 {
				t.Fatalf("%d %s", a.status, a.body)
			}
		}
		for lang, words := range map[string]string{"nn": "Lagra i lommeboka", "en": "Stored in the wallet", "nb": "Lagret i lommeboka"} {
			p.get("/mine?lang=" + lang)
			p.sees(words)
		}
		w.send("/notification", "application/json", strings.Replace(stored, "accepted", "deleted", 1), token)
		p.get("/mine?lang=nb")
		p.sees("Slettet i lommeboka")
		s.add(time.Hour)
		if a := w.send("/notification", "application/json", stored, token); a.status != http.StatusUnauthorized {
			t.Errorf("an expired token: %d %s", a.status, a.body)
		}
	})
}
