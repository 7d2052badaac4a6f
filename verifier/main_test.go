package main

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/keys"
	"lommebok.example/specs/x5c"
	"lommebok.example/verifier/trust"
)

// The command makes a list that a verifier takes with the certificate beside the key.
func TestTrustListCommand(t *testing.T) {
	dir, at := t.TempDir(), time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)
	anchors, signer := filepath.Join(dir, "anchors"), filepath.Join(dir, "signer")
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	key, err := keys.Signer(filepath.Join(dir, "ca"), "ca")
	check(err)
	root, err := x5c.NewRoot(key, x5c.Subject{Country: "NO", CommonName: "CA", URI: "https://issuer.example"}, at, 900*24*time.Hour)
	check(err)
	args := []string{"trust-list", "-anchors", anchors, "-signer", signer}
	if command(args, &bytes.Buffer{}, at) == nil {
		t.Error("a list of nobody was made")
	}
	check(keys.Publish(anchors, "ca.yaml", []byte("types: [urn-a]")))
	check(keys.PublishCertificate(anchors, "ca", root))
	for range 2 { // the second time with the key that is there
		var out bytes.Buffer
		check(command(args, &out, at))
		raw, err := os.ReadFile(filepath.Join(signer, "trust-list.pem"))
		check(err)
		certs, err := x5c.ParsePEM(raw)
		check(err)
		l, err := trust.ParseList(strings.TrimSpace(out.String()), certs[0], nil, at)
		check(err)
		if len(l.Anchors) != 1 || l.Anchors[0].Name != "ca" || !l.Anchors[0].Certificate.Equal(root) || l.Anchors[0].Types[0] != "urn-a" || !l.Until.Equal(at.Add(7*24*time.Hour)) {
			t.Errorf("read %+v", l)
		}
	}
	for _, bad := range [][]string{{"serve"}, {"trust-list"}, {"trust-list", "-anchors", anchors, "-signer", signer, "-life", "1m"}} {
		if command(bad, &bytes.Buffer{}, at) == nil {
			t.Errorf("%v was taken", bad)
		}
	}
}

func TestLoginSeries(t *testing.T) {
	const nav, tenor, ordinary = "21483609245", "14846599313", "15023990064"
	for _, c := range []struct {
		names []string
		taken []string
	}{{nil, []string{tenor}}, {[]string{"skatteetaten"}, []string{tenor}}, {[]string{"nav"}, []string{nav}}, {[]string{"nav", "skatteetaten"}, []string{nav, tenor}}} {
		policy, err := numbersOf(c.names)
		if err != nil {
			t.Fatal(err)
		}
		for _, number := range []string{nav, tenor, ordinary} {
			if _, err := policy.Parse(number); (err == nil) != slices.Contains(c.taken, number) {
				t.Errorf("%v: %s: %v", c.names, number, err)
			}
		}
	}
	for _, name := range []string{"ordinary", "tenor", ""} {
		if _, err := numbersOf([]string{name}); err == nil {
			t.Errorf("%q is taken for a series", name)
		}
	}
}

// The table above tells of every setting.
func TestSettingsAreTold(t *testing.T) {
	source, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	table, _, _ := strings.Cut(string(source), "package main")
	for field := range reflect.TypeFor[settings]().Fields() {
		if name := field.Tag.Get("env"); !strings.Contains(table, "\n//\t"+name+" ") {
			t.Errorf("%s is not in the table of main.go", name)
		}
	}
}
