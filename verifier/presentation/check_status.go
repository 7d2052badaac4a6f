package presentation

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/specs/statuslist"
	"lommebok.example/specs/x5c"
)

// form is a form of the Status List Token: JWT for SD-JWT VC, CWT for mdoc.
type form string

const (
	formJWT form = statuslist.MediaTypeJWT
	formCWT form = statuslist.MediaTypeCWT
)

// statusRef is where a credential says that its status stands.
type statusRef struct {
	index uint64
	uri   string
	form  form
}

var (
	errRevoked      = errors.New("the issuer has revoked the credential")
	errSuspended    = errors.New("the issuer has suspended the credential")
	errStatusValue  = errors.New("a status that this verifier does not know")
	errStatusKind   = errors.New("the status is told by a mechanism that this verifier does not know")
	errNotAsked     = errors.New("not looked up, because the issuer is not trusted")
	errStatusFetch  = errors.New("the status list could not be fetched")
	errStatusSigner = errors.New("the status list is not signed by a trusted issuer")
)

// statusReasons gives each its code.
var statusReasons = []reason{
	{errRevoked, "revoked"}, {errSuspended, "suspended"}, {errStatusValue, "status_unknown_value"},
	{errStatusKind, "status_mechanism"}, {errNotAsked, "status_not_asked"}, {errStatusFetch, "status_unreachable"}, {errStatusSigner, "status_signer_untrusted"},
	{statuslist.ErrIndex, "status_index"}, {statuslist.ErrSubject, "status_subject"}, {statuslist.ErrExpired, "status_expired"},
	{statuslist.ErrIssuedAt, "status_issued_in_future"}, {statuslist.ErrSignature, "status_signature"},
	{statuslist.ErrType, "status_type"}, {statuslist.ErrTooLarge, "status_too_large"},
}

// maxLists bounds what is kept.
const maxLists = 256

// checkStatus looks the status up. A credential without one lives by its validity alone. What cannot be known is
// refused, and the address is only asked when a trusted issuer wrote it.
func (s *Service) checkStatus(ctx context.Context, l *checklist, ref *statusRef, trusted bool, at time.Time) {
	if ref == nil {
		return
	}
	if !trusted {
		l.add(ruleStatus, errNotAsked, statusReasons...)
		return
	}
	l.add(ruleStatus, s.Status.lookUp(ctx, *ref, at), statusReasons...)
}

// StatusLists fetches status lists and keeps each as long as it allows. It is safe for concurrent use.
type StatusLists struct {
	Fetch   *fetch.Client
	Anchors *x5c.Anchors
	// MaxAge is how long a list is kept at the most, whatever its ttl allows; 0 fetches it for each presentation.
	MaxAge time.Duration

	mu   sync.Mutex
	kept map[string]keptList // by address: both forms of a list say the same
}

type keptList struct {
	token *statuslist.Token
	until time.Time
}

func (s *StatusLists) lookUp(ctx context.Context, ref statusRef, at time.Time) error {
	token, err := s.token(ctx, ref, at)
	if err != nil {
		return err
	}
	status, err := token.List.Get(ref.index)
	if err != nil {
		return err
	}
	switch status {
	case statuslist.Valid:
		return nil
	case statuslist.Invalid:
		return errRevoked
	case statuslist.Suspended:
		return errSuspended
	}
	return errStatusValue
}

func (s *StatusLists) token(ctx context.Context, ref statusRef, at time.Time) (*statuslist.Token, error) {
	s.mu.Lock()
	kept, ok := s.kept[ref.uri]
	s.mu.Unlock()
	if ok && at.Before(kept.until) {
		return kept.token, nil
	}
	answer, err := s.Fetch.Get(ctx, ref.uri, string(ref.form))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errStatusFetch, err)
	}
	token, err := parseToken(ref.form, answer.Body)
	if err != nil {
		return nil, err
	}
	if err := token.Check(ref.uri, at); err != nil {
		return nil, err
	}
	if _, err := s.Anchors.Verify(token.Chain, x5c.StatusSigner, at); err != nil {
		return nil, fmt.Errorf("%w: %w", errStatusSigner, err)
	}
	s.keep(ref.uri, token, at)
	return token, nil
}

func parseToken(f form, body []byte) (*statuslist.Token, error) {
	if f == formCWT {
		return statuslist.ParseCWT(body)
	}
	return statuslist.ParseJWT(string(body))
}

// keep remembers a list until its ttl or its end, whichever is first; a list without ttl is fetched each time. When the
// memory is full it is emptied: lists are few, and a fetch is cheap.
func (s *StatusLists) keep(uri string, token *statuslist.Token, at time.Time) {
	until := at.Add(min(token.TTL, s.MaxAge))
	if !token.Expires.IsZero() && token.Expires.Before(until) {
		until = token.Expires
	}
	if !until.After(at) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil || len(s.kept) >= maxLists {
		s.kept = map[string]keptList{}
	}
	s.kept[uri] = keptList{token: token, until: until}
}
