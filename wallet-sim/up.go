package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"lommebok.example/internal/observe"
	"lommebok.example/wallet-sim/phone"
)

func (c *cli) upCommand() *cobra.Command {
	ports := [3]int{}
	var withTLS bool
	cmd := &cobra.Command{
		Use: "up", Args: none, Short: "starts issuer, verifier and the wallet; Ctrl-C stops all",
		Example: "  wallet-sim up\n  wallet-sim up --tls --issuer-port 9080 --verifier-port 9081 --wallet-port 9082",
		RunE:    func(cmd *cobra.Command, _ []string) error { return c.up(cmd.Context(), ports, withTLS) },
	}
	f := cmd.Flags()
	f.IntVar(&ports[0], "issuer-port", 8080, "port of the issuer")
	f.IntVar(&ports[1], "verifier-port", 8081, "port of the verifier")
	f.IntVar(&ports[2], "wallet-port", 8082, "port of the wallet's pages")
	f.BoolVar(&withTLS, "tls", false, "serve https, with a certificate authority made for this machine alone")
	return cmd
}

func (c *cli) up(ctx context.Context, ports [3]int, withTLS bool) error {
	for i, what := range []string{"issuer", "verifier", "wallet"} {
		if err := free(what, listen(ports[i])); err != nil {
			return err
		}
	}
	h, err := c.house(c.data, ports, withTLS)
	if err != nil {
		return err
	}
	c.data = h.data
	return errors.Join(c.upAll(ctx, h), h.stop())
}

// upAll starts the services and the pages, tells about them, and waits until one ends or the person stops them.
func (c *cli) upAll(ctx context.Context, h *house) error {
	if err := h.start(ctx); err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(h.dir("logs"), "wallet.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	f := &face{addr: listen(h.ports[2]), issuer: h.issuerURL, verifier: h.verifierURL, people: c.peopleFile()}
	if h.tls {
		f.tlsDir = h.dir("tls")
	}
	pages, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- c.serve(pages, f, observe.Logger(log)) }()
	finish := func() error { stop(); return errors.Join(<-ended, log.Close()) }
	if err := c.awaitOwn(ctx, h, ended); err != nil {
		return errors.Join(err, finish())
	}
	if err := c.welcome(h); err != nil {
		return errors.Join(err, finish())
	}
	select {
	case <-ctx.Done():
		c.say("\nStopping.")
	case <-h.issuerChild.over:
		err = h.issuerChild.ended()
	case <-h.verifierChild.over:
		err = h.verifierChild.ended()
	}
	return errors.Join(err, finish())
}

func (c *cli) awaitOwn(ctx context.Context, h *house, ended chan error) error {
	own := &child{name: "wallet", log: filepath.Join(h.dir("logs"), "wallet.log"), over: make(chan struct{})}
	healthy := make(chan error, 1)
	go func() { healthy <- own.healthy(ctx, h.client, h.ownURL+"/health") }()
	select {
	case err := <-healthy:
		return err
	case err := <-ended:
		ended <- nil // for who waits for the end
		return err
	}
}

func (c *cli) welcome(h *house) error {
	people, err := phone.ReadPeople(c.peopleFile())
	if err != nil {
		return err
	}
	c.say("issuer    %s\nverifier  %s\nwallet    %s   (telephone with one-time codes: %s/phone)\n", h.issuerURL, h.verifierURL, h.ownURL, h.ownURL)
	t := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "#\tidentity number\tname\tpassword\tTOTP secret\tapp code\tproofed")
	for i, p := range people {
		_, _ = fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", i+1, p.PID, p.Name, p.Password, p.TOTPSecret, cmp.Or(p.AppCode, "-"), p.Basis)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	c.say("\nThese people are synthetic. Try next:\n"+
		"  1. open %s and choose the MinID credential; log in as number %d, with a code from %s/phone\n"+
		"  2. open %s and show it\n"+
		"  or on the command line: %s offer accept %s --type %s --person %d %s",
		h.issuerURL, len(people), h.ownURL, h.verifierURL, os.Args[0], h.issuerURL, configMinID, len(people), c.sameFlags())
	if h.tls {
		c.say("\nhttps: browsers trust the addresses above when they trust the certificate authority in\n  %s\n"+
			"It may certify names of this machine only. Firefox and Chromium take it under Settings, Certificates, Authorities;\n"+
			"curl with --cacert, Debian by copying it to /usr/local/share/ca-certificates/lommebok.crt and update-ca-certificates.", h.authority())
	}
	c.say("\nLogs are in %s. Ctrl-C stops all.", h.dir("logs"))
	return nil
}

// sameFlags are those with which another command meets the services of up.
func (c *cli) sameFlags() string {
	flags := "--data " + c.data + " --url " + c.url + " --insecure-allow-http"
	if c.ca != "" {
		flags += " --ca " + c.ca
	}
	return flags
}
