package issuance

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
	"lommebok.example/issuer/credentials"
	"lommebok.example/issuer/signing"
	"lommebok.example/issuer/source"
	"lommebok.example/minid"
	"lommebok.example/minid/authserver"
	"lommebok.example/specs/attestation"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/statuslist"
)

// postCredential is the Credential Endpoint (section 8).
func (s *Service) postCredential(c *gin.Context) { s.serve(c, s.answer) }

// serve answers a request for credentials, whether it is served at once or later. Whatever the answer, the DPoP proof has been
// used with it: an issuance takes its jti together with the intent, everything else takes it alone. Left unspent, the very same
// request could be sent again by whoever saw it, and be served once the reason for the refusal is gone.
func (s *Service) serve(c *gin.Context, by func(*gin.Context, *authserver.Unspent) (*credentials.Type, *answer, error)) {
	c.Header("Cache-Control", "no-store")
	u, denied := s.Access.Unspent(c.Request)
	if denied != nil {
		denied.Write(c.Writer)
		return
	}
	s.Access.NonceHeader(c.Writer)
	typ, answer, err := by(c, u)
	if !u.Spent() {
		if denied := s.Access.Spend(c.Request.Context(), u); denied != nil {
			err = denied
		}
	}
	switch denied := (*authserver.AccessError)(nil); {
	case err == nil:
		answer.write(c)
	case errors.As(err, &denied):
		denied.Write(c.Writer)
	default:
		s.refuse(c, u.Access, typ, err)
	}
}

// answer goes through the phases of the package comment, from 2 on.
func (s *Service) answer(c *gin.Context, u *authserver.Unspent) (*credentials.Type, *answer, error) {
	request, err := s.readRequest(c.Writer, c.Request)
	if err != nil {
		return nil, nil, err
	}
	typ, err := s.configuration(u.Access, request)
	if err != nil {
		return typ, nil, err
	}
	response, err := s.issue(c.Request.Context(), u, typ, request)
	if err != nil {
		return typ, nil, err
	}
	ready, err := answerOf(c, response, request.ResponseEncryption)
	return typ, ready, err
}

// answer is a Credential Response as it goes out: as JSON, or as a JWE when the wallet asked for that.
type answer struct {
	status  int
	plain   *openid4vci.CredentialResponse
	compact string
}

func answerOf(c *gin.Context, response *openid4vci.CredentialResponse, to *openid4vci.ResponseEncryptionKey) (*answer, error) {
	a := &answer{status: response.Status()}
	if to == nil {
		a.plain = response
		return a, nil
	}
	observe.Opened(c.Request.Context(), func() ([]byte, error) { return json.Marshal(response) })
	var err error
	a.compact, err = response.Encrypt(to)
	return a, err
}

func (a *answer) write(c *gin.Context) {
	if a.plain != nil {
		c.JSON(a.status, a.plain)
		return
	}
	c.Data(a.status, "application/jwt", []byte(a.compact))
}

// order is a credential request that may be served, as far as the phases have come.
type order struct {
	typ     *credentials.Type
	keys    []*ecdsa.PublicKey // one a copy
	nonces  []UsedNonce
	watched []attestation.Status // of the wallet unit and its key storage
	values  []signing.Value
	life    signing.Lifetime
	// deferred is the transaction that is picked up; nil for what is issued at once.
	deferred *Deferred
}

// issue goes through phases 4 to 10.
func (s *Service) issue(ctx context.Context, u *authserver.Unspent, typ *credentials.Type, request *openid4vci.CredentialRequest) (*openid4vci.CredentialResponse, error) {
	now, access := s.Now(), u.Access
	if err := s.entitled(ctx, access, typ, now); err != nil {
		return nil, err
	}
	o := &order{typ: typ, life: lifetimeAt(now, typ.Validity)}
	if err := s.verifyProofs(ctx, o, access, request, now); err != nil {
		return nil, err
	}
	remaining, err := s.learn(ctx, o, access, now, now)
	if err != nil {
		return nil, err
	}
	if remaining > 0 {
		return s.deferIt(ctx, u, o, now, remaining)
	}
	return s.record(ctx, u, o, now)
}

// learn is phase 6. It tells how long to wait still, when the source does not know yet what it was asked at the time asked.
func (s *Service) learn(ctx context.Context, o *order, access *authserver.Access, asked, now time.Time) (time.Duration, error) {
	facts, err := s.Source.Facts(ctx, access.PID)
	if err == nil {
		if remaining := asked.Add(takes(o.typ, facts)).Sub(now); remaining > 0 {
			return remaining, nil
		}
		o.values, err = values(o.typ, facts, o.life)
	}
	if errors.Is(err, source.ErrUnknownPerson) || errors.Is(err, errFacts) {
		return 0, refusal(openid4vci.CredentialRequestDenied, "the source does not have what a %s says of this person (OpenID4VCI section 8.3.1.2)", o.typ.ID)
	}
	if err != nil {
		return 0, fmt.Errorf("issuance: facts: %w", err)
	}
	return 0, nil
}

