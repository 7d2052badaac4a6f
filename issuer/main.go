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
//	ISSUER_URL                        http://localhost:8080      the Credential Issuer Identifier, with the path below which all is, if any
//	ISSUER_DATABASE                   sqlite:data/issuer/issuer.db  or postgres://…
//	ISSUER_DATA                       data/issuer                keys, certificates, secrets
//	ISSUER_KEYS                       files                      where the signing keys are: files in ISSUER_DATA, or pkcs11
//	ISSUER_KEYS_EVERY                 0                          how long a key signs before the next is made, such as 2160h;
//	                                                             0: until "issuer keys rotate" makes one
//	ISSUER_PKCS11_MODULE, ISSUER_PKCS11_TOKEN                    the library's file and the token's label (build tag pkcs11)
//	ISSUER_PKCS11_PIN_FILE                                       a file with the token's PIN
//	TRUST_DIR                         data/trust                 where the trust anchor is published, and those of wallet providers
//	                                                             are found, in wallet-providers/*.pem; empty for nowhere
//	WALLET_URL                                                   a wallet in the browser: scheme and host
//	ISSUER_CLIENTS                                               a JSON file with the wallets that are served
//	ISSUER_SMS_GATEWAY                                           https address that takes SMS as JSON, see notify.Gateway
//	ISSUER_SMS_GATEWAY_TOKEN                                     its bearer token
//	ISSUER_EMAIL_GATEWAY, ISSUER_EMAIL_GATEWAY_TOKEN          the same for mail
//	ISSUER_LETTER_GATEWAY, ISSUER_LETTER_GATEWAY_TOKEN        the same for activation letters, see notify.LetterGateway
//	ISSUER_LETTER_LIFE                1440h                      how long an activation code can be used
//	ISSUER_PUSH                       false                      notices to MinID apps by Web Push, beside their own stream
//	ISSUER_PUSH_CONTACT                                          mailto: or https: address for push services, with ISSUER_PUSH
//	ISSUER_OPERATOR_TOKEN                                        opens /operator/logins and /operator/metrics, as
//	                                                             password or bearer token
//	ISSUER_SERVICES                                              a YAML or JSON file with the services that log people in
//	ISSUER_STAFF                                                 a YAML or JSON file with who acts for the service, see server.ParseStaff
//	ISSUER_LEVELS                                                a YAML or JSON file with what proofing and factors are worth, see server.ParseLevels
//	ISSUER_SERVICE_DESK                                          a YAML or JSON file with where people are identified in person, see server.ParseDesk
//	ISSUER_CREDENTIALS                                           a folder with further credential types, a *.yaml file each, see package credentials
//	ISSUER_FACTS                                                 a YAML file with further facts about people, see source.NewFile
//	ISSUER_REGISTRATION                                          a JSON file with what the registrar gave the issuer, see server.ParseInfo
//	ISSUER_PASSPORT_CHECK                                        a JSON file with the service that checks passports, see server.ParsePassport
//	ISSUER_SCHOOLS                                               a YAML or JSON file of schools, see school.Parse; with test people, synthetic ones
//	ISSUER_DEMO_SERVICES_URL                                     where the demonstration services are: scheme and host
//	ISSUER_WALLET_LOGIN_URL                                      an OpenID Provider where people log in with their wallets, offered beside MinID to who
//	                                                             logs in at a service; it knows us as idporten, by the key in DEMO_SERVICES_DIR
//	DEMO_SERVICES_DIR                 data/demo-services         the keys they share with their owner
//	ISSUER_ENCRYPTION_REQUIRED        false                      issue only to wallets that encrypt, see server.Config
//	ISSUER_TRANSACTIONS               false                      record what wallets and the issuer say, masked, for a day; see package transaction
//	ISSUER_STATUS_LIST_SIZE           131072                     entries of a new status list, half of which are used, see server.Config
//	ISSUER_WALLET_CHECK               20h                        how often the status of a wallet unit that holds a PID is looked up
//	ISSUER_TRUSTED_PROXIES                                       addresses and networks of proxies whose X-Forwarded-For is
//	                                                             believed; behind a proxy that is not named here, all
//	                                                             people share its address, and the limits by address
//	ISSUER_TLS_DIR                                               a folder: serve https on localhost with a CA kept there
//	ISSUER_INSECURE_ALLOW_HTTP        false                      allow a URL with http, on a developer's own machine
//	ISSUER_INSECURE_ALLOW_ANY_CLIENT  false                      serve wallets that do not authenticate themselves
//	ISSUER_INSECURE_ALLOW_ANONYMOUS_PRE_AUTHORIZED  false       take pre-authorized codes from wallets that do not say who they are
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

	"lommebok.example/internal/config"
	"lommebok.example/internal/database"
	"lommebok.example/internal/peer"
	"lommebok.example/internal/serve"
	"lommebok.example/issuer/server"
	"lommebok.example/minid/authserver"
	"lommebok.example/minid/school"
	"lommebok.example/specs/jose"
)

