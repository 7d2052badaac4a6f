package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"lommebok.example/internal/fetch"
	"lommebok.example/wallet-sim/browser"
	checks "lommebok.example/wallet-sim/check"
	"lommebok.example/wallet-sim/faults"
	"lommebok.example/wallet-sim/wallet"
)

func (c *cli) faultCommand() *cobra.Command {
	cmd := noun("fault", "what a wallet can do wrong, and who notices", c.faultListCommand(), c.faultShowCommand(), c.faultRunCommand())
	cmd.Long = cmd.Short + "\n\n" + strings.TrimSpace(faults.Language)
	return cmd
}

func (c *cli) faultListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Args: none, Short: "the faults that stand ready", Example: "  wallet-sim fault list",
		RunE: func(*cobra.Command, []string) error {
			all, err := faults.Library()
			if err != nil {
				return err
			}
			return c.print(all, func() {
				for _, f := range all {
					c.say("%-44s  %-28s  %s", f.Name, f.At, f.Breaks)
				}
			})
		},
	}
}

func (c *cli) faultShowCommand() *cobra.Command {
	return &cobra.Command{
		Use: "show <all, name, file or folder>…", Args: some, ValidArgsFunction: completed(faultNames), Short: "faults as YAML, to write others by",
		Example: "  wallet-sim fault show dpop_htm_get > mine.yaml\n  wallet-sim fault show token dpop_htm_get --json",
		RunE: func(_ *cobra.Command, args []string) error {
			all, err := faultsOf(args...)
			if err != nil {
				return err
			}
			var documents []string
			for _, f := range all {
				raw, err := yaml.Marshal(f)
				if err != nil {
					return err
				}
				documents = append(documents, strings.TrimSpace(string(raw)))
			}
			return c.print(all, func() { c.say("%s", lines(strings.Join(documents, "\n---\n"))) })
		},
	}
}

