package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"lommebok.example/wallet-sim/browser"
	"lommebok.example/wallet-sim/phone"
)

// The test people who are case workers.
const (
	workerName = "REALISTISK BEFAL"
	otherCase  = "SELVTILFREDS MANDOLIN"
)

// casework is two case workers.
type casework struct{ first, second *traveller }

func (w *casework) settle(j *journey, people []phone.Person) (err error) {
	for name, who := range map[string]**traveller{workerName: &w.first, otherCase: &w.second} {
		for _, p := range people {
			if p.Name == name {
				if *who, err = j.traveller(p); err != nil {
					return err
				}
			}
		}
		if *who == nil {
			return fmt.Errorf("expected %s among the test people", name)
		}
	}
	return nil
}

// sent submits a form of a page as a case worker.
func (t *traveller) sent(ctx context.Context, page *browser.Page, action string, fields url.Values) (*browser.Page, error) {
	form := page.FormTo(action)
	if form == nil {
		return nil, fmt.Errorf("expected a form to %s, got: %s", action, page.Says())
	}
	return t.browser.Submit(ctx, page, form, fields, "")
}

// foundAndHeld finds the student by number, and suspends and restores the student credential with a reason; a service sees both.
func (j *journey) foundAndHeld(ctx context.Context) (string, error) {
	_, path, err := j.studentOnMine(ctx)
	if err != nil {
		return "", err
	}
	t := j.cases.first
	page, _, err := t.at(ctx, "/cases", "/cases/find")
	if err != nil {
		return "", err
	}
	page, err = t.sent(ctx, page, "/cases/find", url.Values{"pid": {j.student.person.PID}, "reason": {"misuse"}})
	if err != nil {
		return "", err
	}
	id := strings.TrimPrefix(path, "/mine/")
	if page, err = t.changed(ctx, page, id, "suspend"); err != nil {
		return "", err
	}
	refused, err := j.refusedFor(ctx, "suspended")
	if err != nil {
		return "", err
	}
	if _, err = t.changed(ctx, page, id, "restore"); err != nil {
		return "", err
	}
	return refused + "; accepted when it was restored", j.accepted(ctx)
}

// changed makes a change of one issuance as a case worker.
func (t *traveller) changed(ctx context.Context, page *browser.Page, issuance, change string) (*browser.Page, error) {
	for _, form := range page.Forms {
		if form.Action != "/cases/act" || form.Fields.Get("issuance") != issuance {
			continue
		}
		page, err := t.browser.Submit(ctx, page, form, url.Values{"to": {change}, "reason": {"misuse"}}, "")
		if err == nil && page.Status != 200 {
			err = fmt.Errorf("expected it to be done, got status %d: %s", page.Status, page.Says())
		}
		return page, err
	}
	return nil, fmt.Errorf("expected the issuance among those of the person, got: %s", page.Says())
}

// revokedByTwo revokes all diplomas of today: one proposes, the other approves.
func (j *journey) revokedByTwo(ctx context.Context) (string, error) {
	page, _, err := j.cases.first.at(ctx, "/cases", "/cases/bulks/count")
	if err != nil {
		return "", err
	}
	day := j.now().UTC().Format(time.DateOnly)
	page, err = j.cases.first.sent(ctx, page, "/cases/bulks/count", url.Values{
		"configuration": {configDiploma}, "from": {day}, "until": {day}, "to": {"revoke"}, "reason": {"key_compromised"},
	})
	if err != nil {
		return "", err
	}
	if page, err = j.cases.first.sent(ctx, page, "/cases/bulks", nil); err != nil {
		return "", err
	}
	if approves(page) != "" {
		return "", fmt.Errorf("expected that who proposes cannot approve, got: %s", page.Says())
	}
	if page, _, err = j.cases.second.at(ctx, "/cases", "/cases/bulks/count"); err != nil {
		return "", err
	}
	if page, err = j.cases.second.sent(ctx, page, approves(page), nil); err != nil {
		return "", err
	}
	if page.Status != 200 || page.URL.Query().Get("said") != "approved" {
		return "", fmt.Errorf("expected it to be approved, got status %d: %s", page.Status, page.Says())
	}
	return page.Texts[0], nil
}

// approves is where the page approves a proposal, "" when it does not.
func approves(page *browser.Page) string {
	for _, f := range page.Forms {
		if strings.HasPrefix(f.Action, "/cases/bulks/") && strings.HasSuffix(f.Action, "/approve") {
			return f.Action
		}
	}
	return ""
}
