package server

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
	"lommebok.example/issuer/issuance"
	"lommebok.example/minid"
	"lommebok.example/specs/statuslist"
	"lommebok.example/web"
)

// lostWallet is a wallet that holds something that can be revoked.
type lostWallet struct {
	ClientID, Client string // and the name
	Names            []string
}

// holding gives what a person has that is not revoked and has not expired.
func (m *mine) holding(ctx context.Context, personID string) ([]issuance.Issued, error) {
	all, err := m.store.Mine(ctx, personID)
	return slices.DeleteFunc(all, func(i issuance.Issued) bool { return !i.RevokedAt.IsZero() || !i.ExpiresAt.After(m.now()) }), err
}

// askLost asks what was on the phone that is lost.
func (m *mine) askLost(c *gin.Context) {
	if session, ok := m.signedIn(c); ok {
		m.showLost(c, session, lostView{App: true})
	}
}

// lostView is the form. App: whether the MinID app is ticked.
type lostView struct {
	Wallets []lostWallet
	HasApp  bool
	OnlyApp bool // is what the person logs in with beside the password
	App     bool
	Missing bool // nothing was ticked
}

func (m *mine) showLost(c *gin.Context, session *minid.Session, v lostView) {
	all, err := m.holding(c.Request.Context(), session.PersonID)
	if err == nil {
		v.HasApp, v.OnlyApp, err = m.phones.HasApp(c.Request.Context(), session.PersonID)
	}
	if err != nil {
		m.fault(c, err)
		return
	}
	for _, i := range all {
		one := m.view(i, web.Lang(c))
		n := slices.IndexFunc(v.Wallets, func(w lostWallet) bool { return w.ClientID == i.ClientID })
		if n < 0 {
			n, v.Wallets = len(v.Wallets), append(v.Wallets, lostWallet{ClientID: i.ClientID, Client: one.Client})
		}
		if !slices.Contains(v.Wallets[n].Names, one.Name) {
			v.Wallets[n].Names = append(v.Wallets[n].Names, one.Name)
		}
	}
	status := http.StatusOK
	if v.Missing {
		status = http.StatusUnprocessableEntity
	}
	m.site.Render(c, status, "issuer_lost", v)
}

// lost revokes all that the wallets hold which the person has ticked, ends what they could fetch again, and ends the MinID app when it was
// on the phone. The consents come first: they may be withdrawn twice, and what a wallet fetches between the two is revoked with the rest.
// All is revoked, and the app ended, or nothing.
func (m *mine) lost(c *gin.Context) {
	session, ok := m.signedIn(c)
	if !ok {
		return
	}
	ctx, clients, app := c.Request.Context(), c.PostFormArray("wallet"), c.PostForm("app") != ""
	for _, client := range clients {
		if err := m.grants.WithdrawConsent(ctx, session.PersonID, client); err != nil {
			m.fault(c, err)
			return
		}
	}
	ids, err := m.heldBy(ctx, session.PersonID, clients)
	revoked := 0
	revoke := func(ctx context.Context) (err error) {
		if len(ids) == 0 {
			return nil
		}
		revoked, err = m.changeAll(ctx, session, ids, statuslist.Invalid, "phone_lost")
		if errors.Is(err, issuance.ErrNotFound) { // somebody else has revoked them meanwhile
			return nil
		}
		return err
	}
	if err == nil && app {
		app, err = m.phones.LoseApp(minid.InLanguage(ctx, web.Lang(c)), session, revoke)
	} else if err == nil {
		err = revoke(ctx)
	}
	if err != nil {
		m.fault(c, err)
		return
	}
	if len(ids) == 0 && !app {
		m.showLost(c, session, lostView{App: c.PostForm("app") != "", Missing: true})
		return
	}
	m.log.Info("phone reported lost", "trace_id", observe.TraceID(ctx), "revoked", revoked, "app", app)
	c.Redirect(http.StatusSeeOther, "/mine?said=lost")
}

// heldBy gives what wallets hold of a person's.
func (m *mine) heldBy(ctx context.Context, personID string, clients []string) ([]string, error) {
	all, err := m.holding(ctx, personID)
	var ids []string
	for _, i := range all {
		if slices.Contains(clients, i.ClientID) {
			ids = append(ids, i.ID)
		}
	}
	return ids, err
}
