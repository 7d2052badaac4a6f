package server_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/verifier/api"
	"lommebok.example/verifier/presentation"
)

const demoParty = "skatteetaten-demo"

// party is a relying party with its access token.
type party struct {
	t  testing.TB
	s  *service
	id string
	// secret and token are what it authenticates with.
	secret, token string
}

func (s *service) secretOf(t testing.TB, id string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(s.cfg.DataDir, "relying-parties", id+".client-secret"))
	check(t, err)
	return string(raw)
}

func (s *service) party(t testing.TB, id string) *party {
	t.Helper()
	p := &party{t: t, s: s, id: id, secret: s.secretOf(t, id)}
	a := p.askToken(url.Values{"grant_type": {"client_credentials"}})
	is(t, a, http.StatusOK)
	var got struct {
		Token string `json:"access_token"`
		Type  string `json:"token_type"`
		In    int    `json:"expires_in"`
	}
	check(t, json.Unmarshal([]byte(a.body), &got))
	if got.Type != "Bearer" || got.In != 600 || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%+v %v", got, a.header)
	}
	p.token = got.Token
	s.log.Know("a relying party's credentials", p.secret, p.token)
	return p
}

func (p *party) askToken(form url.Values) answer {
	p.t.Helper()
	r, err := http.NewRequest(http.MethodPost, p.s.url+"/api/token", strings.NewReader(form.Encode()))
	check(p.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(p.id, p.secret)
	return send(p.t, http.DefaultClient, r)
}

func (p *party) do(method, path string, body any, header ...string) answer {
	p.t.Helper()
	text, isText := body.(string)
	if !isText && body != nil {
		raw, err := json.Marshal(body)
		check(p.t, err)
		text = string(raw)
	}
	r, err := http.NewRequest(method, p.s.url+path, strings.NewReader(text))
	check(p.t, err)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Authorization", "Bearer "+p.token)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return send(p.t, http.DefaultClient, r)
}

// asked is a presentation that a party has asked for.
type asked struct {
	Handle, ID, State, Purpose, Reference string
	Links                                 *struct {
		Cross string `json:"cross_device"`
		Same  string `json:"same_device"`
	}
}

var pidRequest = map[string]any{"preset": "pid", "purpose": "tax-return", "redirect_uri": "http://localhost:9000/back", "reference": "case-17"}

func (p *party) ask(body any, header ...string) asked {
	p.t.Helper()
	a := p.do(http.MethodPost, "/api/presentations", body, header...)
	is(p.t, a, http.StatusCreated)
	var got asked
	check(p.t, json.Unmarshal([]byte(a.body), &got))
	if a.header.Get("Cache-Control") != "no-store" {
		p.t.Errorf("%v", a.header)
	}
	return got
}

// verdictOf is what the API answers with.
type verdictOf struct {
	ID, State, Reference string
	Accepted             bool
	Reasons              []presentation.Check
	Verdict              *presentation.Verdict
	Error                string `json:"wallet_error"`
	Trace                string `json:"trace_id"`
}

func (p *party) result(a answer) verdictOf {
	p.t.Helper()
	is(p.t, a, http.StatusOK)
	var got verdictOf
	check(p.t, json.Unmarshal([]byte(a.body), &got))
	if got.Trace == "" || got.Trace != a.header.Get("Trace-Id") {
		p.t.Errorf("trace id %q", got.Trace)
	}
	return got
}

func (p *party) get(handle, rest string) answer {
	p.t.Helper()
	return p.do(http.MethodGet, "/api/presentations/"+handle+rest, nil)
}

// refusedAs expects a refusal in the form of the house.
func refusedAs(t testing.TB, a answer, status int, code string, words ...string) {
	t.Helper()
	var e api.Error
	check(t, json.Unmarshal([]byte(a.body), &e))
	if a.status != status || e.Code != code || e.Description == "" || e.TraceID == "" || e.TraceID != a.header.Get("Trace-Id") {
		t.Errorf("%d %s, want %d %s", a.status, a.body, status, code)
	}
	sees(t, a, words...)
}

func TestRelyingPartyAsksAnotherDevice(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		p := s.party(t, demoParty)
		got := p.ask(pidRequest)
		if got.State != "waiting" || got.Reference != "case-17" || !strings.HasPrefix(got.Handle, got.ID+".") || got.Links == nil {
			t.Fatalf("%+v", got)
		}
		s.log.Know("a handle", strings.TrimPrefix(got.Handle, got.ID+"."))
		is(t, p.get(got.Handle, "/result"), http.StatusAccepted)
		w := s.open(t, got.Links.Cross)
		sees(t, p.get(got.Handle, ""), `"state":"fetched"`)
		w.send(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}})
		r := p.result(p.get(got.Handle, "/result"))
		if !r.Accepted || r.State != "answered" || len(r.Reasons) != 0 || r.Reference != "case-17" {
			t.Fatalf("%+v", r)
		}
		if claims := r.Verdict.Credentials[0].Claims; claims["given_name"] != "Eksakt" || len(claims) != 4 {
			t.Errorf("%v", claims)
		}
		for _, table := range []string{"transactions", "api_presentations", "api_tokens"} {
			rows := []map[string]any{}
			check(t, db.R.Table(table).Find(&rows).Error)
			for _, secret := range []string{p.token, strings.TrimPrefix(got.Handle, got.ID+"."), "Karies"} {
				raw, err := json.Marshal(rows)
				check(t, err)
				if len(rows) == 0 || bytes.Contains(raw, []byte(secret)) {
					t.Errorf("%s (%d rows) holds %q", table, len(rows), secret)
				}
			}
		}
	})
}

