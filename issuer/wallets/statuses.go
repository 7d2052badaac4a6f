package wallets

import (
	"context"
	"fmt"
	"sync"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/specs/attestation"
	"lommebok.example/specs/statuslist"
	"lommebok.example/specs/x5c"
)

// Statuses looks up what wallet providers say of what they attested. It keeps a list until its ttl or its end, whichever is
// first. It is safe for concurrent use.
type Statuses struct {
	*Providers
	Fetch *fetch.Client

	mu   sync.Mutex
	kept map[string]keptList // by address
}

type keptList struct {
	token *statuslist.Token
	until time.Time
}

// What is kept: so many lists, each not longer than MaxAge, whatever its ttl allows.
const (
	maxLists = 256
	// MaxAge is also how long a revocation may go unseen when a wallet asks for a credential.
	MaxAge = 5 * time.Minute
)

// Check tells whether a status is valid. What cannot be known, for whatever reason, is ErrStatusUnknown. Errors:
// attestation.ErrRevoked, ErrSuspended, ErrStatusUnknown.
func (s *Statuses) Check(ctx context.Context, status *attestation.Status, at time.Time) error {
	token, err := s.list(ctx, status.URI, at)
	if err != nil {
		return fmt.Errorf("%w: %w", attestation.ErrStatusUnknown, err)
	}
	value, err := token.List.Get(status.Index)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", attestation.ErrStatusUnknown, err)
	case value == statuslist.Valid:
		return nil
	case value == statuslist.Invalid:
		return attestation.ErrRevoked
	case value == statuslist.Suspended:
		return attestation.ErrSuspended
	}
	return fmt.Errorf("%w: the value %d (Token Status List section 7.1)", attestation.ErrStatusUnknown, value)
}

func (s *Statuses) list(ctx context.Context, uri string, at time.Time) (*statuslist.Token, error) {
	anchors := s.Anchors()
	s.mu.Lock()
	kept, ok := s.kept[uri]
	s.mu.Unlock()
	if !ok || !at.Before(kept.until) {
		token, err := s.fetch(ctx, uri, at)
		if err != nil {
			return nil, err
		}
		kept = keptList{token: token, until: keepUntil(token, at)}
	}
	// Asked each time, since a provider may have been thrown out meanwhile.
	if _, err := anchors.Verify(kept.token.Chain, x5c.WalletProvider, at); err != nil {
		return nil, err
	}
	s.keep(uri, kept, at)
	return kept.token, nil
}

func (s *Statuses) fetch(ctx context.Context, uri string, at time.Time) (*statuslist.Token, error) {
	answer, err := s.Fetch.Get(ctx, uri, statuslist.MediaTypeJWT)
	if err != nil {
		return nil, err
	}
	token, err := statuslist.ParseJWT(string(answer.Body))
	if err != nil {
		return nil, err
	}
	return token, token.Check(uri, at)
}

func keepUntil(token *statuslist.Token, at time.Time) time.Time {
	until := at.Add(min(token.TTL, MaxAge))
	if !token.Expires.IsZero() && token.Expires.Before(until) {
		return token.Expires
	}
	return until
}

// keep remembers a list. When the memory is full it is emptied: lists are few, and a fetch is cheap.
func (s *Statuses) keep(uri string, list keptList, at time.Time) {
	if !list.until.After(at) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil || len(s.kept) >= maxLists {
		s.kept = map[string]keptList{}
	}
	s.kept[uri] = list
}
