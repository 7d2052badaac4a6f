package minid

import (
	"context"
	"encoding/base32"
	"errors"
	"slices"
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
	Used       time.Time // when it last answered; zero for never
	Push       bool      // takes notices by Web Push
}

var pairingAlphabet = base32.StdEncoding.WithPadding(base32.NoPadding)

// PairsAtDesk says whether a session that may pair, at substantial or more, is below the level that a device paired
// from it would reach. Then the person gets the pairing code at the service desk: HandOutPairingCode.
func (c *Core) PairsAtDesk(s *Session) bool { return s.Level < c.levelWithApp(s.Basis) }

func (c *Core) levelWithApp(b Basis) Level {
	return c.levels().OfSession(b, []Factor{FactorPassword, FactorApp})
}

// StartPairing makes a code with which one device can be paired, and ends the person's earlier codes. It takes a
// session at substantial or more, no lower than what the device reaches, whose login is fresh: ErrNoSession,
// ErrSessionTooLow, ErrPairAtDesk, ErrSessionTooOld.
func (c *Core) StartPairing(ctx context.Context, session string) (code string, expires time.Time, err error) {
	now, l := c.now(), c.limits()
	r, person, err := c.session(ctx, session, now)
	if err != nil {
		return "", time.Time{}, err
	}
	if r.Level < LevelSubstantial {
		return "", time.Time{}, ErrSessionTooLow
	}
	if r.Level < c.levelWithApp(person.Proofing.Basis) { // which may be better by now than at the login
		return "", time.Time{}, ErrPairAtDesk
	}
	if now.Sub(r.AuthTime) > l.PairingLogin {
		return "", time.Time{}, ErrSessionTooOld
	}
	code, expires = pairingAlphabet.EncodeToString(randomBytes(16)), now.Add(l.PairingCode)
	if err := c.Store.PutOwnPairingCode(ctx, hashSecret(code), person, expires); err != nil {
		return "", time.Time{}, err
	}
	c.event(ctx, "pairing code made", person.ID)
	return code, expires, nil
}

// HandOutPairingCode makes a code for a person whose identity document has been looked at on the spot, and ends the
// person's earlier codes. Handing it over there is the delivery to the owner of CIR (EU) 2015/1502 annex 2.2.2.
// ErrNotFound.
func (c *Core) HandOutPairingCode(ctx context.Context, personID string) (code string, expires time.Time, err error) {
	person, err := c.Store.Person(ctx, personID)
	if err != nil {
		return "", time.Time{}, err
	}
	code, expires = pairingAlphabet.EncodeToString(randomBytes(16)), c.now().Add(c.limits().DeskCode)
	if err := c.Store.PutPairingCode(ctx, hashSecret(code), person.ID, expires); err != nil {
		return "", time.Time{}, err
	}
	c.event(ctx, "pairing code handed out", person.ID)
	return code, expires, nil
}

// LookAtPairingCode tells a device whose pairing code it has scanned, and keeps the code for this device alone: a second
// one that scans it is refused. The caller has seen the device sign with the key of the thumbprint. ErrPairingCode,
// ErrAddress.
func (c *Core) LookAtPairingCode(ctx context.Context, code, thumbprint string) (*Person, error) {
	var personID string
	now := c.now()
	err := c.counted(ctx, now, func() (err error) {
		personID, err = c.Store.LookAtPairingCode(ctx, hashSecret(readPairingCode(code)), thumbprint, now)
		return err
	})
	if err != nil {
		return nil, err
	}
	c.event(ctx, "pairing code scanned", personID)
	return c.Store.Person(ctx, personID)
}

// PairingCodeWaits says whether a pairing code can still be used.
func (c *Core) PairingCodeWaits(ctx context.Context, code string) (bool, error) {
	return c.Store.PairingCodeWaits(ctx, hashSecret(readPairingCode(code)), c.now())
}

// readPairingCode takes small letters, spaces and hyphens.
func readPairingCode(code string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(code))
}

// Pair spends a pairing code. The caller has seen the device sign with the key. The code may be written in small
// letters, with spaces and hyphens. ErrPairingCode, ErrAddress.
func (c *Core) Pair(ctx context.Context, code, thumbprint string, key []byte) (*Device, error) {
	now := c.now()
	d := Device{ID: newID(), Thumbprint: thumbprint, Key: key, Paired: now}
	err := c.counted(ctx, now, func() (err error) {
		d.PersonID, err = c.Store.TakePairingCode(ctx, hashSecret(readPairingCode(code)), now, d)
		return err
	})
	if err != nil {
		return nil, err
	}
	c.event(ctx, "app paired", d.PersonID)
	person, err := c.Store.Person(ctx, d.PersonID)
	if err != nil {
		return nil, err
	}
	c.tell(ctx, person, MessageFactorAdded, FactorApp)
	return &d, nil
}

// Device finds a paired device by its key's thumbprint. A phone asks often and with a key that nobody guesses, so only a
// device that is unknown is counted, after the look. ErrDevice, ErrAddress.
func (c *Core) Device(ctx context.Context, thumbprint string) (*Device, error) {
	now := c.now()
	if err := c.checkAddress(ctx, now); err != nil {
		return nil, err
	}
	d, err := c.Store.Device(ctx, storable(thumbprint))
	if errors.Is(err, ErrNotFound) {
		return nil, c.counted(ctx, now, func() error { return ErrDevice })
	}
	return d, err
}

// LoseApp ends the app of a session's person, with the pairing codes, and does also in the same transaction: both or neither. A phone in
// other hands signs nobody in, so the app ends even when it is the last second factor, and however old the login is: who has lost it may be
// unable to log in anew. It tells whether there was an app. ErrSessionTooLow.
func (c *Core) LoseApp(ctx context.Context, s *Session, also func(ctx context.Context) error) (bool, error) {
	if s.Level < LevelSubstantial {
		return false, ErrSessionTooLow
	}
	person, err := c.Store.Person(ctx, s.PersonID) // before: what has ended is no failure
	if err != nil {
		return false, err
	}
	ended, err := c.Store.LoseApp(ctx, s.PersonID, c.now(), also)
	if err != nil || !ended {
		return false, err
	}
	c.event(ctx, "app lost", s.PersonID)
	c.tell(ctx, person, MessageFactorRemoved, FactorApp)
	return true, nil
}

// HasApp tells whether a person has the app, and whether it is their only second factor. Recovery codes are none.
func (c *Core) HasApp(ctx context.Context, personID string) (app, only bool, err error) {
	have, err := c.SecondFactors(ctx, personID)
	app = slices.Contains(have, FactorApp)
	return app, app && len(have) == 1, err
}
