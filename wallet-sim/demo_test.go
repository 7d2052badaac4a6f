package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"lommebok.example/wallet-sim/browser"
	"lommebok.example/wallet-sim/faults"
	"lommebok.example/wallet-sim/phone"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// binaries builds the three programs once, and gives their folder.
var binaries = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "wallet-sim-test-")
	if err != nil {
		return "", err
	}
	built = dir
	build := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "../issuer", "../verifier", ".")
	if out, err := build.CombinedOutput(); err != nil {
		return dir, errors.New(string(out))
	}
	return dir, nil
})

// built is the folder to delete at the end, "" when no test built anything.
var built string

func TestMain(m *testing.M) {
	code := m.Run()
	if built != "" {
		_ = os.RemoveAll(built)
	}
	os.Exit(code)
}

// command runs wallet-sim as its users do.
func command(t *testing.T, args ...string) (out, errs string, code int) {
	t.Helper()
	dir, err := binaries()
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(dir, "wallet-sim"), args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
}

func TestTheDemonstrationHolds(t *testing.T) {
	out, errs, code := command(t, "demo")
	if code != 0 || errs != "" {
		t.Fatalf("exit %d\n%s%s", code, out, errs)
	}
	if held := strings.Count(out, "✓"); held < 22 || strings.Contains(out, "✗") || !strings.Contains(out, fmt.Sprintf("All %d steps held", held)) {
		t.Errorf("%d ticks:\n%s", held, out)
	}
	for _, words := range []string{"status: revoked", "unmet_authentication_requirements", "Visit a service office",
		"the page: The code for the app is given at the service desk", "checks held on 2 presentation(s)", "the slip cannot be shown again",
		"the teacher: The pupil is registered", "encrypted on their way", "Stored in the wallet",
		"the service learned: Is over 18 Yes"} {
		if !strings.Contains(out, words) {
			t.Errorf("the demonstration does not say %q:\n%s", words, out)
		}
	}
}

func TestTheDemonstrationHoldsOverHTTPS(t *testing.T) {
	out, errs, code := command(t, "demo", "--tls")
	if code != 0 || !strings.Contains(out, "issuer https://") || strings.Contains(out, "http://") {
		t.Errorf("exit code %d\n%s\n%s", code, out, errs)
	}
}

// A demonstration that does not hold says what was expected, what came and where the logs are, and its exit code is 1.
func TestTheDemonstrationCanFail(t *testing.T) {
	dir, err := binaries()
	must(t, err)
	lame := t.TempDir()
	for _, name := range []string{"issuer", "wallet-sim"} {
		must(t, os.Link(filepath.Join(dir, name), filepath.Join(lame, name)))
	}
	must(t, os.WriteFile(filepath.Join(lame, "verifier"), []byte("#!/bin/sh\necho no verifier today\nexit 3\n"), 0o755))
	cmd := exec.Command(filepath.Join(lame, "wallet-sim"), "demo")
	cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("%v\n%s", err, out)
	}
	for _, words := range []string{"✗ Issuer and verifier are started", "no verifier today", "exit status 3", "The logs are in"} {
		if !strings.Contains(string(out), words) {
			t.Errorf("does not say %q:\n%s", words, out)
		}
	}
}

// started is wallet-sim up under way.
type started struct {
	cmd   *exec.Cmd
	out   *bytes.Buffer
	ports [3]int
	data  string
}

func (s *started) address(i int) string { return "http://localhost:" + strconv.Itoa(s.ports[i]) }

// flags make a command meet the services of up.
func (s *started) flags(args ...string) []string {
	return append(args, "--data", s.data, "--url", s.address(2), "--insecure-allow-http", "--json")
}

func up(t *testing.T) *started {
	t.Helper()
	dir, err := binaries()
	must(t, err)
	s := &started{out: &bytes.Buffer{}, data: t.TempDir()}
	must(t, os.Chmod(s.data, 0o700))
	s.ports, err = demoPorts()
	must(t, err)
	s.cmd = exec.Command(filepath.Join(dir, "wallet-sim"), "up", "--data", s.data, "--issuer-port", strconv.Itoa(s.ports[0]),
		"--verifier-port", strconv.Itoa(s.ports[1]), "--wallet-port", strconv.Itoa(s.ports[2]))
	s.cmd.Stdout, s.cmd.Stderr = s.out, s.out
	must(t, s.cmd.Start())
	own := &child{name: "up", log: filepath.Join(s.data, "logs", "wallet.log"), over: make(chan struct{})}
	if err := own.healthy(t.Context(), &http.Client{Timeout: shortTimeout}, s.address(2)+"/health"); err != nil {
		_ = s.cmd.Process.Kill()
		t.Fatalf("%v\n%s", err, s.out)
	}
	t.Cleanup(func() {
		if s.cmd.ProcessState == nil {
			_ = s.cmd.Process.Signal(syscall.SIGTERM)
			_ = s.cmd.Wait()
		}
	})
	return s
}

