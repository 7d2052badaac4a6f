package school

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"time"

	"lommebok.example/minid"
)

// Class is one that a teacher may vouch in.
type Class struct {
	School Name
	Class  string
	Until  time.Time // the authorisation ends then
}

// Name is a school by number and name.
type Name struct{ Number, Name string }

// Classes are a teacher's, by authorisations that hold now; none for who has none. ErrLogin.
func (c *Core) Classes(ctx context.Context, s *minid.Session) ([]Class, error) {
	all, err := c.authorisations(ctx, s)
	if err != nil {
		return nil, err
	}
	list := make([]Class, 0, len(all))
	for _, a := range all {
		school, err := c.Registry.School(ctx, a.School)
		if err != nil {
			return nil, err
		}
		list = append(list, Class{School: Name{school.Number, school.Name}, Class: a.Class, Until: a.Until})
	}
	return list, nil
}

// Pupil is one of a class, as the teacher sees them. Key stands for the number in forms.
type Pupil struct {
	Key, Name string
	Can       bool // be enrolled now
	Done      bool // this teacher vouched, and the account was made
}

// Pupils are those of a class. ErrLogin, ErrForbidden.
func (c *Core) Pupils(ctx context.Context, s *minid.Session, school, class string) (*Class, []Pupil, error) {
	a, err := c.teacher(ctx, s, school, class)
	if err != nil {
		return nil, nil, err
	}
	one, err := c.Registry.School(ctx, school)
	if err != nil {
		return nil, nil, err
	}
	numbers, err := c.Registry.Pupils(ctx, school, class)
	if err != nil {
		return nil, nil, err
	}
	done, err := c.Store.Enrolments(ctx, a.Organisation, school, class)
	if err != nil {
		return nil, nil, err
	}
	var list []Pupil
	for _, pid := range numbers {
		p := Pupil{Key: c.key(pid)}
		if p.Name, err = c.name(ctx, pid); err != nil {
			return nil, nil, err
		}
		if p.Name == "" {
			continue
		}
		p.Done = slices.ContainsFunc(done, func(e Enrolment) bool {
			return e.State == StateFinished && e.TeacherID == s.PersonID && e.Pupil == p.Key
		})
		if err = c.candidate(ctx, s, pid); err != nil && !errors.Is(err, ErrPupil) {
			return nil, nil, err
		}
		p.Can = err == nil
		list = append(list, p)
	}
	return &Class{School: Name{one.Number, one.Name}, Class: class, Until: a.Until}, list, nil
}

// youngest is how old a person turns in the year from which they may have a MinID.
const youngest = 13

// candidate tells whether somebody may be enrolled now: known to the population register, old enough, without an account, and
// not the teacher. ErrPupil.
func (c *Core) candidate(ctx context.Context, s *minid.Session, pid string) error {
	if pid == s.PID {
		return ErrPupil
	}
	_, err := c.newcomer(ctx, pid)
	if errors.Is(err, ErrHasAccount) {
		return ErrPupil
	}
	return err
}

// newcomer is the same without a teacher, and tells who has an account: ErrPupil, ErrHasAccount.
func (c *Core) newcomer(ctx context.Context, pid string) (*minid.Resident, error) {
	if _, err := c.MinID.Numbers.Parse(pid); err != nil {
		return nil, ErrPupil
	}
	r, err := c.MinID.Population.Resident(ctx, pid)
	if errors.Is(err, minid.ErrNotFound) {
		return nil, ErrPupil
	}
	if err != nil {
		return nil, err
	}
	born, err := time.Parse(time.DateOnly, r.BirthDate)
	if err != nil || c.now().Year()-born.Year() < youngest {
		return nil, ErrPupil
	}
	_, err = c.MinID.Store.PersonByPID(ctx, pid)
	if err == nil {
		return nil, ErrHasAccount
	}
	if !errors.Is(err, minid.ErrNotFound) {
		return nil, err
	}
	return r, nil
}

// Vouch makes a code for a pupil of the class, by key; present says that the teacher knows them and has them in the room. An
// earlier code of the pupil is worth nothing any more. Who is not in the class is refused, and it is kept who asked.
// ErrLogin, ErrForbidden, ErrPresence, ErrPupil, ErrTooMany.
func (c *Core) Vouch(ctx context.Context, s *minid.Session, school, class, pupil string, present bool) (id string, err error) {
	a, err := c.teacher(ctx, s, school, class)
	if errors.Is(err, ErrForbidden) {
		return "", errors.Join(err, c.refused(ctx, s, school, class, pupil))
	}
	if err != nil {
		return "", err
	}
	pid, err := c.inClass(ctx, school, class, pupil)
	if errors.Is(err, ErrForbidden) {
		return "", errors.Join(err, c.refused(ctx, s, school, class, pupil))
	}
	if err != nil {
		return "", err
	}
	if !present {
		return "", ErrPresence
	}
	if err := c.candidate(ctx, s, pid); err != nil {
		return "", err
	}
	return c.offer(ctx, s, a, pupil)
}

