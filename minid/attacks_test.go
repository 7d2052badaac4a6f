package minid_test

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid"
)

// A06: an attacker locks a number until no password is compared any more. Its person gets in again without help: a reset is
// open, asks for the other factor, and the new password is taken at once.
func TestVictimOfALockHelpsThemselves(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorldOn(t, db)
		p, session, _ := full(t, w)
		for range 100 {
			_ = w.try(ctx(), w.Core, pidA, "feil") // wrong, or refused in quarantine
			w.clock.add(61 * time.Minute)
		}
		var locked minid.ErrQuarantined
		if err := w.try(ctx(), w.Core, pidA, password); !errors.As(err, &locked) {
			t.Fatalf("the number is not locked: %v", err)
		}
		if _, err := w.Session(ctx(), session); !errors.Is(err, minid.ErrNoSession) {
			t.Fatal(err) // it ended by its age, four days ago
		}
		in := w.forgotten(pidA)
		sms, email := p.reset(t)
		v, err := w.ResetCodes(ctx(), in, sms, email)
		must(t, err)
		wantStep(t, v, minid.StepTOTP)
		_, err = w.TOTP(ctx(), in, w.nextCode())
		must(t, err)
		_, err = w.NewPassword(ctx(), in, chosen)
		must(t, err)
		must(t, w.try(ctx(), w.Core, pidA, chosen))
	})
}

// A13: three guesses at each of ten codes in each of five sign-ins. A code is worth nothing after three, no more codes are sent
// than N7 allows, and the factor is out of use after ten guesses: their odds are 10 in 10^6.
func TestGuessingCodesBySMS(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorldOn(t, db)
		p, person := withSMS(t, w)
		for range 5 {
			in, v := w.toSMS()
			for range 10 {
				for i := range 3 {
					// What was sent is not guessed: the odds are counted, not tried.
					_, _ = w.SMS(ctx(), in, "9"+strconv.Itoa(i)+"x000")
				}
				if v != nil && v.Step == minid.StepSMS {
					_, _ = w.ChooseFactor(ctx(), in, minid.FactorSMS)
				}
			}
		}
		if n := len(p.sent); n > 3 {
			t.Errorf("%d codes were sent within a quarter of an hour, want at most 3", n)
		}
		var row struct{ Compared, Most int64 }
		must(t, w.db.R.Raw("SELECT COALESCE(SUM(tries), 0) AS compared, COALESCE(MAX(tries), 0) AS most FROM minid_codes").Scan(&row).Error)
		if row.Compared > 10 || row.Most > 3 || row.Compared == 0 {
			t.Errorf("%d guesses were compared, %d with one code, want at most 10 and 3", row.Compared, row.Most)
		}
		for row.Compared < 10 {
			w.clock.add(15 * time.Minute)
			in, _ := w.toSMS()
			for range min(3, 10-int(row.Compared)) {
				_, err := w.SMS(ctx(), in, "90x000")
				wantErr(t, err, minid.ErrWrongCode)
				row.Compared++
			}
		}
		if f, err := w.SecondFactors(ctx(), person.ID); err != nil || len(f) != 0 {
			t.Errorf("after ten guesses SMS is still a factor: %v %v", f, err)
		}
	})
}

// A24: a megabyte, a NUL, all 128 characters of a long password, and one letter in two encodings.
func TestPasswordsAtTheirLimits(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("grå kåpe 7 ", 12)[:0]
	for i := 0; len([]rune(long)) < 128; i++ {
		long += string([]rune("kåfjordbærmølqwtzx49+-")[(i*i+3*i)%22])
	}
	r := registration(pidA, minid.BasisLetter)
	r.Password = long
	_, err := w.Register(ctx(), r)
	must(t, err)
	decomposed := strings.NewReplacer("å", "a\u030a").Replace(long)
	for name, c := range map[string]struct {
		typed string
		right bool
	}{
		"as chosen":                 {long, true},
		"another encoding":          {decomposed, true},
		"without its last":          {string([]rune(long)[:127]), false},
		"with another last":         {string([]rune(long)[:127]) + "Q", false},
		"72 bytes of it":            {long[:72], false},
		"up to a NUL":               {long + "\x00", false},
		"NUL in the middle":         {long[:20] + "\x00" + long[20:], false},
		"a megabyte":                {strings.Repeat("x", 1<<20), false},
		"a megabyte that begins so": {long + strings.Repeat(" ", 1<<20), false},
	} {
		if err := w.try(ctx(), w.Core, pidA, c.typed); (err == nil) != c.right || err != nil && !errors.Is(err, minid.ErrWrong) {
			t.Errorf("%s: %v, want right = %v", name, err, c.right)
		}
		must(t, w.Store.ClearPasswordFailures(ctx(), w.Seal.Recognise("identity number", pidA)))
	}
}

// B27: a pairing code from a QR is one phone's: a second that scans it gets nothing, nor one that comes after its time; a login
// is approved within 180 s, shows the service, and silence is no.
func TestForwardedQRCode(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorldOn(t, db)
		w.person(pidA, minid.BasisLetter)
		session, _ := w.signIn(pidA)
		code, expires, err := w.StartPairing(ctx(), session)
		must(t, err)
		won := atOnce(t, func() error {
			_, err := w.Pair(ctx(), code, "scanner "+strconv.FormatInt(time.Now().UnixNano(), 36), []byte("key"))
			return err
		}, minid.ErrPairingCode)
		if won != 1 {
			t.Errorf("%d phones were paired with one code", won)
		}
		late, _, err := w.StartPairing(ctx(), session)
		must(t, err)
		w.clock.add(expires.Sub(w.clock.Now()))
		_, err = w.Pair(ctx(), late, "late", []byte("key"))
		wantErr(t, err, minid.ErrPairingCode)
	})
}

// B27: the approval in the app.
func TestApprovalInTheAppIsShortAndSaysForWhat(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorldOn(t, db)
		d := w.withApp(pidA, minid.BasisInPerson)
		in, v := w.atApp(pidA)
		list, err := w.PendingAttempts(ctx(), d)
		must(t, err)
		if len(list) != 1 || list[0].Service != "Utsteder" {
			t.Fatalf("the phone shows %+v", list)
		}
		if life := list[0].Expires.Sub(list[0].Created); life > 180*time.Second {
			t.Errorf("it can be answered for %s", life)
		}
		w.clock.add(180 * time.Second)
		_, err = w.AnswerAttempt(ctx(), d, minid.Answer{AttemptID: list[0].ID, Service: "Utsteder", Number: v.App.Number, Approve: true})
		wantErr(t, err, minid.ErrAttempt)
		_, _, err = w.Finish(ctx(), in)
		wantErr(t, err, minid.ErrStep) // nobody answered, and that is no
	})
}
