package web

import (
	"html/template"
	"image"
	"image/color"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

func TestLocalPath(t *testing.T) {
	for _, path := range []string{"/", "/login", "/authorize?client_id=https%3A%2F%2Fwallet.example&request_uri=urn:x:1", "/a/b/", "/a-b_c~d", "/a?b=//c", "/a?b=%2F%2Fc", "/a.b/c..d"} {
		if !LocalPath(path) {
			t.Errorf("%q is a local path", path)
		}
	}
	for _, path := range []string{"", "a", "//", "//a", "//?a", `/\a`, "/a//b", "/a/../b", "/..", "/a/.", "/%2e%2e", "/%2Fa", "/%5Ca", "/a b", "/a\tb", "/a\x00", "/é", "/a#b", "https://a", "/%zz", "/" + strings.Repeat("a", 2048)} {
		if LocalPath(path) {
			t.Errorf("%q is no local path", path)
		}
	}
}

func FuzzLocalPath(f *testing.F) {
	for _, seed := range []string{"/", "//", "//a", "/a?b=c", `/\a`, "/%2fa", "/a/../b", "/a#b"} {
		f.Add(seed)
	}
	here := httptest.NewRequest(http.MethodGet, "https://here.example/x/y", nil).URL
	f.Fuzz(func(t *testing.T, path string) {
		if !LocalPath(path) {
			return
		}
		to, err := here.Parse(path)
		if err != nil || to.Host != "here.example" || to.Scheme != "https" || strings.ContainsAny(path, "\\\r\n\t ") || strings.HasPrefix(to.Path, "//") {
			t.Errorf("%q leads to %v, %v", path, to, err)
		}
	})
}

func TestFormToken(t *testing.T) {
	token := FormToken("secret")
	if !CheckFormToken("secret", token) {
		t.Error("the right token is refused")
	}
	for name, c := range map[string][2]string{
		"other secret": {"other", token}, "no token": {"secret", ""}, "no secret": {"", FormToken("")}, "the secret": {"secret", "secret"}, "longer": {"secret", token + "A"},
	} {
		if CheckFormToken(c[0], c[1]) {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestOwnForms(t *testing.T) {
	site := newSite(t, Config{})
	h := newEngine(t, site, func(r gin.IRouter) {
		r.POST("/form", site.OwnForms(), func(c *gin.Context) {
			if err := c.Request.ParseForm(); err != nil {
				c.Status(http.StatusRequestEntityTooLarge)
				return
			}
			c.Status(http.StatusNoContent)
		})
	})
	for _, c := range []struct {
		name, header, value string
		size, want          int
	}{
		{"own form", "Sec-Fetch-Site", "same-origin", 1, http.StatusNoContent},
		{"not a browser", "Accept", "*/*", 1, http.StatusNoContent},
		{"64 KiB", "Sec-Fetch-Site", "none", maxForm, http.StatusNoContent},
		{"64 KiB and one", "Sec-Fetch-Site", "none", maxForm + 1, http.StatusRequestEntityTooLarge},
		{"cross-site", "Sec-Fetch-Site", "cross-site", 1, http.StatusForbidden},
		{"other origin", "Origin", "https://evil.example", 1, http.StatusForbidden},
	} {
		r := httptest.NewRequest(http.MethodPost, "/form", strings.NewReader(strings.Repeat("x", c.size)))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set(c.header, c.value)
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		if rec.Code != c.want {
			t.Errorf("%s: %d, want %d", c.name, rec.Code, c.want)
		}
	}
}

func TestWalletAddress(t *testing.T) {
	for _, address := range []string{"openid4vp://?client_id=x", "eudi-wallet://cb", "https://wallet.example/cb?a=b", "haip-vp://x", "com.example.wallet:/cb"} {
		if got, err := WalletAddress(address); err != nil || got != template.URL(address) {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, address := range []string{"javascript:alert(1)", "JAVASCRIPT:alert(1)", "data:text/html,x", "vbscript:x", "blob:x", "file:///x", "", "/x", "//x", " javascript:x", "java\nscript:x", "view-source:https://x"} {
		if got, err := WalletAddress(address); err == nil {
			t.Errorf("%q was taken as %q", address, got)
		}
	}
}

func TestFormActions(t *testing.T) {
	site := newSite(t, Config{})
	h := newEngine(t, site, func(r gin.IRouter) {
		r.GET("/page", func(c *gin.Context) {
			site.Render(c, http.StatusOK, "common_problem", problemView{ReturnURL: "/", Side: SideYou},
				FormActions(c.QueryArray("to")...))
		})
	})
	action := regexp.MustCompile(`form-action ([^;]*);`)
	for query, want := range map[string]string{
		"":                                     "'self'",
		"?to=https://wallet.example/cb?x=y":    "'self' https://wallet.example",
		"?to=http://localhost:8082/cb":         "'self' http://localhost:8082",
		"?to=eudi-wallet://cb&to=haip://x":     "'self' eudi-wallet: haip:",
		"?to=com.example.wallet:/cb":           "'self' com.example.wallet:",
		"?to=*&to=/x&to=//x&to=https:&to=":     "'self'",
		"?to=https://x%3B%20script-src%20*/":   "'self'",
		"?to=x%3B%20script-src%20*://y":        "'self'",
		"?to=https://x%20y/":                   "'self'",
		"?to=https://x%27unsafe-inline%27/":    "'self'",
		"?to=https://user:pass@wallet.example": "'self' https://wallet.example",
	} {
		rec := get(h, "/page"+query)
		got := action.FindStringSubmatch(rec.Header().Get("Content-Security-Policy"))
		if got == nil || got[1] != want {
			t.Errorf("%s: %v, want %s", query, got, want)
		}
	}
}

func TestNonceIsNew(t *testing.T) {
	h := newEngine(t, newSite(t, Config{}), nil)
	nonce := regexp.MustCompile(`nonce="([^"]+)"`)
	seen := map[string]bool{}
	for range 3 {
		rec := get(h, "/problem")
		got := nonce.FindStringSubmatch(rec.Body.String())
		if got == nil || seen[got[1]] || len(got[1]) < 22 || !strings.Contains(rec.Header().Get("Content-Security-Policy"), "'nonce-"+got[1]+"'") {
			t.Fatalf("nonce %v", got)
		}
		seen[got[1]] = true
	}
}

func TestNoInlineScriptOrStyle(t *testing.T) {
	inline := regexp.MustCompile(`(?i)<style|\sstyle=|\son[a-z]+=|<script(>|[^>]*>[^<])|javascript:`)
	h := newEngine(t, newSite(t, Config{}), nil)
	if found := inline.FindString(get(h, "/problem").Body.String()); found != "" {
		t.Errorf("the layout has %q", found)
	}
	names, err := files.ReadDir("templates")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		raw, err := files.ReadFile("templates/" + name.Name())
		if err != nil {
			t.Fatal(err)
		}
		if found := inline.FindString(string(raw)); found != "" {
			t.Errorf("%s has %q", name.Name(), found)
		}
	}
}

func TestLanguage(t *testing.T) {
	h := newEngine(t, newSite(t, Config{}), nil)
	for _, c := range []struct{ query, cookie, accept, want string }{
		{"", "", "", "nb"},
		{"", "", "nn-NO,nn;q=0.9,nb;q=0.8", "nn"},
		{"", "", "no", "nb"},
		{"", "", "nb-NO", "nb"},
		{"", "", "en-GB,en", "en"},
		{"", "", "de,fr;q=0.8", "nb"},
		{"", "", "de,en;q=0.8", "en"},
		{"", "", "%%%", "nb"},
		{"", "nn", "en", "nn"},
		{"", "xx", "en", "en"},
		{"?lang=en", "nn", "nb", "en"},
		{"?lang=xx", "nn", "nb", "nn"},
		{"?lang=se", "nn", "en", "nb"}, // partial: the rest is bokmål
		{"", "se", "en", "nb"},
		{"", "", "se, nn;q=0.5", "nb"},
	} {
		rec := get(h, "/problem"+c.query, "Accept-Language", c.accept, "Cookie", "lommebok_lang="+c.cookie)
		if !strings.Contains(rec.Body.String(), `<html lang="`+c.want+`"`) || rec.Header().Get("Content-Language") != c.want {
			t.Errorf("%+v: %s", c, rec.Header().Get("Content-Language"))
		}
		if kept := strings.Contains(rec.Header().Get("Set-Cookie"), "lommebok_lang="+c.want+";"); kept != (c.query == "?lang=en") {
			t.Errorf("%+v: cookie %q", c, rec.Header().Get("Set-Cookie"))
		}
	}
}

func TestLanguageLinksKeepTheQuery(t *testing.T) {
	h := newEngine(t, newSite(t, Config{HomePath: "/home"}), nil)
	body := get(h, "/problem?a=b%26c&lang=nb").Body.String()
	if !strings.Contains(body, `href="/problem?a=b%26c&amp;lang=en"`) {
		t.Errorf("links: %s", body)
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/problem?a=b", nil))
	if !strings.Contains(rec.Body.String(), `href="/home?lang=en"`) {
		t.Errorf("links after a POST: %s", rec.Body)
	}
	if strings.Contains(get(h, "//evil.example/x").Body.String(), `href="//evil`) {
		t.Error("a link leads to another host")
	}
}

var dark = regexp.MustCompile(`M(\d+) (\d+)h1v1h-1z`)

// The QR code is read by another maker's reader.
func TestQR(t *testing.T) {
	for _, text := range []string{"openid4vp://?client_id=x509_hash%3Aabc&request_uri=https%3A%2F%2Fverifier.example%2Fr%2F1", "ABCD-EFGH", "blåbær"} {
		svg, err := QR(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := readQR(t, string(svg)); got != text {
			t.Errorf("read %q, want %q", got, text)
		}
	}
	if _, err := QR(strings.Repeat("x", 5000)); err == nil {
		t.Error("5000 bytes fit in no QR code")
	}
}

func readQR(t *testing.T, svg string) string {
	t.Helper()
	const scale = 4
	var size int
	if m := regexp.MustCompile(`viewBox="0 0 (\d+) `).FindStringSubmatch(svg); m != nil {
		size = atoi(t, m[1])
	}
	picture := image.NewGray(image.Rect(0, 0, size*scale, size*scale))
	for i := range picture.Pix {
		picture.Pix[i] = 255
	}
	for _, m := range dark.FindAllStringSubmatch(svg, -1) {
		for y := range scale {
			for x := range scale {
				picture.SetGray(atoi(t, m[1])*scale+x, atoi(t, m[2])*scale+y, color.Gray{})
			}
		}
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
	if err != nil {
		t.Fatal(err)
	}
	result, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
	if err != nil {
		t.Fatal(err)
	}
	return result.GetText()
}

func atoi(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestProblemDescriptionIsASCII(t *testing.T) {
	if got, want := ascii("a\"b\\c\nd\x7fé – x"), "a b c d    x"; strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(want), " ") {
		t.Errorf("%q, want %q", got, want)
	}
}