type settings struct {
	Addr               string        `env:"ISSUER_ADDR" envDefault:"127.0.0.1:8080"`
	URL                string        `env:"ISSUER_URL" envDefault:"http://localhost:8080"`
	Database           string        `env:"ISSUER_DATABASE" envDefault:"sqlite:data/issuer/issuer.db"`
	Data               string        `env:"ISSUER_DATA" envDefault:"data/issuer"`
	TrustDir           string        `env:"TRUST_DIR" envDefault:"data/trust"`
	Keys               string        `env:"ISSUER_KEYS" envDefault:"files"`
	KeysEvery          time.Duration `env:"ISSUER_KEYS_EVERY"`
	PKCS11Module       string        `env:"ISSUER_PKCS11_MODULE"`
	PKCS11Token        string        `env:"ISSUER_PKCS11_TOKEN"`
	PKCS11PIN          string        `env:"ISSUER_PKCS11_PIN_FILE"`
	WalletURL          string        `env:"WALLET_URL"`
	Clients            string        `env:"ISSUER_CLIENTS"`
	SMSGateway         string        `env:"ISSUER_SMS_GATEWAY"`
	SMSToken           string        `env:"ISSUER_SMS_GATEWAY_TOKEN"`
	EmailGateway       string        `env:"ISSUER_EMAIL_GATEWAY"`
	EmailToken         string        `env:"ISSUER_EMAIL_GATEWAY_TOKEN"`
	Push               bool          `env:"ISSUER_PUSH"`
	PushContact        string        `env:"ISSUER_PUSH_CONTACT"`
	OperatorToken      string        `env:"ISSUER_OPERATOR_TOKEN"`
	Services           string        `env:"ISSUER_SERVICES"`
	Staff              string        `env:"ISSUER_STAFF"`
	Levels             string        `env:"ISSUER_LEVELS"`
	Desk               string        `env:"ISSUER_SERVICE_DESK"`
	Passport           string        `env:"ISSUER_PASSPORT_CHECK"`
	Schools            string        `env:"ISSUER_SCHOOLS"`
	LetterGateway      string        `env:"ISSUER_LETTER_GATEWAY"`
	LetterToken        string        `env:"ISSUER_LETTER_GATEWAY_TOKEN"`
	LetterLife         time.Duration `env:"ISSUER_LETTER_LIFE" envDefault:"1440h"`
	StatusListSize     int           `env:"ISSUER_STATUS_LIST_SIZE"`
	WalletCheck        time.Duration `env:"ISSUER_WALLET_CHECK" envDefault:"20h"`
	Credentials        string        `env:"ISSUER_CREDENTIALS"`
	Facts              string        `env:"ISSUER_FACTS"`
	Registration       string        `env:"ISSUER_REGISTRATION"`
	DemoURL            string        `env:"ISSUER_DEMO_SERVICES_URL"`
	WalletLogin        string        `env:"ISSUER_WALLET_LOGIN_URL"`
	DemoDir            string        `env:"DEMO_SERVICES_DIR" envDefault:"data/demo-services"`
	TLSDir             string        `env:"ISSUER_TLS_DIR"`
	AllowHTTP          bool          `env:"ISSUER_INSECURE_ALLOW_HTTP"`
	AllowAnyClient     bool          `env:"ISSUER_INSECURE_ALLOW_ANY_CLIENT"`
	TestPeople         bool          `env:"ISSUER_INSECURE_TEST_PEOPLE"`
	AllowAnonymous     bool          `env:"ISSUER_INSECURE_ALLOW_ANONYMOUS_PRE_AUTHORIZED"`
	EncryptionRequired bool          `env:"ISSUER_ENCRYPTION_REQUIRED"`
	Transactions       bool          `env:"ISSUER_TRANSACTIONS"`
	TrustedProxies     string        `env:"ISSUER_TRUSTED_PROXIES"`
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
	clients, err := config.File("ISSUER_CLIENTS", set.Clients, parseClients)
	if err != nil {
		return err
	}
	services, err := config.File("ISSUER_SERVICES", set.Services, authserver.ParseServices)
	if err != nil {
		return err
	}
	staff, err := config.File("ISSUER_STAFF", set.Staff, server.ParseStaff)
	if err != nil {
		return err
	}
	levels, err := config.File("ISSUER_LEVELS", set.Levels, server.ParseLevels)
	if err != nil {
		return err
	}
	desk, err := config.File("ISSUER_SERVICE_DESK", set.Desk, server.ParseDesk)
	if err != nil {
		return err
	}
	passport, err := config.File("ISSUER_PASSPORT_CHECK", set.Passport, server.ParsePassport)
	if err != nil {
		return err
	}
	schools, err := config.File("ISSUER_SCHOOLS", set.Schools, school.Parse)
	if err != nil {
		return err
	}
	proxies, err := peer.ParseProxies(set.TrustedProxies)
	if err != nil {
		return fmt.Errorf("ISSUER_TRUSTED_PROXIES: %w", err)
	}
	info, err := config.File("ISSUER_REGISTRATION", set.Registration, server.ParseInfo)
	if err != nil {
		return err
	}
	tls, roots, err := serve.LocalTrust(set.TLSDir, time.Now())
	if err != nil {
		return err
	}
	db, err := database.Open(ctx, set.Database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	vault, err := openVault(set, time.Now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, vault.Close()) }()
	issuer, err := server.New(ctx, server.Config{
		URL: set.URL, DataDir: set.Data, TrustDir: set.TrustDir, WalletURL: set.WalletURL, Clients: clients,
		OperatorToken: set.OperatorToken, Push: set.Push, PushContact: set.PushContact, TrustedProxies: proxies,
		SMS:     server.Gateway{URL: set.SMSGateway, Token: set.SMSToken},
		Email:   server.Gateway{URL: set.EmailGateway, Token: set.EmailToken},
		Letters: server.Gateway{URL: set.LetterGateway, Token: set.LetterToken}, LetterLife: set.LetterLife,
		Services: services, Staff: staff, Levels: levels, Desk: desk, Passport: passport, Schools: schools, Info: info, CredentialsDir: set.Credentials, FactsFile: set.Facts,
		DemoServicesURL: set.DemoURL, DemoServicesDir: set.DemoDir, WalletLoginURL: set.WalletLogin,
		InsecureAllowHTTP: set.AllowHTTP, InsecureAllowAnyClient: set.AllowAnyClient, InsecureTestPeople: set.TestPeople,
		StatusListSize: set.StatusListSize, WalletCheck: set.WalletCheck, KeysEvery: set.KeysEvery, EncryptionRequired: set.EncryptionRequired,
		InsecureAllowAnonymousPreAuthorized: set.AllowAnonymous, Transactions: set.Transactions,
		// Either setting says that the services run on one developer's machine: the certificate is for localhost alone.
		InsecureAllowLoopback: set.AllowHTTP || set.TLSDir != "",
	}, server.Deps{DB: db, Vault: vault, Now: time.Now, Log: log, Roots: roots})
	if err != nil {
		return err
	}
	defer issuer.Close()
	debug.FreeOSMemory() // what starting took, above all hashing the passwords of test people, is not needed again
	go serve.Every(ctx, sweepEvery, "sweep", issuer.Sweep, log)
	go serve.Every(ctx, keysEvery, "keys", refreshKeys(issuer), log)
	go serve.Every(ctx, bulksEvery, "bulks", issuer.RunBulks, log)
	go serve.Every(ctx, min(checkEvery, set.WalletCheck), "wallet units", issuer.CheckWallets, log)
	go serve.Every(ctx, checkpointEvery, "audit checkpoint", issuer.Checkpoint, log)
	return serve.Run(ctx, serve.Config{Addr: set.Addr, TLS: tls, Handler: issuer.Handler, Log: log, Stopping: issuer.EndStreams})
}

// How often expired rows are deleted, how often it is seen which wallet units are due for their daily check, and how often the
// audit log gets a checkpoint.
const (
	sweepEvery      = 5 * time.Minute
	bulksEvery      = 10 * time.Second
	checkEvery      = time.Minute
	checkpointEvery = time.Minute
)

// parseClients reads the wallets that are served: [{"id", "name", "redirect_uris", "token_endpoint_auth_method", "jwks"}]. The
// method is attest_jwt_client_auth, private_key_jwt with jwks, or left out for what unknown wallets may do.
func parseClients(raw []byte) ([]authserver.Client, error) {
	var entries []struct {
		ID           string    `json:"id"`
		Name         string    `json:"name"`
		RedirectURIs []string  `json:"redirect_uris"`
		Auth         string    `json:"token_endpoint_auth_method"`
		Keys         jose.JWKS `json:"jwks"`
	}
	if err := json.Unmarshal(raw, &entries); err != nil {
		return nil, err
	}
	clients := make([]authserver.Client, 0, len(entries))
	for _, e := range entries {
		clients = append(clients, authserver.Client{ID: e.ID, Name: e.Name, RedirectURIs: e.RedirectURIs, Auth: e.Auth, Keys: e.Keys})
	}
	return clients, nil
}
