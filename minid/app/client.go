package app

import (
	"bytes"
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"lommebok.example/minid"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
)

// Client is the phone's end. Key is the device's P-256 key; it is all that the phone needs to keep. All
// fields must be set. A refusal comes back as *oauth2.Error with the wire's code and status.
type Client struct {
	Base string // the service's address, without a slash at the end
	Key  crypto.Signer
	HTTP *http.Client
	Now  func() time.Time
}

// Look asks whose a pairing code is, and keeps the code for this device. The answer is a masked identity number: the
// person sees it, and Base, before the device is paired.
func (c *Client) Look(ctx context.Context, code string) (person string, err error) {
	var owner ownerBody
	err = c.post(ctx, "/minid/app/pairing", "registration", typRegistration, message{PairingCode: code}, &owner)
	return owner.Person, err
}

// Pair pairs the device with the person who made the code, and gives the device's identifier.
func (c *Client) Pair(ctx context.Context, code string) (deviceID string, err error) {
	var paired pairedBody
	err = c.post(ctx, "/minid/app/devices", "registration", typRegistration, message{PairingCode: code}, &paired)
	return paired.DeviceID, err
}

// Pending lists the attempts that wait for an answer.
func (c *Client) Pending(ctx context.Context) ([]PendingAttempt, error) {
	var list attemptsBody
	err := c.post(ctx, "/minid/app/attempts", "request", typRequest, message{}, &list)
	return list.Attempts, err
}

// NotMe rejects a login of somebody else: nothing else is asked of the app for a while.
func (c *Client) NotMe(ctx context.Context, a PendingAttempt) (minid.AttemptState, error) {
	return c.settle(ctx, message{Attempt: a.ID, Service: a.Service, Action: actionNotMe})
}

// PushKey is the key by which a push service is asked for a subscription, as an uncompressed point.
func (c *Client) PushKey(ctx context.Context) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Base+"/minid/app/push", nil)
	if err != nil {
		return nil, fmt.Errorf("app: %w", err)
	}
	var key pushKeyBody
	if err := c.do(req, &key); err != nil {
		return nil, err
	}
	return jose.DecodeBase64URL(key.Key)
}

// Subscribe says where the device takes notices; the zero subscription ends them.
func (c *Client) Subscribe(ctx context.Context, s minid.Subscription) error {
	m := message{Endpoint: s.Endpoint, P256DH: jose.EncodeBase64URL(s.P256DH), Auth: jose.EncodeBase64URL(s.Auth)}
	return c.post(ctx, "/minid/app/push", "subscription", typPush, m, &subscribedBody{})
}

// Answer approves with the number that the browser shows, or rejects, where the number is not used. A wrong number
// is refused with code wrong_number, and the attempt is dead.
func (c *Client) Answer(ctx context.Context, a PendingAttempt, number string, approve bool) (minid.AttemptState, error) {
	m := message{Attempt: a.ID, Service: a.Service, Number: number, Action: actionApprove}
	if !approve {
		m.Number, m.Action = "", actionReject
	}
	return c.settle(ctx, m)
}

func (c *Client) settle(ctx context.Context, m message) (minid.AttemptState, error) {
	var state stateBody
	err := c.post(ctx, "/minid/app/attempts/"+url.PathEscape(m.Attempt), "answer", typAnswer, m, &state)
	return state.State, err
}

func (c *Client) post(ctx context.Context, path, member, typ string, m message, out any) error {
	req, err := c.request(ctx, path, member, typ, m)
	if err != nil {
		return err
	}
	return c.do(req, out)
}

// request makes a message, signed now.
func (c *Client) request(ctx context.Context, path, member, typ string, m message) (*http.Request, error) {
	now := c.Now()
	m.Aud, m.Iat, m.Exp = c.Base, now.Unix(), now.Add(maxAge).Unix()
	signed, err := sign(c.Key, typ, m)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(map[string]string{member: signed})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Base+path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("app: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	return req, nil
}

func (c *Client) do(req *http.Request, out any) error {
	res, err := c.HTTP.Do(req)
	if err != nil {
		return fmt.Errorf("app: %w", err)
	}
	raw, err := io.ReadAll(io.LimitReader(res.Body, 4*maxBody))
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return fmt.Errorf("app: %w", err)
	}
	if res.StatusCode >= http.StatusBadRequest {
		return refused(res.StatusCode, raw)
	}
	return jose.Unmarshal(raw, out)
}

func refused(status int, raw []byte) error {
	e := &oauth2.Error{Status: status}
	if err := jose.Unmarshal(raw, e); err != nil || e.Code == "" {
		return fmt.Errorf("app: the service answered with status %d", status)
	}
	return e
}
