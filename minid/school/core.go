package school

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"lommebok.example/minid"
)

// Core enrols pupils. MinID with a Population, Store and Registry must be set; zero Limits take their defaults.
type Core struct {
	MinID    *minid.Core
	Store    Store
	Registry Registry
	Limits   Limits
}

// Limits are lifetimes and counters. A zero field takes the value of DefaultLimits.
type Limits struct {
	Code       time.Duration // life of the code that the teacher shows
	Claim      time.Duration // how long the pupil has from the code to the account
	Login      time.Duration // how old the login of a teacher or an owner may be
	Done       time.Duration // how long the pupil is shown that it is done
	Tries      int           // wrong numbers before a code is dead
	Confirms   int           // wrong codes from the authenticator app before the enrolment ends
	Teacher    minid.Window  // codes a teacher makes
	Pupil      minid.Window  // codes made for a pupil
	Unfinished time.Duration // how long enrolments are kept that were never finished
}

// DefaultLimits are the values the service runs with.
func DefaultLimits() Limits {
	return Limits{
		Code: 4 * time.Minute, Claim: 10 * time.Minute, Login: 30 * time.Minute, Done: 30 * time.Minute,
		Tries: 3, Confirms: 5, Teacher: minid.Window{Span: time.Hour, Most: 40}, Pupil: minid.Window{Span: time.Hour, Most: 8},
		Unfinished: 30 * 24 * time.Hour,
	}
}

func (c *Core) limits() Limits {
	l, d := c.Limits, DefaultLimits()
	for _, pair := range [][2]*time.Duration{{&l.Code, &d.Code}, {&l.Claim, &d.Claim}, {&l.Login, &d.Login}, {&l.Done, &d.Done}, {&l.Unfinished, &d.Unfinished}} {
		if *pair[0] == 0 {
			*pair[0] = *pair[1]
		}
	}
	for _, pair := range [][2]*minid.Window{{&l.Teacher, &d.Teacher}, {&l.Pupil, &d.Pupil}} {
		if *pair[0] == (minid.Window{}) {
			*pair[0] = *pair[1]
		}
	}
	if l.Tries == 0 {
		l.Tries = d.Tries
	}
	if l.Confirms == 0 {
		l.Confirms = d.Confirms
	}
	return l
}

// now is cut to the millisecond, the resolution of the storage.
func (c *Core) now() time.Time { return c.MinID.Now().UTC().Truncate(time.Millisecond) }

// Sweep deletes what is not needed any more.
func (c *Core) Sweep(ctx context.Context) error {
	now := c.now()
	return c.Store.SweepEnrolments(ctx, now, now.Add(-c.limits().Unfinished))
}

// key recognises a person by number, and says nothing of them without the key.
func (c *Core) key(pid string) string { return c.MinID.Seal.Recognise(useKey, pid) }

// Need is what a teacher or an owner must have logged in with.
func (c *Core) Need() minid.Need {
	return minid.Need{Level: minid.LevelSubstantial, MaxAge: c.limits().Login}
}

// owner gives the organisation that a session's person acts for. ErrLogin, ErrForbidden.
func (c *Core) owner(s *minid.Session) (organisation string, err error) {
	if !s.Meets(c.Need(), c.now()) {
		return "", ErrLogin
	}
	organisation, ok := c.MinID.Acts(s, minid.RoleSchoolOwner)
	if !ok {
		return "", ErrForbidden
	}
	return organisation, nil
}

// teacher gives the authorisation by which a session's person vouches in a class: it holds now, and they work at the school
// still. ErrLogin, ErrForbidden.
func (c *Core) teacher(ctx context.Context, s *minid.Session, school, class string) (*Authorisation, error) {
	all, err := c.authorisations(ctx, s)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(a Authorisation) bool { return a.School == school && a.Class == class })
	if i < 0 {
		return nil, ErrForbidden
	}
	return &all[i], nil
}

func (c *Core) authorisations(ctx context.Context, s *minid.Session) ([]Authorisation, error) {
	now := c.now()
	if !s.Meets(c.Need(), now) {
		return nil, ErrLogin
	}
	all, err := c.Store.AuthorisationsOf(ctx, c.key(s.PID), now)
	if err != nil {
		return nil, err
	}
	var hold []Authorisation
	for _, a := range all {
		employees, err := c.Registry.Employees(ctx, a.School)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		if slices.Contains(employees, s.PID) {
			hold = append(hold, a)
		}
	}
	return hold, nil
}

// name is what the population register calls somebody; empty when it does not know them.
func (c *Core) name(ctx context.Context, pid string) (string, error) {
	r, err := c.MinID.Population.Resident(ctx, pid)
	if errors.Is(err, minid.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return r.Name, nil
}

// event logs who did what, by opaque identifiers.
func (c *Core) event(ctx context.Context, what, personID, id string) {
	if c.MinID.Log != nil {
		c.MinID.Log.InfoContext(ctx, what, slog.String("person", personID), slog.String("id", id))
	}
}
