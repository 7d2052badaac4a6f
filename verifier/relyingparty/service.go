package relyingparty

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"regexp"

	"github.com/goccy/go-yaml"

	"lommebok.example/specs/dcql"
)

//go:embed services/*.yaml
var embedded embed.FS

// ErrService is returned for a file that is no service; the error names the file and the fault.
var ErrService = errors.New("relyingparty: not a service")

// Words are the same text in each language.
type Words struct {
	NB string `yaml:"nb"`
	NN string `yaml:"nn"`
	EN string `yaml:"en"`
}

// In gives the text in a language, bokmål when it is another than the three.
func (w Words) In(lang string) string {
	switch lang {
	case "nn":
		return w.NN
	case "en":
		return w.EN
	}
	return w.NB
}

func (w Words) complete() bool { return w.NB != "" && w.NN != "" && w.EN != "" }

// Service is one relying party's page.
type Service struct {
	ID       string
	Name     Words
	Purpose  Words // why it asks
	Accepted Words // what it says to a person whose presentation it accepts
	Query    *dcql.Query
}

// file is the YAML form of a service.
type file struct {
	ID       string         `yaml:"id"`
	Name     Words          `yaml:"name"`
	Purpose  Words          `yaml:"purpose"`
	Accepted Words          `yaml:"accepted"`
	Query    map[string]any `yaml:"query"`
}

// Set is all services, in the order of their files' names.
type Set struct {
	all  []*Service
	byID map[string]*Service
}

// All lists the services.
func (s *Set) All() []*Service { return s.all }

// ByID gives a service, or nil.
func (s *Set) ByID(id string) *Service { return s.byID[id] }

// Embedded gives the services of this folder.
func Embedded() (*Set, error) {
	files, err := fs.Sub(embedded, "services")
	if err != nil {
		return nil, err
	}
	return Load(files)
}

// Load reads every *.yaml in the root of files. ErrService.
func Load(files fs.FS) (*Set, error) {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return nil, err
	}
	s := &Set{byID: map[string]*Service{}}
	for _, name := range names {
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		service, err := Parse(raw)
		if err == nil && s.byID[service.ID] != nil {
			err = fmt.Errorf("%w: the id %s is taken", ErrService, service.ID)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		s.all, s.byID[service.ID] = append(s.all, service), service
	}
	if len(s.all) == 0 {
		return nil, fmt.Errorf("%w: no *.yaml file in the folder", ErrService)
	}
	return s, nil
}

var id = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)

// Parse reads one service. A member that is not known is refused, and so is a query that a wallet would refuse.
func Parse(raw []byte) (*Service, error) {
	var f file
	if err := yaml.NewDecoder(bytes.NewReader(raw), yaml.Strict()).Decode(&f); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrService, err)
	}
	switch {
	case !id.MatchString(f.ID):
		return nil, fmt.Errorf("%w: id: expected up to 40 small letters, digits and hyphens", ErrService)
	case !f.Name.complete() || !f.Purpose.complete() || !f.Accepted.complete():
		return nil, fmt.Errorf("%w: name, purpose and accepted are required in nb, nn and en", ErrService)
	}
	query, err := parseQuery(f.Query)
	if err != nil {
		return nil, fmt.Errorf("%w: query: %w", ErrService, err)
	}
	return &Service{ID: f.ID, Name: f.Name, Purpose: f.Purpose, Accepted: f.Accepted, Query: query}, nil
}
