package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
	"lommebok.example/minid"
	"lommebok.example/minid/authserver"
	"lommebok.example/specs/fnr"
	"lommebok.example/specs/oidc"
	"lommebok.example/verifier/login"
	"lommebok.example/verifier/presentation"
	"lommebok.example/web"
)

// walletSignIn signs people in with their wallets: the page of a presentation stands in the authorization request, at the
// address where that goes on, so that whoever has neither of the two cookies sees nothing of it.
type walletSignIn struct {
	pages   *pages
	store   login.Store
	trust   login.Trust
	numbers fnr.Policy
	log     *slog.Logger
}

var _ authserver.SignIn = (*walletSignIn)(nil)

// loginAsker is who asks in a transaction that is a login. No service has such an id.
const loginAsker = "openid:login"

// tooLow goes with the address that ends the request, when what there is gives too low a level.
const tooLow = "?reason=level"

// mount puts the form of the pages on r.
func (w *walletSignIn) mount(r gin.IRouter) { r.POST("/wallet-login/:id/again", w.again) }

// SignedIn implements authserver.SignIn: who the person is by what they showed for this request.
func (w *walletSignIn) SignedIn(c *gin.Context, need minid.Need) (*minid.Session, bool) {
	t, err := w.transaction(c, need)
	switch {
	case errors.Is(err, login.ErrNotFound), errors.Is(err, presentation.ErrNotFound):
		err = w.begin(c, need)
	case err == nil && t.open():
		err = w.show(c, need, t)
	case err == nil:
		return w.judge(c, need, t)
	}
	if err != nil {
		w.pages.site.Failure(c, err)
	}
	return nil, false
}

// transaction is that of the request, in this browser.
func (w *walletSignIn) transaction(c *gin.Context, need minid.Need) (*transaction, error) {
	waiting, err := w.store.Login(c.Request.Context(), need.ReturnTo)
	if err != nil {
		return nil, err
	}
	return w.pages.read(c, waiting.Transaction)
}

// begin asks the wallet, in place of what cannot be seen from this browser any more. Where no credential reaches what the service
// needs there is nothing to ask for, and the service is told.
func (w *walletSignIn) begin(c *gin.Context, need minid.Need) error {
	ctx := c.Request.Context()
	query, err := w.trust.Query(need.Level)
	if errors.Is(err, login.ErrTrust) {
		w.to(c, need.CancelTo+tooLow)
		return nil
	}
	if err != nil {
		return err
	}
	old, err := w.store.Login(ctx, need.ReturnTo)
	if err == nil {
		err = w.store.ForgetLogin(ctx, old.Transaction)
	}
	if err != nil && !errors.Is(err, login.ErrNotFound) {
		return err
	}
	id, err := w.pages.begin(c, presentation.Ask{Service: loginAsker, Query: query})
	if err != nil {
		return err
	}
	kept := login.Waiting{ReturnTo: need.ReturnTo, Transaction: id, Expires: w.pages.now().Add(presentation.VerdictLifetime)}
	if err := w.store.BeginLogin(ctx, kept); err != nil {
		return err
	}
	w.to(c, need.ReturnTo)
	return nil
}

func (w *walletSignIn) show(c *gin.Context, need minid.Need, t *transaction) error {
	if err := w.pages.link(c, t); err != nil {
		return err
	}
	purpose := "openid.purpose"
	if need.Level == minid.LevelHigh {
		purpose = "openid.purpose_high"
	}
	v := waitingView{
		Service: serviceView{Name: need.Service, Purpose: w.pages.site.T(web.Lang(c), purpose)}, Transaction: t,
		Claims: []string{claimName("personal_administrative_number")}, Cancel: need.CancelTo,
	}
	v.Limit = w.pages.limit(t)
	v.Limit.Again = need.ReturnTo
	w.pages.site.Render(c, http.StatusOK, "verifier_waiting", v)
	return nil
}

// judge gives the session of a person who showed enough, or tells why there is none.
func (w *walletSignIn) judge(c *gin.Context, need minid.Need, t *transaction) (*minid.Session, bool) {
	person, err := w.trust.Person(t.Verdict, w.numbers)
	if err == nil && person.Level >= need.Level {
		return &minid.Session{
			ID: t.ID, PID: person.PID, Level: person.Level, AMR: []string{oidc.AMRWallet}, Expires: t.Expires,
			AuthTime: t.Expires.Add(-presentation.RequestLifetime), // they showed it later than that: auth_time is never younger than the showing
		}, true
	}
	v := refusedView{
		Service: need.Service, Required: need.Level, Reached: w.trust.Shown(t.Verdict), Reason: string(t.State), Error: t.Error, Record: t.Record,
		Again: "/wallet-login/" + t.ID + "/again", Cancel: need.CancelTo,
	}
	if t.State == presentation.Answered {
		v.Failed = failedRules(t.Verdict)
	}
	switch {
	case t.State != presentation.Answered:
	case v.Reached > minid.LevelNone && v.Reached < need.Level && !slices.ContainsFunc(v.Failed, func(rule string) bool { return rule != "query" }):
		v.Reason, v.Cancel = "level", need.CancelTo+tooLow // all that is wrong with it is that it is another than was asked for
	case t.Verdict.Accepted:
		v.Reason = "person"
	}
	w.log.InfoContext(c.Request.Context(), "login with the wallet refused", "reason", v.Reason, "trace_id", observe.TraceID(c.Request.Context()))
	w.pages.site.Render(c, http.StatusOK, "openid_refused", v)
	return nil, false
}

// refusedView is the data of openid_refused.
type refusedView struct {
	Service           string
	Required, Reached minid.Level
	Reason            string   // level, person, or the transaction's state
	Failed            []string // names of the rules that did not hold
	Error             string   // of the wallet
	Record            string   // the page for the maker of the wallet, "" where nothing is recorded
	Again, Cancel     string
}

// again lets the person try once more: the request goes on, with another transaction.
func (w *walletSignIn) again(c *gin.Context) {
	t, err := w.pages.read(c, c.Param("id"))
	var waiting *login.Waiting
	if err == nil {
		waiting, err = w.store.LoginOf(c.Request.Context(), t.ID)
	}
	if err == nil {
		err = w.store.ForgetLogin(c.Request.Context(), t.ID)
	}
	if errors.Is(err, login.ErrNotFound) {
		err = presentation.ErrNotFound
	}
	if err != nil {
		w.pages.fault(c, err)
		return
	}
	w.to(c, waiting.ReturnTo)
}

// home is where a transaction has its page: in the authorization request that it is for, or by itself.
func (w *walletSignIn) home(ctx context.Context, transaction string) (string, error) {
	waiting, err := w.store.LoginOf(ctx, transaction)
	switch {
	case errors.Is(err, login.ErrNotFound):
		return "/transactions/" + transaction, nil
	case err != nil:
		return "", err
	}
	return waiting.ReturnTo, nil
}

func (w *walletSignIn) to(c *gin.Context, path string) {
	c.Header("Cache-Control", "no-store")
	c.Redirect(http.StatusSeeOther, path)
}
