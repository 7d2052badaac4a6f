package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"lommebok.example/minid"
	"lommebok.example/minid/store"
)

func TestRacedPairingCode(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		for kind, life := range map[string]time.Duration{"self-service": 10 * time.Minute, "service desk": 30 * 24 * time.Hour} {
			must(t, s.PutPairingCode(t.Context(), kind, "anna", noon.Add(life)))
			at := noon.Add(life - time.Millisecond)
			one(t, contest(t, func(i int) (bool, error) {
				name := fmt.Sprint("device ", i)
				person, err := s.TakePairingCode(t.Context(), kind, at, minid.Device{ID: name, Thumbprint: name, Key: []byte{1}, Paired: at})
				return person == "anna", err
			}, minid.ErrPairingCode))
		}
		must(t, s.PutPairingCode(t.Context(), "late", "anna", noon))
		if _, err := s.TakePairingCode(t.Context(), "late", noon, minid.Device{ID: "x", Thumbprint: "x"}); !errors.Is(err, minid.ErrPairingCode) {
			t.Errorf("at its end: %v", err)
		}
	})
}

func attempt(id, signInID string, at time.Time) minid.Attempt {
	return minid.Attempt{
		ID: id, SignInID: signInID, PersonID: "anna", Service: "Utsteder", Number: "42", State: minid.AttemptCreated,
		Created: at, Expires: at.Add(3 * time.Minute),
	}
}

var (
	recent = minid.Window{Span: time.Minute, Most: 3}
	day    = minid.Window{Span: 24 * time.Hour, Most: 100}
)

// paired is a live sign-in of anna, who has a device.
func paired(t *testing.T, s *store.Store) {
	t.Helper()
	must(t, s.AddSignIn(t.Context(), signIn("in")))
	must(t, s.PassPassword(t.Context(), "in", "anna", noon))
	for _, who := range []string{"anna", "bert"} {
		must(t, s.PutPairingCode(t.Context(), "code of "+who, who, noon.Add(time.Minute)))
		_, err := s.TakePairingCode(t.Context(), "code of "+who, noon, minid.Device{ID: "of " + who, Thumbprint: who, Key: []byte{1}, Paired: noon})
		must(t, err)
	}
}

func TestRacedAnswer(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		paired(t, s)
		_, err := s.StartAttempt(t.Context(), attempt("a", "in", noon), recent, day)
		must(t, err)
		one(t, contest(t, func(i int) (bool, error) {
			answer := minid.Answer{AttemptID: "a", Service: "Utsteder", Number: []string{"42", "43"}[i%2], Approve: true}
			_, err := s.AnswerAttempt(t.Context(), "of anna", answer, noon)
			return err == nil, err
		}, minid.ErrAttempt))
		in, err := s.SignIn(t.Context(), "in")
		must(t, err)
		last, err := s.LastAttempt(t.Context(), "in")
		must(t, err)
		if (len(in.Passed) == 2) != (last.State == minid.AttemptApproved) {
			t.Errorf("the attempt is %s and the sign-in has passed %v", last.State, in.Passed)
		}
	})
}

func TestAnswerBindings(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		paired(t, s)
		_, err := s.StartAttempt(t.Context(), attempt("a", "in", noon), recent, day)
		must(t, err)
		right := minid.Answer{AttemptID: "a", Service: "Utsteder", Number: "42", Approve: true}
		answer := func(device string, at time.Time) error {
			_, err := s.AnswerAttempt(t.Context(), device, right, at)
			return err
		}
		for name, err := range map[string]error{
			"another's device": answer("of bert", noon),
			"no device":        answer("", noon),
			"expired":          answer("of anna", noon.Add(3*time.Minute)),
		} {
			if !errors.Is(err, minid.ErrAttempt) {
				t.Errorf("%s: %v", name, err)
			}
		}
		must(t, s.CancelSignIn(t.Context(), "in", noon))
		if err := answer("of anna", noon); !errors.Is(err, minid.ErrAttempt) {
			t.Errorf("after the sign-in was cancelled: %v", err)
		}
	})
}

