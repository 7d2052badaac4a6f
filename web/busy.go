package web

import (
	"math"
	"net/http"
	"net/url"
	"strconv"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
)

// Busy answers with status 503 and the problem page for p, made once for each language and kept: a page is sent to thousands
// because there is no time to make one. It has no trace id and runs no script; changing the language leads to the home page. p
// must be the same each time but for RetryAfter, and its Args are not used.
func (s *Site) Busy(c *gin.Context, p Problem) {
	c.Abort()
	observe.Refused(c.Request.Context(), p.Code)
	c.Header("Retry-After", strconv.Itoa(int(math.Ceil(p.RetryAfter.Seconds()))))
	p.Status = http.StatusServiceUnavailable
	if prefersJSON(c.GetHeader("Accept")) {
		s.problemJSON(c, p)
		return
	}
	lang, chosen := Lang(c), Chosen(c)
	body, err := s.busyPage(lang, chosen, p)
	if err != nil {
		s.Failure(c, err)
		return
	}
	s.pageHeaders(c.Writer.Header(), "", rendering{})
	c.Header("Content-Language", lang)
	c.Data(p.Status, "text/html; charset=utf-8", body)
}

func (s *Site) busyPage(lang, chosen string, p Problem) ([]byte, error) {
	key := chosen + " " + p.Code
	if kept, ok := s.busy.Load(key); ok {
		if body, ok := kept.([]byte); ok {
			return body, nil
		}
	}
	home := &gin.Context{Request: &http.Request{Method: http.MethodGet, URL: &url.URL{Path: s.cfg.HomePath}}}
	body, err := s.execute(chosen, "common_problem", Page{
		Name: "common_problem", Lang: lang, Chosen: chosen, Partial: chosen == partial, Path: s.cfg.HomePath, Service: s.cfg.Service, Home: s.cfg.HomePath, Languages: s.languageLinks(home, chosen), Invalid: true,
		Data: problemView{
			What: s.T(lang, p.TextKey+".what"), Do: s.T(lang, p.TextKey+".do"), Code: p.Code,
			ReturnURL: s.cfg.HomePath, ReturnText: s.T(lang, "common.problem.home"), Side: SideUs,
		},
	})
	if err == nil {
		s.busy.Store(key, body)
	}
	return body, err
}
