package status

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
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
	ready map[readyKey]*signed // the last that was signed
	past  map[pastKey]*signed
}

// readyKey is a list by one of the two mechanisms.
type readyKey struct {
	list        string
	identifiers bool
}

// pastKey is a list as it was.
type pastKey struct {
	list    string
	version int64
	open    bool // that state still holds
}

// maxPast bounds how many lists of the past are kept; each can be signed again.
const maxPast = 32

// URI gives the address of a list, as credentials name it.
func (s *Service) URI(list string) string { return s.Issuer + "/statuslists/" + list }

// AggregationURI gives the address of all lists (Token Status List section 9).
func (s *Service) AggregationURI() string { return s.Issuer + "/statuslists" }

// Mount puts the routes of the package comment on r.
func (s *Service) Mount(r gin.IRouter) {
	r.GET("/statuslists", s.getAll)
	r.GET("/statuslists/:id", s.get)
	r.GET("/identifierlists/:id", s.getIdentifiers)
}

// getAll is the Status List Aggregation (section 9.4).
func (s *Service) getAll(c *gin.Context) {
	c.Header("Access-Control-Allow-Origin", "*")
	ids, err := s.Store.Lists(c.Request.Context())
	if err != nil {
		s.refuse(c, err)
		return
	}
	all := statuslist.Aggregation{StatusLists: make([]string, len(ids))}
	for n, id := range ids {
		all.StatusLists[n] = s.URI(id)
	}
	c.Header("Cache-Control", cacheControl)
	c.JSON(http.StatusOK, all)
}

var cacheControl = "public, max-age=" + strconv.Itoa(int(TTL/time.Second))

func (s *Service) get(c *gin.Context) {
	// Everybody may ask, also a page in a browser (section 8.1).
	c.Header("Access-Control-Allow-Origin", "*")
	var list *signed
	var err error
	if text, ok := c.GetQuery("time"); ok {
		list, err = s.at(c.Request.Context(), c.Param("id"), text)
	} else {
		list, err = s.signed(c.Request.Context(), readyKey{list: c.Param("id")})
	}
	if err != nil {
		s.refuse(c, err)
		return
	}
	list.write(c)
}

// errTime: the parameter time is no time.
var errTime = errors.New("status: time is no number of seconds")

func (s *Service) refuse(c *gin.Context, err error) {
	switch {
	case errors.Is(err, ErrUnknownList):
		oauth2.WriteError(c.Writer, oauth2.NewError(http.StatusNotFound, oauth2.InvalidRequest, "there is no such status list"))
	case errors.Is(err, ErrNoHistory):
		oauth2.WriteError(c.Writer, oauth2.NewError(http.StatusNotFound, oauth2.InvalidRequest,
			"time: expected a time since the list was made, in the last 30 days, and not to come (Token Status List section 8.4)"))
	case errors.Is(err, errTime):
		oauth2.WriteError(c.Writer, oauth2.NewError(http.StatusBadRequest, oauth2.InvalidRequest,
			"time: expected a Unix timestamp in seconds (Token Status List section 8.4)"))
	case errors.Is(err, keys.ErrUnavailable):
		c.Header("Retry-After", "5")
		oauth2.WriteError(c.Writer, oauth2.NewError(http.StatusServiceUnavailable, oauth2.TemporarilyUnavailable, "the list cannot be signed now"))
	default:
		trace := observe.TraceID(c.Request.Context())
		s.Log.Error("status list", "trace_id", trace, "cause", err)
		oauth2.WriteError(c.Writer, oauth2.NewError(http.StatusInternalServerError, oauth2.ServerError, "trace id %s", trace))
	}
}

// signed gives the list as it is now. The version is read before the entries: a change in between makes the list newer
// than it says, and it is signed once more at the next request.
func (s *Service) signed(ctx context.Context, key readyKey) (*signed, error) {
	list, err := s.Store.List(ctx, key.list)
	if err != nil {
		return nil, err
	}
	if key.identifiers && !list.named() {
		return nil, ErrUnknownList
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if ready, ok := s.ready[key]; ok && ready.version == list.Version && s.Now().Before(ready.renew) {
		return ready, nil
	}
	entries, err := s.Store.Entries(ctx, key.list)
	if err != nil {
		return nil, err
	}
	now, sign := s.Now(), s.sign
	if key.identifiers {
		sign = s.signIdentifiers
	}
	fresh, err := sign(list, entries, now, now.Add(lifetime))
	if err != nil {
		return nil, err
	}
	if s.ready == nil {
		s.ready = map[readyKey]*signed{}
	}
	s.ready[key] = fresh
	return fresh, nil
}

// Ready makes sure that every list that credentials stand on is there as ready bytes, and tells how many there are.
func (s *Service) Ready(ctx context.Context) (int, error) {
	ids, err := s.Store.Lists(ctx)
	for _, id := range ids {
		if _, e := s.signed(ctx, readyKey{list: id}); e != nil {
			return len(ids), e
		}
	}
	return len(ids), err
}

// at gives the list as it was at a time (section 8.4): the token says from when it was so, and until when. It is signed today, by
// the key of today.
func (s *Service) at(ctx context.Context, id, text string) (*signed, error) {
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || seconds < 0 || seconds > maxTime {
		return nil, errTime
	}
	now := s.Now()
	past, err := s.Store.At(ctx, id, time.Unix(seconds, 0), now)
	if err != nil {
		return nil, err
	}
	key := pastKey{id, past.Version, past.Until.IsZero()}
	until := past.Until
	if key.open {
		until = now.Add(lifetime)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if ready, ok := s.past[key]; ok && now.Before(ready.renew) {
		return ready, nil
	}
	fresh, err := s.sign(past.List, past.Entries, past.From, until)
	if err != nil {
		return nil, err
	}
	fresh.renew = now.Add(lifetime / 2)
	if s.past == nil || len(s.past) >= maxPast {
		s.past = map[pastKey]*signed{}
	}
	s.past[key] = fresh
	return fresh, nil
}

// maxTime is the last second of the year 9999.
const maxTime = 253402300799
