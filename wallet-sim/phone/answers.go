package phone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"lommebok.example/internal/keys"
	"lommebok.example/minid"
	"lommebok.example/minid/app"
	"lommebok.example/specs/oauth2"
)

// Answer is what a person does with a login that waits.
type Answer string

// The answers.
const (
	Approve Answer = "approve" // with the number that the browser shows
	Reject  Answer = "reject"
	NotMe   Answer = "not_me" // somebody else logs in
	// Wrong is how an approval with another number ends. Nobody chooses it.
	Wrong Answer = "wrong"
)

// Answered is an answer that was given, as the telephone remembers it.
type Answered struct {
	Service string    `json:"service"`
	Answer  Answer    `json:"answer"`
	At      time.Time `json:"at"`
}

const remembered = 10 // answers of a device

// Answer approves or rejects a login of the device: the one with the identifier, or the latest for "".
func (d *Devices) Answer(ctx context.Context, one *Device, attempt string, answer Answer, number string) (minid.AttemptState, error) {
	pending, err := d.Pending(ctx, one)
	if err != nil {
		return "", err
	}
	for _, a := range pending {
		if a.ID != attempt && attempt != "" {
			continue
		}
		client, err := d.client(one)
		if err != nil {
			return "", err
		}
		state, err := give(ctx, client, a, answer, number)
		var refused *oauth2.Error
		if errors.As(err, &refused) && refused.Code == app.WrongNumber {
			answer = Wrong
		} else if err != nil {
			return "", err
		}
		return state, errors.Join(err, d.remember(one, Answered{a.Service, answer, d.Now()}))
	}
	return "", ErrNoAttempt
}

func give(ctx context.Context, client *app.Client, a app.PendingAttempt, answer Answer, number string) (minid.AttemptState, error) {
	if answer == NotMe {
		return client.NotMe(ctx, a)
	}
	return client.Answer(ctx, a, number, answer == Approve)
}

// Answers are the latest of a device, the latest first.
func (d *Devices) Answers(one *Device) ([]Answered, error) {
	raw, err := os.ReadFile(filepath.Join(d.Dir, historyFile(one)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("phone: %w", err)
	}
	var all []Answered
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, fmt.Errorf("phone: %s: %w", historyFile(one), err)
	}
	return all, nil
}

func (d *Devices) remember(one *Device, a Answered) error {
	all, err := d.Answers(one)
	if err != nil {
		return err
	}
	all = append([]Answered{a}, all...)
	raw, err := json.MarshalIndent(all[:min(len(all), remembered)], "", "  ")
	if err != nil {
		return err
	}
	return keys.Replace(d.Dir, historyFile(one), append(raw, '\n'))
}

func historyFile(one *Device) string { return one.ID + ".answers.json" }
