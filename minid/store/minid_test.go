package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid"
	"lommebok.example/minid/store"
)

var noon = time.Date(2025, 11, 24, 12, 0, 0, 0, time.UTC)

const racers = 16

// each runs the suite on every database, with a store and one person.
func each(t *testing.T, f func(t *testing.T, s *store.Store)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s, err := store.New(t.Context(), db)
		must(t, err)
		must(t, s.AddPerson(t.Context(), newPerson("anna", "12865398148")))
		must(t, s.AddPerson(t.Context(), newPerson("bert", "10876698493")))
		f(t, s)
	})
}

func newPerson(id, pid string) minid.NewPerson {
	return minid.NewPerson{
		Person: minid.Person{
			ID: id, PID: pid, BirthDate: "1953-06-12", Phone: "+4799999999", Email: "a@example.com",
			State: minid.StateNormal, Created: noon,
			Proofing: minid.Proofing{Basis: minid.BasisLetter, At: noon.Add(-time.Hour), Evidence: "letter 7"},
		},
		PasswordRecord: "record", TOTPSecret: []byte{1, 2, 3},
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// contest lets sixteen at a verb at once and counts those who win; lost tells an expected refusal from a fault.
func contest(t *testing.T, verb func(i int) (won bool, err error), lost error) int {
	t.Helper()
	var wins atomic.Int64
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range racers {
		wg.Go(func() {
			<-start
			won, err := verb(i)
			switch {
			case err == nil && won:
				wins.Add(1)
			case err != nil && !errors.Is(err, lost):
				t.Error(err)
			}
		})
	}
	close(start)
	wg.Wait()
	return int(wins.Load())
}

func one(t *testing.T, wins int) {
	t.Helper()
	if wins != 1 {
		t.Errorf("%d of %d won, want one", wins, racers)
	}
}

func signIn(id string) minid.SignIn {
	return minid.SignIn{
		ID: id, Need: minid.Need{Service: "Utsteder", Level: minid.LevelHigh, MaxAge: time.Minute, ReturnTo: "/a", CancelTo: "/b"},
		Expires: noon.Add(10 * time.Minute),
	}
}

func TestPersonIsReadBack(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		want := newPerson("anna", "12865398148").Person
		for name, read := range map[string]func() (*minid.Person, error){
			"id":  func() (*minid.Person, error) { return s.Person(t.Context(), "anna") },
			"pid": func() (*minid.Person, error) { return s.PersonByPID(t.Context(), "12865398148") },
		} {
			if got, err := read(); err != nil || *got != want {
				t.Errorf("by %s: %+v %v", name, got, err)
			}
		}
		for _, missing := range []string{"", "nobody"} {
			if _, err := s.Person(t.Context(), missing); !errors.Is(err, minid.ErrNotFound) {
				t.Errorf("person %q: %v", missing, err)
			}
			if _, err := s.PersonByPID(t.Context(), missing); !errors.Is(err, minid.ErrNotFound) {
				t.Errorf("number %q: %v", missing, err)
			}
		}
		if err := s.AddPerson(t.Context(), newPerson("other", "12865398148")); !errors.Is(err, minid.ErrPersonExists) {
			t.Errorf("the same number again: %v", err)
		}
		must(t, s.ReplacePasswordRecord(t.Context(), "anna", "stale", "new"))
		if r, err := s.PasswordRecord(t.Context(), "anna"); err != nil || r != "record" {
			t.Errorf("record %q %v", r, err)
		}
		must(t, s.ReplacePasswordRecord(t.Context(), "anna", "record", "new"))
		if r, err := s.PasswordRecord(t.Context(), "anna"); err != nil || r != "new" {
			t.Errorf("record %q %v", r, err)
		}
		if r, err := s.PasswordRecord(t.Context(), "bert"); err != nil || r != "record" {
			t.Errorf("another person's record %q %v", r, err)
		}
	})
}

// A02 and A01: no more tries at once than are left.
func TestRacedPasswordFailures(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		q := minid.DefaultLimits().Quarantine
		wins := contest(t, func(int) (bool, error) {
			try, err := s.RaisePasswordFailure(t.Context(), "number", noon, q)
			if err == nil && !try.Allowed && !try.Until.Equal(noon.Add(time.Minute)) {
				err = fmt.Errorf("closed until %s", try.Until)
			}
			return try.Allowed, err
		}, nil)
		if wins != 5 {
			t.Errorf("%d tries were allowed at once, want 5", wins)
		}
		for i := 6; i <= 8; i++ {
			at := noon.Add(time.Duration(i) * time.Hour)
			wins = contest(t, func(int) (bool, error) {
				try, err := s.RaisePasswordFailure(t.Context(), "number", at, q)
				return try.Allowed, err
			}, nil)
			one(t, wins)
		}
		must(t, s.ClearPasswordFailures(t.Context(), "number"))
		try, err := s.RaisePasswordFailure(t.Context(), "number", noon, q)
		if err != nil || !try.Allowed || try.Failures != 1 {
			t.Errorf("after clearing: %+v %v", try, err)
		}
	})
}

