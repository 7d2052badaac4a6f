package issuance

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"encoding/base32"
	"encoding/binary"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/issuer/credentials"
	"lommebok.example/issuer/signing"
	"lommebok.example/issuer/source"
	"lommebok.example/minid"
	"lommebok.example/minid/authserver"
	"lommebok.example/specs/attestation"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/x5c"
)

// Access tells what an access token is good for; authserver.Server is one.
type Access interface {
	Unspent(r *http.Request) (*authserver.Unspent, *authserver.AccessError)
	Spend(ctx context.Context, u *authserver.Unspent) *authserver.AccessError
	NonceHeader(w http.ResponseWriter)
}

// Accounts knows the state of a person's account and the identity number it is of. minid.ErrNotFound when there is none.
type Accounts interface {
	Standing(ctx context.Context, personID string) (minid.State, string, error)
}

// Wallets knows the wallet providers that are trusted, and asks them about the status of what they attested; wallets.Statuses is
// one.
type Wallets interface {
	Anchors() *x5c.Anchors
	// Check looks a status up. Errors: attestation.ErrRevoked, ErrSuspended, ErrStatusUnknown.
	Check(ctx context.Context, s *attestation.Status, at time.Time) error
}

// Seal keeps a secret from whoever reads the database: what is sealed opens with the same use and owner alone. minid.Sealer is one.
type Seal interface {
	Seal(secret []byte, use, owner string) []byte
	Open(sealed []byte, use, owner string) ([]byte, error)
}

// Counts counts what happens; metrics.Metrics is one.
type Counts interface{ Event(event, detail string) }

// Service is the Credential Issuer. Its fields are set once, before Mount.
type Service struct {
	Issuer     string // Credential Issuer Identifier, section 12.2.1
	Rules      openid4vci.Rules
	Name       credentials.Words
	Types      *credentials.Set
	Source     source.Source
	Store      Store
	Access     Access
	Accounts   Accounts
	Wallets    Wallets
	Nonces     *Nonces
	Encryption *Encryption
	Seal       Seal
	Signers    func() *signing.Signers // those that sign now: keys change while the service runs
	Counts     Counts                  // lint_error, by configuration
	Now        func() time.Time
	Log        *slog.Logger

	// MetadataSigner gives the key of the issuer's access certificate and its chain, leaf first, without the anchor; nil for
	// metadata that is not signed.
	MetadataSigner func() (crypto.Signer, []*x509.Certificate)
	// IssuerKeys are the keys that sign SD-JWT VCs, and those that signed such as are still valid; nil to publish none.
	IssuerKeys func() []*ecdsa.PublicKey
	Info       []openid4vci.IssuerInfo // what the issuer is registered for
}

// Mount puts the routes of the package comment on r, which must be the root of the host that Issuer names. It fails
// when Issuer is no Credential Issuer Identifier.
func (s *Service) Mount(r gin.IRouter) error {
	path, metadata, err := s.publish()
	if err != nil {
		return err
	}
	r.GET(path, s.getMetadata(metadata))
	if err := s.mountTypes(r); err != nil {
		return err
	}
	r.POST("/nonce", s.postNonce)
	r.POST("/credential", s.postCredential)
	r.POST("/deferred-credential", s.postDeferred)
	r.POST("/notification", s.postNotification)
	return nil
}

// postNonce is the Nonce Endpoint. The answer carries the nonce for the next DPoP proof as well (section 7.2).
func (s *Service) postNonce(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	s.Access.NonceHeader(c.Writer)
	c.JSON(http.StatusOK, openid4vci.NonceResponse{CNonce: s.Nonces.New()})
}

// inOrder is base32 whose letters stand in the order of their bytes.
var inOrder = base32.NewEncoding("234567ABCDEFGHIJKLMNOPQRSTUVWXYZ")

// newID gives an identifier that nobody can foresee. It begins with the time, so that rows made together stand together.
func newID(at time.Time) string {
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(at.UnixMilli()))
	return inOrder.EncodeToString(ms[3:]) + rand.Text()
}
