package phone

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/wallet-sim/wallet"
	"lommebok.example/web"
)

// cardView is a credential in a list.
type cardView struct {
	ID, Name, Issuer, Format, Expires, ExpiresISO string
	Copies                                        int
	Expired                                       bool
}

func (f *Face) card(c *wallet.Credential, lang string) cardView {
	return cardView{
		ID: c.ID, Name: c.Name(lang), Issuer: c.IssuerName(lang), Format: c.Format, Copies: len(c.Copies),
		Expires: dateIn(lang, c.Expires), ExpiresISO: c.Expires.UTC().Format(time.DateOnly), Expired: !c.Expires.After(f.Now()),
	}
}

func dateIn(lang string, t time.Time) string {
	if lang == "en" {
		return t.UTC().Format("2 January 2006")
	}
	return t.UTC().Format("02.01.2006")
}

// claimView is a claim for people. Yes and no are words of the template.
type claimView struct{ Label, Value string }

func claimViews(claims []wallet.Claim, lang string) []claimView {
	views := make([]claimView, 0, len(claims))
	for _, c := range claims {
		value := c.Value
		if day, err := time.Parse(time.DateOnly, value); err == nil {
			value = dateIn(lang, day)
		}
		views = append(views, claimView{c.Label(lang), value})
	}
	return views
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
	f.site.Render(c, http.StatusOK, "wallet_index", struct {
		Cards            []cardView
		Orders           []orderView
		Stored           string
		Shared           string
		Issuer, Verifier string
	}{cards, orders, stored, c.Query("answer"), f.Issuer, f.Verifier})
}

// orderView is a credential that comes later; Now for the one that was just asked for.
type orderView struct {
	ID, Name, Issuer string
	Now              bool
}

func (f *Face) credential(c *gin.Context) {
	one, err := f.Wallet.Store.Get(c.Param("id"))
	if errors.Is(err, wallet.ErrNotFound) {
		f.site.Problem(c, web.Problem{Status: http.StatusNotFound, Code: "unknown_credential", TextKey: "wallet.problem.unknown"})
		return
	}
	if err != nil {
		f.site.Failure(c, err)
		return
	}
	decoded, err := one.Decode()
	if err != nil {
		f.site.Failure(c, err)
		return
	}
	all, err := json.MarshalIndent(decoded.All, "", "  ")
	if err != nil {
		f.site.Failure(c, err)
		return
	}
	lang := web.Lang(c)
	f.site.Render(c, http.StatusOK, "wallet_credential", struct {
		Card                    cardView
		Type, IssuerID, Decoded string
		Claims                  []claimView
		Raw                     string
	}{f.card(one, lang), one.Type, one.Issuer, string(all), claimViews(decoded.Claims, lang), one.Copies[0].Credential})
}
