package minid_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lommebok.example/minid"
)

func quarantine(err error) (time.Duration, bool) {
	var q minid.ErrQuarantined
	ok := errors.As(err, &q)
	return q.RetryAfter, ok
}

// A01: a hundred wrong passwords and then the right one.
func TestWrongPasswordsWithoutWaiting(t *testing.T) {
	w := newWorld(t)
	w.person(pidA, minid.BasisLetter)
	in, _ := w.begin(minid.LevelSubstantial, "")
	for i := 1; i <= 100; i++ {
		_, err := w.Password(ctx(), in, pidA, "wrong")
		if _, closed := quarantine(err); closed != (i > 5) {
			t.Fatalf("try %d: %v", i, err)
		}
	}
	_, wrong := w.Password(ctx(), in, pidA, "wrong")
	v, right := w.Password(ctx(), in, pidA, password)
	want := minid.ErrQuarantined{RetryAfter: time.Minute}
	if !errors.Is(wrong, want) || !errors.Is(right, want) {
		t.Errorf("the right password in quarantine: %v, a wrong one: %v", right, wrong)
	}
	wantStep(t, v, minid.StepPassword)
	if n := strings.Count(w.logs.String(), "password refused"); n != 102 {
		t.Errorf("%d refusals in the log, want 102", n)
	}
	w.clock.add(time.Minute)
	v, err := w.Password(ctx(), in, pidA, password)
	must(t, err)
	wantStep(t, v, minid.StepTOTP)
}

// A01: with patience, a hundred passwords are compared and never one more.
func TestWrongPasswordsWithWaiting(t *testing.T) {
	w := newWorld(t)
	w.person(pidA, minid.BasisLetter)
	for i := 1; i <= 100; i++ {
		in, _ := w.begin(minid.LevelLow, "")
		_, err := w.Password(ctx(), in, pidA, "wrong")
		wantErr(t, err, minid.ErrWrong)
		w.clock.add(time.Hour)
	}
	in, _ := w.begin(minid.LevelLow, "")
	for _, typed := range []string{"wrong", password} {
		_, err := w.Password(ctx(), in, pidA, typed)
		if after, closed := quarantine(err); !closed || after != time.Hour {
			t.Errorf("after the cap: %v", err)
		}
	}
}

func TestQuarantineTiming(t *testing.T) {
	w := newWorld(t)
	w.person(pidA, minid.BasisLetter)
	minutes := map[int]int{5: 1, 6: 2, 7: 4, 8: 8, 9: 16, 10: 32, 11: 60, 12: 60, 13: 60}
	for i := 1; i <= 13; i++ {
		in, _ := w.begin(minid.LevelLow, "")
		_, err := w.Password(ctx(), in, pidA, "wrong")
		wantErr(t, err, minid.ErrWrong)
		wait := time.Duration(minutes[i]) * time.Minute
		if wait == 0 {
			continue
		}
		w.clock.add(wait - time.Millisecond)
		in, _ = w.begin(minid.LevelLow, "")
		_, err = w.Password(ctx(), in, pidA, password)
		if after, closed := quarantine(err); !closed || after != time.Millisecond {
			t.Fatalf("a moment before the end of %s: %v", wait, err)
		}
		w.clock.add(time.Millisecond)
	}
	in, _ := w.begin(minid.LevelLow, "")
	v, err := w.Password(ctx(), in, pidA, password)
	must(t, err)
	wantStep(t, v, minid.StepDone)
	in, _ = w.begin(minid.LevelLow, "")
	for range 4 {
		_, err = w.Password(ctx(), in, pidA, "wrong")
		wantErr(t, err, minid.ErrWrong)
	}
	_, err = w.Password(ctx(), in, pidA, password)
	if err != nil {
		t.Errorf("the right password did not clear the failures: %v", err)
	}
}

