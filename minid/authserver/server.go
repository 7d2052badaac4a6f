package authserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid"
	"lommebok.example/specs/dpop"
	"lommebok.example/specs/jose"
	"lommebok.example/web"
)

// How long things live. Security rule: a code at most 60 s (FAPI 2.0 section 5.3.2.1), a token at most 10 min since it is
// bound to a key, a request_uri under 10 min (RFC 9126 section 2.2).
const (
	requestURILife = 90 * time.Second
	browserLife    = 30 * time.Minute // from the first visit until the person has answered
	codeLife       = 60 * time.Second
	tokenLife      = 10 * time.Minute
)

// Resource is something a wallet can be given access to: one credential configuration.
type Resource struct {
	ConfigurationID string
	Scope           string        // "" when it can only be asked for by authorization_details
	Level           minid.Level   // what the sign-in must reach
	MaxAuthAge      time.Duration // how old the sign-in may be; 0 for any age
	PreAuthorized   bool          // may be given by a pre-authorized code
	TxCode          bool          // and then takes a transaction code
	Reissue         time.Duration // how long after the sign-in it may be issued again, with a refresh token; 0 for not at all
}

// ConsentText describes a Resource in the person's words.
type ConsentText struct {
	Name        string
	Description string
	Claims      []string      // names of what is in it
	Validity    time.Duration // of the credential
}

// Catalog knows what can be asked for.
type Catalog interface {
	ByScope(scope string) (Resource, bool)
	ByConfiguration(id string) (Resource, bool)
	Scopes() []string
	Consent(id, lang string) (ConsentText, bool)
}

// nothing is the Catalog of who gives access to no credential.
type nothing struct{}

func (nothing) ByScope(string) (Resource, bool)            { return Resource{}, false }
func (nothing) ByConfiguration(string) (Resource, bool)    { return Resource{}, false }
func (nothing) Scopes() []string                           { return nil }
func (nothing) Consent(string, string) (ConsentText, bool) { return ConsentText{}, false }

// SignIn signs the person in, or writes the answer that leads there and gives false.
type SignIn interface {
	SignedIn(c *gin.Context, need minid.Need) (*minid.Session, bool)
}

// Client is a wallet that we know. How it authenticates itself is said by Auth: oauth2.AuthAttestation, oauth2.AuthPrivateKeyJWT
// with Keys, or "" for whatever a wallet that we do not know may do.
type Client struct {
	ID           string
	Name         string // as the person knows it
	RedirectURIs []string
	Auth         string
	Keys         jose.JWKS
}

// Server is the authorization server. Its fields are set once, before Mount.
type Server struct {
	Issuer  string // identifier of RFC 8414 section 2; also the Credential Issuer's
	Store   Store
	SignIn  SignIn
	Catalog Catalog // nil, with OpenID: services alone are served, and no wallets
	Nonces  *dpop.Nonces
	Clients []Client
	OpenID  *OpenID // nil: wallets alone are served
	// Offers makes what the issuer's offers carry; nil serves no pre-authorized codes, and lets issuer_state pass. It needs Accounts.
	StatusLists string // address of all status lists of the issuer, for the metadata; "" for none
	Offers      *Offers
	// Accounts is asked when a grant is acted upon without a sign-in; nil gives no refresh tokens.
	Accounts Accounts
	// Providers knows the wallet providers whose attestations are taken; nil takes none.
	Providers WalletProviders
	// InsecureAllowAnyClient takes requests of public clients, in Clients or not. Safe where every wallet may try us, as on
	// a test service; never where real credentials are issued.
	InsecureAllowAnyClient bool
	// InsecureAllowAnonymousPreAuthorized takes pre-authorized codes from whoever brings them, without client_id. Safe as
	// InsecureAllowAnyClient is: who photographs the offer and reads the person's SMS has the credential.
	InsecureAllowAnonymousPreAuthorized bool
	// InsecureAllowHTTP allows an Issuer with the scheme http. Safe on a developer's own machine only.
	InsecureAllowHTTP bool
	// Under is the beginning of Issuer's path that requests come without, see web.Site.Strip: below it the whole service stands.
	Under string
	Site  *web.Site
	Now   func() time.Time
	Log   *slog.Logger

	outside   string // scheme and authority of Issuer, and Under: what stands before the path of a request
	base      string // path of Issuer without Under, "" for none
	metadata  []byte // of RFC 8414; nil where services alone are served
	crossSite *http.CrossOriginProtection
}

