// Command verifier runs the verifier with its services. Everything is set by the environment; package server tells its
// routes.
//
//	variable                      default                    meaning
//	VERIFIER_ADDR                 127.0.0.1:8081             where to listen
//	VERIFIER_URL                  http://localhost:8081      its address: scheme and host
//	VERIFIER_DATABASE             sqlite:data/verifier/verifier.db  or postgres://…
//	VERIFIER_DATA                 data/verifier              keys, certificates, secrets
//	VERIFIER_TLS_DIR                                         serve https with a certificate for localhost from this folder
//	TRUST_DIR                     data/trust                 anchors: issuers and lists are read, its own is written to verifiers
//	WALLET_URL                                               a wallet in the browser: scheme and host
//	VERIFIER_MINID_URL                                       the OpenID Provider of the demonstration services: scheme and host
//	DEMO_SERVICES_DIR             data/demo-services         what they authenticate with, shared with the provider
//	VERIFIER_RELYING_PARTIES                                 a folder with a file for each relying party that asks by the API
//	VERIFIER_REGISTRATION_CERTIFICATE                        a file with a registration certificate, a JWT that goes with each request
//	VERIFIER_SERVICES                                        a YAML or JSON file with the services that log people in with the wallet, see authserver.ParseServices
//	VERIFIER_LOGIN_TRUST                                     a YAML or JSON file with the credentials that let people in, and at which level, see login.ParseTrust
//	VERIFIER_LOGIN_SERIES         skatteetaten               the series of synthetic identity numbers that are logged in: also digdir, nav, nhn
//	VERIFIER_KEYS_EVERY           2160h                      how long a key signs ID tokens before the next takes over; 0: always
//	VERIFIER_STATUS_MAX_AGE       0s                         how long a status list is kept; 0s: a revocation counts at once
//	VERIFIER_TRANSACTIONS         false                      record what wallets and the verifier say to each other, masked, for a day
//	VERIFIER_INSECURE_ALLOW_HTTP  false                      allow addresses with http, on a developer's own machine
//	VERIFIER_INSECURE_PIN_LEAF                               NAME.pem: a leaf trusted without a chain, for the types in NAME.yaml beside it
//
// It has one command besides:
//
//	verifier trust-list -anchors FOLDER -signer FOLDER [-life 168h] > list.jwt
//
// signs a trust list of the NAME.pem and NAME.yaml in the first folder, with the key in the second, made at the first time.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/caarlos0/env/v11"

	"lommebok.example/internal/config"
	"lommebok.example/internal/database"
	"lommebok.example/internal/observe"
	"lommebok.example/internal/serve"
	"lommebok.example/minid/authserver"
	"lommebok.example/specs/fnr"
	"lommebok.example/verifier/login"
	"lommebok.example/verifier/server"
	"lommebok.example/verifier/trust"
)

type settings struct {
	Addr         string        `env:"VERIFIER_ADDR" envDefault:"127.0.0.1:8081"`
	URL          string        `env:"VERIFIER_URL" envDefault:"http://localhost:8081"`
	Database     string        `env:"VERIFIER_DATABASE" envDefault:"sqlite:data/verifier/verifier.db"`
	Data         string        `env:"VERIFIER_DATA" envDefault:"data/verifier"`
	TLSDir       string        `env:"VERIFIER_TLS_DIR"`
	TrustDir     string        `env:"TRUST_DIR" envDefault:"data/trust"`
	WalletURL    string        `env:"WALLET_URL"`
	MinIDURL     string        `env:"VERIFIER_MINID_URL"`
	DemoDir      string        `env:"DEMO_SERVICES_DIR" envDefault:"data/demo-services"`
	Registration string        `env:"VERIFIER_REGISTRATION_CERTIFICATE"`
	Parties      string        `env:"VERIFIER_RELYING_PARTIES"`
	Services     string        `env:"VERIFIER_SERVICES"`
	LoginTrust   string        `env:"VERIFIER_LOGIN_TRUST"`
	LoginSeries  []string      `env:"VERIFIER_LOGIN_SERIES" envDefault:"skatteetaten"`
	KeysEvery    time.Duration `env:"VERIFIER_KEYS_EVERY" envDefault:"2160h"`
	Transactions bool          `env:"VERIFIER_TRANSACTIONS"`
	StatusMaxAge time.Duration `env:"VERIFIER_STATUS_MAX_AGE" envDefault:"0s"`
	AllowHTTP    bool          `env:"VERIFIER_INSECURE_ALLOW_HTTP"`
	PinLeaf      string        `env:"VERIFIER_INSECURE_PIN_LEAF"`
}

