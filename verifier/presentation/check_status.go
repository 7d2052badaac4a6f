package presentation

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/specs/statuslist"
	"lommebok.example/specs/x5c"
	"lommebok.example/verifier/trust"
)

// form is a form of a list: of the Status List Token JWT for SD-JWT VC and CWT for mdoc, or an identifier list, which mdoc alone has.
type form string

const (
	formJWT         form = statuslist.MediaTypeJWT
	formCWT         form = statuslist.MediaTypeCWT
	formIdentifiers form = statuslist.MediaTypeIdentifiers
)

// statusRef is where a credential says that its status stands: at an index, or under an identifier.
type statusRef struct {
	index uint64
	id    []byte // with formIdentifiers
	uri   string
	form  form
	kind  string // type of the credential
}

var (
	errRevoked      = errors.New("the issuer has revoked the credential")
	errSuspended    = errors.New("the issuer has suspended the credential")
	errStatusValue  = errors.New("a status that this verifier does not know")
	errStatusKind   = errors.New("the status is told by a mechanism that this verifier does not know")
	errNotAsked     = errors.New("not looked up, because the issuer is not trusted")
	errStatusFetch  = errors.New("the status list could not be fetched")
	errStatusSigner = errors.New("the status list is not signed under a trust anchor that is entitled to this type of credential")
)

// statusReasons gives each its code.
var statusReasons = []reason{
	{errRevoked, "revoked"}, {errSuspended, "suspended"}, {errStatusValue, "status_unknown_value"},
	{errStatusKind, "status_mechanism"}, {errNotAsked, "status_not_asked"}, {errStatusFetch, "status_unreachable"}, {errStatusSigner, "status_signer_untrusted"},
	{statuslist.ErrIndex, "status_index"}, {statuslist.ErrSubject, "status_subject"}, {statuslist.ErrExpired, "status_expired"},
	{statuslist.ErrIssuedAt, "status_issued_in_future"}, {statuslist.ErrSignature, "status_signature"},
	{statuslist.ErrType, "status_type"}, {statuslist.ErrTooLarge, "status_too_large"}, {statuslist.ErrToken, "status_malformed"},
	{statuslist.ErrChain, "status_chain"}, {statuslist.ErrClaims, "status_claims"}, {statuslist.ErrBits, "status_bits"},
	{statuslist.ErrCompression, "status_compression"},
}

// maxLists bounds what is kept.
const maxLists = 256

// checkStatus looks the status up, by each mechanism that the credential names. A credential without one lives by its validity alone.
// What cannot be known is refused, and the address is only asked when a trusted issuer wrote it.
func (s *Service) checkStatus(ctx context.Context, l *checklist, refs []statusRef, trusted bool, at time.Time) {
	for _, ref := range refs {
		if !trusted {
			l.add(ruleStatus, errNotAsked, statusReasons...)
			continue
		}
		asOf, err := s.Status.lookUp(ctx, ref, at)
		l.add(ruleStatus, err, statusReasons...)
		(*l)[len(*l)-1].AsOf = asOf
	}
}

// Getter fetches what stands at an address, in one of the media types: *fetch.Client.
type Getter interface {
	Get(ctx context.Context, address string, accept ...string) (*fetch.Answer, error)
}

// StatusLists fetches status lists and keeps each as long as it allows. It is safe for concurrent use.
type StatusLists struct {
	Fetch Getter
	Trust *trust.Set
	// MaxAge is how long a list is kept at the most, whatever its ttl allows; 0 fetches it for each presentation.
	MaxAge time.Duration

	mu   sync.Mutex
	kept map[keptKey]keptList
}

// keptKey is a list by its address: both forms of a status list say the same, an identifier list is another.
type keptKey struct {
	uri         string
	identifiers bool
}

type keptList struct {
	list
	until time.Time
}