// A no comes with its reasons, and with no claim.
func TestRelyingPartyIsToldWhyNot(t *testing.T) {
	s := newService(t)
	p := s.party(t, demoParty)
	got := p.ask(pidRequest)
	w := s.open(t, got.Links.Cross)
	w.send(map[string][]string{"pid_sd_jwt": {w.bind(s.issuer.issueSDJWT(&w.key.PublicKey), "pid_sd_jwt", binding{nonce: "anothernonceanothernonce"})}})
	a := p.get(got.Handle, "/result")
	r := p.result(a)
	if r.Accepted || len(r.Reasons) == 0 || r.Reasons[0].Code != "key_binding_nonce" || r.Reasons[0].Expected == "" || r.Reasons[0].Section == "" || strings.Contains(a.body, "Karies") {
		t.Errorf("%s", a.body)
	}
	second := p.ask(pidRequest)
	w = s.open(t, second.Links.Cross)
	w.taken(w.post(url.Values{"error": {"access_denied"}, "state": {w.request.State}}))
	if r = p.result(p.get(second.Handle, "/result")); r.Accepted || r.State != "refused" || r.Error != "access_denied" || r.Verdict != nil {
		t.Errorf("%+v", r)
	}
}

// The wallet sees the party's own certificate, and the browser comes back to the party, whose response_code alone releases the
// verdict.
func TestRelyingPartyAsksTheSameDevice(t *testing.T) {
	s := newService(t)
	p := s.party(t, demoParty)
	got := p.ask(pidRequest)
	w := s.open(t, got.Links.Same)
	if own := clientID(t, s); w.request.ClientID == own {
		t.Error("the party asks with the certificate of the verifier")
	}
	if other := s.party(t, "lanekassen-demo"); s.open(t, other.ask(map[string]any{"preset": "student", "purpose": "application"}).Links.Cross).request.ClientID == w.request.ClientID {
		t.Error("two parties have one certificate")
	}
	to := w.send(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}})
	back, err := url.Parse(to)
	check(t, err)
	code := back.Query().Get("response_code")
	if !strings.HasPrefix(to, "http://localhost:9000/back?") || code == "" {
		t.Fatalf("sent to %s", to)
	}
	bring := func(code string) answer {
		return p.do(http.MethodPost, "/api/presentations/"+got.Handle+"/result", map[string]string{"response_code": code})
	}
	is(t, p.get(got.Handle, "/result"), http.StatusAccepted) // without the code nothing is released
	refusedAs(t, bring("another"), http.StatusForbidden, api.UnknownCode)
	sees(t, p.get(got.Handle, ""), `"state":"fetched"`)
	if r := p.result(bring(code)); !r.Accepted {
		t.Errorf("%+v", r)
	}
	if r := p.result(bring(code)); !r.Accepted { // a party that asks again, since the answer was lost on the way
		t.Errorf("%+v", r)
	}
	if without := p.ask(map[string]any{"preset": "pid", "purpose": "tax-return"}); without.Links.Same != "" {
		t.Error("a link for the same device, with nowhere to come back to")
	}
}