// ErrConfig is what is wrong with the fields of a Server.
var ErrConfig = errors.New("authserver: the server is configured wrongly")

// Check tells whether the fields make a server that may run, and readies it; Mount calls it and panics on the error.
func (s *Server) Check() error {
	u, err := s.checkIssuer()
	switch {
	case err != nil:
		return err
	case s.Store == nil || s.SignIn == nil || s.Nonces == nil || s.Site == nil || s.Now == nil || s.Log == nil:
		return fmt.Errorf("%w: Store, SignIn, Nonces, Site, Now and Log must be set", ErrConfig)
	case s.Catalog == nil && s.OpenID == nil:
		return fmt.Errorf("%w: Catalog or OpenID must be set", ErrConfig)
	case s.Offers != nil && (s.Accounts == nil || len(s.Offers.secret) < 32):
		return fmt.Errorf("%w: Offers needs Accounts, and a secret of 32 bytes", ErrConfig)
	}
	if err := checkClients(s.Clients); err != nil {
		return err
	}
	s.outside, s.base = u.Scheme+"://"+u.Host+s.Under, strings.TrimPrefix(u.EscapedPath(), s.Under)
	s.crossSite = http.NewCrossOriginProtection()
	if s.Catalog == nil {
		s.Catalog = nothing{}
	}
	if s.Catalog != (nothing{}) {
		if s.metadata, err = s.makeMetadata(); err != nil {
			return err
		}
	}
	if s.OpenID != nil {
		return s.OpenID.check(s)
	}
	return nil
}

func (s *Server) checkIssuer() (*url.URL, error) {
	u, err := url.Parse(s.Issuer)
	switch {
	case err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || strings.HasSuffix(s.Issuer, "/"):
		return nil, fmt.Errorf("%w: Issuer must be a URL with a host, and without query, fragment and final slash (RFC 8414 section 2)", ErrConfig)
	case u.EscapedPath() != s.Under && !strings.HasPrefix(u.EscapedPath(), s.Under+"/"):
		return nil, fmt.Errorf("%w: the path of Issuer must begin with Under", ErrConfig)
	case u.Scheme != "https" && (u.Scheme != "http" || !s.InsecureAllowHTTP):
		return nil, fmt.Errorf("%w: Issuer must be https, or http with InsecureAllowHTTP", ErrConfig)
	}
	return u, nil
}

// Mount puts the routes of the package comment on r, which must be the root of the host that Issuer names, or Under on it.
func (s *Server) Mount(r gin.IRouter) {
	if err := s.Check(); err != nil {
		panic(err)
	}
	r.Any(s.base+"/par", s.postPAR)
	r.GET(s.base+"/authorize", s.getAuthorize)
	r.GET(s.base+"/authorize/consent/:id", s.getConsent)
	r.GET(s.base+"/authorize/cancel/:id", s.getCancel)
	r.Any(s.base+"/token", s.postToken)
	s.mountChallenge(r)
	if s.metadata != nil {
		r.GET(wellKnownPath+s.Under+s.base, s.getMetadata)
		r.POST(s.base+"/authorize/consent/:id", s.postConsent)
	}
	if s.OpenID != nil {
		s.OpenID.mount(r, s)
	}
}

// NonceHeader gives the client the nonce that its next DPoP proof must carry (RFC 9449 section 8).
func (s *Server) NonceHeader(w http.ResponseWriter) {
	w.Header().Set("DPoP-Nonce", s.Nonces.Current())
}

// sweepStep is how many rows of a table one statement of Sweep deletes, so that it never holds others up for long.
const sweepStep = 500

// Sweep deletes what has expired, in small steps until nothing is left or ctx ends. Nothing depends on when it is called:
// what has expired is refused by its time.
func (s *Server) Sweep(ctx context.Context) error {
	for {
		n, err := s.Store.SweepAuthserver(ctx, s.Now(), sweepStep)
		if err != nil || n < sweepStep {
			return err
		}
	}
}
