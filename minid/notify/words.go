package notify

import (
	"context"
	"fmt"
	"math"

	"lommebok.example/minid"
)

// Texts gives a text in a language, see web.Site.
type Texts interface {
	T(lang, key string, args ...any) string
}

// Words are the subject and the text of a message. The subject is for mail.
func Words(t Texts, m minid.Message) (subject, text string) {
	args := []any{"code", m.Code, "minutes", int(math.Ceil(m.Life.Minutes())), "service", m.Service, "factor", ""}
	if m.Factor != "" {
		args[7] = t.T(m.Lang, "login.factor."+string(m.Factor))
	}
	return t.T(m.Lang, "message.subject."+string(m.Kind)), t.T(m.Lang, "message.text."+string(m.Kind), args...)
}

// Channels sends by channel. A channel that is nil is an error for whoever needs it.
type Channels struct{ SMS, Email minid.Sender }

// Send hands the message to its channel.
func (c Channels) Send(ctx context.Context, m minid.Message) error {
	to := map[minid.Channel]minid.Sender{minid.ChannelSMS: c.SMS, minid.ChannelEmail: c.Email}[m.Channel]
	if to == nil {
		return fmt.Errorf("notify: nothing sends by %s", m.Channel)
	}
	return to.Send(ctx, m)
}