// What the person is to consent to goes along, and the mode is the party's to choose.
func TestRelyingPartyAsksForConsent(t *testing.T) {
	s := newService(t)
	p := s.party(t, demoParty)
	with := func(data, mode string) map[string]any {
		return map[string]any{"preset": "pid", "purpose": "tax-return", "transaction_data": json.RawMessage(data), "response_mode": mode}
	}
	got := p.ask(with(`[{"type":"payment","credential_ids":["pid_sd_jwt"],"amount":"100"}]`, "direct_post"))
	link, err := openid4vp.ParseRequestURI(got.Links.Cross, rules)
	check(t, err)
	payload, err := jose.DecodeBase64URL(strings.Split(s.browser(t).get(strings.TrimPrefix(link.RequestURI, s.url)).body, ".")[1])
	check(t, err)
	var request openid4vp.RequestObject
	check(t, json.Unmarshal(payload, &request))
	if len(request.TransactionData) != 1 || request.ResponseMode != "direct_post" {
		t.Errorf("%s", payload)
	}
	for name, body := range map[string]map[string]any{
		"of another credential": with(`[{"type":"payment","credential_ids":["other"]}]`, ""),
		"without a type":        with(`[{"credential_ids":["pid_sd_jwt"]}]`, ""),
		"another mode":          with(`[]`, "fragment"),
	} {
		t.Run(name, func(t *testing.T) {
			refusedAs(t, p.do(http.MethodPost, "/api/presentations", body), http.StatusBadRequest, "invalid_request", "OpenID4VP")
		})
	}
}

// What may not be asked is refused before it is sent, and the refusal names the claim.
func TestRelyingPartyAsksTooMuch(t *testing.T) {
	s := newService(t)
	p := s.party(t, "lanekassen-demo")
	query := func(types, claim string) map[string]any {
		return map[string]any{"purpose": "application", "dcql_query": json.RawMessage(
			`{"credentials":[{"id":"q","format":"dc+sd-jwt","meta":{"vct_values":["` + types + `"]},"claims":[{"path":["` + claim + `"]}]}]}`)}
	}
	with := func(name string, value any) map[string]any {
		body := query("no:minid:mpid:1", "given_name")
		body[name] = value
		return body
	}
	is(t, p.do(http.MethodPost, "/api/presentations", query("no:minid:mpid:1", "given_name")), http.StatusCreated)
	before := s.rows(t, "transactions")
	for name, tt := range map[string]struct {
		body   any
		status int
		code   string
		words  []string
	}{
		"a claim":            {query("no:minid:mpid:1", "birthdate"), 403, api.NotPermitted, []string{`"came":"birthdate"`, "given_name, family_name"}},
		"a credential":       {query("no.sikt.vitnemal.1", "given_name"), 403, api.NotPermitted, []string{"no.sikt.vitnemal.1"}},
		"another purpose":    {with("purpose", "curiosity"), 400, api.UnknownPurpose, []string{"application"}},
		"another address":    {with("redirect_uri", "http://localhost:9000/back/"), 400, api.InvalidRedirect, []string{"http://localhost:9000/back"}},
		"a person's number":  {with("reference", "12865398148"), 400, "invalid_request", []string{"reference"}},
		"preset and query":   {with("preset", "student"), 400, "invalid_request", []string{"exactly one"}},
		"neither":            {map[string]any{"purpose": "application"}, 400, "invalid_request", []string{"exactly one"}},
		"a preset of others": {map[string]any{"preset": "pid", "purpose": "application"}, 400, api.UnknownPreset, nil},
		"no query":           {map[string]any{"dcql_query": map[string]any{}, "purpose": "application"}, 400, api.InvalidQuery, []string{"OpenID4VP 1.0 section 6"}},
		"an unknown member":  {with("scope", "all"), 400, "invalid_request", []string{"purpose"}},
		"a member twice":     {`{"purpose":"application","purpose":"application","preset":"student"}`, 400, "invalid_request", nil},
		"no JSON":            {"hello", 400, "invalid_request", nil},
		"too large":          {`{"reference":"` + strings.Repeat("x", 65<<10) + `"}`, 413, "invalid_request", nil},
	} {
		t.Run(name, func(t *testing.T) {
			refusedAs(t, p.do(http.MethodPost, "/api/presentations", tt.body), tt.status, tt.code, tt.words...)
		})
	}
	refusedAs(t, p.do(http.MethodPost, "/api/presentations", nil), http.StatusUnsupportedMediaType, "invalid_request")
	if after := s.rows(t, "transactions"); after != before {
		t.Errorf("%d transactions were made of what was refused", after-before)
	}
}

