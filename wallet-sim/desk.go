package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"lommebok.example/specs/oauth2"
	"lommebok.example/wallet-sim/browser"
	"lommebok.example/wallet-sim/phone"
	"lommebok.example/wallet-sim/wallet"
)

// deskVisit is somebody who was identified at school, and needs more; and the two clerks at the service desk.
type deskVisit struct {
	visitor       *traveller
	first, second *traveller
	casePath      string
	code          string
}

// The test people of the service desk.
const (
	visitorName = "FREDELIG LIST"
	clerkName   = "OPPLYST BLOKKFLØYTE"
	otherName   = "TILGIVENDE KONTINGENT"
)

// deskLegs are the steps of the service desk.
func (j *journey) deskLegs() []leg {
	d := &j.desk
	return []leg{
		{"A person who was identified at school asks for the PID, and is told why not and where to go", d.refused},
		{"At the service desk one clerk proposes, and cannot approve it alone", d.propose},
		{"Another clerk approves, and hands over the code for the MinID app, once", d.approve},
		{"The person pairs the app with the code, logs in at level high, and gets the PID", d.pid},
	}
}

// settle makes the three out of the test people.
func (d *deskVisit) settle(j *journey, people []phone.Person) (err error) {
	for name, who := range map[string]**traveller{visitorName: &d.visitor, clerkName: &d.first, otherName: &d.second} {
		for _, p := range people {
			if p.Name != name {
				continue
			}
			if *who, err = j.traveller(p); err != nil {
				return err
			}
		}
		if *who == nil {
			return fmt.Errorf("expected %s among the test people", name)
		}
	}
	return nil
}

func (d *deskVisit) refused(ctx context.Context) (string, error) {
	t := d.visitor
	_, back, err := get(ctx, t.wallet, t.browser, t.house.issuerURL, configPID)
	var refusal *wallet.Refusal
	if !errors.As(err, &refusal) || refusal.Code != oauth2.UnmetAuthenticationRequirements || len(back.Notices) != 1 {
		return "", fmt.Errorf("expected %s and a page that tells why, got: %w", oauth2.UnmetAuthenticationRequirements, err)
	}
	page, err := t.browser.Open(ctx, t.house.issuerURL+"/login/desk", "")
	if err != nil {
		return "", err
	}
	return "the page on the service desk: " + page.Texts[0], nil
}

// at opens a page of the desk as a clerk, who logs in when asked, and expects a form to action on it.
func (t *traveller) at(ctx context.Context, path, action string) (*browser.Page, *browser.Form, error) {
	page, _, err := t.browser.SignIn(ctx, t.house.issuerURL+path)
	if err != nil {
		return nil, nil, err
	}
	form := page.FormTo(action)
	if form == nil {
		return nil, nil, fmt.Errorf("expected a form to %s, got status %d: %s", action, page.Status, page.Says())
	}
	return page, form, nil
}

func (d *deskVisit) propose(ctx context.Context) (string, error) {
	b := d.first.browser
	page, form, err := d.first.at(ctx, "/desk", "/desk/find")
	if err != nil {
		return "", err
	}
	if page, err = b.Submit(ctx, page, form, url.Values{"pid": {d.visitor.person.PID}}, ""); err != nil {
		return "", err
	}
	d.casePath = page.URL.Path
	propose := page.FormTo(d.casePath + "/propose")
	if propose == nil || strings.Contains(d.casePath, d.visitor.person.PID) || strings.Contains(page.Says(), d.visitor.person.PID) {
		return "", fmt.Errorf("expected a case without the number, got %s: %s", d.casePath, page.Says())
	}
	seen := url.Values{"document": {"passport"}, "reference": {"A1B2"}, "picture": {"1"}, "agrees": {"1"}}
	if page, err = b.Submit(ctx, page, propose, seen, ""); err != nil {
		return "", err
	}
	alone := *propose // sent all the same, with the page's token
	alone.Action = d.casePath + "/approve"
	if page, err = b.Submit(ctx, page, &alone, url.Values{"seen": {"1"}}, ""); err != nil {
		return "", err
	}
	if page.Status != http.StatusOK || !strings.Contains(page.Says(), "not by you") || page.FormTo(d.casePath+"/code") != nil {
		return "", fmt.Errorf("expected that the first clerk cannot approve, got: %s", page.Says())
	}
	return fmt.Sprintf("%s saw %s and the passport; another employee must see them too", d.first.person.Name, d.visitor.person.Name), nil
}

func (d *deskVisit) approve(ctx context.Context) (string, error) {
	b := d.second.browser
	page, form, err := d.second.at(ctx, d.casePath, d.casePath+"/approve")
	if err != nil {
		return "", err
	}
	if page, err = b.Submit(ctx, page, form, url.Values{"seen": {"1"}}, ""); err != nil {
		return "", err
	}
	if form = page.FormTo(d.casePath + "/code"); form == nil {
		return "", fmt.Errorf("expected an approved case, got: %s", page.Says())
	}
	slip, err := b.Submit(ctx, page, form, nil, "")
	if err != nil {
		return "", err
	}
	if d.code = slip.TextOf("pairing-code"); d.code == "" {
		return "", fmt.Errorf("expected the code, got: %s", slip.Says())
	}
	if page, err = b.Submit(ctx, page, form, nil, ""); err != nil {
		return "", err
	}
	if page.TextOf("pairing-code") != "" {
		return "", errors.New("expected that the code is shown once, got it again")
	}
	return fmt.Sprintf("%s approved; the basis of %s is in_person now, and the slip cannot be shown again", d.second.person.Name, d.visitor.person.Name), nil
}

func (d *deskVisit) pid(ctx context.Context) (string, error) {
	t := d.visitor
	if _, err := t.devices.Pair(ctx, t.house.issuerURL, t.person.Name, d.code); err != nil {
		return "", err
	}
	if err := t.freshBrowser(""); err != nil {
		return "", err
	}
	return t.get(ctx, configPID, "password", "app")
}
