package faults

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"lommebok.example/wallet-sim/wallet"
)

// ErrControl: the issuance without a fault did not go well, so that faults say nothing.
var ErrControl = errors.New("faults: the issuance without a fault did not go well")

// Result is how a server took a fault.
type Result struct {
	Fault  string `json:"fault"`
	Breaks string `json:"breaks"`
	Held   bool   `json:"held"` // it was refused as expected
	Status int    `json:"status,omitempty"`
	Code   string `json:"error,omitempty"`
	Says   string `json:"says,omitempty"` // what was expected, when it did not hold
	// NotDone: there was nothing to do the fault to, so that the server showed nothing.
	NotDone bool `json:"not_done,omitempty"`
}

// Run makes one issuance without a fault, which must go well, and then one for each fault, of which tell hears. get makes an
// issuance with the wallet whose way to the network is the transport.
func Run(ctx context.Context, t *Transport, w *wallet.Wallet, all []Fault, get func(context.Context) error, tell func(Result)) error {
	t.Do(nil)
	w.Unencrypted = true
	if err := get(ctx); err != nil {
		return fmt.Errorf("%w: %w", ErrControl, err)
	}
	for _, f := range all {
		if err := ctx.Err(); err != nil {
			return err
		}
		t.Do(&f)
		w.Unencrypted = !f.Encrypted
		err := get(ctx)
		done := t.Done()
		t.Do(nil)
		if done == 0 && (err == nil || errors.Is(err, ErrNothing)) {
			err = errors.Join(ErrNothing, err)
		}
		tell(f.judge(err))
	}
	return nil
}

// judge holds the outcome against what is expected.
func (f *Fault) judge(err error) Result {
	r := Result{Fault: f.Name, Breaks: f.Breaks}
	var refusal *wallet.Refusal
	switch {
	case err == nil:
		r.Says = "expected a refusal, and all went well"
	case errors.Is(err, ErrNothing):
		r.NotDone, r.Says = true, "not done: "+err.Error()
	case errors.Is(err, ErrDropped):
		r.Held, r.Says = f.Expect.Lost, "the message never came"
	case !errors.As(err, &refusal):
		r.Says = "expected a refusal by the server, got: " + err.Error()
	default:
		r.Status, r.Code = refusal.Status, refusal.Code
		at := cmp.Or(f.Expect.At, f.At)
		r.Held = refusal.At() == at && slices.Contains(f.Expect.Error, r.Code) && (f.Expect.Status == 0 || f.Expect.Status == r.Status)
		if !r.Held {
			r.Says = fmt.Sprintf("expected %v with status %d at the %s, got: %v", f.Expect.Error, f.Expect.Status, at, err)
		}
	}
	return r
}
