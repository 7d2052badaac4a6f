package minid_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid"
)

func from(address string) context.Context {
	return minid.FromAddress(ctx(), netip.MustParseAddr(address))
}

// try types a password for a number in a sign-in of its own, from an address.
func (w *world) try(from context.Context, core *minid.Core, pid, password string) error {
	in, _, err := core.Begin(from, minid.Need{Service: "Utsteder", Level: minid.LevelSubstantial, ReturnTo: "/a", CancelTo: "/b"}, "")
	must(w.t, err)
	_, err = core.Password(from, in, pid, password)
	return err
}

// number is one of many numbers that look like identity numbers and are nobody's.
func number(i int) string { return fmt.Sprintf("%011d", 17_000_000_000+i) }

func refusedByAddress(err error) (time.Duration, bool) {
	var refused minid.ErrAddress
	ok := errors.As(err, &refused)
	return refused.RetryAfter, ok
}

func (w *world) rows(table, where string, args ...any) (n int64) {
	w.t.Helper()
	must(w.t, w.db.R.Raw("SELECT count(*) FROM "+table+" WHERE "+where, args...).Scan(&n).Error)
	return n
}

// A03, N6: one password for a thousand numbers from one address. After thirty nothing is compared, nobody is quarantined, and
// a neighbour still gets in. When the window is over the address is heard again.
func TestSprayFromOneAddress(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorldOn(t, db)
		w.person(pidA, minid.BasisLetter)
		compared, refused := 0, 0
		for i := range 1000 {
			pid := number(i)
			if i%10 == 0 {
				pid = pidA // who must not be quarantined by what was not compared
			}
			err := w.try(from("192.0.2.7"), w.Core, pid, "Sommeren2026!")
			wait, isRefused := refusedByAddress(err)
			switch {
			case isRefused && wait > 0 && wait <= 5*time.Minute:
				refused++
			case errors.Is(err, minid.ErrWrong) && refused == 0:
				compared++
			default:
				t.Fatalf("try %d: %v", i, err)
			}
		}
		if compared != 30 || refused != 970 {
			t.Errorf("%d compared and %d refused, want 30 and 970", compared, refused)
		}
		if n := w.rows("minid_password_failures", "failures >= 5"); n != 0 {
			t.Errorf("%d numbers are in quarantine", n)
		}
		if err := w.try(from("192.0.2.8"), w.Core, pidA, password); err != nil {
			t.Errorf("the right password from a neighbour: %v", err)
		}
		if _, ok := refusedByAddress(w.try(from("192.0.2.7"), w.Core, pidA, password)); !ok {
			t.Error("the address was heard again before its time")
		}
		w.clock.add(5 * time.Minute)
		if err := w.try(from("192.0.2.7"), w.Core, pidA, password); err != nil {
			t.Errorf("after the window: %v", err)
		}
	})
}

// N6: 30 of an address (a /64 of IPv6), 300 of its neighbourhood.
func TestNetworksOfFailures(t *testing.T) {
	tests := []struct {
		name  string
		spray func(i int) string // address of the i-th try
		tries int
		most  int
		other string // an address that is still heard
	}{
		{"one IPv4", func(int) string { return "192.0.2.7" }, 40, 30, "192.0.2.8"},
		{"IPv4 in IPv6 clothes", func(i int) string { return []string{"192.0.2.7", "::ffff:192.0.2.7"}[i%2] }, 40, 30, "192.0.2.8"},
		{"a /24 of IPv4", func(i int) string { return fmt.Sprintf("192.0.2.%d", i%100) }, 320, 300, "192.0.3.1"},
		{"a /64 of IPv6", func(i int) string { return fmt.Sprintf("2001:db8::%x", i) }, 40, 30, "2001:db8:0:1::1"},
		{"a /48 of IPv6", func(i int) string { return fmt.Sprintf("2001:db8:0:%x::1", i%100) }, 320, 300, "2001:db8:1::1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			compared := 0
			for i := range tt.tries {
				if err := w.try(from(tt.spray(i)), w.Core, number(i), "feil"); errors.Is(err, minid.ErrWrong) {
					compared++
				} else if _, ok := refusedByAddress(err); !ok {
					t.Fatal(err)
				}
			}
			if compared != tt.most {
				t.Errorf("%d compared, want %d", compared, tt.most)
			}
			if err := w.try(from(tt.other), w.Core, number(1), "feil"); !errors.Is(err, minid.ErrWrong) {
				t.Errorf("from %s: %v", tt.other, err)
			}
		})
	}
}

