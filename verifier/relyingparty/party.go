package relyingparty

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

	"lommebok.example/specs/dcql"
	"lommebok.example/specs/openid4vp"
)

//go:embed parties/*.yaml
var parties embed.FS

// How long the results of a party may be kept, counted from when it asked: longer than a wallet has time to answer, and no
// longer than anything is kept.
const (
	LeastKept = 6 * time.Minute
	MostKept  = 15 * time.Minute
)

// Party is a relying party that asks by the API: who it is, and what it may ask for.
type Party struct {
	ID        string
	Name      Words
	Purposes  []Purpose
	MayAsk    []Permit
	Presets   map[string]*dcql.Query
	Redirects []string // where the browser may be sent back to, character by character
	Webhook   string   // "" for none
	Access    string   // name of the files of its access certificate; "" for one under the verifier's own root
	Client    ClientAuth
	Kept      time.Duration // how long results are kept, from when it asked
}

// Purpose is why a party asks.
type Purpose struct {
	ID   string `yaml:"id"`
	Text Words  `yaml:"text"`
}

// ClientAuth is how a party authenticates at the token endpoint. Secret is the base64url of the SHA-256 of its secret; ""
// with client_secret_basic for a secret that is made at the first start.
type ClientAuth struct {
	Method string         `yaml:"method"`
	Secret string         `yaml:"client_secret_sha256"`
	JWKS   map[string]any `yaml:"jwks"`
}

// partyFile is the YAML form of a party.
type partyFile struct {
	ID        string                    `yaml:"id"`
	Name      Words                     `yaml:"name"`
	Purposes  []Purpose                 `yaml:"purposes"`
	MayAsk    []Permit                  `yaml:"may_ask"`
	Presets   map[string]map[string]any `yaml:"presets"`
	Redirects []string                  `yaml:"redirects"`
	Webhook   string                    `yaml:"webhook"`
	Access    string                    `yaml:"access"`
	Client    ClientAuth                `yaml:"client"`
	Kept      string                    `yaml:"kept"` // such as 10m
}

// Parties are all relying parties, in the order of their files' names.
type Parties struct{ all []*Party }

// All lists the parties.
func (p *Parties) All() []*Party { return p.all }

// ByID gives a party, or nil.
func (p *Parties) ByID(id string) *Party {
	if i := slices.IndexFunc(p.all, func(one *Party) bool { return one.ID == id }); i >= 0 {
		return p.all[i]
	}
	return nil
}

// EmbeddedParties gives the demonstrations of this folder.
func EmbeddedParties() (*Parties, error) {
	files, err := fs.Sub(parties, "parties")
	if err != nil {
		return nil, err
	}
	p := &Parties{}
	return p, p.Add(files)
}

// Add reads every *.yaml in the root of files. ErrService.
func (p *Parties) Add(files fs.FS) error {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return err
	}
	for _, name := range names {
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		party, err := ParseParty(raw)
		if err == nil && p.ByID(party.ID) != nil {
			err = fmt.Errorf("%w: the id %s is taken", ErrService, party.ID)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		p.all = append(p.all, party)
	}
	return nil
}

// ParseParty reads one party. A member that is not known is refused, and so is a preset that asks for more than the party
// may. ErrService.
func ParseParty(raw []byte) (*Party, error) {
	var f partyFile
	if err := yaml.NewDecoder(bytes.NewReader(raw), yaml.Strict()).Decode(&f); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrService, err)
	}
	p := &Party{
		ID: f.ID, Name: f.Name, Purposes: f.Purposes, MayAsk: f.MayAsk, Redirects: f.Redirects, Webhook: f.Webhook,
		Access: f.Access, Client: f.Client, Presets: map[string]*dcql.Query{}, Kept: MostKept,
	}
	if f.Kept != "" {
		var err error
		if p.Kept, err = time.ParseDuration(f.Kept); err != nil {
			return nil, fmt.Errorf("%w: kept: %w", ErrService, err)
		}
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrService, err)
	}
	for name, members := range f.Presets {
		query, err := parseQuery(members)
		if err == nil {
			err = p.Check(query)
		}
		if !id.MatchString(name) {
			err = errors.New("expected a name of up to 40 small letters, digits and hyphens")
		}
		if err != nil {
			return nil, fmt.Errorf("%w: preset %q: %w", ErrService, name, err)
		}
		p.Presets[name] = query
	}
	return p, nil
}

func parseQuery(members map[string]any) (*dcql.Query, error) {
	text, err := json.Marshal(members)
	if err != nil {
		return nil, err
	}
	query, err := dcql.Parse(text)
	if err != nil {
		return nil, err
	}
	return query, query.Validate()
}

func (p *Party) check() error {
	switch {
	case !id.MatchString(p.ID):
		return fmt.Errorf("id: expected up to 40 small letters, digits and hyphens")
	case !p.Name.complete():
		return fmt.Errorf("name: expected nb, nn and en")
	case len(p.Purposes) == 0 || len(p.MayAsk) == 0:
		return fmt.Errorf("purposes and may_ask: expected at least one of each")
	case p.Access != "" && !id.MatchString(p.Access):
		return fmt.Errorf("access: expected the name of the files beside this one, such as school for school.key.pem and school.pem")
	case p.Kept < LeastKept || p.Kept > MostKept:
		return fmt.Errorf("kept: expected %v to %v, got %v", LeastKept, MostKept, p.Kept)
	}
	seen := map[string]bool{}
	for _, purpose := range p.Purposes {
		if !id.MatchString(purpose.ID) || !purpose.Text.complete() || seen[purpose.ID] {
			return fmt.Errorf("purposes: expected an id of its own, and text in nb, nn and en, got %q", purpose.ID)
		}
		seen[purpose.ID] = true
	}
	for i := range p.MayAsk {
		if err := p.MayAsk[i].check(); err != nil {
			return fmt.Errorf("may_ask: %w", err)
		}
	}
	for _, address := range append(slices.Clone(p.Redirects), p.Webhook) {
		if address != "" && !isAddress(address) {
			return fmt.Errorf("redirects and webhook: expected https, or http on this machine, without fragment and user, got %q", address)
		}
	}
	return nil
}

var loopback = []string{"localhost", "127.0.0.1", "::1"}

// isAddress tells whether an address is https, or http on this machine.
func isAddress(address string) bool {
	u, err := url.Parse(address)
	return err == nil && openid4vp.Rules{InsecureAllowHTTP: slices.Contains(loopback, u.Hostname())}.IsURL(address)
}

// Purpose gives a purpose, or nil.
func (p *Party) Purpose(id string) *Purpose {
	if i := slices.IndexFunc(p.Purposes, func(one Purpose) bool { return one.ID == id }); i >= 0 {
		return &p.Purposes[i]
	}
	return nil
}
