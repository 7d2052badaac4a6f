package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// onAPI shows what one of the services on the verifier's API asks for, and gives what its page says that it learned.
func (t *traveller) onAPI(ctx context.Context, service string) (string, error) {
	address := t.house.verifierURL + "/demo/" + service
	page, err := t.browser.Open(ctx, address, "")
	if err != nil {
		return "", err
	}
	form := page.FormTo("/demo/" + service + "/ask")
	if form == nil {
		return "", fmt.Errorf("expected a form to ask, got: %s", page.Says())
	}
	if page, err = t.browser.Submit(ctx, page, form, nil, ""); err != nil {
		return "", err
	}
	link, err := linkTo(page, "openid4vp:")
	if err != nil {
		return "", err
	}
	if err := t.answer(ctx, link); err != nil {
		return "", err
	}
	if page, err = t.browser.Open(ctx, address+"/answer", ""); err != nil {
		return "", err
	}
	learned := page.TextOf("facts")
	if page.Status != http.StatusOK || learned == "" {
		return "", fmt.Errorf("expected to be accepted, got status %d: %s", page.Status, page.Says())
	}
	return learned, nil
}

// learns expects the service to have learned something of each.
func (j *journey) learns(ctx context.Context, t *traveller, service string, all ...string) (string, error) {
	learned, err := t.onAPI(ctx, service)
	if err != nil {
		return "", err
	}
	if i := slices.IndexFunc(all, func(one string) bool { return !strings.Contains(learned, one) }); i >= 0 {
		return "", fmt.Errorf("expected the service to learn %s, got: %s", all[i], learned)
	}
	return "the service learned: " + learned, nil
}

func (j *journey) loansOnAPI(ctx context.Context) (string, error) {
	return j.learns(ctx, j.student, "lanekassen", j.student.person.PID, "Role", "School")
}

func (j *journey) taxesOnAPI(ctx context.Context) (string, error) {
	return j.learns(ctx, j.official, "skatteetaten", j.official.person.PID, "Date of birth")
}

// ageOnAPI expects one fact and no other.
func (j *journey) ageOnAPI(ctx context.Context) (string, error) {
	learned, err := j.student.onAPI(ctx, "aldersgrense")
	if err == nil && learned != "Is over 18 Yes" {
		err = errors.New("expected the service to learn the age limit alone, got: " + learned)
	}
	return "the service learned: " + learned, err
}
