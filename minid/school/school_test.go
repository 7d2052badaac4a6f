package school_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lommebok.example/internal/audit"
	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid"
	"lommebok.example/minid/school"
	"lommebok.example/minid/store"
)

func TestAPupilGetsAnAccountWithSMS(t *testing.T) {
	w := newWorld(t)
	w.authorise("10A")
	id := w.enrol(pupil)
	p, err := w.MinID.Store.PersonByPID(t.Context(), pupil)
	must(t, err)
	if p.Proofing.Basis != minid.BasisSchool || p.Proofing.Evidence != id || p.State != minid.StateNormal ||
		p.BirthDate != "2011-03-07" || p.Phone != "+4799900123" || p.Email != "elev@example.com" {
		t.Errorf("%+v", p)
	}
	factors, err := w.MinID.SecondFactors(t.Context(), p.ID)
	must(t, err)
	if len(factors) != 1 || factors[0] != minid.FactorSMS || w.state(id) != school.StateFinished {
		t.Errorf("factors %v, state %s", factors, w.state(id))
	}
	w.post.last(t, minid.MessageEnrolled)
	e, err := w.Store.Enrolment(t.Context(), id)
	must(t, err)
	if e.TeacherID != w.session(teacher).PersonID || e.PersonID != p.ID || e.Class != "10A" || e.School != lillevik || len(e.Draft)+len(e.Shown) != 0 {
		t.Errorf("the record: %+v", e)
	}
}

func TestAPupilGetsAnAccountWithTOTP(t *testing.T) {
	w := newWorld(t)
	w.authorise("10A")
	_, code := w.offer(pupil)
	secret, err := w.Claim(t.Context(), strings.ToLower(code[:4])+"-"+code[4:], pupil)
	must(t, err)
	must(t, w.Details(t.Context(), secret, school.Details{Password: password, Factor: minid.FactorTOTP}))
	v, err := w.View(t.Context(), secret)
	must(t, err)
	if v.Step != school.StepConfirm || v.TOTPSecret == "" {
		t.Fatalf("%+v", v)
	}
	if err := w.Confirm(t.Context(), secret, "1"); !errors.Is(err, minid.ErrWrongCode) {
		t.Errorf("a wrong code: %v", err)
	}
	right, err := minid.TOTPConfig{}.TOTPCode(v.TOTPSecret, w.now())
	must(t, err)
	must(t, w.Confirm(t.Context(), secret, right))
	if v, err = w.View(t.Context(), secret); err != nil || v.Step != school.StepDone {
		t.Errorf("%+v, %v", v, err)
	}
	p, err := w.MinID.Store.PersonByPID(t.Context(), pupil)
	must(t, err)
	// The code that confirmed the factor logs nobody in.
	if fresh, err := w.MinID.Store.AcceptTOTPStep(t.Context(), p.ID, w.now().Unix()/30); err != nil || fresh {
		t.Errorf("the step of the confirmation is accepted again: %t, %v", fresh, err)
	}
	w.add(31 * time.Minute)
	if _, err := w.View(t.Context(), secret); !errors.Is(err, school.ErrOver) {
		t.Errorf("the page of what is done lives on: %v", err)
	}
}