// entitled asks once more, right before the signature, what the sign-in and the token were already asked: the level, its
// age, and whether the account still stands.
func (s *Service) entitled(ctx context.Context, access *authserver.Access, typ *credentials.Type, now time.Time) error {
	if access.Level < typ.Level {
		return forbidden("%s demands assurance level %s; the sign-in reached %s (OpenID4VCI section 8.3.1.1)", typ.ID, typ.Level, access.Level)
	}
	limit := typ.MaxAuthAge
	if access.Refreshed {
		limit = typ.ReissueWithin
	}
	if now.Sub(access.AuthTime) > limit {
		return forbidden("%s demands a sign-in at most %s old; it is older (OpenID4VCI section 8.3.1.1)", typ.ID, limit)
	}
	return s.standing(ctx, access)
}

// standing asks whether the account is in order.
func (s *Service) standing(ctx context.Context, access *authserver.Access) error {
	state, pid, err := s.Accounts.Standing(ctx, access.PersonID)
	if err != nil && !errors.Is(err, minid.ErrNotFound) {
		return fmt.Errorf("issuance: account: %w", err)
	}
	if err != nil || state != minid.StateNormal || pid != access.PID {
		return refusal(openid4vci.CredentialRequestDenied, "expected an account in order; this one may no longer be given credentials (OpenID4VCI section 8.3.1.2)")
	}
	return nil
}

// record is phases 7 to 10: from the intent on something is left behind, and it is left behind whole.
func (s *Service) record(ctx context.Context, u *authserver.Unspent, o *order, now time.Time) (*openid4vci.CredentialResponse, error) {
	linted, intent, err := s.intend(ctx, u, o, now)
	if err != nil {
		return nil, err
	}
	signed, err := linted.Sign()
	state := StateIssued
	if err != nil {
		state = StateFailed
	}
	// The client may have gone away meanwhile; what was signed is recorded all the same.
	if e := s.finish(context.WithoutCancel(ctx), o, intent, state); e != nil || err != nil {
		return nil, fmt.Errorf("issuance: %w", errors.Join(err, e))
	}
	s.Log.Info("issued", "trace_id", observe.TraceID(ctx), "issuance", intent.ID, "client_id", u.Access.ClientID,
		"configuration", o.typ.ID, "copies", len(o.keys), "level", u.Access.Level.String())
	answer := &openid4vci.CredentialResponse{Credentials: make([]openid4vci.IssuedCredential, len(signed)), NotificationID: intent.ID}
	for n, text := range signed {
		answer.Credentials[n].Credential = text
	}
	return answer, nil
}

// draws bounds how often indices are drawn anew because somebody else took one in between.
const draws = 16

// intend is phases 7 to 9: status indices, lint, and one transaction with all that is spent and the intent. The bytes name
// their index, so an index that was taken in between makes other bytes, which are linted like the first.
func (s *Service) intend(ctx context.Context, u *authserver.Unspent, o *order, now time.Time) (*signing.Linted, Intent, error) {
	intent := Intent{
		ID: newID(now), PersonID: u.Access.PersonID, ClientID: u.Access.ClientID, GrantID: u.Access.GrantID, ConfigurationID: o.typ.ID, Level: u.Access.Level,
		Nonces: o.nonces, IssuedAt: now, ExpiresAt: o.life.Until,
		Watched: o.watched,
	}
	if u.Access.Unit != nil {
		intent.WalletName, intent.WalletProvider = u.Access.Unit.Name, u.Access.Unit.Provider
	}
	if o.deferred != nil {
		intent.Transaction = o.deferred.ID
	}
	signers := s.Signers()
	intent.Signer = signers.Key(o.typ)
	err := ErrIndexTaken
	for n := 0; n < draws && errors.Is(err, ErrIndexTaken); n++ {
		var linted *signing.Linted
		if intent.Indices, err = s.Store.Candidates(ctx, statuslist.Bits(o.typ.StatusBits), len(o.keys), now); err != nil {
			break
		}
		linted, err = signers.Lint(&signing.Batch{Type: o.typ, Values: o.values, Life: o.life, Holders: o.keys, Indices: intent.Indices}, now)
		if errors.Is(err, signing.ErrLint) {
			s.Counts.Event("lint_error", o.typ.ID)
		}
		if err != nil {
			break
		}
		if err = s.begin(ctx, u, intent); err == nil {
			return linted, intent, nil
		}
	}
	if err := spentRefusal(err); err != nil {
		return nil, intent, err
	}
	return nil, intent, fmt.Errorf("issuance: intent: %w", err)
}

// begin spends the DPoP proof and the nonces, takes the indices and writes the intent, or does none of it.
func (s *Service) begin(ctx context.Context, u *authserver.Unspent, intent Intent) error {
	err := s.Store.Together(ctx, func(ctx context.Context) error {
		if denied := s.Access.Spend(ctx, u); denied != nil {
			return denied
		}
		if intent.Transaction != "" {
			if err := s.Store.TakeDeferred(ctx, intent.GrantID, intent.Transaction); err != nil {
				return err
			}
		}
		return s.Store.Begin(ctx, intent)
	})
	u.Settle(err == nil)
	return err
}

// spentRefusal is the refusal of what somebody else has used, or nil.
func spentRefusal(err error) error {
	switch {
	case errors.Is(err, ErrNonceUsed):
		return refusal(openid4vci.InvalidNonce, "the c_nonce has been used; get another from the nonce endpoint (OpenID4VCI section 7)")
	case errors.Is(err, ErrNotDeferred):
		return unknownTransaction()
	}
	return nil
}
