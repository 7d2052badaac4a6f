// Package holder is a person with a wallet in a few lines, for tests of issuers and verifiers, also in other projects: it signs
// in on pages, consents, stores what it gets, and shows it to whoever asks. What it stands on are the packages wallet, browser and
// provider, whose errors it gives on; a refusal of the other side is a *wallet.Refusal.
//
//	New                a wallet with a folder, trust anchors, a person, a clock
//	Holder.Accept      OpenID4VCI 1.0: an offer, or an issuer and what to get there
//	Holder.Answer      OpenID4VP 1.0: a request, answered with what it asks for
package holder

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/internal/keys"
	"lommebok.example/specs/x5c"
	"lommebok.example/wallet-sim/browser"
	"lommebok.example/wallet-sim/provider"
	"lommebok.example/wallet-sim/wallet"
)

// Config is what a holder is made of. Dir and Now must be set.
type Config struct {
	Dir    string // keeps the credentials with their keys, and the trust anchors; a holder of the same folder has them again
	Now    func() time.Time
	Person browser.Person // who signs in, and says yes to every consent; empty where nobody has to

	// Issuers and Verifiers are the trust anchors of whose credentials are taken and who may ask.
	Issuers, Verifiers []*x509.Certificate
	// Provider attests the wallet unit and its keys, to issuers that trust Provider.Root; nil for a plain wallet.
	Provider *provider.Provider

	// ClientID is the wallet at authorization servers; "" for wallet-sim, which an issuer that `make run` started takes with a Provider alone.
	ClientID    string
	RedirectURI string // "" for http://localhost:8082/callback; nobody has to listen there
	Copies      int    // of each credential; 0 for as many as the issuer gives, up to 10

	Roots     *x509.CertPool    // for https; nil for the system's
	Transport http.RoundTripper // what requests go by, such as one that calls handlers; nil for the network
	// InsecureAllowHTTP allows http, and addresses of this machine. Safe where all parts are of one test.
	InsecureAllowHTTP bool
}

// Holder is a wallet with the person who holds it. The browser is for one flow at a time.
type Holder struct {
	*wallet.Wallet
	Browser *browser.Browser
}

const (
	callTimeout = 15 * time.Second // longer than our servers take to give up, so that it is they who say so
	maxAnswer   = 1 << 20
)

// New makes a holder.
func New(cfg Config) (*Holder, error) {
	trust := filepath.Join(cfg.Dir, "trust")
	for kind, anchors := range map[string][]*x509.Certificate{"issuers": cfg.Issuers, "verifiers": cfg.Verifiers} {
		for i, anchor := range anchors {
			if err := keys.Replace(filepath.Join(trust, kind), fmt.Sprintf("%d.pem", i+1), x5c.EncodePEM(anchor)); err != nil {
				return nil, err
			}
		}
	}
	w := &wallet.Wallet{
		Store: &wallet.Store{Dir: filepath.Join(cfg.Dir, "wallet")}, Trust: &wallet.Trust{Dir: trust}, Fetch: fetch.New(cfg.fetching()),
		ClientID: "wallet-sim", RedirectURI: "http://localhost:8082/callback", Copies: cfg.Copies, InsecureAllowHTTP: cfg.InsecureAllowHTTP, Now: cfg.Now,
	}
	if cfg.ClientID != "" {
		w.ClientID = cfg.ClientID
	}
	if cfg.RedirectURI != "" {
		w.RedirectURI = cfg.RedirectURI
	}
	if cfg.Provider != nil {
		w.Attester = provider.Unit{Provider: cfg.Provider, ID: provider.NewUnit(), ClientID: w.ClientID}
	}
	b, err := browser.New(cfg.pages(), cfg.Person, cfg.Now)
	return &Holder{Wallet: w, Browser: b}, err
}

func (cfg Config) fetching() fetch.Config {
	f := fetch.Config{Timeout: callTimeout, MaxBytes: maxAnswer, Roots: cfg.Roots, InsecureAllowLoopback: cfg.InsecureAllowHTTP}
	if cfg.Transport != nil {
		f.Through = func(http.RoundTripper) http.RoundTripper { return cfg.Transport }
	}
	return f
}

// pages is what the browser's requests go by.
func (cfg Config) pages() http.RoundTripper {
	if cfg.Transport != nil {
		return cfg.Transport
	}
	return browser.Transport(cfg.Roots)
}

// Accept gets what an offer is of, or one credential configuration of an issuer by its address; configurationID may be "" for an
// offer. The person signs in unless the offer has a pre-authorized code alone; one that takes a transaction code besides is
// wallet.ErrTxCode, and Resolve and Redeem are the way. What the issuer gives later is a *wallet.Later.
func (h *Holder) Accept(ctx context.Context, address, configurationID string) ([]*wallet.Credential, error) {
	plan, err := h.Resolve(ctx, address, configurationID)
	if err != nil {
		return nil, err
	}
	if plan.PreAuthorized != nil {
		return h.Redeem(ctx, plan, "")
	}
	return h.Get(ctx, plan)
}

// Get gets what Resolve has planned, by the browser.
func (h *Holder) Get(ctx context.Context, plan *wallet.Plan) ([]*wallet.Credential, error) {
	authorize, err := h.Begin(ctx, plan)
	if err != nil {
		return nil, err
	}
	back, err := h.Browser.Authorize(ctx, authorize, h.RedirectURI)
	if err != nil {
		return nil, err
	}
	return h.Finish(ctx, back.Query)
}

// Answer shows what a request asks for, and gives where the verifier sends the browser, "" when it is on another device. When the
// wallet does not hold it, access_denied is answered, and the error is wallet.ErrNoMatch with the reasons.
func (h *Holder) Answer(ctx context.Context, link string) (redirect string, err error) {
	r, err := h.Request(ctx, link)
	if err != nil {
		return "", err
	}
	if len(r.Shares) > 0 {
		return h.Share(ctx, r)
	}
	redirect, err = h.Decline(ctx, r)
	return redirect, errors.Join(err, r.Unanswered())
}
