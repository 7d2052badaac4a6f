package main

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net/url"

	"github.com/spf13/cobra"

	"lommebok.example/internal/observe"
	"lommebok.example/internal/serve"
	"lommebok.example/wallet-sim/journal"
	"lommebok.example/wallet-sim/phone"
)

// face is what the pages need beyond what all commands share.
type face struct {
	addr, issuer, verifier, people, tlsDir string
}

func (c *cli) serveCommand() *cobra.Command {
	f := &face{}
	cmd := &cobra.Command{
		Use: "serve", Args: none, Short: "the pages of the wallet and the telephone",
		Example: "  wallet-sim serve --issuer https://issuer.example --verifier https://verifier.example",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.people == "" {
				f.people = c.peopleFile()
			}
			return c.serve(cmd.Context(), f, observe.Logger(c.out))
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.addr, "addr", "127.0.0.1:8082", "where to listen: whoever reaches it has the wallet")
	flags.StringVar(&f.issuer, "issuer", "http://localhost:8080", "issuer that the pages link to, and whose MinID the app is paired with")
	flags.StringVar(&f.verifier, "verifier", "http://localhost:8081", "verifier that the pages link to")
	flags.StringVar(&f.people, "people", "", "file with test people (default <data>/issuer/test-people.json)")
	flags.StringVar(&f.tlsDir, "local-tls", "", "a folder: serve https on localhost with a certificate authority kept there")
	return cmd
}

func (c *cli) serve(ctx context.Context, f *face, log *slog.Logger) error {
	if u, err := url.Parse(c.url); err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" {
		return usage("--url must be scheme and host alone, such as http://localhost:8082")
	}
	w, err := c.wallet()
	if err != nil {
		return err
	}
	devices, err := c.devices()
	if err != nil {
		return err
	}
	record := journal.Journal{Dir: w.Store.Dir}
	devices.HTTP.Transport = &phone.Recorded{RoundTripper: devices.HTTP.Transport, Record: record.Write, Now: c.now}
	p, err := c.provider()
	if err != nil {
		return err
	}
	if err := c.publishProvider(); err != nil {
		return err
	}
	pages := &phone.Face{
		Provider: p.Handler(log), Journal: record,
		URL: c.url, Issuer: f.issuer, Verifier: f.verifier, People: f.people, Wallet: w, Devices: devices, Now: c.now, Log: log,
	}
	handler, err := pages.Handler()
	if err != nil {
		return err
	}
	var config *tls.Config
	if f.tlsDir != "" {
		if config, err = serve.LocalTLS(f.tlsDir, c.now()); err != nil {
			return err
		}
	}
	return serve.Run(ctx, serve.Config{Addr: f.addr, TLS: config, Handler: handler, Log: log, Stopping: pages.Close})
}
