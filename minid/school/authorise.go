package school

import (
	"context"
	"slices"
	"time"

	"lommebok.example/minid"
)

// Owned is a school as its owner sees it.
type Owned struct {
	School
	Employees      []Employee
	Authorisations []Given
}

// Employee is somebody who works at a school. Key stands for the number in forms.
type Employee struct{ Key, Name string }

// Given is an authorisation with the teacher's name, which is empty for who works there no more.
type Given struct {
	Authorisation
	Name string
	Over bool // its last day has passed, or the teacher has left
}

// Schools shows an owner the schools, and who may vouch there. ErrLogin, ErrForbidden.
func (c *Core) Schools(ctx context.Context, s *minid.Session) ([]Owned, error) {
	organisation, err := c.owner(s)
	if err != nil {
		return nil, err
	}
	schools, err := c.Registry.Schools(ctx, organisation)
	if err != nil {
		return nil, err
	}
	all, err := c.Store.Authorisations(ctx, organisation)
	if err != nil {
		return nil, err
	}
	owned := make([]Owned, 0, len(schools))
	for _, one := range schools {
		o := Owned{School: one}
		if o.Employees, err = c.employees(ctx, one.Number); err != nil {
			return nil, err
		}
		for _, a := range all {
			if a.School == one.Number {
				o.Authorisations = append(o.Authorisations, c.given(a, o.Employees))
			}
		}
		owned = append(owned, o)
	}
	return owned, nil
}

func (c *Core) given(a Authorisation, employees []Employee) Given {
	g := Given{Authorisation: a, Over: true}
	if i := slices.IndexFunc(employees, func(e Employee) bool { return e.Key == a.Teacher }); i >= 0 {
		g.Name, g.Over = employees[i].Name, !c.now().Before(a.Until)
	}
	return g
}

func (c *Core) employees(ctx context.Context, school string) ([]Employee, error) {
	numbers, err := c.Registry.Employees(ctx, school)
	if err != nil {
		return nil, err
	}
	var list []Employee
	for _, pid := range numbers {
		name, err := c.name(ctx, pid)
		if err != nil {
			return nil, err
		}
		if name != "" {
			list = append(list, Employee{Key: c.key(pid), Name: name})
		}
	}
	return list, nil
}

// Order is whom an owner authorises, for which classes, until and with which day (YYYY-MM-DD).
type Order struct {
	School, Teacher string
	Classes         []string
	Until           string
}

// TermEnds is the last day of the school year, which authorisations end with when nobody says otherwise: 30 June, the next
// one from July on.
func TermEnds(now time.Time) time.Time {
	year := now.Year()
	if now.Month() > time.June {
		year++
	}
	return time.Date(year, time.June, 30, 0, 0, 0, 0, time.UTC)
}

// Authorise lets an employee vouch for the pupils of classes. ErrLogin, ErrForbidden for a school of another owner, ErrOrder.
func (c *Core) Authorise(ctx context.Context, s *minid.Session, o Order) error {
	organisation, err := c.owner(s)
	if err != nil {
		return err
	}
	now := c.now()
	school, err := c.ownSchool(ctx, organisation, o.School)
	if err != nil {
		return err
	}
	last, err := time.Parse(time.DateOnly, o.Until)
	until := last.AddDate(0, 0, 1) // the day itself included
	if err != nil || !until.After(now) || until.After(now.AddDate(1, 0, 1)) || len(o.Classes) == 0 {
		return ErrOrder
	}
	employees, err := c.employees(ctx, school.Number)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(employees, func(e Employee) bool { return e.Key == o.Teacher }) ||
		slices.ContainsFunc(o.Classes, func(class string) bool { return !slices.Contains(school.Classes, class) }) {
		return ErrOrder
	}
	for _, class := range o.Classes {
		a := Authorisation{
			ID: minid.NewID(), Organisation: organisation, School: school.Number, Class: class, Teacher: o.Teacher, By: s.PersonID,
			Created: now, Until: until,
		}
		if err := c.Store.Authorise(ctx, a); err != nil {
			return err
		}
		c.event(ctx, "school: teacher authorised", s.PersonID, a.ID)
	}
	return nil
}

