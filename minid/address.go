package minid

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"time"
)

// Tally counts up to Most within a window of time that begins with its first count.
type Tally struct {
	Name string // keyed: says nothing of what is counted
	Most int
	Span time.Duration
}

// Raised is a tally as it stands after it was raised. Ends is the end of its window.
type Raised struct {
	Name  string
	Count int
	Ends  time.Time
}

// TallyStore keeps counts that all replicas share.
type TallyStore interface {
	// RaiseTallies raises one after the other, each in one statement, until one is full: what comes after that one is not
	// raised, and the end of its window is the answer; otherwise full is zero.
	RaiseTallies(ctx context.Context, tallies []Tally, at time.Time) (raised []Raised, full time.Time, err error)
	// LowerTallies takes counts back, in the windows in which they were made.
	LowerTallies(ctx context.Context, raised []Raised) error
	// FullUntil is the latest end of the windows that are full, zero when none is. It counts nothing.
	FullUntil(ctx context.Context, tallies []Tally, at time.Time) (time.Time, error)
}

// ErrAddress: too many failures, or too many messages, from the caller's network address or its neighbours. Nothing was
// compared, and nobody's account has counted anything. RetryAfter is when the next try will be looked at.
type ErrAddress struct{ RetryAfter time.Duration }

func (e ErrAddress) Error() string {
	return "minid: too much from this network address, retry after " + e.RetryAfter.String()
}

type addressKey struct{}

// FromAddress says from which network address a call comes: the peer of the connection, or who a trusted proxy says it
// speaks for. Calls without one, such as those of the service itself, are not limited by address.
func FromAddress(ctx context.Context, address netip.Addr) context.Context {
	return context.WithValue(ctx, addressKey{}, address)
}

// networks are what an address is counted under: itself and its neighbourhood, /32 and /24 of IPv4, /64 and /48 of IPv6.
// An address that is none is counted too, all such together. false when the call has none.
func networks(ctx context.Context) (narrow, wide string, ok bool) {
	address, ok := ctx.Value(addressKey{}).(netip.Addr)
	if !ok {
		return "", "", false
	}
	address = address.Unmap().WithZone("")
	bits := [2]int{64, 48}
	if address.Is4() {
		bits = [2]int{32, 24}
	}
	var names [2]string
	for i, n := range bits {
		prefix, _ := address.Prefix(n) // of no address: the zero prefix
		names[i] = prefix.String()
	}
	return names[0], names[1], true
}

// tally names a count by a keyed hash, so that the table holds no address.
func (c *Core) tally(use, of string, most int, span time.Duration) Tally {
	return Tally{Name: c.Seal.Recognise("tally of "+use, of), Most: most, Span: span}
}

// failureTallies are those of a caller's failures, nil without an address.
func (c *Core) failureTallies(ctx context.Context) []Tally {
	narrow, wide, ok := networks(ctx)
	if !ok {
		return nil
	}
	l := c.limits()
	return []Tally{
		c.tally("failures", narrow, l.AddressFailures, l.FailureSpan),
		c.tally("failures nearby", wide, l.NetworkFailures, l.FailureSpan),
	}
}

// checkAddress refuses an address that is closed already, before it costs more than a look. It decides nothing: counted does.
func (c *Core) checkAddress(ctx context.Context, now time.Time) error {
	tallies := c.failureTallies(ctx)
	if tallies == nil {
		return nil
	}
	full, err := c.Store.FullUntil(ctx, tallies, now)
	if err != nil || full.IsZero() {
		return err
	}
	return c.addressRefused(ctx, full.Sub(now), "try")
}

func (c *Core) addressRefused(ctx context.Context, wait time.Duration, what string) error {
	c.meter("refused_by_address", what)
	if c.Log != nil {
		c.Log.InfoContext(ctx, "refused by network address", slog.String("what", what))
	}
	return ErrAddress{RetryAfter: wait}
}

// counted does a try that may fail. It counts as a failure of the caller's address before it is done, and is taken back
// when it was none: of any number of tries at once, no more are done than may fail. ErrAddress.
func (c *Core) counted(ctx context.Context, now time.Time, try func() error) error {
	tallies := c.failureTallies(ctx)
	if tallies == nil {
		return try()
	}
	raised, full, err := c.Store.RaiseTallies(ctx, tallies, now)
	if err != nil {
		return err
	}
	if !full.IsZero() {
		return c.addressRefused(ctx, full.Sub(now), "try")
	}
	answer := try()
	if !isFailure(answer) {
		return errors.Join(answer, c.Store.LowerTallies(ctx, raised))
	}
	if raised[0].Count == 1 {
		return errors.Join(answer, c.countAddress(ctx, now))
	}
	return answer
}

// ErrGuess is what a package around the core wraps in its own word for a wrong guess, for Guess to count it.
var ErrGuess = errors.New("minid: wrong guess")

// Guess does a try of a package around the core that may fail, and counts it for the caller's address when its answer is an
// ErrGuess. ErrAddress, when the address has had too many.
func (c *Core) Guess(ctx context.Context, try func() error) error {
	return c.counted(ctx, c.now(), try)
}

// isFailure tells whether an answer says that a guess was wrong.
func isFailure(err error) bool {
	var quarantined ErrQuarantined
	for _, failure := range []error{ErrWrong, ErrWrongCode, ErrPairingCode, ErrWrongNumber, ErrDevice, ErrGuess} {
		if errors.Is(err, failure) {
			return true
		}
	}
	return errors.As(err, &quarantined)
}

// countAddress counts the addresses that failed within the span, and calls for an operator when there are very many: a
// guess from everywhere at once is what no limit by address stops.
func (c *Core) countAddress(ctx context.Context, now time.Time) error {
	l := c.limits()
	all := c.tally("addresses with failures", "", l.AlarmAddresses, l.FailureSpan)
	raised, _, err := c.Store.RaiseTallies(ctx, []Tally{all}, now)
	if err == nil && len(raised) == 1 && raised[0].Count == l.AlarmAddresses {
		c.alarm(ctx, "failures_everywhere")
	}
	return err
}

// countSend counts a message that a caller asks for, whoever it goes to. ErrAddress.
func (c *Core) countSend(ctx context.Context, now time.Time) error {
	narrow, wide, ok := networks(ctx)
	if !ok {
		return nil
	}
	l := c.limits()
	_, full, err := c.Store.RaiseTallies(ctx, []Tally{
		c.tally("sends", narrow, l.AddressSends, l.SendSpan), c.tally("sends nearby", wide, l.NetworkSends, l.SendSpan),
	}, now)
	if err != nil || full.IsZero() {
		return err
	}
	return c.addressRefused(ctx, full.Sub(now), "send")
}

// spendSend takes one of the messages with a code that the whole service sends in a span: false when they are used up.
func (c *Core) spendSend(ctx context.Context) (bool, error) {
	l := c.limits()
	raised, full, err := c.Store.RaiseTallies(ctx, []Tally{c.tally("sends of all", "", l.AllSends, l.SendSpan)}, c.now())
	if err != nil {
		return false, err
	}
	if len(raised) == 1 && raised[0].Count == l.AllSends {
		c.alarm(ctx, "messages_used_up")
	}
	return full.IsZero(), nil
}

// alarm is for an operator to look at now.
func (c *Core) alarm(ctx context.Context, what string) {
	c.meter("alarm", what)
	if c.Log != nil {
		c.Log.ErrorContext(ctx, "alarm", slog.String("alarm", what))
	}
}

func (c *Core) meter(event, detail string) {
	if c.Meter != nil {
		c.Meter(event, detail)
	}
}
