package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
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
	checks "lommebok.example/wallet-sim/check"
	"lommebok.example/wallet-sim/wallet"
)

// checking is what the two checks share.
type checking struct {
	config, report, junit, html string
	chosen                      checks.Chosen
	who                         person
	settings                    *checks.Config
}

func (k *checking) flags(cmd *cobra.Command, requirements func() ([]checks.Requirement, error)) {
	f := cmd.Flags()
	f.StringVar(&k.config, "config", "", "file that says how to sign in and where requests come from: see above")
	f.StringVar(&k.report, "report", "", "write the report as JSON to a file, or - for the output, as --json does")
	f.StringVar(&k.junit, "junit", "", "write it as JUnit XML to a file, or -")
	f.StringVar(&k.html, "html", "", "write it as a page to a file, or -")
	f.StringSliceVar(&k.chosen.Profiles, "profile", nil, "OpenID4VCI, OpenID4VP or HAIP alone")
	f.StringSliceVar(&k.chosen.IDs, "only", nil, "requirements alone whose identifiers begin or end so")
	complete(cmd, "profile", profileNames)
	complete(cmd, "only", requirementNames(requirements))
}

const checkLong = "\nEach requirement is held, failed, or not tested with the reason. Exit code 3 when one failed. The report holds the requests and the answers,\n" +
	"masked as in the log.\n\n--config is a file like this, of which all may be left out:\n\n"

// configLong is the example as it stands in the help, where indented lines are kept.
var configLong = "  " + strings.ReplaceAll(strings.TrimSpace(checks.ConfigExample), "\n", "\n  ")

func (c *cli) checkIssuerCommand() *cobra.Command {
	k := &checking{}
	var types []string
	var offer, txCode string
	var patience time.Duration
	cmd := &cobra.Command{
		Use: "issuer <address>", Args: one, Short: "drives an issuer through good and faulty flows, and says what held",
		Long: "Gets a credential of each configuration as a wallet that keeps the rules, and then does every fault of the library. With pause in\n" +
			"--config a person signs in, once; the faults then go by the refresh token, and those that take a sign-in of their own are not tested." + checkLong + configLong,
		Example: "  wallet-sim check issuer http://localhost:8080 --person 10 --insecure-allow-http\n" +
			"  wallet-sim check issuer https://issuer.example --type card --config mine.yaml --html report.html --junit report.xml\n" +
			"  wallet-sim check issuer https://issuer.example --only proof_nonce_made_up --config mine.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := (openid4vci.Rules{InsecureAllowHTTP: c.allowHTTP}).CheckIssuer(strings.TrimSuffix(args[0], "/")); err != nil {
				return fmt.Errorf("%w: %w", errUsage, err)
			}
			return c.check(cmd.Context(), k, func(ctx context.Context, way *checks.Way, tell func(checks.Result)) (*checks.Report, error) {
				signIn, err := c.signsIn(k)
				if err != nil {
					return nil, err
				}
				done, err := apart(way.Wallet)
				if err != nil {
					return nil, err
				}
				i := checks.Issuer{
					Address: strings.TrimSuffix(args[0], "/"), Way: way, SignIn: signIn, ByHand: k.settings.Pause, Types: types, Offer: offer, TxCode: txCode,
					Patience: patience, Chosen: k.chosen, Tell: tell,
				}
				report, err := i.Check(ctx)
				return report, errors.Join(err, done())
			})
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&types, "type", nil, "credential configuration identifiers (default all)")
	f.StringVar(&offer, "offer", "", "an offer with a pre-authorized code, to take besides")
	f.StringVar(&txCode, "tx-code", "", "its transaction code")
	f.DurationVar(&patience, "patience", 30*time.Second, "how long to wait for what is issued later")
	k.flags(cmd, checks.IssuerRequirements)
	k.who.flags(cmd)
	return cmd
}

