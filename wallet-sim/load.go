package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lommebok.example/wallet-sim/browser"
	checks "lommebok.example/wallet-sim/check"
	"lommebok.example/wallet-sim/load"
	"lommebok.example/wallet-sim/phone"
	"lommebok.example/wallet-sim/wallet"
)

// loading is what the command is told.
type loading struct {
	issuer, kind, verifier, service string
	report, chart                   string
	flows                           []string
	cfg                             load.Config
	who                             person
}

func (c *cli) loadCommand() *cobra.Command {
	l := &loading{}
	cmd := &cobra.Command{
		Use: "load", Args: none, Short: "many holders at a rate of arrivals, and how the servers fared",
		Long: "Holders get a credential each, which is not measured. Then they come at the rate, whether or not those before were answered: a slow server\n" +
			"is not spared, and its answers count from when they were planned. Each arrival ends in one way: ok, busy (503 or 429), refused, failed, or\n" +
			"not sent, when every holder was at something. Ctrl-C ends the arrivals; what is under way is waited for, and reported.\n\n" +
			"The flows: metadata; issue (the authorization code flow by somebody who is signed in); refresh (token, nonce, credential); status (the\n" +
			"list that says whether the credential is revoked, fetched and checked); present, which takes --verifier.\n" +
			"Exit code 3 when something was refused, 1 when something failed.",
		Example: "  wallet-sim load --issuer http://localhost:8080 --rate 50 --for 20s --flow refresh=9 --flow metadata=1 --insecure-allow-http\n" +
			"  wallet-sim load --issuer http://localhost:8080 --verifier http://localhost:8081 --flow present=1 --count 500 --rate 20 --chart load.svg --report load.json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if l.cfg.Count > 0 && !cmd.Flags().Changed("for") {
				l.cfg.For = 0
			}
			return c.load(cmd.Context(), l)
		},
	}
	f := cmd.Flags()
	f.StringVar(&l.issuer, "issuer", "", "identifier of the issuer that the holders' credentials are of")
	f.StringVar(&l.kind, "type", "proof_of_age", "credential configuration that they get")
	f.StringVar(&l.verifier, "verifier", "", "verifier for the flow present: its front page")
	f.StringVar(&l.service, "service", "aldersgrense", "service on the front page that asks")
	f.Float64Var(&l.cfg.Rate, "rate", 10, "arrivals a second")
	f.IntVar(&l.cfg.Count, "count", 0, "how many arrivals (default as --for has it)")
	f.DurationVar(&l.cfg.For, "for", 10*time.Second, "for how long they come; with --count alone until then")
	f.IntVar(&l.cfg.Holders, "holders", 50, "wallets with keys of their own; as many arrivals are under way at the most")
	f.StringArrayVar(&l.flows, "flow", []string{"refresh=1"}, "what they do, and its weight: NAME=WEIGHT, several times")
	f.Uint64Var(&l.cfg.Seed, "seed", 1, "the same arrivals for the same seed")
	f.StringVar(&l.report, "report", "", "write the report as JSON to a file, or - for the output, as --json does")
	f.StringVar(&l.chart, "chart", "", "write a chart as SVG to a file, or -")
	complete(cmd, "flow", flowNames)
	l.who.flags(cmd)
	return cmd
}

func (c *cli) load(ctx context.Context, l *loading) (err error) {
	weights, err := weightsOf(l.flows)
	if err != nil {
		return err
	}
	switch {
	case l.issuer == "":
		return usage("--issuer: whose credentials the holders get")
	case weights["present"] > 0 && l.verifier == "":
		return usage("--flow present: takes --verifier, to whom they present")
	}
	words, err := c.outputs(map[string]string{"report": l.report, "chart": l.chart})
	if err != nil {
		return err
	}
	people, err := c.crowd(&l.who)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "wallet-sim-load-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	setting, err := c.setting(l, people, dir)
	if err != nil {
		return err
	}
	if err := setting.Check(l.cfg, weights); err != nil {
		return usage("%v", err)
	}
	if words {
		c.say("%d holders get a credential each, by %d people. A code of an authenticator app is taken once: who signed in just now waits for the next.",
			l.cfg.Holders, min(len(people), l.cfg.Holders))
	}
	begun := c.now()
	holders, err := load.Prepare(ctx, setting, l.cfg.Holders)
	if err != nil {
		return err
	}
	preparing := c.now().Sub(begun).Seconds()
	if words {
		c.say("They were ready in %.1f s.", preparing)
	}
	l.cfg.Now = c.now
	if l.cfg.Flows, err = holders.Named(weights); err != nil {
		return usage("%v", err)
	}
	report, err := load.Run(ctx, l.cfg)
	if err != nil {
		return usage("%v", err)
	}
	report.Preparing = preparing
	if words {
		c.tellLoad(report)
	}
	if err := c.writeLoad(l, report); err != nil {
		return err
	}
	return endOfLoad(report)
}

