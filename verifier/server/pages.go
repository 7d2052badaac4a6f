package server

import (
	"errors"
	"html/template"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/verifier/demo"
	"lommebok.example/verifier/presentation"
	"lommebok.example/verifier/relyingparty"
	"lommebok.example/web"
)

// pages is what a person sees, and what a program that plays the person gets as JSON.
type pages struct {
	asking   *presentation.Service
	services *relyingparty.Set
	wallet   string
	site     *web.Site
	now      func() time.Time
	logins   []string // ids of the services that log people in with MinID
	signIn   *walletSignIn
}

// browserCookie holds the secret of the browser; one serves all its transactions.
const browserCookie = "browser"

func (p *pages) mount(r gin.IRouter) {
	r.GET("/", p.index)
	r.POST("/services/:service/start", p.start)
	r.GET("/transactions/:id", p.show)
	r.GET("/transactions/:id/state", p.state)
	r.GET("/done", p.done)
}

func (p *pages) index(c *gin.Context) {
	lang := web.Lang(c)
	var views []serviceView
	for _, s := range p.services.All() {
		views = append(views, viewService(s, lang))
	}
	p.site.Render(c, http.StatusOK, "verifier_index", struct {
		Services []serviceView
		OnAPI    []demo.Service
		Logins   []string
	}{views, demo.Services(), p.logins})
}

func (p *pages) start(c *gin.Context) {
	service := p.services.ByID(c.Param("service"))
	if service == nil {
		p.site.Problem(c, web.Problem{Status: http.StatusNotFound, Code: "unknown_service", TextKey: "verifier.problem.unknown_service"})
		return
	}
	// How to ask is for testers of wallets; the page itself asks as HAIP has it.
	id, err := p.begin(c, presentation.Ask{
		Service: service.ID, Query: service.Query, ClientIDPrefix: c.PostForm("client_id_prefix"), ResponseMode: c.PostForm("response_mode"),
		RequestURIMethod: c.PostForm("request_uri_method"), Scheme: c.PostForm("scheme"),
	})
	if errors.Is(err, presentation.ErrAsk) {
		p.site.Problem(c, web.Problem{Status: http.StatusBadRequest, Code: "invalid_request", TextKey: "verifier.problem.ask"})
		return
	}
	if err != nil {
		p.site.Failure(c, err)
		return
	}
	c.Header("Cache-Control", "no-store")
	c.Redirect(http.StatusSeeOther, "/transactions/"+id)
}

// begin starts a transaction of this browser.
func (p *pages) begin(c *gin.Context, ask presentation.Ask) (id string, err error) {
	browser := web.Cookie(c, p.site, browserCookie)
	if !presentation.IsBrowser(browser) {
		browser = presentation.NewBrowser()
	}
	if id, err = p.asking.Begin(c.Request.Context(), ask, browser); err == nil {
		web.SetCookie(c, p.site, browserCookie, browser, presentation.VerdictLifetime)
	}
	return id, err
}

// transaction is the JSON of a transaction.
type transaction struct {
	ID      string                `json:"id"`
	Service string                `json:"service"`
	State   presentation.State    `json:"state"`
	Expires time.Time             `json:"expires"`
	Link    string                `json:"link,omitempty"`
	QR      string                `json:"qr,omitempty"`
	Wallet  string                `json:"wallet,omitempty"`
	Error   string                `json:"error,omitempty"`
	Record  string                `json:"record,omitempty"`
	Verdict *presentation.Verdict `json:"verdict,omitempty"`

	result *presentation.Result
}

// open tells whether a wallet can still answer.
func (t *transaction) open() bool {
	return t.State == presentation.Waiting || t.State == presentation.Fetched
}

// Code is the QR code of the link to another device; "" when it has no room for it.
func (t *transaction) Code() template.HTML {
	code, err := web.QR(t.QR)
	if err != nil {
		return ""
	}
	return code
}

// find gives the transaction of this browser, or has answered.
func (p *pages) find(c *gin.Context) (*transaction, bool) {
	t, err := p.read(c, c.Param("id"))
	if err != nil {
		p.fault(c, err)
		return nil, false
	}
	return t, true
}

// read gives a transaction of this browser. ErrNotFound.
func (p *pages) read(c *gin.Context, id string) (*transaction, error) {
	browser := web.Cookie(c, p.site, browserCookie)
	r, err := p.asking.Result(c.Request.Context(), id, browser)
	if err != nil {
		return nil, err
	}
	return &transaction{ID: r.ID, Service: r.Ask.Service, State: r.State, Expires: r.Expires, Error: r.Error, Record: r.Record, Verdict: r.Verdict, result: r}, nil
}

