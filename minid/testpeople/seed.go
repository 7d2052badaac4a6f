package testpeople

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"lommebok.example/minid"
	"lommebok.example/specs/fnr"
)

// Credentials are what a test person signs in with. TOTPSecret is base32 without padding. AppCode pairs the MinID app
// once: people proofed in person have one, as if from the service desk.
type Credentials struct {
	PID        string      `json:"pid"`
	Name       string      `json:"name"`
	Password   string      `json:"password"`
	TOTPSecret string      `json:"totp_secret"`
	AppCode    string      `json:"app_code,omitempty"`
	Basis      minid.Basis `json:"basis"`
}

// ErrNotSynthetic: a number on the list is not in a synthetic series, and nobody was made.
var ErrNotSynthetic = errors.New("testpeople: not a synthetic identity number")

// Seed makes the people who are missing, and returns the credentials of those it made: they are not to be had again.
func Seed(ctx context.Context, core *minid.Core, store minid.Store) ([]Credentials, error) {
	return seed(ctx, core, store, people)
}

func seed(ctx context.Context, core *minid.Core, store minid.Store, list []person) ([]Credentials, error) {
	for _, p := range list {
		n, err := fnr.Parse(p.pid)
		if err != nil {
			return nil, fmt.Errorf("testpeople: %s: %w", p.name, err)
		}
		if !n.Series().Synthetic() {
			return nil, fmt.Errorf("%w: %s", ErrNotSynthetic, p.name)
		}
	}
	var made []Credentials
	for _, p := range list {
		_, err := store.PersonByPID(ctx, p.pid)
		if err == nil {
			continue
		}
		if !errors.Is(err, minid.ErrNotFound) {
			return made, err
		}
		c, err := register(ctx, core, p)
		if errors.Is(err, minid.ErrPersonExists) {
			continue // another replica was quicker
		}
		if err != nil {
			return made, err
		}
		made = append(made, c)
	}
	return made, nil
}

// contact is a number and an address that follow from the place in the list. Nothing is sent to them where there are
// test people.
func contact(p person) (phone, email string) {
	place := slices.IndexFunc(people, func(other person) bool { return other.pid == p.pid }) + 1
	return fmt.Sprintf("+47999900%02d", place), fmt.Sprintf("testperson%d@example.com", place)
}

// passwordFor draws until the password follows the rules: a word of it may happen to stand in the person's name.
func passwordFor(p person) (string, error) {
	for {
		password, err := newPassword()
		if err != nil {
			return "", err
		}
		if minid.CheckPassword(password, &minid.Person{PID: p.pid, Name: p.name, BirthDate: p.birthDate}) == nil {
			return password, nil
		}
	}
}

func register(ctx context.Context, core *minid.Core, p person) (Credentials, error) {
	password, err := passwordFor(p)
	if err != nil {
		return Credentials{}, err
	}
	phone, email := contact(p)
	secret := make([]byte, 20)
	if _, err := rand.Read(secret); err != nil {
		return Credentials{}, err
	}
	c := Credentials{PID: p.pid, Name: p.name, Password: password, TOTPSecret: minid.EncodeTOTPSecret(secret), Basis: p.basis}
	registered, err := core.Register(ctx, minid.Registration{
		PID: p.pid, Name: p.name, BirthDate: p.birthDate,
		Proofing: minid.Proofing{Basis: p.basis, At: core.Now(), Evidence: "synthetic test person"},
		Password: password, TOTPSecret: secret, Phone: phone, Email: email,
	})
	if err == nil && p.basis == minid.BasisInPerson {
		c.AppCode, _, err = core.HandOutPairingCode(ctx, registered.ID)
	}
	return c, err
}