func (c *cli) checkVerifierCommand() *cobra.Command {
	k := &checking{}
	var from string
	cmd := &cobra.Command{
		Use: "verifier <address>", Args: one, Short: "has a verifier ask, answers well and wrongly, and says what held",
		Long: "The wallet must hold what the verifier asks for. At the address, or that of --request-from, stands a page that holds a link with a request or\n" +
			"leads to one; of a verifier of this project it is the front page, and the first service is taken that the wallet can answer." + checkLong + configLong,
		Example: "  wallet-sim check verifier http://localhost:8081 --insecure-allow-http\n" +
			"  wallet-sim check verifier https://verifier.example --request-from https://verifier.example/demo --html report.html\n" +
			"  wallet-sim check verifier https://verifier.example --request-from ./new-request.sh --junit report.xml",
		RunE: func(cmd *cobra.Command, args []string) error {
			if !strings.Contains(args[0], "://") {
				return usage("expected an address, such as https://verifier.example, got %q", args[0])
			}
			return c.check(cmd.Context(), k, func(ctx context.Context, way *checks.Way, tell func(checks.Result)) (*checks.Report, error) {
				v := checks.Verifier{
					Address: strings.TrimSuffix(args[0], "/"), Way: way, Source: sourceOf(k.settings, from, args[0]), Chosen: k.chosen, Tell: tell,
					Browser: func() (*browser.Browser, error) { return c.plainBrowser(browser.Person{}) },
				}
				return v.Check(ctx)
			})
		},
	}
	cmd.Flags().StringVar(&from, requestFrom, "", requestFromSays)
	k.flags(cmd, checks.VerifierRequirements)
	return cmd
}

const requestFrom, requestFromSays = "request-from", "page that leads to a request, or a program that prints its link"

// sourceOf is where requests come from: a page or a program that a flag names, what the configuration says, or else the verifier's address.
func sourceOf(settings *checks.Config, from, address string) checks.Source {
	source := settings.Request
	switch {
	case strings.Contains(from, "://"):
		source.Page, source.Command = from, nil
	case from != "":
		source.Page, source.Command = "", strings.Fields(from)
	case source.Page == "" && len(source.Command) == 0:
		source.Page = address
	}
	return source
}

// settings reads the file that --config names, if any.
func settings(file string) (*checks.Config, error) {
	if file == "" {
		return &checks.Config{}, nil
	}
	read, err := checks.ReadConfig(file)
	if err != nil {
		return nil, usage("--config: %v", err)
	}
	return read, nil
}

// way is the wallet's, with everything that passes looked at.
func (c *cli) way() (*checks.Way, error) {
	w, err := c.wallet()
	if err != nil {
		return nil, err
	}
	roots, err := c.roots()
	if err != nil {
		return nil, err
	}
	w.Record = nil // the report holds what passes
	w.Copies = 2   // a batch, and no more work than it takes to see one
	return checks.NewWay(w, func(through func(http.RoundTripper) http.RoundTripper) *fetch.Client {
		return fetch.New(c.fetching(roots, through))
	}), nil
}

func (c *cli) plainBrowser(who browser.Person) (*browser.Browser, error) {
	t, err := c.transport()
	if err != nil {
		return nil, err
	}
	return browser.New(t, who, c.now)
}

// check makes a check with the wallet, and writes its report.
func (c *cli) check(ctx context.Context, k *checking, run func(context.Context, *checks.Way, func(checks.Result)) (*checks.Report, error)) (err error) {
	if k.settings, err = settings(k.config); err != nil {
		return err
	}
	words, err := c.outputs(map[string]string{"report": k.report, "junit": k.junit, "html": k.html})
	if err != nil {
		return err
	}
	way, err := c.way()
	if err != nil {
		return err
	}
	report, err := run(ctx, way, func(r checks.Result) {
		if words {
			c.tellRequirement(r)
		}
	})
	if report == nil {
		return err
	}
	return errors.Join(err, c.write(k, report, words))
}

func (c *cli) write(k *checking, r *checks.Report, words bool) error {
	if err := errors.Join(c.writeTo(k.junit, r.JUnit), c.writeTo(k.html, r.HTML), c.writeReport(k.report, r)); err != nil {
		return err
	}
	n := r.Count(checks.Failed)
	if words {
		c.say("%d requirements: %d held, %d failed, %d not tested", len(r.Results), r.Count(checks.Held), n, r.Count(checks.NotTested))
	}
	if n > 0 {
		return &told{fmt.Errorf("%w: %d of %d", errNotHeld, n, len(r.Results))}
	}
	return nil
}

// errNotHeld: a requirement failed.
var errNotHeld = errors.New("requirements did not hold")

