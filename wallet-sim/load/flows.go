package load

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"lommebok.example/wallet-sim/browser"
	"lommebok.example/wallet-sim/check"
	"lommebok.example/wallet-sim/inspect"
	"lommebok.example/wallet-sim/wallet"
)

// Setting says who comes, and where.
type Setting struct {
	Issuer string // its identifier
	Type   string // the credential configuration that all holders get
	People []browser.Person
	// Source is how the verifier comes to ask; its zero value: there is no verifier.
	Source check.Source
	// Wallet makes the wallet of one holder, with a store of its own.
	Wallet func(holder int) (*wallet.Wallet, error)
	// Browser makes a browser in which nobody is signed in.
	Browser func(browser.Person) (*browser.Browser, error)
}

// Holders have got a credential each.
type Holders struct {
	setting Setting
	all     []*holder
}

type holder struct {
	wallet     *wallet.Wallet
	browser    *browser.Browser
	credential string
}

// Prepare makes holders and has each get a credential: the people take turns, each signs in once. Errors: ErrConfig, and the first of the
// wallet or the browser.
func Prepare(ctx context.Context, s Setting, holders int) (*Holders, error) {
	if len(s.People) == 0 {
		return nil, fmt.Errorf("%w: nobody signs in", ErrConfig)
	}
	h := &Holders{setting: s, all: make([]*holder, holders)}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var under sync.WaitGroup
	for i, person := range s.People[:min(holders, len(s.People))] {
		under.Go(func() {
			if err := h.prepare(ctx, person, i); err != nil {
				stop(err) // what stops one would stop them all
			}
		})
	}
	under.Wait()
	return h, context.Cause(ctx)
}

// prepare makes every holder of a person: first, first + number of people, and so on.
func (h *Holders) prepare(ctx context.Context, person browser.Person, first int) error {
	signedIn, err := h.setting.Browser(person)
	if err != nil {
		return err
	}
	for i := first; i < len(h.all); i += len(h.setting.People) {
		w, err := h.setting.Wallet(i)
		if err != nil {
			return err
		}
		b := signedIn
		if i != first {
			if b, err = signedIn.Twin(h.setting.Issuer); err != nil {
				return err
			}
		}
		h.all[i] = &holder{wallet: w, browser: b}
		if err := h.issue(ctx, h.all[i]); err != nil {
			return fmt.Errorf("holder %d: %w", i+1, err)
		}
	}
	return nil
}

// Does are the flows by their names.
func (h *Holders) Does() map[string]func(ctx context.Context, holder int) error {
	of := func(do func(context.Context, *holder) error) func(context.Context, int) error {
		return func(ctx context.Context, n int) error { return do(ctx, h.all[n]) }
	}
	all := map[string]func(context.Context, int) error{"metadata": of(h.metadata), "issue": of(h.issue), "refresh": of(h.refresh), "status": of(h.status)}
	if h.setting.Source.Page != "" || len(h.setting.Source.Command) > 0 {
		all["present"] = of(h.present)
	}
	return all
}

// Flows are the names of those that there are here.
func (s Setting) Flows() []string { return slices.Sorted(maps.Keys((&Holders{setting: s}).Does())) }

// Named gives flows by name=weight. Errors: ErrConfig.
func (h *Holders) Named(weights map[string]int) ([]Flow, error) {
	does := h.Does()
	var all []Flow
	for _, name := range slices.Sorted(maps.Keys(weights)) {
		do, ok := does[name]
		if !ok {
			return nil, fmt.Errorf("%w: no flow is called %q here: expected one of %s", ErrConfig, name, strings.Join(h.setting.Flows(), ", "))
		}
		all = append(all, Flow{name, weights[name], do})
	}
	return all, nil
}

// Check tells whether the flows of these names can be planned here, before anybody is prepared. Errors: ErrConfig.
func (s Setting) Check(cfg Config, weights map[string]int) (err error) {
	if cfg.Flows, err = (&Holders{setting: s}).Named(weights); err != nil {
		return err
	}
	_, err = cfg.Plan()
	return err
}

// metadata fetches what issuer and authorization server say of themselves.
func (h *Holders) metadata(ctx context.Context, one *holder) error {
	_, err := one.wallet.Resolve(ctx, h.setting.Issuer, h.setting.Type)
	return err
}

// issue is the authorization code flow whole, from the metadata to the credential; the person is signed in already, but for the first time.
func (h *Holders) issue(ctx context.Context, one *holder) error {
	plan, err := one.wallet.Resolve(ctx, h.setting.Issuer, h.setting.Type)
	if err != nil {
		return err
	}
	authorize, err := one.wallet.Begin(ctx, plan)
	if err != nil {
		return err
	}
	back, err := one.browser.Authorize(ctx, authorize, one.wallet.RedirectURI)
	if err != nil {
		return err
	}
	got, err := one.wallet.Finish(ctx, back.Query)
	if err != nil {
		return err
	}
	if one.credential != "" {
		_, err = one.wallet.Store.Delete(one.credential)
	}
	one.credential = got[0].ID
	return err
}

// refresh is a token by refresh token, a nonce and a Credential Request.
func (h *Holders) refresh(ctx context.Context, one *holder) error {
	got, err := one.wallet.Renew(ctx, one.credential)
	if err == nil {
		one.credential = got.ID
	}
	return err
}

// status checks the holder's credential as somebody who was shown it does, above all at the issuer's status list.
func (h *Holders) status(ctx context.Context, one *holder) error {
	credential, err := one.wallet.Store.Get(one.credential)
	if err != nil {
		return err
	}
	issuers, err := one.wallet.Trust.Issuers()
	if err != nil {
		return err
	}
	asked := errNoList
	verdict, err := inspect.Verify(ctx, []byte(credential.Copies[0].Credential), inspect.Expect{
		Issuers: issuers, At: one.wallet.Now(), Fetch: func(ctx context.Context, uri, media string) (body []byte, err error) {
			body, asked = one.list(ctx, uri, media)
			return body, asked
		},
	})
	if err = errors.Join(err, asked); err != nil {
		return err
	}
	for _, c := range verdict.Checks {
		if c.Outcome == inspect.Failed {
			return fmt.Errorf("%s: %s", c.Name, c.Says)
		}
	}
	return nil
}

var errNoList = errors.New("load: the credential names no status list, or its issuer is not trusted")

// list fetches a status list.
func (one *holder) list(ctx context.Context, uri, media string) ([]byte, error) {
	answer, err := one.wallet.Fetch.Get(ctx, uri, media)
	if err != nil && answer != nil && answer.Status != http.StatusOK {
		return nil, &wallet.Refusal{Step: "status list", Endpoint: "GET " + uri, Status: answer.Status}
	}
	if err != nil {
		return nil, err
	}
	return answer.Body, nil
}

// present has the verifier ask, and answers.
func (h *Holders) present(ctx context.Context, one *holder) error {
	link, err := h.setting.Source.Link(ctx, one.browser, nil)
	if err != nil {
		return err
	}
	r, err := one.wallet.Request(ctx, link)
	if err != nil {
		return err
	}
	if len(r.Shares) == 0 {
		_, err := one.wallet.Decline(ctx, r)
		return errors.Join(err, r.Unanswered())
	}
	_, err = one.wallet.Share(ctx, r)
	return err
}
