package api

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid"
	"lommebok.example/minid/authserver"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
	"lommebok.example/verifier/presentation"
	"lommebok.example/verifier/relyingparty"
)

// Prefix is where the API stands, below the address of the verifier.
const Prefix = "/api"

const maxBody = 64 << 10

// API answers relying parties.
type API struct {
	Base    string // address of the verifier, scheme and host
	Wallet  string // a wallet in the browser, scheme and host; "" for none
	Parties *relyingparty.Parties
	Clients map[string]*authserver.Machine // by the id of the party
	Asking  *presentation.Service
	Store   Store
	Seal    *minid.Sealer
	Times   Times
	Now     func() time.Time
	Log     *slog.Logger

	closing sync.Once
	closed  chan struct{}
	waiting places
}

// Mount puts the routes of the package comment on r.
func (a *API) Mount(r gin.IRouter) error {
	metadata, err := a.metadata()
	if err != nil {
		return err
	}
	a.closed = make(chan struct{})
	r.GET("/.well-known/"+oauth2.WellKnownSuffix+Prefix, func(c *gin.Context) {
		c.Header("Cache-Control", "public, max-age=300")
		c.Data(http.StatusOK, "application/json", metadata)
	})
	r.POST(Prefix+"/token", a.token)
	g := r.Group(Prefix, a.authenticate)
	g.POST("/presentations", a.create)
	g.GET("/presentations/:handle", a.find, a.state)
	g.GET("/presentations/:handle/events", a.find, a.events)
	g.GET("/presentations/:handle/result", a.find, a.result)
	g.POST("/presentations/:handle/result", a.find, a.redeem)
	g.POST("/presentations/:handle/cancel", a.find, a.cancel)
	g.POST("/webhooks/replay", a.replay)
	return nil
}

// Close ends what waits, when the server stops.
func (a *API) Close() { a.closing.Do(func() { close(a.closed) }) }

// Sweep notes what presentations have come to, and deletes what has expired.
func (a *API) Sweep(ctx context.Context) error {
	if err := a.Store.Settle(ctx, a.Now(), a.Now().Add(-grace)); err != nil {
		return err
	}
	return a.Store.SweepAPI(ctx, a.Now(), a.Now().Add(-Remembered))
}

const partyKey = "party"

// authenticate finds the party of the access token (RFC 6750 section 2.1).
func (a *API) authenticate(c *gin.Context) {
	scheme, token, _ := strings.Cut(c.GetHeader("Authorization"), " ")
	if !strings.EqualFold(scheme, oauth2.TokenTypeBearer) || token == "" {
		a.refuse(c, errToken)
		return
	}
	id, err := a.Store.Token(c.Request.Context(), hash("token", token), a.Now())
	party := a.Parties.ByID(id)
	switch {
	case errors.Is(err, ErrNotFound), err == nil && party == nil:
		a.refuse(c, errToken)
	case err != nil:
		a.refuse(c, err)
	default:
		c.Set(partyKey, party)
		c.Next()
	}
}

func partyOf(c *gin.Context) *relyingparty.Party { return c.MustGet(partyKey).(*relyingparty.Party) }

// read takes a JSON object whose members are known. members are those, for the refusal.
func read(c *gin.Context, into any, members string) ([]byte, error) {
	if kind, _, err := mime.ParseMediaType(c.GetHeader("Content-Type")); err != nil || kind != "application/json" {
		e := invalid("RFC 9110 section 8.3", "Content-Type", "application/json", "another, or none")
		e.Status = http.StatusUnsupportedMediaType
		return nil, e
	}
	raw, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		e := invalid("", "body", "at most 65536 bytes", "more")
		e.Status = http.StatusRequestEntityTooLarge
		return nil, e
	case err != nil:
		return nil, invalid("", "body", "a whole body", "a part of it")
	}
	if err := jose.CheckJSON(raw); err != nil {
		return nil, invalid("RFC 8259", "body", "one JSON value that every parser reads alike", "another")
	}
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return nil, invalid("", "body", "an object with "+members, "another, or members beside them")
	}
	return raw, nil
}

// hash is what is stored of a secret, another for each use.
func hash(use, secret string) string {
	sum := sha256.Sum256([]byte(use + "\x00" + secret))
	return jose.EncodeBase64URL(sum[:])
}
