package walletlogin

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
	"lommebok.example/minid"
	"lommebok.example/minid/authclient"
	"lommebok.example/minid/authserver"
	"lommebok.example/specs/fnr"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/oidc"
	"lommebok.example/web"
)

// MinID is the other way to log in.
type MinID interface {
	authserver.SignIn
	// Session is who is signed in in this browser; nil when nobody is.
	Session(c *gin.Context) *minid.Session
}

// Gateway lets people choose how they log in at a service. Its fields are set once, before Mount.
type Gateway struct {
	MinID    MinID
	Provider *authclient.Client
	Party    *authclient.Party
	Store    Store
	// Barred tells whether nobody may log in as a person: what an operator or the person has closed is not opened by another way to
	// log in. Whoever has no account is not barred.
	Barred func(ctx context.Context, pid string) (bool, error)
	// Numbers says whom the service takes in, however they log in: minid.Core's.
	Numbers fnr.Policy
	Site    *web.Site
	Now     func() time.Time
	Log     *slog.Logger
}

var _ authserver.SignIn = (*Gateway)(nil)

const (
	browserCookie = "wallet_login"
	pendingLife   = 30 * time.Minute // as long as a browser may take with its authorization request
	loginLife     = 5 * time.Minute  // the browser comes back at once
)

// CallbackPath is where the other provider sends the browser.
const CallbackPath = "/wallet-login/callback"

// Mount puts the route of the package comment on r.
func (g *Gateway) Mount(r gin.IRouter) { r.GET(CallbackPath, g.callback) }

// The ways to log in, in the query of the address where the request goes on.
const (
	withMinID  = "minid"
	withWallet = "wallet"
)

// SignedIn implements authserver.SignIn. Who is logged in at MinID well enough is not asked, as always there.
func (g *Gateway) SignedIn(c *gin.Context, need minid.Need) (*minid.Session, bool) {
	switch login, err := g.take(c, need); {
	case err == nil:
		return &minid.Session{
			ID: login.ID, PID: login.PID, Level: login.Level, AMR: login.AMR, AuthTime: login.AuthTime, Expires: login.Expires,
		}, true
	case !errors.Is(err, ErrNotFound):
		g.Site.Failure(c, err)
		return nil, false
	}
	if s := g.MinID.Session(c); s != nil && s.Meets(need, g.Now()) {
		return s, true
	}
	switch c.Query("with") {
	case withMinID:
		return g.MinID.SignedIn(c, need)
	case withWallet:
		g.begin(c, need)
	default:
		g.choose(c, need)
	}
	return nil, false
}

// take gives the login that this browser has come back with. It writes, so it is not asked for a browser that has never left. ErrNotFound.
func (g *Gateway) take(c *gin.Context, need minid.Need) (*Login, error) {
	if web.Cookie(c, g.Site, browserCookie) == "" {
		return nil, ErrNotFound
	}
	return g.Store.TakeLogin(c.Request.Context(), g.browser(c), need.ReturnTo, g.Now())
}

// choiceView is the data of openid_choice.
type choiceView struct {
	Service               string
	Level                 minid.Level
	Notice                string // why the person is here again; "" for the first time
	MinID, Wallet, Cancel string
}

// choose shows the ways, at the address where the request goes on.
func (g *Gateway) choose(c *gin.Context, need minid.Need) {
	if c.Request.URL.Path != need.ReturnTo {
		g.to(c, need.ReturnTo)
		return
	}
	v := choiceView{
		Service: need.Service, Level: need.Level, Cancel: need.CancelTo,
		MinID: need.ReturnTo + "?with=" + withMinID, Wallet: need.ReturnTo + "?with=" + withWallet,
	}
	switch why := c.Query("notice"); why {
	case noticeCancelled, noticeUnmet:
		v.Notice = why
	}
	g.Site.Render(c, http.StatusOK, "openid_choice", v)
}

// begin sends the browser to the other provider.
func (g *Gateway) begin(c *gin.Context, need minid.Need) {
	ctx := c.Request.Context()
	address, pending, err := g.Provider.Begin(ctx, g.Party, authclient.Ask{ACR: authserver.ACR(need.Level), Locale: web.Chosen(c), Anew: true})
	if err != nil {
		g.problem(c, need.ReturnTo, err)
		return
	}
	browser := authclient.NewSecret()
	if kept := web.Cookie(c, g.Site, browserCookie); len(kept) == len(browser) {
		browser = kept // of another login of this browser, which goes on
	}
	err = g.Store.AddPendingLogin(ctx, Pending{
		State: hash(pending.State), Browser: hash(browser), ReturnTo: need.ReturnTo, Nonce: pending.Nonce, Verifier: pending.Verifier,
		ACR: pending.Ask.ACR, Begun: pending.Begun, Expires: pending.Begun.Add(pendingLife),
	})
	if err != nil {
		g.Site.Failure(c, err)
		return
	}
	web.SetCookie(c, g.Site, browserCookie, browser, pendingLife)
	g.to(c, address)
}

