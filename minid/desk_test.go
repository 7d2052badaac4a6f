package minid_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid"
)

const (
	clerkA = "19877296701"
	clerkB = "06815896732"
)

// register is a population register of everybody in the tests but those who are left out.
type register struct{ without string }

func (r register) Resident(_ context.Context, pid string) (*minid.Resident, error) {
	if pid == r.without {
		return nil, minid.ErrNotFound
	}
	return &minid.Resident{PID: pid, Name: "FLAT STJERNE", BirthDate: "1966-07-10"}, nil
}

// desk is a world with a service desk of two clerks, and one visitor who was identified by letter.
type desk struct {
	*world
	a, b    *minid.Session
	visitor *minid.Person
}

func newDesk(t testing.TB, db *database.DB) *desk {
	t.Helper()
	d := &desk{world: newWorldOn(t, db)}
	d.Population = register{without: unknown}
	for _, pid := range []string{clerkA, clerkB, pidC} {
		d.person(pid, minid.BasisLetter)
	}
	d.Staff = []minid.Staff{
		{PID: clerkA, Roles: []minid.Role{minid.RoleServiceDesk}},
		{PID: clerkB, Roles: []minid.Role{minid.RoleServiceDesk}},
		{PID: pidC, Roles: []minid.Role{minid.RoleServiceDesk}, Organisation: "314600274"},
	}
	d.visitor = d.person(pidA, minid.BasisLetter)
	_, d.a = d.signIn(clerkA)
	_, d.b = d.signIn(clerkB)
	return d
}

// aDesk runs f on each database.
func aDesk(t *testing.T, f func(t *testing.T, d *desk)) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) { f(t, newDesk(t, db)) })
}

var seen = minid.DeskProposal{Document: minid.DocumentPassport, Reference: "ab12", Picture: true, Agrees: true}

func (d *desk) opened() string {
	d.t.Helper()
	id, err := d.OpenDeskCase(ctx(), d.a, pidA)
	must(d.t, err)
	return id
}

func (d *desk) proposed(lost ...minid.Factor) string {
	d.t.Helper()
	id, p := d.opened(), seen
	p.Lost = lost
	must(d.t, d.ProposeDeskCase(ctx(), d.a, id, p))
	return id
}

func (d *desk) basis() minid.Basis {
	d.t.Helper()
	p, err := d.Core.Person(ctx(), d.visitor.ID)
	must(d.t, err)
	return p.Proofing.Basis
}

// Issue 3 item 5: from basis letter to level high, by two people's approval and the code that is handed over.
func TestTwoClerksRaiseAPerson(t *testing.T) {
	aDesk(t, func(t *testing.T, d *desk) {
		id := d.proposed()
		if got := d.basis(); got != minid.BasisLetter {
			t.Fatalf("proposed is %s already", got)
		}
		_, _, err := d.HandOutDeskCode(ctx(), d.a, id)
		wantErr(t, err, minid.ErrDeskCase)
		must(t, d.ApproveDeskCase(ctx(), d.b, id, true))
		p, err := d.Core.Person(ctx(), d.visitor.ID)
		must(t, err)
		if want := (minid.Proofing{Basis: minid.BasisInPerson, At: d.clock.Now(), Evidence: "service desk " + id}); p.Proofing != want {
			t.Errorf("proofing %+v, want %+v", p.Proofing, want)
		}
		code, expires, err := d.HandOutDeskCode(ctx(), d.b, id)
		must(t, err)
		if want := d.clock.Now().Add(30 * 24 * time.Hour); !expires.Equal(want) {
			t.Errorf("the code ends %s, want %s", expires, want)
		}
		_, _, err = d.HandOutDeskCode(ctx(), d.a, id)
		wantErr(t, err, minid.ErrDeskCase)
		phone, err := d.Pair(ctx(), code, "phone", []byte("key"))
		must(t, err)
		in, _ := d.begin(minid.LevelHigh, "")
		v, err := d.Password(ctx(), in, pidA, password)
		must(t, err)
		d.approve(phone, v)
		_, s, err := d.Finish(ctx(), in)
		must(t, err)
		if s.Level != minid.LevelHigh {
			t.Errorf("level %s after the desk", s.Level)
		}
		c, resident, err := d.DeskCase(ctx(), d.a, id)
		must(t, err)
		if c.State != minid.DeskApproved || c.OpenedBy != d.a.PersonID || c.DecidedBy != d.b.PersonID || c.HandedBy != d.b.PersonID ||
			c.Document != minid.DocumentPassport || c.Reference != "AB12" || c.PID != pidA || resident.Name != "FLAT STJERNE" {
			t.Errorf("the record: %+v of %+v", c, resident)
		}
		d.wantNothingPersonalInLogs()
	})
}

