package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"lommebok.example/wallet-sim/browser"
)

// The services that log people in with MinID, as the verifier shows them.
const (
	eidLoans = "/eid/demo_lanekassen"
	eidTaxes = "/eid/demo_skatteetaten"
)

// logins logs in at both services, with one login to MinID.
func (j *journey) logins(ctx context.Context) (string, error) {
	for _, path := range []string{eidLoans, eidTaxes} {
		page, err := j.loginAt(ctx, path)
		if err != nil {
			return "", err
		}
		if !strings.Contains(page.Says(), "idporten-loa-substantial") || !strings.Contains(page.Says(), j.student.person.PID) {
			return "", fmt.Errorf("expected the claims of the ID token, got: %s", page.Says())
		}
	}
	return "acr idporten-loa-substantial at both; the second asked for nothing, since the person was logged in", nil
}

// beginLogin opens the service's page, and logs in from there as far as it goes without being asked.
func (j *journey) beginLogin(ctx context.Context, b *browser.Browser, path string) (*browser.Page, error) {
	page, err := b.Open(ctx, j.house.verifierURL+path, "")
	if err != nil {
		return nil, err
	}
	form := page.FormTo(path + "/login")
	if form == nil {
		return nil, fmt.Errorf("expected a form to log in, got: %s", page.Says())
	}
	return b.Submit(ctx, page, form, nil, "")
}

func (j *journey) loginAt(ctx context.Context, path string) (*browser.Page, error) {
	page, err := j.beginLogin(ctx, j.student.browser, path)
	if err != nil {
		return nil, err
	}
	if page.Status != http.StatusOK || page.URL.Path != path {
		return nil, fmt.Errorf("expected to come back logged in, got status %d at %s: %s", page.Status, page.URL.Path, page.Says())
	}
	return page, nil
}

// logout leaves one service, and expects the other to have been told behind the browser's back.
func (j *journey) logout(ctx context.Context) (string, error) {
	b := j.student.browser
	page, err := b.Open(ctx, j.house.verifierURL+eidTaxes, "")
	if err != nil {
		return "", err
	}
	form := page.FormTo(j.house.issuerURL + "/endsession")
	if form == nil {
		return "", fmt.Errorf("expected a form to log out, got: %s", page.Says())
	}
	if _, err := b.Submit(ctx, page, form, nil, ""); err != nil {
		return "", err
	}
	for _, path := range []string{eidTaxes, eidLoans} {
		if page, err = b.Open(ctx, j.house.verifierURL+path, ""); err != nil {
			return "", err
		}
		if page.FormTo(path+"/login") == nil {
			return "", fmt.Errorf("expected to be logged out at %s, got: %s", path, page.Says())
		}
	}
	if page, err = b.Open(ctx, j.house.issuerURL+"/minid", ""); err != nil {
		return "", err
	}
	if page.FormTo("/login/password") == nil {
		return "", errors.New("expected MinID to ask for the password again")
	}
	return "out of the other service too, and of MinID", nil
}
