package webtest

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// WithoutScript turns off the scripts of the pages that are opened from now on.
func (b *Tab) WithoutScript(t testing.TB) {
	t.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
}

// OnPaper lays the page out as it is printed, in a window as wide as A4 (210 mm are 794 CSS pixels).
func (b *Tab) OnPaper(t testing.TB) {
	t.Helper()
	b.Do(t, chromedp.EmulateViewport(794, 1123))
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"}); err != nil {
		t.Fatal(err)
	}
}

// BeforeEachPage runs a script before those of each page that is opened from now on: what stands in for a part of the browser.
func (b *Tab) BeforeEachPage(t testing.TB, script string) {
	t.Helper()
	if _, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script}); err != nil {
		t.Fatal(err)
	}
}

// Camera gives the browser a camera that sees what stands in a file (YUV4MPEG2), again and again, and that every page may use.
func Camera(file string) []chromedp.ExecAllocatorOption {
	return []chromedp.ExecAllocatorOption{
		chromedp.Flag("use-fake-device-for-media-stream", true), chromedp.Flag("use-fake-ui-for-media-stream", true),
		chromedp.Flag("use-file-for-fake-video-capture", file),
	}
}