func weightsOf(flows []string) (map[string]int, error) {
	weights := map[string]int{}
	for _, f := range flows {
		name, weight, _ := strings.Cut(f, "=")
		n, err := strconv.Atoi(weight)
		if err != nil || n < 1 || weights[name] != 0 {
			return nil, usage("--flow: expected NAME=WEIGHT, each name once and a weight from 1, got %q", f)
		}
		weights[name] = n
	}
	return weights, nil
}

// crowd are the people who sign in: the one who was named, or all test people with an authenticator app.
func (c *cli) crowd(p *person) ([]browser.Person, error) {
	if p.number != 0 || p.pid != "" {
		one, err := c.who(p)
		return []browser.Person{one}, err
	}
	file := p.people
	if file == "" {
		file = c.peopleFile()
	}
	all, err := phone.ReadPeople(file)
	var people []browser.Person
	for _, one := range all {
		if one.TOTPSecret != "" {
			people = append(people, browser.Person{PID: one.PID, Password: one.Password, TOTPSecret: one.TOTPSecret})
		}
	}
	if err == nil && len(people) == 0 {
		err = usage("who signs in: %s has nobody; --people, --person, or --pid and --password with --totp-secret", file)
	}
	return people, err
}

// setting has the holders share one wallet unit, opened once; each has a store of its own.
func (c *cli) setting(l *loading, people []browser.Person, dir string) (load.Setting, error) {
	opened, err := c.wallet()
	if err != nil {
		return load.Setting{}, err
	}
	s := load.Setting{
		Issuer: strings.TrimSuffix(l.issuer, "/"), Type: l.kind, People: people, Browser: c.plainBrowser,
		Wallet: func(holder int) (*wallet.Wallet, error) {
			w := *opened
			w.Store, w.Record, w.Copies = &wallet.Store{Dir: filepath.Join(dir, strconv.Itoa(holder))}, nil, 1
			return &w, nil
		},
	}
	if l.verifier != "" {
		s.Source = checks.Source{Page: strings.TrimSuffix(l.verifier, "/") + "/", Form: "/services/" + l.service + "/start"}
	}
	return s, nil
}

func (c *cli) tellLoad(r *load.Report) {
	c.say("%.1f arrivals a second planned, %.1f came, %.1f were served, in %.1f s", r.Planned, r.Came, r.Served, r.Took)
	if r.Late > 100 {
		c.say("an arrival was begun %.0f ms after its time: this machine is slow itself", r.Late)
	}
	c.say("%-10s %9s %8s %8s %8s %8s %9s  %s", "", "arrivals", "ok", "busy", "refused", "failed", "not sent", "ms: p50, p90, p95, p99, max")
	for _, p := range append(r.Flows, r.Total) {
		name, m := p.Flow, p.Milliseconds
		if name == "" {
			name = "all"
		}
		took := "-"
		if p.OK > 0 {
			took = fmt.Sprintf("%.1f, %.1f, %.1f, %.1f, %.1f", m.P50, m.P90, m.P95, m.P99, m.Max)
		}
		c.say("%-10s %9d %8d %8d %8d %8d %9d  %s", name, p.Arrivals, p.OK, p.Busy, p.Refused, p.Failed, p.NotSent, took)
	}
	for _, code := range slices.Sorted(maps.Keys(r.Total.Codes)) {
		c.say("  %d times %s, the first: %s", r.Total.Codes[code], code, lines(r.Total.Says[code]))
	}
}

func (c *cli) writeLoad(l *loading, r *load.Report) error {
	return errors.Join(c.writeReport(l.report, r), c.writeTo(l.chart, r.Chart))
}

// errLoad: not everything was answered as it should be.
var errLoad = errors.New("something was refused")

func endOfLoad(r *load.Report) error {
	switch {
	case r.Total.Failed > 0:
		return &told{fmt.Errorf("%d of %d arrivals failed", r.Total.Failed, r.Total.Arrivals)}
	case r.Total.Refused > 0:
		return &told{fmt.Errorf("%w: %d of %d arrivals", errLoad, r.Total.Refused, r.Total.Arrivals)}
	}
	return nil
}
