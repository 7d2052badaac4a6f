package walletlogin

import (
	"context"
	"errors"
	"time"

	"lommebok.example/minid"
)

// ErrNotFound: nothing is kept for this browser under this name.
var ErrNotFound = errors.New("walletlogin: unknown, over, or another browser's")

// Pending is a login under way at the other provider. State and Browser are hashes of secrets.
type Pending struct {
	State, Browser  string
	ReturnTo        string // local path where the authorization request goes on
	Nonce, Verifier string
	ACR             string // asked for
	Begun, Expires  time.Time
}

// Login is who logged in, for one authorization request.
type Login struct {
	ID       string
	Browser  string // hash
	ReturnTo string
	PID      string
	Level    minid.Level
	AMR      []string
	AuthTime time.Time
	Expires  time.Time
}

// Store keeps logins until they are taken: each verb that takes something takes it in one statement, for one caller.
type Store interface {
	AddPendingLogin(ctx context.Context, p Pending) error
	// TakePendingLogin gives a login under way to the browser that began it. ErrNotFound.
	TakePendingLogin(ctx context.Context, state, browser string, at time.Time) (*Pending, error)
	AddLogin(ctx context.Context, l Login) error
	// TakeLogin gives a login to the browser and the request that it is for. ErrNotFound.
	TakeLogin(ctx context.Context, browser, returnTo string, at time.Time) (*Login, error)
}
