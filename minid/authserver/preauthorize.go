package authserver

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lommebok.example/minid"
)

// How long a pre-authorized code lives, and how long its offer can be fetched: a QR code that somebody looked at over a
// shoulder is worth nothing before the code is.
const (
	PreAuthorizedLife = 5 * time.Minute
	offerFetchLife    = 3 * time.Minute
	txTries           = 3
)

// What PreAuthorize answers when it makes nothing.
var (
	ErrNotPreAuthorized = errors.New("authserver: nobody is given this credential by a pre-authorized code")
	ErrLevelTooLow      = errors.New("authserver: the sign-in is at a lower level, or older, than the credential demands")
)

// PreAuthorization is what a person who is signed in lets one wallet have without another sign-in (OpenID4VCI 1.0 section 3.5). Its
// grant has level and time of that sign-in, and no client: who brings the code first has it.
type PreAuthorization struct {
	Grant
	SessionID string // of the sign-in; the pre-authorization ends with it
	TxCode    bool   // the wallet must bring the transaction code
	Expires   time.Time
}

// PreAuthorizationKeys are the hashes by which a pre-authorization is found, and of what it takes to redeem it.
type PreAuthorizationKeys struct {
	Reference Hash // of the address that the offer is fetched at
	Code      Hash
	Tx        Hash // of code and transaction code together: six digits alone are searched in no time
}

// PreAuthorizedRedemption is what a wallet brings to turn a pre-authorized code into a token.
type PreAuthorizedRedemption struct {
	Code, Tx Hash
	ClientID string // "" for an anonymous wallet
	Unit     *WalletUnit
	At       time.Time
}

// PreAuthorizationStore keeps pre-authorizations. ErrNoCode when there is none that is alive.
type PreAuthorizationStore interface {
	KeepPreAuthorization(ctx context.Context, p PreAuthorization, k PreAuthorizationKeys) error
	PreAuthorizationByCode(ctx context.Context, code Hash, at time.Time) (*PreAuthorization, error)
	// PreAuthorizationByReference finds one whose offer may still be fetched: it lives on for longer than spare.
	PreAuthorizationByReference(ctx context.Context, reference Hash, at time.Time, spare time.Duration) (*PreAuthorization, error)
	// PreAuthorizationOf finds one in the session that it was made in.
	PreAuthorizationOf(ctx context.Context, id, sessionID string, at time.Time) (*PreAuthorization, error)
	// RaiseTxTries counts one more transaction code that is going to be compared. ErrNoCode when most have been.
	RaiseTxTries(ctx context.Context, code Hash, most int, at time.Time) error
	// RedeemPreAuthorized ends the code and keeps the grant with the token, all or nothing. ErrNoCode, also when the
	// transaction code is wrong, and the error of issue.
	RedeemPreAuthorized(ctx context.Context, r PreAuthorizedRedemption, issue Issuing) (*Grant, error)
}

// Accounts knows whether what a person said yes to at a sign-in may still be acted upon; minid.Core is one.
type Accounts interface {
	// Stands tells whether the account may be used, and was not proofed anew since the sign-in.
	Stands(ctx context.Context, personID string, signIn time.Time) (bool, error)
}

// PreAuthorized is a pre-authorization with the secrets that go into its offer.
type PreAuthorized struct {
	ID             string
	Configurations []string
	Reference      string // names the offer to a wallet that fetches it
	Code           string
	TxCode         string    // "" when none is demanded
	Expires        time.Time // of the code
	FetchUntil     time.Time // how long the offer can be fetched
}

