package server_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"lommebok.example/internal/database"
	"lommebok.example/specs/oauth2"
)

// RFC 9449 section 11.1: a DPoP proof is used up by the first answer, whatever that was, and of sixteen that bring it at the same
// time one is served.
func TestAProofIsUsedUpByItsAnswer(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		p, w := s.person(t, karies), s.wallet(t)
		token := w.token(p, byScope("eudiw:no:minid:mpid"), p.signInWithCode)
		good, _ := w.request("credential_configuration_id", mpid, w.cNonce(), 1)
		for name, body := range map[string]string{
			"refused for its form":  "{",
			"refused for its proof": strings.Replace(good, `"jwt":["`, `"jwt":["x`, 1),
			"refused for its scope": strings.Replace(good, mpid, "pid_sd_jwt_vc", 1),
		} {
			send := w.once(token.AccessToken)
			first := send(body)
			if first.status == http.StatusOK || first.code(t) == oauth2.InvalidDPoPProof {
				t.Fatalf("%s: %d %s", name, first.status, first.body)
			}
			// The same proof with a request that would be served.
			if a := send(good); a.status != http.StatusUnauthorized || a.code(t) != oauth2.InvalidDPoPProof {
				t.Errorf("%s, then once more: %d %s", name, a.status, a.body)
			}
		}
		before := s.entries(t)
		send := w.once(token.AccessToken)
		bodies := make([]string, 16)
		for i := range bodies {
			bodies[i], _ = w.request("credential_configuration_id", mpid, w.cNonce(), 1)
		}
		answers := make([]answer, len(bodies))
		var wg sync.WaitGroup
		for i, body := range bodies {
			wg.Go(func() { answers[i] = send(body) })
		}
		wg.Wait()
		served := 0
		for _, a := range answers {
			if a.status == http.StatusOK {
				served++
			} else if a.code(t) != oauth2.InvalidDPoPProof {
				t.Errorf("%d %s", a.status, a.body)
			}
		}
		if served != 1 || s.entries(t) != before+1 {
			t.Errorf("%d served, %d indices", served, s.entries(t)-before)
		}
	})
}

// once gives a way to send credential requests that all have the same DPoP proof.
func (w *wallet) once(token string) func(body string) answer {
	w.t.Helper()
	proof, err := w.prover.Proof(http.MethodPost, w.s.url+"/credential", w.nonce, token, w.s.now())
	check(w.t, err)
	return func(body string) answer {
		r, err := http.NewRequest(http.MethodPost, w.s.url+"/credential", strings.NewReader(body))
		check(w.t, err)
		r.Header.Set("DPoP", proof)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "DPoP "+token)
		return do(w.t, r)
	}
}
