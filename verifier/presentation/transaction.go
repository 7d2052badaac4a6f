package presentation

import (
	"context"
	"errors"
	"time"
)

// State is where a transaction stands.
type State string

// The states of a transaction. The last three are final.
const (
	Waiting  State = "waiting"  // no wallet has come
	Fetched  State = "fetched"  // a wallet has fetched the request
	Answered State = "answered" // there is a verdict
	Refused  State = "refused"  // the wallet sent an error
	Expired  State = "expired"
)

// How long a request can be answered, how often a page that stays open gets new ones, and how long after the first moment
// of the last ones a verdict can be read.
const (
	RequestLifetime = 5 * time.Minute
	MaxRenewals     = 2
	VerdictLifetime = 15 * time.Minute
)

var (
	// ErrNotFound is the answer for what is unknown, over, or another's: they are not told apart.
	ErrNotFound = errors.New("presentation: unknown, over, or not yours")
	// ErrTaken means that the transaction has its answer already.
	ErrTaken = errors.New("presentation: the request has been answered")
)

// Transaction is one question by one browser. Browser is the hash of the secret in its cookie.
type Transaction struct {
	ID      string
	Browser string
	Ask     []byte // sealed
	State   State
	Created time.Time
	Expires time.Time // of its requests
	Renewed int       // how often it got new requests
	Error   string    // code that the wallet sent, when Refused
	Verdict []byte    // sealed, when Answered
	// SameDevice says that the wallet on this device answered; then the verdict is released only after the
	// response_code has been brought back (HAIP 1.0 section 5.1).
	SameDevice   bool
	CodeRedeemed bool
}

// Via is the way by which a request gets to a wallet.
type Via string

// The ways.
const (
	ViaQR   Via = "qr"   // to another device
	ViaLink Via = "link" // on the same device
	ViaAPI  Via = "api"  // the Digital Credentials API of the browser that asks
)

// Request is what a wallet sees of a transaction. ID is the hash of what stands in its address.
type Request struct {
	ID            string
	TransactionID string
	Via           Via
	Nonce, State  string
	KeyID         string
	Key           []byte // sealed PKCS #8; gone with the answer
}

// Outcome is what an answer makes of a transaction.
type Outcome struct {
	State   State // Answered or Refused
	Error   string
	Verdict []byte
	Code    string // hash of the response_code, for the same device
}

// Store keeps transactions. Ids and secrets come hashed, keys and verdicts sealed.
type Store interface {
	// AddTransaction adds a transaction with its requests: all or nothing.
	AddTransaction(ctx context.Context, t Transaction, requests []Request) error
	// Transaction finds one of this browser: ErrNotFound.
	Transaction(ctx context.Context, id, browser string) (*Transaction, error)
	// Request finds a request that can still be answered, with its transaction: ErrNotFound.
	Request(ctx context.Context, id string, at time.Time) (*Request, *Transaction, error)
	// MarkFetched notes that a wallet has come; a transaction with an answer stays as it is.
	MarkFetched(ctx context.Context, transactionID string) error
	// TakeAnswer gives the transaction of the request its outcome and deletes its keys, if it has none yet and has not
	// expired: one statement, one winner. ErrTaken.
	TakeAnswer(ctx context.Context, r Request, o Outcome, at time.Time) error
	// Renew gives a transaction that has no answer new requests in place of those that have expired, if it has been renewed as
	// often as t says: one statement, one winner. t has the new times. ErrTaken.
	Renew(ctx context.Context, t Transaction, requests []Request, at time.Time) error
	// ByResponseCode finds the transaction that a response_code is of, spent or not: ErrNotFound.
	ByResponseCode(ctx context.Context, code string) (*Transaction, error)
	// TakeResponseCode spends the response_code in the browser that asked. ErrNotFound.
	TakeResponseCode(ctx context.Context, id, browser, code string) error
	// Sweep deletes transactions whose requests expired before.
	Sweep(ctx context.Context, before time.Time) error
}
