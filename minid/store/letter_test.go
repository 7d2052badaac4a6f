package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"lommebok.example/internal/audit"
	"lommebok.example/minid"
	"lommebok.example/minid/store"
)

// claimed is a number's live letter with an activation that rests on it.
func claimed(t *testing.T, s *store.Store, number, activation string) {
	t.Helper()
	posted(t, s, number, "letter of "+number)
	must(t, s.ClaimLetter(t.Context(), minid.Activation{ID: activation, Number: number, Expires: noon.Add(time.Hour)}, "code", 10, noon))
}

func posted(t *testing.T, s *store.Store, number, id string) {
	t.Helper()
	order := minid.LetterOrder{ID: "order of " + id, Number: number, Sealed: []byte{1}, State: minid.OrderConfirmed, Expires: noon.Add(time.Hour)}
	must(t, s.AddLetterOrder(t.Context(), order))
	added, err := s.SettleLetterOrder(t.Context(), order.ID, letterRecord(number, id), 10)
	must(t, err)
	if !added {
		t.Fatal("no letter was added")
	}
}

func letterRecord(number, id string) *minid.LetterRecord {
	return &minid.LetterRecord{
		ID: id, Number: number, Code: "code", Sealed: []byte{1}, Unsent: []byte{2}, Created: noon, Expires: noon.Add(60 * 24 * time.Hour),
	}
}

func TestRacedOrdersOfOneNumber(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		for i := range racers {
			must(t, s.AddLetterOrder(t.Context(), minid.LetterOrder{
				ID: fmt.Sprint(i), Number: "number", Sealed: []byte{1}, State: minid.OrderConfirmed, Expires: noon.Add(time.Hour),
			}))
		}
		one(t, contest(t, func(i int) (bool, error) {
			return s.SettleLetterOrder(context.Background(), fmt.Sprint(i), letterRecord("number", "letter "+fmt.Sprint(i)), 10)
		}, nil))
		must(t, s.AddLetterOrder(t.Context(), minid.LetterOrder{ID: "other", Number: "other", Sealed: []byte{1}, State: minid.OrderConfirmed, Expires: noon}))
		one(t, contest(t, func(int) (bool, error) {
			return s.SettleLetterOrder(context.Background(), "other", letterRecord("other", "letter of other"), 10)
		}, minid.ErrNotFound))
	})
}

func TestRacedEndOfARegistration(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		claimed(t, s, "number", "a")
		one(t, contest(t, func(i int) (bool, error) {
			err := s.ChooseActivationPassword(context.Background(), "a", fmt.Sprint("record", i), noon)
			return err == nil, err
		}, minid.ErrStep))
		activationCodes(t, s, "a")
		if err := s.PassActivationEmail(t.Context(), "a", "123", []byte{1}, noon); !errors.Is(err, minid.ErrStep) {
			t.Errorf("mail before the phone: %v", err)
		}
		one(t, contest(t, func(int) (bool, error) {
			err := s.PassActivationPhone(context.Background(), "a", "123", noon)
			return err == nil, err
		}, minid.ErrWrongCode))
		one(t, contest(t, func(int) (bool, error) {
			err := s.PassActivationEmail(context.Background(), "a", "123", []byte{1}, noon)
			return err == nil, err
		}, minid.ErrWrongCode))
		a, err := s.Activation(t.Context(), "a")
		must(t, err)
		one(t, contest(t, func(i int) (bool, error) {
			p := newPerson(fmt.Sprint("new", i), "03848812160")
			err := s.FinishActivation(context.Background(), *a, p, "failures", noon)
			return err == nil, err
		}, minid.ErrStep))
	})
}

// activationCodes are the codes to phone and mail.
func activationCodes(t *testing.T, s *store.Store, activation string) {
	t.Helper()
	for _, purpose := range []minid.Purpose{minid.PurposeActivatePhone, minid.PurposeActivateEmail} {
		_, err := s.StartCode(t.Context(), minid.Code{
			ID: activation + string(purpose), Who: activation, To: "to", Purpose: purpose, Bound: activation, Code: "123", State: minid.CodeLive,
			Created: noon, Expires: noon.Add(time.Minute),
		}, nil)
		must(t, err)
	}
}

