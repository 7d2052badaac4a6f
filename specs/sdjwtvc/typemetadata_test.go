package sdjwtvc

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"lommebok.example/specs/sdjwt"
)

const wholeType = `{
 "vct": "urn:example:test", "name": "Test", "description": "For tests", "later": 1,
 "display": [{"locale": "nb", "name": "Prøve", "description": "Til prøver", "rendering": {
   "simple": {"logo": {"uri": "https://issuer.example/logo.png", "uri#integrity": "sha256-9cLlJNXN+TsMk+PmKjZ5t0WRL5ca/xGgX3c1VLmXfh8=", "alt_text": "x"}, "background_color": "#12107c", "text_color": "#FFFFFF"},
   "svg_templates": [{"uri": "data:image/svg+xml;base64,AA", "properties": {"orientation": "portrait"}}]}}],
 "claims": [
  {"path": ["given_name"], "display": [{"locale": "nb", "label": "Fornavn", "description": "x"}], "mandatory": true, "sd": "always", "svg_id": "given_name"},
  {"path": ["nationalities", null], "sd": "always"},
  {"path": ["nationalities", 0]},
  {"path": ["open"], "sd": "never"}]}`

func TestTypeMetadataReadsAndWrites(t *testing.T) {
	m, err := ParseTypeMetadata([]byte(wholeType), "urn:example:test")
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(m.Claims[1].Path, []any{"nationalities", nil}) || !reflect.DeepEqual(m.Claims[2].Path, []any{"nationalities", 0}) {
		t.Errorf("paths %v %v", m.Claims[1].Path, m.Claims[2].Path)
	}
	out, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseTypeMetadata(out, "urn:example:test")
	if err != nil || !reflect.DeepEqual(m, again) {
		t.Errorf("%v\n%+v\n%+v", err, m, again)
	}
}

