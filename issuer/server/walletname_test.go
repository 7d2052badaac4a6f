package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"lommebok.example/internal/database"
)

// The person reads what the wallet provider calls the wallet, and sends its client_id; a case worker reads both.
func TestWalletsAreCalledByTheirName(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		p, w := s.person(t, stjerne), s.attestedWallet(t, s.provider(t))
		token := w.token(p, byScope("eudiw:no:minid:mpid no:sikt:vitnemal"), p.signInWithCode)
		w.credentials(token.AccessToken, "credential_configuration_id", mpid, 1)
		if a := w.ask(token, diploma); a.status != http.StatusAccepted {
			t.Fatalf("%d %s", a.status, a.body)
		}
		p.get("/mine")
		p.sees("På vei")
		if n := strings.Count(p.body, "<dd>Lommeboksimulator</dd>"); n != 2 || strings.Contains(p.body, walletID) {
			t.Errorf("the name stands there %d times:\n%s", n, p.body)
		}
		p.get("/mine/lost")
		p.sees(`value="`+walletID+`"`, `for="wallet-0">Lommeboksimulator<`)
		c := s.atCases(t, worker)
		c.post("/cases/find", url.Values{"pid": {stjerne}, "reason": {"request"}})
		c.sees("Lommeboksimulator (" + walletID + ")")
	})
}
