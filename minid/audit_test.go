package minid_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"lommebok.example/internal/audit"
	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid"
	"lommebok.example/minid/store"
)

// auditLog stands in for the audit log of a service.
type auditLog struct {
	events []audit.Event
	full   error
}

func (l *auditLog) Record(_ context.Context, e audit.Event) error {
	if l.full != nil {
		return l.full
	}
	l.events = append(l.events, e)
	return nil
}

// No entry, no act: what decides to whom and how surely something is issued is recorded with who did it, and does not happen when that
// cannot be.
func TestAccountEventsAreRecorded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		d, log := newDesk(t, db), &auditLog{}
		d.Store.(*store.Store).Audit = log
		own, clerk := audit.Person(d.visitor.ID), audit.Person(d.b.PersonID)
		id := d.proposed()
		code, _, err := d.HandOutPairingCode(ctx(), d.visitor.ID)
		must(t, err)
		full := errors.New("full")
		state := func() minid.State {
			t.Helper()
			p, err := d.Core.Person(ctx(), d.visitor.ID)
			must(t, err)
			return p.State
		}
		paired := func() bool { _, err := d.Store.DeviceOf(ctx(), d.visitor.ID); return err == nil }
		for _, tt := range []struct {
			kind, outcome string
			actor         audit.Party
			act           func() error
			done          func() bool
		}{
			{minid.KindAppPaired, "done", own, func() error { _, err := d.Pair(ctx(), code, "phone", []byte("key")); return err }, paired},
			{minid.KindProofed, "in_person", clerk, func() error { return d.ApproveDeskCase(ctx(), d.b, id, true) },
				func() bool { return d.basis() == minid.BasisInPerson }},
			{minid.KindState, "quarantined", clerk, func() error { return d.Quarantine(ctx(), pidA, d.b.PersonID) },
				func() bool { return state() == minid.StateQuarantined }},
			{minid.KindState, "normal", clerk, func() error { return d.Release(ctx(), pidA, d.b.PersonID) },
				func() bool { return state() == minid.StateNormal }},
			{minid.KindState, "closed", own, func() error { return d.Store.ClosePerson(ctx(), d.visitor.ID, d.clock.Now()) },
				func() bool { return state() == minid.StateClosed }},
		} {
			before := len(log.events)
			log.full = full
			wantErr(t, tt.act(), full)
			if tt.done() {
				t.Errorf("%s %s: done without its entry", tt.kind, tt.outcome)
			}
			log.full = nil
			must(t, tt.act())
			want := audit.Event{At: d.clock.Now(), Kind: tt.kind, Actor: tt.actor, Subject: own, Outcome: tt.outcome}
			if tt.kind == minid.KindProofed {
				want.Object = id
			}
			got := log.events[before:]
			if !tt.done() || !slices.EqualFunc(got, []audit.Event{want}, func(a, b audit.Event) bool {
				return a.At.Equal(b.At) && a.Kind == b.Kind && a.Actor == b.Actor && a.Subject == b.Subject && a.Object == b.Object && a.Outcome == b.Outcome
			}) {
				t.Errorf("%s %s: %+v", tt.kind, tt.outcome, got)
			}
		}
	})
}
