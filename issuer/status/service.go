package status

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/keys"
	"lommebok.example/internal/observe"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/statuslist"
)

// How long a list may be used. A verifier asks again after the ttl, and never trusts a list beyond its end.
const (
	TTL      = time.Minute
	lifetime = 12 * time.Hour
)

// Service signs the lists and hands them out. The fields are set once, before Mount.
type Service struct {
	Issuer string // Credential Issuer Identifier, the beginning of every list's URI
	Store  Store
	Now    func() time.Time
	Log    *slog.Logger
	// Signer is the key that signs now, and its chain, leaf first, without the anchor.
	Signer func() (crypto.Signer, []*x509.Certificate)

	mu    sync.Mutex
	ready map[string]signed // list → the last that was signed
}

// signed is a list as ready bytes.
type signed struct {
	version int64
	renew   time.Time
	jwt     string
	cwt     []byte
}

// URI gives the address of a list, as credentials name it.
func (s *Service) URI(list string) string { return s.Issuer + "/statuslists/" + list }

// Mount puts the route of the package comment on r.
func (s *Service) Mount(r gin.IRouter) { r.GET("/statuslists/:id", s.get) }

func (s *Service) get(c *gin.Context) {
	// Everybody may ask, also a page in a browser (Token Status List section 8.1).
	c.Header("Access-Control-Allow-Origin", "*")
	list, err := s.signed(c.Request.Context(), c.Param("id"))
	switch {
	case errors.Is(err, ErrUnknownList):
		oauth2.WriteError(c.Writer, oauth2.NewError(http.StatusNotFound, oauth2.InvalidRequest, "there is no such status list"))
	case errors.Is(err, keys.ErrUnavailable):
		c.Header("Retry-After", "5")
		oauth2.WriteError(c.Writer, oauth2.NewError(http.StatusServiceUnavailable, oauth2.TemporarilyUnavailable, "the list cannot be signed now"))
	case err != nil:
		trace := observe.TraceID(c.Request.Context())
		s.Log.Error("status list", "trace_id", trace, "cause", err)
		oauth2.WriteError(c.Writer, oauth2.NewError(http.StatusInternalServerError, oauth2.ServerError, "trace id %s", trace))
	default:
		write(c, list)
	}
}

func write(c *gin.Context, list signed) {
	c.Header("Cache-Control", "public, max-age="+strconv.Itoa(int(TTL/time.Second)))
	c.Header("Vary", "Accept")
	if wantsCWT(c.GetHeader("Accept")) {
		c.Data(http.StatusOK, statuslist.MediaTypeCWT, list.cwt)
		return
	}
	c.Data(http.StatusOK, statuslist.MediaTypeJWT, []byte(list.jwt))
}

// signed gives the list as it is now. The version is read before the entries: a change in between makes the list newer
// than it says, and it is signed once more at the next request.
func (s *Service) signed(ctx context.Context, id string) (signed, error) {
	list, err := s.Store.List(ctx, id)
	if err != nil {
		return signed{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if ready, ok := s.ready[id]; ok && ready.version == list.Version && s.Now().Before(ready.renew) {
		return ready, nil
	}
	fresh, err := s.sign(ctx, list)
	if err != nil {
		return signed{}, err
	}
	if s.ready == nil {
		s.ready = map[string]signed{}
	}
	s.ready[id] = fresh
	return fresh, nil
}

func (s *Service) sign(ctx context.Context, list List) (signed, error) {
	entries, err := s.Store.Invalid(ctx, list.ID)
	if err != nil {
		return signed{}, err
	}
	bits := statuslist.New(1, list.Size)
	for _, i := range entries {
		if err := bits.Set(i, statuslist.Invalid); err != nil {
			return signed{}, fmt.Errorf("status: entry %d of list %s: %w", i, list.ID, err)
		}
	}
	now, uri := s.Now(), s.URI(list.ID)
	key, chain := s.Signer()
	jwt, err := statuslist.SignJWT(key, chain, bits, uri, now, now.Add(lifetime), TTL)
	if err != nil {
		return signed{}, err
	}
	cwt, err := statuslist.SignCWT(key, chain, bits, uri, now, now.Add(lifetime), TTL)
	if err != nil {
		return signed{}, err
	}
	return signed{version: list.Version, renew: now.Add(lifetime / 2), jwt: jwt, cwt: cwt}, nil
}
