package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/audit"
	"lommebok.example/internal/observe"
	"lommebok.example/issuer/credentials"
	"lommebok.example/issuer/issuance"
	"lommebok.example/minid"
	"lommebok.example/minid/authserver"
	"lommebok.example/specs/statuslist"
	"lommebok.example/web"
)

// issued is what the pages of this file read and change.
type issued interface {
	Mine(ctx context.Context, personID string) ([]issuance.Issued, error)
	Waiting(ctx context.Context, personID string, at time.Time) ([]issuance.Deferred, error)
	One(ctx context.Context, personID, id string) (issuance.Issued, error)
	Holding(ctx context.Context, personID string, at time.Time) ([]issuance.Held, error)
	Change(ctx context.Context, c issuance.Change) (int, error)
}

// clients knows the wallets, and ends what a person has given one; authserver.Server is one.
type clients interface {
	WithdrawConsent(ctx context.Context, personID, clientID string) error
	Consented(ctx context.Context, personID string) ([]string, error)
	WalletName(clientID, attested string) (name string, known bool)
}

// phones is the MinID app of a person, which may be on the phone that is lost; minid.Core is one.
type phones interface {
	HasApp(ctx context.Context, personID string) (app, only bool, err error)
	LoseApp(ctx context.Context, s *minid.Session, also func(ctx context.Context) error) (bool, error)
}

// mine is the pages on which a person sees what was issued to them, and revokes it.
type mine struct {
	store  issued
	types  *credentials.Set
	signIn authserver.SignIn
	grants clients
	phones phones
	site   *web.Site
	now    func() time.Time
	log    *slog.Logger
}

func (m *mine) mount(r gin.IRouter) {
	r.GET("/mine", m.list)
	r.GET("/mine/:id/revoke", m.confirm)
	r.POST("/mine/:id/revoke", m.revoke)
	r.POST("/mine/:id/suspend", m.suspend)
	r.POST("/mine/:id/restore", m.restore)
	r.GET("/mine/lost", m.askLost)
	r.POST("/mine/lost", m.lost)
}

// signedIn gives the session of who asks. Seeing and revoking what one has been given takes the level that most of it took.
func (m *mine) signedIn(c *gin.Context) (*minid.Session, bool) {
	c.Header("Cache-Control", "no-store")
	return m.signIn.SignedIn(c, minid.Need{
		Service: m.site.T(web.Lang(c), "issuer.mine.service"), Level: minid.LevelSubstantial,
		ReturnTo: "/mine", CancelTo: "/",
	})
}

// issuedView is the dot of the template issuer_facts.
type issuedView struct {
	ID, Name, State, Notified              string
	Client                                 string // the wallet's name, or its client_id when it has none
	ClientID                               string
	Issued, IssuedISO, Expires, ExpiresISO string
	Copies                                 int
	Suspendable                            bool // by the person, now
	Restorable                             bool
}

func (m *mine) view(i issuance.Issued, lang string) issuedView {
	v := issuedView{
		ID: i.ID, Name: m.typeName(i.ConfigurationID, lang), ClientID: i.ClientID, State: "valid", Copies: i.Copies, Notified: i.Notified,
		Issued: dateIn(lang, i.IssuedAt), IssuedISO: i.IssuedAt.Format(time.DateOnly),
		Expires: dateIn(lang, i.ExpiresAt), ExpiresISO: i.ExpiresAt.Format(time.DateOnly),
	}
	v.Client, _ = m.grants.WalletName(i.ClientID, i.WalletName)
	if t, ok := m.types.ByID(i.ConfigurationID); ok {
		v.Suspendable = t.Suspendable()
	}
	switch {
	case !i.RevokedAt.IsZero():
		v.State = "revoked"
	case !i.ExpiresAt.After(m.now()):
		v.State = "expired"
	case !i.SuspendedAt.IsZero():
		v.State, v.Restorable = "suspended", i.SuspendedBy == issuance.RolePerson
	}
	v.Suspendable = v.Suspendable && v.State == "valid"
	return v
}

// typeName is what people call a credential configuration, or its ID when it is offered no longer.
func (m *mine) typeName(configurationID, lang string) string {
	if t, ok := m.types.ByID(configurationID); ok {
		return t.Display.Name.In(lang)
	}
	return configurationID
}

// waitingView is what has been ordered and is not there yet.
type waitingView struct{ ID, Name, Client, Ordered, OrderedISO string }

func (m *mine) waiting(all []issuance.Deferred, lang string) []waitingView {
	views := make([]waitingView, 0, len(all))
	for _, d := range all {
		v := waitingView{
			ID: d.ID, Name: m.typeName(d.ConfigurationID, lang), Ordered: dateIn(lang, d.OrderedAt), OrderedISO: d.OrderedAt.Format(time.DateOnly),
		}
		v.Client, _ = m.grants.WalletName(d.ClientID, d.WalletName)
		views = append(views, v)
	}
	return views
}

