package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

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
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.URL, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("notify: the gateway's address is not usable")
	}
	req.Header.Set("Content-Type", "application/json")
	if g.Token != "" {
		req.Header.Set("Authorization", "Bearer "+g.Token)
	}
	answer, err := g.Client.Do(req)
	if err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	if answer.Status < 200 || answer.Status > 299 {
		return fmt.Errorf("notify: the gateway answered with status %d", answer.Status)
	}
	return nil
}