func main() {
	if len(os.Args) > 1 {
		if err := command(os.Args[1:], os.Stdout, time.Now()); err != nil {
			fmt.Fprintln(os.Stderr, "verifier:", err)
			os.Exit(1)
		}
		return
	}
	log := observe.Logger(os.Stdout)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, log); err != nil {
		log.Error("the verifier stopped", "cause", err)
		os.Exit(1)
	}
}

// command makes and signs a trust list.
func command(args []string, out io.Writer, at time.Time) error {
	if args[0] != "trust-list" {
		return fmt.Errorf("%s: expected trust-list, or no command to run the verifier", args[0])
	}
	flags := flag.NewFlagSet("trust-list", flag.ContinueOnError)
	anchors := flags.String("anchors", "", "folder of NAME.pem and NAME.yaml")
	signer := flags.String("signer", "", "folder of the signer's key and certificate")
	life := flags.Duration("life", 7*24*time.Hour, "how long the list holds")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	if *anchors == "" || *signer == "" || *life < time.Hour {
		return errors.New("trust-list: expected -anchors, -signer and a -life of an hour or more")
	}
	text, err := trust.SignFolder(*anchors, *signer, at, *life)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, text)
	return err
}

func run(ctx context.Context, log *slog.Logger) (err error) {
	set, err := env.ParseAs[settings]()
	if err != nil {
		return err
	}
	tls, roots, err := serve.LocalTrust(set.TLSDir, time.Now())
	if err != nil {
		return err
	}
	services, err := config.File("VERIFIER_SERVICES", set.Services, authserver.ParseServices)
	if err != nil {
		return err
	}
	trusted, err := config.File("VERIFIER_LOGIN_TRUST", set.LoginTrust, login.ParseTrust)
	if err != nil {
		return err
	}
	numbers, err := numbersOf(set.LoginSeries)
	if err != nil {
		return err
	}
	db, err := database.Open(ctx, set.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	verifier, err := server.New(ctx, server.Config{
		URL: set.URL, DataDir: set.Data, TrustDir: set.TrustDir, WalletURL: set.WalletURL,
		Services: services, LoginTrust: trusted, LoginNumbers: numbers, MinIDURL: set.MinIDURL, DemoServicesDir: set.DemoDir, RelyingPartiesDir: set.Parties, StatusMaxAge: set.StatusMaxAge, KeysEvery: set.KeysEvery,
		Transactions: set.Transactions, RegistrationCertificate: set.Registration, InsecureAllowHTTP: set.AllowHTTP, InsecurePinLeaf: set.PinLeaf,
		// Either setting says that the services run on one developer's machine: the certificate is for localhost alone.
		InsecureAllowLoopback: set.AllowHTTP || set.TLSDir != "",
	}, server.Deps{DB: db, Now: time.Now, Log: log, Roots: roots})
	if err != nil {
		return err
	}
	defer verifier.Close()
	ctx, stop := context.WithCancel(ctx)
	var tending sync.WaitGroup // ends before the database is closed: what a party has taken is noted
	defer tending.Wait()
	defer stop()
	tending.Go(func() { serve.Every(ctx, tendEvery, "sweep", verifier.Sweep, log) })
	tending.Go(func() {
		serve.Every(ctx, tendEvery, "trust lists", func(ctx context.Context) error { verifier.Refresh(ctx); return nil }, log)
	})
	tending.Go(func() {
		serve.Every(ctx, tendEvery, "keys", func(context.Context) error { return verifier.RefreshKeys() }, log)
	})
	tending.Go(func() { serve.Every(ctx, deliverEvery, "webhooks", verifier.Deliver, log) })
	return serve.Run(ctx, serve.Config{Addr: set.Addr, TLS: tls, Handler: verifier.Handler, Log: log, Stopping: verifier.EndStreams})
}

// numbersOf lets in the synthetic series of these names. No setting lets in ordinary numbers, which are real people's.
func numbersOf(names []string) (p fnr.Policy, err error) {
	for _, name := range names {
		series, err := fnr.ParseSeries(name)
		if err != nil {
			return p, fmt.Errorf("VERIFIER_LOGIN_SERIES: %w", err)
		}
		p.Synthetic = append(p.Synthetic, series)
	}
	return p, nil
}

const (
	tendEvery    = time.Minute // transactions that are over are deleted, trust lists that are due are fetched, and keys that are due are made
	deliverEvery = time.Second // webhooks that are due are sent
)
