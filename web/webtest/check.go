package webtest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// rules are the sets of axe-core that a page must hold: WCAG 2.2 A and AA, and what its makers call best practice.
const rules = `["wcag2a","wcag2aa","wcag21a","wcag21aa","wcag22aa","best-practice"]`

// runAxe asks for everything that is wrong. Of what holds only how much is asked for: naming each element that does takes as long as
// the rules themselves.
const runAxe = `axe.run(document, {resultTypes: ["violations"], runOnly: {type: "tag", values: ` + rules + `}, rules: {"target-size": {enabled: true}}}).then(r => JSON.stringify({
	passes: r.passes.length,
	violations: r.violations.map(v => v.id + ": " + v.help + "\n" + v.nodes.map(n => "      " + n.target.join(" ") + "  " + n.failureSummary.replace(/\s+/g, " ")).join("\n")),
}))`

// smallTargets names the controls below 44 CSS pixels in height or width (WCAG 2.2, 2.5.5; AA itself asks for 24). A link
// inside a sentence is the exception there, and so is what nobody sees.
const smallTargets = `JSON.stringify([...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, summary")]
	.filter(e => e.checkVisibility() && !e.closest(".ds-skip-link, .ds-error-summary") && getComputedStyle(e).display !== "inline")
	.map(e => [e, e.getBoundingClientRect()])
	.filter(([e, r]) => r.width > 1 && (r.height < 43.5 || r.width < 43.5) && !["checkbox", "radio"].includes(e.type))
	.map(([e, r]) => e.outerHTML.slice(0, 100) + " " + Math.round(r.width) + "x" + Math.round(r.height)))`

const overflow = `document.documentElement.scrollWidth - document.documentElement.clientWidth`

// banner tells what is wrong with the banner of our own pages: it is seen in the window, whatever the width.
const banner = `(() => {
	if (!document.body.dataset.page) return "";
	const banner = document.querySelector(".lb-banner"), box = banner?.getBoundingClientRect();
	if (!banner?.checkVisibility() || !banner.textContent.trim()) return "is not shown";
	if (box.left < 0 || box.right > innerWidth || box.height < 16 || box.bottom + scrollY > innerHeight) return "is not seen whole when the page opens";
	return "";
})()`

// Axe opens the page and expects at each width and in each colour scheme: no violation of axe-core, no scrolling sideways, no small target,
// the banner seen; and of the page that the Content-Security-Policy stopped nothing in it.
func (b *Tab) Axe(t testing.TB, address string) {
	t.Helper()
	b.takeRefused()
	b.Do(t, chromedp.Navigate(address))
	b.AxeHere(t, address)
	for _, refused := range b.takeRefused() {
		t.Errorf("%s: %s", address, refused)
	}
}

// AxeHere is Axe for the page that the tab already shows; name is what the messages call it.
func (b *Tab) AxeHere(t testing.TB, name string) {
	t.Helper()
	b.Do(t, chromedp.Evaluate[chromedp.Void](b.axe))
	visit(Eval[string](t, b, `document.body.dataset.page ?? ""`))
	for _, view := range looks() {
		b.Look(t, view)
		var result struct {
			Passes     int
			Violations []string
		}
		b.decode(t, runAxe, &result)
		for _, violation := range result.Violations {
			t.Errorf("%s at %s: %s", name, view, violation)
		}
		if result.Passes == 0 {
			t.Errorf("%s at %s: axe-core found nothing to check", name, view)
		}
		if beyond := Eval[int](t, b, overflow); beyond > 0 {
			t.Errorf("%s at %s: %d pixels wider than the window", name, view, beyond)
		}
		if wrong := Eval[string](t, b, banner); wrong != "" {
			t.Errorf("%s at %s: the banner %s", name, view, wrong)
		}
		var small []string
		b.decode(t, smallTargets, &small)
		for _, target := range small {
			t.Errorf("%s at %s: target below 44 pixels: %s", name, view, target)
		}
	}
}

func (b *Tab) decode(t testing.TB, expression string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(Eval[string](t, b, expression)), into); err != nil {
		t.Fatal(err)
	}
}

// Picture opens the page and keeps a PNG of it, of its whole height, for each of Views: <name>-<width>-<scheme>.png in the folder
// that PICTURES names. Without one nobody wants pictures, and none is taken.
func (b *Tab) Picture(t testing.TB, address, name string) {
	t.Helper()
	b.Do(t, chromedp.Navigate(address))
	b.PictureHere(t, name)
}

// PictureHere is Picture for the page that the tab already shows.
func (b *Tab) PictureHere(t testing.TB, name string) {
	t.Helper()
	if strings.ContainsAny(name, `/\`) {
		t.Fatalf("the name of a picture is one word, not %q", name)
	}
	folder := os.Getenv(picturesVariable)
	if folder == "" {
		return
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, view := range Views {
		b.Look(t, view)
		png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name+"-"+view.String()+".png"), png, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
