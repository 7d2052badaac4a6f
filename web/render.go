package web

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
)

// pageSet is page name → the layout with that page in it, in one language. It is parsed when it is first asked for: all pages in
// all languages are 28 MB, and most are never asked for.
type pageSet map[string]func() (*template.Template, error)

// Page is what a template sees as its dot.
type Page struct {
	Name      string // of the template: the tests see by it which pages they have visited
	Lang      string // of the page, one of Languages
	Chosen    string // of the person, one of Offered
	Partial   bool   // Chosen has few texts, and the page is in Lang for the most part
	Path      string // of the request, without query
	Nonce     string // of the Content-Security-Policy; a script element needs it
	Service   string
	Home      string
	Languages []languageLink
	Operator  []operatorLink // on the operator's pages
	Invalid   bool           // the data carries errors: the title then begins with the word for error
	TraceID   string
	Data      any
}

// Option changes how one page is rendered.
type Option func(*rendering)

type rendering struct{ formActions, frames []string }

// FormActions lets the forms of a page end, after redirects, at these addresses: Chromium holds form-action of the
// Content-Security-Policy against every redirect that follows a POST, so a consent page names the redirect_uri that its
// answer leads to. https and http addresses are narrowed to their origin, others to their scheme.
func FormActions(addresses ...string) Option {
	return func(r *rendering) { r.formActions = append(r.formActions, addresses...) }
}

// FrameSources lets a page load these addresses in frames, narrowed to their origins.
func FrameSources(addresses ...string) Option {
	return func(r *rendering) { r.frames = append(r.frames, addresses...) }
}

// Render writes the page web/templates/<page>.html inside the layout, in the language of the person, with the headers of
// a page. A page that cannot be rendered gives status 500, and its cause in the log.
func (s *Site) Render(c *gin.Context, status int, page string, data any, options ...Option) {
	lang, chosen := Lang(c), Chosen(c)
	var how rendering
	for _, option := range options {
		option(&how)
	}
	nonce := rand.Text()
	view := Page{
		Name: page, Lang: lang, Chosen: chosen, Partial: chosen == partial, Path: c.Request.URL.Path, Nonce: nonce, Service: s.cfg.Service, Home: s.cfg.HomePath,
		Languages: s.languageLinks(c, chosen), Operator: s.operatorLinks(c.Request.URL.Path), TraceID: observe.TraceID(c.Request.Context()), Data: data,
	}
	if form, ok := data.(interface{ Invalid() bool }); ok {
		view.Invalid = form.Invalid()
	}
	body, err := s.execute(chosen, page, view)
	if err != nil {
		s.cfg.Log.ErrorContext(c.Request.Context(), "page not rendered", "page", page, "error", err)
		s.plainFailure(c, lang)
		return
	}
	s.pageHeaders(c.Writer.Header(), nonce, how)
	c.Header("Content-Language", lang)
	c.Data(status, "text/html; charset=utf-8", body)
}

func (s *Site) execute(lang, page string, view Page) ([]byte, error) {
	parsed, ok := s.pages[lang][page]
	if !ok {
		return nil, fmt.Errorf("web: no page is called %q", page)
	}
	t, err := parsed()
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	if err := t.ExecuteTemplate(&body, "layout.html", view); err != nil {
		return nil, err
	}
	return s.outward(body.Bytes()), nil
}

// plainFailure needs no template, for when the templates are what failed.
func (s *Site) plainFailure(c *gin.Context, lang string) {
	s.pageHeaders(c.Writer.Header(), "", rendering{})
	c.Data(500, "text/plain; charset=utf-8", []byte(s.T(lang, "common.problem.server_error.what")+"\n"+
		s.T(lang, "common.problem.trace")+": "+observe.TraceID(c.Request.Context())+"\n"))
}

// loadPages finds every page, for each language with the words of that language in reach of {{t}}. It parses each once, so that
// one that is wrong is seen at the start; the languages differ in nothing that parsing could find.
func (c *contents) loadPages(fsys fs.FS) (map[string]pageSet, error) {
	names, err := fs.Glob(fsys, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("web: listing templates: %w", err)
	}
	all := map[string]pageSet{}
	for _, lang := range Offered {
		all[lang] = pageSet{}
	}
	for _, name := range names {
		page := strings.TrimSuffix(path.Base(name), ".html")
		if page == "layout" || strings.HasSuffix(page, "_partials") {
			continue
		}
		first, err := c.parsePage(fsys, defaultLanguage, page)
		if err != nil {
			return nil, err
		}
		for lang, set := range all {
			set[page] = sync.OnceValues(func() (*template.Template, error) { return c.parsePage(fsys, lang, page) })
		}
		if isForCrowds(page) {
			all[defaultLanguage][page] = func() (*template.Template, error) { return first, nil }
		}
	}
	return all, nil
}

// isForCrowds tells of the pages that many may ask for in the first second after a start, and that are kept from then on.
func isForCrowds(page string) bool {
	return strings.HasPrefix(page, "login_") || strings.HasPrefix(page, "common_")
}

func (c *contents) parsePage(fsys fs.FS, lang, page string) (*template.Template, error) {
	t, err := template.New(page).Funcs(c.functions(lang)).Option("missingkey=error").ParseFS(fsys, pageFiles(fsys, page)...)
	if err != nil {
		return nil, fmt.Errorf("web: %s: %w", page, err)
	}
	return t, nil
}

// borrows names, for an area, another whose shared templates it uses.
var borrows = map[string]string{"wallet": "transaction"}

// pageFiles are the files of one page: the layout, what all pages share, what the pages of its area and of the one it borrows from share,
// the page.
func pageFiles(fsys fs.FS, page string) []string {
	list := []string{"templates/layout.html", "templates/common_partials.html"}
	area, _, _ := strings.Cut(page, "_")
	if other := borrows[area]; other != "" {
		list = append(list, "templates/"+other+"_partials.html")
	}
	shared := "templates/" + area + "_partials.html"
	if _, err := fs.Stat(fsys, shared); err == nil && area != "common" {
		list = append(list, shared)
	}
	return append(list, "templates/"+page+".html")
}

func (c *contents) functions(lang string) template.FuncMap {
	return template.FuncMap{
		"t": func(key string, args ...any) (string, error) { return c.texts.get(lang, key, args...) },
		"tn": func(key string, n int, args ...any) (string, error) {
			return c.texts.count(lang, key, n, args...)
		},
		"langOf":        func(key string) template.HTMLAttr { return c.langOf(lang, key) },
		"steps":         func(at int, keys ...string) (steps, error) { return c.steps(lang, at, keys) },
		"clock":         Clock,
		"asset":         c.assetURL,
		"hasDesign":     c.hasDesignSystem,
		"qr":            QR,
		"dict":          dict,
		"walletAddress": WalletAddress,
		"address":       address,
	}
}

// langOf marks an element whose text is not in the language of the page (WCAG 2.2, 3.1.2): the page in a partial language
// is in defaultLanguage but for the few texts that the partial one has.
func (c *contents) langOf(lang, key string) template.HTMLAttr {
	if lang == partial && c.texts.own(lang, key) {
		return template.HTMLAttr(` lang="` + partial + `"`)
	}
	return ""
}

// dict makes a map of name, value, name, value: what a shared template gets when it needs more than one thing.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("web: dict needs pairs of name and value, got %d things", len(pairs))
	}
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("web: dict needs names that are strings, got %v", pairs[i])
		}
		m[name] = pairs[i+1]
	}
	return m, nil
}