func TestTokenRefusals(t *testing.T) {
	s := newService(t)
	p := s.party(t, demoParty)
	wrong := &party{t: t, s: s, id: p.id, secret: s.secretOf(t, "lanekassen-demo")}
	stranger := &party{t: t, s: s, id: "nobody", secret: p.secret}
	grant := url.Values{"grant_type": {"client_credentials"}}
	for name, tt := range map[string]struct {
		a      answer
		status int
		code   string
	}{
		"another's secret":  {wrong.askToken(grant), 401, "invalid_client"},
		"a stranger":        {stranger.askToken(grant), 401, "invalid_client"},
		"nobody":            {post(t, s.url+"/api/token", grant), 401, "invalid_client"},
		"the secret posted": {post(t, s.url+"/api/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {p.id}, "client_secret": {p.secret}}), 401, "invalid_client"},
		"no grant type":     {p.askToken(url.Values{}), 400, "invalid_request"},
		"another grant":     {p.askToken(url.Values{"grant_type": {"authorization_code"}}), 400, "unsupported_grant_type"},
		"a scope":           {p.askToken(url.Values{"grant_type": {"client_credentials"}, "scope": {"x"}}), 400, "invalid_scope"},
	} {
		var e struct{ Error string }
		check(t, json.Unmarshal([]byte(tt.a.body), &e))
		if tt.a.status != tt.status || e.Error != tt.code || tt.status == 401 && tt.a.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %d %s, want %d %s", name, tt.a.status, tt.a.body, tt.status, tt.code)
		}
	}
	for _, token := range []string{"", p.secret, p.token + "x"} {
		bad := *p
		bad.token = token
		a := bad.do(http.MethodPost, "/api/presentations", pidRequest)
		refusedAs(t, a, http.StatusUnauthorized, "invalid_token", "RFC 6750")
		if !strings.Contains(a.header.Get("WWW-Authenticate"), "invalid_token") {
			t.Errorf("%v", a.header)
		}
	}
	s.add(api.TokenLife)
	refusedAs(t, p.do(http.MethodPost, "/api/presentations", pidRequest), http.StatusUnauthorized, "invalid_token")
}

// Another party's handle is not found, nor is one that is half right.
func TestHandleIsThePartysOwn(t *testing.T) {
	s := newService(t)
	p, other := s.party(t, demoParty), s.party(t, "lanekassen-demo")
	got := p.ask(pidRequest)
	second := p.ask(pidRequest)
	mixed := got.ID + "." + strings.TrimPrefix(second.Handle, second.ID+".")
	for name, try := range map[string]func(rest string) answer{
		"another party":   func(rest string) answer { return other.get(got.Handle, rest) },
		"another secret":  func(rest string) answer { return p.get(mixed, rest) },
		"without secret":  func(rest string) answer { return p.get(got.ID, rest) },
		"no id":           func(rest string) answer { return p.get("."+strings.TrimPrefix(got.Handle, got.ID+"."), rest) },
		"what is no text": func(rest string) answer { return p.get("%00"+got.Handle, rest) },
	} {
		t.Run(name, func(t *testing.T) {
			for _, rest := range []string{"", "/result", "/events"} {
				refusedAs(t, try(rest), http.StatusNotFound, api.UnknownPresentation)
			}
		})
	}
	refusedAs(t, other.do(http.MethodPost, "/api/presentations/"+got.Handle+"/cancel", nil), http.StatusNotFound, api.UnknownPresentation)
	sees(t, p.get(got.Handle, ""), `"waiting"`)
	refusedAs(t, p.get(got.Handle, "?wait=31"), http.StatusBadRequest, "invalid_request", "wait")
}

func TestNothingIsAnsweredAfterCancel(t *testing.T) {
	s := newService(t)
	p := s.party(t, demoParty)
	got := p.ask(pidRequest)
	w := s.open(t, got.Links.Cross)
	cancel := func(handle string) answer {
		return p.do(http.MethodPost, "/api/presentations/"+handle+"/cancel", nil)
	}
	is(t, cancel(got.Handle), http.StatusNoContent)
	is(t, cancel(got.Handle), http.StatusNoContent)
	is(t, w.post(w.encrypt(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}}, "")), http.StatusNotFound)
	if r := p.result(p.get(got.Handle, "/result")); r.State != "cancelled" || r.Accepted {
		t.Errorf("%+v", r)
	}
	if n := s.rows(t, "requests"); n != 0 {
		t.Errorf("%d response keys are left", n)
	}
	// What a wallet on the same device showed is never released then.
	got = p.ask(pidRequest)
	w = s.open(t, got.Links.Same)
	to, err := url.Parse(w.send(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}}))
	check(t, err)
	is(t, cancel(got.Handle), http.StatusNoContent)
	a := p.do(http.MethodPost, "/api/presentations/"+got.Handle+"/result", map[string]string{"response_code": to.Query().Get("response_code")})
	refusedAs(t, a, http.StatusForbidden, api.UnknownCode)
	// What may be read cannot be taken back.
	got = p.ask(pidRequest)
	w = s.open(t, got.Links.Cross)
	w.send(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}})
	refusedAs(t, cancel(got.Handle), http.StatusConflict, api.AlreadyAnswered)
}

