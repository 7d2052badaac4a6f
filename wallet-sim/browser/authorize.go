package browser

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"
)

// Notice is a page that the person could only read and leave: why it does not go on, and what there is to do.
type Notice struct {
	Heading string   `json:"heading"`
	Texts   []string `json:"texts"`
}

// Return is how the browser came back to the wallet, and the notices on its way.
type Return struct {
	Query   url.Values
	Notices []Notice
	Factors []string // what was used to sign in: "password", "totp", "app"
}

// maxPages is more than a sign-in with step-up and consent has.
const maxPages = 20

// Authorize opens an authorization request and does what its pages ask, until they lead to the redirect_uri. A page that
// only tells why it cannot go on is noted, and its way back is taken.
func (b *Browser) Authorize(ctx context.Context, address, redirectURI string) (*Return, error) {
	r := &Return{}
	page, err := b.Open(ctx, address, redirectURI)
	for range maxPages {
		var arrived *Arrived
		if errors.As(err, &arrived) {
			r.Query = arrived.URL.Query()
			return r, nil
		}
		if err != nil {
			return r, err
		}
		page, err = b.step(ctx, page, redirectURI, r)
	}
	return r, fmt.Errorf("%w: %d pages and no end", ErrPage, maxPages)
}

// SignIn opens a page that only a person who is signed in may see, and signs in on the way.
func (b *Browser) SignIn(ctx context.Context, address string) (*Page, *Return, error) {
	want, err := url.Parse(address)
	if err != nil {
		return nil, nil, fmt.Errorf("browser: %w", err)
	}
	r := &Return{}
	page, err := b.Open(ctx, address, "")
	for range maxPages {
		if err != nil {
			return nil, r, err
		}
		if page.URL.Path == want.Path && page.Status < 400 {
			return page, r, nil
		}
		page, err = b.step(ctx, page, "", r)
	}
	return nil, r, fmt.Errorf("%w: %d pages and no end", ErrPage, maxPages)
}

// step answers one page.
func (b *Browser) step(ctx context.Context, p *Page, stop string, r *Return) (*Page, error) {
	if p.Status >= 400 {
		return nil, &StatusError{p.Status, p.Says()}
	}
	if next, done, err := b.fill(ctx, p, stop, r); done {
		return next, err
	}
	if f := p.Form("pid", "password"); f != nil {
		return b.password(ctx, p, f, stop, r)
	}
	if f := p.Form("code"); f != nil {
		return b.code(ctx, p, f, stop, r)
	}
	if number := p.TextOfClass("lb-number"); number != "" {
		return b.approve(ctx, p, number, stop, r)
	}
	if f := p.FormWith("answer", "yes"); f != nil {
		return b.Press(ctx, p, f, "answer", "yes", stop)
	}
	if i := slices.IndexFunc(p.Links, func(l Link) bool { return strings.HasSuffix(l.Href, "/login/cancel") }); i >= 0 {
		r.Notices = append(r.Notices, Notice{Heading: p.Heading, Texts: p.Texts})
		back, err := p.URL.Parse(p.Links[i].Href)
		if err != nil {
			return nil, fmt.Errorf("browser: %w", err)
		}
		return b.Open(ctx, back.String(), stop)
	}
	return nil, fmt.Errorf("%w: %s", ErrPage, p.Says())
}

func (b *Browser) password(ctx context.Context, p *Page, f *Form, stop string, r *Return) (*Page, error) {
	if len(p.Errors) > 0 {
		return nil, fmt.Errorf("%w: %s", ErrPage, strings.Join(p.Errors, " "))
	}
	if b.Person.PID == "" || b.Person.Password == "" {
		return nil, fmt.Errorf("%w: it asks for identity number and password, and there are none to give", ErrPage)
	}
	r.Factors = append(r.Factors, "password")
	return b.Submit(ctx, p, f, url.Values{"pid": {b.Person.PID}, "password": {b.Person.Password}}, stop)
}

// code gives the one-time code of now. A code that was used before is refused, so once the next one is waited for.
func (b *Browser) code(ctx context.Context, p *Page, f *Form, stop string, r *Return) (*Page, error) {
	if b.Person.TOTPSecret == "" {
		if app := p.FormWith("factor", "app"); app != nil {
			return b.Press(ctx, p, app, "factor", "app", stop)
		}
		return nil, fmt.Errorf("%w: it asks for a one-time code, and there is no secret to make it from", ErrPage)
	}
	if len(p.Errors) > 0 {
		if slices.Contains(r.Factors, "totp") && slices.Contains(r.Factors, "totp again") {
			return nil, fmt.Errorf("%w: %s", ErrPage, strings.Join(p.Errors, " "))
		}
		if err := b.wait(ctx, untilNextCode(b.Now())); err != nil {
			return nil, err
		}
		r.Factors = append(r.Factors, "totp again")
	} else {
		r.Factors = append(r.Factors, "totp")
	}
	code, err := totp.GenerateCode(b.Person.TOTPSecret, b.Now())
	if err != nil {
		return nil, fmt.Errorf("browser: the TOTP secret: %w", err)
	}
	return b.Submit(ctx, p, f, url.Values{"code": {code}}, stop)
}

const codePeriod = 30 * time.Second // RFC 6238 section 5.2

func untilNextCode(now time.Time) time.Duration {
	return now.Truncate(codePeriod).Add(codePeriod + 100*time.Millisecond).Sub(now)
}

func (b *Browser) wait(ctx context.Context, d time.Duration) error {
	if b.Wait != nil {
		return b.Wait(ctx, d)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// approve types the number in the app and looks at the page again.
func (b *Browser) approve(ctx context.Context, p *Page, number, stop string, r *Return) (*Page, error) {
	if b.Person.Approve == nil {
		return nil, fmt.Errorf("%w: it asks for the MinID app, and there is none", ErrPage)
	}
	if slices.Contains(r.Factors, "app") {
		return nil, fmt.Errorf("%w: it asks for the MinID app again: %s", ErrPage, p.Says())
	}
	if err := b.Person.Approve(ctx, number); err != nil {
		return nil, fmt.Errorf("the MinID app: %w", err)
	}
	r.Factors = append(r.Factors, "app")
	return b.Open(ctx, p.URL.String(), stop)
}
