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
	Client string
	Names  []string
}

// holding gives what a person has that is not revoked and has not expired.
func (m *mine) holding(ctx context.Context, personID string) ([]issuance.Issued, error) {
	all, err := m.store.Mine(ctx, personID)
	return slices.DeleteFunc(all, func(i issuance.Issued) bool { return !i.RevokedAt.IsZero() || !i.ExpiresAt.After(m.now()) }), err
}

// askLost asks which wallet was on the phone that is lost.
func (m *mine) askLost(c *gin.Context) {
	session, ok := m.signedIn(c)
	if !ok {
		return
	}
	m.showLost(c, session, http.StatusOK, false)
}

func (m *mine) showLost(c *gin.Context, session *minid.Session, status int, missing bool) {
	all, err := m.holding(c.Request.Context(), session.PersonID)
	if err != nil {
		m.fault(c, err)
		return
	}
	var wallets []lostWallet
	for _, i := range all {
		n := slices.IndexFunc(wallets, func(w lostWallet) bool { return w.Client == i.ClientID })
		if n < 0 {
			n, wallets = len(wallets), append(wallets, lostWallet{Client: i.ClientID})
		}
		if name := m.view(i, web.Lang(c)).Name; !slices.Contains(wallets[n].Names, name) {
			wallets[n].Names = append(wallets[n].Names, name)
		}
	}
	m.site.Render(c, status, "issuer_lost", struct {
		Wallets []lostWallet
		Missing bool
	}{wallets, missing})
}

// lost revokes all that the wallets hold which the person has ticked, and ends what they could fetch again. The consents come first:
// they may be withdrawn twice, and what a wallet fetches between the two is revoked with the rest. All is revoked or nothing.
func (m *mine) lost(c *gin.Context) {
	session, ok := m.signedIn(c)
	if !ok {
		return
	}
	ctx, clients := c.Request.Context(), c.PostFormArray("wallet")
	for _, client := range clients {
		if err := m.grants.WithdrawConsent(ctx, session.PersonID, client); err != nil {
			m.fault(c, err)
			return
		}
	}
	all, err := m.holding(ctx, session.PersonID)
	if err != nil {
		m.fault(c, err)
		return
	}
	var ids []string
	for _, i := range all {
		if slices.Contains(clients, i.ClientID) {
			ids = append(ids, i.ID)
		}
	}
	if len(ids) == 0 {
		m.showLost(c, session, http.StatusUnprocessableEntity, true)
		return
	}
	n, err := m.changeAll(ctx, session, ids, statuslist.Invalid, "phone_lost")
	if err != nil && !errors.Is(err, issuance.ErrNotFound) { // somebody else has revoked them meanwhile
		m.fault(c, err)
		return
	}
	m.log.Info("phone reported lost", "trace_id", observe.TraceID(ctx), "revoked", n)
	c.Redirect(http.StatusSeeOther, "/mine?said=lost")
}