func TestResultIsGoneAfterItsTime(t *testing.T) {
	s := newService(t)
	p := s.party(t, "aldersgrense-demo") // kept for six minutes
	got := p.ask(map[string]any{"preset": "over-18", "purpose": "age"})
	w := s.open(t, got.Links.Cross)
	w.taken(w.post(url.Values{"error": {"access_denied"}, "state": {w.request.State}}))
	s.add(6*time.Minute - time.Millisecond)
	check(t, s.Sweep(t.Context()))
	p.result(p.get(got.Handle, "/result"))
	s.add(time.Millisecond)
	refusedAs(t, p.get(got.Handle, "/result"), http.StatusNotFound, api.UnknownPresentation)
	check(t, s.Sweep(t.Context()))
	if n := s.rows(t, "transactions"); n != 0 {
		t.Errorf("%d transactions are left", n)
	}
	s.add(api.Remembered)
	check(t, s.Sweep(t.Context()))
	for _, table := range []string{"api_presentations", "api_tokens", "api_proofs"} {
		if n := s.rows(t, table); n != 0 {
			t.Errorf("%d rows are left in %s", n, table)
		}
	}
}

func TestIdempotencyKey(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		p, other := s.party(t, demoParty), s.party(t, "lanekassen-demo")
		const key = "0123456789abcdef"
		all := make([]asked, 8)
		var wg sync.WaitGroup
		for i := range all {
			wg.Go(func() { all[i] = p.ask(pidRequest, "Idempotency-Key", key) })
		}
		wg.Wait()
		for _, one := range all {
			if one.Handle != all[0].Handle || one.Links.Cross != all[0].Links.Cross {
				t.Errorf("%s and %s", one.Handle, all[0].Handle)
			}
		}
		if n := s.rows(t, "api_presentations"); n != 1 {
			t.Errorf("%d presentations", n)
		}
		s.open(t, all[0].Links.Cross)
		is(t, other.do(http.MethodPost, "/api/presentations", map[string]any{"preset": "student", "purpose": "application"}, "Idempotency-Key", key), http.StatusCreated)
		without := map[string]any{"preset": "pid", "purpose": "tax-return"}
		refusedAs(t, p.do(http.MethodPost, "/api/presentations", without, "Idempotency-Key", key), http.StatusUnprocessableEntity, api.KeyReused)
		refusedAs(t, p.do(http.MethodPost, "/api/presentations", without, "Idempotency-Key", "short"), http.StatusBadRequest, "invalid_request")
	})
}

// Who waits is told when it happens: by a long poll, and by events.
func TestWaitingForTheResult(t *testing.T) {
	s := newService(t)
	p := s.party(t, demoParty)
	got := p.ask(pidRequest)
	r, err := http.NewRequest(http.MethodGet, s.url+"/api/presentations/"+got.Handle+"/events", nil)
	check(t, err)
	r.Header.Set("Authorization", "Bearer "+p.token)
	stream, err := http.DefaultClient.Do(r)
	check(t, err)
	defer func() { _ = stream.Body.Close() }()
	if stream.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%v", stream.Header)
	}
	lines := bufio.NewScanner(stream.Body)
	next := func() string {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				var told asked
				check(t, json.Unmarshal([]byte(data), &told))
				return told.State
			}
		}
		return "end"
	}
	if first := next(); first != "waiting" {
		t.Errorf("first %s", first)
	}
	polled := make(chan answer, 1)
	go func() { polled <- p.get(got.Handle, "/result?wait=30") }()
	w := s.open(t, got.Links.Cross)
	if second := next(); second != "fetched" {
		t.Errorf("second %s", second)
	}
	w.send(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}})
	if third, end := next(), next(); third != "answered" || end != "end" {
		t.Errorf("third %s, then %s", third, end)
	}
	if r := p.result(<-polled); !r.Accepted {
		t.Errorf("%+v", r)
	}
	// The server that stops ends what waits.
	got = p.ask(pidRequest)
	go func() { polled <- p.get(got.Handle, "?wait=30") }()
	s.EndStreams()
	select {
	case a := <-polled:
		sees(t, a, `"waiting"`)
	case <-time.After(20 * time.Second): // it asked to wait for longer
		t.Error("who waits was not told that the server stops")
	}
}