// list is a list of either mechanism.
type list struct {
	about  *statuslist.About
	status func(ref statusRef) (statuslist.Status, error)
}

// lookUp gives the time that the list speaks of, zero when there is no list, and why the credential is not valid.
func (s *StatusLists) lookUp(ctx context.Context, ref statusRef, at time.Time) (time.Time, error) {
	list, err := s.list(ctx, ref, at)
	if err != nil {
		return time.Time{}, err
	}
	status, err := list.status(ref)
	switch {
	case err != nil:
	case status == statuslist.Invalid:
		err = errRevoked
	case status == statuslist.Suspended:
		err = errSuspended
	case status != statuslist.Valid:
		err = errStatusValue
	}
	return list.about.IssuedAt, err
}

// list gives a list whose signer may speak of the type now. One that was kept, and whose signer may not, is asked for again: a list
// may be kept longer than trust, and the issuer may have signed another.
func (s *StatusLists) list(ctx context.Context, ref statusRef, at time.Time) (list, error) {
	key := keptKey{ref.uri, ref.form == formIdentifiers}
	s.mu.Lock()
	kept, ok := s.kept[key]
	s.mu.Unlock()
	if ok && at.Before(kept.until) && s.checkSigner(kept.about.Chain, ref.kind, at) == nil {
		return kept.list, nil
	}
	fresh, err := s.fetch(ctx, ref, at)
	if err != nil {
		return list{}, err
	}
	s.keep(key, fresh, at)
	return fresh, nil
}

func (s *StatusLists) fetch(ctx context.Context, ref statusRef, at time.Time) (list, error) {
	answer, err := s.Fetch.Get(ctx, ref.uri, string(ref.form))
	if err != nil {
		return list{}, fmt.Errorf("%w: %w", errStatusFetch, err)
	}
	fresh, err := parseList(ref.form, answer.Body)
	if err != nil {
		return list{}, err
	}
	if err := fresh.about.Check(ref.uri, at); err != nil {
		return list{}, err
	}
	return fresh, s.checkSigner(fresh.about.Chain, ref.kind, at)
}

func (s *StatusLists) checkSigner(chain []*x509.Certificate, kind string, at time.Time) error {
	anchor, err := s.Trust.Verify(chain, x5c.StatusSigner, at)
	if err == nil {
		err = anchor.Revokes(kind)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errStatusSigner, err)
	}
	return nil
}

func parseList(f form, body []byte) (list, error) {
	var token *statuslist.Token
	var err error
	switch f {
	case formIdentifiers:
		return parseIdentifiers(body)
	case formCWT:
		token, err = statuslist.ParseCWT(body)
	default:
		token, err = statuslist.ParseJWT(string(body))
	}
	if err != nil {
		return list{}, err
	}
	return list{&token.About, func(ref statusRef) (statuslist.Status, error) { return token.List.Get(ref.index) }}, nil
}

// parseIdentifiers reads an identifier list: what it names is revoked, and nothing else is.
func parseIdentifiers(body []byte) (list, error) {
	named, err := statuslist.ParseIdentifiers(body)
	if err != nil {
		return list{}, err
	}
	return list{&named.About, func(ref statusRef) (statuslist.Status, error) {
		if named.Has(ref.id) {
			return statuslist.Invalid, nil
		}
		return statuslist.Valid, nil
	}}, nil
}

// keep remembers a list until its ttl or its end, whichever is first; a list without ttl is fetched each time. When the
// memory is full it is emptied: lists are few, and a fetch is cheap.
func (s *StatusLists) keep(key keptKey, fresh list, at time.Time) {
	until := at.Add(min(fresh.about.TTL, s.MaxAge))
	if end := fresh.about.Expires; !end.IsZero() && end.Before(until) {
		until = end
	}
	if !until.After(at) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil || len(s.kept) >= maxLists {
		s.kept = map[keptKey]keptList{}
	}
	s.kept[key] = keptList{fresh, until}
}
