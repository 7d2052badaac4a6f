package phone

import (
	"errors"
	"html/template"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/wallet-sim/inspect"
	"lommebok.example/wallet-sim/wallet"
	"lommebok.example/web"
)

// cardView is a credential in a list.
type cardView struct {
	ID, Name, Issuer, Format, Expires, ExpiresISO string
	Description, LogoAlt                          string
	Logo                                          template.URL // "" for none
	Copies                                        int
	Expired                                       bool
}

func (f *Face) card(c *wallet.Credential, lang string) cardView {
	look := c.Look(lang)
	v := cardView{
		ID: c.ID, Name: c.Name(lang), Issuer: c.IssuerName(lang), Format: c.Format, Copies: len(c.Copies), Description: look.Description, LogoAlt: look.LogoAlt,
		Expires: dateIn(lang, c.Expires), ExpiresISO: c.Expires.UTC().Format(time.DateOnly), Expired: !c.Expires.After(f.Now()),
	}
	if c.Logo != nil {
		v.Logo = template.URL(c.Logo.DataURI()) //nolint:gosec // a picture of a media type that the wallet knows, in base64
	}
	return v
}

func dateIn(lang string, t time.Time) string {
	if lang == "en" {
		return t.UTC().Format("2 January 2006")
	}
	return t.UTC().Format("02.01.2006")
}

// timeIn is a moment on the clock of this machine.
func timeIn(lang string, t time.Time) string {
	local := t.Local()
	if lang == "en" {
		return local.Format("2 January 2006 15:04")
	}
	return local.Format("02.01.2006 15:04")
}

func (f *Face) index(c *gin.Context) {
	all, err := f.Wallet.Store.List()
	if err != nil {
		f.site.Failure(c, err)
		return
	}
	lang := web.Lang(c)
	cards := make([]cardView, 0, len(all))
	stored := ""
	for _, one := range all {
		cards = append(cards, f.card(one, lang))
		if one.ID == c.Query("stored") {
			stored = one.Name(lang)
		}
	}
	waiting, err := f.Wallet.Store.Pending()
	if err != nil {
		f.site.Failure(c, err)
		return
	}
	orders := make([]orderView, 0, len(waiting))
	for _, p := range waiting {
		orders = append(orders, orderView{ID: p.ID, Name: p.Name(lang), Issuer: hostOf(p.Flow.Plan.Issuer.CredentialIssuer), Now: p.ID == c.Query("pending")})
	}
	f.show(c, http.StatusOK, "wallet_index", struct {
		Cards            []cardView
		Orders           []orderView
		Stored           string
		Shared           string
		Deleted          bool
		Issuer, Verifier string
	}{cards, orders, stored, c.Query("answer"), c.Query("deleted") == "1", f.Issuer, f.Verifier})
}

// orderView is a credential that comes later; Now for the one that was just asked for.
type orderView struct {
	ID, Name, Issuer string
	Now              bool
}

// found reads the credential that the address names; false when the answer has been written.
func (f *Face) found(c *gin.Context) (*wallet.Credential, bool) {
	one, err := f.Wallet.Store.Get(c.Param("id"))
	switch {
	case errors.Is(err, wallet.ErrNotFound):
		f.site.Problem(c, web.Problem{Status: http.StatusNotFound, Code: "unknown_credential", TextKey: "wallet.problem.unknown"})
	case err != nil:
		f.site.Failure(c, err)
	}
	return one, err == nil
}

// credentialView is a credential first for people, and then as it is.
type credentialView struct {
	Card           cardView
	Type, IssuerID string
	Claims         []claimView
	Kind, Section  string
	Parts          []inspect.Part
	Raw            string
}

func (f *Face) credential(c *gin.Context) {
	one, ok := f.found(c)
	if !ok {
		return
	}
	decoded, err := one.Decode()
	if err != nil {
		f.site.Failure(c, err)
		return
	}
	raw := one.Copies[0].Credential
	taken, err := inspect.Decode([]byte(raw))
	if err != nil {
		f.site.Failure(c, err)
		return
	}
	lang := web.Lang(c)
	f.show(c, http.StatusOK, "wallet_credential", credentialView{
		f.card(one, lang), one.Type, one.Issuer, f.claimViews(decoded.Claims, lang), taken.Kind, taken.Section, taken.Parts, raw,
	})
}

// deletion asks before a credential is deleted.
func (f *Face) deletion(c *gin.Context) {
	if one, ok := f.found(c); ok {
		f.show(c, http.StatusOK, "wallet_delete", f.card(one, web.Lang(c)))
	}
}

// delete deletes it here alone: the issuer is told nothing (ARF PAD_03). One that is gone already is gone.
func (f *Face) delete(c *gin.Context) {
	if _, err := f.Wallet.Store.Delete(c.Param("id")); err != nil && !errors.Is(err, wallet.ErrNotFound) {
		f.site.Failure(c, err)
		return
	}
	f.to(c, "/?deleted=1")
}
