package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"lommebok.example/wallet-sim/browser"
	"lommebok.example/wallet-sim/phone"
)

// The newcomer of the demonstration is in the population register, and has no account.
const (
	newcomerName     = "TÅLMODIG HAVN"
	newcomerPID      = "03848812160"
	newcomerPassword = "kaktus i vinduskarmen"
	newcomerPhone    = "99990077"
)

// orderLetter asks for a letter, and shows to have the phone.
func (j *journey) orderLetter(ctx context.Context) (outcome string, err error) {
	j.newcomer, err = j.traveller(phone.Person{PID: newcomerPID, Name: newcomerName, Password: newcomerPassword})
	if err != nil {
		return "", err
	}
	page, err := j.newcomer.browser.Open(ctx, j.house.issuerURL+"/letter", "")
	if err != nil {
		return "", err
	}
	if page, err = j.newcomer.send(ctx, page, "/letter", url.Values{"pid": {newcomerPID}, "phone": {newcomerPhone}}); err != nil {
		return "", err
	}
	if page, err = j.newcomer.fillCode(ctx, page, "/letter/code", "sms"); err != nil {
		return "", err
	}
	if page.URL.Path != "/letter/ordered" {
		return "", fmt.Errorf("expected the order to be received, got: %s", page.Says())
	}
	return "the page: " + page.Texts[0], nil
}

// registerByLetter reads the letter and goes from it to a MinID that is ready.
func (j *journey) registerByLetter(ctx context.Context) (string, error) {
	t := j.newcomer
	code, expires, err := t.letter(ctx)
	if err != nil {
		return "", err
	}
	page, err := t.browser.Open(ctx, j.house.issuerURL+"/register", "")
	if err != nil {
		return "", err
	}
	if page, err = t.send(ctx, page, "/register", url.Values{"pid": {newcomerPID}, "code": {code}}); err != nil {
		return "", err
	}
	if page, err = t.send(ctx, page, "/register/password", url.Values{"new": {newcomerPassword}}); err != nil {
		return "", err
	}
	if page, err = t.fillCode(ctx, page, "/register/phone", "sms"); err != nil {
		return "", err
	}
	if page, err = t.send(ctx, page, "/register/email", url.Values{"email": {"havn@example.com"}}); err != nil {
		return "", err
	}
	if page, err = t.fillCode(ctx, page, "/register/email/code", "email"); err != nil {
		return "", err
	}
	if page.URL.Path != "/register/done" {
		return "", fmt.Errorf("expected MinID to be ready, got: %s", page.Says())
	}
	return fmt.Sprintf("the letter: %s\n    the page: %s", expires, page.Heading), nil
}

// newcomerCredential logs in with a code by SMS, and gets the MinID credential on that login.
func (j *journey) newcomerCredential(ctx context.Context) (string, error) {
	t := j.newcomer
	page, err := t.browser.Open(ctx, j.house.issuerURL+"/minid", "")
	if err != nil {
		return "", err
	}
	if page, err = t.send(ctx, page, "/login/password", url.Values{"pid": {newcomerPID}, "password": {newcomerPassword}}); err != nil {
		return "", err
	}
	if page, err = t.fillCode(ctx, page, "/login/sms", "sms"); err != nil {
		return "", err
	}
	if page.URL.Path != "/login/invitation" {
		return "", fmt.Errorf("expected the invitation to a safer login method, got: %s", page.Says())
	}
	got, err := t.get(ctx, configMinID)
	if err != nil {
		return "", err
	}
	return "after the login the page: " + page.Heading + "\n    " + got, nil
}

// fillCode sends the form with the newest code that came by a channel.
func (t *traveller) fillCode(ctx context.Context, page *browser.Page, path, channel string) (*browser.Page, error) {
	raw, err := t.browser.JSON(ctx, t.house.issuerURL+"/dev/outbox")
	if err != nil {
		return nil, err
	}
	var messages []struct{ Channel, Code string }
	if err := json.Unmarshal(raw, &messages); err != nil {
		return nil, err
	}
	for _, m := range messages {
		if m.Channel == channel && m.Code != "" {
			return t.send(ctx, page, path, url.Values{"code": {m.Code}})
		}
	}
	return nil, fmt.Errorf("no code came by %s", channel)
}

// letter reads the newest letter in the outbox. It is made after the order was answered, so it may have to be waited for.
func (t *traveller) letter(ctx context.Context) (code, expires string, err error) {
	for {
		raw, err := t.browser.JSON(ctx, t.house.issuerURL+"/dev/outbox/letters")
		if err != nil {
			return "", "", err
		}
		var letters []struct{ Code, Expires string }
		if err := json.Unmarshal(raw, &letters); err != nil {
			return "", "", err
		}
		if len(letters) > 0 {
			return letters[0].Code, letters[0].Expires, nil
		}
		select {
		case <-ctx.Done():
			return "", "", errors.Join(errors.New("no letter came"), ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}