func TestTypeMetadataRefused(t *testing.T) {
	tests := []struct{ name, old, fresh string }{
		{"no vct", `"vct": "urn:example:test", `, ""},
		{"another vct", `"vct": "urn:example:test"`, `"vct": "urn:example:other"`},
		{"integrity of nothing", `"later": 1`, `"extends#integrity": "sha256-x"`},
		{"display without locale", `"locale": "nb", "name"`, `"name"`},
		{"display without name", `"name": "Prøve", `, ""},
		{"logo by http", `https://issuer.example/logo.png`, `http://issuer.example/logo.png`},
		{"logo by script", `https://issuer.example/logo.png`, `javascript:x`},
		{"two templates, one without properties", `"properties": {"orientation": "portrait"}}]`, `"properties": {}}, {"uri": "data:x"}]`},
		{"a path twice", `["nationalities", 0]`, `["nationalities", null]`},
		{"an empty path", `["open"]`, `[]`},
		{"no path", `"path": ["open"], `, ``},
		{"a negative index", `["nationalities", 0]`, `["nationalities", -1]`},
		{"a fraction as index", `["nationalities", 0]`, `["nationalities", 0.5]`},
		{"a boolean in a path", `["nationalities", 0]`, `["nationalities", true]`},
		{"an unknown sd", `"sd": "never"`, `"sd": "sometimes"`},
		{"a label without locale", `"locale": "nb", "label"`, `"label"`},
		{"a claim's display without label", `"label": "Fornavn", `, ``},
		{"a svg_id that begins with a digit", `"svg_id": "given_name"`, `"svg_id": "1"`},
		{"a svg_id with a brace", `"svg_id": "given_name"`, `"svg_id": "a}}"`},
		{"a svg_id twice", `{"path": ["open"], "sd": "never"}`, `{"path": ["open"], "svg_id": "given_name"}`},
		{"mandatory as text", `"mandatory": true`, `"mandatory": "yes"`},
		{"a member twice", `"later": 1`, `"name": "Again"`},
		{"not an object", wholeType, `[]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			raw := strings.Replace(wholeType, tt.old, tt.fresh, 1)
			if raw == wholeType {
				t.Fatal("the document was not changed")
			}
			if _, err := ParseTypeMetadata([]byte(raw), "urn:example:test"); !errors.Is(err, ErrTypeMetadata) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// The digests of the example of W3C Subresource Integrity section 3.5.
func TestIntegrity(t *testing.T) {
	doc := []byte("alert('Hello, world.');")
	const (
		h384 = "sha384-H8BRh8j48O9oYatfu5AZzq6A9RINhZO5H16dQZngK7T62em8MUt1FLm52t+eX6xO"
		h512 = "sha512-Q2bFTOhEALkN8hOms2FKTDLy7eugP2zFZ1T8LCvX42Fp3WoNr3bjZSAHeOsHrbV1Fu9/A0EzCinRE7Af1ofPrw=="
	)
	wrong := strings.Replace(h512, "Q2b", "Q2c", 1)
	for value, want := range map[string]error{
		Integrity(doc): nil, h384: nil, h512: nil, h384 + " " + h512: nil, wrong + " " + h512: nil, "md5-x " + h384: nil, h384 + "?x=1": nil,
		wrong: ErrIntegrity, h384 + " " + wrong: ErrIntegrity, "": ErrIntegrity, "md5-x": ErrIntegrity, "sha256-": ErrIntegrity, "sha256-!": ErrIntegrity,
		strings.ReplaceAll(Integrity(doc), "=", ""): ErrIntegrity, strings.ToUpper(h384): ErrIntegrity,
	} {
		if err := VerifyIntegrity(doc, value); !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("%q: got %v, want %v", value, err, want)
		}
	}
	if VerifyIntegrity(append(doc, ' '), h384) == nil {
		t.Error("another document passes")
	}
}

func TestResolveType(t *testing.T) {
	base := `{"vct":"base","display":[{"locale":"en","name":"Base"}],"claims":[
		{"path":["a"],"sd":"always","mandatory":true,"display":[{"locale":"en","label":"A"},{"locale":"nb","label":"A"}]},
		{"path":["b"],"sd":"allowed"},{"path":["c"]}]}`
	child := func(claims, more string) string {
		return `{"vct":"child","extends":"base","claims":[` + claims + `]` + more + `}`
	}
	resolve := func(integrity string, docs map[string]string) (*TypeMetadata, error) {
		return ResolveType(context.Background(), "child", integrity, func(_ context.Context, vct string) ([]byte, error) {
			doc, ok := docs[vct]
			if !ok {
				return nil, os.ErrNotExist
			}
			return []byte(doc), nil
		})
	}
	t.Run("inherits", func(t *testing.T) {
		doc := child(`{"path":["a"],"display":[{"locale":"nn","label":"Å"}]},{"path":["b"],"sd":"never","mandatory":true},{"path":["d"]}`,
			`,"extends#integrity":"`+Integrity([]byte(base))+`"`)
		m, err := resolve(Integrity([]byte(doc)), map[string]string{"child": doc, "base": base})
		if err != nil {
			t.Fatal(err)
		}
		a, b := m.Claims[0], m.Claims[1]
		if m.Display[0].Name != "Base" || len(m.Claims) != 4 || a.SD != SDAlways || !a.mandatory() || len(a.Display) != 1 || a.Display[0].Label != "Å" ||
			b.SD != SDNever || !b.mandatory() || m.Claims[3].Path[0] != "d" {
			t.Errorf("%+v", m)
		}
	})
	chain := map[string]string{}
	for _, pair := range strings.Fields("child>1 1>2 2>3 3>4 4>5 5>6 6>7 7>8 8>9") {
		vct, up, _ := strings.Cut(pair, ">")
		chain[vct] = `{"vct":"` + vct + `","extends":"` + up + `"}`
	}
	chain["9"] = `{"vct":"9"}`
	tests := []struct {
		name, integrity string
		docs            map[string]string
		want            error
	}{
		{"in a circle", "", map[string]string{"child": child("", ""), "base": `{"vct":"base","extends":"child"}`}, ErrExtends},
		{"itself", "", map[string]string{"child": `{"vct":"child","extends":"child"}`}, ErrExtends},
		{"too many", "", chain, ErrExtends},
		{"always becomes never", "", map[string]string{"child": child(`{"path":["a"],"sd":"never"}`, ""), "base": base}, ErrExtends},
		{"always becomes allowed", "", map[string]string{"child": child(`{"path":["a"],"sd":"allowed"}`, ""), "base": base}, ErrExtends},
		{"mandatory becomes optional", "", map[string]string{"child": child(`{"path":["a"],"mandatory":false}`, ""), "base": base}, ErrExtends},
		{"another document", Integrity([]byte("x")), map[string]string{"child": child("", ""), "base": base}, ErrIntegrity},
		{"another extended document", "", map[string]string{"child": child("", `,"extends#integrity":"sha256-x"`), "base": base}, ErrIntegrity},
		{"an extended type of another name", "", map[string]string{"child": child("", ""), "base": `{"vct":"other"}`}, ErrTypeMetadata},
		{"an extended type that cannot be had", "", map[string]string{"child": child("", "")}, os.ErrNotExist},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := resolve(tt.integrity, tt.docs); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestCheckType(t *testing.T) {
	i, holder := newIssuer(t), newKey(t)
	tmpl := template(holder)
	tmpl.Claims["degrees"] = []any{map[string]any{"type": sdjwt.SD{Value: "BSc"}}, sdjwt.SD{Value: map[string]any{"type": "MSc"}}}
	tmpl.Claims["vct#integrity"] = Integrity([]byte("x"))
	whole := verified(t, issued(t, i, tmpl))
	if whole.TypeIntegrity() != Integrity([]byte("x")) {
		t.Errorf("vct#integrity %q", whole.TypeIntegrity())
	}
	nothing, err := whole.Select(nil)
	if err != nil {
		t.Fatal(err)
	}
	bare := verified(t, nothing.String())
	tests := []struct {
		name, claims         string
		ofHolder, ofVerifier bool
	}{
		{"nothing", ``, true, true},
		{"always", `{"path":["given_name"],"sd":"always"}`, true, true},
		{"never, and it is hidden", `{"path":["given_name"],"sd":"never"}`, false, true},
		{"never", `{"path":["open"],"sd":"never"}`, true, true},
		{"always, and it is open", `{"path":["open"],"sd":"always"}`, false, false},
		{"allowed", `{"path":["open"],"sd":"allowed"},{"path":["given_name"]}`, true, true},
		{"mandatory", `{"path":["given_name"],"mandatory":true}`, true, true},
		{"mandatory and absent", `{"path":["middle_name"],"mandatory":true}`, false, true},
		{"optional and absent", `{"path":["middle_name"],"sd":"never"}`, true, true},
		{"elements of an array", `{"path":["nationalities",null],"sd":"always"},{"path":["nationalities"],"sd":"never"}`, true, true},
		{"an element that is not disclosed is there", `{"path":["nationalities",0],"mandatory":true,"sd":"always"}`, true, true},
		{"an element that there is not", `{"path":["nationalities",1],"mandatory":true}`, false, true},
		{"inside elements, one of them open", `{"path":["degrees",null,"type"],"sd":"always"}`, false, true},
		{"inside one element", `{"path":["degrees",0,"type"],"sd":"always","mandatory":true}`, true, true},
		{"a name into text", `{"path":["given_name","x"]}`, false, true},
		{"a name into an array", `{"path":["nationalities","x"]}`, false, false},
		{"an index into an object", `{"path":[0]}`, false, false},
		{"all of a boolean", `{"path":["open",null]}`, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := ParseTypeMetadata([]byte(`{"vct":"urn:example:test","claims":[`+tt.claims+`]}`), "urn:example:test")
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range []struct {
				who    string
				err    error
				passes bool
			}{{"holder", whole.CheckType(m, true), tt.ofHolder}, {"verifier", bare.CheckType(m, false), tt.ofVerifier}} {
				if (c.err == nil) != c.passes || c.err != nil && !errors.Is(c.err, ErrTypeClaims) {
					t.Errorf("%s: %v", c.who, c.err)
				}
			}
		})
	}
	if err := whole.CheckType(&TypeMetadata{VCT: "urn:example:other"}, true); !errors.Is(err, ErrTypeClaims) {
		t.Errorf("another type: %v", err)
	}
	unread, err := Parse(issued(t, i, tmpl))
	if err != nil {
		t.Fatal(err)
	}
	if err := unread.CheckType(&TypeMetadata{}, true); !errors.Is(err, ErrUnverified) {
		t.Errorf("unverified: %v", err)
	}
}

func TestParseIssuerMetadata(t *testing.T) {
	const key = `{"kty":"EC","crv":"P-256","x":"b28d4MwZMjw8-00CG4xfnn9SLMVMM19SlqZpVb_uNtQ","y":"Xv5zWwuoaTgdS6hV43yI6gBwTnjukmFQQnJ_kCxzqk8"}`
	for raw, good := range map[string]bool{
		`{"issuer":"https://issuer.example","jwks":{"keys":[` + key + `]}}`:                          true,
		`{"issuer":"https://issuer.example","jwks_uri":"https://issuer.example/k"}`:                  true,
		`{"issuer":"https://issuer.example","jwks":{"keys":[]},"jwks_uri":"https://issuer.example"}`: false,
		`{"issuer":"https://issuer.example"}`:                                                        false,
		`{"issuer":"https://issuer.example/","jwks":{"keys":[]}}`:                                    false,
		`{"issuer":"https://issuer.example","issuer":"https://issuer.example","jwks_uri":"x"}`:       false,
		`[]`: false,
	} {
		if _, err := ParseIssuerMetadata([]byte(raw), "https://issuer.example"); (err == nil) != good || err != nil && !errors.Is(err, ErrIssuerMetadata) {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

func FuzzParseTypeMetadata(f *testing.F) {
	f.Add([]byte(wholeType))
	f.Add([]byte(`{"vct":"urn:example:test","claims":[{"path":[0,null,"x"]}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := ParseTypeMetadata(raw, "urn:example:test")
		if err != nil {
			return
		}
		out, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseTypeMetadata(out, "urn:example:test"); err != nil {
			t.Errorf("what was written is not read: %v\n%s", err, out)
		}
	})
}

func FuzzVerifyIntegrity(f *testing.F) {
	f.Add([]byte("x"), "sha256-x sha512-y")
	f.Fuzz(func(t *testing.T, doc []byte, value string) {
		if VerifyIntegrity(doc, Integrity(doc)) != nil {
			t.Error("its own value does not fit")
		}
		_ = VerifyIntegrity(doc, value)
	})
}
