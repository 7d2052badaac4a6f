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

// The kinds of audit entries of this package, each about one account: what decides to whom, and how surely, something is issued.
const (
	KindAppPaired     = "minid.app.paired"
	KindAppLost       = "minid.app.lost"       // its person has reported the phone lost
	KindPhone         = "minid.phone"          // another number, which is a second factor
	KindFactorAdded   = "minid.factor.added"   // one of the other second factors; the outcome is the Factor
	KindFactorRemoved = "minid.factor.removed" // by its person, or by whoever pairs the same phone; the outcome is the Factor
	KindProofed       = "minid.proofed"        // the outcome is the Basis, the object a case at the service desk or ""
	KindState         = "minid.state"          // the outcome is the State
)
