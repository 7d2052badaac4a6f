package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"

	"lommebok.example/web/webtest"
)

// takeOffer is the wallet's button that begins to get what an offer offers, after the offer was fetched.
const takeOffer = `form[method=post][action="/offer"] button`

// A person with nothing but a browser goes the whole way: what `make run` starts, in Chromium, each page looked at by
// axe-core on the way.
func TestJourneyInABrowser(t *testing.T) {
	tab := webtest.Browser(t)
	h := startHouse(t)
	p := h.people[9]

	tab.Do(t, chromedp.Navigate(h.issuer+"/?lang=nb"))
	h.look(t, tab, "journey_issuer")
	tab.Do(t, chromedp.Click(`//input[@value="no.minid.mpid_sd_jwt_vc"]/../button`), chromedp.WaitVisible(`//a[contains(@href, "/offer?")]`))
	h.look(t, tab, "journey_offer")
	tab.Do(t, chromedp.Click(`//a[contains(@href, "/offer?")]`), chromedp.WaitVisible(`button[name=look]`))
	h.look(t, tab, "journey_wallet_reference")
	tab.Do(t, chromedp.Click(`button[name=look]`), chromedp.WaitVisible(takeOffer))
	h.look(t, tab, "journey_wallet_offer")
	tab.Do(t, chromedp.Click(takeOffer), chromedp.WaitVisible("#pid"))
	tab.Do(t, chromedp.SendKeys("#pid", p.PID), chromedp.SendKeys("#password", p.Password),
		chromedp.Click(`form[action="/login/password"] button[data-variant=primary]`), chromedp.WaitVisible("#code"))
	code, err := totp.GenerateCode(p.TOTPSecret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	tab.Do(t, chromedp.SendKeys("#code", code), chromedp.Click(`form[action="/login/totp"] button[data-variant=primary]`),
		chromedp.WaitVisible(`button[name=answer][value=yes]`))
	h.look(t, tab, "journey_consent")
	tab.Do(t, chromedp.Click(`button[name=answer][value=yes]`), chromedp.WaitVisible(`//a[contains(@href, "/credentials/")] | //h1[contains(., "MinID")]`))
	h.look(t, tab, "journey_received")

	tab.Do(t, chromedp.Navigate(h.issuer+"/"), chromedp.Click(`//input[@value="no.sikt.elevbevis_sd_jwt_vc"]/../button`),
		chromedp.WaitVisible(`//a[contains(@href, "/offer?")]`), chromedp.Click(`//a[contains(@href, "/offer?")]`),
		chromedp.WaitVisible(`button[name=look]`), chromedp.Click(`button[name=look]`), chromedp.WaitVisible(takeOffer), chromedp.Click(takeOffer),
		chromedp.WaitVisible(`button[name=answer][value=yes]`), chromedp.Click(`button[name=answer][value=yes]`),
		chromedp.WaitVisible(`//a[contains(@href, "/credentials/")] | //h1[contains(., "Elevbevis")]`))

	tab.Do(t, chromedp.Navigate(h.verifier+"/?lang=nb"))
	h.look(t, tab, "journey_verifier")
	tab.Do(t, chromedp.Click(`form[action="/services/lanekassen/start"] button`), chromedp.WaitVisible(`//a[contains(@href, "/present?")]`))
	h.look(t, tab, "journey_request")
	tab.Do(t, chromedp.Click(`//a[contains(@href, "/present?")]`), chromedp.WaitVisible(`button[name=answer][value=share]`))
	h.look(t, tab, "journey_share")
	tab.Do(t, chromedp.Click(`button[name=answer][value=share]`), chromedp.WaitVisible(`//h1[contains(., "Vellykket")]`))
	h.look(t, tab, "journey_verdict")
	if page := webtest.Eval[string](t, tab, `document.body.innerText`); !strings.Contains(strings.ToLower(page), "stjerne") || strings.Contains(page, "Feilet") {
		t.Errorf("the verdict does not show what was shared, or shows a failed check:\n%s", page)
	}
	tab.Do(t, chromedp.Navigate(h.wallet+"/phone"))
	h.look(t, tab, "journey_phone")

	h.stop(t)
	h.logsHoldNothingPersonal(t)
}

type testPerson struct {
	PID        string `json:"pid"`
	Name       string `json:"name"`
	Password   string `json:"password"`
	TOTPSecret string `json:"totp_secret"`
	AppCode    string `json:"app_code"`
}

// startedHouse is what `wallet-sim up` started.
type startedHouse struct {
	issuer, verifier, wallet string
	data                     string
	people                   []testPerson
	cmd                      *exec.Cmd
	out                      io.Reader
	stopped                  bool
}

// startHouse starts the three programs as `make run` does, on free ports of the loopback.
func startHouse(t *testing.T) *startedHouse {
	t.Helper()
	programs, err := binaries()
	must(t, err)
	ports := freePorts(t, 3)
	address := func(i int) string { return fmt.Sprintf("http://localhost:%d", ports[i]) }
	h := &startedHouse{issuer: address(0), verifier: address(1), wallet: address(2), data: filepath.Join(t.TempDir(), "data")}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(cancel)
	h.cmd = exec.CommandContext(ctx, filepath.Join(programs, "wallet-sim"), "up", "--data", h.data,
		"--issuer-port", fmt.Sprint(ports[0]), "--verifier-port", fmt.Sprint(ports[1]), "--wallet-port", fmt.Sprint(ports[2]))
	h.cmd.Cancel = func() error { return h.cmd.Process.Signal(os.Interrupt) }
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	h.out, h.cmd.Stderr = out, os.Stderr
	if err := h.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.stop(t) })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.Contains(lines.Text(), "Ctrl-C stops all") {
			h.readPeople(t)
			return h
		}
	}
	t.Fatalf("up ended before it was ready: %v", lines.Err())
	return nil
}

