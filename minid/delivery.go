package minid

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"time"
)

// AppStore is what the way of a login attempt to the person's device, and back, needs of the storage.
type AppStore interface {
	// OpenAttempts are the unanswered attempts of the devices' persons, newest first. A device that is paired no more is
	// not in the map; one for which nothing waits has no attempts.
	OpenAttempts(ctx context.Context, devices []string, at time.Time) (map[string][]Attempt, error)
	// MarkSent makes created attempts sent, and leaves others as they are.
	MarkSent(ctx context.Context, ids []string) error
	// RejectAll rejects an open attempt of the device's person and all others of the person, and closes the app until
	// then. ErrAttempt.
	RejectAll(ctx context.Context, deviceID, attemptID string, at, until time.Time) (personID string, err error)
	// PutPush keeps the sealed subscription of a device, nil for none. Push is that of the person's device: ErrNotFound.
	PutPush(ctx context.Context, deviceID string, sealed []byte) error
	Push(ctx context.Context, personID string) (deviceID string, sealed []byte, err error)
}

// PendingAttempts are what the device's person is asked to approve. The device has them now: they are sent.
func (c *Core) PendingAttempts(ctx context.Context, d *Device) ([]Attempt, error) {
	open, err := c.OpenAttempts(ctx, []string{d.ID})
	if err != nil {
		return nil, err
	}
	return open[d.ID], c.MarkSent(ctx, open[d.ID])
}

// OpenAttempts are the unanswered attempts for each of some devices, newest first. A device that is paired no more is
// not in the map.
func (c *Core) OpenAttempts(ctx context.Context, devices []string) (map[string][]Attempt, error) {
	return c.Store.OpenAttempts(ctx, devices, c.now())
}

// MarkSent notes that the device has the attempts.
func (c *Core) MarkSent(ctx context.Context, attempts []Attempt) error {
	var fresh []string
	for _, a := range attempts {
		if a.State == AttemptCreated {
			fresh = append(fresh, a.ID)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	return c.Store.MarkSent(ctx, fresh)
}

// StreamLife is how long one stream of events to a device is served.
func (c *Core) StreamLife() time.Duration { return c.limits().StreamLife }

// notMe settles the answer of somebody who does not log in.
func (c *Core) notMe(ctx context.Context, d *Device, a Answer) (AttemptState, error) {
	now := c.now()
	personID, err := c.Store.RejectAll(ctx, d.ID, a.AttemptID, now, now.Add(c.limits().AppBlock))
	if err != nil {
		return "", err
	}
	c.event(ctx, "login attempt by somebody else", personID)
	person, err := c.Store.Person(ctx, personID)
	if err != nil {
		return "", err
	}
	c.tell(ctx, person, MessageNotMe, "")
	return AttemptRejected, nil
}

// Subscription is where a device takes notices by Web Push (RFC 8030), and the keys for them (RFC 8291 section 3).
type Subscription struct {
	Endpoint string `json:"endpoint"`
	P256DH   []byte `json:"p256dh"` // uncompressed point, 65 bytes
	Auth     []byte `json:"auth"`   // 16 bytes
}

// Pusher brings a notice to a device, within its life: that a login waits, and its identifier, nothing of the person.
// ErrPushGone when the subscription has ended.
type Pusher interface {
	Push(ctx context.Context, to Subscription, attemptID string, life time.Duration) error
}

const (
	usePush     = "push" // binding of the sealed subscription
	maxEndpoint = 1024   // bytes
)

// Subscribe keeps where the device takes notices, in place of an earlier subscription; the zero one ends it. ErrPush.
func (c *Core) Subscribe(ctx context.Context, d *Device, s Subscription) error {
	if c.Pusher == nil {
		return ErrPush
	}
	if s.Endpoint == "" {
		return c.Store.PutPush(ctx, d.ID, nil)
	}
	if !usableEndpoint(s.Endpoint) || len(s.P256DH) != 65 || s.P256DH[0] != 4 || len(s.Auth) != 16 {
		return ErrPush
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return c.Store.PutPush(ctx, d.ID, c.Seal.Seal(raw, usePush, d.ID))
}

// usableEndpoint is an https address (RFC 8030 section 8). That it does not lead inside is seen when it is called.
func usableEndpoint(endpoint string) bool {
	u, err := url.Parse(endpoint)
	return err == nil && len(endpoint) <= maxEndpoint && u.Scheme == "https" && u.Host != "" && u.User == nil && u.Fragment == ""
}

// push sends a notice after the answer is given. A push service that does not answer delays nobody, and the app's own
// stream is there all the same.
func (c *Core) push(ctx context.Context, a Attempt) {
	if c.Pusher == nil {
		return
	}
	background := context.WithoutCancel(ctx)
	c.later(func() {
		if err := c.pushNow(background, a); err != nil && c.Log != nil {
			c.Log.ErrorContext(background, "notice not pushed", "person", a.PersonID, "cause", err)
		}
	})
}

func (c *Core) pushNow(ctx context.Context, a Attempt) error {
	device, sealed, err := c.Store.Push(ctx, a.PersonID)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	raw, err := c.Seal.Open(sealed, usePush, device)
	if err != nil {
		return err
	}
	var to Subscription
	if err := json.Unmarshal(raw, &to); err != nil {
		return err
	}
	err = c.Pusher.Push(ctx, to, a.ID, a.Expires.Sub(a.Created))
	if errors.Is(err, ErrPushGone) {
		return errors.Join(err, c.Store.PutPush(ctx, device, nil))
	}
	if err != nil {
		return err
	}
	return c.MarkSent(ctx, []Attempt{a})
}
