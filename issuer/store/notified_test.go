package store

import (
	"errors"
	"testing"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/issuer/issuance"
)

const (
	accepted = "credential_accepted"
	failure  = "credential_failure"
	deleted  = "credential_deleted"
)

func told(t *testing.T, s *Store) int64 {
	t.Helper()
	var n int64
	if err := s.db.R.Raw("SELECT count(*) FROM issuer_audit_entries WHERE kind = ?", issuance.KindNotify).Scan(&n).Error; err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWhatAWalletTellsGoesForwardOnly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		in := intent("anna", 1)
		issue(t, s, in)
		for n, step := range []struct {
			event, want string
			entries     int64
		}{
			{failure, failure, 1}, {failure, failure, 1}, {accepted, accepted, 2}, {failure, accepted, 2},
			{accepted, accepted, 2}, {deleted, deleted, 3}, {accepted, deleted, 3}, {deleted, deleted, 3},
		} {
			if err := s.Notify(ctx, in.GrantID, in.ID, step.event, noon); err != nil {
				t.Fatal(err)
			}
			one, err := s.One(ctx, "anna", in.ID)
			if err != nil || one.Notified != step.want || told(t, s) != step.entries {
				t.Errorf("step %d: %q, %d entries (%v), want %q, %d", n+1, one.Notified, told(t, s), err, step.want, step.entries)
			}
		}
		if found := check(t, s, noon); len(found) != 0 {
			t.Errorf("amiss: %v", found)
		}
	})
}

func TestNotificationsAreHeardFromTheGrantAlone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		in, other, unsigned, old := intent("anna", 1), intent("bo", 1), intent("anna", 1), intent("carl", 1)
		old.GrantID = "" // of before there were notifications
		issue(t, s, in)
		issue(t, s, other)
		issue(t, s, old)
		begin(t, s, unsigned)
		for name, ask := range map[string]struct{ grant, id string }{
			"another grant's":   {other.GrantID, in.ID},
			"no grant":          {"", old.ID},
			"not yet signed":    {unsigned.GrantID, unsigned.ID},
			"unknown":           {in.GrantID, "x"},
			"not a text":        {in.GrantID, "\x00"},
			"in another letter": {in.GrantID, in.ID + " "},
		} {
			if err := s.Notify(ctx, ask.grant, ask.id, accepted, noon); !errors.Is(err, issuance.ErrNotFound) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := told(t, s); n != 0 {
			t.Errorf("%d entries", n)
		}
	})
}

func TestSixteenTellTheSame(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		in := intent("anna", 1)
		issue(t, s, in)
		for _, err := range race(func(int) error { return s.Notify(ctx, in.GrantID, in.ID, accepted, noon) }) {
			if err != nil {
				t.Error(err)
			}
		}
		if n := told(t, s); n != 1 {
			t.Errorf("%d entries, want 1", n)
		}
	})
}
