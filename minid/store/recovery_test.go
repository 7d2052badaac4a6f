package store_test

import (
	"testing"

	"lommebok.example/minid"
	"lommebok.example/minid/store"
)

// Of sixteen tries at once no more are compared than are left, and a code that is spent is spent once.
func TestRacedRecovery(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		must(t, s.PutRecoveryCodes(t.Context(), "anna", []string{"a", "b"}, noon))
		must(t, s.AddSignIn(t.Context(), signIn("in")))
		must(t, s.PassPassword(t.Context(), "in", "anna", noon))
		one(t, contest(t, func(int) (bool, error) {
			err := s.PassRecovery(t.Context(), "in", "anna", "a", noon)
			return err == nil, err
		}, minid.ErrWrongCode))
		if n := contest(t, func(int) (bool, error) { return s.RaiseRecoveryFailure(t.Context(), "anna", 10) }, nil); n != 10 {
			t.Errorf("%d tries were counted, want 10", n)
		}
		if left, err := s.RecoveryLeft(t.Context(), "anna", 10); left != 0 || err != nil {
			t.Errorf("%d codes are left after ten failures, %v", left, err)
		}
	})
}
