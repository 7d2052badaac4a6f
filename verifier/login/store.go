package login

import (
	"context"
	"errors"
	"time"
)

// ErrNotFound: no login is kept under this name.
var ErrNotFound = errors.New("login: unknown, or over")

// Waiting ties an authorization request, by the local path that leads on in it, to the transaction in which the person shows who
// they are. A verdict is good for that request alone, which is answered once.
type Waiting struct {
	ReturnTo    string
	Transaction string
	Expires     time.Time
}

// Store keeps which logins wait for which transactions. It says nothing of who may see one: the request is its browser's by
// authserver's cookie, the transaction by presentation's.
type Store interface {
	// BeginLogin keeps a login, if none is kept for its request: one statement, one winner, and no error for the others.
	BeginLogin(ctx context.Context, w Waiting) error
	// Login finds the login of a request. ErrNotFound.
	Login(ctx context.Context, returnTo string) (*Waiting, error)
	// LoginOf finds the login of a transaction. ErrNotFound.
	LoginOf(ctx context.Context, transaction string) (*Waiting, error)
	// ForgetLogin lets a login begin again with another transaction.
	ForgetLogin(ctx context.Context, transaction string) error
	SweepLogins(ctx context.Context, at time.Time) error
}
