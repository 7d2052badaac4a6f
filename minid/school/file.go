package school

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/goccy/go-yaml"

	"lommebok.example/specs/fnr"
)

// ErrFile is what is wrong with a file of schools.
var ErrFile = errors.New("school: the file of schools")

//go:embed schools.yaml
var builtIn []byte

// BuiltIn are the synthetic schools.
func BuiltIn() (*File, error) { return Parse(builtIn) }

// File is a Registry that was read from a file.
type File struct{ schools []fileSchool }

type fileSchool struct {
	Number    string      `yaml:"number"`
	Name      string      `yaml:"name"`
	Owner     string      `yaml:"owner"`
	Employees []string    `yaml:"employees"`
	Classes   []fileClass `yaml:"classes"`
}

type fileClass struct {
	Name   string   `yaml:"name"`
	Pupils []string `yaml:"pupils"`
}

var (
	organisationForm = regexp.MustCompile(`^[0-9]{9}$`)
	classForm        = regexp.MustCompile(`^[\p{L}\p{N}]{1,12}$`) // stands in addresses
)

// Parse reads a YAML or JSON list of schools. Numbers are strings of digits, in quotes:
//
//   - number: "314600568"        organisation number
//     name: Lillevik ungdomsskole
//     owner: "314600630"         organisation number
//     employees: ["11853349366"] identity numbers
//     classes:
//   - name: 10A                  letters and digits, up to 12
//     pupils: ["07831161080"]    identity numbers; a pupil is in one class
//
// ErrFile says what is wrong and where, and holds no identity number.
func Parse(raw []byte) (*File, error) {
	f := &File{}
	if err := yaml.NewDecoder(bytes.NewReader(raw), yaml.Strict()).Decode(&f.schools); err != nil {
		// Without the lines around the mistake: they hold identity numbers.
		return nil, fmt.Errorf("%w: %s", ErrFile, yaml.FormatError(err, false, false))
	}
	numbers := map[string]bool{}
	for i, s := range f.schools {
		if numbers[s.Number] {
			return nil, fmt.Errorf("%w: school %d: its number stands twice", ErrFile, i+1)
		}
		numbers[s.Number] = true
		if err := s.check(); err != nil {
			return nil, fmt.Errorf("%w: school %d: %w", ErrFile, i+1, err)
		}
	}
	return f, nil
}

func (s fileSchool) check() error {
	switch {
	case !organisationForm.MatchString(s.Number):
		return errors.New("number: expected an organisation number of 9 digits, in quotes")
	case !organisationForm.MatchString(s.Owner):
		return errors.New("owner: expected an organisation number of 9 digits, in quotes")
	case s.Name == "":
		return errors.New("name: expected the school's name")
	}
	people, names := map[string]bool{}, map[string]bool{}
	for i, pid := range s.Employees {
		if err := once(people, pid); err != nil {
			return fmt.Errorf("employee %d: %w", i+1, err)
		}
	}
	for i, c := range s.Classes {
		if !classForm.MatchString(c.Name) || names[c.Name] {
			return fmt.Errorf("class %d: expected a name of its own, of letters and digits, up to 12", i+1)
		}
		names[c.Name] = true
		for n, pid := range c.Pupils {
			if err := once(people, pid); err != nil {
				return fmt.Errorf("class %d, pupil %d: %w", i+1, n+1, err)
			}
		}
	}
	return nil
}

// once takes an identity number that is one, and has no place in the school yet: nobody is in two classes, and nobody who
// teaches is a pupil of the same school.
func once(people map[string]bool, pid string) error {
	if _, err := fnr.Parse(pid); err != nil {
		return fmt.Errorf("expected an identity number of 11 digits, in quotes: %w", err)
	}
	if people[pid] {
		return errors.New("the person stands in the school already")
	}
	people[pid] = true
	return nil
}

// Schools implements Registry.
func (f *File) Schools(_ context.Context, owner string) ([]School, error) {
	var list []School
	for _, s := range f.schools {
		if s.Owner == owner {
			list = append(list, s.public())
		}
	}
	return list, nil
}

// School implements Registry.
func (f *File) School(_ context.Context, number string) (*School, error) {
	s, err := f.find(number)
	if err != nil {
		return nil, err
	}
	public := s.public()
	return &public, nil
}

// Employees implements Registry.
func (f *File) Employees(_ context.Context, school string) ([]string, error) {
	s, err := f.find(school)
	if err != nil {
		return nil, err
	}
	return s.Employees, nil
}

// Pupils implements Registry.
func (f *File) Pupils(_ context.Context, school, class string) ([]string, error) {
	s, err := f.find(school)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(s.Classes, func(c fileClass) bool { return c.Name == class })
	if i < 0 {
		return nil, ErrNotFound
	}
	return s.Classes[i].Pupils, nil
}

func (f *File) find(number string) (*fileSchool, error) {
	i := slices.IndexFunc(f.schools, func(s fileSchool) bool { return s.Number == number })
	if i < 0 {
		return nil, ErrNotFound
	}
	return &f.schools[i], nil
}

func (s *fileSchool) public() School {
	p := School{Number: s.Number, Name: s.Name, Owner: s.Owner}
	for _, c := range s.Classes {
		p.Classes = append(p.Classes, c.Name)
	}
	return p
}