func (c *Core) inClass(ctx context.Context, school, class, pupil string) (pid string, err error) {
	numbers, err := c.Registry.Pupils(ctx, school, class)
	if errors.Is(err, ErrNotFound) {
		return "", ErrForbidden
	}
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(numbers, func(pid string) bool { return c.key(pid) == pupil })
	if i < 0 {
		return "", ErrForbidden
	}
	return numbers[i], nil
}

// refused keeps who asked for whom. What is no school, class or key of ours is left out.
func (c *Core) refused(ctx context.Context, s *minid.Session, school, class, pupil string) error {
	e := Enrolment{ID: minid.NewID(), TeacherID: s.PersonID, State: StateRefused, Created: c.now(), Ended: c.now()}
	one, err := c.Registry.School(ctx, school)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	if err == nil {
		e.School, e.Organisation = one.Number, one.Owner
		if slices.Contains(one.Classes, class) {
			e.Class = class
		}
	}
	if len(pupil) == keyLength && strings.Trim(pupil, keyAlphabet) == "" {
		e.Pupil = pupil
	}
	c.event(ctx, "school: refused outside the class", s.PersonID, e.ID)
	return c.Store.AddRefused(ctx, e)
}

const (
	keyLength   = 43 // 32 bytes as base64url
	keyAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

	codeLength = 8 // characters of base32: 40 bits
)

func (c *Core) offer(ctx context.Context, s *minid.Session, a *Authorisation, pupil string) (id string, err error) {
	now, l, code := c.now(), c.limits(), rand.Text()[:codeLength]
	e := Enrolment{
		ID: minid.NewID(), Authorisation: a.ID, Organisation: a.Organisation, School: a.School, Class: a.Class,
		TeacherID: s.PersonID, Pupil: pupil, Code: c.hashCode(code), State: StateOffered, Created: now, Expires: now.Add(l.Code),
	}
	e.Shown = c.MinID.Seal.Seal([]byte(code), useShown, e.ID)
	again, err := c.Store.StartEnrolment(ctx, e, l.Teacher, l.Pupil)
	if err != nil {
		return "", err
	}
	if !again.IsZero() {
		return "", ErrTooMany{RetryAfter: again.Sub(now)}
	}
	c.event(ctx, "school: vouched", s.PersonID, e.ID)
	return e.ID, nil
}

// hashCode is keyed: 40 bits are searched in no time.
func (c *Core) hashCode(code string) string { return c.MinID.Seal.Recognise(useCode, code) }

// Offer is a code as the teacher who made it sees it.
type Offer struct {
	ID, Pupil string // Pupil is the name
	School    Name
	Class     string
	State     State
	Code      string // while it is offered
	Expires   time.Time
}

// Offer shows an enrolment to the teacher who vouched. ErrLogin, ErrNotFound for another's.
func (c *Core) Offer(ctx context.Context, s *minid.Session, id string) (*Offer, error) {
	e, err := c.ownEnrolment(ctx, s, id)
	if err != nil {
		return nil, err
	}
	school, err := c.Registry.School(ctx, e.School)
	if err != nil {
		return nil, err
	}
	o := &Offer{ID: e.ID, School: Name{school.Number, school.Name}, Class: e.Class, State: e.at(c.now(), c.limits().Tries), Expires: e.Expires}
	pid, err := c.inClass(ctx, e.School, e.Class, e.Pupil)
	if err != nil && !errors.Is(err, ErrForbidden) {
		return nil, err
	}
	if err == nil {
		if o.Pupil, err = c.name(ctx, pid); err != nil {
			return nil, err
		}
	}
	if o.State != StateOffered {
		return o, nil
	}
	code, err := c.MinID.Seal.Open(e.Shown, useShown, e.ID)
	o.Code = string(code)
	return o, err
}

func (c *Core) ownEnrolment(ctx context.Context, s *minid.Session, id string) (*Enrolment, error) {
	if !s.Meets(c.Need(), c.now()) {
		return nil, ErrLogin
	}
	e, err := c.Store.Enrolment(ctx, id)
	if err != nil {
		return nil, err
	}
	if e.TeacherID != s.PersonID || e.State == StateRefused {
		return nil, ErrNotFound
	}
	return e, nil
}

// Renew makes a new code for the pupil of an enrolment that is not finished. Errors as Vouch, and ErrNotFound.
func (c *Core) Renew(ctx context.Context, s *minid.Session, id string) (string, error) {
	e, err := c.ownEnrolment(ctx, s, id)
	if err != nil {
		return "", err
	}
	return c.Vouch(ctx, s, e.School, e.Class, e.Pupil, true)
}

// Cancel ends an enrolment under way; one that has ended is no error. ErrLogin, ErrNotFound.
func (c *Core) Cancel(ctx context.Context, s *minid.Session, id string) error {
	e, err := c.ownEnrolment(ctx, s, id)
	if err != nil {
		return err
	}
	if err := c.Store.EndEnrolment(ctx, e.ID, StateCancelled, c.now()); err != nil && !errors.Is(err, ErrOver) {
		return err
	}
	c.event(ctx, "school: enrolment cancelled", s.PersonID, e.ID)
	return nil
}
