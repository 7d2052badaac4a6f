package store

import (
	"context"
	"fmt"
	"testing"
	"time"

	"lommebok.example/verifier/login"
)

// Of all that begin a login at once, one transaction is kept, and whoever looks finds the same.
func TestOneTransactionOfALogin(t *testing.T) {
	each(t, func(t *testing.T, s *Store) {
		ctx := context.Background()
		race(t, nil, func(i int) error {
			return s.BeginLogin(ctx, login.Waiting{ReturnTo: "/authorize/consent/r", Transaction: fmt.Sprint(i), Expires: noon})
		})
		kept, err := s.Login(ctx, "/authorize/consent/r")
		if err != nil {
			t.Fatal(err)
		}
		if of, err := s.LoginOf(ctx, kept.Transaction); err != nil || of.ReturnTo != "/authorize/consent/r" || !of.Expires.Equal(noon) {
			t.Errorf("%+v, %v", of, err)
		}
		var n int64
		if err := s.db.R.Model(&loginRow{}).Count(&n).Error; err != nil || n != 1 {
			t.Errorf("%d rows, %v", n, err)
		}
		if err := s.ForgetLogin(ctx, kept.Transaction); err != nil {
			t.Fatal(err)
		}
		_, err = s.Login(ctx, "/authorize/consent/r")
		wantErr(t, "forgotten", err, login.ErrNotFound)
		_, err = s.LoginOf(ctx, "\x00")
		wantErr(t, "what is no text", err, login.ErrNotFound)

		for i, at := range []time.Time{noon, noon.Add(time.Millisecond)} {
			if err := s.BeginLogin(ctx, login.Waiting{ReturnTo: fmt.Sprint("/", i), Transaction: fmt.Sprint("t", i), Expires: at}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.SweepLogins(ctx, noon); err != nil {
			t.Fatal(err)
		}
		_, err = s.Login(ctx, "/0")
		wantErr(t, "expired", err, login.ErrNotFound)
		if _, err := s.Login(ctx, "/1"); err != nil {
			t.Error(err)
		}
	})
}