// C11: a teacher vouches for the pupils of the classes that the owner has named, and for nobody else.
func TestWhoMayVouchForWhom(t *testing.T) {
	w := newWorld(t)
	w.authorise("10A", "8A")
	old, low := w.session(teacher), w.session(teacher)
	old.AuthTime, low.Level = w.now().Add(-31*time.Minute), minid.LevelLow
	for name, c := range map[string]struct {
		s            *minid.Session
		class, pupil string
		want         error
	}{
		"a pupil of another class":         {w.session(teacher), "10A", w.key(away), school.ErrForbidden},
		"a class without authorisation":    {w.session(teacher), "10B", w.key(away), school.ErrForbidden},
		"an adult who is no pupil":         {w.session(teacher), "10A", w.key(adult), school.ErrForbidden},
		"the teacher":                      {w.session(teacher), "10A", w.key(teacher), school.ErrForbidden},
		"a number in place of the key":     {w.session(teacher), "10A", pupil, school.ErrForbidden},
		"a class that there is not":        {w.session(teacher), "10Z", w.key(pupil), school.ErrForbidden},
		"a teacher without authorisation":  {w.session(other), "10A", w.key(pupil), school.ErrForbidden},
		"the owner":                        {w.session(owner), "10A", w.key(pupil), school.ErrForbidden},
		"a login of 31 minutes":            {old, "10A", w.key(pupil), school.ErrLogin},
		"a login at level low":             {low, "10A", w.key(pupil), school.ErrLogin},
		"a pupil who turns 12 this year":   {w.session(teacher), "8A", w.key(young), school.ErrPupil},
		"a pupil of the class, at her age": {w.session(teacher), "10A", w.key(pupil), nil},
	} {
		if _, err := w.Vouch(t.Context(), c.s, lillevik, c.class, c.pupil, true); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := w.Vouch(t.Context(), w.session(teacher), lillevik, "10A", w.key(pupil), false); !errors.Is(err, school.ErrPresence) {
		t.Errorf("without the teacher's word: %v", err)
	}
	// What was refused stands in the owner's list, with who asked and not for whom.
	_, list, err := w.Vouched(t.Context(), w.session(owner), lillevik, "10A")
	must(t, err)
	if len(list) != 6 || list[0].State != school.StateRefused || list[0].Teacher == "" || list[0].Pupil != "" {
		t.Errorf("%+v", list)
	}
	// In the calendar year in which the pupil turns 13 it is allowed, from its first day.
	w.mu.Lock()
	w.at = time.Date(2027, 1, 1, 8, 0, 0, 0, time.UTC)
	w.mu.Unlock()
	if _, err := w.Vouch(t.Context(), w.session(teacher), lillevik, "8A", w.key(young), true); err != nil {
		t.Errorf("the year of 13: %v", err)
	}
}

func TestAnAuthorisationHoldsUntilItsDayAndNoLonger(t *testing.T) {
	w := newWorld(t)
	order := school.Order{School: lillevik, Teacher: w.key(teacher), Classes: []string{"10A"}, Until: "2026-11-23"}
	must(t, w.Authorise(t.Context(), w.session(owner), order))
	w.offer(pupil)
	w.add(15 * time.Hour)
	classes, err := w.Classes(t.Context(), w.session(teacher))
	if err != nil || len(classes) != 0 {
		t.Errorf("after the last day: %v, %v", classes, err)
	}
	order.Until = "2026-12-01" // the same authorisation, longer
	must(t, w.Authorise(t.Context(), w.session(owner), order))
	owned, err := w.Schools(t.Context(), w.session(owner))
	must(t, err)
	if len(owned) != 1 || len(owned[0].Authorisations) != 1 || owned[0].Authorisations[0].Over {
		t.Fatalf("%+v", owned)
	}
	// Revoked: the teacher is out, and so is the code that is shown.
	id, code := w.offer(pupil)
	must(t, w.RevokeAuthorisation(t.Context(), w.session(owner), owned[0].Authorisations[0].ID))
	if _, err := w.Claim(t.Context(), code, pupil); !errors.Is(err, school.ErrCode) {
		t.Errorf("a code of a revoked authorisation: %v", err)
	}
	if w.state(id) != school.StateCancelled {
		t.Errorf("state %s", w.state(id))
	}
	if _, _, err := w.Pupils(t.Context(), w.session(teacher), lillevik, "10A"); !errors.Is(err, school.ErrForbidden) {
		t.Errorf("a revoked teacher: %v", err)
	}
	if err := w.RevokeAuthorisation(t.Context(), w.session(owner), owned[0].Authorisations[0].ID); !errors.Is(err, school.ErrNotFound) {
		t.Errorf("revoked twice: %v", err)
	}
}

func TestWhatAnOwnerMayOrder(t *testing.T) {
	w := newWorld(t)
	w.MinID.Staff = append(w.MinID.Staff, minid.Staff{PID: other, Roles: []minid.Role{minid.RoleSchoolOwner}, Organisation: "999999999"})
	good := school.Order{School: lillevik, Teacher: w.key(teacher), Classes: []string{"10A"}, Until: "2027-06-30"}
	for name, c := range map[string]struct {
		s      *minid.Session
		change func(*school.Order)
		want   error
	}{
		"who is no owner":      {w.session(teacher), func(*school.Order) {}, school.ErrForbidden},
		"another owner":        {w.session(other), func(*school.Order) {}, school.ErrForbidden},
		"who works elsewhere":  {w.session(owner), func(o *school.Order) { o.Teacher = w.key(adult) }, school.ErrOrder},
		"no class":             {w.session(owner), func(o *school.Order) { o.Classes = nil }, school.ErrOrder},
		"a class of no school": {w.session(owner), func(o *school.Order) { o.Classes = []string{"10A", "7Z"} }, school.ErrOrder},
		"a day that has been":  {w.session(owner), func(o *school.Order) { o.Until = "2026-11-22" }, school.ErrOrder},
		"more than a year":     {w.session(owner), func(o *school.Order) { o.Until = "2027-11-25" }, school.ErrOrder},
		"no day":               {w.session(owner), func(o *school.Order) { o.Until = "" }, school.ErrOrder},
	} {
		o := good
		c.change(&o)
		if err := w.Authorise(t.Context(), c.s, o); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	must(t, w.Authorise(t.Context(), w.session(owner), good))
	w.authorise("10A")
	id := w.enrol(pupil)
	for name, err := range map[string]error{
		"see":    func() error { _, err := w.Enrolment(t.Context(), w.session(other), id); return err }(),
		"revoke": w.RevokeEnrolment(t.Context(), w.session(other), id),
	} {
		if !errors.Is(err, school.ErrNotFound) {
			t.Errorf("another owner may %s: %v", name, err)
		}
	}
	if got := school.TermEnds(time.Date(2026, 6, 30, 12, 0, 0, 0, time.UTC)).Format(time.DateOnly); got != "2026-06-30" {
		t.Error(got)
	}
	if got := school.TermEnds(time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)).Format(time.DateOnly); got != "2027-06-30" {
		t.Error(got)
	}
}

// A code is good for one pupil, one phone and four minutes; why it is not is told to nobody.
func TestWhatACodeIsGoodFor(t *testing.T) {
	w := newWorld(t)
	w.authorise("10A")
	claim := func(code, pid string) error { _, err := w.Claim(t.Context(), code, pid); return err }
	refused := func(what, code, pid string) {
		t.Helper()
		if err := claim(code, pid); !errors.Is(err, school.ErrCode) || errors.Is(err, school.ErrHasAccount) {
			t.Errorf("%s: %v", what, err)
		}
	}
	refused("a forged code", "AAAABBBB", pupil)
	refused("nothing", "", "")
	_, code := w.offer(pupil)
	refused("the number of another", code, second)
	must(t, claim(code, pupil))
	refused("a code that was used", code, pupil)

	_, old := w.offer(pupil)
	_, newer := w.offer(pupil)
	refused("a code with a newer one", old, pupil)
	w.add(4*time.Minute - time.Millisecond)
	must(t, claim(newer, pupil))
	_, expired := w.offer(pupil)
	w.add(4 * time.Minute)
	refused("a code of four minutes", expired, pupil)

	id, dead := w.offer(pupil)
	for range 3 {
		refused("a wrong number", dead, second)
	}
	refused("the right number after three wrong ones", dead, pupil)
	if w.state(id) != school.StateDead {
		t.Errorf("state %s", w.state(id))
	}
	id, cancelled := w.offer(pupil)
	must(t, w.Cancel(t.Context(), w.session(teacher), id))
	refused("a code that was cancelled", cancelled, pupil)
	if _, err := w.Offer(t.Context(), w.session(other), id); !errors.Is(err, school.ErrNotFound) {
		t.Errorf("another's code is shown: %v", err)
	}
}

func TestWhoHasAnAccountIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	w.authorise("10A")
	register := func(pid string) {
		_, err := w.MinID.Register(t.Context(), minid.Registration{
			PID: pid, Name: "Før", BirthDate: "2011-03-07", Password: password, Phone: "+4790000000",
			Proofing: minid.Proofing{Basis: minid.BasisLetter, At: w.now()},
		})
		must(t, err)
	}
	// The account came after the code was made.
	id, code := w.offer(pupil)
	register(pupil)
	if _, err := w.Claim(t.Context(), code, pupil); !errors.Is(err, school.ErrHasAccount) {
		t.Errorf("claimed: %v", err)
	}
	if w.state(id) != school.StateVoid {
		t.Errorf("state %s", w.state(id))
	}
	if _, err := w.Vouch(t.Context(), w.session(teacher), lillevik, "10A", w.key(pupil), true); !errors.Is(err, school.ErrPupil) || errors.Is(err, school.ErrHasAccount) {
		t.Errorf("the teacher is told %v", err)
	}
	// The account came while the pupil was under way.
	id, code = w.offer(second)
	secret, err := w.Claim(t.Context(), code, second)
	must(t, err)
	must(t, w.Details(t.Context(), secret, school.Details{Password: password, Factor: minid.FactorSMS, Phone: "99900123"}))
	register(second)
	if err := w.Confirm(t.Context(), secret, w.post.last(t, minid.MessagePhone).Code); !errors.Is(err, school.ErrHasAccount) {
		t.Errorf("finished: %v", err)
	}
	p, err := w.MinID.Store.PersonByPID(t.Context(), second)
	must(t, err)
	if p.Name != "Før" || p.Proofing.Basis != minid.BasisLetter || w.state(id) != school.StateVoid {
		t.Errorf("%+v, %s", p, w.state(id))
	}
	_, pupils, err := w.Pupils(t.Context(), w.session(teacher), lillevik, "10A")
	must(t, err)
	for _, one := range pupils {
		has := one.Key == w.key(pupil) || one.Key == w.key(second)
		if one.Can == has || one.Done {
			t.Errorf("%+v", one)
		}
	}
}