// The app that was paired at substantial must not reach high because the proofing rose, nor what it opened before.
func TestWhatRestsOnTheOldProofingEnds(t *testing.T) {
	aDesk(t, func(t *testing.T, d *desk) {
		secret, _ := d.signIn(pidA)
		old := d.pair(secret, "old phone")
		in, _ := d.begin(minid.LevelSubstantial, "")
		_, err := d.Password(ctx(), in, pidA, password)
		must(t, err)
		v, err := d.ChooseFactor(ctx(), in, minid.FactorApp)
		must(t, err)
		d.approve(old, v)
		withApp, s, err := d.Finish(ctx(), in)
		must(t, err)
		if s.Level != minid.LevelSubstantial || !slices.Contains(s.Factors, minid.FactorApp) {
			t.Fatalf("%+v", s)
		}
		underWay, _ := d.begin(minid.LevelSubstantial, "")
		_, err = d.Password(ctx(), underWay, pidA, password)
		must(t, err)
		own, _, err := d.StartPairing(ctx(), withApp)
		must(t, err)

		must(t, d.ApproveDeskCase(ctx(), d.b, d.proposed(), true))
		_, err = d.Device(ctx(), "old phone")
		wantErr(t, err, minid.ErrDevice)
		_, err = d.Pair(ctx(), own, "thief", []byte("key"))
		wantErr(t, err, minid.ErrPairingCode)
		for _, secret := range []string{secret, withApp} {
			_, err = d.Core.Session(ctx(), secret)
			wantErr(t, err, minid.ErrNoSession)
		}
		if _, err := d.TOTP(ctx(), underWay, d.nextCode()); !errors.Is(err, minid.ErrExpired) {
			t.Errorf("a sign-in of before: %v", err)
		}
		if _, v := d.begin(minid.LevelHigh, withApp); v.Step != minid.StepPassword {
			t.Errorf("the session of before was carried to %s", v.Step)
		}
	})
}

// The same when the rows of before escaped the approval: their time tells.
func TestAProofingIsNewerThanWhatItDidNotSee(t *testing.T) {
	d := newDesk(t, newWorld(t).db)
	secret, _ := d.signIn(pidA)
	in, _ := d.begin(minid.LevelHigh, secret) // carries the session
	d.clock.add(time.Second)
	must(t, d.db.W.Exec("UPDATE minid_people SET basis = 'in_person', proofed_at = ? WHERE id = ?", d.clock.Now().UnixMilli(), d.visitor.ID).Error)
	_, err := d.Core.Session(ctx(), secret)
	wantErr(t, err, minid.ErrNoSession)
	_, _, err = d.Finish(ctx(), in)
	wantErr(t, err, minid.ErrExpired)
	_, _, err = d.StartPairing(ctx(), secret)
	wantErr(t, err, minid.ErrNoSession)
	err = d.Store.PutOwnPairingCode(ctx(), "own", d.visitor, d.clock.Now().Add(time.Hour))
	wantErr(t, err, minid.ErrPairAtDesk)
}

// A lost telephone: what was lost is gone, what was not stays, and the account is open again.
func TestLostFactorsAreRemoved(t *testing.T) {
	aDesk(t, func(t *testing.T, d *desk) {
		for range 6 {
			in, _ := d.begin(minid.LevelLow, "")
			_, _ = d.Password(ctx(), in, pidA, "wrong")
		}
		must(t, d.ApproveDeskCase(ctx(), d.b, d.proposed(minid.FactorTOTP, minid.FactorPassword), true))
		have, err := d.SecondFactors(ctx(), d.visitor.ID)
		must(t, err)
		if len(have) != 0 {
			t.Errorf("%v is left", have)
		}
		in, _ := d.begin(minid.LevelHigh, "")
		v, err := d.Password(ctx(), in, pidA, password) // the quarantine is over too
		must(t, err)
		wantStep(t, v, minid.StepUnreachable)
		if v.Unreachable != minid.UnreachableFactor {
			t.Errorf("axis %s", v.Unreachable)
		}
	})
}

