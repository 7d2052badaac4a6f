package faults

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Each fault of the library has a name of its own and says what it breaks and what is expected.
func TestLibrary(t *testing.T) {
	all, err := Library()
	must(t, err)
	names := map[string]bool{}
	for _, f := range all {
		if names[f.Name] {
			t.Errorf("%s is there twice", f.Name)
		}
		names[f.Name] = true
	}
	if len(all) < 100 {
		t.Errorf("only %d faults", len(all))
	}
}

const sound = "name: x_y_z\nbreaks: RFC 1\nat: token request\ndo: [{in: header DPoP, drop: true}]\nexpect: {error: [x]}\n"

// What is no fault is refused, with the reason; a typing error is not passed over.
func TestNoFault(t *testing.T) {
	if all, err := Parse([]byte(sound + "---\n" + strings.Replace(sound, "x_y_z", "a_b_c", 1))); err != nil || len(all) != 2 {
		t.Fatalf("%d, %v", len(all), err)
	}
	for name, c := range map[string]struct{ old, with, why string }{
		"no name": {"name: x_y_z", "name: 'X Y'", "name"}, "no section": {"breaks: RFC 1", "breaks: ''", "section"},
		"no such step": {"token request", "walk", "at:"}, "unknown member": {"drop: true", "dorp: true", "dorp"},
		"noticed nowhere": {"error: [x]", "error: [x], at: walk", "at:"}, "noticed and lost": {"error: [x]", "lost: true, at: token request", "at:"},
		"expected twice": {"error: [x]", "error: [x], lost: true", "expect"}, "success expected": {"error: [x]", "status: 200", "status"},
		"check of an issuance": {"error: [x]", "error: [x], check: [y]", "check"},
		"no place":             {"header DPoP", "footer", "in:"}, "no change": {", drop: true", "", "exactly one"}, "two changes": {"drop: true", "drop: true, flip: true", "exactly one"},
		"nothing done":        {"do: [{in: header DPoP, drop: true}]", "", "do or message"},
		"message unknown":     {"do: [{in: header DPoP, drop: true}]", "message: burn", "message"},
		"delay of no time":    {"do: [{in: header DPoP, drop: true}]", "message: delay long", "how long"},
		"delay backwards":     {"do: [{in: header DPoP, drop: true}]", "message: delay -2s", "how long"},
		"no method":           {"in: header DPoP, drop: true", "in: method, drop: true", "expected one of set"},
		"time in a header":    {"drop: true", "shift: 1h", "expected one of"},
		"order of a header":   {"drop: true", "reverse: true", "expected one of"},
		"time of a signature": {"drop: true", "jwt: signature, shift: 1h", "expected one of"},
		"JWT in an address":   {"in: header DPoP, drop: true", "in: query a, jwt: claims.x, set: y", "jwt"},
		"signed without JWT":  {"drop: true", "drop: true, sign: kept", "sign"},
		"JWE repeated":        {"in: header DPoP, drop: true", "in: jwe tag, repeat: true", "expected one of"},
		"signed by who":       {"drop: true", "drop: true, sign: me", "sign"},
		"no place in the JWT": {"drop: true", "drop: true, jwt: body.x", "jwt"},
		"encoding":            {"drop: true", "encode: morse", "encode"},
		"no YAML":             {"name:", "\tname", ""},
	} {
		if _, err := Parse([]byte(strings.Replace(sound, c.old, c.with, 1))); !errors.Is(err, ErrFault) || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	if _, err := Load(dir); !errors.Is(err, ErrFault) {
		t.Errorf("an empty folder: %v", err)
	}
	file := filepath.Join(dir, "a.yaml")
	must(t, os.WriteFile(file, []byte(sound), 0o600))
	for _, name := range []string{dir, file} {
		if all, err := Load(name); err != nil || len(all) != 1 || all[0].Name != "x_y_z" {
			t.Errorf("%s: %d, %v", name, len(all), err)
		}
	}
	if _, err := Load(filepath.Join(dir, "none.yaml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no such file: %v", err)
	}
}

const soundAnswer = "name: x_y_z\nbreaks: RFC 1\nat: authorization response\ndo: [{in: kb-jwt, jwt: claims.nonce, set: a}]\nexpect: {}\n"

// A fault in a presentation has places of its own, and no use for what an issuance has.
func TestNoFaultOfAPresentation(t *testing.T) {
	if all, err := Parse([]byte(soundAnswer)); err != nil || !all[0].Presents() || len(Answers(all, true)) != 1 || len(Answers(all, false)) != 0 {
		t.Fatalf("%v", err)
	}
	const place = "in: kb-jwt, jwt: claims.nonce, set: a"
	for name, c := range map[string]struct{ old, with string }{
		"place of an issuance": {"in: kb-jwt, jwt: claims.nonce", "in: header DPoP"}, "no place": {"in: kb-jwt, jwt: claims.nonce", "in: nowhere"},
		"key binding as a whole": {"jwt: claims.nonce, ", ""}, "issuer's JWT as a whole": {"in: kb-jwt, jwt: claims.nonce", "in: issuer-jwt"},
		"JWT where none is": {"in: kb-jwt", "in: claims"}, "nothing earlier": {"set: a", "earlier: true"}, "a claim encoded": {"set: a", "encode: hex"},
		"time is shifted": {"in: kb-jwt, jwt: claims.nonce", "in: time"}, "lost": {"expect: {}", "expect: {lost: true}"},
		"noticed later": {"expect: {}", "expect: {at: token request}"},
		"delayed":       {"do: [{in: kb-jwt, jwt: claims.nonce, set: a}]", "message: delay 2s"}, "signed by who": {"set: a", "set: a, sign: me"},
		"device's signature left away": {place, "in: device-auth, drop: true"}, "device's signature said": {place, "in: device-auth, set: x"},
		"issuer by a name": {place, "in: issuer-auth, set: x, sign: stranger"}, "issuer nobody says": {place, "in: issuer-auth, set: stranger"},
		"flip by a stranger": {place, "in: issuer-auth, flip: true, sign: stranger"}, "kid twice": {place, "in: jwe kid, repeat: true"},
		"another key by a name": {place, "in: jwe key, set: mine"}, "no key": {place, "in: jwe key, drop: true"}, "claims said": {place, "in: claims, set: x"},
		"thumbprint said": {place, "in: transcript thumbprint, set: abc"}, "another disclosure flipped": {place, "in: disclosure new, flip: true"},
		"credential by a name": {place, "in: credential, set: x"}, "path of nothing": {place, "in: mdoc documents..0, drop: true"}, "mdoc signed again": {place, "in: mdoc version, set: x, sign: stranger"},
		"mdoc left away": {place, "in: mdoc, drop: true"}, "element encoded": {place, "in: mdoc elements.0, encode: hex"}, "header flipped": {place, "in: jwe header.alg, flip: true"},
		"part of no JWE": {place, "in: jwe payload, drop: true"}, "another device by a name": {place, "in: device-auth, set: mine, sign: stranger"},
		"device that signs as itself": {place, "in: device-auth, set: stranger"}, "the issuer's key": {place, "in: issuer-jwt, jwt: claims.exp, set: 1"}, "signed where nothing is": {place, "in: claims, drop: true, sign: kept"},
	} {
		if _, err := Parse([]byte(strings.Replace(soundAnswer, c.old, c.with, 1))); !errors.Is(err, ErrFault) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