// A02, N6: the tries of an address are counted before they are compared, by all replicas together.
func TestAddressIsCountedAcrossReplicas(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorldOn(t, db)
		w.Limits.AddressFailures = 5
		other := w.replica(cheap)
		other.Limits = w.Limits
		cores := []*minid.Core{w.Core, other}
		var compared, refused atomic.Int64
		var wait sync.WaitGroup
		for i := range 16 {
			wait.Go(func() {
				err := w.try(from("192.0.2.7"), cores[i%2], number(i), "feil")
				if errors.Is(err, minid.ErrWrong) {
					compared.Add(1)
				} else if _, ok := refusedByAddress(err); ok {
					refused.Add(1)
				} else {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if compared.Load() != 5 || refused.Load() != 11 {
			t.Errorf("%d compared and %d refused, want 5 and 11", compared.Load(), refused.Load())
		}
	})
}

// Whoever gets in has not failed: a school behind one address logs in all day.
func TestSuccessIsNoFailureOfTheAddress(t *testing.T) {
	w := newWorld(t)
	w.person(pidA, minid.BasisLetter)
	for range 40 {
		in, _, err := w.Begin(from("192.0.2.7"), minid.Need{Service: "U", Level: minid.LevelSubstantial, ReturnTo: "/a", CancelTo: "/b"}, "")
		must(t, err)
		_, err = w.Password(from("192.0.2.7"), in, pidA, password)
		must(t, err)
	}
}

// Every guess counts: codes of TOTP and SMS, codes of a reset, pairing codes, numbers typed in the app, unknown devices.
func TestEveryGuessIsCounted(t *testing.T) {
	here := from("192.0.2.7")
	tests := map[string]func(w *world) func() error{
		"TOTP": func(w *world) func() error {
			in := w.atTOTP(pidA)
			return func() error { _, err := w.TOTP(here, in, w.wrongCode()); return err }
		},
		"new TOTP": func(w *world) func() error {
			session, _ := w.signIn(pidA)
			must(w.t, w.StartTOTP(ctx(), session))
			return func() error { return w.ConfirmTOTP(here, session, "12345") }
		},
		"pairing code": func(w *world) func() error {
			return func() error { _, err := w.Pair(here, "AAAABBBBCCCCDDDD", "t", []byte("key")); return err }
		},
		"recovery code": func(w *world) func() error {
			session, _ := w.signIn(pidA)
			_, err := w.MakeRecoveryCodes(ctx(), session)
			must(w.t, err)
			in := w.atRecovery(pidA)
			return func() error { _, err := w.Recovery(here, in, "AAAABBBBCCCC"); return err }
		},
		"activation code": func(w *world) func() error {
			n := 0
			return func() error {
				n++
				_, _, err := w.StartActivation(here, number(n), "AAAA-BBBB-CCCC")
				return err
			}
		},
		"device": func(w *world) func() error {
			return func() error { _, err := w.Device(here, "unknown"); return err }
		},
		"codes of a reset": func(w *world) func() error {
			in, _ := w.begin(minid.LevelSubstantial, "")
			_, err := w.StartReset(ctx(), in, pidA)
			must(w.t, err)
			return func() error { _, err := w.ResetCodes(here, in, "000000", "000000"); return err }
		},
		"current password": func(w *world) func() error {
			session, _ := w.signIn(pidA)
			return func() error { _, err := w.ChangePassword(here, session, "feil", "en helt annen fjord 77"); return err }
		},
	}
	for name, prepare := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.Limits.AddressFailures = 3
			w.person(pidA, minid.BasisLetter)
			guess := prepare(w)
			for i := range 3 {
				if err := guess(); err == nil {
					t.Fatal("the guess was right")
				} else if _, ok := refusedByAddress(err); ok {
					t.Fatalf("guess %d was refused", i+1)
				}
			}
			if err := guess(); err == nil {
				t.Fatal("the guess was right")
			} else if _, ok := refusedByAddress(err); !ok {
				t.Errorf("guess 4: %v", err)
			}
		})
	}
}

