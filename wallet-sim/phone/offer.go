package phone

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/wallet-sim/wallet"
	"lommebok.example/web"
)

// offerView asks the person before anything is sent (OpenID4VCI 1.0 section 13.5).
type offerView struct {
	web.Form
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

	Refusal *wallet.Refusal // what the issuer said of the last transaction code
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
	f.showOffer(c, http.StatusOK, withoutOwn(c.Request.URL.Query()), plan, "", nil)
}

// showOffer asks the person, once more when something is wrong with the transaction code.
func (f *Face) showOffer(c *gin.Context, status int, link string, plan *wallet.Plan, wrong string, refusal *wallet.Refusal) {
	lang := web.Lang(c)
	v := offerView{
		Offer: link, Host: hostOf(plan.Issuer.CredentialIssuer), Refusal: refusal,
		Issuer: wallet.IssuerName(plan.Issuer.Display, plan.Issuer.CredentialIssuer, lang), Names: plan.Names(lang),
	}
	v.transaction(plan)
	if wrong != "" {
		v.Errors = []web.FieldError{{Field: "tx_code", Text: f.site.T(lang, wrong, "n", v.Length)}}
	}
	f.show(c, status, "wallet_offer", v, web.FormActions(plan.Server.AuthorizationEndpoint))
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
		f.redeem(c, plan)
		return
	}
	authorize, err := f.Wallet.Begin(c.Request.Context(), plan)
	if err != nil {
		f.refused(c, err)
		return
	}
	f.to(c, authorize)
}

// redeem gets the credentials of an offer with a pre-authorized code. A transaction code of another form is not sent: an issuer takes
// few wrong ones. One that the issuer does not take can be corrected.
func (f *Face) redeem(c *gin.Context, plan *wallet.Plan) {
	code := strings.TrimSpace(c.PostForm("tx_code"))
	if wrong := txCodeWrong(plan.PreAuthorized.TxCode, code); wrong != "" {
		f.showOffer(c, http.StatusBadRequest, c.PostForm("offer"), plan, wrong, nil)
		return
	}
	stored, err := f.Wallet.Redeem(c.Request.Context(), plan, code)
	var refusal *wallet.Refusal
	if plan.PreAuthorized.TxCode != nil && errors.As(err, &refusal) && refusal.Code == oauth2.InvalidGrant {
		f.showOffer(c, http.StatusBadRequest, c.PostForm("offer"), plan, "wallet.offer.tx_refused", refusal)
		return
	}
	f.received(c, stored, err)
}

// txCodeWrong is the text that says what is wrong with a transaction code (OpenID4VCI 1.0 section 4.1.1), "" for nothing.
func txCodeWrong(asked *openid4vci.TxCode, code string) string {
	switch {
	case asked == nil:
		return ""
	case code == "":
		return "wallet.offer.tx_missing"
	case asked.Length > 0 && utf8.RuneCountInString(code) != asked.Length:
		return "wallet.offer.tx_length"
	case asked.InputMode != openid4vci.InputText && strings.Trim(code, "0123456789") != "":
		return "wallet.offer.tx_digits"
	}
	return ""
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
