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
//	VERIFIER_SERVICES                                        a YAML or JSON file with the services that log people in with the wallet, see authserver.ParseServices
//	VERIFIER_LOGIN_TRUST                                     a YAML or JSON file with the credentials that let people in, and at which level, see login.ParseTrust
//	VERIFIER_STATUS_MAX_AGE       0s                         how long a status list is kept; 0s: a revocation counts at once
//	VERIFIER_INSECURE_ALLOW_HTTP  false                      allow addresses with http, on a developer's own machine
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/caarlos0/env/v11"

	"lommebok.example/internal/database"
	"lommebok.example/internal/observe"
	"lommebok.example/internal/serve"
	"lommebok.example/minid/authserver"
	"lommebok.example/verifier/login"
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
	Services     string        `env:"VERIFIER_SERVICES"`
	LoginTrust   string        `env:"VERIFIER_LOGIN_TRUST"`
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
	services, err := readSetting("VERIFIER_SERVICES", set.Services, authserver.ParseServices)
	if err != nil {
		return err
	}
	trust, err := readSetting("VERIFIER_LOGIN_TRUST", set.LoginTrust, login.ParseTrust)
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
		Services: services, LoginTrust: trust, MinIDURL: set.MinIDURL, DemoServicesDir: set.DemoDir, StatusMaxAge: set.StatusMaxAge, InsecureAllowHTTP: set.AllowHTTP,
		// Either setting says that the services run on one developer's machine: the certificate is for localhost alone.
		InsecureAllowLoopback: set.AllowHTTP || set.TLSDir != "",
	}, server.Deps{DB: db, Now: time.Now, Log: log, Roots: roots})
	if err != nil {
		return err
	}
	go sweep(ctx, verifier, log)
	return serve.Run(ctx, serve.Config{Addr: set.Addr, TLS: config, Handler: verifier.Handler, Log: log})
}

// readSetting reads a setting that is a file; without one it is the zero value.
func readSetting[T any](variable, file string, parse func([]byte) (T, error)) (value T, err error) {
	if file == "" {
		return value, nil
	}
	raw, err := os.ReadFile(file)
	if err == nil {
		value, err = parse(raw)
	}
	if err != nil {
		return value, fmt.Errorf("%s: %w", variable, err)
	}
	return value, nil
}

// sweepEvery is how often transactions that are over are deleted.
const sweepEvery = time.Minute

func sweep(ctx context.Context, verifier *server.Server, log *slog.Logger) {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := verifier.Sweep(ctx); err != nil {
				log.Error("sweep", "cause", err)
			}
		}
	}
}