// faultsOf are the faults of each: all of the library, those whose names begin so, or those of a file or folder.
func faultsOf(each ...string) ([]faults.Fault, error) {
	var all []faults.Fault
	for _, what := range each {
		some, err := faultsNamed(what)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

func faultsNamed(what string) ([]faults.Fault, error) {
	if _, err := os.Stat(what); err == nil {
		all, err := faults.Load(what)
		if errors.Is(err, faults.ErrFault) {
			return nil, usage("%v", err)
		}
		return all, err
	}
	all, err := faults.Library()
	if err != nil {
		return nil, err
	}
	var some []faults.Fault
	for _, f := range all {
		if what == "all" || f.Name == what || strings.HasPrefix(f.Name, what+"_") {
			some = append(some, f)
		}
	}
	if len(some) == 0 {
		return nil, usage("%s is no file, no folder and no fault of the library: see wallet-sim fault list", what)
	}
	return some, nil
}

func (c *cli) faultRunCommand() *cobra.Command {
	p := &person{}
	var issuer, configuration, verifier, from, config string
	cmd := &cobra.Command{
		Use: "run <all, name, file or folder>", Args: one, ValidArgsFunction: first(faultNames), Short: "does faults, and tells whether each is refused as expected",
		Long: "Makes one issuance without a fault, which must go well, and then one for each fault; with --verifier so with presentations, of what the\n" +
			"wallet holds, and requests come as for `check verifier`. The argument is all, a name of the library or its beginning (dpop, presentation), a\n" +
			"file, or a folder of *.yaml. Exit code 3 when a fault was not refused as expected. The language is in `wallet-sim fault --help`.",
		Example: "  wallet-sim fault run all --issuer http://localhost:8080 --type proof_of_age --person 10 --insecure-allow-http\n" +
			"  wallet-sim fault run mine.yaml --issuer https://issuer.example --type card --pid … --password … --totp-secret … --json\n" +
			"  wallet-sim fault run presentation --verifier http://localhost:8081 --insecure-allow-http\n" +
			"  wallet-sim fault run mine/ --verifier https://verifier.example --request-from ./new-request.sh",
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := faultsOf(args[0])
			if err != nil {
				return err
			}
			if all = faults.Answers(all, verifier != ""); verifier != "" && issuer == "" && len(all) > 0 {
				read, err := settings(config)
				if err != nil {
					return err
				}
				return c.runAnswers(cmd.Context(), all, verifier, sourceOf(read, from, verifier))
			}
			if issuer == "" || configuration == "" || verifier != "" || len(all) == 0 {
				return usage("expected --issuer and --type for faults of issuing, or --verifier for those at the %s", faults.AtAnswer)
			}
			return c.runFaults(cmd.Context(), all, issuer, configuration, p)
		},
	}
	cmd.Flags().StringVar(&issuer, "issuer", "", "address of the issuer")
	cmd.Flags().StringVar(&verifier, "verifier", "", "page of a verifier that holds a link with a request, or leads to one")
	cmd.Flags().StringVar(&from, requestFrom, "", requestFromSays)
	cmd.Flags().StringVar(&config, "config", "", "file that says where requests of the verifier come from: see check verifier")
	cmd.Flags().StringVar(&configuration, "type", "", "credential configuration identifier")
	p.flags(cmd)
	return cmd
}

// errNotRefused: a fault was not refused as expected.
var errNotRefused = errors.New("faults were not refused as expected")

func (c *cli) runFaults(ctx context.Context, all []faults.Fault, issuer, configuration string, p *person) (err error) {
	b, err := c.browser(p)
	if err != nil {
		return err
	}
	w, way, err := c.faultyWallet(faults.Longest(all))
	if err != nil {
		return err
	}
	done, err := apart(w)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	issue := func(ctx context.Context) error {
		got, _, err := get(ctx, w, b, issuer, configuration)
		_, err = w.AwaitAll(ctx, got, err)
		return err
	}
	results := []faults.Result{}
	tell := func(r faults.Result) {
		if results = append(results, r); !c.json {
			c.tellResult(r)
		}
	}
	if err := faults.Run(ctx, way, w, all, issue, tell); err != nil {
		return err
	}
	return c.sumUp(results)
}

// runAnswers does faults to presentations. What was done to no request is told as not held.
func (c *cli) runAnswers(ctx context.Context, all []faults.Fault, verifier string, source checks.Source) error {
	byName := map[string]*faults.Fault{}
	for i := range all {
		byName[all[i].Name] = &all[i]
	}
	way, err := c.way()
	if err != nil {
		return err
	}
	results := []faults.Result{}
	v := checks.Verifier{
		Address: strings.TrimSuffix(verifier, "/"), Way: way, Source: source, Faults: all,
		Browser: func() (*browser.Browser, error) { return c.plainBrowser(browser.Person{}) },
		Tell: func(one checks.Result) {
			r := one.AsFault(byName[one.ID])
			if results = append(results, r); !c.json {
				c.tellResult(r)
			}
		},
	}
	if _, err := v.Check(ctx); err != nil {
		return err
	}
	return c.sumUp(results)
}

func (c *cli) tellResult(r faults.Result) {
	sign := c.paint(green, "✓")
	if !r.Held {
		sign = c.paint(red, "✗")
	}
	answer := fmt.Sprintf("%d %s", r.Status, r.Code)
	if r.Status == 0 {
		answer = r.Says
	}
	c.say("%s %-44s  %s  (%s)", sign, r.Fault, answer, r.Breaks)
	if !r.Held && r.Status != 0 {
		c.say("    %s", r.Says)
	}
}

func (c *cli) sumUp(results []faults.Result) error {
	held := 0
	for _, r := range results {
		if r.Held {
			held++
		}
	}
	if err := c.print(results, func() { c.say("%d of %d faults were refused as expected", held, len(results)) }); err != nil || held == len(results) {
		return err
	}
	return &told{errNotRefused}
}

// faultyWallet is a wallet whose requests go through a transport that does faults, and holds a message up for as long as wait.
func (c *cli) faultyWallet(wait time.Duration) (*wallet.Wallet, *faults.Transport, error) {
	w, err := c.wallet()
	if err != nil {
		return nil, nil, err
	}
	roots, err := c.roots()
	if err != nil {
		return nil, nil, err
	}
	way := &faults.Transport{Keys: &faults.Keys{}}
	way.Keys.Lend(w.Attester)
	w.NewKey, w.Copies = way.Keys.New, 1
	fetching := c.fetching(roots, func(next http.RoundTripper) http.RoundTripper {
		way.Next = next
		return way
	})
	fetching.Timeout += wait
	w.Fetch = fetch.New(fetching)
	return w, way, nil
}

func (c *cli) fetching(roots *x509.CertPool, through func(http.RoundTripper) http.RoundTripper) fetch.Config {
	return fetch.Config{Timeout: callTimeout, MaxBytes: maxAnswer, Roots: roots, InsecureAllowLoopback: c.allowHTTP, Through: through}
}
