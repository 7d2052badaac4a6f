package webtest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"lommebok.example/internal/leftout"
)

// View is a way to look at a page.
type View struct {
	Width int64 // CSS pixels
	Dark  bool
}

// Views are the ways every page is looked at. 320 is the width of 1280 at 400 % (WCAG 2.2, 1.4.10).
var Views = []View{{320, false}, {320, true}, {1280, false}, {1280, true}}

// looks are the views that axe-core sees a page in, which takes most of the time of a test in the browser: each width and each
// scheme once. Who wants pictures has all of them seen.
func looks() []View {
	if os.Getenv(picturesVariable) != "" {
		return Views
	}
	return []View{Views[0], Views[3]}
}

// picturesVariable names the folder for pictures.
const picturesVariable = "PICTURES"

func (v View) String() string {
	scheme := "light"
	if v.Dark {
		scheme = "dark"
	}
	return fmt.Sprintf("%d-%s", v.Width, scheme)
}

// patience is for one step in the browser: machines that test are slow at times.
const patience = time.Minute

// Tab is one tab of a browser of its own.
type Tab struct {
	ctx context.Context
	axe string // source of axe-core

	mu      sync.Mutex
	refused []string // what the Content-Security-Policy stopped
}

// Browser opens a tab with an empty profile; it ends with the test. Tests that Main runs share one Chromium, which takes longer to start
// than most of them, each with cookies and storage of its own; others start one, and so does who asks for more options. Where Chromium
// or axe-core is missing the test is skipped with a message that says how to get it, and fails when CI is set.
func Browser(t testing.TB, more ...chromedp.ExecAllocatorOption) *Tab {
	t.Helper()
	binary, err := exec.LookPath("chromium")
	if err != nil {
		leftout.For(t, "no chromium in PATH: install it, on Debian with apt-get install chromium")
	}
	axe, err := os.ReadFile(filepath.Join(Root(t), "web", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		leftout.For(t, "no axe-core: run npm ci in the folder web")
	}
	ctx, closeTab := chromedp.NewContext(chromium(t, binary, more), chromedp.WithNewBrowserContext())
	b := &Tab{ctx: ctx, axe: string(axe)}
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Logf("closing the tab: %v", err)
		}
		closeTab()
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("opening a tab: %v", err)
	}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	return b
}

// shared is the Chromium of the tests that Main runs.
var shared struct {
	sync.Mutex
	on   bool // Main runs
	ctx  context.Context
	stop func() error
}

// chromium gives the shared one, or one that ends with the test.
func chromium(t testing.TB, binary string, more []chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	share := shared.on && len(more) == 0
	if share && shared.ctx != nil {
		return shared.ctx
	}
	profile, err := os.MkdirTemp("", "chromium")
	if err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(binary), chromedp.UserDataDir(profile), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true), chromedp.Flag("accept-lang", "nb-NO,nb"),
	)
	allocator, stopAll := chromedp.NewExecAllocator(context.Background(), append(options, more...)...)
	ctx, _ := chromedp.NewContext(allocator)
	stop := func() error {
		err := chromedp.Cancel(ctx)
		stopAll()
		return errors.Join(err, os.RemoveAll(profile))
	}
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("starting %s: %v", binary, errors.Join(err, stop()))
	}
	if share {
		shared.ctx, shared.stop = ctx, stop
		return ctx
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Logf("closing the browser: %v", err)
		}
	})
	return ctx
}

// Root is the folder of the module, found upwards from the test's own.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := root()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
	}
	return "", errors.New("webtest: no go.mod above the test")
}

// Scripts turns JavaScript of the pages on or off.
func (b *Tab) Scripts(t testing.TB, on bool) {
	t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on}); err != nil {
		t.Fatal(err)
	}
}

func (b *Tab) listen(event any) {
	entry, ok := event.(*log.EventEntryAdded)
	if !ok || entry.Entry == nil || !strings.Contains(entry.Entry.Text, "Content Security Policy") {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refused = append(b.refused, entry.Entry.Text)
}

// takeRefused gives what the Content-Security-Policy stopped since the last call.
func (b *Tab) takeRefused() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	refused := b.refused
	b.refused = nil
	return refused
}

// Use gives the browser the cookies that jar would send to address, in place of all that it had.
func (b *Tab) Use(t testing.TB, address string, jar http.CookieJar) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	var params network.SetCookiesParams
	for _, cookie := range jar.Cookies(u) {
		params.Cookies = append(params.Cookies, &network.CookieParam{Name: cookie.Name, Value: cookie.Value, URL: address, HTTPOnly: true})
	}
	if _, err := chromedp.Call(b.ctx, network.ClearBrowserCookies, cdp.Empty{}); err != nil {
		t.Fatalf("clearing cookies: %v", err)
	}
	if _, err := chromedp.Call(b.ctx, network.SetCookies, params); err != nil {
		t.Fatalf("setting cookies: %v", err)
	}
}

// Do runs steps in the tab, within a minute, and fails the test when one of them fails.
func (b *Tab) Do(t testing.TB, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// Paste puts text into a field at once, as from the clipboard.
func (b *Tab) Paste(t testing.TB, field, text string) {
	t.Helper()
	b.Do(t, chromedp.Focus(field))
	if _, err := chromedp.Call(b.ctx, input.InsertText, input.InsertTextParams{Text: text}); err != nil {
		t.Fatal(err)
	}
}

// Press presses keys one after the other where the focus is. Enter is one event that carries its character, as a keyboard
// sends it: where it follows a link, no character is left for what then has the focus.
func (b *Tab) Press(t testing.TB, keys string) {
	t.Helper()
	for _, key := range keys {
		if key != '\r' {
			b.Do(t, chromedp.KeyEvent(string(key)))
			continue
		}
		enter := input.DispatchKeyEventParams{Key: "Enter", Code: "Enter", WindowsVirtualKeyCode: '\r', NativeVirtualKeyCode: '\r'}
		down, up := enter, enter
		down.Type, down.Text, down.UnmodifiedText, up.Type = input.DispatchKeyEventTypeKeyDown, "\r", "\r", input.DispatchKeyEventTypeKeyUp
		for _, event := range []input.DispatchKeyEventParams{down, up} {
			if _, err := chromedp.Call(b.ctx, input.DispatchKeyEvent, event); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Look changes the width and the colour scheme of the tab.
func (b *Tab) Look(t testing.TB, v View) {
	t.Helper()
	scheme := "light"
	if v.Dark {
		scheme = "dark"
	}
	b.Do(t, chromedp.EmulateViewport(v.Width, 800))
	features := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: features}); err != nil {
		t.Fatal(err)
	}
}

// Eval gives the value of an expression of JavaScript in the tab; a promise is waited for.
func Eval[T any](t testing.TB, b *Tab, expression string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	return value
}