func TestRacedAttemptsAreLimited(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		paired(t, s)
		for round := range 8 {
			at := noon.Add(time.Duration(round) * time.Hour)
			wins := contest(t, func(i int) (bool, error) {
				a := attempt(fmt.Sprint("a", round, " ", i), fmt.Sprint("sign-in ", i), at)
				oldest, err := s.StartAttempt(t.Context(), a, recent, day)
				return oldest.IsZero(), err
			}, nil)
			if wins != 3 {
				t.Errorf("%d attempts were started at once, want 3", wins)
			}
		}
		open, err := s.OpenAttempts(t.Context(), []string{"of anna", "of bert", "of nobody"}, noon.Add(7*time.Hour))
		_, bert := open["of bert"]
		if err != nil || len(open) != 2 || len(open["of anna"]) != 3 || !bert {
			t.Errorf("pending: %v, %v", open, err)
		}
		again, err := s.StartAttempt(t.Context(), attempt("x", "in", noon.Add(8*time.Hour)), minid.Window{Span: time.Hour, Most: 3}, day)
		if err != nil || !again.IsZero() {
			t.Errorf("when the others lie before the span: %v %v", again, err)
		}
	})
}

// B27: of sixteen that scan one code the first keeps it, and nobody else can use it.
func TestRacedLookAtPairingCode(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		must(t, s.PutPairingCode(t.Context(), "code", "anna", noon.Add(time.Minute)))
		var mu sync.Mutex
		var winner string
		one(t, contest(t, func(i int) (bool, error) {
			name := fmt.Sprint("device ", i)
			person, err := s.LookAtPairingCode(t.Context(), "code", name, noon)
			if err == nil {
				mu.Lock()
				winner = name
				mu.Unlock()
			}
			return person == "anna", err
		}, minid.ErrPairingCode))
		if _, err := s.TakePairingCode(t.Context(), "code", noon, minid.Device{ID: "thief", Thumbprint: "thief", Key: []byte{1}, Paired: noon}); !errors.Is(err, minid.ErrPairingCode) {
			t.Errorf("a second device: %v", err)
		}
		if _, err := s.LookAtPairingCode(t.Context(), "code", winner, noon); err != nil {
			t.Errorf("the first, again: %v", err)
		}
		if _, err := s.TakePairingCode(t.Context(), "code", noon, minid.Device{ID: "own", Thumbprint: winner, Key: []byte{1}, Paired: noon}); err != nil {
			t.Errorf("the first: %v", err)
		}
		if waits, err := s.PairingCodeWaits(t.Context(), "code", noon); waits || err != nil {
			t.Errorf("it waits still: %v", err)
		}
		must(t, s.PutPairingCode(t.Context(), "late", "anna", noon))
		if _, err := s.LookAtPairingCode(t.Context(), "late", "x", noon); !errors.Is(err, minid.ErrPairingCode) {
			t.Errorf("at its end: %v", err)
		}
	})
}

// "It was not me" and an approval at once: one of them settles the attempt.
func TestRacedNotMe(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		paired(t, s)
		_, err := s.StartAttempt(t.Context(), attempt("a", "in", noon), recent, day)
		must(t, err)
		one(t, contest(t, func(i int) (bool, error) {
			if i%2 == 0 {
				_, err := s.RejectAll(t.Context(), "of anna", "a", noon, noon.Add(time.Hour))
				return err == nil, err
			}
			_, err := s.AnswerAttempt(t.Context(), "of anna", minid.Answer{AttemptID: "a", Service: "Utsteder", Number: "42", Approve: true}, noon)
			return err == nil, err
		}, minid.ErrAttempt))
		_, err = s.StartAttempt(t.Context(), attempt("b", "in", noon), recent, day)
		must(t, err)
		if _, err := s.RejectAll(t.Context(), "of bert", "b", noon, noon.Add(time.Hour)); !errors.Is(err, minid.ErrAttempt) {
			t.Errorf("another's device: %v", err)
		}
	})
}
