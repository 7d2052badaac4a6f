package minid_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid"
)

// N10: ten attempts in a day since the last one that was approved, however they are spread over it.
func TestTenAttemptsADaySinceTheLastSuccess(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorldOn(t, db)
		d := w.withApp(pidA, minid.BasisInPerson)
		first := w.clock.Now()
		for i := 1; i <= 10; i++ {
			if _, v := w.atApp(pidA); v.App == nil {
				t.Fatalf("attempt %d was not made", i)
			}
			w.clock.add(20 * time.Minute)
		}
		_, v := w.atApp(pidA)
		if want := first.Add(24 * time.Hour).Sub(w.clock.Now()); v.App != nil || v.RetryAfter != want {
			t.Fatalf("the eleventh: app %+v, retry after %s, want %s", v.App, v.RetryAfter, want)
		}
		must(t, w.Sweep(ctx())) // which must not forget what is counted
		if _, v := w.atApp(pidA); v.App != nil {
			t.Fatal("the eleventh was made after the sweep")
		}
		w.clock.add(first.Add(24 * time.Hour).Sub(w.clock.Now()))
		_, v = w.atApp(pidA)
		if v.App == nil {
			t.Fatal("none after a day")
		}
		w.approve(d, v) // and the day begins anew
		for i := 1; i <= 10; i++ {
			w.clock.add(20 * time.Minute)
			if _, v := w.atApp(pidA); v.App == nil {
				t.Fatalf("attempt %d after the success was not made", i)
			}
		}
		w.clock.add(20 * time.Minute)
		if _, v := w.atApp(pidA); v.App != nil {
			t.Error("the eleventh after the success was made")
		}
	})
}

// A16: "it was not me" rejects all that waits, closes the app for an hour, and tells the person by the other channels. A
// new password opens it.
func TestItWasNotMe(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorldOn(t, db)
		sent := &sentMessages{}
		w.Sender, w.Later = sent, func(work func()) { work() }
		r := registration(pidA, minid.BasisLetter)
		r.Phone, r.Email = "+4799990011", "a@example.com"
		_, err := w.Register(ctx(), r)
		must(t, err)
		session, _ := w.signIn(pidA)
		d := w.pair(session, "phone")
		one, first := w.atAppOf(pidA)
		two, _ := w.atAppOf(pidA)
		list, err := w.PendingAttempts(ctx(), d)
		must(t, err)
		if len(list) != 2 {
			t.Fatalf("%d wait", len(list))
		}
		sent.kinds = nil
		state, err := w.AnswerAttempt(ctx(), d, minid.Answer{AttemptID: list[0].ID, Service: list[0].Service, Number: first.App.Number, NotMe: true})
		must(t, err)
		if state != minid.AttemptRejected || len(sent.kinds) != 2 || sent.kinds[0] != minid.MessageNotMe || sent.kinds[1] != minid.MessageNotMe {
			t.Errorf("state %s, messages %v", state, sent.kinds)
		}
		for _, in := range []string{one, two} {
			v, err := w.View(ctx(), in)
			must(t, err)
			if v.App.State != minid.AttemptRejected {
				t.Errorf("an attempt is %s", v.App.State)
			}
		}
		v, err := w.ChooseFactor(ctx(), one, minid.FactorApp)
		var closed minid.ErrTooManyAttempts
		if !errors.As(err, &closed) || closed.RetryAfter != time.Hour || len(v.Factors) == 0 {
			t.Fatalf("asked again: %v, %+v", err, v)
		}
		three, _ := w.begin(minid.LevelHigh, "")
		v, err = w.Password(ctx(), three, pidA, password)
		must(t, err)
		if v.Step == minid.StepApp {
			t.Error("the app is asked while it is closed")
		}
		const chosen = "hest i galopp over vidda"
		_, err = w.ChangePassword(ctx(), session, password, chosen)
		must(t, err)
		four, _ := w.begin(minid.LevelHigh, "")
		v, err = w.Password(ctx(), four, pidA, chosen)
		must(t, err)
		if v.Step != minid.StepApp || v.App == nil {
			t.Errorf("after the new password: %+v", v)
		}
		_, err = w.AnswerAttempt(ctx(), d, minid.Answer{AttemptID: list[0].ID, NotMe: true})
		wantErr(t, err, minid.ErrAttempt)
	})
}

// atAppOf is atApp for somebody who has other factors too: the app is what brings a letter's person to the best level.
func (w *world) atAppOf(pid string) (string, *minid.View) {
	w.t.Helper()
	in, v := w.atApp(pid)
	if v.App == nil {
		w.t.Fatal("the app was not asked")
	}
	return in, v
}

type sentMessages struct {
	mu    sync.Mutex
	kinds []minid.MessageKind
}

func (s *sentMessages) Send(_ context.Context, m minid.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kinds = append(s.kinds, m.Kind)
	return nil
}

