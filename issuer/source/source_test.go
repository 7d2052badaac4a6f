package source

import (
	"context"
	"errors"
	"testing"
	"time"

	"lommebok.example/specs/fnr"
)

func at(s string) func() time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return func() time.Time { return t }
}

func TestPeopleAreWellFormedAndSynthetic(t *testing.T) {
	for _, p := range People() {
		n, err := fnr.Parse(p.PID)
		if err != nil {
			t.Fatalf("%s: %v", p.GivenName, err)
		}
		if n.Series() != fnr.Skatteetaten {
			t.Errorf("%s: series %v", p.GivenName, n.Series())
		}
		month := int(p.PID[2]-'0')*10 + int(p.PID[3]-'0') - 80
		dayOfMonth := int(p.PID[0]-'0')*10 + int(p.PID[1]-'0')
		if int(p.BirthDate.Month) != month || p.BirthDate.Day != dayOfMonth {
			t.Errorf("%s: birth date %v does not fit the number", p.GivenName, p.BirthDate)
		}
		if len(p.Nationalities) == 0 || p.Country == "" {
			t.Errorf("%s: no nationality or country of birth", p.GivenName)
		}
	}
}

// Everybody lives in Norway: a town abroad with a Norwegian postcode is nowhere.
func TestAddressesAreInNorway(t *testing.T) {
	abroad := 0
	for _, p := range append(People(), Residents()...) {
		v := p.values()
		address, lines := v[Address].(map[string]string), v[PostalAddress].([]string)
		town := address["locality"]
		if p.Country != "NO" {
			abroad++
			if town == p.Locality {
				t.Errorf("%s: lives in %s, %s", p.GivenName, town, address["country"])
			}
		}
		formatted := lines[0] + ", " + postCode + " " + town
		if v[ResidentCity] != town || v[ResidentCountry] != "NO" || address["country"] != "NO" || address["formatted"] != formatted || v[ResidentAddress] != formatted || lines[1] != postCode+" "+town {
			t.Errorf("%s: %v, %v", p.GivenName, address, lines)
		}
	}
	if abroad == 0 {
		t.Error("nobody was born abroad")
	}
}

func TestSchoolNumbersHaveTheirControlDigit(t *testing.T) {
	for _, s := range []*School{granskaret, lyngheia} {
		for _, n := range []string{s.Number, s.OwnerNumber} {
			sum := 0
			for i, w := range []int{3, 2, 7, 6, 5, 4, 3, 2, 1} {
				sum += w * int(n[i]-'0')
			}
			if len(n) != 9 || sum%11 != 0 {
				t.Errorf("%s: control digit", n)
			}
		}
	}
}

func TestAgeTurnsOnTheBirthdayInNorway(t *testing.T) {
	tests := []struct {
		name, now, fact string
		birth           Date
		want            bool
	}{
		{"the day before", "2026-11-22T22:59:59Z", "age_over_18", day(2008, time.November, 23), false},
		{"midnight in Norway, the day before in UTC", "2026-11-22T23:00:00Z", "age_over_18", day(2008, time.November, 23), true},
		{"summer time", "2026-06-14T22:00:00Z", "age_over_15", day(2011, time.June, 15), true},
		{"leap day, 28 February", "2026-02-28T12:00:00Z", "age_over_18", day(2008, time.February, 29), false},
		{"leap day, 1 March", "2026-03-01T12:00:00Z", "age_over_18", day(2008, time.February, 29), true},
		{"month not reached", "2026-10-30T12:00:00Z", "age_over_18", day(2008, time.November, 1), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := NewRegister(at(tt.now), Person{PID: "1", BirthDate: tt.birth})
			f, err := r.Facts(context.Background(), "1")
			if err != nil {
				t.Fatal(err)
			}
			if got, ok := f.Value(tt.fact); !ok || got != tt.want {
				t.Errorf("%s = %v, %v; want %v", tt.fact, got, ok, tt.want)
			}
		})
	}
}

func TestFactsThatThereAreNot(t *testing.T) {
	r := NewRegister(at("2026-11-23T12:00:00Z"))
	if _, err := r.Facts(context.Background(), "00000000000"); !errors.Is(err, ErrUnknownPerson) {
		t.Errorf("unknown person: %v", err)
	}
	f, err := r.Facts(context.Background(), "12865398148")
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := f.Value(SchoolName); ok {
		t.Errorf("a person without a school has %v", v)
	}
	if v, ok := f.Value(BirthDate); !ok || v.(Date).String() != "1953-06-12" {
		t.Errorf("birth date %v", v)
	}
	for name, want := range map[string]bool{"age_over_18": true, "age_over_7": false, "age_over_018": false, "shoe_size": false} {
		if Known(name) != want {
			t.Errorf("Known(%q) = %v", name, !want)
		}
	}
}
