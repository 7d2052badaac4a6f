package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"lommebok.example/internal/fetch"
	"lommebok.example/specs/x5c"
	"lommebok.example/wallet-sim/provider"
	"lommebok.example/wallet-sim/wallet"
)

// The states of what the doctor looks at.
const (
	good    = "good"
	warning = "warning"
	bad     = "bad"
)

var states = map[string]struct{ sign, colour string }{good: {"✓", green}, warning: {"!", yellow}, bad: {"✗", red}}

// finding is one thing that the doctor looked at.
type finding struct {
	Name  string `json:"name"`
	State string `json:"state"`
	Says  string `json:"says"`
}

// doctor collects findings.
type doctor struct {
	*cli
	client   *fetch.Client
	findings []finding
}

func (d *doctor) note(name, state, format string, args ...any) {
	d.findings = append(d.findings, finding{name, state, fmt.Sprintf(format, args...)})
}

func (c *cli) doctorCommand() *cobra.Command {
	var issuer, verifier string
	cmd := &cobra.Command{
		Use: "doctor", Args: none, Short: "whether this machine is ready, and who would refuse whom",
		Long: "Looks at the data folder, the wallet, the trust anchors, the servers, their clocks, and whether each trusts whom it has to. Changes nothing.\n" +
			"Exit code 1 when something is bad.",
		Example: "  wallet-sim doctor --insecure-allow-http\n  wallet-sim doctor --issuer https://issuer.example --verifier '' --json",
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.doctor(cmd.Context(), issuer, verifier) },
	}
	cmd.Flags().StringVar(&issuer, "issuer", "http://localhost:8080", "the issuer to look at; '' for none")
	cmd.Flags().StringVar(&verifier, "verifier", "http://localhost:8081", "the verifier to look at; '' for none")
	return cmd
}

func (c *cli) doctor(ctx context.Context, issuer, verifier string) error {
	roots, err := c.roots()
	if err != nil {
		return err
	}
	d := &doctor{cli: c, client: c.fetcher(roots)}
	d.folder()
	if err := d.wallet(); err != nil {
		return err
	}
	d.programs()
	anchors := map[string]*x5c.Anchors{}
	for _, kind := range []string{"issuers", "verifiers", "wallet-providers"} {
		anchors[kind] = d.anchors(kind)
	}
	if issuer != "" {
		d.issuer(ctx, issuer, anchors["issuers"])
	}
	if verifier != "" && d.reach(ctx, "verifier", verifier+"/health") {
		d.trusts(ctx, "the wallet trusts the verifier", verifier+"/trust/access-ca.pem", "verifiers", anchors["verifiers"])
	}
	d.provider(anchors["wallet-providers"])
	if err := c.print(d.findings, d.tell); err != nil {
		return err
	}
	if slices.ContainsFunc(d.findings, func(f finding) bool { return f.State == bad }) {
		return &told{errors.New("something is bad")}
	}
	return nil
}

func (d *doctor) tell() {
	for _, f := range d.findings {
		d.say("%s %-40s  %s", d.paint(states[f.State].colour, states[f.State].sign), f.Name, f.Says)
	}
}

func (d *doctor) folder() {
	info, err := os.Stat(d.data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.note("data folder", good, "%s will be made", d.data)
	case err != nil:
		d.note("data folder", bad, "%v", err)
	case !info.IsDir():
		d.note("data folder", bad, "%s is no folder", d.data)
	case info.Mode().Perm()&0o077 != 0:
		d.note("data folder", warning, "%s is open to others of this machine (%s), and keys stand in it: chmod 700", d.data, info.Mode().Perm())
	default:
		d.note("data folder", good, "%s", d.data)
	}
}

func (d *doctor) wallet() error {
	state, err := d.walletState()
	if err != nil {
		return err
	}
	how := "its keys are protected by a passphrase"
	if !state.Protected {
		how = "its keys are not protected by a passphrase, which is for tests alone"
	}
	d.note("wallet", good, "%s: %s", state.Dir, how)
	return nil
}

// programs are those that up and demo start.
func (d *doctor) programs() {
	self, err := os.Executable()
	if err != nil {
		d.note("issuer and verifier beside this program", warning, "%v", err)
		return
	}
	for _, name := range []string{"issuer", "verifier"} {
		if _, err := os.Stat(filepath.Join(filepath.Dir(self), name)); err != nil {
			d.note("issuer and verifier beside this program", warning, "no %s in %s: up and demo need it (make build)", name, filepath.Dir(self))
			return
		}
	}
	d.note("issuer and verifier beside this program", good, "%s", filepath.Dir(self))
}

// lacking says what comes of a folder without anchors.
var lacking = map[string]string{
	"issuers":          "the wallet and the verifier refuse every credential",
	"verifiers":        "the wallet refuses every verifier",
	"wallet-providers": "the issuer refuses every attested wallet and key",
}

