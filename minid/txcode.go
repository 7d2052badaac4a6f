package minid

import (
	"context"
	"errors"
	"time"
)

// PurposeTxCode is the transaction code of a credential offer. It is compared by who made the offer; that it was sent is counted
// here, with all other codes.
const PurposeTxCode Purpose = "tx_code"

// MessageTxCode brings the person the code for the wallet.
const MessageTxCode MessageKind = "tx_code"

// Stands tells whether what a person said yes to at a sign-in may still be acted upon: the account may be used, and the person
// was not identified anew since, which ends what rested on the old proofing.
func (c *Core) Stands(ctx context.Context, personID string, signIn time.Time) (bool, error) {
	p, err := c.Store.Person(ctx, personID)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil && p.State == StateNormal && !p.proofedSince(signIn), err
}

// TxCodePhone gives the last two digits of the number that a transaction code would be sent to, "" when there is none.
func (c *Core) TxCodePhone(ctx context.Context, personID string) (string, error) {
	p, err := c.Store.Person(ctx, personID)
	if err != nil || c.Sender == nil || p.Phone == "" {
		return "", err
	}
	return p.Phone[len(p.Phone)-2:], nil
}

// SendTxCode sends the transaction code of an offer by SMS; what is the name of what is offered. ErrTooManyAttempts when too
// many codes went to the person, ErrNotSent.
func (c *Core) SendTxCode(ctx context.Context, personID, offer, code, what string, until time.Time) error {
	now := c.now()
	p, err := c.Store.Person(ctx, personID)
	if err != nil {
		return err
	}
	m, id, again, err := c.startCode(ctx, codeToSend{
		purpose: PurposeTxCode, kind: MessageTxCode, channel: ChannelSMS, to: p.Phone, who: "person " + p.ID, person: p.ID,
		bound: offer, service: what, latest: until, digits: code,
	}, now)
	switch {
	case err != nil:
		return err
	case !again.IsZero():
		return ErrTooManyAttempts{RetryAfter: again.Sub(now)}
	}
	c.event(ctx, "transaction code by SMS", p.ID)
	if c.send(ctx, m, p.ID) != nil {
		return errors.Join(ErrNotSent, c.Store.FailCode(ctx, id))
	}
	return nil
}
