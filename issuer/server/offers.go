package server

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
	"lommebok.example/issuer/credentials"
	"lommebok.example/minid/authserver"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/web"
)

// offers is the pages on which a person chooses credentials and hands the offer to a wallet. An offer for the authorization code
// flow stands in its own address, so that nothing is kept of who only looks; an offer with a pre-authorized code belongs to
// a session, see preauthorized.go.
type offers struct {
	issuer string
	rules  openid4vci.Rules
	wallet string // a wallet in the browser, "" for none
	types  *credentials.Set
	site   *web.Site
	states *authserver.Offers
	ready  preAuthorizing
}

func (o *offers) mount(r gin.IRouter) {
	r.GET("/", o.index)
	r.POST("/offers", o.post)
	r.GET("/offers/:state", o.show)
	r.GET("/offers/:state/credential-offer", web.ForPrograms, o.fetch)
	o.mountPreAuthorized(r)
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

// post makes an offer of one or several credentials.
func (o *offers) post(c *gin.Context) {
	ids := c.PostFormArray("configuration")
	if _, err := o.typesOf(ids); err != nil {
		o.unknown(c, http.StatusBadRequest)
		return
	}
	c.Redirect(http.StatusSeeOther, "/offers/"+o.states.IssuerState(ids))
}

var errNoType = errors.New("issuer: no such credential configurations")

// typesOf gives the types of identifiers of which there must be at least one, none twice.
func (o *offers) typesOf(ids []string) ([]*credentials.Type, error) {
	var types []*credentials.Type
	for _, id := range ids {
		t, ok := o.types.ByID(id)
		if !ok || slices.Contains(types, t) {
			return nil, errNoType
		}
		types = append(types, t)
	}
	if len(types) == 0 {
		return nil, errNoType
	}
	return types, nil
}

// offered gives the types of an address that is an offer's; false when the answer has been written.
func (o *offers) offered(c *gin.Context) ([]*credentials.Type, bool) {
	ids, ok := o.states.Offered(c.Param("state"))
	if !ok {
		o.site.Problem(c, web.Problem{Status: http.StatusNotFound, Code: "offer_over", TextKey: "issuer.problem.offer_over"})
		return nil, false
	}
	types, err := o.typesOf(ids)
	if err != nil {
		o.unknown(c, http.StatusNotFound)
	}
	return types, err == nil
}

// fetch gives a wallet the offer that it was told the address of (OpenID4VCI 1.0 section 4.1.3).
func (o *offers) fetch(c *gin.Context) {
	if types, ok := o.offered(c); ok {
		o.writeOffer(c, o.codeOffer(types, c.Param("state")))
	}
}

func (o *offers) writeOffer(c *gin.Context, offer openid4vci.Offer) {
	body, err := offer.Encode(o.rules)
	if err != nil {
		o.site.Failure(c, err)
		return
	}
	c.Header("Cache-Control", "no-store")
	c.Data(http.StatusOK, "application/json", body)
}

// codeOffer names no authorization_server: the metadata list none, since the issuer is its own (section 4.1.1).
func (o *offers) codeOffer(types []*credentials.Type, state string) openid4vci.Offer {
	return openid4vci.Offer{
		CredentialIssuer: o.issuer, CredentialConfigurationIDs: idsOf(types),
		Grants: &openid4vci.Grants{AuthorizationCode: &openid4vci.AuthorizationCodeGrant{IssuerState: state}},
	}
}

// offerView is the page of an offer. The QR code holds the offer by reference, which is shorter.
type offerView struct {
	Names         []string
	Level         string
	Address       string // openid-credential-offer, by reference
	HAIP          string // haip-vci, by reference
	Value         string // openid-credential-offer, by value; "" when the offer goes by reference alone
	Browser       string // https, by reference; "" for no wallet in the browser
	Ready         string // where the person signs in here instead; "" where that is not offered
	TxCode, Phone string // the transaction code to show, or the end of the number that it went to
	Minutes       int
	Record        string // the page of the transaction, "" where nothing is recorded
}

func (o *offers) show(c *gin.Context) {
	types, ok := o.offered(c)
	if !ok {
		return
	}
	state := c.Param("state")
	v := offerView{Record: observe.Recorded(c.Request.Context()), Names: namesOf(types, web.Lang(c)), Level: levelOf(types).String(), Minutes: int(authserver.OfferLife.Minutes())}
	if err := o.links(&v, o.issuer+"/offers/"+state+"/credential-offer"); err != nil {
		o.site.Failure(c, err)
		return
	}
	var err error
	if v.Value, err = openid4vci.OfferURI(openid4vci.OfferEndpoint, o.codeOffer(types, state), o.rules); err != nil {
		o.site.Failure(c, err)
		return
	}
	if preAuthorizable(types) {
		v.Ready = "/pre-authorized?" + url.Values{"configuration": idsOf(types)}.Encode()
	}
	o.site.Render(c, http.StatusOK, "issuer_offer", v)
}

// links makes the addresses that hand over the offer at reference, to a wallet of whatever scheme (section 4.1.3).
func (o *offers) links(v *offerView, reference string) (err error) {
	endpoints := map[string]*string{openid4vci.OfferEndpoint: &v.Address, openid4vci.OfferEndpointHAIP: &v.HAIP}
	if o.wallet != "" {
		endpoints[o.wallet+"/offer"] = &v.Browser
	}
	for endpoint, into := range endpoints {
		if *into, err = openid4vci.OfferReferenceURI(endpoint, reference, o.rules); err != nil {
			return err
		}
	}
	return nil
}

func (o *offers) unknown(c *gin.Context, status int) {
	o.site.Problem(c, web.Problem{Status: status, Code: "unknown_credential_configuration", TextKey: "issuer.problem.unknown_type"})
}
