package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"lommebok.example/internal/database"
)

// RFC 6750 section 3 and RFC 9449 section 7: what stands between a stranger and the credential endpoint.
func TestAccessRefused(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		p, w := s.person(t, stjerne), s.wallet(t)
		token := w.token(p, byScope("eudiw:no:minid:mpid"), p.signInWithCode).AccessToken
		thief := s.wallet(t)
		request := func(header ...string) *http.Request {
			body, _ := w.request("credential_configuration_id", mpid, w.cNonce(), 1)
			r, err := http.NewRequest(http.MethodPost, s.url+"/credential", strings.NewReader(body))
			check(t, err)
			r.Header.Set("Content-Type", "application/json")
			for i := 0; i+1 < len(header); i += 2 {
				r.Header.Add(header[i], header[i+1])
			}
			return r
		}
		proof := func(w *wallet, url, token string) string {
			text, err := w.prover.Proof(http.MethodPost, url, w.nonce, token, s.now())
			check(t, err)
			return text
		}
		w.cNonce()
		thief.cNonce()
		endpoint := s.url + "/credential"
		none := "eyJhbGciOiJub25lIn0.e30."
		changed := "A" + token[1:]
		if changed == token {
			changed = "B" + token[1:]
		}
		tests := []struct {
			name string
			make func() *http.Request
			code string
		}{
			{"no token", func() *http.Request { return request() }, "invalid_token"},
			{"bearer", func() *http.Request { return request("Authorization", "Bearer "+token) }, "invalid_token"},
			{"unsigned JWT as token", func() *http.Request {
				return request("Authorization", "DPoP "+none, "DPoP", proof(w, endpoint, none))
			}, "invalid_token"},
			{"token changed", func() *http.Request {
				return request("Authorization", "DPoP "+changed, "DPoP", proof(w, endpoint, changed))
			}, "invalid_token"},
			{"token cut short", func() *http.Request {
				return request("Authorization", "DPoP "+token[:20], "DPoP", proof(w, endpoint, token[:20]))
			}, "invalid_token"},
			{"token of another key", func() *http.Request {
				return request("Authorization", "DPoP "+token, "DPoP", proof(thief, endpoint, token))
			}, "invalid_token"},
			{"no proof", func() *http.Request { return request("Authorization", "DPoP "+token) }, "invalid_dpop_proof"},
			{"proof for another address", func() *http.Request {
				return request("Authorization", "DPoP "+token, "DPoP", proof(w, s.url+"/nonce", token))
			}, "invalid_dpop_proof"},
			{"proof of another token", func() *http.Request {
				return request("Authorization", "DPoP "+token, "DPoP", proof(w, endpoint, changed))
			}, "invalid_dpop_proof"},
			{"two proofs", func() *http.Request {
				return request("Authorization", "DPoP "+token, "DPoP", proof(w, endpoint, token), "DPoP", proof(w, endpoint, token))
			}, "invalid_dpop_proof"},
			{"token in the query", func() *http.Request {
				r := request("Authorization", "DPoP "+token, "DPoP", proof(w, endpoint, token))
				r.URL.RawQuery = "access_token=" + token
				return r
			}, "invalid_token"},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				a := do(t, tt.make())
				challenge := a.header.Get("WWW-Authenticate")
				if a.status != http.StatusUnauthorized || a.code(t) != tt.code || !strings.Contains(challenge, `DPoP error="`+tt.code+`"`) {
					t.Errorf("%d %s, WWW-Authenticate %q", a.status, a.body, challenge)
				}
				if n := s.entries(t); n != 0 {
					t.Errorf("%d status indices", n)
				}
			})
		}
		t.Run("token after its end", func(t *testing.T) {
			s.add(11 * time.Minute)
			body, _ := w.request("credential_configuration_id", mpid, w.cNonce(), 1)
			if a := w.send("/credential", "application/json", body, token); a.status != 401 || a.code(t) != "invalid_token" {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	})
}

func TestTokenOpensNothingElse(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		p, w := s.person(t, stjerne), s.wallet(t)
		token := w.token(p, byScope("eudiw:no:minid:mpid"), p.signInWithCode).AccessToken
		for _, id := range []string{"pid_sd_jwt_vc", "pid_mso_mdoc", "proof_of_age", "no.sikt.elevbevis_sd_jwt_vc"} {
			body, _ := w.request("credential_configuration_id", id, w.cNonce(), 1)
			a := w.send("/credential", "application/json", body, token)
			if a.status != http.StatusForbidden || a.code(t) != "insufficient_scope" || !strings.Contains(a.header.Get("WWW-Authenticate"), `error="insufficient_scope"`) {
				t.Errorf("%s: %d %s", id, a.status, a.body)
			}
		}
		if n := s.entries(t); n != 0 {
			t.Errorf("%d status indices", n)
		}
	})
}

// The account is looked at again for each credential, however good the token is.
func TestAccountLockedAfterTheToken(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		p, w := s.person(t, stjerne), s.wallet(t)
		token := w.token(p, byScope("eudiw:no:minid:mpid"), p.signInWithCode).AccessToken
		w.credentials(token, "credential_configuration_id", mpid, 1)
		done := s.db.W.Exec("UPDATE minid_people SET state = 'locked' WHERE pid = ?", stjerne)
		check(t, done.Error)
		if done.RowsAffected != 1 {
			t.Fatalf("%d accounts locked", done.RowsAffected)
		}
		body, _ := w.request("credential_configuration_id", mpid, w.cNonce(), 1)
		if a := w.send("/credential", "application/json", body, token); a.status != 400 || a.code(t) != "credential_request_denied" {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
}

func TestOneOfSixteenRequestsGetsTheNonce(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		p, w := s.person(t, stjerne), s.wallet(t)
		token := w.token(p, byScope("eudiw:no:minid:mpid"), p.signInWithCode).AccessToken
		nonce := w.cNonce()
		const racers = 16
		requests := make([]*http.Request, racers)
		for i := range requests {
			body, _ := w.request("credential_configuration_id", mpid, nonce, 1)
			r, err := http.NewRequest(http.MethodPost, s.url+"/credential", strings.NewReader(body))
			check(t, err)
			proof, err := w.prover.Proof(http.MethodPost, s.url+"/credential", w.nonce, token, s.now())
			check(t, err)
			r.Header.Set("DPoP", proof)
			r.Header.Set("Authorization", "DPoP "+token)
			r.Header.Set("Content-Type", "application/json")
			requests[i] = r
		}
		answers := make([]string, racers)
		var wait sync.WaitGroup
		for i, r := range requests {
			wait.Go(func() {
				a := do(t, r)
				answers[i] = fmt.Sprint(a.status)
				if a.status != http.StatusOK {
					answers[i] += " " + a.code(t)
				}
			})
		}
		wait.Wait()
		count := map[string]int{}
		for _, a := range answers {
			count[a]++
		}
		if count["200"] != 1 || count["400 invalid_nonce"] != racers-1 || s.entries(t) != 1 {
			t.Errorf("%v, %d status indices", count, s.entries(t))
		}
	})
}
