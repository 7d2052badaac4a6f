package web

import (
	"context"
	"errors"
	"math"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
	"lommebok.example/internal/serve"
)

// Side is whose it is to put a problem right.
type Side string

// The sides.
const (
	SideYou     Side = "you"     // the person
	SideService Side = "service" // the service, wallet or app that the person came from, or that we asked
	SideUs      Side = "us"
)

// Problem is a refusal or a failure, told to a person: what happened, whose side it is on, what to do, a code and the trace
// id. The texts <TextKey>.what and <TextKey>.do say what happened and what to do; both get Args.
type Problem struct {
	Status        int    // HTTP status
	Code          string // stable, the same in the page, in JSON and in the log
	TextKey       string // "" means common.problem.server_error
	Args          []any
	ReturnURL     string // where the person goes on, "" for the home page
	ReturnTextKey string // words of that link, "" for common.problem.home
	RetryAfter    time.Duration
	Side          Side // "" for what the status says
}

type problemView struct {
	What, Do, Code, ReturnURL, ReturnText string
	Side                                  Side
}

// side goes by the status where the one who refuses has not said: RFC 9110 sections 15.5 and 15.6.
func (p Problem) side() Side {
	switch {
	case p.Side != "":
		return p.Side
	case p.Status == http.StatusBadGateway || p.Status == http.StatusGatewayTimeout:
		return SideService
	case p.Status >= http.StatusInternalServerError:
		return SideUs
	}
	return SideYou
}

// Invalid makes the title begin with the word for error.
func (problemView) Invalid() bool { return true }

// Problem answers with the problem page, or with {"error","error_description","trace_id"} when the caller prefers JSON, and
// ends the handling of the request.
func (s *Site) Problem(c *gin.Context, p Problem) {
	c.Abort()
	if p.TextKey == "" {
		p.TextKey = "common.problem.server_error"
	}
	if p.ReturnURL == "" {
		p.ReturnURL = s.cfg.HomePath
	}
	if p.ReturnTextKey == "" {
		p.ReturnTextKey = "common.problem.home"
	}
	if p.RetryAfter > 0 {
		c.Header("Retry-After", strconv.Itoa(int(math.Ceil(p.RetryAfter.Seconds()))))
	}
	observe.Refused(c.Request.Context(), p.Code)
	s.cfg.Log.InfoContext(c.Request.Context(), "problem", "code", p.Code, "status", p.Status,
		"trace_id", observe.TraceID(c.Request.Context()))
	if accept := c.GetHeader("Accept"); prefersJSON(accept) || c.GetBool(programs) && !namesPage(accept) {
		s.problemJSON(c, p)
		return
	}
	lang := Lang(c)
	s.Render(c, p.Status, "common_problem", problemView{
		What: s.T(lang, p.TextKey+".what", p.Args...), Do: s.T(lang, p.TextKey+".do", p.Args...), Code: p.Code,
		ReturnURL: p.ReturnURL, ReturnText: s.T(lang, p.ReturnTextKey),
		Side: p.side(),
	}, FormActions())
}

func (s *Site) problemJSON(c *gin.Context, p Problem) {
	c.Header("Cache-Control", "no-store")
	c.JSON(p.Status, gin.H{
		"error":             p.Code,
		"error_description": ascii(s.T("en", p.TextKey+".what", p.Args...)),
		"trace_id":          observe.TraceID(c.Request.Context()),
	})
}

// ascii keeps what an error_description may hold (RFC 6749 section 5.2).
func ascii(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return ' '
		}
		return r
	}, text)
}

// prefersJSON weighs application/json against text/html by RFC 9110 section 12.5.1. Who has no preference gets the page.
func prefersJSON(accept string) bool {
	return weight(accept, "application", "json") > weight(accept, "text", "html")
}

const programs = "web.programs"

// ForPrograms is for routes that programs call, and people only by mistake: a refusal is JSON for whoever does not name pages in Accept, as
// browsers do.
func ForPrograms(c *gin.Context) { c.Set(programs, true) }

// namesPage tells whether text/html is accepted by its name.
func namesPage(accept string) bool {
	return weight(accept, "text", "html") > weight(accept, "no", "type")
}

// weight is the quality that accept gives to a media type: the most exact range that covers it decides.
func weight(accept, main, sub string) float64 {
	best, exactness := 0.0, 0
	for part := range strings.SplitSeq(accept, ",") {
		media, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		var exact int
		switch media {
		case main + "/" + sub:
			exact = 3
		case main + "/*":
			exact = 2
		case "*/*":
			exact = 1
		}
		if exact <= exactness {
			continue
		}
		quality := 1.0
		if q, given := params["q"]; given {
			if quality, err = strconv.ParseFloat(q, 64); err != nil {
				quality = 0
			}
		}
		best, exactness = quality, exact
	}
	return best
}

// Failure answers with a silent 500: the person sees the trace id, and the cause stands in the log under the same id.
// A request that took too long to be answered in time is told to come back.
func (s *Site) Failure(c *gin.Context, cause error) {
	if errors.Is(context.Cause(c.Request.Context()), serve.ErrTooLong) {
		s.Busy(c, Problem{Code: "busy", TextKey: "login.problem.busy", RetryAfter: 3 * time.Second})
		return
	}
	s.cfg.Log.ErrorContext(c.Request.Context(), "failure", "error", cause, "trace_id", observe.TraceID(c.Request.Context()))
	s.Problem(c, Problem{Status: http.StatusInternalServerError, Code: "server_error"})
}
