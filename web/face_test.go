package web

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
)

func TestProblemTellsWhoseSideItIsOn(t *testing.T) {
	site := newSite(t, Config{})
	h := newEngine(t, site, func(r gin.IRouter) {
		for path, p := range map[string]Problem{
			"/you": {Status: http.StatusNotFound}, "/us": {Status: http.StatusServiceUnavailable}, "/service": {Status: http.StatusBadGateway},
			"/set": {Status: http.StatusBadRequest, Side: SideService},
		} {
			r.GET(path, func(c *gin.Context) { site.Problem(c, p) })
		}
	})
	const service = "Feilen ligger hos en annen tjeneste eller app, ikke hos deg."
	for path, want := range map[string]string{
		"/you": "Du kan rette dette selv.", "/us": "Feilen ligger hos oss, ikke hos deg.", "/service": service, "/set": service,
	} {
		if body := get(h, path).Body.String(); !strings.Contains(body, want) || !strings.Contains(body, `data-copy="problem-reference"`) {
			t.Errorf("%s lacks %q or the copy button", path, want)
		}
	}
}

// Whoever panics, the person gets the page, and the log the cause, under one trace id.
func TestPanicGetsTheProblemPage(t *testing.T) {
	site, log := newSite(t, Config{}), &strings.Builder{}
	gin.SetMode(gin.TestMode)
	r := gin.New()
	r.Use(observe.Middleware(observe.Logger(log), time.Now))
	site.Mount(r)
	r.GET("/panic", func(*gin.Context) { panic("secret cause") })
	rec := get(r, "/panic")
	body, id := rec.Body.String(), rec.Header().Get("Trace-Id")
	if rec.Code != http.StatusInternalServerError || !strings.Contains(body, "Feilen ligger hos oss") || !strings.Contains(body, id) || strings.Contains(body, "secret cause") {
		t.Errorf("%d %s", rec.Code, body)
	}
	if !strings.Contains(log.String(), "secret cause") || !strings.Contains(log.String(), "TestPanicGetsTheProblemPage") || !strings.Contains(log.String(), id) {
		t.Errorf("the log lacks the cause, its place or the trace id: %s", log)
	}
}

func TestLimit(t *testing.T) {
	now := time.Date(2026, 7, 1, 21, 59, 30, 500, time.UTC)
	l := Limit{TimeKey: "x"}.Until(now, now.Add(90*time.Second))
	if l.Seconds != 90 || Clock(l.Ends) != "00:01" {
		t.Errorf("%+v, at %s", l, Clock(l.Ends))
	}
	if l = l.Until(now, now.Add(-time.Second)); l.Seconds != 0 {
		t.Errorf("past: %d", l.Seconds)
	}
	if got := Clock(time.Date(2026, 1, 1, 12, 50, 0, 0, time.UTC)); got != "13:50" {
		t.Errorf("winter: %s", got)
	}
}

func TestStepsOutOfRange(t *testing.T) {
	site := newSite(t, Config{})
	for _, at := range []int{0, 3} {
		if _, err := site.steps("nb", at, []string{"login.step.number", "login.step.confirm"}); err == nil {
			t.Errorf("step %d of 2 was taken", at)
		}
	}
	v, err := site.steps("nn", 2, []string{"login.step.number", "login.step.confirm"})
	if err != nil || v.Now != "Stadfest" || !v.All[0].Done || v.All[1].Done || !v.All[1].Now {
		t.Errorf("%+v, %v", v, err)
	}
}

// Nobody here writes Sami: these five strings are MinID's own, and no other may stand in the files.
func TestNorthernSamiHoldsOnlyWhatIsKnownToBeRight(t *testing.T) {
	known := []string{"Sihko", "Čájet sátnesuodji", "Čiehka sátnesuodji", "Gidde", "Rahpat riikkaválljenjoavkku"}
	all, err := loadTexts(files)
	if err != nil {
		t.Fatal(err)
	}
	if len(all[partial]) == 0 {
		t.Error("there is no text in se")
	}
	for key, text := range all[partial] {
		if _, ok := all[defaultLanguage][key]; !ok || !slices.Contains(known, text) {
			t.Errorf("%s: %q", key, text)
		}
		marked(t, key)
	}
}

// marked expects every element of a template that shows the text of the key to be marked with its language.
func marked(t *testing.T, key string) {
	t.Helper()
	shown := regexp.MustCompile(`<[^>]*>\{\{t "` + regexp.QuoteMeta(key) + `"`)
	names, err := filepath.Glob("templates/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, element := range shown.FindAllString(string(raw), -1) {
			if !strings.Contains(element, `{{langOf "`+key+`"}}`) {
				t.Errorf("%s shows %s without langOf", name, key)
			}
		}
	}
}

var claim = regexp.MustCompile(`webtest\.Main\(m, ([^)]*)\)`)

// Each area of templates is claimed by the tests of a package, which fail for a page that they have not looked at.
func TestEveryAreaIsLookedAtInABrowser(t *testing.T) {
	claimed := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() && (d.Name() == "node_modules" || d.Name() == "build") {
			return filepath.SkipDir
		}
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		raw, err := os.ReadFile(path)
		if m := claim.FindSubmatch(raw); m != nil {
			for area := range strings.SplitSeq(string(m[1]), ",") {
				claimed[strings.Trim(area, ` "`)] = true
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob("templates/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		area, _, isPage := strings.Cut(strings.TrimSuffix(filepath.Base(name), ".html"), "_")
		if isPage && !strings.HasSuffix(name, "_partials.html") && !claimed[area] {
			t.Errorf("no test claims the pages of the area %s with webtest.Main", area)
		}
	}
}
