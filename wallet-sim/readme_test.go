package main

import (
	"context"
	"flag"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"

	"lommebok.example/wallet-sim/phone"
)

var update = flag.Bool("update", false, "write the golden files anew")

// readmeCommands are the lines of README.md that call the simulator.
func readmeCommands(t *testing.T) (lines []string) {
	t.Helper()
	raw, err := os.ReadFile("../README.md")
	must(t, err)
	for line := range strings.Lines(string(raw)) {
		if line, ok := strings.CutPrefix(line, "build/wallet-sim "); ok {
			line, _, _ = strings.Cut(line, "    #")
			lines = append(lines, "build/wallet-sim "+strings.TrimSpace(line))
		}
	}
	return lines
}

// readme runs each command of README.md in a shell, as it stands there, in a wallet of its own, and holds what they say against
// testdata/readme.golden.
func (s *started) readme(t *testing.T) {
	t.Helper()
	people, err := phone.ReadPeople(filepath.Join(s.data, "issuer", "test-people.json"))
	must(t, err)
	dir, err := binaries()
	must(t, err)
	work := t.TempDir()
	must(t, os.Symlink(s.data, filepath.Join(work, "data")))
	s.draw(t, filepath.Join(work, "request.png"), s.link(t, "aldersgrense"))
	var out strings.Builder
	for _, shown := range readmeCommands(t) {
		line := strings.ReplaceAll(shown, "<code>", people[0].AppCode)
		line = strings.ReplaceAll(line, "<id>", `"$(basename -s .json "$(grep -l mpid data/wallets/readme/credentials/*)")"`)
		line = strings.ReplaceAll(line, "<pending>", `"$(ls data/wallets/readme/pending | head -1 | cut -d. -f1)"`)
		line = strings.ReplaceAll(line, "build/wallet-sim ", filepath.Join(dir, "wallet-sim")+" --wallet readme --url "+s.address(2)+" ")
		line = strings.NewReplacer("http://localhost:8080", s.address(0), "http://localhost:8081", s.address(1)).Replace(line)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		cmd := exec.CommandContext(ctx, "bash", "-o", "pipefail", "-c", line)
		cmd.Dir = work
		raw, err := cmd.CombinedOutput()
		cancel()
		if err != nil {
			t.Errorf("%s: %v\n%s", shown, err, raw)
		}
		out.WriteString("$ " + shown + "\n" + s.normal(string(raw)))
	}
	golden(t, "testdata/readme.golden", out.String())
}

// draw makes a QR code as a picture.
func (s *started) draw(t *testing.T, file, text string) {
	t.Helper()
	code, err := qr.Encode(text, qr.M, qr.Auto)
	must(t, err)
	code, err = barcode.Scale(code, 600, 600)
	must(t, err)
	f, err := os.Create(file)
	must(t, err)
	must(t, png.Encode(f, code))
	must(t, f.Close())
}

var normals = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`localhost%3A\d+`), "localhost%3A<port>"},
	{regexp.MustCompile(`"\(\d+ characters\)"`), `"(<n> characters)"`},
	{regexp.MustCompile(`hidden, \d+ characters`), "hidden, <n> characters"},
	{regexp.MustCompile(`\b[a-z2-7]{26}\b`), "<id>"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\dZ?`), "<time>"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d`), "<date>"},
	{regexp.MustCompile(`\d{10} = <time>`), "<time>"},
	{regexp.MustCompile(`\b(iat|nbf|exp)": \d+`), `$1": <seconds>`},
	{regexp.MustCompile(`\b\d{11}\b`), "<number>"},
	{regexp.MustCompile(`differs by \d+s`), "differs by <seconds>"},
	{regexp.MustCompile(`\d+ credential configurations`), "<n> credential configurations"},
	{regexp.MustCompile(`\d+ requirements: \d+ held, 0 failed, \d+ not tested`), "<n> requirements: <n> held, 0 failed, <n> not tested"},
	{regexp.MustCompile(`(\d+\.\d, ){4}\d+\.\d`), "<milliseconds>"},
	{regexp.MustCompile(`"idx": \d+`), `"idx": <index>`},
	{regexp.MustCompile(`"serial": "[0-9a-f]+"`), `"serial": "<serial>"`},
	{regexp.MustCompile(`"salt": "[^"]+"`), `"salt": "<value>"`},
	{regexp.MustCompile(`sha256-[A-Za-z0-9+/=]+`), "sha256-<digest>"},
	{regexp.MustCompile(`\b[A-Z0-9]{4}(-[A-Z0-9]{4}){2,}\b`), "<code>"},
	{regexp.MustCompile(`[A-Za-z0-9_-]{6}… \(\d+ characters\)`), "<beginning>"},
}

// normal puts in the place of what differs from run to run what it is.
func (s *started) normal(text string) string {
	dir, _ := binaries()
	text = strings.NewReplacer(s.address(0), "<issuer>", s.address(1), "<verifier>", s.address(2), "<wallet>",
		strings.TrimPrefix(s.address(1), "http://"), "<verifier>", strings.TrimPrefix(s.address(0), "http://"), "<issuer>", dir, "build",
		"http%3A%2F%2F"+strings.TrimPrefix(s.address(1), "http://"), "<verifier>").Replace(text)
	for _, n := range normals {
		text = n.pattern.ReplaceAllString(text, n.with)
	}
	text = encoded.ReplaceAllStringFunc(text, func(v string) string {
		if strings.ContainsAny(v, "0123456789") && strings.ToLower(v) != v {
			return "<value>"
		}
		return v
	})
	sorted := disclosure.FindAllString(text, -1)
	slices.Sort(sorted)
	return disclosure.ReplaceAllStringFunc(text, func(string) string {
		first := sorted[0]
		sorted = sorted[1:]
		return first
	})
}

// disclosure is one in the output of decode: an issuer shuffles them.
var disclosure = regexp.MustCompile(`    \{\n      "name": [^\n]*\n      "salt": [^\n]*\n      "value": [^\n]*\n    \}`)

// encoded is what may be base64 or a random text.
var encoded = regexp.MustCompile(`[A-Za-z0-9_+/=-]{20,}`)

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		must(t, os.MkdirAll(filepath.Dir(file), 0o755))
		must(t, os.WriteFile(file, []byte(got), 0o644))
		return
	}
	want, err := os.ReadFile(file)
	must(t, err)
	if got != string(want) {
		t.Errorf("%s holds something else (go test -run %s -update writes it anew):\n%s", file, t.Name(), firstDifference(string(want), got))
	}
}

// firstDifference shows the first lines that differ.
func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(w), len(g)) {
		if w[i] != g[i] {
			return "expected " + w[i] + "\ngot      " + g[i]
		}
	}
	return "one has more lines than the other"
}
