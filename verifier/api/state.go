package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
	"lommebok.example/specs/fnr"
	"lommebok.example/verifier/presentation"
)

// stateBody is how a presentation stands. Links only while a wallet can answer.
type stateBody struct {
	ID        string             `json:"id"`
	State     presentation.State `json:"state"`
	Purpose   string             `json:"purpose"`
	Reference string             `json:"reference,omitempty"`
	Expires   time.Time          `json:"expires"`
	KeptUntil time.Time          `json:"kept_until"`
	Links     *linksBody         `json:"links,omitempty"`
	Record    string             `json:"record,omitempty"` // page on what the wallet and the verifier say to each other, where it is recorded
}

// linksBody are the addresses for a wallet: the one for another device goes into a QR code. Those for the same device are there
// when the browser has somewhere to come back to with the response_code.
type linksBody struct {
	CrossDevice string `json:"cross_device"`
	SameDevice  string `json:"same_device,omitempty"`
	Browser     string `json:"browser_wallet,omitempty"`
}

// resultBody is a yes or a no, and why. Reasons are the checks that did not hold; Verdict has all of them, and the claims
// when it accepts. Error is what a wallet that refused said.
type resultBody struct {
	ID        string                `json:"id"`
	State     presentation.State    `json:"state"`
	Reference string                `json:"reference,omitempty"`
	Accepted  bool                  `json:"accepted"`
	Reasons   []presentation.Check  `json:"reasons"`
	Verdict   *presentation.Verdict `json:"verdict,omitempty"`
	Error     string                `json:"wallet_error,omitempty"`
	TraceID   string                `json:"trace_id"`
}

// final tells whether a state is an end.
func final(s presentation.State) bool { return s != presentation.Waiting && s != presentation.Fetched }

const (
	foundKey  = "presentation"
	secretKey = "secret"
)

// find gives the handlers after it the presentation of the handle, when it is this party's.
func (a *API) find(c *gin.Context) {
	id, secret, _ := strings.Cut(c.Param("handle"), ".")
	if !presentation.IsBrowser(secret) {
		a.refuse(c, errUnknown)
		return
	}
	p, err := a.Store.Presentation(c.Request.Context(), id, partyOf(c).ID, hash("handle "+id, secret), a.Now())
	if err != nil {
		a.refuse(c, err)
		return
	}
	c.Set(foundKey, p)
	c.Set(secretKey, secret)
	c.Header("Cache-Control", "no-store")
}

func found(c *gin.Context) (*Presentation, string) {
	return c.MustGet(foundKey).(*Presentation), c.GetString(secretKey)
}

// look tells how a presentation stands; the result is nil when it has been cancelled.
func (a *API) look(ctx context.Context, p *Presentation, secret string) (*stateBody, *presentation.Result, error) {
	told := &stateBody{
		ID: p.ID, State: Cancelled, Purpose: p.Purpose, Reference: p.Reference, Expires: p.Expires, KeptUntil: p.Gone,
	}
	if p.State == Cancelled {
		return told, nil, nil
	}
	r, err := a.Asking.Result(ctx, p.ID, secret)
	if errors.Is(err, presentation.ErrNotFound) {
		err = ErrNotFound
	}
	if err != nil {
		return nil, nil, err
	}
	told.Record = r.Record
	switch told.State = r.State; {
	case !final(r.State):
		told.Links, err = a.links(ctx, p, r, secret)
	case r.State == presentation.Expired && !a.expired(p): // an answer may be under judgement
		told.State = r.Before
	}
	return told, r, err
}

// expired tells whether there can be no answer any more, nor one that came in time and is still being judged.
func (a *API) expired(p *Presentation) bool {
	return p.State == presentation.Expired || !a.Now().Before(p.Expires.Add(grace))
}

// links are those for wallets; for the same device only when the browser has somewhere to go afterwards.
func (a *API) links(ctx context.Context, p *Presentation, r *presentation.Result, secret string) (*linksBody, error) {
	links, err := a.Asking.Links(ctx, r, secret, "")
	if err != nil {
		return nil, err
	}
	told := &linksBody{CrossDevice: links.CrossDevice}
	if p.Redirect == "" {
		return told, nil
	}
	told.SameDevice = links.SameDevice
	if a.Wallet != "" {
		links, err = a.Asking.Links(ctx, r, secret, a.Wallet+"/present")
		told.Browser = links.SameDevice
	}
	return told, err
}