func TestOnlyWhatIsWrongIsTypedAgain(t *testing.T) {
	w := newWorld(t)
	w.authorise("10A")
	_, code := w.offer(pupil)
	secret, err := w.Claim(t.Context(), code, pupil)
	must(t, err)
	good := school.Details{Password: password, Factor: minid.FactorSMS, Phone: "99900123", Email: "elev@example.com"}
	for name, c := range map[string]struct {
		change func(*school.Details)
		want   error
	}{
		"a short password":           {func(d *school.Details) { d.Password = "kort" }, minid.ErrPasswordRule{Rule: minid.RuleShort}},
		"the name in the password":   {func(d *school.Details) { d.Password = "hos navn i skogen" }, minid.ErrPasswordRule{Rule: minid.RuleContext}},
		"the number in the password": {func(d *school.Details) { d.Password = "bekk 99900123 fjell" }, minid.ErrPasswordRule{Rule: minid.RuleContext}},
		"no factor":                  {func(d *school.Details) { d.Factor = "app" }, school.ErrFactor},
		"a phone that is none":       {func(d *school.Details) { d.Phone = "123" }, minid.ErrPhone},
		"mail that is none":          {func(d *school.Details) { d.Email = "a@b@c" }, school.ErrEmail},
	} {
		d := good
		c.change(&d)
		if err := w.Details(t.Context(), secret, d); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		v, err := w.View(t.Context(), secret)
		must(t, err)
		if v.Step != school.StepDetails || v.Factor != minid.FactorSMS && !errors.Is(c.want, school.ErrFactor) {
			t.Errorf("%s: %+v", name, v)
		}
	}
	must(t, w.Details(t.Context(), secret, good))
	must(t, w.Back(t.Context(), secret))
	v, err := w.View(t.Context(), secret)
	must(t, err)
	if v.Step != school.StepDetails || v.Phone != "+4799900123" || v.Email != good.Email || v.HasPassword {
		t.Errorf("%+v", v)
	}
	if err := w.Confirm(t.Context(), secret, "123456"); !errors.Is(err, school.ErrOver) {
		t.Errorf("confirmed without details: %v", err)
	}
	w.post.fail = errors.New("no gateway")
	if err := w.Details(t.Context(), secret, good); !errors.Is(err, minid.ErrNotSent) {
		t.Errorf("not sent: %v", err)
	}
	if v, err = w.View(t.Context(), secret); err != nil || v.Step != school.StepDetails {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestWrongCodesEndTheConfirmation(t *testing.T) {
	w := newWorld(t)
	w.authorise("10A")
	id, code := w.offer(pupil)
	secret, err := w.Claim(t.Context(), code, pupil)
	must(t, err)
	must(t, w.Details(t.Context(), secret, school.Details{Password: password, Factor: minid.FactorTOTP}))
	for range 5 {
		if err := w.Confirm(t.Context(), secret, "12345"); !errors.Is(err, minid.ErrWrongCode) {
			t.Fatal(err)
		}
	}
	v, err := w.View(t.Context(), secret)
	must(t, err)
	right, err := minid.TOTPConfig{}.TOTPCode(v.TOTPSecret, w.now())
	must(t, err)
	if err := w.Confirm(t.Context(), secret, right); !errors.Is(err, school.ErrOver) || w.state(id) != school.StateCancelled {
		t.Errorf("the right code after five wrong ones: %v, %s", err, w.state(id))
	}
	_, code = w.offer(pupil)
	secret, err = w.Claim(t.Context(), code, pupil)
	must(t, err)
	must(t, w.Details(t.Context(), secret, school.Details{Password: password, Factor: minid.FactorSMS, Phone: "99900123"}))
	for range 3 {
		if err := w.Confirm(t.Context(), secret, "x"); !errors.Is(err, minid.ErrWrongCode) {
			t.Fatal(err)
		}
	}
	if err := w.Confirm(t.Context(), secret, w.post.last(t, minid.MessagePhone).Code); !errors.Is(err, minid.ErrWrongCode) {
		t.Errorf("the right code by SMS after three wrong ones: %v", err)
	}
	w.add(10 * time.Minute)
	if _, err := w.View(t.Context(), secret); !errors.Is(err, school.ErrOver) {
		t.Errorf("after ten minutes: %v", err)
	}
}

func TestCodesAnHour(t *testing.T) {
	w := newWorld(t)
	w.Limits = school.Limits{Teacher: minid.Window{Span: time.Hour, Most: 3}, Pupil: minid.Window{Span: time.Hour, Most: 2}}
	w.authorise("10A")
	vouch := func(pid string) error {
		_, err := w.Vouch(t.Context(), w.session(teacher), lillevik, "10A", w.key(pid), true)
		return err
	}
	var many school.ErrTooMany
	must(t, vouch(pupil))
	w.add(time.Minute)
	must(t, vouch(pupil))
	if err := vouch(pupil); !errors.As(err, &many) || many.RetryAfter != 59*time.Minute {
		t.Errorf("a third code for the pupil: %v", err)
	}
	must(t, vouch(second))
	if err := vouch(second); !errors.As(err, &many) || many.RetryAfter != 59*time.Minute {
		t.Errorf("a fourth code of the teacher: %v", err)
	}
	w.add(59 * time.Minute)
	must(t, vouch(second))
}

// auditLog stands in for the audit log of a service.
type auditLog struct{ events []audit.Event }

func (l *auditLog) Record(_ context.Context, e audit.Event) error {
	l.events = append(l.events, e)
	return nil
}

func TestRevokedEnrolments(t *testing.T) {
	w, log := newWorld(t), &auditLog{}
	w.MinID.Store.(*store.Store).Audit = log
	w.authorise("10A")
	id := w.enrol(pupil)
	p, err := w.MinID.Store.PersonByPID(t.Context(), pupil)
	must(t, err)
	must(t, w.RevokeEnrolment(t.Context(), w.session(owner), id))
	o, err := w.MinID.Store.PersonByPID(t.Context(), owner)
	must(t, err)
	wants := []audit.Event{
		{Kind: minid.KindProofed, Actor: audit.Person(p.ID), Outcome: "school"},
		{Kind: minid.KindState, Actor: audit.Person(o.ID), Object: id, Outcome: "quarantined"},
	}
	if !slices.EqualFunc(log.events, wants, func(got, want audit.Event) bool {
		return got.Kind == want.Kind && got.Actor == want.Actor && got.Subject == audit.Person(p.ID) && got.Object == want.Object && got.Outcome == want.Outcome
	}) {
		t.Errorf("recorded %+v", log.events)
	}
	if p, err = w.MinID.Store.Person(t.Context(), p.ID); err != nil || p.State != minid.StateQuarantined {
		t.Errorf("%+v, %v", p, err)
	}
	if m := w.post.last(t, minid.MessageEnrolmentEnded); m.To == "" {
		t.Error("nobody was told")
	}
	_, list, err := w.Vouched(t.Context(), w.session(owner), lillevik, "10A")
	must(t, err)
	if len(list) != 1 || list[0].State != school.StateRevoked || list[0].Pupil == "" || list[0].Teacher == "" {
		t.Errorf("%+v", list)
	}
	if err := w.RevokeEnrolment(t.Context(), w.session(owner), id); !errors.Is(err, school.ErrNotFound) {
		t.Errorf("revoked twice: %v", err)
	}
	// An account that has been proofed anew rests on the enrolment no more.
	id = w.enrol(second)
	p, err = w.MinID.Store.PersonByPID(t.Context(), second)
	must(t, err)
	must(t, w.db.W.Exec("UPDATE minid_people SET basis = 'in_person', evidence = 'desk 7' WHERE id = ?", p.ID).Error)
	must(t, w.RevokeEnrolment(t.Context(), w.session(owner), id))
	if p, err = w.MinID.Store.Person(t.Context(), p.ID); err != nil || p.State != minid.StateNormal {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestSweep(t *testing.T) {
	w := newWorld(t)
	w.authorise("10A")
	finished := w.enrol(second)
	id, code := w.offer(pupil)
	_, err := w.Claim(t.Context(), code, pupil)
	must(t, err)
	w.add(10 * time.Minute)
	must(t, w.Sweep(t.Context()))
	e, err := w.Store.Enrolment(t.Context(), id)
	must(t, err)
	if len(e.Draft) != 0 {
		t.Error("what the pupil typed is kept")
	}
	w.add(31 * 24 * time.Hour)
	must(t, w.Sweep(t.Context()))
	if _, err := w.Store.Enrolment(t.Context(), id); !errors.Is(err, school.ErrNotFound) {
		t.Errorf("never finished, and kept: %v", err)
	}
	if _, err := w.Store.Enrolment(t.Context(), finished); err != nil {
		t.Errorf("finished, and not kept: %v", err)
	}
}

// race runs f sixteen times at once and counts who won.
func race(t *testing.T, lost []error, f func(i int) error) int {
	t.Helper()
	var wg sync.WaitGroup
	gate, errs := make(chan struct{}), make([]error, 16)
	for i := range errs {
		wg.Go(func() {
			<-gate
			errs[i] = f(i)
		})
	}
	close(gate)
	wg.Wait()
	won := 0
	for _, err := range errs {
		known := false
		for _, l := range lost {
			known = known || errors.Is(err, l)
		}
		switch {
		case err == nil:
			won++
		case !known:
			t.Error(err)
		}
	}
	return won
}

func TestSixteenRace(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorldOn(t, db)
		w.Limits.Tries, w.Limits.Confirms = 16, 16
		w.authorise("10A")
		_, code := w.offer(pupil)
		secrets := make([]string, 16)
		if won := race(t, []error{school.ErrCode}, func(i int) (err error) {
			secrets[i], err = w.Claim(t.Context(), code, pupil)
			return err
		}); won != 1 {
			t.Errorf("%d phones took the code, want one", won)
		}
		secret := strings.Join(secrets, "")
		must(t, w.Details(t.Context(), secret, school.Details{Password: password, Factor: minid.FactorTOTP}))
		v, err := w.View(t.Context(), secret)
		must(t, err)
		right, err := minid.TOTPConfig{}.TOTPCode(v.TOTPSecret, w.now())
		must(t, err)
		if won := race(t, []error{school.ErrOver}, func(int) error { return w.Confirm(t.Context(), secret, right) }); won != 1 {
			t.Errorf("%d made the account, want one", won)
		}
		// Of sixteen wrong numbers at once, as many are compared as a code has tries.
		w.Limits.Tries = 3
		id, code := w.offer(second)
		race(t, []error{school.ErrCode}, func(int) error { _, err := w.Claim(t.Context(), code, away); return err })
		if e, err := w.Store.Enrolment(t.Context(), id); err != nil || e.Tries != 3 {
			t.Errorf("%+v, %v", e, err)
		}
		// Codes are counted one after another.
		w.Limits.Pupil = minid.Window{Span: time.Hour, Most: 5}
		var many school.ErrTooMany
		var mu sync.Mutex
		made := 0
		race(t, []error{school.ErrForbidden}, func(int) error {
			_, err := w.Vouch(t.Context(), w.session(teacher), lillevik, "10A", w.key("14861157750"), true)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				made++
			}
			if errors.As(err, &many) {
				return nil
			}
			return err
		})
		if made != 5 {
			t.Errorf("%d codes were made, want 5", made)
		}
		enrolment := w.enrol(second)
		if won := race(t, []error{school.ErrNotFound}, func(int) error {
			return w.RevokeEnrolment(t.Context(), w.session(owner), enrolment)
		}); won != 1 {
			t.Errorf("%d revoked, want one", won)
		}
	})
}

func TestAuthorisationAndCodeRace(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorldOn(t, db)
		w.authorise("10A")
		owned, err := w.Schools(t.Context(), w.session(owner))
		must(t, err)
		authorisation := owned[0].Authorisations[0].ID
		s, by := w.session(teacher), w.session(owner)
		race(t, []error{school.ErrForbidden, school.ErrNotFound}, func(i int) error {
			if i == 7 {
				return w.RevokeAuthorisation(t.Context(), by, authorisation)
			}
			_, err := w.Vouch(t.Context(), s, lillevik, "10A", w.key(pupil), true)
			var many school.ErrTooMany
			if errors.As(err, &many) {
				return nil
			}
			return err
		})
		var live int64
		must(t, db.R.Raw("SELECT count(*) FROM minid_school_enrolments WHERE state = 'offered'").Scan(&live).Error)
		if live != 0 {
			t.Errorf("%d codes live on after the authorisation was revoked", live)
		}
	})
}

