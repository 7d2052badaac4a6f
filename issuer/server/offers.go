package server

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/issuer/credentials"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/web"
)

// offers is the pages on which a person chooses a credential and hands the offer to a wallet.
type offers struct {
	issuer string
	rules  openid4vci.Rules
	wallet string // a wallet in the browser, "" for none
	types  *credentials.Set
	site   *web.Site
}

func (o *offers) mount(r gin.IRouter) {
	r.GET("/", o.index)
	r.POST("/offers", o.post)
	r.GET("/offers/:configuration/:state", o.show)
}

type typeView struct {
	ID, Anchor, Name, Description, Level string
	Days                                 int
}

func (o *offers) index(c *gin.Context) {
	lang := web.Lang(c)
	var views []typeView
	for _, t := range o.types.All() {
		views = append(views, typeView{
			ID: t.ID, Anchor: "type-" + t.ID, Name: t.Display.Name.In(lang), Description: t.Display.Description.In(lang),
			Level: t.Level.String(), Days: int(t.Validity / (24 * time.Hour)),
		})
	}
	o.site.Render(c, http.StatusOK, "issuer_index", struct {
		Types  []typeView
		Reason string
	}{views, c.Query("reason")})
}

// post makes an offer. Its address holds all of it, so that the page can be read again, in another language too.
func (o *offers) post(c *gin.Context) {
	t, ok := o.types.ByID(c.PostForm("configuration"))
	if !ok {
		o.unknown(c, http.StatusBadRequest)
		return
	}
	c.Redirect(http.StatusSeeOther, "/offers/"+url.PathEscape(t.ID)+"/"+rand.Text())
}

// issuerState is what rand.Text makes.
var issuerState = regexp.MustCompile(`^[A-Z2-7]{26}$`)

func (o *offers) show(c *gin.Context) {
	t, ok := o.types.ByID(c.Param("configuration"))
	state := c.Param("state")
	if !ok || !issuerState.MatchString(state) {
		o.unknown(c, http.StatusNotFound)
		return
	}
	address, err := o.address(t, state)
	if err != nil {
		o.site.Failure(c, err)
		return
	}
	o.site.Render(c, http.StatusOK, "issuer_offer", struct{ Name, Level, Address, Browser string }{
		t.Display.Name.In(web.Lang(c)), t.Level.String(), address, o.browser(address),
	})
}

// address is the offer by value (section 4.1.2), for the authorization code flow.
func (o *offers) address(t *credentials.Type, state string) (string, error) {
	return openid4vci.OfferURI(openid4vci.OfferEndpoint, openid4vci.Offer{
		CredentialIssuer:           o.issuer,
		CredentialConfigurationIDs: []string{t.ID},
		Grants:                     &openid4vci.Grants{AuthorizationCode: &openid4vci.AuthorizationCodeGrant{IssuerState: state}},
	}, o.rules)
}

// browser is the same offer for the wallet in the browser.
func (o *offers) browser(address string) string {
	u, err := url.Parse(address)
	if err != nil || o.wallet == "" {
		return ""
	}
	return o.wallet + "/offer?" + u.RawQuery
}

func (o *offers) unknown(c *gin.Context, status int) {
	o.site.Problem(c, web.Problem{Status: status, Code: "unknown_credential_configuration", TextKey: "issuer.problem.unknown_type"})
}
