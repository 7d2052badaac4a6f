package minid

import (
	"context"
	"encoding/base32"
	"errors"
	"strings"
	"time"
)

// Device is a phone with the MinID app. It is paired with one person, and a person with one device.
type Device struct {
	ID         string
	PersonID   string
	Thumbprint string // RFC 7638, of the key
	Key        []byte // public key, as SubjectPublicKeyInfo in DER
	Paired     time.Time
}

var pairingAlphabet = base32.StdEncoding.WithPadding(base32.NoPadding)

// StartPairing makes a code with which one device can be paired, and ends the person's earlier codes. It takes a
// session at substantial or more whose login is fresh: ErrNoSession, ErrSessionTooLow, ErrSessionTooOld.
func (c *Core) StartPairing(ctx context.Context, session string) (code string, expires time.Time, err error) {
	now, l := c.now(), c.limits()
	r, _, err := c.session(ctx, session, now)
	if err != nil {
		return "", time.Time{}, err
	}
	if r.Level < LevelSubstantial {
		return "", time.Time{}, ErrSessionTooLow
	}
	if now.Sub(r.AuthTime) > l.PairingLogin {
		return "", time.Time{}, ErrSessionTooOld
	}
	code, expires = pairingAlphabet.EncodeToString(randomBytes(16)), now.Add(l.PairingCode)
	if err := c.Store.PutPairingCode(ctx, hashSecret(code), r.PersonID, expires); err != nil {
		return "", time.Time{}, err
	}
	c.event(ctx, "pairing code made", r.PersonID)
	return code, expires, nil
}

// Pair spends a pairing code. The caller has seen the device sign with the key. The code may be written in small
// letters, with spaces and hyphens. ErrPairingCode.
func (c *Core) Pair(ctx context.Context, code, thumbprint string, key []byte) (*Device, error) {
	now := c.now()
	code = strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(code))
	d := Device{ID: newID(), Thumbprint: thumbprint, Key: key, Paired: now}
	personID, err := c.Store.TakePairingCode(ctx, hashSecret(code), now, d)
	if err != nil {
		return nil, err
	}
	d.PersonID = personID
	c.event(ctx, "app paired", personID)
	person, err := c.Store.Person(ctx, personID)
	if err != nil {
		return nil, err
	}
	c.tell(ctx, person, MessageFactorAdded, FactorApp)
	return &d, nil
}

// Device finds a paired device by its key's thumbprint. ErrDevice.
func (c *Core) Device(ctx context.Context, thumbprint string) (*Device, error) {
	d, err := c.Store.Device(ctx, storable(thumbprint))
	if errors.Is(err, ErrNotFound) {
		return nil, ErrDevice
	}
	return d, err
}
