package faults

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// ErrFault: a document is no fault.
var ErrFault = errors.New("faults: not a fault")

// Fault is one thing done wrong.
type Fault struct {
	Name   string `yaml:"name" json:"name"`
	Breaks string `yaml:"breaks" json:"breaks"` // the section
	// Says is what the message is then, in words: «whose key binding has another nonce».
	Says string   `yaml:"says,omitempty" json:"says,omitempty"`
	At   string   `yaml:"at" json:"at"`
	Do   []Change `yaml:"do,omitempty" json:"do,omitempty"`
	// Message is what happens to the message itself: drop, repeat, or delay with how long.
	Message string `yaml:"message,omitempty" json:"message,omitempty"`
	// Encrypted leaves the wallet to encrypt its credential requests, which a change within them cannot reach then.
	Encrypted bool `yaml:"encrypted,omitempty" json:"encrypted,omitempty"`
	// SignIn: it takes a sign-in of its own, and cannot be done where a refresh token gets the token.
	SignIn bool   `yaml:"sign_in,omitempty" json:"sign_in,omitempty"`
	Expect Expect `yaml:"expect" json:"expect"`
}

// Change is one change of a request.
type Change struct {
	In      string        `yaml:"in" json:"in"`
	JWT     string        `yaml:"jwt,omitempty" json:"jwt,omitempty"`
	Set     any           `yaml:"set,omitempty" json:"set,omitempty"`
	Drop    bool          `yaml:"drop,omitempty" json:"drop,omitempty"`
	Repeat  bool          `yaml:"repeat,omitempty" json:"repeat,omitempty"`
	Flip    bool          `yaml:"flip,omitempty" json:"flip,omitempty"`
	Shift   time.Duration `yaml:"shift,omitempty" json:"shift,omitempty"`
	Earlier bool          `yaml:"earlier,omitempty" json:"earlier,omitempty"`
	Encode  string        `yaml:"encode,omitempty" json:"encode,omitempty"`
	Reverse bool          `yaml:"reverse,omitempty" json:"reverse,omitempty"`
	Sign    string        `yaml:"sign,omitempty" json:"sign,omitempty"`
}

// Expect is how the server is to answer: one of the codes when there are any, and the status, which for 0 is any from 400 to 499.
type Expect struct {
	// At is the step at which the server notices, "" for that of the fault.
	At     string   `yaml:"at,omitempty" json:"at,omitempty"`
	Error  []string `yaml:"error,omitempty" json:"error,omitempty"`
	Status int      `yaml:"status,omitempty" json:"status,omitempty"`
	// Check are codes of the check that breaks first, at a presentation: for them OpenID4VP has no names, so that a verifier which tells
	// none that a fault of the library names is judged by the status.
	Check []string `yaml:"check,omitempty" json:"check,omitempty"`
	// Lost: there is no answer, since the message never came.
	Lost bool `yaml:"lost,omitempty" json:"lost,omitempty"`
}

// steps are those of an issuance that a fault can be at.
var steps = []string{"attestation challenge", "pushed authorization request", "token request", "nonce request", "credential request",
	"deferred credential request", "notification"}

var (
	faultName = regexp.MustCompile(`^[a-z0-9_]{3,80}$`)
	inJWT     = regexp.MustCompile(`^((header|claims)\.[A-Za-z0-9_.#-]+|signature)?$`)
)

// placeOf are places that go by one rule, and what can be done at each.
type placeOf struct {
	in    *regexp.Regexp
	kinds []string
}

// requestPlaces are the places in a request of an issuance.
var requestPlaces = []placeOf{
	{regexp.MustCompile(`^method$`), []string{"set"}},
	{regexp.MustCompile(`^body$`), []string{"set", "drop", "flip", "earlier", "encode"}},
	{regexp.MustCompile(`^(header [A-Za-z-]+|form [A-Za-z_-]+)$`), []string{"set", "drop", "repeat", "flip", "earlier", "encode"}},
	{regexp.MustCompile(`^query [A-Za-z_-]+$`), []string{"set"}},
	{regexp.MustCompile(`^json [A-Za-z0-9_.-]+$`), inJSON},
	{regexp.MustCompile(`^jwe (header\.[A-Za-z0-9_-]+|encrypted_key|iv|ciphertext|tag)$`), []string{"set", "drop", "flip", "encode"}},
}

// inJSON is what can be done in JSON, which the parts of a JWT are too; onSignature what to the third of them.
var (
	inJSON      = []string{"set", "drop", "repeat", "flip", "shift", "earlier", "encode", "reverse"}
	onSignature = []string{"set", "drop", "flip", "earlier", "encode"}
)

// kindsAt are what can be done at a place, nil when it is none.
func kindsAt(places []placeOf, in string) []string {
	if n := slices.IndexFunc(places, func(p placeOf) bool { return p.in.MatchString(in) }); n >= 0 {
		return places[n].kinds
	}
	return nil
}

