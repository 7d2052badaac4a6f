package minid

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"
)

// postedAtOnce is how many orders and letters one sweep settles and sends, unsentFor how old a letter is before a sweep takes
// it for one that could not be sent.
const (
	postedAtOnce = 100
	unsentFor    = time.Minute
)

// postLetters settles the orders and sends the letters that a fault, or the end of the program, left behind. Two replicas may
// both send a letter: it is the same letter twice.
func (c *Core) postLetters(ctx context.Context) error {
	if !c.OffersLetters() {
		return nil
	}
	orders, err := c.Store.ConfirmedLetterOrders(ctx, postedAtOnce)
	if err != nil {
		return err
	}
	for _, o := range orders {
		c.settled(ctx, o)
	}
	letters, err := c.Store.UnsentLetters(ctx, c.now().Add(-unsentFor), postedAtOnce)
	if err != nil {
		return err
	}
	for _, l := range letters {
		c.sendLetter(ctx, l)
	}
	return nil
}

// settled settles an order. What went wrong is in the log, and the next sweep tries again.
func (c *Core) settled(ctx context.Context, o LetterOrder) {
	if err := c.settle(ctx, o); err != nil && c.Log != nil {
		c.Log.ErrorContext(ctx, "letter order not settled", slog.Any("cause", err))
	}
}

func (c *Core) settle(ctx context.Context, o LetterOrder) error {
	var content orderContent
	if err := c.openJSON(o.Sealed, useOrder, o.ID, &content); err != nil {
		return err
	}
	resident, account, err := c.entitled(ctx, content.PID)
	if err != nil {
		return err
	}
	if resident == nil {
		_, err := c.Store.SettleLetterOrder(ctx, o.ID, nil, 0)
		return c.settledBefore(err)
	}
	l := c.writeLetter(o.Number, resident, content)
	added, err := c.Store.SettleLetterOrder(ctx, o.ID, &l, c.limits().LetterTries)
	if err != nil || !added {
		return c.settledBefore(err)
	}
	c.event(ctx, "letter made", account.ID)
	if account.ID != "" {
		c.tell(ctx, account, MessageLetterOrdered, "")
	}
	c.sendLetter(ctx, l)
	return nil
}

// settledBefore is no error: another replica, or a sweep, was quicker.
func (c *Core) settledBefore(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// entitled gives the resident who may have a letter, nil for nobody, and the account they have. A letter goes to a postal
// address of the register alone, from the calendar year the person turns 13, and opens what an operator closed to nobody.
func (c *Core) entitled(ctx context.Context, pid string) (*Resident, *Person, error) {
	account, err := c.Store.PersonByPID(ctx, pid)
	if errors.Is(err, ErrNotFound) {
		account, err = &Person{}, nil
	}
	if err != nil || account.State == StateQuarantined {
		return nil, account, err
	}
	if !c.accepts(pid) {
		return nil, account, nil
	}
	resident, err := c.Population.Resident(ctx, pid)
	if errors.Is(err, ErrNotFound) {
		return nil, account, nil
	}
	if err != nil || len(resident.Address) == 0 || !oldEnough(resident.BirthDate, c.now()) {
		return nil, account, err
	}
	return resident, account, nil
}

// accepts tells whether the number is one that an account can have here.
func (c *Core) accepts(pid string) bool {
	_, err := c.Numbers.Parse(pid)
	return err == nil
}

// oldEnough goes by the birth date of the register, and by years in UTC.
func oldEnough(birthDate string, now time.Time) bool {
	born, err := time.Parse(time.DateOnly, birthDate)
	return err == nil && now.Year()-born.Year() >= ageFrom
}

func (c *Core) writeLetter(number string, r *Resident, order orderContent) LetterRecord {
	now, id, code := c.now(), newID(), newActivationCode()
	expires := now.Add(c.limits().Letter)
	return LetterRecord{
		ID: id, Number: number, Code: c.hashActivationCode(number, code), Created: now, Expires: expires,
		Sealed: c.sealJSON(orderContent{PID: r.PID, Phone: order.Phone}, useLetter, id),
		Unsent: c.sealJSON(Letter{
			ID: id, Name: r.Name, Address: r.Address, Code: inGroups(code), Ends: lastTwo(order.Phone), Lang: order.Lang,
			Ordered: now, Expires: expires,
		}, usePrint, id),
	}
}

// sendLetter hands a letter over. What the gateway answered is in the log, and the next sweep tries again.
func (c *Core) sendLetter(ctx context.Context, r LetterRecord) {
	var l Letter
	err := c.openJSON(r.Unsent, usePrint, r.ID, &l)
	if err == nil {
		err = c.Letters.SendLetter(ctx, l)
	}
	if err == nil {
		err = c.Store.LetterSent(ctx, r.ID)
	}
	if err != nil && c.Log != nil {
		c.Log.ErrorContext(ctx, "letter not sent", slog.String("letter", r.ID), slog.Any("cause", err))
	}
}

func lastTwo(phone string) string { return phone[max(0, len(phone)-2):] }

// activationAlphabet is digits and letters without those that look like others: I, L, O, and U.
const activationAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// activationLength gives 60 bits.
const activationLength = 12

func newActivationCode() string {
	code := randomBytes(activationLength)
	for i, b := range code {
		code[i] = activationAlphabet[b%32]
	}
	return string(code)
}

func inGroups(code string) string { return code[:4] + "-" + code[4:8] + "-" + code[8:] }

// readActivationCode takes what was typed: small letters, blanks and hyphens, and what looks like another sign. What is no
// code is empty, and no letter has it.
func readActivationCode(typed string) string {
	if len(typed) > maxNumber {
		return ""
	}
	code := strings.NewReplacer(" ", "", "-", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(typed))
	if len(code) != activationLength || strings.Trim(code, activationAlphabet) != "" {
		return ""
	}
	return code
}

// hashActivationCode binds the code to the number that it is for.
func (c *Core) hashActivationCode(number, code string) string {
	return c.Seal.Recognise("activation code "+number, code)
}
