package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"lommebok.example/specs/openid4vci"
	"lommebok.example/wallet-sim/browser"
	"lommebok.example/wallet-sim/phone"
	"lommebok.example/wallet-sim/wallet"
)

// traveller is a person of the demonstration, with a wallet, a telephone and a browser of their own.
type traveller struct {
	person  phone.Person
	wallet  *wallet.Wallet
	devices *phone.Devices
	browser *browser.Browser
	house   *house
}

func (j *journey) traveller(p phone.Person) (*traveller, error) {
	own := *j.cli
	own.data = j.house.dir("person-" + p.PID[:6])
	w, err := own.wallet()
	if err != nil {
		return nil, err
	}
	devices, err := own.devices()
	if err != nil {
		return nil, err
	}
	t := &traveller{person: p, wallet: w, devices: devices, house: j.house}
	return t, t.freshBrowser(p.TOTPSecret)
}

// freshBrowser is one without cookies; without a secret its person has the MinID app alone.
func (t *traveller) freshBrowser(totpSecret string) (err error) {
	p := t.person
	p.TOTPSecret = totpSecret
	t.browser, err = browser.New(t.house.client.Transport, sitting(p, t.devices), t.wallet.Now)
	return err
}

// get issues one credential and tells what came.
func (t *traveller) get(ctx context.Context, configuration string, factors ...string) (string, error) {
	credentials, back, err := get(ctx, t.wallet, t.browser, t.house.issuerURL, configuration)
	if err != nil {
		return "", err
	}
	if !slices.Equal(back.Factors, factors) {
		return "", fmt.Errorf("expected a login with %v, got %v", factors, back.Factors)
	}
	if len(credentials) != 1 {
		return "", fmt.Errorf("expected one credential, got %d", len(credentials))
	}
	c := credentials[0]
	if !c.Encrypted {
		return "", errors.New("expected request and response to be encrypted, since the issuer offers it")
	}
	if c.Notified != openid4vci.CredentialAccepted {
		return "", fmt.Errorf("expected the issuer to take the notification: %s", c.NotNotified)
	}
	return fmt.Sprintf("%s (%s) in %d copies, encrypted on their way; signature, trust, digests and keys verified, then stored, and the issuer told", c.Name("en"), c.Format, len(c.Copies)), nil
}

// transaction is the verifier's JSON.
type transaction struct {
	State   string   `json:"state"`
	Link    string   `json:"link"`
	Verdict *verdict `json:"verdict"`
}

type verdict struct {
	Accepted    bool    `json:"accepted"`
	Checks      []check `json:"checks"`
	Credentials []struct {
		Type   string         `json:"type"`
		Format string         `json:"format"`
		Checks []check        `json:"checks"`
		Claims map[string]any `json:"claims"`
	} `json:"credentials"`
}

type check struct {
	Name     string `json:"name"`
	OK       bool   `json:"ok"`
	Expected string `json:"expected"`
	Got      string `json:"got"`
	Section  string `json:"section"`
	Code     string `json:"code"`
}

// present asks as a service on the verifier's page, answers as the wallet, brings the redirect back in the browser that
// asked, and reads the verdict there.
func (t *traveller) present(ctx context.Context, service string) (*verdict, error) {
	return t.presentAs(ctx, service, nil)
}

// presentAs lets the verifier ask otherwise than HAIP has it.
func (t *traveller) presentAs(ctx context.Context, service string, how url.Values) (*verdict, error) {
	front, err := t.browser.Open(ctx, t.house.verifierURL+"/", "")
	if err != nil {
		return nil, err
	}
	form := front.FormTo("/services/" + service + "/start")
	if form == nil {
		return nil, fmt.Errorf("the verifier's front page has no service %s", service)
	}
	page, err := t.browser.Submit(ctx, front, form, how, "")
	if err != nil {
		return nil, err
	}
	address := page.URL.String()
	waiting, err := t.transaction(ctx, address)
	if err != nil {
		return nil, err
	}
	if err := t.answer(ctx, waiting.Link); err != nil {
		return nil, err
	}
	done, err := t.transaction(ctx, address)
	if err != nil {
		return nil, err
	}
	if done.Verdict == nil {
		return nil, fmt.Errorf("expected a verdict, the transaction is %s", done.State)
	}
	return done.Verdict, nil
}

func (t *traveller) answer(ctx context.Context, link string) error {
	r, err := t.wallet.Request(ctx, link)
	if err != nil {
		return err
	}
	if len(r.Shares) == 0 {
		return r.Unanswered()
	}
	redirect, err := t.wallet.Share(ctx, r)
	var refusal *wallet.Refusal
	if errors.As(err, &refusal) && refusal.Redirect != "" { // the verdict says why
		redirect, err = refusal.Redirect, nil
	}
	if err != nil {
		return err
	}
	if redirect == "" {
		return errors.New("the verifier gave no redirect_uri for a request on the same device (HAIP 1.0 section 5.1)")
	}
	page, err := t.browser.Open(ctx, redirect, "")
	if err == nil && page.Status >= http.StatusBadRequest {
		err = fmt.Errorf("redirect_uri: status %d: %s", page.Status, page.Heading)
	}
	return err
}

func (t *traveller) transaction(ctx context.Context, address string) (*transaction, error) {
	raw, err := t.browser.JSON(ctx, address)
	if err != nil {
		return nil, err
	}
	out := &transaction{}
	return out, json.Unmarshal(raw, out)
}

// show presents and expects acceptance with these claims, each a path, and no others.
func (t *traveller) show(ctx context.Context, service string, claims ...string) (string, error) {
	return t.showAs(ctx, service, nil, claims...)
}

func (t *traveller) showAs(ctx context.Context, service string, how url.Values, claims ...string) (string, error) {
	v, err := t.presentAs(ctx, service, how)
	if err != nil {
		return "", err
	}
	made, failed := v.count()
	if !v.Accepted || len(failed) > 0 {
		return "", fmt.Errorf("expected every check to hold, got: %s", strings.Join(failed, "; "))
	}
	var shown []string
	for _, c := range v.Credentials {
		for name := range c.Claims {
			shown = append(shown, name)
		}
	}
	slices.Sort(shown)
	slices.Sort(claims)
	if !slices.Equal(shown, claims) {
		return "", fmt.Errorf("expected the claims %v, got %v", claims, shown)
	}
	return fmt.Sprintf("accepted: %d checks held on %d presentation(s), %d claims shown", made, len(v.Credentials), len(shown)), nil
}

// count gives how many checks were made, and those that failed in words.
func (v *verdict) count() (made int, failed []string) {
	all := slices.Clone(v.Checks)
	for _, c := range v.Credentials {
		all = append(all, c.Checks...)
	}
	for _, c := range all {
		if !c.OK {
			failed = append(failed, fmt.Sprintf("%s: %s; expected %s, got %s (%s)", c.Name, c.Code, c.Expected, c.Got, c.Section))
		}
	}
	return len(all), failed
}