func (f *Fault) check() error {
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s: %s", ErrFault, f.Name, fmt.Sprintf(format, args...))
	}
	switch {
	case !faultName.MatchString(f.Name):
		return wrong("name: expected small letters, digits and _")
	case f.Breaks == "":
		return wrong("breaks: expected the section that is broken")
	case !slices.Contains(steps, f.At) && !f.Presents():
		return wrong("at: expected one of %s, %s", strings.Join(steps, ", "), AtAnswer)
	case f.Expect.At != "" && (f.Expect.Lost || !slices.Contains(steps, f.Expect.At)):
		return wrong("expect: at: expected one of %s, and an error there", strings.Join(steps, ", "))
	case len(f.Expect.Check) > 0 && !f.Presents():
		return wrong("expect: check: expected at the %s alone", AtAnswer)
	case (len(f.Do) == 0) == (f.Message == ""):
		return wrong("expected either do or message")
	case f.Expect.Lost && (len(f.Expect.Error) > 0 || f.Expect.Status != 0):
		return wrong("expect: expected either a refusal or lost")
	case f.Expect.Status != 0 && (f.Expect.Status < 400 || f.Expect.Status > 499):
		return wrong("expect: status: expected 400 to 499, those of a refusal")
	}
	if _, _, err := f.message(); err != nil {
		return wrong("%v", err)
	}
	if f.Presents() {
		if err := f.checkAnswer(); err != nil {
			return wrong("%v", err)
		}
	}
	for _, c := range f.Do {
		if err := c.check(f.Presents()); err != nil {
			return wrong("%v", err)
		}
	}
	return nil
}

// message reads Message.
func (f *Fault) message() (what string, wait time.Duration, err error) {
	what, rest, _ := strings.Cut(f.Message, " ")
	switch {
	case what == "delay":
		if wait, err = time.ParseDuration(rest); err != nil || wait <= 0 {
			err = fmt.Errorf("message: expected delay with how long, such as delay 2s, got %q", f.Message)
		}
	case rest != "" || !slices.Contains([]string{"", "drop", "repeat"}, what):
		err = fmt.Errorf("message: expected drop, repeat or delay with how long, got %q", f.Message)
	}
	return what, wait, err
}

// kinds are what a change does: one, when it is sound.
func (c *Change) kinds() (all []string) {
	for _, k := range []struct {
		name string
		is   bool
	}{
		{"set", c.Set != nil}, {"drop", c.Drop}, {"repeat", c.Repeat}, {"flip", c.Flip}, {"shift", c.Shift != 0}, {"earlier", c.Earlier},
		{"encode", c.Encode != ""}, {"reverse", c.Reverse},
	} {
		if k.is {
			all = append(all, k.name)
		}
	}
	return all
}

func (c *Change) check(inAnswer bool) error {
	switch {
	case !inAnswer && kindsAt(requestPlaces, c.In) == nil:
		return fmt.Errorf("in: expected method, body, header NAME, form NAME, query NAME, json PATH or jwe PART, got %q", c.In)
	case !inJWT.MatchString(c.JWT):
		return fmt.Errorf("jwt: expected header.NAME, claims.NAME or signature, got %q", c.JWT)
	case len(c.kinds()) != 1:
		return fmt.Errorf("in %s: expected exactly one of set, drop, repeat, flip, shift, earlier, encode, reverse", c.In)
	case !slices.Contains([]string{"", byWallet, byStranger, kept, unsigned}, c.Sign):
		return fmt.Errorf("sign: expected wallet, stranger, kept or none, got %q", c.Sign)
	case !slices.Contains([]string{"", "base64", "hex"}, c.Encode):
		return fmt.Errorf("encode: expected base64 or hex, got %q", c.Encode)
	case inAnswer:
		return c.checkAnswer()
	}
	return c.checkRequest()
}

// checkRequest sees that the place can be changed so.
func (c *Change) checkRequest() error {
	where, _, _ := strings.Cut(c.In, " ")
	allowed := kindsAt(requestPlaces, c.In)
	switch {
	case c.JWT == "" && c.Sign != "":
		return fmt.Errorf("in %s: expected sign where a JWT is changed alone", c.In)
	case c.JWT != "" && slices.Contains([]string{"method", "query", "jwe"}, where):
		return fmt.Errorf("in %s: expected jwt in a body, a header, a parameter or JSON alone", c.In)
	case c.JWT == "signature" || strings.HasSuffix(c.JWT, ".signature"):
		allowed = onSignature
	case c.JWT != "":
		allowed = inJSON
	}
	if kind := c.kinds()[0]; !slices.Contains(allowed, kind) {
		return fmt.Errorf("in %s: expected one of %s, got %s", c.In, strings.Join(allowed, ", "), kind)
	}
	return nil
}

// Parse reads the faults of a file: one document or several.
func Parse(raw []byte) ([]Fault, error) {
	var all []Fault
	d := yaml.NewDecoder(bytes.NewReader(raw), yaml.Strict())
	for {
		var f Fault
		err := d.Decode(&f)
		if err != nil && len(all) > 0 && errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFault, err)
		}
		if err := f.check(); err != nil {
			return nil, err
		}
		all = append(all, f)
	}
}

//go:embed library/*.yaml
var library embed.FS

// Library are the faults that stand ready.
func Library() ([]Fault, error) { return load(library, "library") }

// Load reads a file, or all *.yaml of a folder.
func Load(name string) ([]Fault, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return load(os.DirFS(name), ".")
	}
	raw, err := os.ReadFile(filepath.Clean(name))
	if err != nil {
		return nil, err
	}
	return Parse(raw)
}

func load(files fs.FS, dir string) (all []Fault, err error) {
	names, err := fs.Glob(files, path.Join(dir, "*.yaml"))
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		some, err := Parse(raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path.Base(name), err)
		}
		all = append(all, some...)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%w: %s holds none", ErrFault, dir)
	}
	return all, nil
}
