package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"lommebok.example/wallet-sim/browser"
)

// walletLogin logs the student in at the student loans with the wallet, in a browser that nobody is logged in in, and holds what
// the service learned against what it learned by MinID.
func (j *journey) walletLogin(ctx context.Context) (string, error) {
	byMinID, err := j.student.browser.Open(ctx, j.house.verifierURL+eidLoans, "")
	if err != nil {
		return "", err
	}
	other := *j.student
	if err := other.freshBrowser(""); err != nil {
		return "", err
	}
	page, err := j.beginLogin(ctx, other.browser, eidLoans)
	if err != nil {
		return "", err
	}
	if page, err = other.follow(ctx, page, "with=wallet"); err != nil {
		return "", err
	}
	link, err := linkTo(page, "openid4vp:")
	if err != nil {
		return "", err
	}
	if err := other.answer(ctx, link); err != nil {
		return "", err
	}
	byWallet, err := other.browser.Open(ctx, j.house.verifierURL+eidLoans, "")
	if err != nil {
		return "", err
	}
	for _, claim := range []string{"pid", "sub", "acr", "iss"} {
		if was, is := claimOn(byMinID, claim), claimOn(byWallet, claim); was == "" || was != is {
			return "", fmt.Errorf("%s: %q with MinID, %q with the wallet: %s", claim, was, is, byWallet.Says())
		}
	}
	if was, is := claimOn(byMinID, "amr"), claimOn(byWallet, "amr"); is != "EUDIW" || was == is {
		return "", fmt.Errorf("amr: %q with MinID, %q with the wallet", was, is)
	}
	return fmt.Sprintf("the same sub and the same acr %s as with MinID; amr %s in place of %s", claimOn(byWallet, "acr"), claimOn(byWallet, "amr"), claimOn(byMinID, "amr")), nil
}

// follow opens the link of the page that has the text.
func (t *traveller) follow(ctx context.Context, page *browser.Page, part string) (*browser.Page, error) {
	link, err := linkTo(page, part)
	if err != nil {
		return nil, err
	}
	address, err := page.URL.Parse(link)
	if err != nil {
		return nil, err
	}
	next, err := t.browser.Open(ctx, address.String(), "")
	if err == nil && next.Status != http.StatusOK {
		err = fmt.Errorf("status %d at %s: %s", next.Status, next.URL.Path, next.Says())
	}
	return next, err
}

func linkTo(page *browser.Page, part string) (string, error) {
	i := slices.IndexFunc(page.Links, func(l browser.Link) bool { return strings.Contains(l.Href, part) })
	if i < 0 {
		return "", fmt.Errorf("expected a link with %s at %s, got: %s", part, page.URL.Path, page.Says())
	}
	return page.Links[i].Href, nil
}

// claimOn is what the service's page says of a claim of the ID token.
func claimOn(page *browser.Page, claim string) string {
	i := slices.IndexFunc(page.Texts, func(text string) bool { return strings.HasSuffix(text, " "+claim) })
	if i < 0 || i+1 == len(page.Texts) {
		return ""
	}
	return page.Texts[i+1]
}
