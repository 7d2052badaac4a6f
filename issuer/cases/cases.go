package cases

import (
	"context"
	"crypto/rand"
	"errors"
	"math"
	"slices"
	"time"

	"lommebok.example/internal/audit"
	"lommebok.example/issuer/issuance"
	"lommebok.example/minid"
	"lommebok.example/specs/statuslist"
)

// Why nothing is done.
var (
	ErrReason  = errors.New("cases: a reason of the list is wanted")
	ErrNobody  = errors.New("cases: nobody has an account with this number")
	ErrBulk    = errors.New("cases: something to choose by is wanted, whole days, the first neither after the last nor to come, and something that matches")
	ErrDecided = errors.New("cases: there is no such proposal that this case worker can decide")
)

// Reasons are the words that a search and a change must have, as the audit log keeps them.
var Reasons = []string{"request", "lost", "misuse", "wrong_data", "key_compromised", "right_lost"}

// Core is the work of case workers. Its fields are set once.
type Core struct {
	Store  Store
	People People
	Now    func() time.Time
}

// People finds accounts; the store of minid is one. minid.ErrNotFound when there is none.
type People interface {
	PersonByPID(ctx context.Context, pid string) (*minid.Person, error)
}

// Store keeps what is found, proposed and done.
type Store interface {
	Record(ctx context.Context, e audit.Event) error
	Mine(ctx context.Context, personID string) ([]issuance.Issued, error)
	Change(ctx context.Context, c issuance.Change) (int, error)
	// Count tells how many issuances a bulk would change, and stops counting at most.
	Count(ctx context.Context, b Bulk, at time.Time, most int) (int, error)
	// Unknown tells how many issuances a bulk could be of that were made before their key and provider were kept, and stops as Count.
	Unknown(ctx context.Context, b Bulk, at time.Time, most int) (int, error)
	// Providers are the wallet providers whose wallets something has been issued to.
	Providers(ctx context.Context) ([]string, error)
	Propose(ctx context.Context, b Bulk) error
	Bulks(ctx context.Context) ([]Bulk, error)
	// Decide approves or refuses a proposal that has not ended, of somebody else: of all who try, one succeeds. ErrDecided.
	Decide(ctx context.Context, id, worker string, approve bool, at time.Time) error
	// Step carries out the next part of a bulk that was approved, and tells whether there was any.
	Step(ctx context.Context, at time.Time) (bool, error)
}

// The kinds of audit entries of this package.
const (
	KindSearch  = "case.search"
	KindPropose = "case.bulk.propose"
	KindDecide  = "case.bulk.decide" // approved or refused
	KindDone    = "case.bulk.done"
)

// Find gives what was issued to a person, and writes down beforehand who looked, at whom and why, also when nobody is found. Errors:
// ErrReason, ErrNobody.
func (c *Core) Find(ctx context.Context, worker, pid, reason string) (*minid.Person, []issuance.Issued, error) {
	if !slices.Contains(Reasons, reason) {
		return nil, nil, ErrReason
	}
	p, err := c.People.PersonByPID(ctx, pid)
	nobody := errors.Is(err, minid.ErrNotFound)
	if err != nil && !nobody {
		return nil, nil, err
	}
	subject, outcome := audit.Service("nobody"), "nobody"
	if !nobody {
		subject, outcome = audit.Person(p.ID), "shown"
	}
	err = c.Store.Record(ctx, audit.Event{
		At: c.Now(), Kind: KindSearch, Actor: audit.Person(worker), Subject: subject, Outcome: outcome, Details: map[string]string{"reason": reason},
	})
	if err != nil {
		return nil, nil, err
	}
	if nobody {
		return nil, nil, ErrNobody
	}
	all, err := c.Store.Mine(ctx, p.ID)
	return p, all, err
}

// Seen gives the credentials once more of a person whom the case worker has found.
func (c *Core) Seen(ctx context.Context, personID string) ([]issuance.Issued, error) {
	return c.Store.Mine(ctx, personID)
}

// Change sets the status of one issuance of a person. Errors: ErrReason, issuance.ErrNotFound, issuance.ErrNotSuspendable.
func (c *Core) Change(ctx context.Context, worker, personID, id string, to statuslist.Status, reason string) error {
	if !slices.Contains(Reasons, reason) {
		return ErrReason
	}
	_, err := c.Store.Change(ctx, issuance.Change{
		Issuances: []string{id}, To: to, Person: personID, By: issuance.RoleCaseWorker, Actor: audit.Person(worker), Reason: reason, At: c.Now(),
	})
	return err
}

// State is how far a bulk has come.
type State string

// The values of State.
const (
	Proposed State = "proposed"
	Approved State = "approved" // and being carried out
	Refused  State = "refused"
	Done     State = "done"
)

