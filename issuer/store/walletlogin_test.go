package store

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/issuer/walletlogin"
	"lommebok.example/minid"
)

// What may be taken once is taken by one of those who come at once, and by nobody from another browser or too late.
func TestWalletLoginIsTakenOnce(t *testing.T) {
	at := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		ctx := context.Background()
		s, err := New(ctx, db)
		if err != nil {
			t.Fatal(err)
		}
		race := func(take func() error) {
			t.Helper()
			var won atomic.Int64
			var all sync.WaitGroup
			for range 16 {
				all.Go(func() {
					switch err := take(); {
					case err == nil:
						won.Add(1)
					case !errors.Is(err, walletlogin.ErrNotFound):
						t.Error(err)
					}
				})
			}
			all.Wait()
			if won.Load() != 1 {
				t.Errorf("%d took it", won.Load())
			}
		}
		pending := walletlogin.Pending{State: "state", Browser: "browser", ReturnTo: "/r", Nonce: "n", Verifier: "v", ACR: "acr", Begun: at, Expires: at.Add(time.Minute)}
		if err := s.AddPendingLogin(ctx, pending); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			state, browser string
			at             time.Time
		}{"another browser": {"state", "other", at}, "another state": {"other", "browser", at}, "too late": {"state", "browser", pending.Expires}} {
			if _, err := s.TakePendingLogin(ctx, c.state, c.browser, c.at); !errors.Is(err, walletlogin.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		race(func() error {
			got, err := s.TakePendingLogin(ctx, "state", "browser", at)
			if err == nil && !reflect.DeepEqual(*got, pending) {
				t.Errorf("%+v", got)
			}
			return err
		})

		login := walletlogin.Login{ID: "1", Browser: "browser", ReturnTo: "/r", PID: "14846599313", Level: minid.LevelHigh, AMR: []string{"EUDIW"}, AuthTime: at, Expires: at.Add(time.Minute)}
		earlier := login
		earlier.ID, earlier.Level = "0", minid.LevelSubstantial
		for _, l := range []walletlogin.Login{earlier, login} {
			if err := s.AddLogin(ctx, l); err != nil {
				t.Fatal(err)
			}
		}
		for name, c := range map[string]struct {
			browser, returnTo string
			at                time.Time
		}{"another browser": {"other", "/r", at}, "another request": {"browser", "/other", at}, "too late": {"browser", "/r", login.Expires}, "no text": {"browser", "\x00", at}} {
			if _, err := s.TakeLogin(ctx, c.browser, c.returnTo, c.at); !errors.Is(err, walletlogin.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		race(func() error {
			got, err := s.TakeLogin(ctx, "browser", "/r", at)
			if err == nil && !reflect.DeepEqual(*got, login) {
				t.Errorf("%+v", got)
			}
			return err
		})

		if err := errors.Join(s.AddPendingLogin(ctx, pending), s.AddLogin(ctx, login), s.Sweep(ctx, at.Add(time.Minute))); err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"issuer_wallet_login", "issuer_wallet_login_pending"} {
			var n int64
			if err := db.R.Table(table).Count(&n).Error; err != nil || n != 0 {
				t.Errorf("%d rows in %s outlive their end, %v", n, table, err)
			}
		}
	})
}
