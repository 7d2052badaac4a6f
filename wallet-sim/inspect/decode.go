package inspect

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"lommebok.example/specs/cose"
)

// ErrUnknown: it is nothing that this package knows.
var ErrUnknown = errors.New("inspect: not a link, JWT, SD-JWT, JWE, mdoc, status list, JSON document or certificate")

// NotVerified is the state of all that is decoded.
const NotVerified = "not verified"

// Found is what something is.
type Found struct {
	Kind    string `json:"kind"`
	Section string `json:"section"` // that describes it
	State   string `json:"state"`   // always NotVerified
	Parts   []Part `json:"parts"`
	// Problems are what a strict reader refuses it for.
	Problems []string `json:"problems,omitempty"`
}

// Part is a piece of it, decoded: Value is what encoding/json can write.
type Part struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
}

// Text is the value as indented JSON.
func (p Part) Text() string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(p.Value); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(b.String())
}

func (f *Found) add(name string, value any) { f.Parts = append(f.Parts, Part{name, value}) }

func (f *Found) problem(err error) {
	if err != nil {
		f.Problems = append(f.Problems, err.Error())
	}
}

// Decode opens raw: ErrUnknown.
func Decode(raw []byte) (*Found, error) {
	f := &Found{State: NotVerified}
	text := strings.TrimSpace(string(raw))
	switch {
	case text == "":
		return nil, fmt.Errorf("%w: it is empty", ErrUnknown)
	case strings.HasPrefix(text, "-----BEGIN "):
		return f, f.pem(text)
	case strings.HasPrefix(text, "{"):
		return f, f.json([]byte(text))
	case aLink.MatchString(text):
		return f, f.link(text)
	case compact(text) && strings.Contains(text, "~"):
		return f, f.sdjwt(text)
	case compact(text) && strings.Count(text, ".") == 2:
		f.jwt(text)
		return f, nil
	case compact(text) && strings.Count(text, ".") == 4:
		f.jwe(text)
		return f, nil
	}
	for _, b := range encodings(raw, text) {
		if f.cbor(b) {
			return f, nil
		}
	}
	return nil, ErrUnknown
}

var aLink = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)

// compact tells whether the text has the characters of a compact serialization alone.
func compact(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.~=", r)
	})
}

// encodings are the bytes that it may stand for.
func encodings(raw []byte, text string) [][]byte {
	all := [][]byte{}
	folded := strings.Join(strings.Fields(text), "")
	if b, err := hex.DecodeString(folded); err == nil {
		all = append(all, b)
	}
	for _, e := range []*base64.Encoding{base64.RawURLEncoding, base64.URLEncoding, base64.StdEncoding, base64.RawStdEncoding} {
		if b, err := e.DecodeString(folded); err == nil {
			all = append(all, b)
		}
	}
	return append(all, raw)
}

// part decodes a base64url part of a compact serialization that should hold a JSON object. What does not is shown as it is.
func (f *Found) part(name, encoded string) (object map[string]any) {
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(encoded, "="))
	if err == nil {
		object, err = objectOf(raw)
	}
	if err != nil {
		f.problem(fmt.Errorf("%s: %w", name, err))
		f.add(name, encoded)
		return nil
	}
	f.add(name, object)
	return object
}

func objectOf(raw []byte) (object map[string]any, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&object); err != nil {
		return nil, fmt.Errorf("expected a JSON object: %w", err)
	}
	return object, nil
}

// cbor tells whether b is one CBOR item of a kind that is known.
func (f *Found) cbor(b []byte) bool {
	r := cose.NewReader(b)
	v := r.Value()
	if r.Err() != nil {
		return false
	}
	switch v := v.(type) {
	case map[string]any:
		switch {
		case v["nameSpaces"] != nil || v["issuerAuth"] != nil:
			f.issuerSigned(b, v)
			return true
		case v["documents"] != nil || v["version"] != nil && v["status"] != nil:
			f.deviceResponse(b, v)
			return true
		}
	case cose.Tag:
		return v.Number == tagSign1 && f.cwt(v.Content)
	}
	return false
}

const tagSign1 = 18 // RFC 9052 section 2
