package authserver_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"sync"
	"testing"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
)

const racers = 16

var pageCode = regexp.MustCompile(`<code>([a-z_]+)</code>`)

// race sends sixteen requests at once and counts the answers: a status, and the error code of a refusal. The requests are made
// before, so that nothing but the server is raced.
func (w *world) race(requests []*http.Request) map[string]int {
	answers := make([]*httptest.ResponseRecorder, len(requests))
	var wait sync.WaitGroup
	gate := make(chan struct{})
	for i, r := range requests {
		wait.Go(func() {
			<-gate
			answers[i] = w.do(r)
		})
	}
	close(gate)
	wait.Wait()
	count := map[string]int{}
	for _, rec := range answers {
		count[outcome(rec)]++
	}
	return count
}

func outcome(rec *httptest.ResponseRecorder) string {
	var e struct{ Error string }
	if json.Unmarshal(rec.Body.Bytes(), &e) == nil && e.Error != "" {
		return fmt.Sprint(rec.Code, " ", e.Error)
	}
	if m := pageCode.FindStringSubmatch(rec.Body.String()); m != nil && rec.Code >= 400 {
		return fmt.Sprint(rec.Code, " ", m[1])
	}
	return fmt.Sprint(rec.Code)
}

// What may be used once has one winner, and every other gets the code that a late second use gets.
func TestOneOfSixteenWins(t *testing.T) {
	cases := map[string]struct {
		request func(t *testing.T, w *wallet) func() *http.Request
		lost    string
	}{
		"G05 request_uri": {func(_ *testing.T, w *wallet) func() *http.Request {
			query := url.Values{"client_id": {"wallet"}, "request_uri": {w.push()}}.Encode()
			return func() *http.Request { return httptest.NewRequest(http.MethodGet, issuer+"/authorize?"+query, nil) }
		}, "400 invalid_request"},
		"G05 answer of the person": {func(_ *testing.T, w *wallet) func() *http.Request {
			action, token := w.consentForm(w.authorize(w.push()))
			return func() *http.Request {
				r := post(action, url.Values{"token": {token}, "answer": {"yes"}})
				r.AddCookie(w.cookies[0])
				return r
			}
		}, "400 invalid_request"},
		"G05 code": {func(_ *testing.T, w *wallet) func() *http.Request {
			code := w.code()
			return func() *http.Request { return post("/token", tokenForm(code), "DPoP", w.proof("POST", "/token", "")) }
		}, "400 invalid_grant"},
		"G05 jti at PAR": {func(_ *testing.T, w *wallet) func() *http.Request {
			proof := w.proof("POST", "/par", "")
			return func() *http.Request { return post("/par", parForm(), "DPoP", proof) }
		}, "400 invalid_dpop_proof"},
		"G05 jti at the resource": {func(_ *testing.T, w *wallet) func() *http.Request {
			token := w.token().AccessToken
			proof := w.proof("POST", "/credential", token)
			return func() *http.Request {
				return post("/credential", nil, "Authorization", "DPoP "+token, "DPoP", proof)
			}
		}, "401 invalid_dpop_proof"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, db *database.DB) {
				w := worldOn(t, db).wallet()
				next := c.request(t, w)
				requests := make([]*http.Request, racers)
				for i := range requests {
					requests[i] = next()
				}
				count := w.race(requests)
				if won := count["200"] + count["201"] + count["303"]; won != 1 || count[c.lost] != racers-1 {
					t.Errorf("%v, want one winner and %d times %s", count, racers-1, c.lost)
				}
			})
		})
	}
}

// Text that no database takes is nobody's: refused as unknown, on each of them, and never a fault of ours.
func TestTextThatNoDatabaseTakes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := worldOn(t, db).wallet()
		page := w.authorize(w.push())
		for _, bad := range []string{"a\x00b", "\xff", "\xed\xa0\x80"} {
			in := url.PathEscape(bad)
			query := url.Values{"client_id": {bad}, "request_uri": {"urn:ietf:params:oauth:request_uri:x"}}.Encode()
			for name, rec := range map[string]*httptest.ResponseRecorder{
				"authorize": w.get("/authorize?" + query),
				"consent":   w.get("/authorize/consent/" + in),
				"cancel":    w.get("/authorize/cancel/" + in),
				"answer":    w.browse(post("/authorize/consent/"+in, url.Values{"answer": {"no"}})),
			} {
				t.Run(fmt.Sprintf("%s %q", name, bad), func(t *testing.T) { wantPage(t, rec, 400, "invalid_request") })
			}
			for _, parameter := range []string{"code", "redirect_uri", "code_verifier"} {
				wantError(t, w.redeem("code", parameter, bad), 400, "invalid_grant")
			}
			for _, parameter := range []string{"redirect_uri", "state", "dpop_jkt", "code_challenge"} {
				wantError(t, w.do(post("/par", parForm(parameter, bad))), 400, "invalid_request")
			}
			wantError(t, w.do(post("/par", parForm("scope", bad))), 400, "invalid_scope")
			wantError(t, w.do(post("/par", parForm("client_id", bad))), 401, "invalid_client")
		}
		if q := w.landed(w.answer(page, "yes")); q.Get("code") == "" {
			t.Errorf("the request of somebody else: %v", q)
		}
	})
}
