package server_test

import (
	"errors"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/leftout"
	"lommebok.example/specs/oauth2"
	"lommebok.example/verifier/api"
	"lommebok.example/verifier/apiclient"
)

// blocks are the code blocks of the README for relying parties, in a language.
func blocks(t testing.TB, language string) []string {
	t.Helper()
	raw, err := os.ReadFile("../api/README.md")
	check(t, err)
	var all []string
	for i, part := range strings.Split(string(raw), "```") {
		if code, ok := strings.CutPrefix(part, language+"\n"); ok && i%2 == 1 {
			all = append(all, code)
		}
	}
	return all
}

// The Go code of the README is that of the file beside this one, and works.
func TestREADMEInGo(t *testing.T) {
	source, err := os.ReadFile("readme_example_test.go")
	check(t, err)
	code := strings.ReplaceAll(string(source), "\n\t", "\n")
	if got := blocks(t, "go"); len(got) != 1 || !strings.Contains(code, got[0]) {
		t.Errorf("%d blocks; the README has other Go than readme_example_test.go", len(got))
	}
	s := newService(t)
	claims, err := tax(t.Context(), s.url, s.secretOf(t, demoParty), func(link string) {
		w := s.open(t, link)
		w.send(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}})
	})
	if err != nil || claims["given_name"] != "Eksakt" {
		t.Errorf("%v, %v", claims, err)
	}
}

// The client of relying parties: the same device, what is refused, an access token that has become too old, and webhooks.
func TestAPIClient(t *testing.T) {
	s := newService(t)
	v := &apiclient.Verifier{URL: s.url, ID: demoParty, Secret: s.secretOf(t, demoParty)}
	question := apiclient.Question{Preset: "pid", Purpose: "tax-return", RedirectURI: "http://localhost:9000/back"}
	_, err := v.Ask(t.Context(), question)
	check(t, err)
	s.add(api.TokenLife - time.Minute)
	asked, err := v.Ask(t.Context(), question)
	check(t, err)
	s.add(2 * time.Minute)
	now, err := v.State(t.Context(), asked.Handle)
	if err != nil || now.State != "waiting" || now.Links == nil || now.Links.SameDevice != asked.Links.SameDevice {
		t.Fatalf("after the token's life: %+v, %v", now, err)
	}
	w := s.open(t, asked.Links.SameDevice)
	to, err := url.Parse(w.send(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}}))
	check(t, err)
	r, err := v.Redeem(t.Context(), asked.Handle, to.Query().Get("response_code"))
	if err != nil || !r.Accepted || r.Verdict.Credentials[0].Claims["given_name"] != "Eksakt" {
		t.Errorf("%+v, %v", r, err)
	}
	var no *apiclient.Refusal
	if _, err := v.Ask(t.Context(), apiclient.Question{Preset: "pid", Purpose: "curiosity"}); !errors.As(err, &no) || no.Code != api.UnknownPurpose || no.TraceID == "" {
		t.Errorf("%v", err)
	}
	wrong := &apiclient.Verifier{URL: s.url, ID: demoParty, Secret: "wrong"}
	if _, err := wrong.Ask(t.Context(), question); !errors.As(err, &no) || no.Code != oauth2.InvalidClient || no.Status != http.StatusUnauthorized {
		t.Errorf("%v", err)
	}
	h, body := http.Header{}, []byte(`{}`)
	api.SignWebhook(h, []byte("0123456789abcdef"), "id", s.now(), body)
	const key = "whsec_MDEyMzQ1Njc4OWFiY2RlZg=="
	if !apiclient.FromVerifier(h, body, key, s.now()) || apiclient.FromVerifier(h, []byte(`[]`), key, s.now()) || apiclient.FromVerifier(h, body, key, s.now().Add(day)) {
		t.Error("the webhook is judged wrongly")
	}
}

// The lines for curl, as they stand.
func TestREADMEWithCurl(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		leftout.For(t, "curl is not installed")
	}
	lines := blocks(t, "sh")
	if len(lines) != 3 {
		t.Fatalf("%d blocks for the shell, want settings, question and result", len(lines))
	}
	s := newService(t)
	dir := t.TempDir()
	check(t, os.Mkdir(filepath.Join(dir, "data"), 0o700))
	check(t, os.Symlink(s.cfg.DataDir, filepath.Join(dir, "data", "verifier")))
	settings := strings.Replace(lines[0], "http://localhost:8081", s.url, 1)
	run := func(script string) string {
		t.Helper()
		command := exec.CommandContext(t.Context(), "sh", "-euc", script)
		command.Dir = dir
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	out := run(settings + lines[1] + "\necho; echo \"$HANDLE\"; echo \"$LINK\"")
	told := strings.Split(strings.TrimSpace(out), "\n")
	handle, link := told[len(told)-2], told[len(told)-1]
	w := s.open(t, link)
	w.taken(w.post(url.Values{"error": {"access_denied"}, "state": {w.request.State}}))
	if got := run(settings + "HANDLE=" + handle + "\n" + lines[2]); !strings.Contains(got, `"state":"refused"`) || !strings.Contains(got, `"accepted":false`) {
		t.Errorf("%s", got)
	}
}
