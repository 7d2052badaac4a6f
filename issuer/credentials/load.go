package credentials

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"lommebok.example/minid"
)

//go:embed *.yaml
var embedded embed.FS

// ErrType is returned for a file that is no credential type; the error names the file and the fault.
var ErrType = errors.New("credentials: not a credential type")

// Embedded gives the types of this folder.
func Embedded() (*Set, error) { return Load(embedded) }

// Load reads every *.yaml in the root of each of the folders. The error names the file, the line and the rule.
func Load(folders ...fs.FS) (*Set, error) {
	s := &Set{byID: map[string]*Type{}, byScope: map[string]*Type{}, byVCT: map[string]*Type{}}
	for _, files := range folders {
		if err := s.load(files); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// WithFolder gives the types of this folder and those of another one.
func WithFolder(dir string) (*Set, error) { return Load(embedded, os.DirFS(dir)) }

func (s *Set) load(files fs.FS) error {
	names, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return fmt.Errorf("%w: no *.yaml file in the folder", ErrType)
	}
	for _, name := range names {
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		t, err := Parse(raw)
		if err == nil {
			err = s.add(t)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (s *Set) add(t *Type) error {
	if _, taken := s.byID[t.ID]; taken {
		return fmt.Errorf("%w: the id %s is taken", ErrType, t.ID)
	}
	if _, taken := s.byScope[t.Scope]; taken {
		return fmt.Errorf("%w: the scope %s is taken", ErrType, t.Scope)
	}
	if t.Format == SDJWT {
		if _, taken := s.byVCT[t.VCT]; taken {
			return fmt.Errorf("%w: the vct %s is taken, and a type has one description", ErrType, t.VCT)
		}
		if err := t.describe(); err != nil {
			return fmt.Errorf("%w: %w", ErrType, err)
		}
		s.byVCT[t.VCT] = t
	}
	s.all = append(s.all, t)
	s.byID[t.ID], s.byScope[t.Scope] = t, t
	return nil
}

// file is the YAML form of a type.
type file struct {
	ID         string      `yaml:"id"`
	Format     string      `yaml:"format"`
	VCT        string      `yaml:"vct"`
	DocType    string      `yaml:"doctype"`
	Scope      string      `yaml:"scope"`
	Level      string      `yaml:"level"`
	MaxAuthAge string      `yaml:"max_auth_age"`
	Validity   string      `yaml:"validity"`
	Batch      int         `yaml:"batch"`
	Grants     []string    `yaml:"grants"`
	TxCode     *bool       `yaml:"tx_code"`
	Reissue    string      `yaml:"reissue_within"`
	StatusBits *int        `yaml:"status_bits"`
	Status     string      `yaml:"status"`
	Keys       *fileKeys   `yaml:"key_attestation"`
	Display    fileDisplay `yaml:"display"`
	Claims     []fileClaim `yaml:"claims"`
}

type fileKeys struct {
	KeyStorage         []string `yaml:"key_storage"`
	UserAuthentication []string `yaml:"user_authentication"`
}

type fileDisplay struct {
	Name            fileWords `yaml:"name"`
	Description     fileWords `yaml:"description"`
	BackgroundColor string    `yaml:"background_color"`
	TextColor       string    `yaml:"text_color"`
}

type fileClaim struct {
	Path       []string  `yaml:"path"`
	Source     string    `yaml:"source"`
	Value      any       `yaml:"value"`
	Disclosure string    `yaml:"disclosure"`
	Mandatory  bool      `yaml:"mandatory"`
	Label      fileWords `yaml:"label"`
}

type fileWords struct {
	NB string `yaml:"nb"`
	NN string `yaml:"nn"`
	EN string `yaml:"en"`
}

// Parse reads one type. Unknown and repeated keys are refused.
func Parse(raw []byte) (*Type, error) {
	var f file
	if err := yaml.NewDecoder(bytes.NewReader(raw), yaml.Strict()).Decode(&f); err != nil {
		return nil, fmt.Errorf("%w: %s", ErrType, firstLine(err.Error()))
	}
	t, err := f.toType()
	if err == nil {
		err = t.check()
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s%w", ErrType, lineOf(raw, err), err)
	}
	return t, nil
}

// lineOf says on which line the place of a fault stands; "" when the file does not have the place.
func lineOf(raw []byte, err error) string {
	var f *fault
	if !errors.As(err, &f) {
		return ""
	}
	path, e := yaml.PathString("$." + f.place)
	if e != nil {
		return ""
	}
	node, e := path.ReadNode(bytes.NewReader(raw))
	if e != nil || node == nil {
		return ""
	}
	return fmt.Sprintf("line %d: ", node.GetToken().Position.Line)
}

// The parser's errors quote the file; the first line says what and where.
func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

func (f file) toType() (*Type, error) {
	level, err := minid.ParseLevel(f.Level)
	if err != nil {
		return nil, wrong("level", "level %q is none of low, substantial, high", f.Level)
	}
	age, err := time.ParseDuration(f.MaxAuthAge)
	if err != nil {
		return nil, wrong("max_auth_age", "max_auth_age %q is no duration such as 15m", f.MaxAuthAge)
	}
	validity, err := days("validity", f.Validity)
	if err != nil {
		return nil, err
	}
	var reissue time.Duration
	if f.Reissue != "" {
		if reissue, err = days("reissue_within", f.Reissue); err != nil {
			return nil, err
		}
	}
	t := &Type{
		ID: f.ID, Format: f.Format, VCT: f.VCT, DocType: f.DocType, Scope: f.Scope, Level: level,
		MaxAuthAge: age, Validity: validity, Batch: f.Batch, Grants: f.Grants, TxCode: f.TxCode == nil || *f.TxCode,
		ReissueWithin: reissue,
		Display: Display{
			Name: Words(f.Display.Name), Description: Words(f.Display.Description),
			BackgroundColor: f.Display.BackgroundColor, TextColor: f.Display.TextColor,
		},
	}
	if len(t.Grants) == 0 {
		t.Grants = []string{GrantCode}
	}
	if f.Status != "" && f.Status != StatusList && f.Status != IdentifierList {
		return nil, wrong("status", "status %q is neither %s nor %s", f.Status, StatusList, IdentifierList)
	}
	t.Identifiers = f.Status == IdentifierList
	if t.StatusBits = 1; f.StatusBits != nil {
		t.StatusBits = *f.StatusBits
	}
	if f.Keys != nil {
		t.KeyAttestation = &KeyAttestation{KeyStorage: f.Keys.KeyStorage, UserAuthentication: f.Keys.UserAuthentication}
	}
	for _, c := range f.Claims {
		t.Claims = append(t.Claims, c.toClaim(f.Format))
	}
	return t, nil
}

func (c fileClaim) toClaim(format string) Claim {
	d := Disclosure(c.Disclosure)
	if d == "" && format == SDJWT {
		d = Whole
	}
	return Claim{
		Path: c.Path, Source: c.Source, Value: c.Value, Disclosure: d,
		Mandatory: c.Mandatory, Label: Words(c.Label),
	}
}

func days(key, s string) (time.Duration, error) {
	number, ok := strings.CutSuffix(s, "d")
	n, err := strconv.Atoi(number)
	if !ok || err != nil {
		return 0, wrong(key, "%s %q is no number of days such as 30d", key, s)
	}
	return time.Duration(n) * 24 * time.Hour, nil
}