// stop is Ctrl-C.
func (s *started) stop(t *testing.T) {
	t.Helper()
	must(t, s.cmd.Process.Signal(os.Interrupt))
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, s.out)
	}
	for i, port := range s.ports {
		l, err := net.Listen("tcp", listen(port))
		if err != nil {
			t.Errorf("%d still listens: %v", i, err)
			continue
		}
		must(t, l.Close())
	}
}

// link starts a presentation as a browser does, and gives the link for a wallet on another device.
func (s *started) link(t *testing.T, service string) string {
	t.Helper()
	b, err := browser.New(nil, browser.Person{}, time.Now)
	must(t, err)
	front, err := b.Open(t.Context(), s.address(1)+"/", "")
	must(t, err)
	page, err := b.Submit(t.Context(), front, front.FormTo("/services/"+service+"/start"), url.Values{}, "")
	must(t, err)
	raw, err := b.JSON(t.Context(), page.URL.String())
	must(t, err)
	var transaction struct {
		QR string `json:"qr"`
	}
	must(t, json.Unmarshal(raw, &transaction))
	return transaction.QR
}

func decode[T any](t *testing.T, out string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatalf("%v in %q", err, out)
	}
	return v
}

func TestUpAndTheCommandLine(t *testing.T) {
	s := up(t)
	out, _, code := command(t, s.flags("credential", "list")...)
	if all := decode[[]listed](t, out); code != 0 || len(all) != 0 {
		t.Errorf("an empty wallet: exit %d, %s", code, out)
	}
	out, errs, code := command(t, s.flags("offer", "accept", s.address(0), "--type", "proof_of_age", "--person", "7")...)
	got := decode[accepted](t, out)
	if code != 0 || len(got.Stored) != 1 || got.Stored[0].Type != "eu.europa.ec.av.1" || strings.Join(got.Signed, " ") != "password totp" {
		t.Fatalf("accept: exit %d, %s%s", code, out, errs)
	}
	out, _, code = command(t, s.flags("credential", "show", got.Stored[0].ID)...)
	if one := decode[showed](t, out); code != 0 || len(one.Raw) != 10 || one.Claims["eu.europa.ec.av.1"] == nil {
		t.Errorf("show: exit %d, %s", code, out)
	}
	out, errs, code = command(t, s.flags("credential", "refresh", got.Stored[0].ID)...)
	if again := decode[accepted](t, out); code != 0 || len(again.Stored) != 1 || again.Stored[0].ID != got.Stored[0].ID {
		t.Errorf("refresh: exit %d, %s%s", code, out, errs)
	}
	out, errs, code = command(t, s.flags("offer", "accept", s.address(0), "--type", "no.sikt.vitnemal_sd_jwt_vc", "--person", "4")...)
	ordered := decode[accepted](t, out)
	if code != 0 || len(ordered.Stored) != 0 || len(ordered.Pending) != 1 {
		t.Fatalf("order: exit %d, %s%s", code, out, errs)
	}
	out, _, code = command(t, s.flags("credential", "pending")...)
	if all := decode[[]pending](t, out); code != 0 || len(all) != 1 || all[0].ID != ordered.Pending[0].ID || all[0].Name != "Diploma" {
		t.Errorf("pending: exit %d, %s", code, out)
	}
	out, errs, code = command(t, s.flags("credential", "collect", ordered.Pending[0].ID, "--wait")...)
	if late := decode[accepted](t, out); code != 0 || len(late.Stored) != 1 || late.Stored[0].Type != "no.sikt.vitnemal.1" {
		t.Errorf("collect: exit %d, %s%s", code, out, errs)
	}
	out, _, code = command(t, s.flags("request", "answer", s.link(t, "aldersgrense"), "--yes")...)
	if p := decode[presented](t, out); code != 0 || p.Declined || len(p.Shared) != 1 || p.Shared[0].Claims["eu.europa.ec.av.1.age_over_18"] != "true" {
		t.Errorf("present: exit %d, %s", code, out)
	}
	out, _, code = command(t, s.flags("request", "answer", s.link(t, "aldersgrense"), "--no")...)
	if p := decode[presented](t, out); code != 0 || !p.Declined || len(p.Shared) != 0 {
		t.Errorf("decline: exit %d, %s", code, out)
	}
	s.refusals(t)
	s.ownFaults(t)
	s.readme(t)
	s.stop(t)
	people, err := phone.ReadPeople(filepath.Join(s.data, "issuer", "test-people.json"))
	must(t, err)
	for _, words := range []string{people[0].AppCode, s.address(0), s.address(1), s.address(2), "12865398148", "FLAT STJERNE", "app code", "in_person", "Try next", "Stopping."} {
		if !strings.Contains(s.out.String(), words) {
			t.Errorf("up does not say %q:\n%s", words, s.out)
		}
	}
}

