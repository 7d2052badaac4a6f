package notify

import (
	"context"
	"encoding/json"
	"fmt"

	"lommebok.example/internal/fetch"
	"lommebok.example/minid"
)

// Gateway hands messages to a service that sends them: POST of {"to", "subject", "text"} to URL, with Token as bearer
// token. Any status from 200 to 299 is taken as sent.
type Gateway struct {
	URL, Token string
	Client     *fetch.Client
	Texts      Texts
}

// Send hands a message over. Its error says nothing of the message.
func (g *Gateway) Send(ctx context.Context, m minid.Message) error {
	subject, text := Words(g.Texts, m)
	body, err := json.Marshal(map[string]string{"to": m.To, "subject": subject, "text": text})
	if err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	return hand(ctx, g.Client, g.URL, g.Token, body)
}
