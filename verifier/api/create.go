package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
	"lommebok.example/specs/dcql"
	"lommebok.example/specs/oauth2"
	"lommebok.example/verifier/presentation"
	"lommebok.example/verifier/relyingparty"
)

// createBody is what a party sends. Exactly one of preset and dcql_query.
type createBody struct {
	Preset    string          `json:"preset"`
	Query     json.RawMessage `json:"dcql_query"`
	Purpose   string          `json:"purpose"`
	Redirect  string          `json:"redirect_uri"`
	Reference string          `json:"reference"`

	TransactionData []json.RawMessage `json:"transaction_data"`
	ResponseMode    string            `json:"response_mode"`
}

const createMembers = "preset or dcql_query, purpose, redirect_uri, reference, transaction_data and response_mode"

// createdBody is the answer. Who has the handle and the party's token has the presentation.
type createdBody struct {
	Handle string `json:"handle"`
	*stateBody
}

// keyForm is what an Idempotency-Key may be: a party makes a new one, such as a UUID, for each thing it wants to happen once.
var keyForm = regexp.MustCompile(`^[\x21-\x7e]{16,128}$`)

var referenceForm = regexp.MustCompile(`^[A-Za-z0-9._:-]{0,64}$`)

func (a *API) create(c *gin.Context) {
	party := partyOf(c)
	var body createBody
	raw, err := read(c, &body, createMembers)
	if err != nil {
		a.refuse(c, err)
		return
	}
	query, err := body.check(party)
	if err != nil {
		a.refuse(c, err)
		return
	}
	key := c.GetHeader("Idempotency-Key")
	if key != "" && !keyForm.MatchString(key) {
		a.refuse(c, invalid("", "Idempotency-Key", "16 to 128 printable ASCII characters without blanks", "another"))
		return
	}
	p, secret, err := a.ask(c.Request.Context(), party, &body, query, key, string(raw))
	if err != nil {
		a.refuse(c, err)
		return
	}
	told, _, err := a.look(c.Request.Context(), p, secret)
	if err != nil {
		a.refuse(c, err)
		return
	}
	c.Header("Cache-Control", "no-store")
	c.Header("Location", a.Issuer()+"/presentations/"+p.ID+"."+secret)
	c.PureJSON(http.StatusCreated, createdBody{p.ID + "." + secret, told})
}

// check gives the query, when the party may ask for all of it and the rest is as it should be.
func (b *createBody) check(party *relyingparty.Party) (*dcql.Query, error) {
	query, err := b.query(party)
	if err != nil {
		return nil, err
	}
	switch {
	case party.Purpose(b.Purpose) == nil:
		e := invalid("", "purpose", "one of "+strings.Join(purposes(party), ", "), "another, or none")
		e.Code = UnknownPurpose
		return nil, e
	case b.Redirect != "" && !slices.Contains(party.Redirects, b.Redirect):
		e := invalid("RFC 9700 section 4.1.3", "redirect_uri", "one that is registered, character by character: "+strings.Join(party.Redirects, ", "), "another")
		e.Code = InvalidRedirect
		return nil, e
	case !referenceForm.MatchString(b.Reference) || isIdentityNumber(b.Reference):
		return nil, invalid("", "reference", "up to 64 letters, digits and . _ : -, with nothing about a person", "another")
	}
	return query, party.Check(query)
}

func (b *createBody) query(party *relyingparty.Party) (*dcql.Query, error) {
	if (b.Preset == "") == (len(b.Query) == 0) {
		return nil, invalid("", "dcql_query", "exactly one of preset and dcql_query", "both, or none")
	}
	if b.Preset != "" {
		if query := party.Presets[b.Preset]; query != nil {
			return query, nil
		}
		e := invalid("", "preset", "one of the party's own", "another")
		e.Code = UnknownPreset
		return nil, e
	}
	query, err := dcql.Parse(b.Query)
	if err == nil {
		err = query.Validate()
	}
	if err != nil {
		e := invalid("OpenID4VP 1.0 section 6", "dcql_query", "a DCQL query", err.Error())
		e.Code = InvalidQuery
		return nil, e
	}
	return query, nil
}

