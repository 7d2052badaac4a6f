package presentation

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Result is what the browser that asked may see of a transaction. Verdict is nil until there is one, and, when the
// wallet on the same device answered, until the response_code has come back in this browser.
type Result struct {
	ID      string
	Ask     *Ask
	State   State
	Before  State  // what it was when it expired, when Expired
	Error   string // of the wallet, when Refused
	Expires time.Time
	Verdict *Verdict
	// Renewable says that Renew will give new requests once these have expired.
	Renewable bool
	// Record is the address of the page that shows what the wallet and the verifier say to each other, "" where it is not recorded.
	Record string

	renewed int
}

// Result tells the browser with this secret how its transaction stands. ErrNotFound.
func (s *Service) Result(ctx context.Context, id, browser string) (*Result, error) {
	t, err := s.Store.Transaction(ctx, id, owner(id, browser))
	if err != nil {
		return nil, err
	}
	ask, err := s.ask(t)
	if err != nil {
		return nil, err
	}
	out := &Result{ID: t.ID, Ask: ask, State: t.State, Error: t.Error, Expires: t.Expires, Record: s.recordOf(t.ID, browser), renewed: t.Renewed}
	now := s.now()
	switch {
	case s.forgotten(t):
		return nil, ErrNotFound
	case t.SameDevice && !t.CodeRedeemed:
		// The state would tell whoever lured somebody to the link what that person's wallet said.
		out.State, out.Error = Fetched, ""
	}
	switch {
	case out.State == Waiting || out.State == Fetched:
		out.Renewable = t.Renewed < MaxRenewals && !t.SameDevice
		if !now.Before(t.Expires) {
			out.Before, out.State = out.State, Expired
		}
		return out, nil
	case t.State != Answered:
		return out, nil
	}
	text, err := s.Seal.Open(t.Verdict, "verdict", t.ID)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber() // a number of nine digits shall not become a fraction
	return out, d.Decode(&out.Verdict)
}

// RedeemCode is Redeem for a browser that does not know which of its transactions the code is of. It may be called again:
// who has redeemed a code may see its transaction. ErrNotFound.
func (s *Service) RedeemCode(ctx context.Context, browser, code string) (id string, err error) {
	t, err := s.Store.ByResponseCode(ctx, hash(code))
	if err != nil {
		return "", err
	}
	if t.Browser != owner(t.ID, browser) {
		return "", ErrNotFound
	}
	if err := s.Redeem(ctx, t.ID, browser, code); err != nil && !errors.Is(err, ErrNotFound) {
		return "", err
	}
	return t.ID, nil
}

// Redeem takes the response_code that the wallet's redirect brought to this browser. ErrNotFound.
func (s *Service) Redeem(ctx context.Context, id, browser, code string) error {
	err := s.Store.TakeResponseCode(ctx, id, owner(id, browser), hash(code))
	if err == nil {
		linkReturn(ctx, id)
	}
	return err
}
