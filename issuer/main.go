// Command issuer runs the Credential Issuer with its MinID and its authorization server. Everything is set by the
// environment; package server tells its routes.
//
//	issuer                      serves
//	issuer check-credentials    reads every credential record and lists what is amiss
//	issuer audit export [FILE]  writes a copy of the audit log
//	issuer audit verify FILE    verifies a copy, without a database, and names the first line that is wrong
//
//	variable                          default                    meaning
//	ISSUER_ADDR                       127.0.0.1:8080             where to listen
//	ISSUER_URL                        http://localhost:8080      the Credential Issuer Identifier
//	ISSUER_DATABASE                   sqlite:data/issuer/issuer.db  or postgres://…
//	ISSUER_DATA                       data/issuer                keys, certificates, secrets
//	TRUST_DIR                         data/trust                 where the trust anchor is published, empty for nowhere
//	WALLET_URL                                                   a wallet in the browser: scheme and host
//	ISSUER_CLIENTS                                               a JSON file with the wallets that are served
//	ISSUER_SMS_GATEWAY                                           https address that takes SMS as JSON, see notify.Gateway
//	ISSUER_SMS_GATEWAY_TOKEN                                     its bearer token
//	ISSUER_EMAIL_GATEWAY, ISSUER_EMAIL_GATEWAY_TOKEN          the same for mail
//	ISSUER_OPERATOR_TOKEN                                        opens /operator/logins, as password or bearer token
//	ISSUER_SERVICES                                              a YAML or JSON file with the services that log people in
//	ISSUER_STAFF                                                 a YAML or JSON file with who acts for the service, see server.ParseStaff
//	ISSUER_DEMO_SERVICES_URL                                     where the demonstration services are: scheme and host
//	DEMO_SERVICES_DIR                 data/demo-services         the keys they share with their owner
//	ISSUER_TLS_DIR                                               a folder: serve https on localhost with a CA kept there
//	ISSUER_INSECURE_ALLOW_HTTP        false                      allow a URL with http, on a developer's own machine
//	ISSUER_INSECURE_ALLOW_ANY_CLIENT  false                      serve wallets that are not registered
//	ISSUER_INSECURE_TEST_PEOPLE       false                      accounts for the synthetic people, and /dev/outbox
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/caarlos0/env/v11"

	"lommebok.example/internal/database"
	"lommebok.example/internal/serve"
	"lommebok.example/issuer/server"
	"lommebok.example/minid"
	"lommebok.example/minid/authserver"
)