func TestRacedTOTPStep(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		for round := range 5 {
			one(t, contest(t, func(int) (bool, error) { return s.AcceptTOTPStep(t.Context(), "anna", int64(round)) }, nil))
		}
		if ok, err := s.AcceptTOTPStep(t.Context(), "anna", 3); err != nil || ok {
			t.Errorf("an earlier step: %v %v", ok, err)
		}
		if ok, err := s.AcceptTOTPStep(t.Context(), "bert", 3); err != nil || !ok {
			t.Errorf("another person's step: %v %v", ok, err)
		}
	})
}

func TestRacedTOTPFailures(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		raise := func(int) (bool, error) { return s.RaiseTOTPFailure(t.Context(), "anna", 10) }
		if wins := contest(t, raise, nil); wins != 10 {
			t.Errorf("%d wrong codes were compared, want 10", wins)
		}
		f, err := s.SecondFactors(t.Context(), "anna", 10)
		if err != nil || len(f) != 0 {
			t.Errorf("factors %v %v", f, err)
		}
		if f, err = s.SecondFactors(t.Context(), "bert", 10); err != nil || len(f) != 1 || f[0] != minid.FactorTOTP {
			t.Errorf("another person's factors %v %v", f, err)
		}
	})
}

func TestRacedPasswordOfOneSignIn(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		must(t, s.AddSignIn(t.Context(), signIn("in")))
		one(t, contest(t, func(i int) (bool, error) {
			err := s.PassPassword(t.Context(), "in", []string{"anna", "bert"}[i%2], noon)
			return err == nil, err
		}, minid.ErrStep))
	})
}

func TestRacedFinish(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		must(t, s.AddSignIn(t.Context(), signIn("in")))
		must(t, s.PassPassword(t.Context(), "in", "anna", noon))
		must(t, s.PassFactor(t.Context(), "in", "anna", minid.FactorTOTP, noon))
		in, err := s.SignIn(t.Context(), "in")
		must(t, err)
		one(t, contest(t, func(i int) (bool, error) {
			err := s.FinishSignIn(t.Context(), *in, session(fmt.Sprint("session ", i)), minid.FactorTOTP, noon)
			return err == nil, err
		}, minid.ErrStep))
		sessions := 0
		for i := range racers {
			if _, err := s.Session(t.Context(), fmt.Sprint("session ", i)); err == nil {
				sessions++
			}
		}
		if sessions != 1 {
			t.Errorf("%d sessions were left by the race", sessions)
		}
	})
}

func session(id string) minid.SessionRecord {
	return minid.SessionRecord{
		ID: id, Public: "public " + id, PersonID: "anna", Level: minid.LevelSubstantial, Basis: minid.BasisLetter,
		Factors: []minid.Factor{minid.FactorPassword, minid.FactorTOTP}, AuthTime: noon, Started: noon, Seen: noon,
	}
}

// Two sign-ins that rest on one session: the first to finish takes it.
func TestRacedFinishOnOneSession(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		first := signIn("first")
		must(t, s.AddSignIn(t.Context(), first))
		must(t, s.PassPassword(t.Context(), "first", "anna", noon))
		in, err := s.SignIn(t.Context(), "first")
		must(t, err)
		must(t, s.FinishSignIn(t.Context(), *in, session("old"), minid.FactorTOTP, noon))
		for i := range racers {
			carried := signIn(fmt.Sprint("in ", i))
			carried.PersonID, carried.Passed, carried.Prior, carried.Carried = "anna", []minid.Factor{minid.FactorPassword}, "old", true
			carried.AuthTime, carried.Started = noon, noon
			must(t, s.AddSignIn(t.Context(), carried))
		}
		one(t, contest(t, func(i int) (bool, error) {
			in, err := s.SignIn(t.Context(), fmt.Sprint("in ", i))
			if err != nil {
				return false, err
			}
			err = s.FinishSignIn(t.Context(), *in, session(fmt.Sprint("new ", i)), minid.FactorTOTP, noon)
			return err == nil, err
		}, minid.ErrExpired))
		if _, err := s.Session(t.Context(), "old"); !errors.Is(err, minid.ErrNotFound) {
			t.Errorf("the old session: %v", err)
		}
	})
}