// outputs refuses what could not be written, before the work is done: names of files by their flags, "" for none and - for the output.
// It tells whether the output is free for words.
func (c *cli) outputs(named map[string]string) (words bool, err error) {
	var out []string
	if c.json {
		out = append(out, "--json")
	}
	for _, flag := range slices.Sorted(maps.Keys(named)) {
		switch name := named[flag]; name {
		case "":
		case stdin:
			out = append(out, "--"+flag+" -")
		default:
			if err := placeFor(name); err != nil {
				return false, usage("--%s: %v", flag, err)
			}
		}
	}
	if len(out) > 1 {
		return false, usage("expected one thing on the output, got %s", strings.Join(out, ", "))
	}
	return len(out) == 0, nil
}

func placeFor(name string) error {
	if at, err := os.Stat(name); err == nil && at.IsDir() {
		return fmt.Errorf("expected the name of a file, got the folder %s", name)
	}
	if at, err := os.Stat(filepath.Dir(name)); err != nil || !at.IsDir() {
		return fmt.Errorf("expected a folder that is there, got %s", filepath.Dir(name))
	}
	return nil
}

// writeReport writes a report as JSON where --report says, and to the output with --json.
func (c *cli) writeReport(name string, report any) error {
	asJSON := func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(report)
	}
	err := c.writeTo(name, asJSON)
	if c.json {
		err = errors.Join(err, asJSON(c.out))
	}
	return err
}

func (c *cli) writeTo(name string, write func(io.Writer) error) error {
	switch name {
	case "":
		return nil
	case stdin:
		return write(c.out)
	}
	f, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

func (c *cli) tellRequirement(r checks.Result) {
	switch r.Outcome {
	case checks.Held:
		c.say("%s %-52s  %s", c.paint(green, "✓"), r.ID, r.Section)
		if r.Why != "" {
			c.say("    %s", r.Why)
		}
	case checks.Failed:
		c.say("%s %-52s  %s\n    %s\n    expected  %s\n    found     %s", c.paint(red, "✗"), r.ID, r.Section, r.Says, r.Expected, r.Found)
	case checks.NotTested:
		c.say("%s %-52s  not tested: %s", c.paint(yellow, "-"), r.ID, r.Why)
	}
}

// signsIn gives what opens an authorization request: a browser by itself, or a person with one.
func (c *cli) signsIn(k *checking) (func(context.Context, string) (url.Values, error), error) {
	if k.settings.Pause {
		lines := bufio.NewScanner(c.in)
		return func(_ context.Context, address string) (url.Values, error) { return c.byHand(lines, address) }, nil
	}
	var who browser.Person
	var err error
	if len(k.settings.Login) == 0 || k.who.number != 0 || k.who.pid != "" {
		if who, err = c.who(&k.who); err != nil {
			return nil, err
		}
	}
	if k.settings.TOTPSecret != "" {
		who.TOTPSecret = k.settings.TOTPSecret
	}
	b, err := c.plainBrowser(who)
	if err != nil {
		return nil, err
	}
	b.Fills = k.settings.Login
	return func(ctx context.Context, address string) (url.Values, error) {
		back, err := b.Authorize(ctx, address, c.url+"/callback")
		if err != nil {
			return nil, err
		}
		return back.Query, nil
	}, nil
}

// byHand lets a person sign in with a browser of their own.
func (c *cli) byHand(lines *bufio.Scanner, address string) (url.Values, error) {
	_, _ = fmt.Fprintf(c.errs, "Open this and sign in:\n  %s\nThe browser ends at %s?…, where nothing may be. Paste that address here: ", address, c.url+"/callback")
	for lines.Scan() {
		u, err := url.Parse(strings.TrimSpace(lines.Text()))
		if err == nil && u.Query().Has("state") {
			return u.Query(), nil
		}
		_, _ = fmt.Fprintf(c.errs, "Expected an address with a state in it, such as %s?code=…&state=…: ", c.url+"/callback")
	}
	return nil, fmt.Errorf("%w: %w", checks.ErrNobody, usage("nobody pasted the address that the browser ended at"))
}

// apart gives the wallet a folder that is deleted afterwards, so that it does not fill with what a check got.
func apart(w *wallet.Wallet) (done func() error, err error) {
	dir, err := os.MkdirTemp("", "wallet-sim-check-")
	if err != nil {
		return nil, err
	}
	w.Store = &wallet.Store{Dir: dir}
	return func() error { return os.RemoveAll(dir) }, nil
}
