package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/internal/fetch"
	"lommebok.example/verifier/api"
	"lommebok.example/verifier/apiclient"
	"lommebok.example/verifier/presentation"
	"lommebok.example/verifier/relyingparty"
	"lommebok.example/verifier/server"
	"lommebok.example/verifier/store"
)

// inbox is the webhook of a relying party.
type inbox struct {
	mu     sync.Mutex
	status int
	got    []*http.Request
	bodies [][]byte
	called chan struct{} // by each call, when it is not nil
}

func (i *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body bytes.Buffer
	_, _ = body.ReadFrom(r.Body)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.got, i.bodies = append(i.got, r), append(i.bodies, body.Bytes())
	w.WriteHeader(i.status)
	if i.called != nil {
		i.called <- struct{}{}
	}
}

func (i *inbox) answerWith(status int) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.status = status
}

func (i *inbox) calls() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.got)
}

// ownParty starts the service anew with a party of the test's own.
func (s *service) ownParty(t testing.TB, webhook, client string, files map[string][]byte) {
	t.Helper()
	dir := t.TempDir()
	const words = "{nb: Skolen, nn: Skulen, en: The school}"
	check(t, os.WriteFile(filepath.Join(dir, "school.yaml"), []byte("id: school\nname: "+words+"\npurposes: [{id: p, text: "+words+"}]\n"+
		`may_ask: [{format: dc+sd-jwt, types: ["urn:eudi:pid:1"], claims: [[given_name]]}]`+"\n"+
		`presets: {name: {credentials: [{id: pid_sd_jwt, format: dc+sd-jwt, meta: {vct_values: ["urn:eudi:pid:1"]}, claims: [{path: [given_name]}]}]}}`+"\n"+
		"redirects: [\"https://school.example/back?x=1\"]\n"+webhook+client), 0o600))
	for name, content := range files {
		check(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	s.cfg.RelyingPartiesDir = dir
	s.start(t)
}

// hooked starts the service anew with the party school, and gives its webhook, at the path /hook.
func (s *service) hooked(t testing.TB, status int) *inbox {
	t.Helper()
	box := &inbox{status: status}
	listener := httptest.NewServer(box)
	t.Cleanup(listener.Close)
	s.ownParty(t, "webhook: \""+listener.URL+"/hook\"\n", "client: {method: client_secret_basic}\n", nil)
	return box
}

func (s *service) webhookKey(t testing.TB, id string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(s.cfg.DataDir, "relying-parties", id+".webhook-key"))
	check(t, err)
	return string(raw)
}

func TestWebhookIsRetriedUntilTaken(t *testing.T) {
	s := newService(t)
	box := s.hooked(t, http.StatusServiceUnavailable)
	p := s.party(t, "school")
	got := p.ask(map[string]any{"preset": "name", "purpose": "p", "reference": "r-1"})
	deliver := func(want int) {
		t.Helper()
		check(t, s.Deliver(t.Context()))
		if n := box.calls(); n != want {
			t.Fatalf("%d calls, want %d", n, want)
		}
	}
	deliver(0)
	w := s.open(t, got.Links.Cross)
	w.send(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}})
	deliver(1)
	deliver(1)
	s.add(5 * time.Second)
	deliver(2)
	s.add(5 * time.Second)
	deliver(2) // it waits twice as long
	s.add(5 * time.Second)
	deliver(3)
	box.answerWith(http.StatusNoContent)
	s.add(20 * time.Second)
	deliver(4)
	s.add(time.Hour)
	deliver(4)
	key := s.webhookKey(t, "school")
	for i, r := range box.got {
		sent := box.bodies[i]
		if r.Header.Get(api.HeaderWebhookID) != got.ID || r.URL.Path != "/hook" || r.Method != http.MethodPost {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
		at := s.now().Add(-time.Hour)
		if !apiclient.FromVerifier(r.Header, sent, key, at) {
			t.Error("what the README checks does not hold")
		}
		if apiclient.FromVerifier(r.Header, append([]byte(" "), sent...), key, at) || apiclient.FromVerifier(r.Header, sent, "whsec_AAAA", at) ||
			apiclient.FromVerifier(r.Header, sent, key, at.Add(10*time.Minute)) {
			t.Error("another body, another key or another time passes")
		}
		if text := string(sent); !strings.Contains(text, `"type":"presentation.answered"`) || !strings.Contains(text, `"reference":"r-1"`) ||
			strings.Contains(text, "Eksakt") || strings.Contains(text, "accepted") {
			t.Errorf("%s", text)
		}
	}
	p = s.party(t, "school")
	replay := func(body string, want string) {
		t.Helper()
		a := p.do(http.MethodPost, "/api/webhooks/replay", body)
		is(t, a, http.StatusAccepted)
		sees(t, a, `"replayed":`+want)
	}
	replay(`{"id":"`+got.ID+`"}`, "1")
	deliver(5)
	deliver(5)
	replay(`{"since":"2026-11-23T14:00:00Z"}`, "1")
	deliver(6)
	replay(`{"since":"2027-11-23T14:00:00Z"}`, "0")
	deliver(6)
	refusedAs(t, p.do(http.MethodPost, "/api/webhooks/replay", `{"id":"\u0000"}`), http.StatusNotFound, api.UnknownPresentation)
	refusedAs(t, p.do(http.MethodPost, "/api/webhooks/replay", `{}`), http.StatusBadRequest, "invalid_request", "exactly one")
	refusedAs(t, s.party(t, demoParty).do(http.MethodPost, "/api/webhooks/replay", `{"id":"`+got.ID+`"}`), http.StatusNotFound, api.UnknownPresentation)
}

