package server_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/minid"
	"lommebok.example/specs/oauth2"
)

func (w *wallet) refresh(token string) answer {
	w.t.Helper()
	return w.send("/token", form, url.Values{"grant_type": {"refresh_token"}, "client_id": {walletID}, "refresh_token": {token}}.Encode(), "")
}

// A wallet that has shown its copies gets new ones without a sign-in, as long as the type says, and no longer than the person wants.
func TestIssuedAgainWithoutSignIn(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		p, w := s.person(t, stjerne), s.wallet(t)
		token := w.token(p, byScope("eudiw:no:minid:mpid eudiw:no:elevbevis"), p.signInWithCode)
		w.credentials(token.AccessToken, "credential_configuration_id", mpid, 2)
		s.add(60 * 24 * time.Hour)
		again := tokenIn(t, w.refresh(token.RefreshToken))
		texts, _ := w.credentials(again.AccessToken, "credential_configuration_id", mpid, 3)
		isAbout(t, stjerne, texts[2])

		s.add(31 * 24 * time.Hour) // 90 days is the limit of one type, 365 that of the other
		late := tokenIn(t, w.refresh(token.RefreshToken))
		if late.Scope != "eudiw:no:elevbevis" {
			t.Errorf("scope %q", late.Scope)
		}
		if a := w.ask(late, mpid); a.status != http.StatusForbidden || a.code(t) != "insufficient_scope" {
			t.Errorf("after its time: %d %s", a.status, a.body)
		}
	})
}

func (w *wallet) ask(token oauth2.TokenResponse, id string) answer {
	w.t.Helper()
	body, _ := w.request("credential_configuration_id", id, w.cNonce(), 1)
	return w.send("/credential", "application/json", body, token.AccessToken)
}

// B21: who revokes a credential takes back what the wallet could fetch; who is locked gives nothing any more.
func TestNothingIssuedAgainAfter(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *service, *person){
		"revoked on the page": func(t *testing.T, _ *service, p *person) {
			p.get("/mine")
			p.get(revokeLink(t, p, 1))
			p.submit(p.path)
			p.sees("Beviset er tilbakekalt.")
		},
		"locked": func(t *testing.T, s *service, p *person) {
			check(t, s.db.W.Exec("UPDATE minid_people SET state = ? WHERE pid = ?", string(minid.StateLocked), p.pid).Error)
		},
		"closed": func(t *testing.T, s *service, p *person) {
			check(t, s.db.W.Exec("UPDATE minid_people SET state = ? WHERE pid = ?", string(minid.StateClosed), p.pid).Error)
		},
		"proofed anew": func(t *testing.T, s *service, p *person) {
			check(t, s.db.W.Exec("UPDATE minid_people SET proofed_at = ? WHERE pid = ?", s.now().Add(time.Minute).UnixMilli(), p.pid).Error)
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, db *database.DB) {
				s := newServiceOn(t, db)
				p, w := s.person(t, stjerne), s.wallet(t)
				token := w.token(p, byScope("eudiw:no:minid:mpid"), p.signInWithCode)
				w.credentials(token.AccessToken, "credential_configuration_id", mpid, 1)
				tokenIn(t, w.refresh(token.RefreshToken))
				end(t, s, p)
				if a := w.refresh(token.RefreshToken); a.status != http.StatusBadRequest || a.code(t) != "invalid_grant" {
					t.Errorf("%d %s", a.status, a.body)
				}
			})
		})
	}
}

// The browser's session has nothing to do with it: the wallet is where the person has it, the browser may be the library's.
func TestIssuedAgainAfterLogout(t *testing.T) {
	s := newService(t)
	p, w := s.person(t, stjerne), s.wallet(t)
	token := w.token(p, byScope("eudiw:no:minid:mpid"), p.signInWithCode)
	p.get("/minid")
	p.submit("/logout")
	tokenIn(t, w.refresh(token.RefreshToken))
}
