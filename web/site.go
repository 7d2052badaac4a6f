package web

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"
)

// Config says which service the pages belong to.
type Config struct {
	Service  string       // "issuer", "verifier" or "wallet": picks the site name, common.service.<Service>
	Secure   bool         // the service is reached by https: HSTS, Secure cookies with the __Host- prefix
	HomePath string       // where the site name in the header leads; "" means "/"
	Under    string       // path of the host below which the service stands, see IsUnder and Strip; "" for the root
	Log      *slog.Logger // nil means slog.Default()
}

// Site renders the pages of one service. It is safe for concurrent use.
type Site struct {
	*contents
	cfg      Config
	busy     sync.Map // language and code → page that Busy keeps
	operator []string // paths of the operator's pages
}

// operatorPath is where the pages of whoever runs the service stand.
const operatorPath = "/operator/"

// OperatorPages makes the operator's pages lead to each other: each is called operator.nav and what follows /operator/. Call it before
// the first request.
func (s *Site) OperatorPages(paths ...string) { s.operator = paths }

// operatorLink leads to a page of the operator.
type operatorLink struct {
	Path, Key string
	Current   bool
}

func (s *Site) operatorLinks(path string) []operatorLink {
	if !strings.HasPrefix(path, operatorPath) {
		return nil
	}
	links := make([]operatorLink, len(s.operator))
	for n, to := range s.operator {
		links[n] = operatorLink{to, "operator.nav." + strings.TrimPrefix(to, operatorPath), to == path}
	}
	return links
}

// contents are what the folder web holds, the same for every site.
type contents struct {
	texts  texts
	pages  map[string]pageSet // language → pages
	assets map[string]asset   // path below /assets/ → file
}

// embedded reads the embedded files once: parsing the templates is most of what it costs to make a service.
var embedded = sync.OnceValues(func() (*contents, error) {
	var c contents
	var err error
	if c.texts, err = loadTexts(files); err != nil {
		return nil, err
	}
	if c.assets, err = loadAssets(files); err != nil {
		return nil, err
	}
	if c.pages, err = c.loadPages(files); err != nil {
		return nil, err
	}
	return &c, nil
})

// New makes the pages of a service. The error names the file and the place of a template or text that is wrong.
func New(cfg Config) (*Site, error) {
	if cfg.HomePath == "" {
		cfg.HomePath = "/"
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if !IsUnder(cfg.Under) {
		return nil, fmt.Errorf("web: %q is no path to stand below: it begins with a slash and ends with none", cfg.Under)
	}
	c, err := embedded()
	if err != nil {
		return nil, err
	}
	if _, ok := c.texts[defaultLanguage]["common.service."+cfg.Service]; !ok {
		return nil, fmt.Errorf("web: no service is called %q: add common.service.%s to the texts", cfg.Service, cfg.Service)
	}
	return &Site{contents: c, cfg: cfg}, nil
}

// Mount serves /assets/* and the accessibility statement, and puts the language of the person and the headers that suit every answer on all routes that
// are registered afterwards: call it before the services' own routes. Unknown paths and methods get the problem page.
func (s *Site) Mount(r *gin.Engine) {
	r.HandleMethodNotAllowed = true
	r.RedirectTrailingSlash = false // it would answer before every middleware, with 307 to a POST, and believe X-Forwarded-Prefix
	r.Use(s.everyAnswer)
	r.GET("/assets/*path", s.serveAsset)
	r.HEAD("/assets/*path", s.serveAsset)
	r.GET("/tilgjengelighet", func(c *gin.Context) { s.Render(c, http.StatusOK, "accessibility_statement", nil) })
	r.NoRoute(func(c *gin.Context) {
		s.Problem(c, Problem{Status: http.StatusNotFound, Code: "not_found", TextKey: "common.problem.not_found"})
	})
	r.NoMethod(func(c *gin.Context) {
		s.Problem(c, Problem{Status: http.StatusMethodNotAllowed, Code: "method_not_allowed", TextKey: "common.problem.method"})
	})
}

// everyAnswer runs before each handler, also those that answer JSON.
func (s *Site) everyAnswer(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	if s.cfg.Secure {
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
	if s.cfg.Under != "" {
		c.Writer = &outwards{c.Writer, s.cfg.Under}
	}
	s.rememberLanguage(c)
	defer s.afterPanic(c)
	c.Next()
}

// afterPanic gives the person the problem page, and lets the panic go on to whoever logs it.
func (s *Site) afterPanic(c *gin.Context) {
	cause := recover()
	if cause == nil {
		return
	}
	if !c.Writer.Written() {
		s.Problem(c, Problem{Status: http.StatusInternalServerError, Code: "server_error"})
	}
	panic(cause)
}

// Home is the path of the front page.
func (s *Site) Home() string { return s.cfg.HomePath }