// A02: fifty at once on two replicas.
func TestParallelPasswordsOnTwoReplicas(t *testing.T) {
	w := newWorld(t)
	w.person(pidA, minid.BasisLetter)
	cores := []*minid.Core{w.Core, w.replica(cheap)}
	w.Log, cores[1].Log = nil, nil
	in, _ := w.begin(minid.LevelLow, "")
	var compared, closed atomic.Int64
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			_, err := cores[i%2].Password(ctx(), in, pidA, "wrong")
			switch _, q := quarantine(err); {
			case q:
				closed.Add(1)
			case errors.Is(err, minid.ErrWrong):
				compared.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if compared.Load() != 5 || closed.Load() != 45 {
		t.Errorf("%d compared and %d in quarantine, want 5 and 45", compared.Load(), closed.Load())
	}
}

// A07: nobody learns from the answers who exists.
func TestSameAnswersWhoeverItIs(t *testing.T) {
	w := newWorld(t)
	w.person(pidA, minid.BasisLetter)
	for i, state := range []minid.State{minid.StateQuarantined, minid.StateLocked, minid.StateClosed} {
		pid := []string{pidC, "04897399712", "19877296701"}[i]
		w.setState(w.person(pid, minid.BasisLetter).ID, state)
	}
	answers := func(pid, typed string) string {
		in, _ := w.begin(minid.LevelHigh, "")
		var b strings.Builder
		for range 7 {
			v, err := w.Password(ctx(), in, pid, typed)
			if v == nil || err == nil {
				t.Fatalf("view %v, error %v", v, err)
			}
			b.WriteString(err.Error() + string(v.Step) + v.Reached.String() + string(v.Unreachable) + "\n")
		}
		return b.String()
	}
	want := answers(pidA, "wrong")
	for name, who := range map[string][2]string{
		"unknown":         {unknown, password},
		"bad checksum":    {"12865398149", password},
		"letters":         {"abc", password},
		"empty":           {"", password},
		"NUL":             {"128653\x0098148", password},
		"not UTF-8":       {"\xff\xfe", password},
		"quarantined":     {pidC, password},
		"locked":          {"04897399712", password},
		"closed":          {"19877296701", password},
		"statement":       {"' OR 1=1 --", password},
		"empty password":  {"11853349366", ""},
		"spaces and more": {" 2991739 8037 ", password},
	} {
		if got := answers(who[0], who[1]); got != want {
			t.Errorf("%s: got\n%swant\n%s", name, got, want)
		}
	}
}

// A number typed in groups is the same number, and shares its failures.
func TestSpacesInTheNumber(t *testing.T) {
	w := newWorld(t)
	w.person(pidA, minid.BasisLetter)
	in, _ := w.begin(minid.LevelLow, "")
	for range 5 {
		_, err := w.Password(ctx(), in, "128653 98148", "wrong")
		wantErr(t, err, minid.ErrWrong)
	}
	if _, err := w.Password(ctx(), in, pidA, password); err == nil {
		t.Error("another spelling of the number escaped the quarantine")
	}
	w.clock.add(time.Minute)
	v, err := w.Password(ctx(), in, " 128653 98148", password)
	must(t, err)
	wantStep(t, v, minid.StepDone)
}

// A24: lengths, letters and forms of passwords.
func TestPasswordForms(t *testing.T) {
	long := strings.Repeat("x", 1024)
	for name, c := range map[string]struct {
		set, typed string
		right      bool
	}{
		"128 characters":         {strings.Repeat("ab", 64), strings.Repeat("ab", 64), true},
		"no truncation at 72":    {strings.Repeat("a", 72) + "b", strings.Repeat("a", 72) + "c", false},
		"1024 bytes":             {long, long, true},
		"last of 1024 differs":   {long, long[:1023] + "y", false},
		"1025 bytes":             {long, long + "x", false},
		"NFC set, NFD typed":     {"bl\u00e5b\u00e6r-og-fl\u00f8te", "bla\u030ab\u00e6r-og-fl\u00f8te", true},
		"NFD set, NFC typed":     {"cafe\u0301-au-lait-1", "caf\u00e9-au-lait-1", true},
		"case matters":           {"Bekk-kano", "bekk-kano", false},
		"NUL is a character":     {"bekk\x00kano", "bekk\x00kani", false},
		"NUL does not end it":    {"bekk\x00kano", "bekk\x00kano", true},
		"spaces are not trimmed": {"bekk kano ", "bekk kano", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			r := registration(pidA, minid.BasisLetter)
			record, err := w.Passwords.Hash(ctx(), c.set)
			must(t, err)
			r.Password, r.PasswordRecord = "", record
			_, err = w.Register(ctx(), r)
			must(t, err)
			in, _ := w.begin(minid.LevelLow, "")
			_, err = w.Password(ctx(), in, pidA, c.typed)
			if (err == nil) != c.right {
				t.Errorf("got %v, want right = %v", err, c.right)
			}
		})
	}
}

