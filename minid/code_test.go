package minid_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid"
)

const phoneA = "+4799990001"

// post is a Sender that keeps what it was given.
type post struct {
	mu    sync.Mutex
	sent  []minid.Message
	fails bool
}

func (p *post) Send(_ context.Context, m minid.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fails {
		return errors.New("the gateway is down")
	}
	p.sent = append(p.sent, m)
	return nil
}

// last is the newest message of a kind.
func (p *post) last(t testing.TB, kind minid.MessageKind, channel minid.Channel) minid.Message {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.sent) - 1; i >= 0; i-- {
		if p.sent[i].Kind == kind && p.sent[i].Channel == channel {
			return p.sent[i]
		}
	}
	t.Fatalf("no message %s by %s", kind, channel)
	return minid.Message{}
}

// withSMS is a world with a post office and a person who has SMS alone.
func withSMS(t testing.TB, w *world) (*post, *minid.Person) {
	t.Helper()
	p := &post{}
	w.Sender = p
	r := registration(pidA, minid.BasisInPerson)
	r.Phone, r.Email, r.TOTPSecret = phoneA, "a@example.com", nil
	person, err := w.Register(ctx(), r)
	must(t, err)
	return p, person
}

func (w *world) toSMS() (string, *minid.View) {
	w.t.Helper()
	in, _ := w.begin(minid.LevelSubstantial, "")
	v, err := w.Password(minid.InLanguage(ctx(), "nn"), in, pidA, password)
	must(w.t, err)
	return in, v
}

