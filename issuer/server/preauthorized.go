package server

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
	"lommebok.example/issuer/credentials"
	"lommebok.example/minid"
	"lommebok.example/minid/authserver"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/web"
)

// preAuthorizing is what the pages of this file stand on.
type preAuthorizing struct {
	signIn authserver.SignIn
	server preAuthorizer
	codes  txCodes
	now    func() time.Time
}

// preAuthorizer keeps offers with a pre-authorized code; authserver.Server is one.
type preAuthorizer interface {
	PreAuthorize(ctx context.Context, session *minid.Session, configurations []string) (*authserver.PreAuthorized, error)
	PreAuthorizedIn(ctx context.Context, session *minid.Session, id string) (*authserver.PreAuthorized, error)
	PreAuthorizedAt(ctx context.Context, reference string) (*authserver.PreAuthorized, error)
}

// txCodes brings transaction codes to people; minid.Core is one.
type txCodes interface {
	TxCodePhone(ctx context.Context, personID string) (string, error)
	SendTxCode(ctx context.Context, personID, offer, code, what string, until time.Time) error
}

func (o *offers) mountPreAuthorized(r gin.IRouter) {
	r.GET("/pre-authorized", o.prepare)
	r.POST("/pre-authorized", o.preAuthorize)
	r.GET("/pre-authorized/:id", o.showReady)
	r.GET("/credential-offers/:reference", web.ForPrograms, o.fetchReady)
}

// readyMargin is what is left of max_auth_age when the offer is asked for: the time to read the page, the life of the code, and the
// credential request.
const readyMargin = authserver.PreAuthorizedLife + 4*time.Minute

// signedIn gives the session of who asks for these types, at the level that they demand and young enough for the code to be
// redeemed within its life; false when the answer has been written.
func (o *offers) signedIn(c *gin.Context, types []*credentials.Type) (*minid.Session, bool) {
	c.Header("Cache-Control", "no-store")
	return o.ready.signIn.SignedIn(c, minid.Need{
		Service: o.site.T(web.Lang(c), "issuer.ready.service"), Level: levelOf(types), MaxAge: max(time.Minute, youngest(types)-readyMargin),
		ReturnTo: "/pre-authorized?" + url.Values{"configuration": idsOf(types)}.Encode(), CancelTo: "/",
	})
}

// asked reads which types are asked for; false when the answer has been written.
func (o *offers) asked(c *gin.Context, ids []string) ([]*credentials.Type, bool) {
	types, err := o.typesOf(ids)
	if err != nil || !preAuthorizable(types) {
		o.unknown(c, http.StatusBadRequest)
		return nil, false
	}
	return types, true
}

// prepare asks who is signed in whether to make the offer, and says where the code will come.
func (o *offers) prepare(c *gin.Context) {
	types, ok := o.asked(c, c.QueryArray("configuration"))
	if !ok {
		return
	}
	session, ok := o.signedIn(c, types)
	if !ok {
		return
	}
	phone, err := o.ready.codes.TxCodePhone(c.Request.Context(), session.PersonID)
	if err != nil {
		o.site.Failure(c, err)
		return
	}
	o.site.Render(c, http.StatusOK, "issuer_ready", struct {
		IDs, Names []string
		Phone      string
		TxCode     bool
	}{idsOf(types), namesOf(types, web.Lang(c)), phone, demandsTxCode(types)})
}

// preAuthorize makes the offer for who is signed in, and for nobody else, whatever the form says.
func (o *offers) preAuthorize(c *gin.Context) {
	types, ok := o.asked(c, c.PostFormArray("configuration"))
	if !ok {
		return
	}
	session, ok := o.signedIn(c, types)
	if !ok {
		return
	}
	ctx := minid.InLanguage(c.Request.Context(), web.Lang(c))
	made, err := o.ready.server.PreAuthorize(ctx, session, idsOf(types))
	if err == nil && made.TxCode != "" {
		err = o.sendTxCode(ctx, session, made, namesOf(types, web.Lang(c))[0])
	}
	if err != nil {
		o.notMade(c, err)
		return
	}
	c.Redirect(http.StatusSeeOther, "/pre-authorized/"+made.ID)
}