// A teacher of two classes rests on two authorisations, and has one count. What was read of an authorisation before it was
// revoked makes no code after.
func TestCodesAreCountedAcrossClasses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorldOn(t, db)
		w.Limits.Teacher = minid.Window{Span: time.Hour, Most: 5}
		w.authorise("10A", "10B")
		s := w.session(teacher)
		var mu sync.Mutex
		made := 0
		race(t, nil, func(i int) error {
			class, pid := "10A", pupil
			if i%2 == 1 {
				class, pid = "10B", away
			}
			_, err := w.Vouch(t.Context(), s, lillevik, class, w.key(pid), true)
			mu.Lock()
			defer mu.Unlock()
			var many school.ErrTooMany
			if err == nil {
				made++
			} else if !errors.As(err, &many) {
				return err
			}
			return nil
		})
		if made != 5 {
			t.Errorf("%d codes were made, want 5", made)
		}
		owned, err := w.Schools(t.Context(), w.session(owner))
		must(t, err)
		stale := owned[0].Authorisations[0]
		must(t, w.RevokeAuthorisation(t.Context(), w.session(owner), stale.ID))
		w.add(2 * time.Hour)
		_, err = w.Store.StartEnrolment(t.Context(), school.Enrolment{
			ID: minid.NewID(), Authorisation: stale.ID, State: school.StateOffered, Created: w.now(), Expires: w.now().Add(time.Minute),
		}, w.Limits.Teacher, w.Limits.Teacher)
		if !errors.Is(err, school.ErrForbidden) {
			t.Errorf("a revoked authorisation: %v", err)
		}
	})
}

