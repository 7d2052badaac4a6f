package app_test

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid"
	"lommebok.example/minid/app"
)

// listening is a phone with an open stream.
type listening struct {
	t     *testing.T
	lists chan []app.PendingAttempt
	ended chan error
	stop  func()
}

func (w *world) listen(phone *app.Client) *listening {
	w.t.Helper()
	ctx, stop := context.WithCancel(w.t.Context())
	l := &listening{t: w.t, lists: make(chan []app.PendingAttempt, 16), ended: make(chan error, 1), stop: stop}
	go func() { l.ended <- phone.Stream(ctx, func(list []app.PendingAttempt) { l.lists <- list }) }()
	w.t.Cleanup(stop)
	return l
}

const patience = 20 * time.Second

// hears waits for the next list, which has so many attempts.
func (l *listening) hears(n int) []app.PendingAttempt {
	l.t.Helper()
	select {
	case list := <-l.lists:
		if len(list) != n {
			l.t.Fatalf("heard %+v, want %d", list, n)
		}
		return list
	case err := <-l.ended:
		l.t.Fatalf("the stream ended: %v", err)
	case <-time.After(patience):
		l.t.Fatal("nothing was heard")
	}
	return nil
}

// An attempt that was started at another replica comes by the stream, is sent then, and is gone when it is answered.
func TestStream(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorldOn(t, db)
		w.pair()
		l := w.listen(w.phone)
		l.hears(0)
		here := w.core
		w.core = newCore(t, db, func() time.Time { return w.now }) // the other replica
		in, v := w.ask()
		list := l.hears(1)
		if list[0].Service != "Utsteder" || list[0].CreatedAt != "2025-11-24T12:00:00Z" {
			t.Errorf("heard %+v", list)
		}
		for v.App.State != minid.AttemptSent { // it is written a moment after it was heard
			var err error
			v, err = w.core.View(t.Context(), in)
			must(t, err)
		}
		_, err := w.phone.Answer(t.Context(), list[0], v.App.Number, true)
		must(t, err)
		l.hears(0)
		if w.step(in) != minid.StepDone {
			t.Errorf("step %s", w.step(in))
		}
		w.core = here
	})
}

// A stream that breaks is opened anew, and begins with what waits.
func TestABrokenStreamIsOpenedAnew(t *testing.T) {
	w := newWorld(t)
	w.pair()
	l := w.listen(w.phone)
	l.hears(0)
	w.ask()
	l.hears(1)
	w.listener.CloseClientConnections()
	l.hears(1)
}

// The stream of a phone that is paired no more ends, and is not opened again.
func TestStreamsEndWithThePairing(t *testing.T) {
	w := newWorld(t)
	w.pair()
	l := w.listen(w.phone)
	l.hears(0)
	must(t, w.core.RemoveFactor(t.Context(), w.session, minid.FactorApp))
	select {
	case err := <-l.ended:
		wantRefusal(t, err, http.StatusUnauthorized, app.UnknownDevice)
	case <-time.After(patience):
		t.Fatal("the stream of a phone that was removed goes on")
	}
}

// A device has two streams; the third ends the oldest, which comes back in its time. Another phone's is left alone.
func TestTwoStreamsADevice(t *testing.T) {
	w := newWorld(t)
	w.pair()
	open := func() (*http.Response, error) {
		key, at := w.phone.Key, w.now.Unix()
		jws := message(t, key.(keyOf), "minid-app-request+jwt", false, map[string]any{"aud": w.url, "iat": at, "exp": at + 60})
		return http.Post(w.url+"/minid/app/events", "application/json", body(`{"request":"`+jws+`"}`))
	}
	var streams []*http.Response
	for range 3 {
		res, err := open()
		must(t, err)
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" || res.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("status %d, %v", res.StatusCode, res.Header)
		}
		streams = append(streams, res)
	}
	if err := readAll(streams[0]); err != nil {
		t.Errorf("the oldest: %v", err)
	}
	for i, res := range streams[1:] {
		ended := make(chan error, 1)
		go func() { ended <- readAll(res) }()
		select {
		case err := <-ended:
			t.Errorf("stream %d ended: %v", i+1, err)
		case <-time.After(100 * time.Millisecond): // it beats on
		}
	}
	w.server.Close()
	res, err := open()
	must(t, err)
	defer res.Body.Close()
	if res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Retry-After") == "" {
		t.Errorf("after the end: status %d", res.StatusCode)
	}
}

// The limits of the server are for short answers; a stream beats on after them.
func TestAStreamOutlivesTheLimitsOfTheServer(t *testing.T) {
	w := newWorld(t)
	w.pair()
	short := httptest.NewUnstartedServer(w.listener.Config.Handler)
	short.Config.ReadTimeout, short.Config.WriteTimeout = 200*time.Millisecond, 200*time.Millisecond
	short.Start()
	defer short.Close()
	at := w.now.Unix()
	jws := message(t, w.phone.Key.(keyOf), "minid-app-request+jwt", false, map[string]any{"aud": w.url, "iat": at, "exp": at + 60})
	res, err := http.Post(short.URL+"/minid/app/events", "application/json", body(`{"request":"`+jws+`"}`))
	must(t, err)
	defer res.Body.Close()
	lines, beats := bufio.NewScanner(res.Body), 0
	for beats < 60 && lines.Scan() { // ten milliseconds each
		if lines.Text() == ": beat" {
			beats++
		}
	}
	if beats < 60 {
		t.Errorf("%d beats, then %v", beats, lines.Err())
	}
}

