package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"

	"lommebok.example/wallet-sim/wallet"
)

var sentTxCode = regexp.MustCompile(`\b\d{6}\b`)

// preAuthorized logs in on the issuer's page, makes an offer there, and gives it to the wallet with the code from the SMS. First the wallet
// stops for want of that code.
func (j *journey) preAuthorized(ctx context.Context) (string, error) {
	b := j.student.browser
	page, _, err := b.SignIn(ctx, j.house.issuerURL+"/pre-authorized?"+url.Values{"configuration": {configMinID}}.Encode())
	if err != nil {
		return "", err
	}
	form := page.FormTo("/pre-authorized")
	if form == nil {
		return "", fmt.Errorf("expected a form to make the offer, got: %s", page.Says())
	}
	if page, err = b.Submit(ctx, page, form, nil, ""); err != nil {
		return "", err
	}
	link := page.TextOf("offer-address")
	plan, err := j.student.wallet.Resolve(ctx, link, "")
	if err != nil {
		return "", err
	}
	if _, err := j.student.wallet.Redeem(ctx, plan, ""); !errors.Is(err, wallet.ErrTxCode) {
		return "", fmt.Errorf("expected the wallet to ask for the transaction code, got: %w", err)
	}
	if page, err = b.Open(ctx, j.house.issuerURL+"/dev/outbox", ""); err != nil {
		return "", err
	}
	code := sentTxCode.FindString(page.TextOfClass("lb-box"))
	if code == "" {
		return "", fmt.Errorf("expected the transaction code in an SMS, got: %s", page.Says())
	}
	got, err := j.student.wallet.Redeem(ctx, plan, code)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s in %d copies; the wallet named %s and asked for the code of six digits", got[0].Name("en"), len(got[0].Copies), hostOf(plan.Server.TokenEndpoint)), nil
}

// renew gets the proof of age again: new copies, on the sign-in of before.
func (j *journey) renew(ctx context.Context) (string, error) {
	all, err := j.student.wallet.Store.List()
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(all, func(c *wallet.Credential) bool { return c.ConfigurationID == configAge })
	if i < 0 {
		return "", errors.New("the proof of age is not in the wallet")
	}
	again, err := j.student.wallet.Renew(ctx, all[i].ID)
	if err != nil {
		return "", err
	}
	if again.Copies[0].Credential == all[i].Copies[0].Credential || again.Copies[0].Shown != 0 {
		return "", errors.New("expected copies that nobody has seen")
	}
	return fmt.Sprintf("%s in %d new copies, by a refresh token that is bound to the wallet's keys", again.Name("en"), len(again.Copies)), nil
}

// diploma is ordered and picked up later (OpenID4VCI 1.0 section 9).
func (j *journey) diploma(ctx context.Context) (string, error) {
	got, _, err := get(ctx, j.student.wallet, j.student.browser, j.house.issuerURL, configDiploma)
	var later *wallet.Later
	if !errors.As(err, &later) || len(got) > 0 {
		return "", fmt.Errorf("expected the issuer to issue later, got %d credentials: %w", len(got), err)
	}
	order := later.Pending[0]
	if _, err := j.student.wallet.PickUp(ctx, order.ID); !errors.As(err, &later) {
		return "", fmt.Errorf("expected to be told to wait, got: %w", err)
	}
	one, err := j.student.wallet.Await(ctx, order.ID)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s in %d copies, %.0f s after it was ordered; no key was proved again, and nobody logged in again",
		one.Name("en"), len(one.Copies), one.Stored.Sub(order.Ordered).Seconds()), nil
}
