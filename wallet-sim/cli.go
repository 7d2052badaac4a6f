package main

import (
	"cmp"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lommebok.example/internal/fetch"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/wallet-sim/browser"
	"lommebok.example/wallet-sim/journal"
	"lommebok.example/wallet-sim/phone"
	"lommebok.example/wallet-sim/wallet"
)

// cli holds what the commands share.
type cli struct {
	in        io.Reader
	out, errs io.Writer
	now       func() time.Time
	paint     func(colour, text string) painted
	running   bool // the arguments could be read

	json      bool
	data      string
	name      string // of the wallet
	trust     string
	ca        string
	clientID  string
	providing string // folder of the wallet provider
	plain     bool
	proofType string
	url       string
	allowHTTP bool
}

func (c *cli) flags(root *cobra.Command) {
	f := root.PersistentFlags()
	f.BoolVar(&c.json, "json", false, "answer in JSON, errors too")
	f.StringVar(&c.data, "data", "data", "folder of the simulator's data")
	f.StringVar(&c.name, "wallet", "", "which wallet: that in wallets/NAME of the data folder, made when it is first used (default the one in wallet/)")
	f.StringVar(&c.trust, "trust", "", "folder of trust anchors: issuers/*.pem and verifiers/*.pem (default <data>/trust)")
	f.StringVar(&c.ca, "ca", "", "a certificate authority for https besides the system's, as PEM")
	f.StringVar(&c.clientID, "client-id", "wallet-sim", "the wallet's client_id at authorization servers, and sub of its attestations")
	f.StringVar(&c.providing, "wallet-provider", "", "folder of the stand-in wallet provider (default <data>/wallet-provider)")
	f.BoolVar(&c.plain, "plain", false, "be a wallet without attestations, as a public client")
	f.StringVar(&c.proofType, "proof-type", "", "prove keys by jwt or by attestation (default jwt, where the issuer takes it)")
	f.StringVar(&c.url, "url", "http://localhost:8082", "the simulator's own address; its /callback is the redirect_uri")
	f.BoolVar(&c.allowHTTP, "insecure-allow-http", false, "allow http and addresses of this machine; safe where all parts run on one developer's machine")
}

func (c *cli) checkFlags() error {
	if u, err := url.Parse(c.url); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return usage("--url: expected an address such as http://localhost:8082, got %q", c.url)
	}
	if !slices.Contains([]string{"", openid4vci.ProofTypeJWT, openid4vci.ProofTypeAttestation}, c.proofType) {
		return usage("--proof-type: expected %s or %s, got %q", openid4vci.ProofTypeJWT, openid4vci.ProofTypeAttestation, c.proofType)
	}
	return nil
}

// withHint says of an address that was refused for its scheme how it is allowed.
func (c *cli) withHint(err error, args []string) error {
	plain := slices.ContainsFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "http://") })
	if c.allowHTTP || !plain || !errors.Is(err, fetch.ErrAddress) && !errors.Is(err, openid4vci.ErrIssuer) {
		return err
	}
	return fmt.Errorf("%w (http, and addresses of this machine, are allowed by --insecure-allow-http)", err)
}

func (c *cli) trustDir() string {
	if c.trust != "" {
		return c.trust
	}
	return filepath.Join(c.data, "trust")
}

// roots are nil for the system's.
func (c *cli) roots() (*x509.CertPool, error) {
	if c.ca == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(c.ca)
	if err != nil {
		return nil, usage("--ca: %v", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, err
	}
	if !pool.AppendCertsFromPEM(raw) {
		return nil, usage("--ca: %s holds no certificate", c.ca)
	}
	return pool, nil
}

func (c *cli) wallet() (*wallet.Wallet, error) {
	roots, err := c.roots()
	if err != nil {
		return nil, err
	}
	attester, err := c.attester()
	if err != nil {
		return nil, err
	}
	store, err := c.store()
	if err != nil {
		return nil, err
	}
	return &wallet.Wallet{
		Record: journal.Journal{Dir: store.Dir}.Write, Attester: attester, ProofType: c.proofType, Store: store, Trust: &wallet.Trust{Dir: c.trustDir()}, Fetch: c.fetcher(roots),
		ClientID: c.clientID, RedirectURI: c.url + "/callback", InsecureAllowHTTP: c.allowHTTP, Now: c.now,
	}, nil
}

func (c *cli) fetcher(roots *x509.CertPool) *fetch.Client {
	return fetch.New(c.fetching(roots, nil))
}

const (
	callTimeout = 15 * time.Second // longer than our servers take to give up, so that it is they who say so
	maxAnswer   = 1 << 20
)

func (c *cli) transport() (http.RoundTripper, error) {
	roots, err := c.roots()
	if err != nil {
		return nil, err
	}
	return browser.Transport(roots), nil
}

func (c *cli) devices() (*phone.Devices, error) {
	t, err := c.transport()
	if err != nil {
		return nil, err
	}
	dir, err := c.walletDir()
	return &phone.Devices{Dir: filepath.Join(dir, "phone"), HTTP: &http.Client{Transport: t, Timeout: callTimeout}, Now: c.now}, err
}

// print writes v as JSON, or calls the function that tells it to a person.
func (c *cli) print(v any, words func()) error {
	if !c.json {
		words()
		return nil
	}
	e := json.NewEncoder(c.out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// explain tells an error: in words on the error output, or with --json as an object on the output.
func (c *cli) explain(err error) {
	var refusal *wallet.Refusal
	known := errors.As(err, &refusal)
	var said *told
	if c.json && errors.As(err, &said) {
		return
	}
	if c.json {
		answer := map[string]any{"error": outcomes[c.exitCode(err)], "message": err.Error()}
		if known {
			answer["error"], answer["refusal"] = cmp.Or(refusal.Code, outcomes[exitRefused]), refusal
		}
		var seen *noticed
		if errors.As(err, &seen) {
			answer["notices"] = seen.notices
		}
		var some *partly
		if errors.As(err, &some) {
			answer["stored"], answer["pending"] = some.got.Stored, some.got.Pending
		}
		if raw, e := json.Marshal(answer); e == nil {
			_, _ = fmt.Fprintln(c.out, string(raw))
		}
		return
	}
	var seen *noticed
	if errors.As(err, &seen) {
		c.tellNotices(seen.notices)
	}
	if !known {
		c.complain("wallet-sim: %v", err)
		return
	}
	c.complain("wallet-sim: refused.\n  step         %s\n  asked        %s", refusal.Step, refusal.Endpoint)
	if len(refusal.Sent) > 0 {
		c.complain("  sent         %s", lines(strings.Join(refusal.Sent, "\n               ")))
	}
	if refusal.Status != 0 {
		c.complain("  status       %d", refusal.Status)
	}
	for _, one := range []struct{ name, says string }{{"error", refusal.Code}, {"description", refusal.Description}, {"see", refusal.Page}} {
		if one.says != "" {
			c.complain("  %-11s  %s", one.name, one.says)
		}
	}
}

// peopleFile is where an issuer that was started by up writes its test people.
func (c *cli) peopleFile() string { return filepath.Join(c.data, "issuer", "test-people.json") }