// The end is told of: of what a wallet on the same device showed when its code has been brought, of what nobody answered, and
// not of what the party took back itself.
func TestWebhookTellsOfTheEnd(t *testing.T) {
	s := newService(t)
	box := s.hooked(t, http.StatusOK)
	p := s.party(t, "school")
	request := map[string]any{"preset": "name", "purpose": "p", "redirect_uri": "https://school.example/back?x=1"}
	same, open, back := p.ask(request), p.ask(request), p.ask(request)
	is(t, p.do(http.MethodPost, "/api/presentations/"+back.Handle+"/cancel", nil), http.StatusNoContent)
	w := s.open(t, same.Links.Same)
	to, err := url.Parse(w.send(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}}))
	check(t, err)
	check(t, s.Deliver(t.Context()))
	if box.calls() != 0 {
		t.Fatalf("told of a verdict before its response_code came: %s", box.bodies)
	}
	if !strings.HasPrefix(to.String(), "https://school.example/back?x=1&response_code=") {
		t.Errorf("sent to %s", to)
	}
	is(t, p.do(http.MethodPost, "/api/presentations/"+same.Handle+"/result", map[string]string{"response_code": to.Query().Get("response_code")}), http.StatusOK)
	check(t, s.Deliver(t.Context()))
	s.add(presentation.RequestLifetime)
	check(t, s.Deliver(t.Context()))
	if box.calls() != 1 {
		t.Fatalf("%d calls: an answer may still be judged", box.calls())
	}
	s.add(30 * time.Second)
	check(t, s.Deliver(t.Context()))
	s.add(time.Hour)
	check(t, s.Deliver(t.Context()))
	var told []string
	for _, body := range box.bodies {
		var e struct{ ID, Type string }
		check(t, json.Unmarshal(body, &e))
		told = append(told, e.ID+" "+e.Type)
	}
	if got := strings.Join(told, ", "); got != same.ID+" presentation.answered, "+open.ID+" presentation.expired" {
		t.Errorf("told %s", got)
	}
}

// What is swept before it was noted is told of as what it was.
func TestWebhookTellsOfWhatIsSweptAtOnce(t *testing.T) {
	s := newService(t)
	box := s.hooked(t, http.StatusOK)
	w := s.open(t, s.party(t, "school").ask(map[string]any{"preset": "name", "purpose": "p"}).Links.Cross)
	w.send(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}})
	s.add(presentation.VerdictLifetime + time.Minute)
	check(t, s.Sweep(t.Context()))
	check(t, s.Deliver(t.Context()))
	if box.calls() != 1 || !bytes.Contains(box.bodies[0], []byte("presentation.answered")) {
		t.Errorf("told %s", box.bodies)
	}
}