func (c *Core) ownSchool(ctx context.Context, organisation, number string) (*School, error) {
	schools, err := c.Registry.Schools(ctx, organisation)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(schools, func(s School) bool { return s.Number == number })
	if i < 0 {
		return nil, ErrForbidden
	}
	return &schools[i], nil
}

// RevokeAuthorisation ends one; codes that the teacher shows now are worth nothing any more. ErrLogin, ErrForbidden,
// ErrNotFound.
func (c *Core) RevokeAuthorisation(ctx context.Context, s *minid.Session, id string) error {
	organisation, err := c.owner(s)
	if err != nil {
		return err
	}
	if err := c.Store.RevokeAuthorisation(ctx, organisation, id, s.PersonID, c.now()); err != nil {
		return err
	}
	c.event(ctx, "school: authorisation revoked", s.PersonID, id)
	return nil
}

// Vouched is an enrolment as the owner sees it: who vouched for whom. Pupil is empty for what was refused.
type Vouched struct {
	ID, Teacher, Pupil string
	School, Class      string
	State              State
	At                 time.Time
}

// Vouched shows an owner what was vouched for in a class, newest first. ErrLogin, ErrForbidden.
func (c *Core) Vouched(ctx context.Context, s *minid.Session, school, class string) (*School, []Vouched, error) {
	organisation, err := c.owner(s)
	if err != nil {
		return nil, nil, err
	}
	one, err := c.ownSchool(ctx, organisation, school)
	if err != nil {
		return nil, nil, err
	}
	if !slices.Contains(one.Classes, class) {
		return nil, nil, ErrForbidden
	}
	all, err := c.Store.Enrolments(ctx, organisation, school, class)
	if err != nil {
		return nil, nil, err
	}
	list := make([]Vouched, 0, len(all))
	for _, e := range all {
		v, err := c.vouched(ctx, &e)
		if err != nil {
			return nil, nil, err
		}
		list = append(list, *v)
	}
	return one, list, nil
}

// Enrolment shows an owner one that was finished. ErrLogin, ErrForbidden, ErrNotFound.
func (c *Core) Enrolment(ctx context.Context, s *minid.Session, id string) (*Vouched, error) {
	organisation, err := c.owner(s)
	if err != nil {
		return nil, err
	}
	e, err := c.Store.Enrolment(ctx, id)
	if err != nil {
		return nil, err
	}
	if e.Organisation != organisation || e.State != StateFinished {
		return nil, ErrNotFound
	}
	return c.vouched(ctx, e)
}

func (c *Core) vouched(ctx context.Context, e *Enrolment) (*Vouched, error) {
	v := &Vouched{ID: e.ID, School: e.School, Class: e.Class, State: e.State, At: e.Created}
	teacher, err := c.MinID.Person(ctx, e.TeacherID)
	if err != nil {
		return nil, err
	}
	v.Teacher = teacher.Name
	if e.PersonID == "" {
		return v, nil
	}
	pupil, err := c.MinID.Person(ctx, e.PersonID)
	if err != nil {
		return nil, err
	}
	v.Pupil = pupil.Name
	return v, nil
}

// RevokeEnrolment takes back what a teacher vouched for. The account goes into quarantine and is not closed: its holder may
// be the wrong one, and whoever runs the service can open it for the number's right holder. Its sessions end, and the person
// is told. An account that was proofed anew in another way is left alone. ErrLogin, ErrForbidden, ErrNotFound.
func (c *Core) RevokeEnrolment(ctx context.Context, s *minid.Session, id string) error {
	organisation, err := c.owner(s)
	if err != nil {
		return err
	}
	personID, err := c.Store.RevokeEnrolment(ctx, organisation, id, s.PersonID, c.now())
	if err != nil {
		return err
	}
	c.event(ctx, "school: enrolment revoked", s.PersonID, id)
	if personID == "" {
		return nil
	}
	p, err := c.MinID.Person(ctx, personID)
	if err != nil {
		return err
	}
	c.MinID.Tell(ctx, p, minid.MessageEnrolmentEnded)
	return nil
}
