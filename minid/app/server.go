package app

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"math"
	"mime"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
	"lommebok.example/internal/peer"
	"lommebok.example/minid"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
)

// The error codes of this wire.
const (
	InvalidPairingCode = "invalid_pairing_code"
	UnknownDevice      = "unknown_device"
	UnknownAttempt     = "unknown_attempt"
	WrongNumber        = "wrong_number"
	InvalidPush        = "invalid_push"
	TooManyStreams     = "too_many_streams"
	TooManyFromAddress = "too_many_from_address"
)

// Server answers the app. Core and Base must be set; Base is the service's address as phones write it in aud, e.g.
// "http://localhost:8080".
type Server struct {
	Core *minid.Core
	Base string
	Log  *slog.Logger
	// PushKey is the key by which push services know this service (RFC 8292), as an uncompressed point; nil when no notices
	// are pushed.
	PushKey []byte
	Times   Times

	Proxies peer.Proxies // whom to believe who is calling; nobody but the connection when empty

	hub hub
}

// PendingAttempt is what the phone shows. Times are RFC 3339 in UTC.
type PendingAttempt struct {
	ID        string `json:"id"`
	Service   string `json:"service"`
	CreatedAt string `json:"created_at"`
	ExpiresAt string `json:"expires_at"`
}

type ownerBody struct {
	Person string `json:"person"` // masked identity number
}

type pairedBody struct {
	DeviceID string `json:"device_id"`
}

type attemptsBody struct {
	Attempts []PendingAttempt `json:"attempts"`
}

type stateBody struct {
	State minid.AttemptState `json:"state"`
}

// Mount adds the routes of the package comment.
func (s *Server) Mount(r gin.IRouter) {
	g := r.Group("/minid/app", s.Proxies.Middleware(minid.FromAddress))
	g.POST("/devices", s.register)
	g.POST("/attempts", s.pending)
	g.POST("/attempts/:id", s.answer)
	g.POST("/pairing", s.look)
	g.POST("/events", s.events)
	g.GET("/push", s.pushKey)
	g.POST("/push", s.subscribe)
}

func (s *Server) register(c *gin.Context) {
	var body struct {
		Registration string `json:"registration"`
	}
	if !s.read(c, &body) {
		return
	}
	d, err := s.pair(c.Request.Context(), body.Registration)
	s.write(c, http.StatusCreated, err, func() any { return pairedBody{DeviceID: d.ID} })
}

func (s *Server) pending(c *gin.Context) {
	var body struct {
		Request string `json:"request"`
	}
	if !s.read(c, &body) {
		return
	}
	list, err := s.list(c.Request.Context(), body.Request)
	s.write(c, http.StatusOK, err, func() any { return attemptsBody{Attempts: list} })
}

func (s *Server) answer(c *gin.Context) {
	var body struct {
		Answer string `json:"answer"`
	}
	if !s.read(c, &body) {
		return
	}
	state, err := s.settle(c.Request.Context(), c.Param("id"), body.Answer)
	s.write(c, http.StatusOK, err, func() any { return stateBody{State: state} })
}

// look answers a device that has scanned a code with whose it is, so that the person sees it before the device is paired.
func (s *Server) look(c *gin.Context) {
	var body struct {
		Registration string `json:"registration"`
	}
	if !s.read(c, &body) {
		return
	}
	p, err := s.lookAt(c.Request.Context(), body.Registration)
	s.write(c, http.StatusOK, err, func() any { return ownerBody{Person: p.MaskedPID()} })
}

func (s *Server) lookAt(ctx context.Context, registration string) (*minid.Person, error) {
	key, m, err := s.registration(registration)
	if err != nil {
		return nil, err
	}
	return s.Core.LookAtPairingCode(ctx, m.PairingCode, jose.Thumbprint(key))
}

func (s *Server) pair(ctx context.Context, registration string) (*minid.Device, error) {
	key, m, err := s.registration(registration)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, err
	}
	return s.Core.Pair(ctx, m.PairingCode, jose.Thumbprint(key), der)
}

// registration reads what is signed with the key that it carries.
func (s *Server) registration(compact string) (*ecdsa.PublicKey, *message, error) {
	u, err := parse(compact, typRegistration)
	if err != nil {
		return nil, nil, invalid(err)
	}
	m, err := verify(u, u.Header.JWK, s.Base, s.Core.Now())
	if err != nil {
		return nil, nil, invalid(err)
	}
	return u.Header.JWK, m, nil
}

func (s *Server) list(ctx context.Context, request string) ([]PendingAttempt, error) {
	d, _, err := s.fromDevice(ctx, request, typRequest)
	if err != nil {
		return nil, err
	}
	attempts, err := s.Core.PendingAttempts(ctx, d)
	return shown(attempts), err
}

// shown leaves the number out.
func shown(attempts []minid.Attempt) []PendingAttempt {
	list := make([]PendingAttempt, 0, len(attempts))
	for _, a := range attempts {
		list = append(list, PendingAttempt{
			ID: a.ID, Service: a.Service, CreatedAt: a.Created.Format(time.RFC3339), ExpiresAt: a.Expires.Format(time.RFC3339),
		})
	}
	return list
}

