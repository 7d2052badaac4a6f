package issuance

import (
	"context"
	"errors"
	"strconv"
	"time"

	"lommebok.example/internal/audit"
	"lommebok.example/issuer/status"
	"lommebok.example/minid"
	"lommebok.example/specs/attestation"
	"lommebok.example/specs/statuslist"
)

// What a Store answers when it does not do what it was asked.
var (
	ErrNonceUsed  = errors.New("issuance: the c_nonce has been used")
	ErrIndexTaken = errors.New("issuance: a status index has been taken, or the list has no room")
	ErrNotFound   = errors.New("issuance: no such issuance that could be changed")
	// ErrNotDeferred: the grant has no such transaction that could be picked up.
	ErrNotDeferred = errors.New("issuance: no such transaction")
)

// Store keeps what was issued. It never sees a credential or a holder's key.
type Store interface {
	// Together runs f so that what stores write with its context is kept whole or not at all.
	Together(ctx context.Context, f func(ctx context.Context) error) error
	// Candidates draws random status indices of a list with so many bits that are free as far as is known. It takes none.
	Candidates(ctx context.Context, bits statuslist.Bits, n int, at time.Time) ([]status.Index, error)
	// Begin takes the nonces and the status indices and writes the intent and its audit entry, or does none of it.
	// ErrNonceUsed when one of the nonces is gone, ErrIndexTaken when one of the indices is: then others must be drawn.
	Begin(ctx context.Context, in Intent) error
	// Defer takes the nonces and keeps an order until it is picked up, with its audit entry, or does none of it. ErrNonceUsed as
	// Begin.
	Defer(ctx context.Context, d Deferred) error
	// Deferred gives a transaction of a grant that has not ended at the time at, or ErrNotDeferred.
	Deferred(ctx context.Context, grantID, id string, at time.Time) (Deferred, error)
	// TakeDeferred deletes a transaction of a grant; of all who try, one succeeds and the others get ErrNotDeferred.
	TakeDeferred(ctx context.Context, grantID, id string) error
	// DenyDeferred deletes a transaction that will never be served, with its audit entry. ErrNotDeferred as TakeDeferred.
	DenyDeferred(ctx context.Context, d Deferred, at time.Time) error
	// PutBack keeps a transaction that was taken and could not be served by a fault of ours.
	PutBack(ctx context.Context, d Deferred) error
	// Finish records how the signing of an intent ended, with its audit entry.
	Finish(ctx context.Context, in Intent, state State, at time.Time) error
	// Notify notes what the wallet that holds a token of the grant tells of an issuance, with its audit entry, or does nothing
	// when that is no news. ErrNotFound when nothing with this ID was issued on the grant.
	Notify(ctx context.Context, grantID, id, event string, at time.Time) error
}

// State is how far an issuance has come.
type State string

// The values of State.
const (
	StateIntent State = "intent" // written before the first signature
	StateIssued State = "issued" // all copies are signed
	StateFailed State = "failed" // none of them was given out
)

// Intent is an issuance that is about to be signed.
type Intent struct {
	ID              string
	PersonID        string
	ClientID        string
	GrantID         string // of the access token, which knows the issuance by its ID as notification_id
	WalletName      string // by its provider, as it stood in the wallet attestation; "" for none
	WalletProvider  string // that attested the wallet; "" for none
	Signer          string // what the key is called that is to sign
	ConfigurationID string
	Level           minid.Level
	Indices         []status.Index // one a copy, of one list
	Nonces          []UsedNonce    // each c_nonce of the key proofs once
	IssuedAt        time.Time
	ExpiresAt       time.Time
	Watched         []attestation.Status // of the wallet unit and its key storage: revoked, the issuance is revoked too
	Transaction     string               // that is picked up; "" for what is issued at once
}

// Event is the audit entry of an intent.
func (in Intent) Event() audit.Event {
	person := audit.Person(in.PersonID)
	e := audit.Event{
		At: in.IssuedAt, Kind: KindIntent, Actor: person, Subject: person, Object: in.ID, Outcome: string(StateIntent),
		Details: map[string]string{
			"client_id": in.ClientID, "configuration": in.ConfigurationID, "level": in.Level.String(),
			"copies": strconv.Itoa(len(in.Indices)), "expires": in.ExpiresAt.UTC().Format(time.RFC3339),
		},
	}
	if in.Transaction != "" {
		e.Details["transaction"] = in.Transaction
	}
	return e
}

// Finished is the audit entry of its end.
func (in Intent) Finished(state State, at time.Time) audit.Event {
	person := audit.Person(in.PersonID)
	return audit.Event{At: at, Kind: KindResult, Actor: person, Subject: person, Object: in.ID, Outcome: string(state)}
}

// The kinds of audit entries that an issuance has.
const (
	KindIntent = "issuance.intent"
	KindResult = "issuance.result"
	KindRevoke = "issuance.revoke"
	// KindSuspend and KindRestore are of what comes and goes.
	KindSuspend = "issuance.suspend"
	KindRestore = "issuance.restore"
	KindNotify  = "issuance.notify" // the outcome is the event
	KindDefer   = "issuance.defer"  // of a transaction: deferred, or denied for good
)

// Role is as what somebody changes a status.
type Role string

// The values of Role. What a case worker has suspended, the person cannot restore.
const (
	RolePerson     Role = "person"
	RoleCaseWorker Role = "case_worker"
)

// Change is a new status of issuances: Invalid for good, Suspended, or Valid again after that.
type Change struct {
	Issuances []string
	To        statuslist.Status
	Person    string // whose they must be; "" for anybody's
	By        Role
	Actor     audit.Party
	Reason    string // a word for the audit log, not a text
	At        time.Time
}

// ErrNotSuspendable: the credential stands on a list that knows valid and revoked alone.
var ErrNotSuspendable = errors.New("issuance: the credential cannot be suspended")

// Held is an issuance that is neither revoked nor expired.
type Held struct{ ID, ClientID, WalletName, ConfigurationID string }

// Issued is an issuance as the person sees it. RevokedAt is zero unless it was revoked.
type Issued struct {
	ID              string
	ClientID        string
	WalletName      string // as of Intent
	ConfigurationID string
	Level           minid.Level
	Copies          int
	IssuedAt        time.Time
	ExpiresAt       time.Time
	RevokedAt       time.Time
	SuspendedAt     time.Time // zero unless it is suspended
	SuspendedBy     Role
	Notified        string // what the wallet has told last: an event of OpenID4VCI section 11.1, or ""
}
