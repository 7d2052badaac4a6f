package issuance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/audit"
	"lommebok.example/internal/observe"
	"lommebok.example/issuer/credentials"
	"lommebok.example/minid/authserver"
	"lommebok.example/specs/attestation"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vci"
)

// Deferred is a transaction: an order that cannot be served yet.
type Deferred struct {
	ID              string // transaction_id
	PersonID        string
	ClientID        string
	WalletName      string // as of Intent
	GrantID         string
	ConfigurationID string
	Copies          int
	Sealed          []byte // the holder's public keys, and the statuses to watch
	Nonces          []UsedNonce
	OrderedAt       time.Time
	ExpiresAt       time.Time // when no token can ask for it any more
}

// Event is the audit entry of a transaction.
func (d Deferred) Event(outcome string, at time.Time) audit.Event {
	person := audit.Person(d.PersonID)
	return audit.Event{
		At: at, Kind: KindDefer, Actor: person, Subject: person, Object: d.ID, Outcome: outcome,
		Details: map[string]string{"client_id": d.ClientID, "configuration": d.ConfigurationID},
	}
}

// The outcomes of KindDefer.
const (
	OutcomeDeferred = "deferred"
	OutcomeDenied   = "denied"
)

// kept is what a transaction keeps of its order, sealed.
type kept struct {
	Keys    []jose.JWK           `json:"keys"`
	Watched []attestation.Status `json:"watched,omitempty"`
}

// useDeferred is for what sealed transactions are sealed.
const useDeferred = "deferred issuance"

// maxInterval bounds for how long a wallet is told to wait before it asks again.
const maxInterval = time.Hour

// deferIt keeps the order and answers with its transaction_id (section 8.3).
func (s *Service) deferIt(ctx context.Context, u *authserver.Unspent, o *order, now time.Time, remaining time.Duration) (*openid4vci.CredentialResponse, error) {
	access := u.Access
	d := Deferred{
		ID: newID(now), PersonID: access.PersonID, ClientID: access.ClientID, GrantID: access.GrantID, ConfigurationID: o.typ.ID, Copies: len(o.keys),
		Nonces: o.nonces, OrderedAt: now,
		ExpiresAt: access.AuthTime.Add(max(o.typ.ReissueWithin, o.typ.MaxAuthAge)),
	}
	if !now.Add(remaining).Before(d.ExpiresAt) {
		return nil, refusal(openid4vci.CredentialRequestDenied,
			"the source needs %s for a %s, and by then no token of this grant is good for it (OpenID4VCI section 9)", remaining.Round(time.Second), o.typ.ID)
	}
	if access.Unit != nil {
		d.WalletName = access.Unit.Name
	}
	k := kept{Watched: o.watched}
	for _, key := range o.keys {
		k.Keys = append(k.Keys, jose.PublicJWK(key))
	}
	raw, err := json.Marshal(k)
	if err != nil {
		return nil, fmt.Errorf("issuance: deferring: %w", err)
	}
	d.Sealed = s.Seal.Seal(raw, useDeferred, d.ID)
	err = s.Store.Together(ctx, func(ctx context.Context) error {
		if denied := s.Access.Spend(ctx, u); denied != nil {
			return denied
		}
		return s.Store.Defer(ctx, d)
	})
	u.Settle(err == nil)
	if told := spentRefusal(err); told != nil {
		return nil, told
	}
	if err != nil {
		return nil, fmt.Errorf("issuance: deferring: %w", err)
	}
	s.logDeferred(ctx, "deferred", d)
	return notYet(d.ID, remaining), nil
}

func (s *Service) logDeferred(ctx context.Context, what string, d Deferred) {
	s.Log.Info(what, "trace_id", observe.TraceID(ctx), "transaction", d.ID, "client_id", d.ClientID, "configuration", d.ConfigurationID, "copies", d.Copies)
}

// notYet is an answer with status 202 (sections 8.3 and 9.2). interval is when it is worth to ask again.
func notYet(id string, remaining time.Duration) *openid4vci.CredentialResponse {
	return &openid4vci.CredentialResponse{TransactionID: id, Interval: int(math.Ceil(min(remaining, maxInterval).Seconds()))}
}

// postDeferred is the Deferred Credential Endpoint (section 9).
func (s *Service) postDeferred(c *gin.Context) { s.serve(c, s.pickUp) }