func (s *Server) settle(ctx context.Context, id, answer string) (minid.AttemptState, error) {
	d, m, err := s.fromDevice(ctx, answer, typAnswer)
	if err != nil {
		return "", err
	}
	if m.Attempt != id {
		return "", oauth2.NewError(http.StatusBadRequest, oauth2.InvalidRequest, "attempt: not the one of the address")
	}
	if m.Action != actionApprove && m.Action != actionReject && m.Action != actionNotMe {
		return "", oauth2.NewError(http.StatusBadRequest, oauth2.InvalidRequest, "action: expected approve, reject or not_me")
	}
	return s.Core.AnswerAttempt(ctx, d, minid.Answer{
		AttemptID: m.Attempt, Service: m.Service, Number: m.Number, Approve: m.Action == actionApprove, NotMe: m.Action == actionNotMe,
	})
}

// fromDevice finds the device by kid and checks the message with its key.
func (s *Server) fromDevice(ctx context.Context, compact, typ string) (*minid.Device, *message, error) {
	u, err := parse(compact, typ)
	if err != nil {
		return nil, nil, invalid(err)
	}
	d, err := s.Core.Device(ctx, u.Header.Kid)
	if err != nil {
		return nil, nil, err
	}
	key, err := x509.ParsePKIXPublicKey(d.Key)
	if err != nil {
		return nil, nil, err
	}
	pub, ok := key.(*ecdsa.PublicKey)
	if !ok {
		return nil, nil, errors.New("app: a stored device key is not ECDSA")
	}
	m, err := verify(u, pub, s.Base, s.Core.Now())
	if err != nil {
		return nil, nil, invalid(err)
	}
	return d, m, nil
}

func invalid(err error) *oauth2.Error {
	return oauth2.NewError(http.StatusBadRequest, oauth2.InvalidRequest, "%s", err)
}

// read takes a JSON body of at most 16 KiB. false: the answer has been written.
func (s *Server) read(c *gin.Context, body any) bool {
	if kind, _, err := mime.ParseMediaType(c.GetHeader("Content-Type")); err != nil || kind != "application/json" {
		oauth2.WriteError(c.Writer, oauth2.NewError(http.StatusUnsupportedMediaType, oauth2.InvalidRequest,
			"expected application/json"))
		return false
	}
	raw, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		oauth2.WriteError(c.Writer, oauth2.NewError(http.StatusRequestEntityTooLarge, oauth2.InvalidRequest,
			"expected at most %d bytes", maxBody))
		return false
	case err != nil:
		oauth2.WriteError(c.Writer, oauth2.NewError(http.StatusBadRequest, oauth2.InvalidRequest, "the body cannot be read"))
		return false
	}
	if err := jose.Unmarshal(raw, body); err != nil {
		oauth2.WriteError(c.Writer, invalid(err))
		return false
	}
	return true
}

// write sends what body gives, or the error.
func (s *Server) write(c *gin.Context, status int, err error, body func() any) {
	if err != nil {
		var address minid.ErrAddress
		if errors.As(err, &address) {
			c.Header("Retry-After", strconv.Itoa(int(math.Ceil(address.RetryAfter.Seconds()))))
		}
		told := s.refusal(c.Request.Context(), err)
		observe.Refused(c.Request.Context(), told.Code)
		oauth2.WriteError(c.Writer, told)
		return
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(status, body())
}

// refusal turns what the core says into the wire's words. Anything else is silent here and stands in the log.
func (s *Server) refusal(ctx context.Context, err error) *oauth2.Error {
	var known *oauth2.Error
	var address minid.ErrAddress
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &address):
		return oauth2.NewError(http.StatusTooManyRequests, TooManyFromAddress, "too many failures from this network address; see Retry-After")
	case errors.Is(err, minid.ErrPairingCode):
		return oauth2.NewError(http.StatusBadRequest, InvalidPairingCode, "the pairing code is unknown, used or expired")
	case errors.Is(err, minid.ErrPush):
		return oauth2.NewError(http.StatusBadRequest, InvalidPush,
			"expected endpoint (https), p256dh (65 bytes) and auth (16 bytes) in base64url, at a service that pushes notices")
	case errors.Is(err, minid.ErrDevice):
		return oauth2.NewError(http.StatusUnauthorized, UnknownDevice, "no person is paired with this key")
	case errors.Is(err, minid.ErrWrongNumber):
		return oauth2.NewError(http.StatusForbidden, WrongNumber, "number or service are not the attempt's; it is rejected")
	case errors.Is(err, minid.ErrAttempt):
		return oauth2.NewError(http.StatusNotFound, UnknownAttempt, "the attempt is unknown, answered or expired")
	}
	if s.Log != nil {
		s.Log.ErrorContext(ctx, "app", slog.String("error", err.Error()), slog.String("trace_id", observe.TraceID(ctx)))
	}
	return oauth2.NewError(http.StatusInternalServerError, oauth2.ServerError, "the service failed")
}
