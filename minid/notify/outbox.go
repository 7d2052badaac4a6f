package notify

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid"
	"lommebok.example/web"
)

// Shelf keeps an outbox.
type Shelf interface {
	PutMessage(ctx context.Context, m minid.SealedMessage) error
	// Messages are the newest, newest first.
	Messages(ctx context.Context, most int) ([]minid.SealedMessage, error)
}

// Outbox is a Sender that sends nothing: it keeps messages, sealed, and shows them to whoever can reach its page. It is
// safe where only synthetic people have accounts.
type Outbox struct {
	Shelf Shelf
	Seal  *minid.Sealer
	Site  *web.Site
	Now   func() time.Time
}

const (
	useOutbox = "outbox" // binding of the sealed message
	shown     = 20
)

// Send keeps a message.
func (o *Outbox) Send(ctx context.Context, m minid.Message) error {
	raw, err := json.Marshal(m)
	if err != nil {
		return err
	}
	id := rand.Text()
	return o.Shelf.PutMessage(ctx, minid.SealedMessage{ID: id, Sealed: o.Seal.Seal(raw, useOutbox, id), At: o.Now().UTC()})
}

// Letter is a message as the page shows it.
type Letter struct {
	At      time.Time     `json:"at"`
	Channel minid.Channel `json:"channel"`
	To      string        `json:"to"`
	Subject string        `json:"subject"`
	Text    string        `json:"text"`
	Code    string        `json:"code,omitempty"`
}

// Letters are the newest messages, newest first.
func (o *Outbox) Letters(ctx context.Context) ([]Letter, error) {
	kept, err := o.Shelf.Messages(ctx, shown)
	if err != nil {
		return nil, err
	}
	letters := make([]Letter, 0, len(kept))
	for _, k := range kept {
		raw, err := o.Seal.Open(k.Sealed, useOutbox, k.ID)
		if err != nil {
			return nil, err
		}
		var m minid.Message
		if err := json.Unmarshal(raw, &m); err != nil {
			return nil, err
		}
		l := Letter{At: k.At, Channel: m.Channel, To: m.To, Code: m.Code}
		l.Subject, l.Text = Words(o.Site, m)
		letters = append(letters, l)
	}
	return letters, nil
}

// Mount puts the page on r: HTML, or JSON for who asks for it.
func (o *Outbox) Mount(r gin.IRouter) {
	r.GET("/dev/outbox", o.page)
}

func (o *Outbox) page(c *gin.Context) {
	letters, err := o.Letters(c.Request.Context())
	if err != nil {
		o.Site.Failure(c, err)
		return
	}
	c.Header("Cache-Control", "no-store")
	if c.NegotiateFormat(gin.MIMEHTML, gin.MIMEJSON) == gin.MIMEJSON {
		c.JSON(http.StatusOK, letters)
		return
	}
	o.Site.Render(c, http.StatusOK, "dev_outbox", struct{ Letters []Letter }{letters})
}