// other is six digits that are not the code.
func other(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

func TestCodeBySMS(t *testing.T) {
	w := newWorld(t)
	p, _ := withSMS(t, w)
	in, v := w.toSMS()
	wantStep(t, v, minid.StepSMS)
	m := p.last(t, minid.MessageLogin, minid.ChannelSMS)
	if v.SMS.State != minid.CodeLive || v.SMS.Ends != "01" || m.To != phoneA || m.Lang != "nn" || m.Service != "Utsteder" || len(m.Code) != 6 {
		t.Errorf("view %+v, message %+v", v.SMS, m)
	}
	for _, bad := range []string{other(m.Code), m.Code + " ", "١٢٣٤٥٦"} {
		if v, err := w.SMS(ctx(), in, bad); !errors.Is(err, minid.ErrWrongCode) || v.Step != minid.StepSMS {
			t.Fatalf("%q: %v", bad, err)
		}
	}
	v, err := w.SMS(ctx(), in, m.Code)
	wantErr(t, err, minid.ErrWrongCode)
	if v.SMS.State != minid.CodeSpent {
		t.Errorf("after three tries: %s", v.SMS.State)
	}
	_, err = w.ChooseFactor(ctx(), in, minid.FactorSMS)
	must(t, err)
	m = p.last(t, minid.MessageLogin, minid.ChannelSMS)
	v, err = w.SMS(ctx(), in, m.Code)
	must(t, err)
	wantStep(t, v, minid.StepDone)
	_, s, err := w.Finish(ctx(), in)
	must(t, err)
	if s.Level != minid.LevelSubstantial || len(s.AMR) != 1 || s.AMR[0] != "Minid-OTC" {
		t.Errorf("level %s, amr %v", s.Level, s.AMR)
	}
	if strings.Contains(w.logs.String(), m.Code) || strings.Contains(w.logs.String(), phoneA) {
		t.Error("the log holds a code or a number")
	}
}

func TestCodeIsOfOneSignIn(t *testing.T) {
	w := newWorld(t)
	p, _ := withSMS(t, w)
	first, _ := w.toSMS()
	old := p.last(t, minid.MessageLogin, minid.ChannelSMS).Code
	second, _ := w.toSMS()
	code := p.last(t, minid.MessageLogin, minid.ChannelSMS).Code
	if old != code {
		_, err := w.SMS(ctx(), first, old) // a newer code ends the older
		wantErr(t, err, minid.ErrWrongCode)
	}
	_, err := w.SMS(ctx(), first, code)
	wantErr(t, err, minid.ErrWrongCode)
	v, err := w.SMS(ctx(), second, code)
	must(t, err)
	wantStep(t, v, minid.StepDone)
}

func TestCodeExpires(t *testing.T) {
	w := newWorld(t)
	p, _ := withSMS(t, w)
	in, _ := w.toSMS()
	w.clock.add(5 * time.Minute)
	v, err := w.SMS(ctx(), in, p.last(t, minid.MessageLogin, minid.ChannelSMS).Code)
	wantErr(t, err, minid.ErrWrongCode)
	if v.SMS.State != minid.CodeExpired {
		t.Errorf("state %s", v.SMS.State)
	}
}

func TestSendsAreLimited(t *testing.T) {
	w := newWorld(t)
	p, _ := withSMS(t, w)
	var busy minid.ErrTooManyAttempts
	sends := func() int { return len(p.sent) }
	in, _ := w.toSMS()
	for range 2 {
		_, err := w.ChooseFactor(ctx(), in, minid.FactorSMS)
		must(t, err)
	}
	if _, err := w.ChooseFactor(ctx(), in, minid.FactorSMS); !errors.As(err, &busy) || busy.RetryAfter != 15*time.Minute || sends() != 3 {
		t.Fatalf("the fourth: %v after %d sends", err, sends())
	}
	v, err := w.SMS(ctx(), in, p.sent[2].Code) // the last one lives on
	must(t, err)
	wantStep(t, v, minid.StepDone)
	for sends() < 10 {
		w.clock.add(15 * time.Minute)
		w.toSMS()
	}
	w.clock.add(15 * time.Minute)
	in, v = w.toSMS()
	wantStep(t, v, minid.StepSMS)
	if sends() != 10 || v.RetryAfter <= 15*time.Minute || v.SMS.State != minid.CodeFailed {
		t.Errorf("the eleventh of a day: %d sends, %+v", sends(), v)
	}
	w.clock.add(24 * time.Hour)
	if _, v = w.toSMS(); v.SMS.State != minid.CodeLive {
		t.Errorf("the next day: %+v", v.SMS)
	}
	_ = in
}

func TestGatewayThatIsDown(t *testing.T) {
	w := newWorld(t)
	p, _ := withSMS(t, w)
	p.fails = true
	in, v := w.toSMS()
	wantStep(t, v, minid.StepSMS)
	if v.SMS.State != minid.CodeFailed {
		t.Errorf("state %s", v.SMS.State)
	}
	p.fails = false
	v, err := w.ChooseFactor(ctx(), in, minid.FactorSMS)
	must(t, err)
	if v.SMS.State != minid.CodeLive {
		t.Errorf("sent again: %s", v.SMS.State)
	}
}

// N5: ten wrong codes in a row end the factor, whatever sign-ins they were typed in.
func TestSMSIsDisabledAfterTenFailures(t *testing.T) {
	w := newWorld(t)
	p, person := withSMS(t, w)
	wrong := 0
	for wrong < 10 {
		w.clock.add(15 * time.Minute)
		in, _ := w.toSMS()
		code := p.last(t, minid.MessageLogin, minid.ChannelSMS).Code
		for range min(3, 10-wrong) {
			_, err := w.SMS(ctx(), in, other(code))
			wantErr(t, err, minid.ErrWrongCode)
			wrong++
		}
	}
	if f, err := w.SecondFactors(ctx(), person.ID); err != nil || len(f) != 0 {
		t.Errorf("factors %v %v", f, err)
	}
}

func TestSMSNeedsASender(t *testing.T) {
	w := newWorld(t)
	withSMS(t, w)
	w.Sender = nil
	_, v := w.toSMS()
	wantStep(t, v, minid.StepUnreachable)
}

func TestRegisterRefusesAPhoneWithoutCountry(t *testing.T) {
	w := newWorld(t)
	r := registration(pidA, minid.BasisLetter)
	r.Phone = "99990001"
	_, err := w.Register(ctx(), r)
	wantErr(t, err, minid.ErrPhone)
}

// One code, sixteen who type it at once: one passes. And sixteen who guess: three are compared.
func TestCodeIsRaced(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorldOn(t, db)
		p, person := withSMS(t, w)
		w.Limits.CodeTries, w.Limits.TOTPFailures = 100, 100
		in, _ := w.toSMS()
		code := p.last(t, minid.MessageLogin, minid.ChannelSMS).Code
		race := func(typed string) (won int) {
			var wg sync.WaitGroup
			var mu sync.Mutex
			for range 16 {
				wg.Go(func() {
					_, err := w.SMS(ctx(), in, typed)
					mu.Lock()
					defer mu.Unlock()
					if err == nil {
						won++
					} else if !errors.Is(err, minid.ErrWrongCode) && !errors.Is(err, minid.ErrStep) {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			return won
		}
		if won := race(code); won != 1 {
			t.Errorf("%d passed with one code", won)
		}
		w.Limits.CodeTries = 3
		in, _ = w.toSMS()
		code = p.last(t, minid.MessageLogin, minid.ChannelSMS).Code
		race(other(code))
		last, err := w.Store.LastCode(ctx(), signInID(in), minid.PurposeLogin)
		must(t, err)
		if last.Tries != 3 {
			t.Errorf("%d tries were counted for a code that takes three", last.Tries)
		}
		if _, err := w.SMS(ctx(), in, code); !errors.Is(err, minid.ErrWrongCode) {
			t.Errorf("a spent code: %v", err)
		}
		_ = person
	})
}

func TestPreferenceAndInvitation(t *testing.T) {
	w := newWorld(t)
	p := &post{}
	w.Sender = p
	r := registration(pidA, minid.BasisLetter)
	r.Phone = phoneA
	_, err := w.Register(ctx(), r)
	must(t, err)
	in, v := w.toSMS()
	wantStep(t, v, minid.StepTOTP)
	wantErr(t, w.Remember(ctx(), in, minid.FactorApp), minid.ErrStep)
	_, err = w.ChooseFactor(ctx(), in, minid.FactorSMS)
	must(t, err)
	must(t, w.Remember(ctx(), in, minid.FactorSMS))
	_, v = w.toSMS()
	wantStep(t, v, minid.StepTOTP) // a wish counts when the sign-in is done with it
	_, err = w.SMS(ctx(), in, p.last(t, minid.MessageLogin, minid.ChannelSMS).Code)
	must(t, err)
	session, _, err := w.Finish(ctx(), in)
	must(t, err)
	if i, err := w.Invite(ctx(), session); err != nil || i != nil {
		t.Errorf("a person who has TOTP is invited: %v %v", i, err)
	}
	w.clock.add(time.Minute)
	_, v = w.toSMS()
	wantStep(t, v, minid.StepSMS)
}

func TestInvitationIsNotRepeated(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorldOn(t, db)
		p, _ := withSMS(t, w)
		in, _ := w.toSMS()
		_, err := w.SMS(ctx(), in, p.last(t, minid.MessageLogin, minid.ChannelSMS).Code)
		must(t, err)
		session, _, err := w.Finish(ctx(), in)
		must(t, err)
		var wg sync.WaitGroup
		var mu sync.Mutex
		invited := 0
		for range 16 {
			wg.Go(func() {
				i, err := w.Invite(ctx(), session)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				} else if i != nil {
					invited++
				}
			})
		}
		wg.Wait()
		if invited != 1 {
			t.Errorf("invited %d times", invited)
		}
	})
}