// Bulk is a change of many issuances: those of a configuration, a client, a wallet provider and a signer's key, each "" for all but not all
// of them, issued from a day until another, both whole, but none that was issued after the second in which it was proposed.
type Bulk struct {
	ID              string
	To              statuslist.Status // Invalid or Suspended
	Reason          string
	ConfigurationID string
	ClientID        string
	WalletProvider  string
	Signer          string
	From, Until     time.Time
	Matching        int // when it was proposed
	Still           int // that match now, no more than MaxStill+1; NotCounted unless it waits for a decision, early among those
	Unknown         int // of Look: could match, but their key and provider are not known
	Changed         int
	State           State
	ProposedBy      string
	ProposedAt      time.Time
	DecidedBy       string
	DecidedAt       time.Time
	Ends            time.Time // when it cannot be approved any more
}

// Open tells whether a case worker may approve the bulk: somebody else's, in time.
func (b Bulk) Open(worker string, at time.Time) bool {
	return b.State == Proposed && b.ProposedBy != worker && at.Before(b.Ends)
}

// How much is counted each time somebody looks at what waits for a decision: of so many bulks, so many issuances each, and no longer than
// that altogether, since what does not match takes time as well.
const (
	maxCounted  = 5
	MaxStill    = 10_000
	NotCounted  = -1
	countWithin = 2 * time.Second
)

// decideWithin is how long a proposal waits for somebody else.
const decideWithin = 24 * time.Hour

// Look tells how many issuances a bulk would change, in Matching, and changes nothing. Errors: ErrReason, ErrBulk.
func (c *Core) Look(ctx context.Context, b Bulk) (Bulk, error) {
	now := c.Now()
	switch {
	case !slices.Contains(Reasons, b.Reason):
		return b, ErrReason
	case b.ConfigurationID+b.ClientID+b.WalletProvider+b.Signer == "", b.To != statuslist.Invalid && b.To != statuslist.Suspended,
		b.From.IsZero(), b.From.After(now), b.Until.Before(b.From):
		return b, ErrBulk
	}
	b.Until = b.Until.AddDate(0, 0, 1) // the end of that day
	if end := now.Truncate(time.Second).Add(time.Second); b.Until.After(end) {
		b.Until = end // of this second: issuances are written down by the second
	}
	var err error
	if b.Matching, err = c.Store.Count(ctx, b, now, math.MaxInt); err == nil && b.WalletProvider+b.Signer != "" {
		b.Unknown, err = c.Store.Unknown(ctx, b, now, math.MaxInt)
	}
	return b, err
}

// Propose writes down a bulk for somebody else to approve, and tells how many issuances it would change. What was filled in freely is
// written down only when something is called so. Errors: ErrReason, ErrBulk, also when nothing matches.
func (c *Core) Propose(ctx context.Context, worker string, b Bulk) (Bulk, error) {
	b, err := c.Look(ctx, b)
	if err != nil {
		return b, err
	}
	if b.Matching == 0 {
		return b, ErrBulk
	}
	now := c.Now()
	b.ID, b.State, b.ProposedBy, b.ProposedAt, b.Ends = rand.Text(), Proposed, worker, now, now.Add(decideWithin)
	return b, c.Store.Propose(ctx, b)
}

// Decide approves or refuses the proposal of somebody else. Error: ErrDecided.
func (c *Core) Decide(ctx context.Context, worker, id string, approve bool) error {
	return c.Store.Decide(ctx, id, worker, approve, c.Now())
}

// Bulks gives what was proposed, the newest first, a hundred at most. Of what waits for a decision the first are counted anew.
func (c *Core) Bulks(ctx context.Context) ([]Bulk, error) {
	all, err := c.Store.Bulks(ctx)
	soon, cancel := context.WithTimeout(ctx, countWithin)
	defer cancel()
	now, counted := c.Now(), 0
	for n := range all {
		b := &all[n]
		b.Still = NotCounted
		if err != nil || soon.Err() != nil || counted == maxCounted || b.State != Proposed || !now.Before(b.Ends) {
			continue
		}
		counted++
		still, fault := c.Store.Count(soon, *b, now, MaxStill+1)
		switch {
		case fault == nil:
			b.Still = still
		case soon.Err() == nil || ctx.Err() != nil:
			err = fault
		}
	}
	return all, err
}

// Providers are the wallet providers that a bulk can be of.
func (c *Core) Providers(ctx context.Context) ([]string, error) { return c.Store.Providers(ctx) }

// Run carries out what has been approved, until nothing is left or ctx ends, which is no error: the next to come goes on. Any number
// of processes may do so at the same time.
func (c *Core) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		more, err := c.Store.Step(ctx, c.Now())
		if err != nil && ctx.Err() == nil {
			return err
		}
		if !more {
			return nil
		}
	}
	return nil
}