// A stream lives for a quarter of an hour at most; then the phone signs anew.
func TestAStreamHasALife(t *testing.T) {
	w := newWorld(t)
	w.pair()
	w.core.Limits.StreamLife = time.Millisecond
	l := w.listen(w.phone)
	l.hears(0)
	l.hears(0) // of the next one
}

// A stream takes a signed message of a paired device, as all the others do.
func TestStreamsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	err := w.phone.Stream(t.Context(), func([]app.PendingAttempt) { t.Error("heard something") })
	wantRefusal(t, err, http.StatusUnauthorized, app.UnknownDevice)
	w.pair()
	at := w.now.Unix()
	old := message(t, w.phone.Key.(keyOf), "minid-app-request+jwt", false, map[string]any{"aud": w.url, "iat": at - 60, "exp": at})
	if status, code := w.post("/minid/app/events", "application/json", `{"request":"`+old+`"}`); status != 400 || code != "invalid_request" {
		t.Errorf("an old message: %d %s", status, code)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.phone.Stream(ctx, func([]app.PendingAttempt) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("a phone that was switched off: %v", err)
	}
}

// B27: whose code it is is told to one phone, which alone can then use it.
func TestAPairingCodeHasOneScanner(t *testing.T) {
	w := newWorld(t)
	code := w.code()
	person, err := w.phone.Look(t.Context(), code)
	must(t, err)
	if person != "128653 *****" {
		t.Errorf("told %q", person)
	}
	other := w.newPhone()
	_, err = other.Look(t.Context(), code)
	wantRefusal(t, err, http.StatusBadRequest, app.InvalidPairingCode)
	_, err = other.Pair(t.Context(), code)
	wantRefusal(t, err, http.StatusBadRequest, app.InvalidPairingCode)
	_, err = w.phone.Pair(t.Context(), code)
	must(t, err)
	_, err = w.phone.Look(t.Context(), code)
	wantRefusal(t, err, http.StatusBadRequest, app.InvalidPairingCode)
	w.now = w.now.Add(31 * 24 * time.Hour)
	_, err = w.phone.Look(t.Context(), code)
	wantRefusal(t, err, http.StatusBadRequest, app.InvalidPairingCode)
}

func TestNotMeOverTheWire(t *testing.T) {
	w := newWorld(t)
	w.pair()
	in, _ := w.ask()
	list, err := w.phone.Pending(t.Context())
	must(t, err)
	state, err := w.phone.NotMe(t.Context(), list[0])
	must(t, err)
	if state != minid.AttemptRejected || w.step(in) != minid.StepApp {
		t.Errorf("state %s, step %s", state, w.step(in))
	}
	_, v, err := w.core.Begin(t.Context(), minid.Need{Service: "Utsteder", Level: minid.LevelHigh}, w.session)
	must(t, err)
	if v.App != nil || v.RetryAfter != time.Hour {
		t.Errorf("the app is asked again: %+v", v)
	}
}

func TestPushIsOffByDefault(t *testing.T) {
	w := newWorld(t)
	w.pair()
	_, err := w.phone.PushKey(t.Context())
	wantRefusal(t, err, http.StatusNotFound, app.InvalidPush)
	err = w.phone.Subscribe(t.Context(), minid.Subscription{Endpoint: "https://push.example/x", P256DH: append([]byte{4}, make([]byte, 64)...), Auth: make([]byte, 16)})
	wantRefusal(t, err, http.StatusBadRequest, app.InvalidPush)
}

// taken is a pusher that remembers where to.
type taken struct{ to chan minid.Subscription }

func (p taken) Push(_ context.Context, to minid.Subscription, _ string, _ time.Duration) error {
	p.to <- to
	return nil
}

// A device subscribes, is told by push, and ends the subscription, each by a message of its own kind.
func TestPushOverTheWire(t *testing.T) {
	w := newWorld(t)
	w.pair()
	p := taken{make(chan minid.Subscription, 1)}
	w.core.Pusher, w.core.Later = p, func(work func()) { work() }
	w.server.PushKey = []byte{4, 1}
	key, err := w.phone.PushKey(t.Context())
	if err != nil || string(key) != "\x04\x01" {
		t.Errorf("key %v, %v", key, err)
	}
	sub := minid.Subscription{Endpoint: "https://push.example/x", P256DH: append([]byte{4}, make([]byte, 64)...), Auth: make([]byte, 16)}
	must(t, w.phone.Subscribe(t.Context(), sub))
	w.ask()
	select {
	case to := <-p.to:
		if to.Endpoint != sub.Endpoint || string(to.P256DH) != string(sub.P256DH) || string(to.Auth) != string(sub.Auth) {
			t.Errorf("pushed to %+v", to)
		}
	default:
		t.Error("nothing was pushed")
	}
	at := w.now.Unix()
	request := message(t, w.phone.Key.(keyOf), "minid-app-request+jwt", false, map[string]any{"aud": w.url, "iat": at, "exp": at + 60})
	if status, code := w.post("/minid/app/push", "application/json", `{"subscription":"`+request+`"}`); status != 400 {
		t.Errorf("a request ended the subscription: %d %s", status, code)
	}
	sub.Auth = nil
	wantRefusal(t, w.phone.Subscribe(t.Context(), sub), http.StatusBadRequest, app.InvalidPush)
	must(t, w.phone.Subscribe(t.Context(), minid.Subscription{}))
	w.ask()
	if len(p.to) > 0 {
		t.Error("pushed after the end")
	}
}
