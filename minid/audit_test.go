package minid_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

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

// wantEntry sees that an act is not done when it cannot be recorded, and that it is recorded by this entry alone.
func (l *auditLog) wantEntry(t *testing.T, want audit.Event, act func() error, done func() bool) {
	t.Helper()
	before := len(l.events)
	l.full = errors.New("full")
	wantErr(t, act(), l.full)
	if done() {
		t.Errorf("%s %s: done without its entry", want.Kind, want.Outcome)
	}
	l.full = nil
	must(t, act())
	got := l.events[before:]
	if !done() || !slices.EqualFunc(got, []audit.Event{want}, func(a, b audit.Event) bool {
		return a.At.Equal(b.At) && a.Kind == b.Kind && a.Actor == b.Actor && a.Subject == b.Subject && a.Object == b.Object && a.Outcome == b.Outcome
	}) {
		t.Errorf("%s %s: %+v", want.Kind, want.Outcome, got)
	}
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
			want := audit.Event{At: d.clock.Now(), Kind: tt.kind, Actor: tt.actor, Subject: own, Outcome: tt.outcome}
			if tt.kind == minid.KindProofed {
				want.Object = id
			}
			log.wantEntry(t, want, tt.act, tt.done)
		}
	})
}

// A phone that is paired with somebody else is no longer the app of whom it was paired with before, which is recorded about both.
func TestAPhoneThatChangesHandsIsRecorded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w, log := newWorldOn(t, db), &auditLog{}
		first, second := w.person(pidA, minid.BasisInPerson).ID, w.person(pidC, minid.BasisInPerson).ID
		w.pairFromDesk(first, "phone")
		w.pairFromDesk(second, "another")
		w.Store.(*store.Store).Audit = log
		w.pairFromDesk(second, "phone")
		want := []audit.Event{
			{Kind: minid.KindFactorRemoved, Actor: audit.Person(second), Subject: audit.Person(first), Outcome: "app"},
			{Kind: minid.KindAppPaired, Actor: audit.Person(second), Subject: audit.Person(second), Outcome: "done"},
		}
		if !slices.EqualFunc(log.events, want, func(a, b audit.Event) bool {
			return a.Kind == b.Kind && a.Actor == b.Actor && a.Subject == b.Subject && a.Outcome == b.Outcome
		}) {
			t.Errorf("recorded %+v", log.events)
		}
	})
}

// What a person does with their second factors, and that a new password opens a locked account, is recorded too.
func TestFactorsAndResetsAreRecorded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w, log := newWorldOn(t, db), &auditLog{}
		p, session, s := full(t, w)
		w.pairFromDesk(s.PersonID, "phone")
		w.Store.(*store.Store).Audit = log
		own := audit.Person(s.PersonID)
		must(t, w.StartTOTP(ctx(), session))
		secret, err := w.PendingTOTP(ctx(), session)
		must(t, err)
		code, err := minid.TOTPConfig{}.TOTPCode(secret, w.clock.Now())
		must(t, err)
		sealed := func() string { b, err := w.Store.TOTPSecret(ctx(), s.PersonID); must(t, err); return string(b) }
		before := sealed()
		has := func(f minid.Factor) bool {
			t.Helper()
			have, err := w.SecondFactors(ctx(), s.PersonID)
			must(t, err)
			return slices.Contains(have, f)
		}
		remove := func(f minid.Factor) func() error {
			return func() error { return w.RemoveFactor(ctx(), session, f) }
		}
		event := func(kind, outcome string) audit.Event {
			return audit.Event{At: w.clock.Now(), Kind: kind, Actor: own, Subject: own, Outcome: outcome}
		}
		log.wantEntry(t, event(minid.KindFactorAdded, "totp"), func() error { return w.ConfirmTOTP(ctx(), session, code) }, func() bool { return sealed() != before })
		log.wantEntry(t, event(minid.KindFactorAdded, "recovery"), func() error { return second(w.MakeRecoveryCodes(ctx(), session)) },
			func() bool { a, err := w.Account(ctx(), session); must(t, err); return a.Recovery > 0 })
		must(t, w.StartPhone(ctx(), session, "+4799990002"))
		phone := func() string { a, err := w.Core.Person(ctx(), s.PersonID); must(t, err); return a.Phone }
		log.wantEntry(t, event(minid.KindPhone, "done"),
			func() error {
				return w.ConfirmPhone(ctx(), session, p.last(t, minid.MessagePhone, minid.ChannelSMS).Code)
			},
			func() bool { return phone() == "+4799990002" })
		for _, f := range []minid.Factor{minid.FactorApp, minid.FactorTOTP} {
			log.wantEntry(t, event(minid.KindFactorRemoved, string(f)), remove(f), func() bool { return !has(f) })
		}
		wantErr(t, remove(minid.FactorSMS)(), minid.ErrLastFactor)
		for _, was := range []minid.State{minid.StateLocked, minid.StateNormal} {
			recorded := len(log.events)
			w.clock.add(24 * time.Hour)
			w.setState(s.PersonID, was)
			in := w.forgotten(pidA)
			sms, email := p.reset(t)
			v, err := w.ResetCodes(ctx(), in, sms, email)
			must(t, err)
			wantStep(t, v, minid.StepNewPassword)
			reset := func() error { return second(w.NewPassword(ctx(), in, chosen)) }
			if was == minid.StateNormal {
				must(t, reset())
				if len(log.events) != recorded {
					t.Errorf("a new password of an open account: %+v", log.events[recorded:])
				}
				continue
			}
			log.wantEntry(t, event(minid.KindState, "normal"), reset,
				func() bool {
					a, err := w.Core.Person(ctx(), s.PersonID)
					must(t, err)
					return a.State == minid.StateNormal
				})
		}
	})
}
