package api

import (
	"context"
	"errors"
	"time"

	"lommebok.example/minid/authserver"
	"lommebok.example/verifier/presentation"
)

// Cancelled is the state of a presentation that its party has taken back.
const Cancelled presentation.State = "cancelled"

// Remembered is how long it is known that there was a presentation, for Idempotency-Key and webhooks. Its result is gone
// before.
const Remembered = 24 * time.Hour

var (
	// ErrNotFound is for what is unknown, over, or another's.
	ErrNotFound = errors.New("api: unknown, over, or another's")
	// ErrKeyTaken means that the party has used the Idempotency-Key.
	ErrKeyTaken = errors.New("api: the idempotency key has been used")
	// ErrExpired means that nobody answered in time.
	ErrExpired = errors.New("api: the presentation has expired")
	// ErrAnswered means that there is a verdict that the party may read.
	ErrAnswered = errors.New("api: the presentation has been answered")
)

// Presentation is what is kept of a question by a party, beside the transaction of package presentation. There is nothing in it
// that opens a request or a verdict, and nothing about a person.
type Presentation struct {
	ID       string // of the transaction
	Party    string
	Handle   string // hash of the secret in the handle
	Purpose  string
	Redirect string // "" for none
	// Reference is the party's own, which the webhook brings back.
	Reference string
	Key, Body string // what recognises the Idempotency-Key and the request that came with it; "" without
	Created   time.Time
	Expires   time.Time // of its requests
	Gone      time.Time // of its result
	Webhook   bool
	State     presentation.State // "" until its end has been noted, by Settle or Cancel
	Settled   time.Time
}

// Event is a presentation whose end is to be told to its party.
type Event struct {
	ID, Party, Reference string
	State                presentation.State
	Settled              time.Time
	Attempts             int // before this one
}

// Store keeps what the API needs. Secrets come hashed.
type Store interface {
	// TakeProof keeps the jti of a client assertion: authserver.ErrProofUsed.
	TakeProof(ctx context.Context, jti authserver.Hash, expires time.Time) error
	AddToken(ctx context.Context, hash, party string, expires time.Time) error
	// Token gives the party of an access token: ErrNotFound.
	Token(ctx context.Context, hash string, at time.Time) (party string, err error)

	// AddPresentation adds one; of two with the same party and key the first wins: ErrKeyTaken.
	AddPresentation(ctx context.Context, p Presentation) error
	// Presentation finds one of the party by its id and the hash of its handle, until its result is gone: ErrNotFound.
	Presentation(ctx context.Context, id, party, handle string, at time.Time) (*Presentation, error)
	// PresentationByKey finds one of the party by its key: ErrNotFound.
	PresentationByKey(ctx context.Context, party, key string) (*Presentation, error)
	// Mark tells of the rows of a presentation what says how it stands: another text when it may stand otherwise. ErrNotFound.
	Mark(ctx context.Context, id string) (string, error)
	// Cancel deletes the transaction, so that nothing can be answered, unless its verdict may be read already or its requests
	// expired before: one statement decides. ErrAnswered, ErrExpired.
	Cancel(ctx context.Context, id string, at, expired time.Time) error

	// Settle notes the end of each presentation that has come to one: its verdict may be read, the wallet refused, or its requests
	// expired before.
	Settle(ctx context.Context, at, expired time.Time) error
	// Due lists the parties that have events that are due and in no lease.
	Due(ctx context.Context, at time.Time) (parties []string, err error)
	// Lease takes up to limit events of the party that are due, for the holder of the lease until then. An event is in one lease
	// at a time.
	Lease(ctx context.Context, party, lease string, at, until time.Time, limit int) ([]Event, error)
	// Taken ends an event of this lease.
	Taken(ctx context.Context, id, lease string) error
	// Postpone counts an attempt of this lease, and makes the event due again; a zero time gives it up.
	Postpone(ctx context.Context, id, lease string, due time.Time) error
	// Replay makes events of the party due again: those that settled since, or the one of the id when it is not "". It tells how
	// many.
	Replay(ctx context.Context, party, id string, since, at time.Time) (int64, error)

	// SweepAPI deletes what has expired, and presentations made before.
	SweepAPI(ctx context.Context, at, before time.Time) error
}
