package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lommebok.example/wallet-sim/browser"
	checks "lommebok.example/wallet-sim/check"
)

// Our issuer, with each requirement listed and none failed. The report is written in each form; check signs in by the fields that a configuration
// names, and keeps nothing that it got.
func TestCheckIssuer(t *testing.T) {
	i := newTryIssuer(t)
	flags := i.attests(t)
	dir := t.TempDir()
	config, junit, page := filepath.Join(dir, "mine.yaml"), filepath.Join(dir, "report.xml"), filepath.Join(dir, "report.html")
	must(t, os.WriteFile(config, fmt.Appendf(nil, "login:\n  - fields: {pid: %q, password: %q}\n  - code: code\n  - press: {answer: \"yes\"}\ntotp_secret: %s\n",
		i.person.PID, i.person.Password, i.person.TOTPSecret), 0o600))
	file := filepath.Join(dir, "report.json")
	args := []string{"check", "issuer", i.url, "--type", configAge, "--config", config}
	code, out, errs := ran(t, "", append(append(args, "--junit", junit, "--html", page, "--report", file), flags...)...)
	var r checks.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != exitDone {
		t.Fatalf("exit %d, %v, %s", code, err, errs)
	}
	if kept, err := os.ReadFile(file); err != nil || string(kept) != out {
		t.Errorf("the file beside the output: %v, %d bytes of %d", err, len(kept), len(out))
	}
	all, err := checks.IssuerRequirements()
	must(t, err)
	if len(r.Results) != len(all) {
		t.Errorf("%d of %d requirements", len(r.Results), len(all))
	}
	left := []string{"VCI-3.5-pre-authorized", "VCI-9.2-pending", "VCI-9.2-issued"} // no offer was given, and nothing comes later
	for _, one := range r.Results {
		if one.Outcome == checks.NotTested && !slices.Contains(left, one.ID) && !strings.Contains(one.ID, "-deferred_") {
			t.Errorf("%s was not tested: %s", one.ID, one.Why)
		}
		if one.Outcome == checks.Failed || !slices.ContainsFunc(all, func(r checks.Requirement) bool { return r == one.Requirement }) {
			t.Errorf("%s: expected %s, found %s", one.ID, one.Expected, one.Found)
		}
	}
	var suites struct {
		Tests int `xml:"tests,attr"`
	}
	raw, err := os.ReadFile(junit)
	must(t, err)
	must(t, xml.Unmarshal(raw, &suites))
	if raw, err = os.ReadFile(page); err != nil || suites.Tests != len(r.Results) || !bytes.Contains(raw, []byte("<h1>Check of the issuer")) {
		t.Errorf("%v, %+v", err, suites)
	}
	code, out, errs = ran(t, "", append(append(args, "--profile", "OpenID4VP"), flags...)...)
	if code != exitUsage || !strings.Contains(out, "OpenID4VP") {
		t.Errorf("a profile of verifiers: exit %d, %s%s", code, out, errs)
	}
	if code, out, _ = ran(t, "", append([]string{"credential", "list"}, flags...)...); strings.Contains(out, "Proof of age") {
		t.Errorf("the wallet keeps what the check got: exit %d, %s", code, out)
	}
}

// What is no issuer fails the check, and a wrong configuration is wrong usage.
func TestCheckFails(t *testing.T) {
	empty := httptest.NewServer(nil)
	defer empty.Close()
	data := t.TempDir()
	flags := []string{"--data", data, "--insecure-allow-http", "--plain"}
	code, out, _ := ran(t, "", append([]string{"check", "issuer", empty.URL, "--only", "VCI-12.2.2", "--pid", "1", "--password", "x"}, flags...)...)
	if code != exitRefused || !strings.Contains(out, "✗ VCI-12.2.2-well-known") || !strings.Contains(out, "found     status 404") {
		t.Errorf("exit %d, %s", code, out)
	}
	code, _, errs := ran(t, "", append([]string{"check", "verifier", empty.URL}, flags...)...)
	if code != exitRefused || !strings.Contains(errs, "no link with a request") {
		t.Errorf("exit %d, %s", code, errs)
	}
	empty.Close()
	for address, want := range map[string]int{empty.URL: exitFailed, "nonsense": exitUsage, "ftp://issuer.example": exitUsage} {
		if code, out, errs := ran(t, "", append([]string{"check", "issuer", address, "--pid", "1", "--password", "x"}, flags...)...); code != want || out != "" || errs == "" {
			t.Errorf("%s: exit %d, %s%s", address, code, out, errs)
		}
	}
	if code, _, errs := ran(t, "", append([]string{"check", "verifier", "nonsense"}, flags...)...); code != exitUsage {
		t.Errorf("exit %d, %s", code, errs)
	}
	config := filepath.Join(data, "wrong.yaml")
	must(t, os.WriteFile(config, []byte("logn: []"), 0o600))
	if code, _, errs = ran(t, "", append([]string{"check", "issuer", empty.URL, "--config", config}, flags...)...); code != exitUsage {
		t.Errorf("exit %d, %s", code, errs)
	}
}