func (h *startedHouse) readPeople(t *testing.T) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(h.data, "issuer", "test-people.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &h.people); err != nil || len(h.people) != 10 || h.people[9].TOTPSecret == "" || h.people[0].AppCode == "" {
		t.Fatalf("test-people.json: %d people, %v", len(h.people), err)
	}
}

// stop is Ctrl-C, and expects an orderly end.
func (h *startedHouse) stop(t *testing.T) {
	t.Helper()
	if h.stopped {
		return
	}
	h.stopped = true
	if err := h.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Error(err)
	}
	_, _ = io.Copy(io.Discard, h.out) // until it ends
	if err := h.cmd.Wait(); err != nil {
		t.Errorf("up ended with %v", err)
	}
}

// look expects nothing of axe-core on the page at hand, and keeps a picture of it.
func (h *startedHouse) look(t *testing.T, tab *webtest.Tab, name string) {
	t.Helper()
	tab.AxeHere(t, name)
	tab.PictureHere(t, name)
}

// logsHoldNothingPersonal searches every log for what the ten people are known by.
func (h *startedHouse) logsHoldNothingPersonal(t *testing.T) {
	t.Helper()
	searched := 0
	err := filepath.WalkDir(filepath.Join(h.data, "logs"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		searched += len(raw)
		text := strings.ToLower(string(raw))
		for _, p := range h.people {
			for _, secret := range append(strings.Fields(p.Name), p.Name, p.PID, p.Password, p.TOTPSecret, p.AppCode) {
				// A short name is also a word, such as list.
				if len(secret) > 4 && strings.Contains(text, strings.ToLower(secret)) {
					t.Errorf("%s holds %q", filepath.Base(path), secret)
				}
			}
		}
		return err
	})
	if err != nil || searched < 1000 {
		t.Errorf("%d bytes of logs were searched, %v", searched, err)
	}
}

func freePorts(t *testing.T, n int) []int {
	t.Helper()
	ports := make([]int, n)
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports
}
