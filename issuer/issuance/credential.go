package issuance

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
	"lommebok.example/issuer/credentials"
	"lommebok.example/issuer/source"
	"lommebok.example/issuer/status"
	"lommebok.example/minid"
	"lommebok.example/minid/authserver"
	"lommebok.example/specs/attestation"
	"lommebok.example/specs/openid4vci"
)

// batch is the copies of one credential on their way through the phases of the package comment.
type batch struct {
	typ     *credentials.Type
	keys    []*ecdsa.PublicKey // one a copy
	nonces  []string
	watched []attestation.Status // of the wallet unit and its key storage
	values  []value
	life    lifetime
	indices []status.Index
}

// postCredential is the Credential Endpoint (section 8).
func (s *Service) postCredential(c *gin.Context) {
	c.Header("Cache-Control", "no-store")
	access, denied := s.Access.Access(c.Request)
	if denied != nil {
		denied.Write(c.Writer)
		return
	}
	s.Access.NonceHeader(c.Writer)
	request, err := readRequest(c.Writer, c.Request)
	if err != nil {
		s.refuse(c, access, nil, err)
		return
	}
	typ, err := s.configuration(access, request)
	if err != nil {
		s.refuse(c, access, typ, err)
		return
	}
	answer, err := s.issue(c.Request.Context(), access, typ, request)
	if err != nil {
		s.refuse(c, access, typ, err)
		return
	}
	c.JSON(http.StatusOK, answer)
}

// issue goes through phases 4 to 8.
func (s *Service) issue(ctx context.Context, access *authserver.Access, typ *credentials.Type, request *openid4vci.CredentialRequest) (*openid4vci.CredentialResponse, error) {
	now := s.Now()
	if err := s.entitled(ctx, access, typ, now); err != nil {
		return nil, err
	}
	b := &batch{typ: typ, life: lifetimeAt(now, typ.Validity)}
	if err := s.verifyProofs(ctx, b, access, request, now); err != nil {
		return nil, err
	}
	facts, err := s.Source.Facts(ctx, access.PID)
	if err == nil {
		b.values, err = values(typ, facts, b.life)
	}
	if errors.Is(err, source.ErrUnknownPerson) || errors.Is(err, errFacts) {
		return nil, refusal(openid4vci.CredentialRequestDenied, "the source does not have what a %s says of this person (OpenID4VCI section 8.3.1.2)", typ.ID)
	}
	if err != nil {
		return nil, fmt.Errorf("issuance: facts: %w", err)
	}
	return s.sign(ctx, access, b, now)
}

// entitled asks once more, right before the signature, what the sign-in and the token were already asked: the level, its
// age, and whether the account still stands.
func (s *Service) entitled(ctx context.Context, access *authserver.Access, typ *credentials.Type, now time.Time) error {
	if access.Level < typ.Level {
		return forbidden("%s demands assurance level %s; the sign-in reached %s", typ.ID, typ.Level, access.Level)
	}
	if age := now.Sub(access.AuthTime); age > typ.MaxAuthAge {
		return forbidden("%s demands a sign-in at most %s old; it is older", typ.ID, typ.MaxAuthAge)
	}
	person, err := s.Accounts.Person(ctx, access.PersonID)
	if err != nil && !errors.Is(err, minid.ErrNotFound) {
		return fmt.Errorf("issuance: account: %w", err)
	}
	if err != nil || person.State != minid.StateNormal || person.PID != access.PID {
		return refusal(openid4vci.CredentialRequestDenied, "the account may no longer be given credentials")
	}
	return nil
}

// sign is phases 7 and 8: from here on something is left behind, and it is left behind whole.
func (s *Service) sign(ctx context.Context, access *authserver.Access, b *batch, now time.Time) (*openid4vci.CredentialResponse, error) {
	intent := Intent{
		ID: newID(), PersonID: access.PersonID, ClientID: access.ClientID, ConfigurationID: b.typ.ID, Level: access.Level,
		Copies: len(b.keys), Nonces: b.nonces, NonceExpires: now.Add(NonceLife + time.Minute), IssuedAt: now, ExpiresAt: b.life.until,
		Watched: b.watched,
	}
	var err error
	b.indices, err = s.Store.Begin(ctx, intent)
	if errors.Is(err, ErrNonceUsed) {
		return nil, refusal(openid4vci.InvalidNonce, "the c_nonce has been used; get another from the nonce endpoint (OpenID4VCI section 7)")
	}
	if err != nil {
		return nil, fmt.Errorf("issuance: intent: %w", err)
	}
	signed, err := s.signAll(b, now)
	state := StateIssued
	if err != nil {
		state = StateFailed
	}
	// The client may have gone away meanwhile; what was signed is recorded all the same.
	if e := s.Store.Finish(context.WithoutCancel(ctx), intent.ID, state); e != nil || err != nil {
		return nil, fmt.Errorf("issuance: %w", errors.Join(err, e))
	}
	s.Log.Info("issued", "trace_id", observe.TraceID(ctx), "issuance", intent.ID, "client_id", access.ClientID,
		"configuration", b.typ.ID, "copies", len(b.keys), "level", access.Level.String())
	return &openid4vci.CredentialResponse{Credentials: signed}, nil
}

// signAll looks at every copy before it signs the first.
func (s *Service) signAll(b *batch, now time.Time) ([]openid4vci.IssuedCredential, error) {
	copies, err := s.prepare(b)
	if err != nil {
		return nil, err
	}
	if err := s.lint(b, now); err != nil {
		return nil, err
	}
	for n, one := range copies {
		if err := one.lint(b, n, s); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrLint, b.typ.ID, err)
		}
	}
	signed := make([]openid4vci.IssuedCredential, 0, len(copies))
	for _, one := range copies {
		text, err := one.sign(s)
		if err != nil {
			return nil, err
		}
		signed = append(signed, openid4vci.IssuedCredential{Credential: text})
	}
	return signed, nil
}
