package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"lommebok.example/minid/authserver"
)

// race runs f sixteen times at once and gives what each answered.
func race(f func(i int) error) []error {
	errs := make([]error, 16)
	var wg sync.WaitGroup
	gate := make(chan struct{})
	for i := range errs {
		wg.Go(func() {
			<-gate
			errs[i] = f(i)
		})
	}
	close(gate)
	wg.Wait()
	return errs
}

// oneWinner fails unless one of errs is nil and every other is lost.
func oneWinner(t *testing.T, errs []error, lost ...error) {
	t.Helper()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !isOneOf(err, lost):
			t.Errorf("a loser got %v, want one of %v", err, lost)
		}
	}
	if won != 1 {
		t.Errorf("%d winners, want 1", won)
	}
}

func isOneOf(err error, list []error) bool {
	for _, e := range list {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func TestSixteenRaceForARequest(t *testing.T) {
	eachAuthserver(t, func(t *testing.T, s authserver.Store) {
		if err := s.PushRequest(t.Context(), authserver.HashOf("urn:request"), pushed()); err != nil {
			t.Fatal(err)
		}
		oneWinner(t, race(func(i int) error {
			_, err := s.ClaimRequest(t.Context(), claim(fmt.Sprint("browser", i), start))
			return err
		}), authserver.ErrNoRequest)
	})
}

func TestSixteenAnswersToARequest(t *testing.T) {
	eachAuthserver(t, func(t *testing.T, s authserver.Store) {
		if err := s.PushRequest(t.Context(), authserver.HashOf("urn:request"), pushed()); err != nil {
			t.Fatal(err)
		}
		if _, err := s.ClaimRequest(t.Context(), claim("browser", start)); err != nil {
			t.Fatal(err)
		}
		oneWinner(t, race(func(i int) error {
			if i%2 == 0 {
				_, err := s.RefuseRequest(t.Context(), inHand("browser", start))
				return err
			}
			g, c := grant(), code()
			g.ID, c.Hash = fmt.Sprint("grant", i), authserver.HashOf(fmt.Sprint("code", i))
			return s.ApproveRequest(t.Context(), inHand("browser", start), g, c)
		}), authserver.ErrNoRequest)
	})
}

func TestSixteenRaceForACode(t *testing.T) {
	eachAuthserver(t, func(t *testing.T, s authserver.Store) {
		approved(t, s, "grant", code())
		oneWinner(t, race(func(i int) error {
			_, err := s.RedeemCode(t.Context(), redemption(start), token(fmt.Sprint("token", i), start))
			return err
		}), authserver.ErrCodeReused)
		for i := range 16 {
			if _, err := s.TokenAccess(t.Context(), authserver.HashOf(fmt.Sprint("token", i)), start); !errors.Is(err, authserver.ErrNoToken) {
				t.Errorf("token %d lives after the code was used again: %v", i, err)
			}
		}
	})
}

func TestSixteenRaceForAProof(t *testing.T) {
	eachAuthserver(t, func(t *testing.T, s authserver.Store) {
		oneWinner(t, race(func(int) error {
			return s.TakeProof(t.Context(), authserver.HashOf("jti"), start.Add(time.Minute))
		}), authserver.ErrProofUsed)
		if err := s.TakeProof(t.Context(), authserver.HashOf("another"), start.Add(time.Minute)); err != nil {
			t.Errorf("another jti: %v", err)
		}
	})
}