// state answers at once, or with wait when the state has become another.
func (a *API) state(c *gin.Context) {
	a.await(c, func(then, now presentation.State) bool { return now != then || final(now) }, func(told *stateBody, _ *presentation.Result) {
		c.PureJSON(http.StatusOK, told)
	})
}

// result answers with a verdict, or 202 and the state when there is none yet.
func (a *API) result(c *gin.Context) {
	a.await(c, func(_, now presentation.State) bool { return final(now) }, func(told *stateBody, r *presentation.Result) { a.tell(c, told, r) })
}

func (a *API) tell(c *gin.Context, told *stateBody, r *presentation.Result) {
	if !final(told.State) {
		c.PureJSON(http.StatusAccepted, told)
		return
	}
	body := resultBody{ID: told.ID, State: told.State, Reference: told.Reference, Reasons: []presentation.Check{}, TraceID: observe.TraceID(c.Request.Context())}
	if r != nil {
		body.Error = r.Error
		if body.Verdict = r.Verdict; r.Verdict != nil {
			body.Accepted = r.Verdict.Accepted
			body.Reasons = append(body.Reasons, causesFirst(r.Verdict.Failed())...)
		}
	}
	c.PureJSON(http.StatusOK, body)
}

// causesFirst puts what may follow from another failure, that the query is not satisfied, behind the others.
func causesFirst(failed []presentation.Check) []presentation.Check {
	slices.SortStableFunc(failed, func(a, b presentation.Check) int {
		switch {
		case a.Name == b.Name || a.Name != "query" && b.Name != "query":
			return 0
		case a.Name == "query":
			return 1
		}
		return -1
	})
	return failed
}

// redeem releases the verdict on a wallet on the same device, for the response_code that came to the party by the browser. A
// code that is brought again does no harm: who has the handle has the verdict already.
func (a *API) redeem(c *gin.Context) {
	var body struct {
		Code string `json:"response_code"`
	}
	if _, err := read(c, &body, "response_code"); err != nil {
		a.refuse(c, err)
		return
	}
	p, secret := found(c)
	err := a.Asking.Redeem(c.Request.Context(), p.ID, secret, body.Code)
	if err != nil && !errors.Is(err, presentation.ErrNotFound) {
		a.refuse(c, err)
		return
	}
	told, r, lookErr := a.look(c.Request.Context(), p, secret)
	switch {
	case lookErr != nil:
		a.refuse(c, lookErr)
	case err != nil && (r == nil || r.State != presentation.Answered && r.State != presentation.Refused):
		a.refuse(c, &Error{
			Code: UnknownCode, Description: "response_code: it is not the one that the browser brought back from this presentation",
			Expected: "response_code of the redirect_uri, as it came", Section: "OpenID4VP 1.0 section 14.2; HAIP 1.0 section 5.1", Status: http.StatusForbidden,
		})
	default:
		a.tell(c, told, r)
	}
}

func (a *API) cancel(c *gin.Context) {
	p, _ := found(c)
	err := a.Store.Cancel(c.Request.Context(), p.ID, a.Now(), a.Now().Add(-grace))
	switch {
	case errors.Is(err, ErrAnswered):
		a.refuse(c, &Error{
			Code: AlreadyAnswered, Description: "the presentation has its verdict, which can be read",
			Expected: "a presentation that is open", Status: http.StatusConflict,
		})
	case errors.Is(err, ErrExpired):
		a.refuse(c, &Error{
			Code: AlreadyExpired, Description: "the presentation has expired: nothing can be answered any more",
			Expected: "a presentation that is open", Status: http.StatusConflict,
		})
	case err != nil:
		a.refuse(c, err)
	default:
		c.Status(http.StatusNoContent)
	}
}

// isIdentityNumber tells whether a text is the number of a person.
func isIdentityNumber(text string) bool {
	_, err := fnr.Parse(text)
	return err == nil
}