// Why the person is shown the choice again; also what their texts are called, openid.choice.<notice>.
const (
	noticeCancelled = "cancelled"
	noticeUnmet     = "unmet"
)

// callback takes the other provider's answer, once, in the browser that began.
func (g *Gateway) callback(c *gin.Context) {
	ctx, q, browser := c.Request.Context(), c.Request.URL.Query(), g.browser(c)
	pending, err := g.Store.TakePendingLogin(ctx, hash(q.Get("state")), browser, g.Now())
	switch {
	case errors.Is(err, ErrNotFound):
		g.problem(c, "", authclient.ErrAnswer)
		return
	case err != nil:
		g.Site.Failure(c, err)
		return
	}
	login, err := g.finish(c, pending, q)
	var refused authclient.Refused
	switch {
	case errors.As(err, &refused) && refused == oauth2.AccessDenied:
		g.to(c, pending.ReturnTo+"?notice="+noticeCancelled)
		return
	case errors.As(err, &refused) && refused == oauth2.UnmetAuthenticationRequirements:
		g.to(c, pending.ReturnTo+"?notice="+noticeUnmet)
		return
	case err != nil:
		g.problem(c, pending.ReturnTo, err)
		return
	}
	barred, err := g.Barred(ctx, login.PID)
	if err == nil && !barred {
		err = g.Store.AddLogin(ctx, *login)
	}
	switch {
	case err != nil:
		g.Site.Failure(c, err)
	case barred:
		g.problem(c, pending.ReturnTo, errBarred)
	default:
		g.to(c, pending.ReturnTo)
	}
}

// finish verifies the answer.
func (g *Gateway) finish(c *gin.Context, p *Pending, q url.Values) (*Login, error) {
	got, err := g.Provider.Finish(c.Request.Context(), g.Party, authclient.Pending{
		Nonce: p.Nonce, Verifier: p.Verifier, Ask: authclient.Ask{ACR: p.ACR, Anew: true}, Begun: p.Begun,
	}, q)
	if err != nil {
		return nil, err
	}
	return g.loginBy(p, got.Claims)
}

// loginBy is what an ID token makes of a login. A person has a national identity number here, one that the service takes in, whoever
// else the other provider may log in.
func (g *Gateway) loginBy(p *Pending, claims oidc.IDToken) (*Login, error) {
	n, err := g.Numbers.Parse(claims.PID)
	if err != nil {
		return nil, errors.Join(authclient.ErrProvider, err)
	}
	return &Login{
		ID: authclient.NewSecret(), Browser: p.Browser, ReturnTo: p.ReturnTo, PID: n.Digits(), Level: authserver.LevelOf(claims.ACR),
		AMR: claims.AMR, AuthTime: time.Unix(claims.AuthTime, 0).UTC(), Expires: g.Now().Add(loginLife),
	}, nil
}

// errBarred: the person's account is one that nobody logs in with.
var errBarred = errors.New("walletlogin: the account is barred")

// problem tells a person why the wallet's way leads nowhere, and leads back to the choice where it is known.
func (g *Gateway) problem(c *gin.Context, back string, err error) {
	p := web.Problem{Status: http.StatusBadGateway, Code: "wallet_login_provider", TextKey: "openid.problem.provider", ReturnURL: back}
	if back != "" {
		p.ReturnTextKey = "openid.problem.back"
	}
	switch {
	case errors.Is(err, errBarred):
		p.Status, p.Code, p.TextKey = http.StatusForbidden, "wallet_login_barred", "openid.problem.barred"
	case errors.Is(err, authclient.ErrAnswer):
		p.Status, p.Code, p.TextKey = http.StatusBadRequest, "wallet_login_answer", "openid.problem.answer"
	}
	g.Log.InfoContext(c.Request.Context(), "login with the wallet not completed", "why", err, "trace_id", observe.TraceID(c.Request.Context()))
	g.Site.Problem(c, p)
}

func (g *Gateway) to(c *gin.Context, address string) {
	c.Header("Cache-Control", "no-store")
	c.Redirect(http.StatusSeeOther, address)
}

// browser is the hash of this browser's secret.
func (g *Gateway) browser(c *gin.Context) string { return hash(web.Cookie(c, g.Site, browserCookie)) }

func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