// An attempt is sent when the device has it; looking at it again, or an answer, changes nothing of that.
func TestSent(t *testing.T) {
	w := newWorld(t)
	d := w.withApp(pidA, minid.BasisInPerson)
	in, _ := w.atApp(pidA)
	state := func() minid.AttemptState {
		t.Helper()
		v, err := w.View(ctx(), in)
		must(t, err)
		return v.App.State
	}
	if state() != minid.AttemptCreated {
		t.Errorf("before: %s", state())
	}
	for range 2 {
		list, err := w.PendingAttempts(ctx(), d)
		must(t, err)
		if len(list) != 1 || state() != minid.AttemptSent {
			t.Errorf("%d wait, state %s", len(list), state())
		}
	}
	v, err := w.AskAgain(ctx(), in)
	must(t, err)
	if v.App.State != minid.AttemptCreated {
		t.Errorf("asked again: %s", v.App.State)
	}
	w.approve(d, v) // one attempt waits, and it is the new one
	must(t, w.Core.MarkSent(ctx(), []minid.Attempt{{ID: "x", State: minid.AttemptCreated}}))
	v, err = w.View(ctx(), in)
	must(t, err)
	wantStep(t, v, minid.StepDone)
}

// Asking again is one of the three; when there is none left, the attempt that waits is not lost.
func TestAskingAgainIsLimited(t *testing.T) {
	w := newWorld(t)
	d := w.withApp(pidA, minid.BasisInPerson)
	in, _ := w.atApp(pidA)
	for range 2 {
		w.clock.add(time.Second)
		_, err := w.AskAgain(ctx(), in)
		must(t, err)
	}
	v, err := w.AskAgain(ctx(), in)
	var tooMany minid.ErrTooManyAttempts
	if !errors.As(err, &tooMany) || v.App == nil || !v.App.State.Open() {
		t.Fatalf("%v, %+v", err, v)
	}
	w.approve(d, v)
}

// push is a push service of a test.
type push struct {
	to    []minid.Subscription
	ids   []string
	fails error
}

func (p *push) Push(_ context.Context, to minid.Subscription, id string, life time.Duration) error {
	if life != 180*time.Second {
		return errors.New("another life")
	}
	p.to, p.ids = append(p.to, to), append(p.ids, id)
	return p.fails
}

func TestPush(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorldOn(t, db)
		p := &push{}
		w.Later = func(work func()) { work() }
		d := w.withApp(pidA, minid.BasisInPerson)
		sub := minid.Subscription{Endpoint: "https://push.example/abc", P256DH: append([]byte{4}, make([]byte, 64)...), Auth: make([]byte, 16)}
		wantErr(t, w.Subscribe(ctx(), d, sub), minid.ErrPush) // not offered
		w.Pusher = p
		for name, spoil := range map[string]func(*minid.Subscription){
			"http":       func(s *minid.Subscription) { s.Endpoint = "http://push.example/abc" },
			"user":       func(s *minid.Subscription) { s.Endpoint = "https://a:b@push.example/abc" },
			"no host":    func(s *minid.Subscription) { s.Endpoint = "https:///abc" },
			"too long":   func(s *minid.Subscription) { s.Endpoint += string(make([]byte, 1024)) },
			"short key":  func(s *minid.Subscription) { s.P256DH = s.P256DH[:64] },
			"compressed": func(s *minid.Subscription) { s.P256DH = append([]byte{2}, make([]byte, 64)...) },
			"short auth": func(s *minid.Subscription) { s.Auth = s.Auth[:15] },
		} {
			bad := sub
			spoil(&bad)
			if err := w.Subscribe(ctx(), d, bad); !errors.Is(err, minid.ErrPush) {
				t.Errorf("%s: %v", name, err)
			}
		}
		in, _ := w.atApp(pidA)
		if len(p.to) != 0 {
			t.Fatal("pushed without subscription")
		}
		must(t, w.Subscribe(ctx(), d, sub))
		v, err := w.AskAgain(ctx(), in)
		must(t, err)
		if len(p.to) != 1 || p.to[0].Endpoint != sub.Endpoint || v.App.State != minid.AttemptSent {
			t.Errorf("pushed to %v, state %s", p.to, v.App.State)
		}
		p.fails = minid.ErrPushGone
		v, err = w.AskAgain(ctx(), in)
		must(t, err)
		if v.App.State != minid.AttemptCreated {
			t.Errorf("not taken, and %s", v.App.State)
		}
		w.approve(d, v)
		w.atApp(pidA)
		if len(p.to) != 2 {
			t.Errorf("%d notices: the subscription that is gone was kept", len(p.to))
		}
		var sealed int64
		must(t, w.db.W.Raw("SELECT COUNT(*) FROM minid_devices WHERE push IS NOT NULL").Scan(&sealed).Error)
		if sealed != 0 {
			t.Error("the subscription that is gone was kept")
		}
	})
}
