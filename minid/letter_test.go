package minid_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid"
)

const (
	havn  = "03848812160" // known to the register, no account
	fasan = "11821465526" // turns 13 in 2027
	trapp = "21887921013" // has no address
)

// population is a register of a few.
type population map[string]minid.Resident

func (p population) Resident(_ context.Context, pid string) (*minid.Resident, error) {
	r, ok := p[pid]
	if !ok {
		return nil, minid.ErrNotFound
	}
	return &r, nil
}

// printer is a LetterSender that keeps what it was given.
type printer struct {
	mu      sync.Mutex
	letters []minid.Letter
	fails   bool
}

func (p *printer) SendLetter(_ context.Context, l minid.Letter) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fails {
		return errors.New("the printer is down")
	}
	p.letters = append(p.letters, l)
	return nil
}

func (p *printer) last(t testing.TB) minid.Letter {
	t.Helper()
	if len(p.letters) == 0 {
		t.Fatal("no letter was sent")
	}
	return p.letters[len(p.letters)-1]
}

// letters is a world in which letters are sent, in November 2025.
func letters(t testing.TB, w *world) (*post, *printer) {
	t.Helper()
	mail, prints := &post{}, &printer{}
	w.Sender, w.Letters = mail, prints
	w.Later = func(work func()) { work() }
	address := []string{"Furuveien 1", "9999 Florø"}
	w.Population = population{
		havn:  {PID: havn, Name: "Tålmodig Havn", BirthDate: "1988-04-03", Address: address},
		fasan: {PID: fasan, Name: "Nysgjerrig Fasan", BirthDate: "2014-02-11", Address: address},
		trapp: {PID: trapp, Name: "Munter Trapp", BirthDate: "1979-08-21"},
		pidA:  {PID: pidA, Name: "Eksakt Karies", BirthDate: "1966-07-10", Address: address},
	}
	return mail, prints
}

const orderPhone = "+4799990077"

// order orders a letter and confirms it with the code that came.
func (w *world) order(mail *post, pid string) error {
	w.t.Helper()
	secret, err := w.OrderLetter(ctx(), pid, "999 90 077")
	must(w.t, err)
	return w.ConfirmOrder(ctx(), secret, mail.last(w.t, minid.MessageLetter, minid.ChannelSMS).Code)
}

func TestLetterIsOrderedWithThePhoneInHand(t *testing.T) {
	w := newWorld(t)
	mail, prints := letters(t, w)
	secret, err := w.OrderLetter(minid.InLanguage(ctx(), "nn"), "038488 12160", "99990077")
	must(t, err)
	m := mail.last(t, minid.MessageLetter, minid.ChannelSMS)
	if m.To != orderPhone || m.Lang != "nn" {
		t.Errorf("code to %+v", m)
	}
	wantErr(t, w.ConfirmOrder(ctx(), secret, other(m.Code)), minid.ErrWrongCode)
	if len(prints.letters) != 0 {
		t.Fatal("a letter without a code")
	}
	must(t, w.ConfirmOrder(ctx(), secret, m.Code))
	wantErr(t, w.ConfirmOrder(ctx(), secret, m.Code), minid.ErrExpired)
	l := prints.last(t)
	if len(prints.letters) != 1 || l.Name != "Tålmodig Havn" || l.Ends != "77" || l.Lang != "nn" || len(l.Code) != 14 ||
		!l.Expires.Equal(w.clock.Now().Add(60*24*time.Hour)) || !slices.Equal(l.Address, []string{"Furuveien 1", "9999 Florø"}) {
		t.Errorf("letter %+v", l)
	}
	for _, private := range []string{havn, l.Code, strings.ReplaceAll(l.Code, "-", ""), "Havn", orderPhone, "Furuveien"} {
		if strings.Contains(w.logs.String(), private) {
			t.Errorf("the log holds %q", private)
		}
	}
}

func TestLetterOrderTakesThreeTriesAndHalfAnHour(t *testing.T) {
	w := newWorld(t)
	mail, prints := letters(t, w)
	secret, err := w.OrderLetter(ctx(), havn, orderPhone)
	must(t, err)
	code := mail.last(t, minid.MessageLetter, minid.ChannelSMS).Code
	for range 3 {
		wantErr(t, w.ConfirmOrder(ctx(), secret, other(code)), minid.ErrWrongCode)
	}
	wantErr(t, w.ConfirmOrder(ctx(), secret, code), minid.ErrWrongCode)
	must(t, w.ResendOrderCode(ctx(), secret))
	w.clock.add(30 * time.Minute)
	wantErr(t, w.ConfirmOrder(ctx(), secret, mail.last(t, minid.MessageLetter, minid.ChannelSMS).Code), minid.ErrExpired)
	wantErr(t, w.ResendOrderCode(ctx(), secret), minid.ErrExpired)
	wantErr(t, w.ConfirmOrder(ctx(), "", code), minid.ErrExpired)
	_, err = w.OrderLetter(ctx(), havn, "12")
	wantErr(t, err, minid.ErrPhone)
	if len(prints.letters) != 0 {
		t.Error("a letter was sent")
	}
}

// A07: what is answered to an order is the same, whoever the number belongs to.
func TestLetterOrderTellsNothing(t *testing.T) {
	w := newWorld(t)
	mail, prints := letters(t, w)
	w.setState(w.person(pidA, minid.BasisLetter).ID, minid.StateQuarantined)
	want := 0
	for name, who := range map[string]struct {
		pid     string
		letters int
	}{
		"known": {havn, 1}, "too young": {fasan, 0}, "no address": {trapp, 0}, "unknown": {unknown, 0}, "in quarantine": {pidA, 0},
		"bad checksum": {"12865398149", 0}, "not a number": {"x\x00", 0}, "not synthetic": {"02013299997", 0}, "nothing": {"", 0},
	} {
		must(t, w.order(mail, who.pid))
		want += who.letters
		if len(prints.letters) != want {
			t.Errorf("%s: %d letters, want %d", name, len(prints.letters), want)
		}
		w.clock.add(time.Hour)
	}
}