// sendTxCode does nothing for a person without a telephone: the page shows the code then, apart from the offer.
func (o *offers) sendTxCode(ctx context.Context, session *minid.Session, made *authserver.PreAuthorized, what string) error {
	phone, err := o.ready.codes.TxCodePhone(ctx, session.PersonID)
	if err != nil || phone == "" {
		return err
	}
	return o.ready.codes.SendTxCode(ctx, session.PersonID, made.ID, made.TxCode, what, made.Expires)
}

func (o *offers) notMade(c *gin.Context, err error) {
	var tooMany minid.ErrTooManyAttempts
	switch {
	case errors.As(err, &tooMany):
		o.site.Problem(c, web.Problem{
			Status: http.StatusTooManyRequests, Code: "too_many_codes", TextKey: "issuer.problem.too_many_codes", RetryAfter: tooMany.RetryAfter,
			Args: []any{"minutes", int(math.Ceil(tooMany.RetryAfter.Minutes()))},
		})
	case errors.Is(err, minid.ErrNotSent):
		o.site.Problem(c, web.Problem{Status: http.StatusServiceUnavailable, Code: "code_not_sent", TextKey: "issuer.problem.code_not_sent"})
	default:
		o.site.Failure(c, err)
	}
}

// showReady shows the offer to the session that it was made in. What is another's is not told from what is not there.
func (o *offers) showReady(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	session, ok := o.ready.signIn.SignedIn(c, minid.Need{
		Service: o.site.T(web.Lang(c), "issuer.ready.service"), Level: minid.LevelSubstantial, ReturnTo: "/", CancelTo: "/",
	})
	if !ok {
		return
	}
	made, err := o.ready.server.PreAuthorizedIn(c.Request.Context(), session, c.Param("id"))
	if errors.Is(err, authserver.ErrNoCode) {
		o.site.Problem(c, web.Problem{Status: http.StatusForbidden, Code: "offer_over", TextKey: "issuer.problem.offer_over"})
		return
	}
	var v offerView
	if err == nil {
		observe.Linked(c.Request.Context(), linkOffer, made.Reference)
		v, err = o.readyView(c, session, made)
	}
	if err != nil {
		o.site.Failure(c, err)
		return
	}
	v.Record = observe.Recorded(c.Request.Context())
	o.site.Render(c, http.StatusOK, "issuer_handover", v)
}

func (o *offers) readyView(c *gin.Context, session *minid.Session, made *authserver.PreAuthorized) (v offerView, err error) {
	types, err := o.typesOf(made.Configurations)
	if err != nil {
		return v, err
	}
	if v.Phone, err = o.ready.codes.TxCodePhone(c.Request.Context(), session.PersonID); err != nil {
		return v, err
	}
	if v.Phone == "" || made.TxCode == "" {
		v.Phone, v.TxCode = "", made.TxCode
	}
	v.Names, v.Minutes = namesOf(types, web.Lang(c)), int(math.Ceil(made.FetchUntil.Sub(o.ready.now()).Minutes()))
	return v, o.links(&v, o.issuer+"/credential-offers/"+made.Reference)
}

// fetchReady gives a wallet the offer with the pre-authorized code.
func (o *offers) fetchReady(c *gin.Context) {
	made, err := o.ready.server.PreAuthorizedAt(c.Request.Context(), c.Param("reference"))
	switch {
	case errors.Is(err, authserver.ErrNoCode):
		o.site.Problem(c, web.Problem{Status: http.StatusNotFound, Code: "offer_over", TextKey: "issuer.problem.offer_over"})
		return
	case err != nil:
		o.site.Failure(c, err)
		return
	}
	grant := &openid4vci.PreAuthorizedCodeGrant{PreAuthorizedCode: made.Code}
	if made.TxCode != "" {
		grant.TxCode = &openid4vci.TxCode{
			InputMode: openid4vci.InputNumeric, Length: len(made.TxCode), Description: o.site.T(web.Lang(c), "issuer.ready.tx_description"),
		}
	}
	o.writeOffer(c, openid4vci.Offer{
		CredentialIssuer: o.issuer, CredentialConfigurationIDs: made.Configurations, Grants: &openid4vci.Grants{PreAuthorizedCode: grant},
	})
}
