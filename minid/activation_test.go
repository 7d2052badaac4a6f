package minid_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/audit"
	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid"
	"lommebok.example/minid/store"
)

const mailAddress = "havn@example.com"

// activation is a registration under way by the newest letter.
func (w *world) activation(pid, code string) string {
	w.t.Helper()
	secret, v, err := w.StartActivation(ctx(), pid, code)
	must(w.t, err)
	if v.Step != minid.ActivationPassword {
		w.t.Fatalf("begins at %s", v.Step)
	}
	return secret
}

func (w *world) wantActivation(secret string, want minid.ActivationStep) *minid.ActivationView {
	w.t.Helper()
	v, err := w.ActivationView(ctx(), secret)
	must(w.t, err)
	if v.Step != want {
		w.t.Fatalf("at %s, want %s", v.Step, want)
	}
	return v
}

// toEmailCode goes as far as the last code, and gives it.
func (w *world) toEmailCode(mail *post, secret string) string {
	w.t.Helper()
	must(w.t, w.ChooseActivationPassword(ctx(), secret, chosen))
	must(w.t, w.PassActivationPhone(ctx(), secret, mail.last(w.t, minid.MessageActivate, minid.ChannelSMS).Code))
	must(w.t, w.StartActivationEmail(ctx(), secret, mailAddress))
	return mail.last(w.t, minid.MessageActivate, minid.ChannelEmail).Code
}

func TestRegistrationByLetter(t *testing.T) {
	w := newWorld(t)
	mail, prints := letters(t, w)
	must(t, w.order(mail, havn))
	l := prints.last(t)
	_, _, err := w.StartActivation(ctx(), havn, "AAAA-AAAA-AAAA")
	wantErr(t, err, minid.ErrWrongCode)
	typed := strings.NewReplacer("0", "o", "1", "l", "-", " ").Replace(strings.ToLower(l.Code))
	secret := w.activation("038488 12160", typed)
	wantErr(t, w.ChooseActivationPassword(ctx(), secret, "talmodig havn 1988"), minid.ErrPasswordRule{Rule: minid.RuleContext})
	must(t, w.ChooseActivationPassword(ctx(), secret, chosen))
	if v := w.wantActivation(secret, minid.ActivationPhone); v.Ends != "77" || v.Code != minid.CodeLive {
		t.Errorf("view %+v", v)
	}
	m := mail.last(t, minid.MessageActivate, minid.ChannelSMS)
	if m.To != orderPhone {
		t.Errorf("the code went to %s", m.To)
	}
	wantErr(t, w.PassActivationPhone(ctx(), secret, other(m.Code)), minid.ErrWrongCode)
	must(t, w.PassActivationPhone(ctx(), secret, m.Code))
	w.wantActivation(secret, minid.ActivationEmail)
	for _, bad := range []string{"", "havn", "havn@example", "a b@example.com", "<havn@example.com>", "havn@example..com", "håvn@example.com", "x@example.com\r\nBcc: y@example.com"} {
		wantErr(t, w.StartActivationEmail(ctx(), secret, bad), minid.ErrEmail)
	}
	must(t, w.StartActivationEmail(ctx(), secret, "wrong@example.com"))
	w.wantActivation(secret, minid.ActivationEmailCode)
	must(t, w.StartActivationEmail(ctx(), secret, " "+mailAddress+" "))
	if _, err := w.Store.PersonByPID(ctx(), havn); !errors.Is(err, minid.ErrNotFound) {
		t.Fatalf("an account before the end: %v", err)
	}
	log := &auditLog{}
	w.Store.(*store.Store).Audit = log
	must(t, w.PassActivationEmail(ctx(), secret, mail.last(t, minid.MessageActivate, minid.ChannelEmail).Code))
	w.wantActivation(secret, minid.ActivationEnded)
	p, err := w.Store.PersonByPID(ctx(), havn)
	must(t, err)
	if e := log.events; len(e) != 1 || e[0].Kind != minid.KindProofed || e[0].Outcome != "letter" || e[0].Actor != audit.Person(p.ID) || e[0].Subject != e[0].Actor {
		t.Errorf("recorded %+v", e)
	}
	if p.State != minid.StateNormal || p.Phone != orderPhone || p.Email != mailAddress || p.Name != "Tålmodig Havn" || p.BirthDate != "1988-04-03" ||
		p.Proofing.Basis != minid.BasisLetter || p.Proofing.Evidence != "letter "+l.ID || !p.Proofing.At.Equal(w.clock.Now()) {
		t.Errorf("person %+v", p)
	}
	in, _ := w.begin(minid.LevelSubstantial, "")
	_, err = w.Password(ctx(), in, havn, chosen)
	must(t, err)
	v, err := w.SMS(ctx(), in, mail.last(t, minid.MessageLogin, minid.ChannelSMS).Code)
	must(t, err)
	wantStep(t, v, minid.StepDone)
	_, _, err = w.StartActivation(ctx(), havn, l.Code)
	wantErr(t, err, minid.ErrWrongCode)
	for _, private := range []string{havn, l.Code, "Havn", orderPhone, mailAddress, chosen, m.Code} {
		if strings.Contains(w.logs.String(), private) {
			t.Errorf("the log holds %q", private)
		}
	}
}

