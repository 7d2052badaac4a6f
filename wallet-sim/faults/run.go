package faults

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

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
	w.Unencrypted, w.Seal = true, t.Seal
	defer func() { w.Seal = nil }()
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
		done, refusal := t.Done(), t.Refusal()
		t.Do(nil)
		if done == 0 && err == nil {
			err = fmt.Errorf("%w: there was no %s", ErrNothing, f.At)
		}
		if err == nil && refusal != nil {
			err = refusal
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
		r.Held = refusal.At() == at && f.Expect.Met(r.Code, r.Status)
		if !r.Held {
			r.Says = fmt.Sprintf("expected %s at the %s, got: %v", f.Expect, at, err)
		}
	}
	return r
}

// Met tells whether a refusal is one that is expected.
func (e Expect) Met(code string, status int) bool {
	return status >= 400 && status < 500 && (e.Status == 0 || e.Status == status) && (len(e.Error) == 0 || slices.Contains(e.Error, code))
}

// String is what is expected in words: «error invalid_proof or invalid_nonce, status 400».
func (e Expect) String() string {
	status := "a status from 400 to 499"
	if e.Status != 0 {
		status = fmt.Sprintf("status %d", e.Status)
	}
	if codes := slices.Concat(e.Error, e.Check); len(codes) > 0 {
		return "error " + strings.Join(codes, " or ") + ", " + status
	}
	return status
}

// Longest is the longest time that one of the faults holds a message up.
func Longest(all []Fault) (longest time.Duration) {
	for i := range all {
		if _, wait, err := all[i].message(); err == nil {
			longest = max(longest, wait)
		}
	}
	return longest
}
