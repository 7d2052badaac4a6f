package minid

import (
	"context"
	"errors"
	"regexp"
	"time"
)

// Channel is the way a message goes.
type Channel string

// The channels.
const (
	ChannelSMS   Channel = "sms"
	ChannelEmail Channel = "email"
)

// MessageKind is what a message says; the words stand with the Sender.
type MessageKind string

// The kinds of message. The first carry a code, the others tell of a change.
const (
	MessageLogin           MessageKind = "login"
	MessagePhone           MessageKind = "phone"
	MessageReset           MessageKind = "reset"
	MessageEmail           MessageKind = "email"
	MessageLetter          MessageKind = "letter"
	MessageActivate        MessageKind = "activate"
	MessagePhoneChanged    MessageKind = "phone_changed"
	MessagePasswordChanged MessageKind = "password_changed"
	MessageFactorAdded     MessageKind = "factor_added"
	MessageFactorRemoved   MessageKind = "factor_removed"
	MessageEmailChanged    MessageKind = "email_changed"
	MessageLetterOrdered   MessageKind = "letter_ordered"
	MessageActivated       MessageKind = "activated"
	MessageLocked          MessageKind = "locked"
	MessageClosed          MessageKind = "closed"
	MessageProofed         MessageKind = "proofed"           // the identity was checked anew
	MessageEnrolled        MessageKind = "enrolled"          // at school
	MessageEnrolmentEnded  MessageKind = "enrolment_revoked" // and the account is closed until it is proofed again
	MessageNotMe           MessageKind = "not_me"            // the app's person said that somebody else logs in
	MessageRecoveryMade    MessageKind = "recovery_made"     // new recovery codes
	MessageRecoveryUsed    MessageKind = "recovery_used"
)

// Message is one to a person. To is a number as E.164 or an address for mail.
type Message struct {
	Channel Channel       `json:"channel"`
	To      string        `json:"to"`
	Kind    MessageKind   `json:"kind"`
	Lang    string        `json:"lang"`
	Code    string        `json:"code,omitempty"`
	Service string        `json:"service,omitempty"` // what the person logs in to
	Factor  Factor        `json:"factor,omitempty"`  // that was added or removed
	Life    time.Duration `json:"life,omitempty"`    // of the code
}

// Sender takes a message on its way. It must not log what is in it.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// SealedMessage is a message as an outbox keeps it.
type SealedMessage struct {
	ID     string
	Sealed []byte
	At     time.Time
}

var phoneForm = regexp.MustCompile(`^\+[1-9][0-9]{7,14}$`)

type languageKey struct{}

// InLanguage says in which language ("nb", "nn", "en") messages are to be that a call sends.
func InLanguage(ctx context.Context, lang string) context.Context {
	return context.WithValue(ctx, languageKey{}, lang)
}

func languageOf(ctx context.Context) string {
	if lang, ok := ctx.Value(languageKey{}).(string); ok {
		return lang
	}
	return "nb"
}

// send hands a message over. What the gateway answered is in the log, what was sent is not.
func (c *Core) send(ctx context.Context, m Message, personID string) error {
	m.Lang = languageOf(ctx)
	err := c.spendAndSend(ctx, m)
	if err != nil && c.Log != nil {
		c.Log.ErrorContext(ctx, "message not sent", "kind", string(m.Kind), "channel", string(m.Channel), "person", personID, "cause", err)
	}
	return err
}

// spendAndSend hands over what the service may still send. Only messages with a code are held back: a notice of a change is
// never one too many.
func (c *Core) spendAndSend(ctx context.Context, m Message) error {
	if m.Code != "" {
		if left, err := c.spendSend(ctx); err != nil || !left {
			return errors.Join(err, ErrNotSent)
		}
	}
	return c.Sender.Send(ctx, m)
}
