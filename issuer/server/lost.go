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

// lostWallet is a wallet that holds something that can be revoked, or could fetch something.
type lostWallet struct {
	ClientID, Client string // and the name
	Names            []string
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
	ctx := c.Request.Context()
	var err error
	if v.Wallets, err = m.lostWallets(ctx, session.PersonID, web.Lang(c)); err == nil {
		v.HasApp, v.OnlyApp, err = m.phones.HasApp(ctx, session.PersonID)
	}
	if err != nil {
		m.fault(c, err)
		return
	}
	status := http.StatusOK
	if v.Missing {
		status = http.StatusUnprocessableEntity
	}
	m.site.Render(c, status, "issuer_lost", v)
}

// lostWallets gives the wallets that hold something of a person's, and those that have not fetched it yet, also when it is still on its way
// to them: an order is picked up by the consent it was made with.
func (m *mine) lostWallets(ctx context.Context, personID, lang string) ([]lostWallet, error) {
	held, err := m.store.Holding(ctx, personID, m.now())
	if err != nil {
		return nil, err
	}
	consented, err := m.grants.Consented(ctx, personID)
	if err != nil {
		return nil, err
	}
	var all []lostWallet
	of := func(clientID, attested string) *lostWallet {
		n := slices.IndexFunc(all, func(w lostWallet) bool { return w.ClientID == clientID })
		if n < 0 {
			name, _ := m.grants.WalletName(clientID, attested)
			n, all = len(all), append(all, lostWallet{ClientID: clientID, Client: name})
		}
		return &all[n]
	}
	for _, h := range held {
		w := of(h.ClientID, h.WalletName)
		if name := m.typeName(h.ConfigurationID, lang); !slices.Contains(w.Names, name) {
			w.Names = append(w.Names, name)
		}
	}
	for _, id := range consented {
		of(id, "")
	}
	return all, nil
}

// lost revokes all that the wallets hold which the person has ticked, ends what they could fetch again, and ends the MinID app when it was
// on the phone. The consents come first: they may be withdrawn twice, and what a wallet fetches between the two is revoked with the rest.
// All is revoked, and the app ended, or nothing. What has ended before is no error: a form that is sent twice leads on as it did at first.
func (m *mine) lost(c *gin.Context) {
	session, ok := m.signedIn(c)
	if !ok {
		return
	}
	ctx, clients, app := c.Request.Context(), c.PostFormArray("wallet"), c.PostForm("app") != ""
	if len(clients) == 0 && !app {
		m.showLost(c, session, lostView{Missing: true})
		return
	}
	for _, client := range clients {
		if err := m.grants.WithdrawConsent(ctx, session.PersonID, client); err != nil {
			m.fault(c, err)
			return
		}
	}
	held, err := m.store.Holding(ctx, session.PersonID, m.now())
	var ids []string
	for _, h := range held {
		if slices.Contains(clients, h.ClientID) {
			ids = append(ids, h.ID)
		}
	}
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
	m.log.Info("phone reported lost", "trace_id", observe.TraceID(ctx), "revoked", revoked, "app", app)
	c.Redirect(http.StatusSeeOther, "/mine?said=lost")
}