// A09: no step can be left out, and none taken twice.
func TestNoStepOfARegistrationIsSkipped(t *testing.T) {
	w := newWorld(t)
	mail, prints := letters(t, w)
	must(t, w.order(mail, havn))
	secret := w.activation(havn, prints.last(t).Code)
	verbs := map[minid.ActivationStep][]func() error{
		minid.ActivationPassword: {func() error { return w.ChooseActivationPassword(ctx(), secret, chosen) }},
		minid.ActivationPhone: {
			func() error { return w.PassActivationPhone(ctx(), secret, "000000") },
			func() error { return w.ResendActivationSMS(ctx(), secret) },
		},
		minid.ActivationEmail:     {func() error { return w.StartActivationEmail(ctx(), secret, mailAddress) }},
		minid.ActivationEmailCode: {func() error { return w.PassActivationEmail(ctx(), secret, "000000") }},
		minid.ActivationReady:     {func() error { return w.FinishActivation(ctx(), secret) }},
	}
	refusedBut := func(may ...minid.ActivationStep) {
		t.Helper()
		at, err := w.ActivationView(ctx(), secret)
		must(t, err)
		for step, list := range verbs {
			if step == may[0] || len(may) > 1 && step == may[1] {
				continue
			}
			for i, verb := range list {
				if err := verb(); !errors.Is(err, minid.ErrStep) {
					t.Errorf("at %s, verb %d of %s: %v", at.Step, i, step, err)
				}
			}
		}
		w.wantActivation(secret, at.Step)
	}
	refusedBut(minid.ActivationPassword)
	must(t, w.ChooseActivationPassword(ctx(), secret, chosen))
	refusedBut(minid.ActivationPhone)
	must(t, w.PassActivationPhone(ctx(), secret, mail.last(t, minid.MessageActivate, minid.ChannelSMS).Code))
	refusedBut(minid.ActivationEmail)
	must(t, w.StartActivationEmail(ctx(), secret, mailAddress))
	refusedBut(minid.ActivationEmailCode, minid.ActivationEmail)
	must(t, w.PassActivationEmail(ctx(), secret, mail.last(t, minid.MessageActivate, minid.ChannelEmail).Code))
	for step, list := range verbs {
		for _, verb := range list {
			if err := verb(); !errors.Is(err, minid.ErrExpired) {
				t.Errorf("after the end, %s: %v", step, err)
			}
		}
	}
	if n := len(prints.letters); n != 1 {
		t.Errorf("%d letters", n)
	}
}

