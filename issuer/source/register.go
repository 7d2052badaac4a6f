package source

import (
	"context"
	"maps"
	"time"
)

// Register is the built-in source: the synthetic people of this package.
type Register struct {
	Now    func() time.Time
	people map[string]*Facts // of no day yet
}

// NewRegister gives the register with the people given, or with People() and Residents() when none are.
func NewRegister(now func() time.Time, people ...Person) *Register {
	if len(people) == 0 {
		people = append(People(), Residents()...)
	}
	r := &Register{Now: now, people: make(map[string]*Facts, len(people))}
	for _, p := range people {
		facts := &Facts{values: p.values(), birth: p.BirthDate}
		addDiploma(facts, p.PID)
		r.people[p.PID] = facts
	}
	return r
}

// Facts gives what the register says of the person with this identity number, or ErrUnknownPerson.
func (r *Register) Facts(_ context.Context, pid string) (*Facts, error) {
	known, ok := r.people[pid]
	if !ok {
		return nil, ErrUnknownPerson
	}
	facts := *known
	facts.today = Today(r.Now())
	return &facts, nil
}

// Person is an entry of the register.
type Person struct {
	PID                   string
	GivenName, FamilyName string
	BirthDate             Date // a field of its own: the number does not tell the century
	Country, Region       string
	Locality              string
	Nationalities         []string
	School                *School // nil: attends none
}

// School is a school that a person attends, with the organisation numbers of the school and of its owner.
type School struct {
	Role, Name, Number, OwnerName, OwnerNumber, Type string
}

func (p Person) values() map[string]any {
	v := map[string]any{
		IdentityNumber: p.PID, GivenName: p.GivenName, FamilyName: p.FamilyName,
		PlaceOfBirth:  map[string]string{"country": p.Country, "region": p.Region, "locality": p.Locality},
		Nationalities: p.Nationalities, PostalAddress: p.Address(),
	}
	maps.Copy(v, p.resident())
	if s := p.School; s != nil {
		v[SchoolRole], v[SchoolName], v[SchoolNumber], v[SchoolType] = s.Role, s.Name, s.Number, s.Type
		v[SchoolOwnerName], v[SchoolOwnerNumber] = s.OwnerName, s.OwnerNumber
	}
	addLicence(v, p.PID)
	return v
}
