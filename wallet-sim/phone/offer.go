package phone

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"lommebok.example/specs/openid4vci"
	"lommebok.example/wallet-sim/wallet"
	"lommebok.example/web"
)

// offerView asks the person before anything is sent (OpenID4VCI 1.0 section 13.5).
type offerView struct {
	Offer  string // the link, to come back with the form
	Look   bool   // the offer is by reference, and was not fetched yet
	Host   string // of the issuer, or where the offer would be fetched
	Issuer string
	Names  []string
	Ready  bool // the offer has a pre-authorized code: nobody signs in
	Asks   bool // for a transaction code
	Text   bool // which is not of digits alone
	Length int  // of it; 0 when it is not told
	Says   string
}

// transaction tells how the offer's transaction code is asked for.
func (v *offerView) transaction(plan *wallet.Plan) {
	if v.Ready = plan.PreAuthorized != nil; !v.Ready {
		return
	}
	if tx := plan.PreAuthorized.TxCode; tx != nil {
		v.Asks, v.Text, v.Length, v.Says = true, tx.InputMode == openid4vci.InputText, tx.Length, tx.Description
	}
	v.Host = hostOf(plan.Server.TokenEndpoint) // where code and transaction code go
}

// offer shows who offers what. An offer by reference is fetched only when the person has seen from where.
func (f *Face) offer(c *gin.Context) {
	link := "openid-credential-offer://?" + c.Request.URL.RawQuery
	if !wallet.IsOffer(link) {
		f.refused(c, wallet.ErrInput)
		return
	}
	if reference := c.Query("credential_offer_uri"); reference != "" && c.Query("look") != "1" {
		f.show(c, http.StatusOK, "wallet_offer", offerView{Offer: reference, Look: true, Host: hostOf(reference)})
		return
	}
	plan, err := f.Wallet.Resolve(c.Request.Context(), withoutOwn(c.Request.URL.Query()), "")
	if err != nil {
		f.refused(c, err)
		return
	}
	lang := web.Lang(c)
	v := offerView{
		Offer: withoutOwn(c.Request.URL.Query()), Host: hostOf(plan.Issuer.CredentialIssuer),
		Issuer: wallet.IssuerName(plan.Issuer.Display, plan.Issuer.CredentialIssuer, lang), Names: plan.Names(lang),
	}
	v.transaction(plan)
	f.show(c, http.StatusOK, "wallet_offer", v, web.FormActions(plan.Server.AuthorizationEndpoint))
}

// withoutOwn is the offer's link without the parameters of our own pages.
func withoutOwn(query url.Values) string {
	kept := url.Values{}
	for _, name := range []string{"credential_offer", "credential_offer_uri"} {
		if query.Has(name) {
			kept[name] = query[name]
		}
	}
	return "openid-credential-offer://?" + kept.Encode()
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// accept sends the authorization request and the browser to the issuer's sign-in; with a pre-authorized code it gets the credentials.
func (f *Face) accept(c *gin.Context) {
	plan, err := f.Wallet.Resolve(c.Request.Context(), c.PostForm("offer"), "")
	if err != nil {
		f.refused(c, err)
		return
	}
	if plan.PreAuthorized != nil {
		stored, err := f.Wallet.Redeem(c.Request.Context(), plan, strings.TrimSpace(c.PostForm("tx_code")))
		f.received(c, stored, err)
		return
	}
	authorize, err := f.Wallet.Begin(c.Request.Context(), plan)
	if err != nil {
		f.refused(c, err)
		return
	}
	f.to(c, authorize)
}

func (f *Face) to(c *gin.Context, address string) {
	c.Header("Cache-Control", "no-store")
	c.Redirect(http.StatusSeeOther, address)
}

// callback is the return from the sign-in. What was got is shown on the front page, so that reading the page again does
// not send the code twice.
func (f *Face) callback(c *gin.Context) {
	stored, err := f.Wallet.Finish(c.Request.Context(), c.Request.URL.Query())
	f.received(c, stored, err)
}

// received leads to the front page, which shows what was got and what comes later.
func (f *Face) received(c *gin.Context, stored []*wallet.Credential, err error) {
	later := (*wallet.Later)(nil)
	if err != nil && !errors.As(err, &later) {
		f.refused(c, err)
		return
	}
	query := url.Values{}
	if len(stored) > 0 {
		query.Set("stored", stored[0].ID)
	}
	if later != nil {
		query.Set("pending", later.Pending[0].ID)
	}
	f.to(c, "/?"+query.Encode())
}

// pickUp asks the issuer for what was to come later.
func (f *Face) pickUp(c *gin.Context) {
	one, err := f.Wallet.PickUp(c.Request.Context(), c.Param("id"))
	if errors.Is(err, wallet.ErrNotFound) {
		f.to(c, "/")
		return
	}
	if err != nil {
		f.received(c, nil, err)
		return
	}
	f.received(c, []*wallet.Credential{one}, nil)
}