// A folder of faults of one's own is done to a verifier: one that it refuses, one that it has no reason to, one that it refuses for something
// else, and two that find nothing to change, which are told as not done.
func (s *started) ownFaults(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"mine.yaml": "do: [{in: mdoc elements.0.random, flip: true}]\nexpect: {error: [digest_mismatch], status: 400}\n",
		"more.yaml": "do: [{in: json no_such_member, set: x}]\nexpect: {}\n",
		"same.yaml": "do: [{in: mdoc status, set: 0}]\nexpect: {}\n",
		"code.yaml": "do: [{in: mdoc elements.0.random, flip: true}]\nexpect: {error: [device_signature]}\n",
		"none.yaml": "do: [{in: mdoc no_such_member, drop: true}]\nexpect: {}\n",
	} {
		text = "name: own_" + strings.TrimSuffix(name, ".yaml") + "\nbreaks: nothing\nat: authorization response\n" + text
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	config := filepath.Join(dir, "requests.yml")
	must(t, os.WriteFile(config, []byte("request: {page: "+s.address(1)+", form: /services/aldersgrense/start}\n"), 0o600))
	for _, more := range [][]string{nil, {"--request-from", s.address(1)}, {"--config", config}} {
		out, errs, code := command(t, s.flags(append([]string{"fault", "run", dir, "--verifier", s.address(1)}, more...)...)...)
		held, done := map[string]bool{}, map[string]bool{}
		for _, r := range decode[[]faults.Result](t, out) {
			held[r.Fault], done[r.Fault] = r.Held, !r.NotDone
		}
		want := map[string]bool{"own_mine": true, "own_more": false, "own_same": false, "own_code": false, "own_none": false}
		if code != exitRefused || !maps.Equal(held, want) || done["own_none"] || done["own_same"] || !done["own_more"] || !done["own_code"] {
			t.Errorf("%v: exit %d, held %v, done %v, %s%s", more, code, held, done, out, errs)
		}
	}
}

// refusals are answers too: an exit code by who said no, and in JSON to what.
func (s *started) refusals(t *testing.T) {
	t.Helper()
	type failure struct {
		Error   string
		Message string
		Refusal struct {
			Endpoint, Step string
			Sent           []string
		}
		Notices []browser.Notice
	}
	for name, c := range map[string]struct {
		args []string
		want string
		exit int
	}{
		"level out of reach": {[]string{"offer", "accept", s.address(0), "--type", "pid_sd_jwt_vc", "--person", "9"}, "unmet_authentication_requirements", exitRefused},
		"wrong password":     {[]string{"offer", "accept", s.address(0), "--type", "proof_of_age", "--pid", "12865398148", "--password", "x"}, "refused", exitRefused},
		"unknown type":       {[]string{"offer", "accept", s.address(0), "--type", "no.such", "--person", "8"}, "usage", exitUsage},
		"unknown request":    {[]string{"request", "answer", "openid4vp://?client_id=x509_hash:x&request_uri=" + url.QueryEscape(s.address(1)+"/requests/none"), "--yes"}, "invalid_request", exitRefused},
		"unknown credential": {[]string{"credential", "show", "x"}, "usage", exitUsage},
	} {
		out, _, code := command(t, s.flags(c.args...)...)
		f := decode[failure](t, out)
		if code != c.exit || f.Error != c.want || f.Message == "" {
			t.Errorf("%s: exit %d, %s", name, code, out)
		}
		if name == "level out of reach" && (len(f.Notices) != 1 || f.Refusal.Endpoint == "" || len(f.Refusal.Sent) == 0) {
			t.Errorf("%s: %s", name, out)
		}
	}
}

func TestATakenPortIsSaid(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer func() { must(t, l.Close()) }()
	_, errs, code := command(t, "up", "--data", t.TempDir(), "--issuer-port", strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	if code != exitFailed || !strings.Contains(errs, "something else listens") || !strings.Contains(errs, "--issuer-port") {
		t.Errorf("exit %d, %s", code, errs)
	}
}