func TestWhatAClerkMayNotDo(t *testing.T) {
	aDesk(t, func(t *testing.T, d *desk) {
		other, nobody := &minid.Session{PersonID: d.visitor.ID, PID: pidA, Level: minid.LevelHigh}, &minid.Session{}
		_, c := d.signIn(pidC)
		low := *d.a
		low.Level = minid.LevelLow
		id := d.opened()
		for name, refusal := range map[string]struct{ got, want error }{
			"a search without the role":     {second(d.OpenDeskCase(ctx(), other, pidB)), minid.ErrRole},
			"a search of nobody":            {second(d.OpenDeskCase(ctx(), nobody, pidB)), minid.ErrRole},
			"a search at level low":         {second(d.OpenDeskCase(ctx(), &low, pidA)), minid.ErrSessionTooLow},
			"a search for oneself":          {second(d.OpenDeskCase(ctx(), d.a, clerkA)), minid.ErrDeskSelf},
			"nobody has the number":         {second(d.OpenDeskCase(ctx(), d.a, pidB)), minid.ErrNotFound},
			"a number for mischief":         {second(d.OpenDeskCase(ctx(), d.a, "1\x00")), minid.ErrNotFound},
			"another's case":                {d.ProposeDeskCase(ctx(), d.b, id, seen), minid.ErrDeskCase},
			"no document":                   {d.ProposeDeskCase(ctx(), d.a, id, minid.DeskProposal{Reference: "AB12", Picture: true, Agrees: true}), minid.ErrDeskDocument},
			"the whole number":              {d.ProposeDeskCase(ctx(), d.a, id, with(func(p *minid.DeskProposal) { p.Reference = "ABC1234567" })), minid.ErrDeskReference},
			"the picture was not looked at": {d.ProposeDeskCase(ctx(), d.a, id, with(func(p *minid.DeskProposal) { p.Picture = false })), minid.ErrDeskUnseen},
			"the name does not agree":       {d.ProposeDeskCase(ctx(), d.a, id, with(func(p *minid.DeskProposal) { p.Agrees = false })), minid.ErrDeskUnseen},
			"approved before it is said":    {d.ApproveDeskCase(ctx(), d.b, id, true), minid.ErrDeskCase},
			"no such case":                  {d.ApproveDeskCase(ctx(), d.b, "x", true), minid.ErrDeskCase},
			"a case of another desk":        {d.ApproveDeskCase(ctx(), c, id, true), minid.ErrDeskCase},
		} {
			if !errors.Is(refusal.got, refusal.want) {
				t.Errorf("%s: %v, want %v", name, refusal.got, refusal.want)
			}
		}
		must(t, d.ProposeDeskCase(ctx(), d.a, id, seen))
		again := d.opened()
		for name, refusal := range map[string]struct{ got, want error }{
			"the first clerk approves":          {d.ApproveDeskCase(ctx(), d.a, id, true), minid.ErrDeskCase},
			"the first clerk refuses":           {d.RefuseDeskCase(ctx(), d.a, id, "x"), minid.ErrDeskCase},
			"the second has not seen":           {d.ApproveDeskCase(ctx(), d.b, id, false), minid.ErrDeskUnseen},
			"refused without a reason":          {d.RefuseDeskCase(ctx(), d.b, id, "  "), minid.ErrDeskReason},
			"a second proposal for the person":  {d.ProposeDeskCase(ctx(), d.a, again, seen), minid.ErrDeskOpen},
			"proposed once more":                {d.ProposeDeskCase(ctx(), d.a, id, seen), minid.ErrDeskCase},
			"somebody without the role decides": {d.ApproveDeskCase(ctx(), other, id, true), minid.ErrRole},
		} {
			if !errors.Is(refusal.got, refusal.want) {
				t.Errorf("%s: %v, want %v", name, refusal.got, refusal.want)
			}
		}
		d.clock.add(15 * time.Minute)
		wantErr(t, d.ApproveDeskCase(ctx(), d.b, id, true), minid.ErrDeskCase)
		_, _, err := d.DeskCase(ctx(), c, id)
		wantErr(t, err, minid.ErrNotFound)
		id = d.proposed() // the one that waited too long is in nobody's way
		must(t, d.RefuseDeskCase(ctx(), d.b, id, "bildet ligner ikke"))
		wantErr(t, d.ApproveDeskCase(ctx(), d.b, id, true), minid.ErrDeskCase)
		if got := d.basis(); got != minid.BasisLetter {
			t.Errorf("after all refusals the basis is %s", got)
		}
		all, err := d.DeskCases(ctx(), d.b)
		must(t, err)
		if len(all) != 3 || all[0].Reason != "bildet ligner ikke" {
			t.Errorf("the record: %+v", all)
		}
		if theirs, err := d.DeskCases(ctx(), c); err != nil || len(theirs) != 0 {
			t.Errorf("another desk sees %v, %v", theirs, err)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func with(change func(*minid.DeskProposal)) minid.DeskProposal {
	p := seen
	change(&p)
	return p
}

// Who has the role and is the person is refused by the statements, whatever was asked before.
func TestNobodyDecidesTheirOwnCase(t *testing.T) {
	aDesk(t, func(t *testing.T, d *desk) {
		d.Staff = append(d.Staff, minid.Staff{PID: pidA, Roles: []minid.Role{minid.RoleServiceDesk}})
		id := d.proposed()
		_, own := d.signIn(pidA)
		wantErr(t, d.ApproveDeskCase(ctx(), own, id, true), minid.ErrDeskCase)
		wantErr(t, d.RefuseDeskCase(ctx(), own, id, "nei"), minid.ErrDeskCase)
		d.setState(d.visitor.ID, minid.StateLocked)
		wantErr(t, d.ApproveDeskCase(ctx(), d.b, id, true), minid.ErrDeskCase)
		_, err := d.OpenDeskCase(ctx(), d.a, pidA)
		wantErr(t, err, minid.ErrDeskAccount)
		d.setState(d.visitor.ID, minid.StateNormal)
		must(t, d.ApproveDeskCase(ctx(), d.b, id, true)) // nothing of the refusals stuck
	})
}
