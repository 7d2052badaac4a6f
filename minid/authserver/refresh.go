package authserver

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"lommebok.example/specs/oauth2"
)

// RefreshToken lets a wallet have further access tokens of its grant, by the same DPoP key and the same wallet instance (RFC 9449
// section 5, ABCA section 9.3). It is not exchanged when it is used (FAPI 2.0 section 5.3.2.1), so an answer that is lost costs nothing, and
// a copy of it is worth nothing without both keys.
type RefreshToken struct {
	Hash    Hash
	Expires time.Time
}

// Refreshing is what a wallet brings to have another token; each member must be the grant's own.
type Refreshing struct {
	Token    Hash
	ClientID string
	JKT      string
	Unit     *WalletUnit // kept with the grant in place of the earlier; its JKT must be the grant's Instance
	At       time.Time
}

// RefreshStore keeps refresh tokens. ErrNoCode when there is none that is alive.
type RefreshStore interface {
	// RefreshGrant reads the grant of a refresh token.
	RefreshGrant(ctx context.Context, token Hash, at time.Time) (*Grant, error)
	// Refresh keeps another token with the grant. ErrNoCode, and the error of issue.
	Refresh(ctx context.Context, r Refreshing, issue Issuing) (*Grant, error)
	// GrantedClients are the clients that can fetch something of what the person has given them.
	GrantedClients(ctx context.Context, personID string, at time.Time) ([]string, error)
	// WithdrawGrants ends what a person has given a client, with all its tokens.
	WithdrawGrants(ctx context.Context, personID, clientID string, at time.Time) error
}

var refreshGrant = grantType{
	parameter: "refresh_token", section: "RFC 6749 section 6", walletsOnly: true, redeem: (*Server).redeemRefresh,
	expected: "expected a refresh_token that is alive, with the client_id, instance and DPoP key it was given to; a new sign-in is needed otherwise (RFC 6749 section 5.2)",
}

// redeemRefresh asks once more whether the account stands: nobody signs in here.
func (s *Server) redeemRefresh(t *tokenRequest, issue Issuing) (*Grant, error) {
	token := HashOf(t.form.Get("refresh_token"))
	grant, err := s.Store.RefreshGrant(t.Context(), token, t.at)
	if err == nil {
		err = s.stands(t.Context(), grant)
	}
	if err != nil {
		return nil, err
	}
	return s.Store.Refresh(t.Context(), Refreshing{Token: token, ClientID: t.clientID, JKT: t.jkt, Unit: t.unit, At: t.at}, issue)
}

// refreshed keeps what may still be issued again on the sign-in of the grant, and of that what scope asks for (RFC 6749 section
// 6). ErrNoCode when nothing is left.
func (s *Server) refreshed(t *tokenRequest, g *Grant, token *Token) error {
	token.Refreshed = true
	for scope := range strings.FieldsSeq(t.form.Get("scope")) {
		if !slices.Contains(g.Scopes, scope) {
			return oauth2.NewError(http.StatusBadRequest, oauth2.InvalidScope, "expected no scope that was not granted (RFC 6749 section 6)")
		}
	}
	s.keep(token, func(r Resource) bool {
		return t.at.Before(g.AuthTime.Add(r.Reissue)) && (t.form.Get("scope") == "" || slices.Contains(strings.Fields(t.form.Get("scope")), r.Scope))
	})
	if len(token.Scopes)+len(token.Authorized) == 0 {
		return ErrNoCode
	}
	return nil
}

// refreshToken gives a wallet that says who it is a refresh token, when something of the grant may be issued again later than the
// access token lives.
func (s *Server) refreshToken(t *tokenRequest, g *Grant, token *Token) (plain string) {
	var longest time.Duration
	for _, id := range s.configurations(g.Scopes, g.Authorized) {
		if r, ok := s.Catalog.ByConfiguration(id); ok {
			longest = max(longest, r.Reissue)
		}
	}
	until := g.AuthTime.Add(longest)
	if s.Accounts == nil || t.service != nil || t.clientID == "" || !until.After(token.Expires) {
		return ""
	}
	plain = secret()
	token.Refresh = &RefreshToken{Hash: HashOf(plain), Expires: until}
	return plain
}

// WithdrawConsent ends what a person has given a wallet's maker to fetch: access and refresh tokens of all sign-ins. Instances of a
// wallet share their client_id (HAIP 1.0 section 4.4.1), so it is the person's other instances too; they take a new sign-in.
func (s *Server) WithdrawConsent(ctx context.Context, personID, clientID string) error {
	return s.Store.WithdrawGrants(ctx, personID, clientID, s.Now())
}

// Consented gives the client_ids of the wallets that could fetch something for a person by a consent that has neither ended nor been
// withdrawn: those that WithdrawConsent does something to.
func (s *Server) Consented(ctx context.Context, personID string) ([]string, error) {
	return s.Store.GrantedClients(ctx, personID, s.Now())
}