// PreAuthorize lets one wallet have credentials on the sign-in of a session, which is asked here what it would be asked in the
// authorization code flow. ErrNotPreAuthorized, ErrLevelTooLow.
func (s *Server) PreAuthorize(ctx context.Context, session *minid.Session, configurations []string) (*PreAuthorized, error) {
	at := s.Now()
	p := PreAuthorization{SessionID: session.ID, Expires: at.Add(PreAuthorizedLife)}
	resources := make([]Resource, 0, len(configurations))
	for _, id := range configurations {
		r, ok := s.Catalog.ByConfiguration(id)
		if !ok || !r.PreAuthorized {
			return nil, ErrNotPreAuthorized
		}
		if session.Level < r.Level || r.MaxAuthAge > 0 && at.Sub(session.AuthTime) > r.MaxAuthAge {
			return nil, ErrLevelTooLow
		}
		resources, p.TxCode = append(resources, r), p.TxCode || r.TxCode
	}
	if len(resources) == 0 || s.Offers == nil {
		return nil, ErrNotPreAuthorized
	}
	p.Grant = Grant{
		ID: name(), PersonID: session.PersonID, PID: session.PID, Level: session.Level, Basis: session.Basis, AuthTime: session.AuthTime,
	}
	p.Scopes, p.Authorized = granted(resources)
	with := s.withSecrets(&p)
	if err := s.Store.KeepPreAuthorization(ctx, p, with.keys()); err != nil {
		return nil, fmt.Errorf("authserver: pre-authorize: %w", err)
	}
	s.logGrant(ctx, "pre-authorized", p.ID)
	return with, nil
}

// granted names what is granted without a request: by scope, or by identifier when one of the credentials has no scope.
func granted(resources []Resource) (scopes []string, list []Authorized) {
	for _, r := range resources {
		if r.Scope == "" {
			return nil, identified(resources)
		}
		scopes = append(scopes, r.Scope)
	}
	return scopes, nil
}

// identified gives each credential configuration a Credential Identifier: there is one dataset of each for a person.
func identified(resources []Resource) []Authorized {
	list := make([]Authorized, 0, len(resources))
	for _, r := range resources {
		list = append(list, Authorized{ConfigurationID: r.ConfigurationID, Identifiers: []string{name()}})
	}
	return list
}

// PreAuthorizedIn gives a pre-authorization of a session again, while its offer can be fetched. ErrNoCode.
func (s *Server) PreAuthorizedIn(ctx context.Context, session *minid.Session, id string) (*PreAuthorized, error) {
	p, err := s.Store.PreAuthorizationOf(ctx, known(id), session.ID, s.Now().Add(PreAuthorizedLife-offerFetchLife))
	if err != nil {
		return nil, err
	}
	return s.withSecrets(p), nil
}

// PreAuthorizedAt gives what a wallet fetches by the reference of an offer; the transaction code is not for it. ErrNoCode.
func (s *Server) PreAuthorizedAt(ctx context.Context, reference string) (*PreAuthorized, error) {
	p, err := s.Store.PreAuthorizationByReference(ctx, HashOf(reference), s.Now(), PreAuthorizedLife-offerFetchLife)
	if err != nil {
		return nil, err
	}
	return s.withSecrets(p), nil
}

func (s *Server) withSecrets(p *PreAuthorization) *PreAuthorized {
	with := &PreAuthorized{
		ID: p.ID, Reference: s.Offers.derive("reference", p.ID), Code: s.Offers.derive("pre-authorized_code", p.ID), Expires: p.Expires,
		Configurations: s.configurations(p.Scopes, p.Authorized), FetchUntil: p.Expires.Add(offerFetchLife - PreAuthorizedLife),
	}
	if p.TxCode {
		with.TxCode = s.Offers.txCode(p.ID)
	}
	return with
}

func (p *PreAuthorized) keys() PreAuthorizationKeys {
	return PreAuthorizationKeys{Reference: HashOf(p.Reference), Code: HashOf(p.Code), Tx: hashTx(p.Code, p.TxCode)}
}

func hashTx(code, tx string) Hash { return HashOf("tx_code\x00" + code + "\x00" + tx) }

// configurations are the credential configurations of a grant.
func (s *Server) configurations(scopes []string, list []Authorized) []string {
	var ids []string
	for _, a := range list {
		ids = append(ids, a.ConfigurationID)
	}
	for _, scope := range scopes {
		if r, ok := s.Catalog.ByScope(scope); ok && !among([]string{r.ConfigurationID}, ids) {
			ids = append(ids, r.ConfigurationID)
		}
	}
	return ids
}
