package presentation

import (
	"context"
	"errors"
	"time"

	"lommebok.example/specs/dcql"
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

// How long a request can be answered, and how long a verdict can be read.
const (
	RequestLifetime = 5 * time.Minute
	VerdictLifetime = 15 * time.Minute
)

var (
	// ErrNotFound is the answer for what is unknown, over, or another's: they are not told apart.
	ErrNotFound = errors.New("presentation: unknown, over, or not yours")
	// ErrTaken means that the transaction has its answer already.
	ErrTaken = errors.New("presentation: the request has been answered")
)

// Ask is what is asked for, by whom. It is kept with its transaction: what a service asks for may change meanwhile, and
// what is judged is what the wallet was asked.
type Ask struct {
	Service string      `json:"service"` // id of the one that asks
	Query   *dcql.Query `json:"query"`
}

// Transaction is one question by one browser. Browser is the hash of the secret in its cookie.
type Transaction struct {
	ID      string
	Browser string
	Ask     []byte // sealed
	State   State
	Created time.Time
	Expires time.Time // of its requests
	Error   string    // code that the wallet sent, when Refused
	Verdict []byte    // sealed, when Answered
	// SameDevice says that the wallet on this device answered; then the verdict is released only after the
	// response_code has been brought back (HAIP 1.0 section 5.1).
	SameDevice   bool
	CodeRedeemed bool
}

// Request is what a wallet sees of a transaction. ID is the hash of what stands in its address.
type Request struct {
	ID            string
	TransactionID string
	SameDevice    bool
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
	// TakeResponseCode spends the response_code in the browser that asked. ErrNotFound.
	TakeResponseCode(ctx context.Context, id, browser, code string) error
	// Sweep deletes transactions made before.
	Sweep(ctx context.Context, before time.Time) error
}
