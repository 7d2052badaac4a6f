package issuance

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/issuer/credentials"
	"lommebok.example/issuer/source"
	"lommebok.example/minid"
	"lommebok.example/minid/authserver"
	"lommebok.example/specs/attestation"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/specs/x5c"
)

// Access tells what an access token is good for; authserver.Server is one.
type Access interface {
	Access(r *http.Request) (*authserver.Access, *authserver.AccessError)
	NonceHeader(w http.ResponseWriter)
}

// Accounts knows the state of a person's account; minid.Core is one. minid.ErrNotFound when there is none.
type Accounts interface {
	Person(ctx context.Context, personID string) (*minid.Person, error)
}

// Wallets knows the wallet providers that are trusted, and asks them about the status of what they attested; wallets.Statuses is
// one.
type Wallets interface {
	Anchors() *x5c.Anchors
	// Check looks a status up. Errors: attestation.ErrRevoked, ErrSuspended, ErrStatusUnknown.
	Check(ctx context.Context, s *attestation.Status, at time.Time) error
}

// StatusLists tells the address of a status list.
type StatusLists interface {
	URI(list string) string
}

// Signers make the credentials of each format. Until is the end of the certificate that ends first.
type Signers struct {
	SDJWT *sdjwtvc.Signer
	MDoc  *mdoc.Signer
	Until time.Time
}

// Service is the Credential Issuer. Its fields are set once, before Mount.
type Service struct {
	Issuer   string // Credential Issuer Identifier, section 12.2.1
	Rules    openid4vci.Rules
	Name     credentials.Words
	Types    *credentials.Set
	Source   source.Source
	Store    Store
	Status   StatusLists
	Access   Access
	Accounts Accounts
	Wallets  Wallets
	Nonces   *Nonces
	Signers  Signers
	Now      func() time.Time
	Log      *slog.Logger
}

// Mount puts the routes of the package comment on r, which must be the root of the host that Issuer names. It fails
// when Issuer is no Credential Issuer Identifier.
func (s *Service) Mount(r gin.IRouter) error {
	path, metadata, err := s.metadata()
	if err != nil {
		return err
	}
	r.GET(path, func(c *gin.Context) {
		c.Header("Cache-Control", "public, max-age=300")
		c.Data(http.StatusOK, "application/json", metadata)
	})
	r.POST("/nonce", s.postNonce)
	r.POST("/credential", s.postCredential)
	return nil
}

// postNonce is the Nonce Endpoint. The answer carries the nonce for the next DPoP proof as well (section 7.2).
func (s *Service) postNonce(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	s.Access.NonceHeader(c.Writer)
	c.JSON(http.StatusOK, openid4vci.NonceResponse{CNonce: s.Nonces.New()})
}

func newID() string { return rand.Text() }