// pickUp answers a deferred request: not yet, never, or with the credentials.
func (s *Service) pickUp(c *gin.Context, u *authserver.Unspent) (*credentials.Type, *answer, error) {
	request, err := s.readDeferred(c)
	if err != nil {
		return nil, nil, err
	}
	ctx, now := c.Request.Context(), s.Now()
	d, err := s.Store.Deferred(ctx, u.Access.GrantID, request.TransactionID, now)
	if errors.Is(err, ErrNotDeferred) {
		return nil, nil, unknownTransaction()
	}
	if err != nil {
		return nil, nil, fmt.Errorf("issuance: deferred: %w", err)
	}
	typ, ok := s.Types.ByID(d.ConfigurationID)
	if !ok {
		return nil, nil, s.deny(ctx, d, refusal(openid4vci.CredentialRequestDenied, "%s is issued no more (OpenID4VCI section 8.3.1.2)", d.ConfigurationID))
	}
	response, err := s.serveDeferred(ctx, u, typ, d, now)
	if err != nil {
		return typ, nil, s.deny(ctx, d, err)
	}
	ready, err := answerOf(c, response, request.ResponseEncryption)
	return typ, ready, err
}

func (s *Service) readDeferred(c *gin.Context) (*openid4vci.DeferredRequest, error) {
	body, encrypted, err := s.readSealable(c.Writer, c.Request, "9.1")
	if err != nil {
		return nil, err
	}
	var request *openid4vci.DeferredRequest
	if encrypted {
		request, err = openid4vci.OpenDeferredRequest(string(body), s.Encryption.key)
	} else {
		request, err = openid4vci.ParseDeferredRequest(body)
	}
	if err != nil {
		return nil, err
	}
	return request, s.Encryption.demand(encrypted, request.ResponseEncryption)
}

// serveDeferred asks everything again that may have changed since the order, and issues when the facts are there.
func (s *Service) serveDeferred(ctx context.Context, u *authserver.Unspent, typ *credentials.Type, d Deferred, now time.Time) (*openid4vci.CredentialResponse, error) {
	if u.Access.Level < typ.Level {
		return nil, refusal(openid4vci.CredentialRequestDenied,
			"%s demands assurance level %s; the sign-in reached %s (OpenID4VCI section 8.3.1.2)", typ.ID, typ.Level, u.Access.Level)
	}
	if err := s.standing(ctx, u.Access); err != nil {
		return nil, err
	}
	o := &order{typ: typ, life: lifetimeAt(now, typ.Validity), deferred: &d}
	remaining, err := s.learn(ctx, o, u.Access, d.OrderedAt, now)
	if err != nil {
		return nil, err
	}
	if remaining > 0 {
		return notYet(d.ID, remaining), nil
	}
	if err := s.reopen(ctx, o, d, now); err != nil {
		return nil, err
	}
	return s.record(ctx, u, o, now)
}

// reopen takes the order out of its seal, and looks up again whether the wallet unit is still good.
func (s *Service) reopen(ctx context.Context, o *order, d Deferred, now time.Time) error {
	raw, err := s.Seal.Open(d.Sealed, useDeferred, d.ID)
	if err != nil {
		return fmt.Errorf("issuance: deferred: %w", err)
	}
	var k kept
	if err := json.Unmarshal(raw, &k); err != nil {
		return fmt.Errorf("issuance: deferred: %w", err)
	}
	for _, jwk := range k.Keys {
		key, err := jwk.PublicKey()
		if err != nil {
			return fmt.Errorf("issuance: deferred: %w", err)
		}
		o.keys = append(o.keys, key)
	}
	a := &attested{service: s, order: o, at: now}
	for n := range k.Watched {
		if err := a.watch(ctx, &k.Watched[n], openid4vci.CredentialRequestDenied, "the status of the wallet unit or its key storage"); err != nil {
			return err
		}
	}
	return nil
}

// deny ends a transaction that will never be served: the wallet gives up at this code (section 8.3.1.2). Other errors are given back as
// they are.
func (s *Service) deny(ctx context.Context, d Deferred, why error) error {
	var told *oauth2.Error
	if !errors.As(why, &told) || told.Code != openid4vci.CredentialRequestDenied {
		return why
	}
	if err := s.Store.DenyDeferred(ctx, d, s.Now()); err != nil && !errors.Is(err, ErrNotDeferred) {
		return fmt.Errorf("issuance: deferred: %w", err)
	}
	s.logDeferred(ctx, "deferred denied", d)
	return why
}

// finish records how the signing ended. A transaction that we could not serve can be asked for again.
func (s *Service) finish(ctx context.Context, o *order, intent Intent, state State) error {
	if o.deferred == nil || state == StateIssued {
		return s.Store.Finish(ctx, intent, state, s.Now())
	}
	return s.Store.Together(ctx, func(ctx context.Context) error {
		if err := s.Store.PutBack(ctx, *o.deferred); err != nil {
			return err
		}
		return s.Store.Finish(ctx, intent, state, s.Now())
	})
}

func unknownTransaction() error {
	return refusal(openid4vci.InvalidTransactionID,
		"expected a transaction_id that came with this grant, and was neither picked up nor has ended; got another (OpenID4VCI section 9.3)")
}
