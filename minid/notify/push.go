package notify

import (
	"bytes"
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/minid"
	"lommebok.example/specs/webpush"
)

// Push sends notices to MinID apps by Web Push (RFC 8030). Key is that of VAPID, Contact a mailto: or https: address for
// push services (RFC 8292 section 2.1). All fields must be set.
type Push struct {
	Key     crypto.Signer
	Contact string
	Client  *fetch.Client
	Now     func() time.Time
}

// PushNotice is what a device reads: that a login waits, and which. What it is for is asked of the service.
type PushNotice struct {
	Kind    string `json:"kind"` // "Pålogging"
	Attempt string `json:"attempt"`
}

// KindLogin is the one kind of notice.
const KindLogin = "Pålogging"

// Push hands a notice to the push service of a subscription. Its error names no address: who has it can send.
func (p *Push) Push(ctx context.Context, to minid.Subscription, attemptID string, life time.Duration) error {
	notice, err := json.Marshal(PushNotice{Kind: KindLogin, Attempt: attemptID})
	if err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	body, err := webpush.Encrypt(to.P256DH, to.Auth, notice)
	if err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	authorization, err := webpush.Authorization(p.Key, to.Endpoint, p.Contact, p.Now())
	if err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.Endpoint, bytes.NewReader(body))
	if err != nil {
		return errors.New("notify: the push service's address is not usable")
	}
	req.Header.Set("Authorization", authorization)
	req.Header.Set("Content-Type", "application/octet-stream")
	req.Header.Set("Content-Encoding", "aes128gcm")
	req.Header.Set("TTL", strconv.Itoa(int(life.Seconds())))
	req.Header.Set("Urgency", "high")
	return p.hand(req)
}

// hand reads the push service's answer (RFC 8030 sections 5 and 7.3).
func (p *Push) hand(req *http.Request) error {
	answer, err := p.Client.Do(req)
	switch {
	case errors.Is(err, fetch.ErrAddress):
		return errors.New("notify: the push service's address is not allowed")
	case err != nil:
		return errors.New("notify: the push service did not answer")
	case answer.Status == http.StatusNotFound || answer.Status == http.StatusGone:
		return minid.ErrPushGone
	case answer.Status < 200 || answer.Status > 299:
		return fmt.Errorf("notify: the push service answered with status %d", answer.Status)
	}
	return nil
}
