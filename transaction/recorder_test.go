package transaction

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
)

func exchangeWith(header, value string) *exchange {
	r := httptest.NewRequest(http.MethodPost, "https://i.example/token", nil)
	r.Header.Set(header, value)
	return &exchange{request: r, body: &captured{}, answer: &captured{}}
}

// plainSeal shows what it was given.
type plainSeal struct{}

func (plainSeal) Seal(b []byte, _, _ string) []byte          { return b }
func (plainSeal) Open(b []byte, _, _ string) ([]byte, error) { return b, nil }
func (plainSeal) Recognise(use, value string) string         { return use + ":" + value }

type counts struct {
	mu sync.Mutex
	n  int
}

func (c *counts) Event(string, string) { c.mu.Lock(); defer c.mu.Unlock(); c.n++ }

// memory keeps records; while closed it keeps nobody waiting but its caller.
type memory struct {
	Store
	mu      sync.Mutex
	records []Record
	dropped int
	hold    chan struct{}
	entered chan struct{}
}

func (m *memory) KeepTransactions(_ context.Context, records []Record, dropped int, _ time.Time) error {
	if m.hold != nil {
		m.entered <- struct{}{}
		<-m.hold
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.records, m.dropped = append(m.records, records...), m.dropped+dropped
	return nil
}

func recorder(store *memory) (*Recorder, *gin.Engine) {
	now := func() time.Time { return time.Date(2026, 11, 23, 14, 5, 9, 0, time.UTC) }
	r := &Recorder{
		Base: "https://i.example", Path: "/transactions/", Steps: map[string]Step{"/token": {Name: "token", Section: "s", Takes: []string{"code"}}, "/panic": {Name: "token"}},
		Store: store, Seal: plainSeal{}, Counts: &counts{}, Now: now, Log: slog.New(slog.DiscardHandler),
	}
	gin.SetMode(gin.ReleaseMode)
	g := gin.New()
	g.Use(observe.Middleware(slog.New(slog.DiscardHandler), now), r.Middleware())
	g.POST("/token", func(c *gin.Context) {
		if err := c.Request.ParseForm(); err != nil {
			c.Status(http.StatusBadRequest)
			return
		}
		c.JSON(http.StatusOK, gin.H{"access_token": secret})
	})
	g.POST("/panic", func(*gin.Context) { panic("x") })
	g.POST("/other", func(c *gin.Context) { c.Status(http.StatusNoContent) })
	return r, g
}

func post(g http.Handler, path, form string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "https://i.example"+path, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	return w
}

func TestARequestIsRecorded(t *testing.T) {
	store := &memory{}
	r, g := recorder(store)
	r.Start()
	defer r.Close()
	w := post(g, "/token", "code="+secret+"&issuer_state="+secret)
	if !strings.HasPrefix(w.Header().Get(Header), "https://i.example/transactions/") || len(w.Header().Get(Header)) != 31+26 {
		t.Errorf("header %q", w.Header().Get(Header))
	}
	if post(g, "/other", "").Header().Get(Header) != "" {
		t.Error("a route that is no step is recorded")
	}
	post(g, "/panic", "")
	r.Flush(t.Context())
	if len(store.records) != 2 || store.records[0].Code != "" || store.records[1].Status != 500 || store.records[1].Code != "http_500" {
		t.Fatalf("%+v", store.records)
	}
	want := []string{"transaction link access_token:" + secret, "transaction link code:" + secret} // the token endpoint takes no issuer_state
	if got := store.records[0].Secrets; len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("links %v", got)
	}
	if strings.Contains(string(store.records[0].Sealed), secret) {
		t.Errorf("the secret is kept: %s", store.records[0].Sealed)
	}
}

// A route that the wallet takes no part in is kept without its words, when the service links it by a kind that counts there; the page
// that it names is of the transaction.
func TestWhatIsApartIsKeptWithoutItsWords(t *testing.T) {
	store := &memory{}
	r, g := recorder(store)
	r.Steps["POST /ask"] = Step{Name: "ask", Section: "s", Apart: true, Takes: []string{"presentation", LinkPage}}
	link := true
	g.POST("/ask", func(c *gin.Context) {
		ctx := c.Request.Context()
		if observe.Linked(ctx, "elsewhere", "x"); link {
			observe.Linked(ctx, "presentation", "7")
			observe.Linked(ctx, LinkPage, r.Address("its secret"))
		}
		c.JSON(http.StatusCreated, gin.H{"handle": secret, "scope": "theirs"})
	})
	r.Start()
	defer r.Close()
	w := post(g, "/ask", "scope=theirs")
	if link = false; post(g, "/ask", "scope=theirs").Code != http.StatusCreated || w.Header().Get(Header) != "" {
		t.Errorf("%v", w.Header())
	}
	r.Flush(t.Context())
	if len(store.records) != 1 {
		t.Fatalf("%+v", store.records)
	}
	one := store.records[0]
	if strings.Contains(string(one.Sealed), "theirs") || !strings.Contains(string(one.Sealed), `"status":201`) || len(one.Secrets) != 1 || one.Secrets[0] != "transaction link presentation:7" {
		t.Errorf("%+v %s", one, one.Sealed)
	}
	if page := strings.TrimPrefix(r.Address("its secret"), "https://i.example/transactions/"); len(one.Pages) != 1 || one.Pages[0] != r.pageHash(page) {
		t.Errorf("pages %v", one.Pages)
	}
}