// A24: too long a password is refused before it costs anything, and does not count.
func TestTooLongPasswordIsNotHashed(t *testing.T) {
	w := newWorld(t)
	w.person(pidA, minid.BasisLetter)
	in, _ := w.begin(minid.LevelLow, "")
	for range 20 {
		_, err := w.Password(ctx(), in, pidA, strings.Repeat("x", 1<<20))
		wantErr(t, err, minid.ErrWrong)
	}
	v, err := w.Password(ctx(), in, pidA, password)
	must(t, err)
	wantStep(t, v, minid.StepDone)
}

func TestRehashWhenParametersChange(t *testing.T) {
	w := newWorld(t)
	p := w.person(pidA, minid.BasisLetter)
	before, err := w.Store.PasswordRecord(ctx(), p.ID)
	must(t, err)
	stronger := w.replica(minid.Argon2{Memory: 16, Time: 2, Parallelism: 1})
	login := func(typed string) error {
		in, _ := w.begin(minid.LevelLow, "")
		_, err := stronger.Password(ctx(), in, pidA, typed)
		return err
	}
	wantErr(t, login("wrong"), minid.ErrWrong)
	if now, _ := w.Store.PasswordRecord(ctx(), p.ID); now != before {
		t.Fatal("a wrong password changed the record")
	}
	must(t, login(password))
	after, err := w.Store.PasswordRecord(ctx(), p.ID)
	must(t, err)
	if !strings.HasPrefix(before, "$argon2id$v=19$m=8,t=1,p=1$") || !strings.HasPrefix(after, "$argon2id$v=19$m=16,t=2,p=1$") {
		t.Errorf("record before %q, after %q", before[:27], after[:28])
	}
	must(t, login(password))
	if again, _ := w.Store.PasswordRecord(ctx(), p.ID); again != after {
		t.Error("the record was made again without need")
	}
}

func TestAnotherPepperIsAnotherPassword(t *testing.T) {
	w := newWorld(t)
	w.person(pidA, minid.BasisLetter)
	pool, err := minid.NewPasswordPool(minid.PasswordConfig{Pepper: []byte(strings.Repeat("p", 32)), Argon2: cheap})
	must(t, err)
	w.Passwords = pool
	in, _ := w.begin(minid.LevelLow, "")
	_, err = w.Password(ctx(), in, pidA, password)
	wantErr(t, err, minid.ErrWrong)
}

func TestRegisterRefuses(t *testing.T) {
	w := newWorld(t)
	w.person(pidA, minid.BasisLetter)
	for name, c := range map[string]struct {
		change func(*minid.Registration)
		want   error
	}{
		"twice":                    {func(*minid.Registration) {}, minid.ErrPersonExists},
		"checksum":                 {func(r *minid.Registration) { r.PID = "12865398149" }, minid.ErrIdentityNumber},
		"a real series":            {func(r *minid.Registration) { r.PID = "02013299997" }, minid.ErrIdentityNumber},
		"no password":              {func(r *minid.Registration) { r.PID, r.Password = pidB, "" }, minid.ErrPassword},
		"long password":            {func(r *minid.Registration) { r.PID, r.Password = pidB, strings.Repeat("x", 1025) }, minid.ErrPassword},
		"both password and record": {func(r *minid.Registration) { r.PID, r.PasswordRecord = pidB, "$2a$04$"+strings.Repeat("a", 53) }, minid.ErrPassword},
		"no record":                {func(r *minid.Registration) { r.PID, r.Password, r.PasswordRecord = pidB, "", "{SSHA}x" }, minid.ErrPassword},
		"a rule":                   {func(r *minid.Registration) { r.PID, r.Password = pidB, "sommer2025!!" }, minid.ErrPasswordRule{Rule: minid.RuleCommon}},
		"short TOTP":               {func(r *minid.Registration) { r.PID, r.TOTPSecret = pidB, make([]byte, 15) }, minid.ErrTOTPSecret},
		"birth date":               {func(r *minid.Registration) { r.PID, r.BirthDate = pidB, "10.07.1966" }, minid.ErrBirthDate},
		"basis of nothing":         {func(r *minid.Registration) { r.PID, r.Proofing.Basis = pidB, "hearsay" }, minid.ErrBasis},
	} {
		r := registration(pidA, minid.BasisLetter)
		c.change(&r)
		if _, err := w.Register(ctx(), r); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	if _, err := w.Store.PersonByPID(ctx(), pidB); !errors.Is(err, minid.ErrNotFound) {
		t.Errorf("a refused registration left a person: %v", err)
	}
}