// Two verifiers on one database do not make the same call at once.
func TestWebhookOfTwoVerifiers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		box := s.hooked(t, http.StatusOK)
		p := s.party(t, "school")
		first := s.Server
		s.start(t)
		got := p.ask(map[string]any{"preset": "name", "purpose": "p"})
		w := s.open(t, got.Links.Cross)
		w.send(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}})
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() { check(t, []*server.Server{first, s.Server}[i%2].Deliver(context.Background())) })
		}
		wg.Wait()
		if n := box.calls(); n != 1 {
			t.Errorf("%d calls", n)
		}
	})
}

// stuck is a webhook that does not answer until it may.
type stuck struct {
	called chan struct{} // by each call
	may    chan struct{} // closed
}

func (s *stuck) ServeHTTP(http.ResponseWriter, *http.Request) {
	s.called <- struct{}{}
	<-s.may
}

// A party whose webhook does not answer keeps only itself waiting, and each call goes on until nothing is due.
func TestWebhookOfOnePartyDoesNotHoldUpAnother(t *testing.T) {
	s := newService(t)
	slow, box := &stuck{make(chan struct{}, 100), make(chan struct{})}, &inbox{status: http.StatusOK, called: make(chan struct{}, 100)}
	slowly, quickly := httptest.NewServer(slow), httptest.NewServer(box)
	t.Cleanup(slowly.Close)
	t.Cleanup(quickly.Close)
	release := sync.OnceFunc(func() { close(slow.may) })
	t.Cleanup(release)
	other := "id: other\nname: {nb: a, nn: a, en: a}\npurposes: [{id: p, text: {nb: a, nn: a, en: a}}]\n" +
		`may_ask: [{format: dc+sd-jwt, types: ["urn:eudi:pid:1"], claims: [[given_name]]}]` + "\nwebhook: \"" + slowly.URL + "\"\nclient: {method: client_secret_basic}\n"
	s.ownParty(t, "webhook: \""+quickly.URL+"\"\n", "client: {method: client_secret_basic}\n", map[string][]byte{"other.yaml": []byte(other)})
	query := json.RawMessage(`{"credentials":[{"id":"q","format":"dc+sd-jwt","meta":{"vct_values":["urn:eudi:pid:1"]},"claims":[{"path":["given_name"]}]}]}`)
	many := func(id string, n int) {
		p := s.party(t, id)
		for range n {
			p.ask(map[string]any{"dcql_query": query, "purpose": "p"})
		}
	}
	many("other", 20)
	s.add(presentation.RequestLifetime - time.Minute)
	many("school", 40)
	s.add(2 * time.Minute)
	over := make(chan error, 1)
	go func() { over <- s.Deliver(t.Context()) }()
	for range 16 {
		<-slow.called
	}
	s.add(presentation.RequestLifetime) // the school's come to their end while the other party is called
	for range 40 {
		<-box.called
	}
	if len(slow.called) != 0 {
		t.Error("the school had to wait for the other party")
	}
	release()
	check(t, <-over)
	if n := len(slow.called); n != 4 {
		t.Errorf("%d calls are made to the slow party after the first 16, want 4", n)
	}
}

// ending is a store of which the service stops when a call has been taken.
type ending struct {
	api.Store
	stop func()
}

func (e ending) Taken(ctx context.Context, id, lease string) error {
	e.stop()
	return e.Store.Taken(ctx, id, lease)
}

// What a party has taken is noted though the service stops, so that it is not sent again after the next start.
func TestWebhookIsNotedWhenTheServiceStops(t *testing.T) {
	s := newService(t)
	box := s.hooked(t, http.StatusOK)
	s.party(t, "school").ask(map[string]any{"preset": "name", "purpose": "p"})
	s.add(presentation.RequestLifetime + time.Minute)
	kept, err := store.New(t.Context(), s.db)
	check(t, err)
	parties := &relyingparty.Parties{}
	check(t, parties.Add(os.DirFS(s.cfg.RelyingPartiesDir)))
	ctx, stop := context.WithCancel(t.Context())
	w := api.Webhooks{
		Store: ending{kept, stop}, Parties: parties, Keys: map[string][]byte{}, Now: s.now, Log: slog.New(slog.DiscardHandler),
		Fetch: fetch.New(fetch.Config{Timeout: 5 * time.Second, MaxBytes: 1 << 10, InsecureAllowLoopback: true}),
	}
	if err := w.Deliver(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	s.add(time.Hour)
	check(t, s.Deliver(t.Context()))
	if n := box.calls(); n != 1 {
		t.Errorf("%d calls", n)
	}
}