// A registration with all that it needs makes no account when its letter was refused, or claimed by another.
func TestRegistrationEndsWithItsLetter(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		for name, lose := range map[string]func(number string) error{
			"refused": func(number string) error { return s.CancelLetter(t.Context(), number, noon) },
			"claimed": func(number string) error {
				return s.ClaimLetter(t.Context(), minid.Activation{ID: "another", Number: number, Expires: noon.Add(time.Hour)}, "code", 10, noon)
			},
		} {
			claimed(t, s, name, name)
			activationCodes(t, s, name)
			must(t, s.ChooseActivationPassword(t.Context(), name, "record", noon))
			must(t, s.PassActivationPhone(t.Context(), name, "123", noon))
			must(t, s.PassActivationEmail(t.Context(), name, "123", []byte{1}, noon))
			a, err := s.Activation(t.Context(), name)
			must(t, err)
			must(t, lose(name))
			if err := s.FinishActivation(t.Context(), *a, newPerson("new", "03848812160"), "", noon); !errors.Is(err, minid.ErrStep) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// What is not yet there, or is another's, ends nothing and makes nothing.
func TestRegistrationIsBound(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		claimed(t, s, "number", "a")
		a, err := s.Activation(t.Context(), "a")
		must(t, err)
		if err := s.FinishActivation(t.Context(), *a, newPerson("new", "03848812160"), "", noon); !errors.Is(err, minid.ErrStep) {
			t.Errorf("without anything: %v", err)
		}
		if err := s.PassActivationPhone(t.Context(), "a", "123", noon); !errors.Is(err, minid.ErrWrongCode) {
			t.Errorf("no code: %v", err)
		}
		later := noon.Add(2 * time.Hour)
		if err := s.ChooseActivationPassword(t.Context(), "a", "record", later); !errors.Is(err, minid.ErrStep) {
			t.Errorf("after it expired: %v", err)
		}
		if err := s.CancelLetter(t.Context(), "b", noon); !errors.Is(err, minid.ErrStep) {
			t.Errorf("another's letter: %v", err)
		}
		second := minid.Activation{ID: "b", Number: "number", Expires: noon.Add(time.Hour)}
		must(t, s.ClaimLetter(t.Context(), second, "code", 10, noon))
		if err := s.ChooseActivationPassword(t.Context(), "a", "record", noon); !errors.Is(err, minid.ErrStep) {
			t.Errorf("after another claimed the letter: %v", err)
		}
		must(t, s.CancelLetter(t.Context(), "b", noon))
		if err := s.ClaimLetter(t.Context(), minid.Activation{ID: "c", Number: "number", Expires: later}, "code", 10, noon); !errors.Is(err, minid.ErrWrongCode) {
			t.Errorf("a refused letter: %v", err)
		}
	})
}

func TestRacedStates(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		one(t, contest(t, func(int) (bool, error) {
			return s.SetState(context.Background(), "anna", []minid.State{minid.StateNormal}, minid.StateLocked, audit.Service("test"), time.Time{})
		}, nil))
		one(t, contest(t, func(int) (bool, error) {
			return s.TakeContactCheck(context.Background(), "bert", noon, noon.Add(time.Hour))
		}, nil))
		one(t, contest(t, func(int) (bool, error) {
			err := s.ClosePerson(context.Background(), "bert", time.Time{})
			return err == nil, err
		}, minid.ErrNoSession))
	})
}

func TestLettersAreSweptWhenTheyAreOver(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		claimed(t, s, "number", "a")
		must(t, s.AddLetterOrder(t.Context(), minid.LetterOrder{ID: "waits", Number: "n", Sealed: []byte{1}, State: minid.OrderConfirmed, Expires: noon}))
		must(t, s.DeleteExpired(t.Context(), minid.Expiry{At: noon.Add(30 * 24 * time.Hour)}))
		if _, err := s.Activation(t.Context(), "a"); !errors.Is(err, minid.ErrNotFound) {
			t.Errorf("the activation: %v", err)
		}
		orders, err := s.ConfirmedLetterOrders(t.Context(), 10)
		must(t, err)
		letters, err := s.UnsentLetters(t.Context(), noon, 10)
		must(t, err)
		if len(orders) != 1 || len(letters) != 1 {
			t.Errorf("%d orders and %d letters wait, want one each", len(orders), len(letters))
		}
		must(t, s.DeleteExpired(t.Context(), minid.Expiry{At: noon.Add(60 * 24 * time.Hour)}))
		if letters, err = s.UnsentLetters(t.Context(), noon, 10); err != nil || len(letters) != 0 {
			t.Errorf("%d letters after they expired, %v", len(letters), err)
		}
	})
}
