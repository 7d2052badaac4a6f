package browser

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"

	"github.com/pquerna/otp/totp"
)

// Fill is how a page of somebody else's sign-in is answered: it is meant for the form that has its fields, or its button.
type Fill struct {
	Fields map[string]string `yaml:"fields"` // name → what is filled in
	Code   string            `yaml:"code"`   // the field for a one-time code
	Press  map[string]string `yaml:"press"`  // name → value of the button that sends the form
}

// form finds what a fill is meant for, nil when the page has no such form.
func (f *Fill) form(p *Page) *Form {
	names := slices.Collect(maps.Keys(f.Fields))
	if f.Code != "" {
		names = append(names, f.Code)
	}
	for _, one := range p.Forms {
		fields := !slices.ContainsFunc(names, func(n string) bool { return !one.Fields.Has(n) })
		buttons := true
		for name, value := range f.Press {
			buttons = buttons && slices.ContainsFunc(one.Buttons, func(b Button) bool { return b.Name == name && b.Value == value })
		}
		if fields && buttons {
			return one
		}
	}
	return nil
}

// fill answers a page as the first of b.Fills says that is meant for it. A fill is used once in a sign-in: a page that shows the same
// form again has not taken what was filled in.
func (b *Browser) fill(ctx context.Context, p *Page, stop string, r *Return) (page *Page, done bool, err error) {
	for n := range b.Fills {
		f, used := &b.Fills[n], fmt.Sprintf("fill %d", n+1)
		form := f.form(p)
		if form == nil || slices.Contains(r.Factors, used) {
			continue
		}
		r.Factors = append(r.Factors, used)
		values := url.Values{}
		for name, value := range f.Fields {
			values.Set(name, value)
		}
		for name, value := range f.Press {
			values.Set(name, value)
		}
		if f.Code != "" {
			code, err := totp.GenerateCode(b.Person.TOTPSecret, b.Now())
			if err != nil {
				return nil, true, fmt.Errorf("browser: the TOTP secret: %w", err)
			}
			values.Set(f.Code, code)
		}
		page, err = b.Submit(ctx, p, form, values, stop)
		return page, true, err
	}
	return nil, false, nil
}