// What the service links a refused request by is real; what the request says is not.
func TestWhatARefusedRequestIsLinkedBy(t *testing.T) {
	store := &memory{}
	r, g := recorder(store)
	r.Steps["/refused"] = Step{Name: "token", Takes: []string{"code"}}
	known := false
	g.POST("/refused", func(c *gin.Context) {
		_ = c.Request.ParseForm() // so that the body is read
		if known {
			observe.Linked(c.Request.Context(), "presentation", "7")
		}
		observe.Found(c.Request.Context(), []observe.Finding{{Of: "pid", Rule: "status", Code: "revoked", Came: "12865398148"}})
		c.JSON(http.StatusBadRequest, gin.H{"error": "revoked"})
	})
	r.Start()
	defer r.Close()
	post(g, "/refused", "code="+secret)
	known = true
	post(g, "/refused", "code="+secret)
	r.Flush(t.Context())
	if len(store.records) != 2 || store.records[0].Firm || !store.records[1].Firm {
		t.Fatalf("%+v", store.records)
	}
	if raw := string(store.records[1].Sealed); !strings.Contains(raw, `"rule":"status"`) || !strings.Contains(raw, "(eleven digits)") {
		t.Error(raw)
	}
}

// What cannot be written in time is dropped and counted, and no request waits for it.
func TestWhatIsTooMuchIsDroppedAndCounted(t *testing.T) {
	store := &memory{hold: make(chan struct{}), entered: make(chan struct{}, 1)}
	r, g := recorder(store)
	r.Start()
	post(g, "/token", "")
	<-func() chan struct{} { go r.Flush(t.Context()); return store.entered }() // the writer stands still from here on
	for range maxQueued + 5 {
		if w := post(g, "/token", ""); w.Code != http.StatusOK {
			t.Fatalf("a request failed: %d", w.Code)
		}
	}
	go func() {
		for range store.entered {
		}
	}()
	close(store.hold)
	r.Close()
	close(store.entered)
	if store.dropped != 5 || len(store.records) != maxQueued+1 {
		t.Errorf("%d dropped, %d kept", store.dropped, len(store.records))
	}
	if c, ok := r.Counts.(*counts); !ok || c.n != 5 {
		t.Error("the metrics say something else")
	}
	post(g, "/token", "") // after Close: dropped, and nothing hangs
}

func TestAnEntryIsBounded(t *testing.T) {
	e := &Entry{}
	for range 20 {
		e.Request.Parts = append(e.Request.Parts, Part{Name: "x", Text: strings.Repeat("æ", maxPart)})
	}
	raw, err := encode(e)
	if err != nil || len(raw) > maxEntry {
		t.Errorf("%d bytes, %v", len(raw), err)
	}
	if !strings.Contains(string(raw), "more bytes are left out") {
		t.Error("it does not say so")
	}
}

// Expected and came are read out of the words of the service.
func TestExpectedAndCame(t *testing.T) {
	for words, c := range map[string]struct{ expected, came, section string }{
		"expected response_type code (FAPI 2.0 section 5.3.2.2)":                                       {"response_type code", "response_type: token", "FAPI 2.0 section 5.3.2.2"},
		"expected Content-Type application/json, got \"text/plain\" (OpenID4VCI section 8.2)":          {"Content-Type application/json", "\"text/plain\"; response_type: token", "OpenID4VCI section 8.2"},
		"holder_binding: expected a proof for this request; got: another nonce (RFC 9901 section 7.3)": {"a proof for this request", "another nonce; response_type: token", "RFC 9901 section 7.3"},
		"the access token is unknown, expired or revoked (RFC 6750 section 3.1)":                       {"", "response_type: token", "RFC 6750 section 3.1"},
	} {
		got := refusalOf("unsupported_response_type", words, map[string]string{"response_type": "token"})
		if got.Expected != c.expected || got.Came != c.came || got.Section != c.section || got.Description != words {
			t.Errorf("%s: %+v", words, got)
		}
	}
	if got := refusalOf("use_dpop_nonce", "", map[string]string{}); got.Came != "DPoP nonce: (absent)" {
		t.Errorf("%+v", got)
	}
	if got := refusalOf("strange", "no words for it", nil); got.Came != "no words for it" {
		t.Errorf("%+v", got)
	}
}