// What is finished is what was read: a password that was changed meanwhile is not the older one again, and an enrolment that
// the teacher has cancelled makes no account.
func TestAnEnrolmentIsFinishedAsItWasRead(t *testing.T) {
	w := newWorld(t)
	w.authorise("10A")
	id, code := w.offer(pupil)
	secret, err := w.Claim(t.Context(), code, pupil)
	must(t, err)
	read := func() *school.Enrolment {
		e, err := w.Store.EnrolmentOf(t.Context(), minid.HashSecret(secret))
		must(t, err)
		return e
	}
	finish := func(e *school.Enrolment) error {
		p := minid.NewPerson{Person: minid.Person{ID: minid.NewID(), PID: pupil, State: minid.StateNormal, Created: w.now()}}
		return w.Store.FinishEnrolment(t.Context(), school.Finish{Enrolment: e, Person: p, At: w.now()})
	}
	stale := read()
	must(t, w.Details(t.Context(), secret, school.Details{Password: password, Factor: minid.FactorTOTP}))
	if err := finish(stale); !errors.Is(err, school.ErrOver) {
		t.Errorf("an older draft: %v", err)
	}
	stale = read()
	must(t, w.Cancel(t.Context(), w.session(teacher), id))
	stale.Draft = nil // as it is when it was cancelled
	if err := finish(stale); !errors.Is(err, school.ErrOver) {
		t.Errorf("a cancelled enrolment: %v", err)
	}
	if _, err := w.MinID.Store.PersonByPID(t.Context(), pupil); !errors.Is(err, minid.ErrNotFound) {
		t.Errorf("an account: %v", err)
	}
}
