package demo

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/verifier/apiclient"
	"lommebok.example/web"
)

// Service is one relying party. Its name, why it asks and what it says to who is accepted are the texts demo.name.<id> and so on.
type Service struct {
	ID              string // below /demo
	Party           string // id of its registration
	Preset, Purpose string // of the registration
	// Asks are the last names of the claims that it asks for, in the order in which it shows them.
	Asks []string
}

// Services are the three, without their credentials.
func Services() []Service {
	return []Service{
		{"lanekassen", "lanekassen-demo", "student", "application", []string{
			"given_name", "family_name", "personal_administrative_number", "role", "school_name", "school_administrative_number",
		}},
		{"skatteetaten", "skatteetaten-demo", "pid", "tax-return", []string{"given_name", "family_name", "birthdate", "birth_date", "personal_administrative_number"}},
		{"aldersgrense", "aldersgrense-demo", "over-18", "age", []string{"age_over_18"}},
	}
}

// Back is where the browser comes back to, for the registration of the service.
func Back(base, service string) string { return base + "/demo/" + service + "/back" }

// Demo is the pages of the services. Its fields are set once, before Mount.
type Demo struct {
	Base      string                         // our own address, scheme and host
	Verifiers map[string]*apiclient.Verifier // the API, by the service that has the credentials
	Site      *web.Site
	Now       func() time.Time
	Log       *slog.Logger
}

// Mount puts the routes of the package comment on r, whose middleware has refused the forms of others.
func (d *Demo) Mount(r gin.IRouter) {
	g := r.Group("/demo/:service")
	g.GET("", d.of(d.front))
	g.POST("/ask", d.of(d.ask))
	g.GET("/answer", d.of(d.answer))
	g.GET("/answer/state", d.of(d.state))
	g.GET("/back", d.of(d.back))
}

// of gives a handler the service of the address.
func (d *Demo) of(handle func(*gin.Context, *Service)) gin.HandlerFunc {
	all := Services()
	return func(c *gin.Context) {
		i := slices.IndexFunc(all, func(s Service) bool { return s.ID == c.Param("service") })
		if i < 0 {
			d.Site.Problem(c, web.Problem{Status: http.StatusNotFound, Code: "unknown_service", TextKey: "verifier.problem.unknown_service"})
			return
		}
		handle(c, &all[i])
	}
}

func (d *Demo) front(c *gin.Context, s *Service) {
	d.Site.Render(c, http.StatusOK, "verifier_demo", view{Service: s.ID, Asks: s.asks()})
}

func (d *Demo) ask(c *gin.Context, s *Service) {
	asked, err := d.Verifiers[s.ID].Ask(c.Request.Context(), apiclient.Question{Preset: s.Preset, Purpose: s.Purpose, RedirectURI: Back(d.Base, s.ID)})
	if err != nil {
		d.fault(c, s, err)
		return
	}
	web.SetCookie(c, d.Site, cookie(s), asked.Handle, asked.KeptUntil.Sub(d.Now()))
	d.to(c, s, "/answer")
}

// cookie has the handle. Only this browser has it, and it opens nothing without the credentials of the service.
func cookie(s *Service) string { return "demo_" + s.ID }

// answer waits as long as a wallet can answer, and then says what came.
func (d *Demo) answer(c *gin.Context, s *Service) {
	handle, err := d.handle(c, s)
	if err != nil {
		d.to(c, s, "")
		return
	}
	asked, err := d.Verifiers[s.ID].State(c.Request.Context(), handle)
	if err != nil {
		d.fault(c, s, err)
		return
	}
	c.Header("Cache-Control", "no-store")
	if asked.Open() {
		d.Site.Render(c, http.StatusOK, "verifier_demo_waiting", d.waiting(s, &asked))
		return
	}
	result, err := d.Verifiers[s.ID].Wait(c.Request.Context(), handle)
	if err != nil {
		d.fault(c, s, err)
		return
	}
	d.Site.Render(c, http.StatusOK, "verifier_demo_answer", learned(s, &result))
}

// handle is that of this browser. errNone.
func (d *Demo) handle(c *gin.Context, s *Service) (string, error) {
	if handle := web.Cookie(c, d.Site, cookie(s)); handle != "" {
		return handle, nil
	}
	return "", errNone
}

// errNone: the browser has asked for nothing.
var errNone = &apiclient.Refusal{Status: http.StatusNotFound, Code: "unknown_presentation", Description: "this browser has asked for nothing"}

func (d *Demo) state(c *gin.Context, s *Service) {
	var asked apiclient.Asked
	handle, err := d.handle(c, s)
	if err == nil {
		asked, err = d.Verifiers[s.ID].State(c.Request.Context(), handle)
	}
	if err != nil {
		d.fault(c, s, err)
		return
	}
	answer := web.PollAnswer{Done: !asked.Open()}
	if asked.Open() {
		answer.Text = d.Site.T(web.Lang(c), "verifier.state."+asked.State)
	}
	d.Site.Poll(c, answer)
}

// back brings the response_code of a wallet on the same device, in the browser that asked.
func (d *Demo) back(c *gin.Context, s *Service) {
	handle, err := d.handle(c, s)
	if err == nil {
		_, err = d.Verifiers[s.ID].Redeem(c.Request.Context(), handle, c.Query("response_code"))
	}
	if err != nil {
		d.fault(c, s, err)
		return
	}
	d.to(c, s, "/answer")
}

// fault tells that the presentation is over or another browser's, or that the verifier cannot be asked.
func (d *Demo) fault(c *gin.Context, s *Service, err error) {
	p := web.Problem{
		Status: http.StatusBadGateway, Code: "demo_verifier", TextKey: "demo.problem.verifier", ReturnURL: "/demo/" + s.ID, ReturnTextKey: "demo.back",
	}
	var no *apiclient.Refusal
	if errors.As(err, &no) && slices.Contains([]int{http.StatusNotFound, http.StatusForbidden}, no.Status) {
		p.Status, p.Code, p.TextKey = http.StatusNotFound, no.Code, "verifier.problem.unknown_transaction"
	}
	var call *url.Error // which has an address with the handle
	if errors.As(err, &call) {
		err = call.Err
	}
	d.Log.InfoContext(c.Request.Context(), "not answered", "service", s.ID, "why", err)
	d.Site.Problem(c, p)
}

func (d *Demo) to(c *gin.Context, s *Service, path string) {
	c.Header("Cache-Control", "no-store")
	c.Redirect(http.StatusSeeOther, "/demo/"+s.ID+path)
}