func purposes(party *relyingparty.Party) (ids []string) {
	for _, p := range party.Purposes {
		ids = append(ids, p.ID)
	}
	return ids
}

func notPermitted(e *relyingparty.NotPermittedError) *Error {
	came := e.Claim
	if came == "" {
		came = e.Type
	}
	return &Error{
		Code: NotPermitted, Description: e.Error(), Expected: strings.Join(e.Expected, ", "), Came: came,
		Section: "OpenID4VP 1.0 section 6; the registration of the relying party", Status: http.StatusForbidden,
	}
}

// ask begins the transaction and keeps what the API needs of it. With an Idempotency-Key the secret is made from the key, so
// that the same handle can be given again, and the same request twice is one presentation. The loser of two at once leaves a
// transaction that nobody knows of, until it is swept.
func (a *API) ask(ctx context.Context, party *relyingparty.Party, body *createBody, query *dcql.Query, key, raw string) (*Presentation, string, error) {
	now, secret, known, fingerprint := a.Now().UTC(), presentation.NewBrowser(), "", ""
	if key != "" {
		secret = a.Seal.Recognise("api handle", party.ID+" "+key)
		known, fingerprint = hash("idempotency key", key), a.Seal.Recognise("api request", raw)
		p, err := a.again(ctx, party.ID, known, fingerprint)
		if p != nil || err != nil {
			return p, secret, err
		}
	}
	id, err := a.Asking.Begin(ctx, presentation.Ask{
		Service: party.ID, Query: query, RedirectURI: body.Redirect, TransactionData: body.TransactionData, ResponseMode: body.ResponseMode,
	}, secret)
	if errors.Is(err, presentation.ErrAsk) {
		return nil, "", notAsked(err)
	}
	if err != nil {
		return nil, "", err
	}
	p := &Presentation{
		ID: id, Party: party.ID, Handle: hash("handle "+id, secret), Purpose: body.Purpose, Redirect: body.Redirect, Reference: body.Reference,
		Key: known, Body: fingerprint, Created: now, Expires: now.Add(presentation.RequestLifetime), Gone: now.Add(party.Kept), Webhook: party.Webhook != "",
	}
	err = a.Store.AddPresentation(ctx, *p)
	if errors.Is(err, ErrKeyTaken) {
		p, err = a.again(ctx, party.ID, known, fingerprint)
	}
	if err != nil {
		return nil, "", err
	}
	a.Log.InfoContext(ctx, "asked", "trace_id", observe.TraceID(ctx), "party", party.ID, "purpose", body.Purpose)
	return p, secret, nil
}

// notAsked tells what no wallet would be asked with.
func notAsked(err error) error {
	said := strings.TrimPrefix(err.Error(), presentation.ErrAsk.Error()+": ")
	return &Error{
		Code: oauth2.InvalidRequest, Description: said, Expected: "transaction_data with type and credential_ids of the query; response_mode direct_post.jwt or direct_post",
		Section: "OpenID4VP 1.0 sections 5.1, 8 and 8.4", Status: http.StatusBadRequest,
	}
}

// again finds the presentation of a key that has been used; nil when it has not.
func (a *API) again(ctx context.Context, party, key, fingerprint string) (*Presentation, error) {
	p, err := a.Store.PresentationByKey(ctx, party, key)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case p.Body != fingerprint || !a.Now().Before(p.Gone):
		return nil, &Error{
			Code: KeyReused, Description: "Idempotency-Key: it has been used for another request, or for one that is over",
			Expected: "a new key for a new request", Status: http.StatusUnprocessableEntity,
		}
	}
	return p, nil
}
