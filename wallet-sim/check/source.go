package check

import (
	"context"
	"errors"
	"fmt"
	"html"
	"maps"
	"net/url"
	"os/exec"
	"regexp"
	"strings"

	"lommebok.example/wallet-sim/browser"
)

// ErrNoRequest: the verifier did not come to ask.
var ErrNoRequest = errors.New("check: no link with a request was found")

// Source is how a verifier comes to ask: once each time that Link is called.
type Source struct {
	Page   string            `yaml:"page"`
	Form   string            `yaml:"form"`   // the action of a form on the page, as it stands there; "" for none
	Fields map[string]string `yaml:"fields"` // filled in besides
	// Command is a program that prints the link, in place of a page.
	Command []string `yaml:"command"`
	// Accepted are words on the page behind redirect_uri that only an accepted answer leads to; "" when the status of the answer says
	// whether it was accepted.
	Accepted string `yaml:"accepted"`
	// CrossDevice: the link is for a wallet on another device, which is sent nowhere afterwards.
	CrossDevice bool `yaml:"cross_device"`
}

// Link has the verifier ask, with further fields, and gives the link for a wallet on the same device where there is one. b is the browser
// that asks. Errors: ErrNoRequest.
func (s *Source) Link(ctx context.Context, b *browser.Browser, more map[string]string) (string, error) {
	if len(s.Command) > 0 {
		out, err := exec.CommandContext(ctx, s.Command[0], s.Command[1:]...).Output()
		if err != nil {
			return "", fmt.Errorf("%s: %w", s.Command[0], err)
		}
		return linkIn(string(out))
	}
	page, err := b.Open(ctx, s.Page, "")
	if err != nil {
		return linkOf(err)
	}
	if page.Status >= 400 {
		return "", fmt.Errorf("%w: %w", ErrNoRequest, &browser.StatusError{Status: page.Status, Says: page.Says()})
	}
	if s.Form != "" {
		form := page.FormTo(s.Form)
		if form == nil {
			return "", fmt.Errorf("%w: %s has no form to %s", ErrNoRequest, s.Page, s.Form)
		}
		fields := url.Values{}
		for _, some := range []map[string]string{s.Fields, more} {
			for name, value := range maps.All(some) {
				fields.Set(name, value)
			}
		}
		if page, err = b.Submit(ctx, page, form, fields, ""); err != nil {
			return linkOf(err)
		}
	}
	if page.Status >= 400 {
		return "", fmt.Errorf("%w: %w", ErrNoRequest, &browser.StatusError{Status: page.Status, Says: page.Says()})
	}
	for _, l := range page.Links { // on the same device, before what is written for another
		if link, none := linkIn(l.Href); none == nil {
			return link, nil
		}
	}
	return linkIn(string(page.Raw))
}

// linkOf reads the link that a browser was sent to, and could not open: it is of a scheme that wallets have.
func linkOf(err error) (string, error) {
	var failed *url.Error
	if errors.As(err, &failed) {
		if link, none := linkIn(failed.URL); none == nil {
			return link, nil
		}
	}
	return "", err
}

var requestLink = regexp.MustCompile(`[a-z][a-z0-9+.-]*:[^\s"'<>\\]*\?[^\s"'<>\\]*client_id=[^\s"'<>\\]*`)

// linkIn finds the first link in a text or a page: one that names a client and a request.
func linkIn(text string) (string, error) {
	for _, found := range requestLink.FindAllString(html.UnescapeString(text), -1) {
		u, err := url.Parse(found)
		if err != nil {
			continue
		}
		q := u.Query()
		if q.Has("request_uri") || q.Has("request") || q.Has("response_type") || q.Has("dcql_query") {
			return found, nil
		}
	}
	return "", ErrNoRequest
}

// sources are the ways of a page that holds several: each of its forms that starts a service.
func sources(ctx context.Context, b *browser.Browser, base Source) []Source {
	if base.Form != "" || len(base.Command) > 0 {
		return []Source{base}
	}
	page, err := b.Open(ctx, base.Page, "")
	if err != nil || page.Status >= 400 {
		return []Source{base} // Link tells what is wrong
	}
	var all []Source
	for _, f := range page.Forms {
		if strings.HasPrefix(f.Action, "/services/") && strings.HasSuffix(f.Action, "/start") {
			one := base
			one.Form = f.Action
			all = append(all, one)
		}
	}
	if _, none := linkIn(string(page.Raw)); len(all) == 0 || none == nil {
		return []Source{base}
	}
	return all
}