const soon = 30 * 24 * time.Hour // before an anchor ends

func (d *doctor) anchors(kind string) *x5c.Anchors {
	name, dir := "trust anchors: "+kind, filepath.Join(d.trustDir(), kind)
	all, err := x5c.LoadAnchors(dir)
	if err != nil {
		d.note(name, bad, "%v", err)
		return x5c.NewAnchors()
	}
	if len(all.All()) == 0 {
		d.note(name, bad, "%s is empty: %s", dir, lacking[kind])
	}
	for _, cert := range all.All() {
		state, until := good, "valid until "+cert.NotAfter.UTC().Format(time.DateOnly)
		switch at := d.now(); {
		case at.After(cert.NotAfter) || at.Before(cert.NotBefore):
			state, until = bad, "valid from "+cert.NotBefore.UTC().Format(time.DateOnly)+" to "+cert.NotAfter.UTC().Format(time.DateOnly)
		case at.Add(soon).After(cert.NotAfter):
			state = warning
		}
		d.note(name, state, "%s, %s", cert.Subject.CommonName, until)
	}
	return all
}

func (d *doctor) issuer(ctx context.Context, issuer string, anchors *x5c.Anchors) {
	if !d.reach(ctx, "issuer", issuer+"/health") {
		return
	}
	// Without Store and Record nothing is written, and to read metadata takes no attestation.
	w := &wallet.Wallet{Trust: &wallet.Trust{Dir: d.trustDir()}, Fetch: d.client, InsecureAllowHTTP: d.allowHTTP, Now: d.now}
	if names, err := w.Configurations(ctx, issuer); err != nil {
		d.note("issuer's metadata", bad, "the wallet refuses them: %v", err)
	} else {
		d.note("issuer's metadata", good, "%d credential configurations", len(names))
	}
	d.trusts(ctx, "wallet and verifier trust the issuer", issuer+"/trust/iaca.pem", "issuers", anchors)
}

// The clocks of two servers may differ by what a JWT's iat may be off.
const (
	clockWarning = 10 * time.Second
	clockBad     = 60 * time.Second
)

// reach tells whether a server answers at all, whatever it says, and looks at its clock.
func (d *doctor) reach(ctx context.Context, name, address string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		d.note(name, bad, "%v", err)
		return false
	}
	answer, err := d.client.Do(req)
	if err != nil {
		d.note(name, bad, "does not answer: %v", err)
		return false
	}
	d.note(name, good, "answers at %s", address)
	date, err := http.ParseTime(answer.Header.Get("Date"))
	if err != nil {
		d.note(name+"'s clock", warning, "it tells no time")
		return true
	}
	off := d.now().Sub(date).Abs().Truncate(time.Second)
	state := good
	if off > clockBad {
		state = bad
	} else if off > clockWarning {
		state = warning
	}
	d.note(name+"'s clock", state, "differs by %s", off)
	return true
}

// trusts looks whether a root that a server publishes is in a folder of anchors.
func (d *doctor) trusts(ctx context.Context, name, address, kind string, anchors *x5c.Anchors) {
	answer, err := d.client.Get(ctx, address)
	if err != nil {
		d.note(name, warning, "cannot be told: %s: %v", address, err)
		return
	}
	published, err := x5c.ParsePEM(answer.Body)
	if err != nil {
		d.note(name, warning, "cannot be told: %s: %v", address, err)
		return
	}
	for _, cert := range published {
		if !slices.ContainsFunc(anchors.All(), func(c *x509.Certificate) bool { return c.Equal(cert) }) {
			d.note(name, bad, "%s is not in %s: what it signed is refused", cert.Subject.CommonName, filepath.Join(d.trustDir(), kind))
			return
		}
	}
	d.note(name, good, "its root is in %s", filepath.Join(d.trustDir(), kind))
}

// provider looks whether issuers that read this trust folder take what the wallet provider of this wallet attests.
func (d *doctor) provider(anchors *x5c.Anchors) {
	const name = "the issuer trusts the wallet provider"
	if d.plain {
		d.note(name, warning, "this wallet has none (--plain): issuers that demand attestations refuse it")
		return
	}
	root, err := provider.ReadRoot(d.providerDir())
	if errors.Is(err, fs.ErrNotExist) {
		d.note(name, warning, "there is none yet: serve, up and the first attestation make it")
		return
	}
	if err != nil {
		d.note(name, bad, "%v", err)
		return
	}
	if !slices.ContainsFunc(anchors.All(), func(c *x509.Certificate) bool { return c.Equal(root) }) {
		d.note(name, bad, "its root is not in %s: attested wallets and keys are refused; serve and up put it there", filepath.Join(d.trustDir(), "wallet-providers"))
		return
	}
	d.note(name, good, "its root is in %s", filepath.Join(d.trustDir(), "wallet-providers"))
}