func TestAgeCountsByCalendarYear(t *testing.T) {
	w := newWorld(t)
	mail, prints := letters(t, w)
	w.clock.add(time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC).Sub(w.clock.Now()))
	must(t, w.order(mail, fasan))
	if len(prints.letters) != 0 {
		t.Error("a letter in the year of the twelfth birthday")
	}
	w.clock.add(2 * time.Hour)
	must(t, w.order(mail, fasan))
	if len(prints.letters) != 1 {
		t.Error("no letter in January of the year of the thirteenth birthday")
	}
}

func TestOneLiveLetterAPerson(t *testing.T) {
	w := newWorld(t)
	mail, prints := letters(t, w)
	must(t, w.order(mail, havn))
	w.clock.add(59 * 24 * time.Hour)
	must(t, w.order(mail, havn))
	if len(prints.letters) != 1 {
		t.Errorf("%d letters while one is live", len(prints.letters))
	}
	w.clock.add(24 * time.Hour)
	must(t, w.order(mail, havn))
	if len(prints.letters) != 2 {
		t.Errorf("%d letters after the first has expired", len(prints.letters))
	}
}

func TestLetterOrdersAreLimitedForPhoneAndNumber(t *testing.T) {
	w := newWorld(t)
	letters(t, w)
	for i := range 3 {
		_, err := w.OrderLetter(ctx(), []string{havn, unknown, pidA}[i], orderPhone)
		must(t, err)
	}
	var busy minid.ErrTooManyAttempts
	if _, err := w.OrderLetter(ctx(), pidB, orderPhone); !errors.As(err, &busy) || busy.RetryAfter != 15*time.Minute {
		t.Errorf("the fourth from a phone: %v", err)
	}
	for i := range 2 {
		_, err := w.OrderLetter(ctx(), havn, []string{"99990001", "99990002"}[i])
		must(t, err)
	}
	if _, err := w.OrderLetter(ctx(), havn, "99990003"); !errors.As(err, &busy) {
		t.Errorf("the fourth for a number: %v", err)
	}
}

// A letter that could not be sent, or whose order was not settled, is sent by a later sweep.
func TestLettersSurviveFaults(t *testing.T) {
	w := newWorld(t)
	mail, prints := letters(t, w)
	prints.fails = true
	must(t, w.order(mail, havn))
	prints.fails = false
	must(t, w.Sweep(ctx()))
	if len(prints.letters) != 0 {
		t.Error("the sweep sends what may be on its way")
	}
	w.clock.add(2 * time.Minute)
	must(t, w.Sweep(ctx()))
	must(t, w.Sweep(ctx()))
	if len(prints.letters) != 1 {
		t.Errorf("%d letters after the fault", len(prints.letters))
	}
	w.Later = func(func()) {} // the program ends before it settles
	must(t, w.order(mail, pidA))
	w.clock.add(24 * time.Hour)
	must(t, w.Sweep(ctx()))
	if len(prints.letters) != 2 {
		t.Errorf("%d letters after the restart", len(prints.letters))
	}
}

// Whoever has an account is told where they were reached before.
func TestOrderForAnAccountIsTold(t *testing.T) {
	w := newWorld(t)
	mail, _ := letters(t, w)
	r := registration(pidA, minid.BasisLetter)
	r.Phone, r.Email = phoneA, "a@example.com"
	_, err := w.Register(ctx(), r)
	must(t, err)
	must(t, w.order(mail, pidA))
	for _, channel := range []minid.Channel{minid.ChannelSMS, minid.ChannelEmail} {
		if m := mail.last(t, minid.MessageLetterOrdered, channel); m.To != phoneA && m.To != "a@example.com" {
			t.Errorf("told %s", m.To)
		}
	}
}

func TestLetterOrderIsRaced(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorldOn(t, db)
		mail, prints := letters(t, w)
		w.Limits.CodeTries, w.Limits.CodeSends, w.Limits.CodeSendsADay = 100, 100, 100
		secret, err := w.OrderLetter(ctx(), havn, orderPhone)
		must(t, err)
		code := mail.last(t, minid.MessageLetter, minid.ChannelSMS).Code
		if won := atOnce(t, func() error { return w.ConfirmOrder(ctx(), secret, code) }, minid.ErrWrongCode, minid.ErrExpired); won != 1 {
			t.Errorf("%d confirmed with one code", won)
		}
		secrets := map[string]string{}
		w.Later = func(func()) {}
		for _, phone := range []string{"99990001", "99990002", "99990003", "99990004"} {
			secret, err := w.OrderLetter(ctx(), pidA, phone)
			must(t, err)
			secrets[secret] = mail.last(t, minid.MessageLetter, minid.ChannelSMS).Code
			must(t, w.ConfirmOrder(ctx(), secret, secrets[secret]))
		}
		var wg sync.WaitGroup
		for range 4 { // four replicas sweep four orders of one person
			wg.Go(func() {
				if err := w.Sweep(ctx()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(slices.Collect(maps.Keys(secrets))) != 4 || len(prints.letters) != 2 {
			t.Errorf("%d letters, want one a person", len(prints.letters))
		}
	})
}