// Every binding of a sign-in's verbs, broken by itself.
func TestSignInBindings(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		must(t, s.AddSignIn(ctx, signIn("in")))
		if err := s.PassFactor(ctx, "in", "", minid.FactorTOTP, noon); !errors.Is(err, minid.ErrStep) {
			t.Errorf("a factor of nobody: %v", err)
		}
		must(t, s.PassPassword(ctx, "in", "anna", noon))
		in, err := s.SignIn(ctx, "in")
		must(t, err)
		late := noon.Add(10 * time.Minute)
		changed := *in
		changed.Passed = append(changed.Passed, minid.FactorApp)
		less := *in
		less.Passed = nil
		another := *in
		another.PersonID = "bert"
		for name, err := range map[string]error{
			"password again":         s.PassPassword(ctx, "in", "anna", noon),
			"password, expired":      s.PassPassword(ctx, "in", "anna", late),
			"factor of another":      s.PassFactor(ctx, "in", "bert", minid.FactorApp, noon),
			"factor, expired":        s.PassFactor(ctx, "in", "anna", minid.FactorApp, late),
			"choice, expired":        s.ChooseFactor(ctx, "in", minid.FactorApp, late),
			"choice, unknown":        s.ChooseFactor(ctx, "no", minid.FactorApp, noon),
			"finish, expired":        s.FinishSignIn(ctx, *in, session("x"), minid.FactorTOTP, late),
			"finish with more":       s.FinishSignIn(ctx, changed, session("x"), minid.FactorTOTP, noon),
			"finish with less":       s.FinishSignIn(ctx, less, session("x"), minid.FactorTOTP, noon),
			"finish as another":      s.FinishSignIn(ctx, another, session("x"), minid.FactorTOTP, noon),
			"password of an unknown": s.PassPassword(ctx, "no", "anna", noon),
		} {
			if !errors.Is(err, minid.ErrStep) {
				t.Errorf("%s: %v, want ErrStep", name, err)
			}
		}
		want := signIn("in")
		want.PersonID, want.Passed, want.AuthTime = "anna", []minid.Factor{minid.FactorPassword}, noon
		if got, err := s.SignIn(ctx, "in"); err != nil || fmt.Sprint(*got) != fmt.Sprint(want) {
			t.Errorf("refusals changed the sign-in to %+v, %v", got, err)
		}
	})
}

func TestDeleteExpired(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		paired(t, s)
		must(t, s.PutPairingCode(ctx, "live", "anna", noon.Add(time.Minute)))
		_, err := s.StartAttempt(ctx, attempt("a", "in", noon), recent, day)
		must(t, err)
		must(t, s.DeleteExpired(ctx, minid.Expiry{At: noon, SessionSeen: noon.Add(-time.Minute), AttemptCreated: noon.Add(-time.Minute)}))
		_, err = s.SignIn(ctx, "in")
		must(t, err)
		_, err = s.LastAttempt(ctx, "in")
		must(t, err)
		later := noon.Add(time.Hour)
		must(t, s.DeleteExpired(ctx, minid.Expiry{At: later, SessionSeen: later, AttemptCreated: later}))
		if _, err := s.SignIn(ctx, "in"); !errors.Is(err, minid.ErrNotFound) {
			t.Errorf("sign-in: %v", err)
		}
		if _, err := s.LastAttempt(ctx, "in"); !errors.Is(err, minid.ErrNotFound) {
			t.Errorf("attempt: %v", err)
		}
	})
}

// Statements that are run alone and in a transaction, at once and for the first time: none may wait for a
// connection that another holds while it waits for the first.
func TestVerbsDoNotBlockEachOther(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		paired(t, s)
		must(t, s.AddSignIn(ctx, signIn("other")))
		must(t, s.PassPassword(ctx, "other", "anna", noon))
		for i := range racers {
			a := attempt(fmt.Sprint("a", i), fmt.Sprint("no sign-in ", i), noon)
			if i == 0 {
				a.SignInID = "in"
			}
			_, err := s.StartAttempt(ctx, a, minid.Window{Span: time.Minute, Most: racers + 1}, day)
			must(t, err)
		}
		other, err := s.SignIn(ctx, "other")
		must(t, err)
		other.Prior = "before"
		verbs := []func(i int) error{
			func(int) error { return s.PassFactor(ctx, "in", "anna", minid.FactorTOTP, noon) },
			func(i int) error {
				answer := minid.Answer{AttemptID: fmt.Sprint("a", i), Service: "Utsteder", Number: "42", Approve: true}
				_, err := s.AnswerAttempt(ctx, "of anna", answer, noon)
				return err
			},
			func(i int) error { return s.EndSession(ctx, fmt.Sprint("session ", i)) },
			func(i int) error {
				return s.FinishSignIn(ctx, *other, session(fmt.Sprint("session ", i)), minid.FactorTOTP, noon)
			},
		}
		contest(t, func(i int) (bool, error) {
			for n := range verbs {
				err := verbs[(i+n)%len(verbs)](i)
				if err != nil && !errors.Is(err, minid.ErrStep) && !errors.Is(err, minid.ErrAttempt) {
					return false, err
				}
			}
			return true, nil
		}, nil)
	})
}
