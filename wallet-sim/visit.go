package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"lommebok.example/wallet-sim/browser"
)

// visit is a person before pages, who sends what the pages show.
type visit struct {
	t    *traveller
	b    *browser.Browser
	page *browser.Page
}

// login opens my MinID in a browser without cookies, and gives number and password.
func (t *traveller) login(ctx context.Context) (*visit, error) {
	if err := t.freshBrowser(""); err != nil {
		return nil, err
	}
	v := &visit{t: t, b: t.browser}
	if err := v.open(ctx, "/minid"); err != nil {
		return nil, err
	}
	return v, v.send(ctx, "/login/password", "pid", t.person.PID, "password", t.person.Password)
}

func (v *visit) open(ctx context.Context, path string) (err error) {
	v.page, err = v.b.Open(ctx, v.t.house.issuerURL+path, "")
	return err
}

// send sends the page's form to action, with these names and values.
func (v *visit) send(ctx context.Context, action string, fields ...string) (err error) {
	form := v.page.FormTo(action)
	if form == nil {
		return fmt.Errorf("expected a form to %s, got status %d: %s", action, v.page.Status, v.page.Says())
	}
	values := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	v.page, err = v.b.Submit(ctx, v.page, form, values, "")
	return err
}

// expect fails when the page is not at the path, or lacks one of the words.
func (v *visit) expect(path string, words ...string) error {
	if v.page.URL.Path != path {
		return fmt.Errorf("expected %s, got %s: %s", path, v.page.URL.Path, v.page.Says())
	}
	for _, w := range words {
		if !strings.Contains(v.page.Says(), w) {
			return fmt.Errorf("expected %q, got: %s", w, v.page.Says())
		}
	}
	return nil
}

// number is what the page asks to type in the app.
func (v *visit) number() (string, error) {
	number := v.page.TextOfClass("lb-number")
	if len(number) != 2 {
		return "", fmt.Errorf("expected a number of two digits, got: %s", v.page.Says())
	}
	return number, nil
}

// letter is a message as the issuer's outbox shows it.
type letter struct {
	Channel string `json:"channel"`
	Subject string `json:"subject"`
	Code    string `json:"code"`
}

// newest is the latest message by a channel with a subject. Those for a new password are sent after the answer is given, so
// it is waited for.
func (v *visit) newest(ctx context.Context, channel, subject string) (*letter, error) {
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		raw, err := v.b.JSON(ctx, v.t.house.issuerURL+"/dev/outbox")
		if err != nil {
			return nil, err
		}
		var letters []letter
		if err := json.Unmarshal(raw, &letters); err != nil {
			return nil, err
		}
		for _, l := range letters {
			if l.Channel == channel && l.Subject == subject {
				return &l, nil
			}
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("expected the message %q by %s in the outbox, got %d others", subject, channel, len(letters))
		}
	}
}