// somebody signs in where the command asks for it, and pastes where the browser ended.
type somebody struct {
	bytes.Buffer
	t        *testing.T
	b        *browser.Browser
	back     io.Writer
	redirect string
}

func (s *somebody) Write(p []byte) (int, error) {
	if _, rest, ok := strings.Cut(string(p), "Open this and sign in:\n  "); ok {
		address, _, _ := strings.Cut(rest, "\n")
		go func() {
			back, err := s.b.Authorize(s.t.Context(), address, s.redirect)
			if err != nil {
				s.t.Error(err)
				return
			}
			_, _ = fmt.Fprintln(s.back, s.redirect+"?"+back.Query.Encode())
		}()
	}
	return s.Buffer.Write(p)
}

// With pause a person signs in, once. What comes after the sign-in is then faulted by the refresh token, and what comes before it without
// one; what is left out is the authorization code itself and what takes another's keys, and each says why.
func TestCheckByHand(t *testing.T) {
	i := newTryIssuer(t)
	config := filepath.Join(t.TempDir(), "pause.yaml")
	must(t, os.WriteFile(config, []byte("pause: true\n"), 0o600))
	b, err := browser.New(nil, i.person, time.Now)
	must(t, err)
	in, paste := io.Pipe()
	var out bytes.Buffer
	flags := i.attests(t)
	who := &somebody{t: t, b: b, back: paste, redirect: flags[slices.Index(flags, "--url")+1] + "/callback"}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	code := run(ctx, append([]string{"check", "issuer", i.url, "--type", configAge, "--config", config}, flags...), in, &out, who, time.Now)
	var r checks.Report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil || code != exitDone {
		t.Fatalf("exit %d, %v, %s%s", code, err, out.String(), who.String())
	}
	var left []string
	for _, one := range r.Results {
		switch {
		case one.Outcome == checks.Failed:
			t.Errorf("%s: expected %s, found %s", one.ID, one.Expected, one.Found)
		case one.Outcome == checks.NotTested && strings.Contains(one.Why, "by hand"):
			left = append(left, one.ID[strings.LastIndex(one.ID, "-")+1:])
		}
	}
	slices.Sort(left)
	want := []string{"attestation_of_another_key", "credential_token_of_another_key", "token_by_another_key", "token_code_changed", "token_code_missing", "token_code_twice",
		"token_code_used_before", "token_redirect_uri_other", "token_verifier_changed", "token_verifier_missing", "token_verifier_of_another"}
	if asked := strings.Count(who.String(), "Open this and sign in"); asked != 1 || !slices.Equal(left, want) {
		t.Errorf("asked %d times; left out are %q", asked, left)
	}
}

// A credential that the issuer does not have, and a person who is not there, are no fault of the issuer: nothing is said of its
// requirements. A paste that is no address is asked for again.
func TestCheckThatCannotBegin(t *testing.T) {
	i := newTryIssuer(t)
	flags := i.attests(t)
	config := filepath.Join(t.TempDir(), "pause.yaml")
	must(t, os.WriteFile(config, []byte("pause: true\n"), 0o600))
	for says, args := range map[string][]string{
		`no \"no.such\"`: {"--type", "no.such", "--pid", "1", "--password", "x"}, "nobody signed in": {"--type", configAge, "--config", config},
	} {
		code, out, errs := ran(t, "\nno address\n", append(append([]string{"check", "issuer", i.url}, args...), flags...)...)
		var told struct{ Error, Message string }
		if err := json.Unmarshal([]byte(out), &told); err != nil || code != exitUsage || !strings.Contains(out, says) {
			t.Errorf("%v: exit %d, %v, %s%s", args, code, err, out, errs)
		}
		if args[2] == "--config" && strings.Count(errs, "Expected an address with a state") != 2 {
			t.Errorf("what was pasted is not asked for again: %s", errs)
		}
	}
	if code, _, errs := ran(t, "", "check", "issuer", "http://localhost:1", "--data", i.data); code != exitUsage || !strings.Contains(errs, "--insecure-allow-http") {
		t.Errorf("exit %d, %s", code, errs)
	}
}