type settings struct {
	Addr           string `env:"ISSUER_ADDR" envDefault:"127.0.0.1:8080"`
	URL            string `env:"ISSUER_URL" envDefault:"http://localhost:8080"`
	Database       string `env:"ISSUER_DATABASE" envDefault:"sqlite:data/issuer/issuer.db"`
	Data           string `env:"ISSUER_DATA" envDefault:"data/issuer"`
	TrustDir       string `env:"TRUST_DIR" envDefault:"data/trust"`
	WalletURL      string `env:"WALLET_URL"`
	Clients        string `env:"ISSUER_CLIENTS"`
	SMSGateway     string `env:"ISSUER_SMS_GATEWAY"`
	SMSToken       string `env:"ISSUER_SMS_GATEWAY_TOKEN"`
	EmailGateway   string `env:"ISSUER_EMAIL_GATEWAY"`
	EmailToken     string `env:"ISSUER_EMAIL_GATEWAY_TOKEN"`
	OperatorToken  string `env:"ISSUER_OPERATOR_TOKEN"`
	Services       string `env:"ISSUER_SERVICES"`
	Staff          string `env:"ISSUER_STAFF"`
	DemoURL        string `env:"ISSUER_DEMO_SERVICES_URL"`
	DemoDir        string `env:"DEMO_SERVICES_DIR" envDefault:"data/demo-services"`
	TLSDir         string `env:"ISSUER_TLS_DIR"`
	AllowHTTP      bool   `env:"ISSUER_INSECURE_ALLOW_HTTP"`
	AllowAnyClient bool   `env:"ISSUER_INSECURE_ALLOW_ANY_CLIENT"`
	TestPeople     bool   `env:"ISSUER_INSECURE_TEST_PEOPLE"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	code := command(ctx, os.Args[1:], os.Stdout, os.Stderr, time.Now)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, log *slog.Logger) (err error) {
	set, err := env.ParseAs[settings]()
	if err != nil {
		return err
	}
	clients, err := readClients(set.Clients)
	if err != nil {
		return err
	}
	services, err := readServices(set.Services)
	if err != nil {
		return err
	}
	staff, err := readStaff(set.Staff)
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
	issuer, err := server.New(ctx, server.Config{
		URL: set.URL, DataDir: set.Data, TrustDir: set.TrustDir, WalletURL: set.WalletURL, Clients: clients,
		OperatorToken: set.OperatorToken,
		SMS:           server.Gateway{URL: set.SMSGateway, Token: set.SMSToken},
		Email:         server.Gateway{URL: set.EmailGateway, Token: set.EmailToken},
		Services:      services, Staff: staff, DemoServicesURL: set.DemoURL, DemoServicesDir: set.DemoDir,
		InsecureAllowHTTP: set.AllowHTTP, InsecureAllowAnyClient: set.AllowAnyClient, InsecureTestPeople: set.TestPeople,
		// Either setting says that the services run on one developer's machine: the certificate is for localhost alone.
		InsecureAllowLoopback: set.AllowHTTP || set.TLSDir != "",
	}, server.Deps{DB: db, Now: time.Now, Log: log, Roots: roots})
	if err != nil {
		return err
	}
	debug.FreeOSMemory() // what starting took, above all hashing the passwords of test people, is not needed again
	go every(ctx, sweepEvery, "sweep", log, issuer.Sweep)
	go every(ctx, checkpointEvery, "audit checkpoint", log, issuer.Checkpoint)
	return serve.Run(ctx, serve.Config{Addr: set.Addr, TLS: config, Handler: issuer.Handler, Log: log})
}

// readServices reads the services that log people in.
func readServices(file string) ([]authserver.Service, error) {
	if file == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("ISSUER_SERVICES: %w", err)
	}
	services, err := authserver.ParseServices(raw)
	if err != nil {
		return nil, fmt.Errorf("ISSUER_SERVICES: %w", err)
	}
	return services, nil
}

// readStaff reads who acts for the service.
func readStaff(file string) ([]minid.Staff, error) {
	if file == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("ISSUER_STAFF: %w", err)
	}
	staff, err := server.ParseStaff(raw)
	if err != nil {
		return nil, fmt.Errorf("ISSUER_STAFF: %w", err)
	}
	return staff, nil
}

// How often expired rows are deleted, and the audit log gets a checkpoint.
const (
	sweepEvery      = 5 * time.Minute
	checkpointEvery = time.Minute
)

// every does something again and again until ctx ends.
func every(ctx context.Context, period time.Duration, what string, log *slog.Logger, f func(ctx context.Context) error) {
	ticker := time.NewTicker(period)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := f(ctx); err != nil {
				log.Error(what, "cause", err)
			}
		}
	}
}

// readClients reads the wallets that are served: [{"id", "name", "redirect_uris"}].
func readClients(file string) ([]authserver.Client, error) {
	if file == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("ISSUER_CLIENTS: %w", err)
	}
	var entries []struct {
		ID           string   `json:"id"`
		Name         string   `json:"name"`
		RedirectURIs []string `json:"redirect_uris"`
	}
	if err := json.Unmarshal(raw, &entries); err != nil {
		return nil, fmt.Errorf("ISSUER_CLIENTS: %w", err)
	}
	clients := make([]authserver.Client, 0, len(entries))
	for _, e := range entries {
		clients = append(clients, authserver.Client{ID: e.ID, Name: e.Name, RedirectURIs: e.RedirectURIs})
	}
	return clients, nil
}