func dateIn(lang string, t time.Time) string {
	if lang == "en" {
		return t.Format("2 January 2006")
	}
	return t.Format("02.01.2006")
}

func (m *mine) list(c *gin.Context) {
	session, ok := m.signedIn(c)
	if !ok {
		return
	}
	all, err := m.store.Mine(c.Request.Context(), session.PersonID)
	if err != nil {
		m.fault(c, err)
		return
	}
	views := make([]issuedView, 0, len(all))
	for _, i := range all {
		views = append(views, m.view(i, web.Lang(c)))
	}
	waiting, err := m.store.Waiting(c.Request.Context(), session.PersonID, m.now())
	if err != nil {
		m.fault(c, err)
		return
	}
	m.site.Render(c, http.StatusOK, "issuer_mine", struct {
		Issued  []issuedView
		Waiting []waitingView
		Said    string // what was just done
		Limit   web.Limit
	}{views, m.waiting(waiting, web.Lang(c)), said(c), web.Limit{TimeKey: "login.time.session", Again: "/mine"}.Until(m.now(), session.Ends)})
}

func (m *mine) confirm(c *gin.Context) {
	session, ok := m.signedIn(c)
	if !ok {
		return
	}
	one, err := m.store.One(c.Request.Context(), session.PersonID, c.Param("id"))
	if err != nil {
		m.fault(c, err)
		return
	}
	view := m.view(one, web.Lang(c))
	if view.State != "valid" && view.State != "suspended" {
		m.fault(c, issuance.ErrNotFound)
		return
	}
	m.site.Render(c, http.StatusOK, "issuer_revoke", struct{ Issued issuedView }{view})
}

// revoke also ends what the wallet could fetch again: who takes a credential back does not want the next one there tomorrow. That
// comes first, since it may be done twice and the revocation may not.
func (m *mine) revoke(c *gin.Context) {
	session, ok := m.signedIn(c)
	if !ok {
		return
	}
	ctx := c.Request.Context()
	one, err := m.store.One(ctx, session.PersonID, c.Param("id"))
	if err == nil {
		err = m.grants.WithdrawConsent(ctx, session.PersonID, one.ClientID)
	}
	if err == nil {
		err = m.change(c, session, one.ID, statuslist.Invalid)
	}
	m.done(c, "revoked", err)
}

// change sets the status of what belongs to the person.
func (m *mine) change(c *gin.Context, session *minid.Session, id string, to statuslist.Status) error {
	_, err := m.changeAll(c.Request.Context(), session, []string{id}, to, "")
	return err
}

func (m *mine) changeAll(ctx context.Context, session *minid.Session, ids []string, to statuslist.Status, reason string) (int, error) {
	return m.store.Change(ctx, issuance.Change{
		Issuances: ids, To: to, Person: session.PersonID, By: issuance.RolePerson, Actor: audit.Person(session.PersonID), Reason: reason, At: m.now(),
	})
}

func (m *mine) done(c *gin.Context, what string, err error) {
	if err != nil {
		m.fault(c, err)
		return
	}
	m.log.Info(what, "trace_id", observe.TraceID(c.Request.Context()), "issuance", c.Param("id"))
	c.Redirect(http.StatusSeeOther, "/mine?said="+what)
}

// said is what was just done, as the texts know it; "" for anything else.
func said(c *gin.Context) string {
	if what := c.Query("said"); slices.Contains([]string{"revoked", "suspended", "restored", "lost"}, what) {
		return what
	}
	return ""
}

// suspend and restore ask no questions: each undoes the other.
func (m *mine) suspend(c *gin.Context) {
	if session, ok := m.signedIn(c); ok {
		m.done(c, "suspended", m.change(c, session, c.Param("id"), statuslist.Suspended))
	}
}

func (m *mine) restore(c *gin.Context) {
	if session, ok := m.signedIn(c); ok {
		m.done(c, "restored", m.change(c, session, c.Param("id"), statuslist.Valid))
	}
}

func (m *mine) fault(c *gin.Context, err error) {
	if errors.Is(err, issuance.ErrNotFound) || errors.Is(err, issuance.ErrNotSuspendable) {
		m.site.Problem(c, web.Problem{
			Status: http.StatusNotFound, Code: "not_revocable", TextKey: "issuer.problem.not_revocable",
			ReturnURL: "/mine", ReturnTextKey: "issuer.mine.title",
		})
		return
	}
	m.site.Failure(c, err)
}