// A15: messages asked for from one address, over many numbers, stop at its budget; what all addresses ask for together stops
// at the service's, and calls for an operator once.
func TestSendBudgets(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorldOn(t, db)
		sent := w.withPost()
		w.Limits.AllSends = 8
		alarms := w.meter("alarm")
		people := []string{pidA, pidB, pidC}
		for i, pid := range people {
			r := registration(pid, minid.BasisLetter)
			r.Phone, r.Email = fmt.Sprintf("+4799900%03d", i), fmt.Sprintf("p%d@example.no", i)
			_, err := w.Register(ctx(), r)
			must(t, err)
		}
		refused := 0
		for i := range 1000 {
			in, _ := w.begin(minid.LevelSubstantial, "")
			pid := number(i)
			if i%50 == 0 {
				pid = people[i/50%3]
			}
			_, err := w.StartReset(from("192.0.2.7"), in, pid)
			if _, ok := refusedByAddress(err); ok {
				refused++
			} else {
				must(t, err)
			}
		}
		if refused != 950 { // a reset is one SMS and one mail: fifty of them make a hundred
			t.Errorf("%d resets were refused, want 950", refused)
		}
		for i := range 12 {
			in, _ := w.begin(minid.LevelSubstantial, "")
			_, err := w.StartReset(from(fmt.Sprintf("198.51.%d.1", i)), in, people[i%3])
			must(t, err)
		}
		if n := sent(); n != 8 {
			t.Errorf("%d messages were sent, want the budget of 8", n)
		}
		if got := alarms(); got != 1 {
			t.Errorf("%d alarms, want 1", got)
		}
		w.clock.add(time.Hour)
		in, _ := w.begin(minid.LevelSubstantial, "")
		_, err := w.StartReset(from("192.0.2.7"), in, pidA)
		must(t, err)
		if n := sent(); n != 10 {
			t.Errorf("%d messages after an hour, want 10", n)
		}
	})
}

// N6: guesses from everywhere at once are what no limit by address stops: an operator is called, once a window.
func TestAlarmWhenManyAddressesFail(t *testing.T) {
	w := newWorld(t)
	w.Limits.AlarmAddresses = 20
	alarms := w.meter("alarm")
	spray := func(addresses int) {
		for i := range addresses {
			for range 2 { // the second from the same address is no new address
				wantErr(t, w.try(from(fmt.Sprintf("10.%d.0.1", i)), w.Core, number(i), "feil"), minid.ErrWrong)
			}
		}
	}
	spray(19)
	if n := alarms(); n != 0 {
		t.Fatalf("%d alarms after 19 addresses", n)
	}
	w.clock.add(5 * time.Minute)
	spray(30)
	if n := alarms(); n != 1 {
		t.Errorf("%d alarms after 30 addresses, want 1", n)
	}
}

// What is kept of an address tells nothing, and is gone with its window.
func TestNothingOfAnAddressIsKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorldOn(t, db)
		wantErr(t, w.try(from("192.0.2.7"), w.Core, number(1), "feil"), minid.ErrWrong)
		if n := w.rows("minid_tallies", "name LIKE '%192.0%'"); n != 0 {
			t.Error("an address is in the table")
		}
		if n := w.rows("minid_tallies", "1 = 1"); n != 3 {
			t.Errorf("%d tallies, want those of the address, its network, and all addresses", n)
		}
		must(t, w.Sweep(ctx()))
		if n := w.rows("minid_tallies", "1 = 1"); n != 3 {
			t.Errorf("%d tallies after a sweep within the window", n)
		}
		w.clock.add(5 * time.Minute)
		must(t, w.Sweep(ctx()))
		if n := w.rows("minid_tallies", "1 = 1"); n != 0 {
			t.Errorf("%d tallies are left after their window", n)
		}
	})
}

// meter counts an event; the function gives how often it came.
func (w *world) meter(event string) func() int64 {
	var n atomic.Int64
	w.Meter = func(what, _ string) {
		if what == event {
			n.Add(1)
		}
	}
	return n.Load
}

// withPost gives the core a sender, at once and not beside the answer; the function gives how many messages it took.
func (w *world) withPost() func() int64 {
	var n atomic.Int64
	w.Sender = sender(func(minid.Message) { n.Add(1) })
	w.Later = func(work func()) { work() }
	return n.Load
}

type sender func(minid.Message)

func (s sender) Send(_ context.Context, m minid.Message) error { s(m); return nil }
