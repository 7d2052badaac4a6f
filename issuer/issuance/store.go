package issuance

import (
	"context"
	"errors"
	"time"

	"lommebok.example/issuer/status"
	"lommebok.example/minid"
	"lommebok.example/specs/attestation"
)

// What a Store answers when it does not do what it was asked.
var (
	ErrNonceUsed = errors.New("issuance: the c_nonce has been used")
	ErrNotFound  = errors.New("issuance: no such issuance that could be changed")
)

// Store keeps what was issued. It never sees a credential or a holder's key.
type Store interface {
	// Begin takes the nonces, allocates a random status index for each copy and writes the intent, or does none of
	// it. ErrNonceUsed when one of the nonces is gone.
	Begin(ctx context.Context, in Intent) ([]status.Index, error)
	// Finish records how the signing of an intent ended.
	Finish(ctx context.Context, id string, state State) error
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
	ConfigurationID string
	Level           minid.Level
	Copies          int
	Nonces          []string // each c_nonce of the key proofs once
	NonceExpires    time.Time
	IssuedAt        time.Time
	ExpiresAt       time.Time
	Watched         []attestation.Status // of the wallet unit and its key storage: revoked, the issuance is revoked too
}

// Issued is an issuance as the person sees it. RevokedAt is zero unless it was revoked.
type Issued struct {
	ID              string
	ClientID        string
	ConfigurationID string
	Level           minid.Level
	Copies          int
	IssuedAt        time.Time
	ExpiresAt       time.Time
	RevokedAt       time.Time
}
