package minid

import (
	"context"

	"lommebok.example/internal/audit"
)

// Auditor keeps what happens to accounts in an audit log. Record belongs to the transaction that ctx carries: when it fails, nothing of
// what it tells has happened.
type Auditor interface {
	Record(ctx context.Context, e audit.Event) error
}

// The kinds of audit entries of this package, all about one account.
const (
	KindAppLost = "minid.app.lost" // its person has reported the phone lost
)
