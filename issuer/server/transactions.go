package server

import (
	"context"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid"
	"lommebok.example/transaction"
	pageset "lommebok.example/transaction/pages"
)

// The kinds of links that are the issuer's own: an offer's reference, and a pushed request in the hand of a browser.
const (
	linkOffer   = "offer_reference"
	linkRequest = "authorization_request"
)

// recorded are the routes that a wallet takes from the offer to the notification, and those of the browser in between.
var recorded = map[string]transaction.Step{
	"/offers/:state":                  {Name: "offer_page", Section: "OpenID4VCI 1.0 section 4.1", Link: "issuer_state"},
	"/offers/:state/credential-offer": {Name: "offer", Section: "OpenID4VCI 1.0 section 4.1.3", Link: "issuer_state"},
	"/pre-authorized/:id":             {Name: "offer_page", Section: "OpenID4VCI 1.0 section 4.1"},
	"/credential-offers/:reference":   {Name: "offer", Section: "OpenID4VCI 1.0 section 4.1.3", Link: linkOffer},
	"/par":                            {Name: "par", Section: "RFC 9126 section 2", Takes: []string{"issuer_state"}, Begins: true},
	"/authorize":                      {Name: "authorize", Section: "RFC 9126 section 4", Takes: []string{"request_uri"}},
	"/authorize/consent/:id":          {Name: "consent", Section: "RFC 6749 section 4.1.2", Link: linkRequest},
	"/authorize/cancel/:id":           {Name: "consent", Section: "RFC 6749 section 4.1.2.1", Link: linkRequest},
	"/token":                          {Name: "token", Section: "OpenID4VCI 1.0 section 6", Takes: []string{"code", "pre-authorized_code", "refresh_token"}},
	"/challenge":                      {Name: "challenge", Section: "draft-ietf-oauth-attestation-based-client-auth section 6.1"},
	"/nonce":                          {Name: "nonce", Section: "OpenID4VCI 1.0 section 7"},
	"/credential":                     {Name: "credential", Section: "OpenID4VCI 1.0 section 8", Takes: []string{"access_token", "c_nonce"}},
	"/deferred-credential":            {Name: "deferred", Section: "OpenID4VCI 1.0 section 9", Takes: []string{"access_token"}},
	"/notification":                   {Name: "notification", Section: "OpenID4VCI 1.0 section 11", Takes: []string{"access_token"}},
}

// newTransactions makes the recorder and its pages; nil where nothing is recorded.
func newTransactions(cfg Config, deps Deps, g *ground, p *parts) *pageset.Pages {
	if !cfg.Transactions {
		return nil
	}
	recorder := &transaction.Recorder{
		Base: cfg.URL, Path: "/transactions/", Steps: recorded, Store: g.records, Seal: g.core.Seal, Decrypt: g.encryption.Open, Counts: g.metrics, Now: deps.Now, Log: deps.Log,
	}
	recorder.Start()
	return &pageset.Pages{
		Recorder: recorder, Site: g.site, Service: "issuer",
		Operator: func(c *gin.Context, returnTo string) bool {
			_, _, ok := p.login.Staff(c, minid.RoleOperator, returnTo)
			return ok
		},
	}
}

// FlushTransactions returns when what was recorded before has been written.
func (s *Server) FlushTransactions(ctx context.Context) {
	if s.transactions != nil {
		s.transactions.Recorder.Flush(ctx)
	}
}

// Close ends what New started, and writes what waits. The handler must not be used any more.
func (s *Server) Close() {
	if s.transactions != nil {
		s.transactions.Recorder.Close()
	}
}
