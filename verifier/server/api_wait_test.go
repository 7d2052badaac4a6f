package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"lommebok.example/verifier/api"
	"lommebok.example/verifier/presentation"
)

// An answer that came in time may be under judgement for a while: nothing is told as over before, and nothing else afterwards.
func TestExpiredIsToldWhenItIsCertain(t *testing.T) {
	s := newService(t)
	p := s.party(t, demoParty)
	cancel := func(handle string) answer { return p.do(http.MethodPost, "/api/presentations/"+handle+"/cancel", nil) }
	untouched, fetched, back := p.ask(pidRequest), p.ask(pidRequest), p.ask(pidRequest)
	s.open(t, fetched.Links.Cross)
	s.add(presentation.RequestLifetime)
	for handle, want := range map[string]string{untouched.Handle: "waiting", fetched.Handle: "fetched"} {
		a := p.get(handle, "/result")
		is(t, a, http.StatusAccepted)
		sees(t, a, `"state":"`+want+`"`)
		if strings.Contains(a.body, "links") {
			t.Errorf("links that no wallet can use: %s", a.body)
		}
	}
	is(t, cancel(back.Handle), http.StatusNoContent)
	s.add(30 * time.Second)
	for _, note := range []bool{false, true} {
		if note {
			check(t, s.Deliver(t.Context()))
		}
		refusedAs(t, cancel(fetched.Handle), http.StatusConflict, api.AlreadyExpired)
		if r := p.result(p.get(fetched.Handle, "/result")); r.State != "expired" || r.Accepted {
			t.Errorf("%+v", r)
		}
	}
	if r := p.result(p.get(back.Handle, "/result")); r.State != "cancelled" {
		t.Errorf("%+v", r)
	}
}

// stream opens the events of a presentation.
func (p *party) stream(handle string) *http.Response {
	p.t.Helper()
	r, err := http.NewRequest(http.MethodGet, p.s.url+"/api/presentations/"+handle+"/events", nil)
	check(p.t, err)
	r.Header.Set("Authorization", "Bearer "+p.token)
	answered, err := http.DefaultClient.Do(r)
	check(p.t, err)
	p.t.Cleanup(func() { _ = answered.Body.Close() })
	return answered
}

// One party does not take the places of the others, and is told so.
func TestPlacesToWaitAreThePartys(t *testing.T) {
	s := newService(t)
	t.Cleanup(s.EndStreams)
	p, other := s.party(t, demoParty), s.party(t, "lanekassen-demo")
	handle := p.ask(pidRequest).Handle
	var streams []*http.Response
	for range 64 {
		got := p.stream(handle)
		if streams = append(streams, got); got.StatusCode != http.StatusOK {
			t.Fatal(got.Status)
		}
	}
	a := p.get(handle, "?wait=1")
	refusedAs(t, a, http.StatusTooManyRequests, api.TooManyWaiting, "64")
	if a.header.Get("Retry-After") == "" {
		t.Errorf("%v", a.header)
	}
	refusedAs(t, p.get(handle, "/events"), http.StatusTooManyRequests, api.TooManyWaiting)
	is(t, p.get(handle, ""), http.StatusOK)
	theirs := other.ask(map[string]any{"preset": "student", "purpose": "application"})
	if got := other.stream(theirs.Handle); got.StatusCode != http.StatusOK {
		t.Errorf("the other party: %s", got.Status)
	}
	is(t, p.do(http.MethodPost, "/api/presentations/"+handle+"/cancel", nil), http.StatusNoContent)
	for _, stream := range streams {
		_, err := io.Copy(io.Discard, stream.Body)
		check(t, err)
	}
	is(t, p.get(p.ask(pidRequest).Handle, "?wait=1"), http.StatusOK) // there is room again
}

// While nothing happens one row is read, and nothing opened.
func TestWaitingIsCheap(t *testing.T) {
	s := newService(t)
	s.SetTimes(api.Times{Poll: 5 * time.Millisecond})
	p := s.party(t, demoParty)
	handle := p.ask(pidRequest).Handle
	asked := make(chan string, 1000)
	check(t, s.db.R.Callback().Query().After("gorm:query").Register("asked", func(db *gorm.DB) { asked <- db.Statement.SQL.String() }))
	t.Cleanup(func() { _ = s.db.R.Callback().Query().Remove("asked") })
	got := p.stream(handle)
	marks, others := 0, 0
	for marks < 20 {
		if strings.Contains(<-asked, "LEFT JOIN") {
			marks++
		} else {
			others++
		}
	}
	if others > 4 { // the token and the handle, and the rows of the one look
		t.Errorf("%d queries beside those for news", others)
	}
	_ = got.Body.Close()
}

// pipes is a listener whose connections have no buffer: who does not read is waited for.
type pipes struct{ conns chan net.Conn }

func (p pipes) Accept() (net.Conn, error) {
	conn, ok := <-p.conns
	if !ok {
		return nil, net.ErrClosed
	}
	return conn, nil
}
func (p pipes) Close() error   { close(p.conns); return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// Who waits is held to the limits of the server before, and to one of its own afterwards.
func TestLongPollHasLimits(t *testing.T) {
	s := newService(t)
	s.SetTimes(api.Times{Write: 50 * time.Millisecond})
	p := s.party(t, demoParty)
	handle := p.ask(pidRequest).Handle
	l, closed, over := pipes{make(chan net.Conn)}, make(chan struct{}, 3), make(chan error, 1)
	limited := &http.Server{Handler: s.Handler, ReadTimeout: 200 * time.Millisecond, WriteTimeout: 10 * time.Second, ConnState: func(_ net.Conn, now http.ConnState) {
		if now == http.StateClosed {
			closed <- struct{}{}
		}
	}}
	go func() { over <- limited.Serve(l) }()
	t.Cleanup(func() {
		check(t, limited.Close())
		<-over
	})
	ends := func(what string) {
		t.Helper()
		select {
		case <-closed:
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: the connection is still open", what)
		}
	}
	send := func(query, rest string) net.Conn {
		t.Helper()
		mine, theirs := net.Pipe()
		t.Cleanup(func() { _ = mine.Close() })
		l.conns <- theirs
		_, err := fmt.Fprintf(mine, "GET /api/presentations/%s%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n%s\r\n", handle, query, p.token, rest)
		check(t, err)
		return mine
	}
	for _, query := range []string{"?wait=30", "/events"} {
		half := send(query, "Content-Length: 1000\r\n")
		answered, err := http.ReadResponse(bufio.NewReader(half), nil)
		check(t, err)
		if answered.StatusCode != http.StatusBadRequest {
			t.Errorf("%s with half a body: %s", query, answered.Status)
		}
		check(t, half.Close())
		ends(query)
	}
	send("?wait=1", "")
	ends("who does not read the answer")
	heard := send("?wait=1", "")
	is(t, p.do(http.MethodPost, "/api/presentations/"+handle+"/cancel", nil), http.StatusNoContent)
	answered, err := http.ReadResponse(bufio.NewReader(heard), nil)
	check(t, err)
	if told, err := io.ReadAll(answered.Body); err != nil || !strings.Contains(string(told), "cancelled") {
		t.Errorf("%s, %v", told, err)
	}
}
