package server_test

import (
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lommebok.example/internal/leftout"
	"lommebok.example/verifier/api"
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
	_, code, _ := strings.Cut(string(source), "package server_test\n\n")
	if got := blocks(t, "go"); len(got) != 1 || got[0] != code {
		t.Errorf("%d blocks; the README has other Go than readme_example_test.go", len(got))
	}
	s := newService(t)
	v := &Verifier{URL: s.url, ID: demoParty, Secret: s.secretOf(t, demoParty)}
	check(t, v.Login(t.Context()))
	asked, err := v.Ask(t.Context(), "pid", "tax-return", "http://localhost:9000/back")
	check(t, err)
	w := s.open(t, asked.Links.CrossDevice)
	w.send(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}})
	r, err := v.Wait(t.Context(), asked.Handle)
	check(t, err)
	if !r.Accepted || r.Verdict.Credentials[0].Claims["given_name"] != "Eksakt" {
		t.Errorf("%+v", r)
	}
	asked, err = v.Ask(t.Context(), "pid", "tax-return", "http://localhost:9000/back")
	check(t, err)
	w = s.open(t, asked.Links.SameDevice)
	to, err := url.Parse(w.send(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}}))
	check(t, err)
	if r, err = v.Redeem(t.Context(), asked.Handle, to.Query().Get("response_code")); err != nil || !r.Accepted {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := v.Ask(t.Context(), "pid", "curiosity", ""); err == nil || !strings.Contains(err.Error(), api.UnknownPurpose) {
		t.Errorf("%v", err)
	}
	h, body := http.Header{}, []byte(`{}`)
	api.SignWebhook(h, []byte("0123456789abcdef"), "id", s.now(), body)
	const key = "whsec_MDEyMzQ1Njc4OWFiY2RlZg=="
	if !FromVerifier(h, body, key, s.now()) || FromVerifier(h, []byte(`[]`), key, s.now()) || FromVerifier(h, body, key, s.now().Add(day)) {
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
