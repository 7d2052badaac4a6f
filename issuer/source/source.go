package source

import (
	"context"
	"errors"
	"maps"
	"strings"
	"time"
	_ "time/tzdata" // the day a person turns eighteen is a day in Norway, also where the machine has no time zones
)

// ErrUnknownPerson is returned when a source has never heard of a person.
var ErrUnknownPerson = errors.New("source: the register has no such person")

// Source is an authentic source: it knows facts about people by their identity number.
type Source interface {
	Facts(ctx context.Context, pid string) (*Facts, error)
}

// Date is a day in the calendar. The zero Date is no day.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// String gives YYYY-MM-DD.
func (d Date) String() string {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}

// Age gives the number of birthdays since d on the day today. A person born on 29 February has the birthday on
// 1 March in a year without that day.
func (d Date) Age(today Date) int {
	years := today.Year - d.Year
	if today.Month < d.Month || (today.Month == d.Month && today.Day < d.Day) {
		years--
	}
	return years
}

// Today gives the day it is in Norway at the time at.
func Today(at time.Time) Date {
	y, m, d := at.In(norway).Date()
	return Date{Year: y, Month: m, Day: d}
}

var norway = mustLoad("Europe/Oslo")

func mustLoad(name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		panic("source: " + err.Error()) // the zones are part of the program, see the import
	}
	return loc
}

// Facts are what a source says of one person at one time.
type Facts struct {
	values map[string]any
	takes  map[string]time.Duration // of facts that cannot be had at once
	birth  Date
	today  Date
}

// NewFacts gives facts with the values of the table in the package comment. The ages are counted from birth.
func NewFacts(values map[string]any, birth Date, at time.Time) *Facts {
	return &Facts{values: values, birth: birth, today: Today(at)}
}

// Value gives a fact, and false when the source does not have it for this person. The value is a string, a bool, a
// Date, an Image, a []string, a map[string]string, or a []any or map[string]any of such.
func (f *Facts) Value(name string) (any, bool) {
	if years, ok := ageOver(name); ok {
		return f.birth.Age(f.today) >= years, f.birth != Date{}
	}
	if name == BirthDate {
		return f.birth, f.birth != Date{}
	}
	v, ok := f.values[name]
	return v, ok
}

// Takes tells how long it takes to get a fact, or the word that there is none: counted from when it was first asked for, 0 for
// at once. Until then nothing may be made of its value.
func (f *Facts) Takes(name string) time.Duration { return f.takes[name] }

// Later says that facts come later than at once.
func (f *Facts) Later(takes time.Duration, names ...string) {
	if f.takes = maps.Clone(f.takes); f.takes == nil { // facts of one person share it
		f.takes = map[string]time.Duration{}
	}
	for _, name := range names {
		f.takes[name] = takes
	}
}

// The names of the facts.
const (
	GivenName         = "given_name"
	FamilyName        = "family_name"
	IdentityNumber    = "personal_administrative_number"
	BirthDate         = "birth_date"
	PlaceOfBirth      = "place_of_birth"
	Nationalities     = "nationalities"
	PostalAddress     = "postal_address"
	Address           = "address"
	ResidentAddress   = "resident_address"
	ResidentStreet    = "resident_street"
	ResidentPostCode  = "resident_postal_code"
	ResidentCity      = "resident_city"
	ResidentCountry   = "resident_country"
	SchoolRole        = "school_role"
	SchoolName        = "school_name"
	SchoolNumber      = "school_number"
	SchoolOwnerName   = "school_owner_name"
	SchoolOwnerNumber = "school_owner_number"
	SchoolType        = "school_type"
)

var known = map[string]bool{
	GivenName: true, FamilyName: true, IdentityNumber: true, BirthDate: true, PlaceOfBirth: true, Nationalities: true,
	PostalAddress: true, Address: true, ResidentAddress: true, ResidentStreet: true, ResidentPostCode: true, ResidentCity: true, ResidentCountry: true,
	SchoolRole: true, SchoolName: true, SchoolNumber: true, SchoolOwnerName: true, SchoolOwnerNumber: true, SchoolType: true,
	DiplomaProgramme: true, DiplomaSchool: true, DiplomaDate: true, StudyCompetence: true,
	LicenceNumber: true, LicenceIssued: true, LicenceExpiry: true, DrivingPrivileges: true, Portrait: true,
}

// IsList tells whether the value of a fact is a list.
func IsList(name string) bool {
	return name == Nationalities || name == PostalAddress || name == DrivingPrivileges
}

// Known tells whether name is the name of a fact.
func Known(name string) bool {
	_, age := ageOver(name)
	return age || known[name] || filedFact.MatchString(name)
}

// ageOver reads a name of the form age_over_NN, from 10 on.
func ageOver(name string) (int, bool) {
	nn, ok := strings.CutPrefix(name, "age_over_")
	if !ok || len(nn) != 2 || nn[0] < '1' || nn[0] > '9' || nn[1] < '0' || nn[1] > '9' {
		return 0, false
	}
	return int(nn[0]-'0')*10 + int(nn[1]-'0'), true
}