// link adds the links to a transaction that a wallet can still answer. There are none by value once the wallet on the same
// device has answered and its response_code is still to come.
func (p *pages) link(c *gin.Context, t *transaction) error {
	if !t.open() {
		return nil
	}
	browser := web.Cookie(c, p.site, browserCookie)
	links, err := p.asking.Links(c.Request.Context(), t.result, browser, "")
	t.Link, t.QR = links.SameDevice, links.CrossDevice
	if err == nil && p.wallet != "" {
		links, err = p.asking.Links(c.Request.Context(), t.result, browser, p.wallet+"/present")
		t.Wallet = links.SameDevice
	}
	if errors.Is(err, presentation.ErrNotFound) {
		return nil
	}
	return err
}

// show has one page for a transaction that waits and one for what came of it. The page of one whose requests have expired gets
// new ones while there are some left.
func (p *pages) show(c *gin.Context) {
	t, ok := p.find(c)
	if !ok {
		return
	}
	c.Header("Cache-Control", "no-store")
	if c.NegotiateFormat(gin.MIMEHTML, gin.MIMEJSON) == gin.MIMEJSON {
		if err := p.link(c, t); err != nil {
			p.fault(c, err)
			return
		}
		c.PureJSON(http.StatusOK, t)
		return
	}
	service := p.services.ByID(t.Service)
	if service == nil { // as in a login, whose page stands elsewhere
		p.fault(c, presentation.ErrNotFound)
		return
	}
	if t.State == presentation.Expired && t.result.Renewable {
		if t, ok = p.renew(c, t); !ok {
			return
		}
	}
	if err := p.link(c, t); err != nil {
		p.fault(c, err)
		return
	}
	lang := web.Lang(c)
	if t.open() {
		p.site.Render(c, http.StatusOK, "verifier_waiting", waitingView{
			Service: viewService(service, lang), Transaction: t, Claims: claimsAsked(t.result.Ask.Query), Limit: p.limit(t), Renews: t.result.Renewable,
		})
		return
	}
	p.site.Render(c, http.StatusOK, "verifier_verdict", viewVerdict(service, t, lang))
}

// renew gives the transaction with its new requests, or as it is when somebody else was first.
func (p *pages) renew(c *gin.Context, t *transaction) (*transaction, bool) {
	browser := web.Cookie(c, p.site, browserCookie)
	renewed, err := p.asking.Renew(c.Request.Context(), t.ID, browser)
	if err != nil {
		p.fault(c, err)
		return nil, false
	}
	if renewed {
		web.SetCookie(c, p.site, browserCookie, browser, presentation.VerdictLifetime)
	}
	return p.find(c)
}

// limit is when the wallet must have answered; the page tells then that the time is up, and begins again.
func (p *pages) limit(t *transaction) web.Limit {
	return web.Limit{TimeKey: "verifier.time", Again: "/transactions/" + t.ID}.Until(p.now(), t.Expires)
}

func (p *pages) state(c *gin.Context) {
	t, ok := p.find(c)
	if !ok {
		return
	}
	if !t.open() {
		p.site.Poll(c, web.PollAnswer{Done: true})
		return
	}
	lang := web.Lang(c)
	words := p.site.T(lang, "verifier.state.waiting")
	if t.State == presentation.Fetched {
		words = p.site.T(lang, "verifier.state.fetched")
	}
	p.site.Poll(c, web.PollAnswer{Text: words})
}

// done takes the response_code that the wallet brought. Who comes twice, by the back button, sees the verdict again.
func (p *pages) done(c *gin.Context) {
	id, err := p.asking.RedeemCode(c.Request.Context(), web.Cookie(c, p.site, browserCookie), c.Query("response_code"))
	if err != nil {
		p.fault(c, err)
		return
	}
	home, err := p.signIn.home(c.Request.Context(), id)
	if err != nil {
		p.fault(c, err)
		return
	}
	c.Header("Cache-Control", "no-store")
	c.Redirect(http.StatusSeeOther, home)
}

// fault tells a person that the transaction is unknown or over, or that this is not the browser that asked: these are
// not told apart.
func (p *pages) fault(c *gin.Context, err error) {
	if errors.Is(err, presentation.ErrNotFound) {
		p.site.Problem(c, web.Problem{Status: http.StatusNotFound, Code: "unknown_transaction", TextKey: "verifier.problem.unknown_transaction"})
		return
	}
	p.site.Failure(c, err)
}
