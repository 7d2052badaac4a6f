// Command verifier runs the verifier with its services. Everything is set by the environment; package server tells its
// routes.
//
//	variable                      default                    meaning
//	VERIFIER_ADDR                 127.0.0.1:8081             where to listen
//	VERIFIER_URL                  http://localhost:8081      its address: scheme and host
//	VERIFIER_DATABASE             sqlite:data/verifier/verifier.db  or postgres://…
//	VERIFIER_DATA                 data/verifier              keys, certificates, secrets
//	VERIFIER_TLS_DIR                                         serve https with a certificate for localhost from this folder
//	TRUST_DIR                     data/trust                 anchors: issuers are read, its own is written to verifiers
//	WALLET_URL                                               a wallet in the browser: scheme and host
//	VERIFIER_MINID_URL                                       the OpenID Provider of the demonstration services: scheme and host
//	DEMO_SERVICES_DIR             data/demo-services         what they authenticate with, shared with the provider
//	VERIFIER_RELYING_PARTIES                                 a folder with a file for each relying party that asks by the API
//	VERIFIER_STATUS_MAX_AGE       0s                         how long a status list is kept; 0s: a revocation counts at once
//	VERIFIER_INSECURE_ALLOW_HTTP  false                      allow addresses with http, on a developer's own machine
package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/caarlos0/env/v11"

	"lommebok.example/internal/database"
	"lommebok.example/internal/observe"
	"lommebok.example/internal/serve"
	"lommebok.example/verifier/server"
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
	Parties      string        `env:"VERIFIER_RELYING_PARTIES"`
	StatusMaxAge time.Duration `env:"VERIFIER_STATUS_MAX_AGE" envDefault:"0s"`
	AllowHTTP    bool          `env:"VERIFIER_INSECURE_ALLOW_HTTP"`
}

func main() {
	log := observe.Logger(os.Stdout)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, log); err != nil {
		log.Error("the verifier stopped", "cause", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, log *slog.Logger) (err error) {
	set, err := env.ParseAs[settings]()
	if err != nil {
		return err
	}
	config, roots, err := serve.LocalTrust(set.TLSDir, time.Now())
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
		MinIDURL: set.MinIDURL, DemoServicesDir: set.DemoDir, RelyingPartiesDir: set.Parties, StatusMaxAge: set.StatusMaxAge, InsecureAllowHTTP: set.AllowHTTP,
		// Either setting says that the services run on one developer's machine: the certificate is for localhost alone.
		InsecureAllowLoopback: set.AllowHTTP || set.TLSDir != "",
	}, server.Deps{DB: db, Now: time.Now, Log: log, Roots: roots})
	if err != nil {
		return err
	}
	go every(ctx, sweepEvery, "sweep", verifier.Sweep, log)
	go every(ctx, deliverEvery, "webhooks", verifier.Deliver, log)
	return serve.Run(ctx, serve.Config{Addr: set.Addr, TLS: config, Handler: verifier.Handler, Log: log, Stopping: verifier.Close})
}

const (
	sweepEvery   = time.Minute // transactions that are over are deleted
	deliverEvery = time.Second // webhooks that are due are sent
)

func every(ctx context.Context, d time.Duration, what string, do func(context.Context) error, log *slog.Logger) {
	ticker := time.NewTicker(d)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := do(ctx); err != nil {
				log.Error(what, "cause", err)
			}
		}
	}
}