func TestCodesOfARegistrationAreOfItAlone(t *testing.T) {
	w := newWorld(t)
	mail, prints := letters(t, w)
	must(t, w.order(mail, havn))
	letter := prints.last(t)
	first := w.activation(havn, letter.Code)
	must(t, w.ChooseActivationPassword(ctx(), first, chosen))
	code := mail.last(t, minid.MessageActivate, minid.ChannelSMS).Code
	second := w.activation(havn, letter.Code) // the letter again, in another browser
	w.wantActivation(first, minid.ActivationEnded)
	wantErr(t, w.PassActivationPhone(ctx(), first, code), minid.ErrExpired)
	must(t, w.ChooseActivationPassword(ctx(), second, chosen))
	if got := mail.last(t, minid.MessageActivate, minid.ChannelSMS).Code; got != code {
		wantErr(t, w.PassActivationPhone(ctx(), second, code), minid.ErrWrongCode)
	}
	w.clock.add(30 * time.Minute)
	w.wantActivation(second, minid.ActivationEnded)
	w.activation(havn, letter.Code) // nothing was spent
	_, err := w.ActivationView(ctx(), "")
	wantErr(t, err, minid.ErrExpired)
}

func TestActivationCodeIsOfOneNumberAndOneTime(t *testing.T) {
	w := newWorld(t)
	mail, prints := letters(t, w)
	must(t, w.order(mail, havn))
	must(t, w.order(mail, pidA))
	mine, others := prints.letters[0].Code, prints.letters[1].Code
	for name, who := range map[string][2]string{
		"another's": {havn, others}, "for another": {pidA, mine}, "nobody's": {unknown, mine}, "empty": {havn, ""}, "no number": {"", mine},
		"long": {havn, strings.Repeat("A", 100)}, "NUL": {havn, "AAAA\x00"}, "other signs": {havn, "AAAA-AAAA-AAA!"},
	} {
		if _, _, err := w.StartActivation(ctx(), who[0], who[1]); !errors.Is(err, minid.ErrWrongCode) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.clock.add(60 * 24 * time.Hour)
	_, _, err := w.StartActivation(ctx(), pidA, others)
	wantErr(t, err, minid.ErrWrongCode) // expired
}

// Tries are counted by number before anything is compared, for numbers that nobody has as well.
func TestActivationCodesAreTriedSlowly(t *testing.T) {
	w := newWorld(t)
	mail, prints := letters(t, w)
	must(t, w.order(mail, havn))
	code := prints.last(t).Code
	var closed minid.ErrQuarantined
	for _, pid := range []string{havn, unknown} {
		for range 5 {
			_, _, err := w.StartActivation(ctx(), pid, "AAAA-AAAA-AAAA")
			wantErr(t, err, minid.ErrWrongCode)
		}
		if _, _, err := w.StartActivation(ctx(), pid, code); !errors.As(err, &closed) || closed.RetryAfter != time.Minute {
			t.Errorf("%s: %v", pid[:6], err)
		}
	}
	w.clock.add(time.Minute)
	secret := w.activation(havn, code)
	must(t, w.RefuseLetter(ctx(), secret))
	w.wantActivation(secret, minid.ActivationEnded)
	_, _, err := w.StartActivation(ctx(), havn, code)
	wantErr(t, err, minid.ErrWrongCode)
	must(t, w.order(mail, havn)) // another can be ordered at once
	if len(prints.letters) != 2 {
		t.Errorf("%d letters", len(prints.letters))
	}
}

func TestALetterTakesSoManyTries(t *testing.T) {
	w := newWorld(t)
	mail, prints := letters(t, w)
	w.Limits.LetterTries = 3
	must(t, w.order(mail, havn))
	code := prints.last(t).Code
	for range 3 {
		_, _, err := w.StartActivation(ctx(), havn, "AAAA-AAAA-AAAA")
		wantErr(t, err, minid.ErrWrongCode)
	}
	w.clock.add(31 * 24 * time.Hour)
	must(t, w.Sweep(ctx())) // forgets the tries of the number, and not those against the letter
	_, _, err := w.StartActivation(ctx(), havn, code)
	wantErr(t, err, minid.ErrWrongCode)
	must(t, w.order(mail, havn))
	w.activation(havn, prints.last(t).Code)
}

// A letter opens an account again, with nothing of the old that signs in, at what a letter is worth.
func TestLetterOpensAnAccountAgain(t *testing.T) {
	for _, state := range []minid.State{minid.StateNormal, minid.StateLocked, minid.StateClosed, minid.StateTemporaryPassword} {
		t.Run(string(state), func(t *testing.T) {
			w := newWorld(t)
			mail, prints := letters(t, w)
			w.Later = func(work func()) { work() }
			r := registration(pidA, minid.BasisInPerson)
			r.Phone, r.Email = phoneA, "a@example.com"
			old, err := w.Register(ctx(), r)
			must(t, err)
			session, _ := w.signIn(pidA)
			code, _, err := w.HandOutPairingCode(ctx(), old.ID)
			must(t, err)
			w.setState(old.ID, state)
			must(t, w.order(mail, pidA))
			secret := w.activation(pidA, prints.last(t).Code)
			must(t, w.PassActivationEmail(ctx(), secret, w.toEmailCode(mail, secret)))
			p, err := w.Store.PersonByPID(ctx(), pidA)
			must(t, err)
			factors, err := w.SecondFactors(ctx(), old.ID)
			must(t, err)
			if p.ID != old.ID || p.State != minid.StateNormal || p.Proofing.Basis != minid.BasisLetter || p.Phone != orderPhone ||
				len(factors) != 1 || factors[0] != minid.FactorSMS {
				t.Errorf("person %+v with %v", p, factors)
			}
			_, err = w.Session(ctx(), session)
			wantErr(t, err, minid.ErrNoSession)
			_, err = w.Pair(ctx(), code, "thumb", []byte("key"))
			wantErr(t, err, minid.ErrPairingCode)
			in, _ := w.begin(minid.LevelLow, "")
			_, err = w.Password(ctx(), in, pidA, password)
			wantErr(t, err, minid.ErrWrong)
			told := map[string]bool{}
			for _, m := range mail.sent {
				told[m.To] = told[m.To] || m.Kind == minid.MessageActivated
			}
			if !told[phoneA] || !told["a@example.com"] || !told[orderPhone] || !told[mailAddress] {
				t.Errorf("told %v", told)
			}
		})
	}
}

func TestLetterOpensNothingInQuarantine(t *testing.T) {
	w := newWorld(t)
	mail, prints := letters(t, w)
	p := w.person(pidA, minid.BasisLetter)
	must(t, w.order(mail, pidA))
	secret := w.activation(pidA, prints.last(t).Code)
	code := w.toEmailCode(mail, secret)
	must(t, w.Quarantine(ctx(), pidA, "operator"))
	wantErr(t, w.PassActivationEmail(ctx(), secret, code), minid.ErrExpired)
	if got, err := w.Store.Person(ctx(), p.ID); err != nil || got.State != minid.StateQuarantined || got.Phone != "" {
		t.Errorf("person %+v, %v", got, err)
	}
}

func TestRegistrationIsRaced(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorldOn(t, db)
		mail, prints := letters(t, w)
		w.Limits.CodeTries = 100
		w.Limits.Quarantine = minid.Quarantine{From: 100, First: time.Minute, Longest: time.Hour, Cap: 1000}
		must(t, w.order(mail, havn))
		l := prints.last(t)
		started := make(chan string, 16)
		if won := atOnce(t, func() error {
			secret, _, err := w.StartActivation(ctx(), havn, l.Code)
			started <- secret
			return err
		}); won != 16 {
			t.Errorf("%d of 16 began", won)
		}
		close(started)
		live := 0
		secret := ""
		for s := range started {
			if v, err := w.ActivationView(ctx(), s); err == nil && v.Step == minid.ActivationPassword {
				live, secret = live+1, s
			}
		}
		if live != 1 {
			t.Fatalf("%d registrations rest on one letter", live)
		}
		code := w.toEmailCode(mail, secret)
		won := atOnce(t, func() error { return w.PassActivationEmail(ctx(), secret, code) }, minid.ErrWrongCode, minid.ErrStep, minid.ErrExpired)
		if won != 1 {
			t.Errorf("%d made an account with one letter", won)
		}
		var people int64
		must(t, db.R.Raw("SELECT COUNT(*) FROM minid_people WHERE pid = ?", havn).Scan(&people).Error)
		if people != 1 {
			t.Errorf("%d accounts", people)
		}
	})
}
