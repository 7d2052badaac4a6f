package minid

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// ageFrom is how old a person is, or becomes in the calendar year, to have an account.
const ageFrom = 13

// Letter is an activation letter, as it is printed. Whoever has it and the phone it was ordered with can register.
type Letter struct {
	ID      string    `json:"id"` // the reference on it, and the evidence of the proofing
	Name    string    `json:"name"`
	Address []string  `json:"address"` // by the population register, a line each
	Code    string    `json:"code"`    // activation code, in groups
	Ends    string    `json:"ends"`    // last two digits of the phone
	Lang    string    `json:"lang"`
	Ordered time.Time `json:"ordered"`
	Expires time.Time `json:"expires"`
}

// LetterSender takes a letter on its way. It must not log what is in it.
type LetterSender interface {
	SendLetter(ctx context.Context, l Letter) error
}

// OrderState is where the order of a letter stands.
type OrderState string

// The states of an order.
const (
	OrderOpen      OrderState = "open"
	OrderConfirmed OrderState = "confirmed" // the phone was shown to be in hand; the register is not asked yet
	OrderSettled   OrderState = "settled"   // a letter was made, or there is none to make
)

// LetterOrder is the order of a letter. ID is the hash of the secret in the browser's cookie, Number the keyed hash of the
// identity number, whether or not anybody has it.
type LetterOrder struct {
	ID, Number string
	Sealed     []byte // an orderContent
	State      OrderState
	Expires    time.Time
}

// LetterRecord is a letter as stored: Code is its keyed hash, Sealed what the registration needs, Unsent the sealed Letter
// until somebody has taken it on its way.
type LetterRecord struct {
	ID, Number, Code string
	Sealed, Unsent   []byte
	Created, Expires time.Time
}

// LetterStore keeps orders and letters. A number has one live letter at most.
type LetterStore interface {
	AddLetterOrder(ctx context.Context, o LetterOrder) error
	// LetterOrder finds by the hash of its secret: ErrNotFound.
	LetterOrder(ctx context.Context, id string) (*LetterOrder, error)
	// ConfirmLetterOrder spends the code and confirms an open order: all or nothing. ErrWrongCode.
	ConfirmLetterOrder(ctx context.Context, id, code string, at time.Time) error
	// ConfirmedLetterOrders wait to be settled, the oldest first.
	ConfirmedLetterOrders(ctx context.Context, most int) ([]LetterOrder, error)
	// SettleLetterOrder settles a confirmed order and adds the letter, unless it is nil or its number has a live one with
	// fewer than tries wrong codes. ErrNotFound when the order is not confirmed, or settled already.
	SettleLetterOrder(ctx context.Context, id string, l *LetterRecord, tries int) (added bool, err error)
	// UnsentLetters are those made before, the oldest first. LetterSent forgets what was to be printed.
	UnsentLetters(ctx context.Context, before time.Time, most int) ([]LetterRecord, error)
	LetterSent(ctx context.Context, id string) error
}

// orderContent is what an order says; letterContent what the registration needs of it.
type orderContent struct{ PID, Phone, Lang string }

// The bindings of what is sealed of orders and letters.
const (
	useOrder  = "letter order"
	useLetter = "letter"
	usePrint  = "letter to print"
)

func (c *Core) sealJSON(v any, use, owner string) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("minid: " + use + ": " + err.Error()) // only texts and times are sealed so
	}
	return c.Seal.Seal(raw, use, owner)
}

func (c *Core) openJSON(sealed []byte, use, owner string, into any) error {
	raw, err := c.Seal.Open(sealed, use, owner)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}

// OffersLetters tells whether letters can be ordered.
func (c *Core) OffersLetters() bool {
	return c.Letters != nil && c.Sender != nil && c.Population != nil
}

// OrderLetter begins the order of a letter to whoever has the number, and sends a code to the phone of who orders. Nothing
// of what is answered depends on who the number belongs to. ErrPhone, ErrTooManyAttempts when too many codes went to the
// phone or for the number, ErrAddress, ErrNotSent, ErrNoLetters.
func (c *Core) OrderLetter(ctx context.Context, pid, phone string) (order string, err error) {
	if !c.OffersLetters() {
		return "", ErrNoLetters
	}
	phone, ok := readPhone(phone)
	if !ok {
		return "", ErrPhone
	}
	if pid = strings.ReplaceAll(pid, " ", ""); len(pid) > maxNumber {
		pid = ""
	}
	now, secret := c.now(), newSecret()
	id := hashSecret(secret)
	o := LetterOrder{
		ID: id, Number: c.letterNumber(pid), State: OrderOpen, Expires: now.Add(c.limits().Activation),
		Sealed: c.sealJSON(orderContent{PID: storable(pid), Phone: phone, Lang: languageOf(ctx)}, useOrder, id),
	}
	if err := c.Store.AddLetterOrder(ctx, o); err != nil {
		return "", err
	}
	return secret, c.sendOrderCode(ctx, &o, phone, now)
}

func (c *Core) letterNumber(pid string) string {
	return c.Seal.Recognise("identity number of a letter", pid)
}

func (c *Core) sendOrderCode(ctx context.Context, o *LetterOrder, phone string, now time.Time) error {
	return c.sendCode(ctx, codeToSend{
		purpose: PurposeLetter, kind: MessageLetter, channel: ChannelSMS, to: phone, who: "letter " + o.Number,
		bound: o.ID, latest: o.Expires,
	}, now)
}

// openOrder is an order that waits for its code: ErrExpired.
func (c *Core) openOrder(ctx context.Context, order string, now time.Time) (*LetterOrder, error) {
	o, err := c.Store.LetterOrder(ctx, hashSecret(order))
	if errors.Is(err, ErrNotFound) || err == nil && (o.State != OrderOpen || !now.Before(o.Expires)) {
		return nil, ErrExpired
	}
	return o, err
}

// LetterOrderOpen tells whether an order waits for its code: nil or ErrExpired.
func (c *Core) LetterOrderOpen(ctx context.Context, order string) error {
	_, err := c.openOrder(ctx, order, c.now())
	return err
}

// ResendOrderCode sends another code. ErrExpired, and the errors of OrderLetter.
func (c *Core) ResendOrderCode(ctx context.Context, order string) error {
	now := c.now()
	o, err := c.openOrder(ctx, order, now)
	if err != nil {
		return err
	}
	var content orderContent
	if err := c.openJSON(o.Sealed, useOrder, o.ID, &content); err != nil {
		return err
	}
	return c.sendOrderCode(ctx, o, content.Phone, now)
}

// ConfirmOrder takes the code that came to the phone. The letter is made after the answer is given, so that neither the
// answer nor its time tells who has one coming. ErrWrongCode, ErrAddress, ErrExpired.
func (c *Core) ConfirmOrder(ctx context.Context, order, code string) error {
	now := c.now()
	o, err := c.openOrder(ctx, order, now)
	if err != nil {
		return err
	}
	err = c.counted(ctx, now, func() error {
		live, err := c.Store.RaiseCodeTries(ctx, o.ID, []Purpose{PurposeLetter}, c.limits().CodeTries, now)
		if err != nil {
			return err
		}
		if live != 1 {
			return ErrWrongCode
		}
		return c.Store.ConfirmLetterOrder(ctx, o.ID, c.hashCode(PurposeLetter, o.ID, code), now)
	})
	if err != nil {
		return err
	}
	c.event(ctx, "letter ordered", "")
	background := context.WithoutCancel(ctx)
	c.later(func() { c.settled(background, *o) })
	return nil
}
