package server

import (
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/keys"
	"lommebok.example/internal/peer"
	"lommebok.example/issuer/credentials"
	"lommebok.example/issuer/source"
	"lommebok.example/issuer/wallets"
	"lommebok.example/minid"
	"lommebok.example/minid/authserver"
	"lommebok.example/minid/login"
	"lommebok.example/minid/school"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/web"
)

// Config is what an operator decides.
type Config struct {
	URL       string // Credential Issuer Identifier: scheme, host, and the path below which everything stands, if any; without final slash
	DataDir   string // keys, certificates and secrets
	TrustDir  string // where others on this machine find our anchor, and we those of wallet providers; "" for neither
	WalletURL string // a wallet in the browser, without final slash: /offer below it takes credential_offer; "" for none
	Clients   []authserver.Client
	SMS       Gateway // without one, SMS is nobody's factor; with test people it must be empty
	Email     Gateway
	// Letters prints and posts activation letters; without it, and without those for SMS and mail, none can be ordered.
	Letters    Gateway
	LetterLife time.Duration // of an activation code; zero is 60 days

	// Push brings notices to MinID apps by Web Push as well; the key is kept in DataDir. PushContact is a mailto: or https:
	// address at which push services reach the operator (RFC 8292 section 2.1).
	Push        bool
	PushContact string

	// TrustedProxies are believed when they say for whom they speak; see package peer.
	TrustedProxies peer.Proxies

	// OperatorToken opens /operator/logins and /operator/metrics; without it they are there with test people alone.
	OperatorToken string
	Services      []authserver.Service // who log people in with MinID
	KeysEvery     time.Duration        // how long a key signs before the next takes over; 0: until somebody makes one
	Staff         []minid.Staff        // who act for the service; with test people, some of them have roles as well
	Passport      *Passport            // checks passports; nil for nobody
	Desk          *login.DeskPlace     // where people are identified in person; nil for what the demonstration says
	Levels        minid.LevelTable     // what proofing and factors are worth; the zero table for the default
	Schools       *school.File         // whose pupils get MinID there; nil with test people for the synthetic ones

	// CredentialsDir holds further credential types, a *.yaml file each, see package credentials; "" for the built-in ones
	// alone. FactsFile holds further facts about people, see source.NewFile; "" for none.
	CredentialsDir, FactsFile string

	Info []openid4vci.IssuerInfo // what the issuer is registered for, see ParseInfo
	// EncryptionRequired issues nothing but to wallets that encrypt the request and ask for an encrypted response (OpenID4VCI
	// section 10).
	EncryptionRequired bool

	// Transactions records what wallets and the issuer say to each other, masked, for a day, with pages for wallets' makers.
	Transactions bool

	// StatusListSize is how many entries a new status list has, 10 000 to 1 048 576; 0 for store.DefaultListSize, which is also the
	// most when a type's status stands on an identifier list, since what a wholly revoked one names must fit into what readers take. A
	// list is given up for another when half of it is taken.
	StatusListSize int

	// WalletCheck is how often the status of a wallet unit that holds a PID is looked up; 0 for wallets.Every, the longest.
	WalletCheck time.Duration

	// DemoServicesURL is where the two demonstration services are, which are registered beside Services: scheme and host;
	// "" for none. The keys that they share with their owner are kept in the folder DemoServicesDir.
	DemoServicesURL string
	DemoServicesDir string

	// WalletLoginURL is the issuer of an OpenID Provider where people log in with their digital wallets, which is then offered
	// beside MinID to who logs in at a service; "" for none. What we authenticate with there is kept in DemoServicesDir.
	WalletLoginURL string

	// InsecureAllowHTTP allows a URL with the scheme http. Safe on a developer's own machine only.
	InsecureAllowHTTP bool
	// InsecureAllowAnyClient serves wallets that are not in Clients. Safe where only synthetic people have accounts.
	InsecureAllowAnyClient bool
	// InsecureAllowAnonymousPreAuthorized takes pre-authorized codes from wallets that do not say who they are. Safe where only
	// synthetic people have accounts.
	InsecureAllowAnonymousPreAuthorized bool
	// InsecureTestPeople gives the synthetic people accounts and writes their passwords to a file in DataDir; messages
	// to people are not sent but shown at /dev/outbox. Safe where nobody else has an account.
	InsecureTestPeople bool
	// InsecureAllowLoopback lets services on this machine be told of a logout, and one of them check passports. Safe where all services run on the machine of
	// one developer.
	InsecureAllowLoopback bool
}

// Gateway takes messages to people, see notify.Gateway.
type Gateway struct{ URL, Token string }

// Deps is what the service stands on.
type Deps struct {
	DB     *database.DB
	Now    func() time.Time
	Log    *slog.Logger
	Source source.Source    // nil for the built-in register
	Types  *credentials.Set // nil for the types of package credentials
	Vault  keys.Vault       // nil for files in the data folder
	Argon2 minid.Argon2     // zero for the default cost
	Roots  *x509.CertPool   // for the servers of services; nil for the system's
}

// ErrConfig is what is wrong with a Config.
var ErrConfig = errors.New("issuer: configured wrongly")

// under is the path of URL, "" for none.
func (cfg Config) under() string {
	u, err := url.Parse(cfg.URL)
	if err != nil {
		return ""
	}
	return u.EscapedPath()
}

func (cfg Config) check() error {
	u, err := url.Parse(cfg.URL)
	switch {
	case err != nil || u.Host == "" || u.User != nil || !web.IsUnder(u.EscapedPath()) || u.RawQuery != "" || strings.ContainsAny(cfg.URL, "?#"):
		return fmt.Errorf("%w: the URL must be scheme, host, and a path if need be, without a slash at its end, such as https://issuer.example", ErrConfig)
	case u.Scheme != "https" && (u.Scheme != "http" || !cfg.InsecureAllowHTTP):
		return fmt.Errorf("%w: the URL must be https; on a developer's own machine http is allowed with ISSUER_INSECURE_ALLOW_HTTP=true", ErrConfig)
	case cfg.WalletCheck < 0 || cfg.WalletCheck > wallets.Every:
		return fmt.Errorf("%w: wallet units must be looked at every %s or more often (EUDI TS3 section 2.4.3)", ErrConfig, wallets.Every)
	case cfg.KeysEvery != 0 && cfg.KeysEvery < openIDLead:
		return fmt.Errorf("%w: keys are published %s ahead: expected to use each as long or longer, got %s", ErrConfig, openIDLead, cfg.KeysEvery)
	case cfg.DataDir == "":
		return fmt.Errorf("%w: the data folder is not set", ErrConfig)
	}
	if err := errors.Join(cfg.checkLevels(), cfg.checkPassport(), cfg.checkPush(), cfg.checkWalletLogin(), cfg.checkListSize()); err != nil {
		return err
	}
	if err := cfg.checkGateways(); err != nil || cfg.WalletURL == "" {
		return err
	}
	w, err := url.Parse(cfg.WalletURL)
	if err != nil || w.Host == "" || w.RawQuery != "" || w.Fragment != "" || (w.Scheme != "https" && !(w.Scheme == "http" && cfg.InsecureAllowHTTP)) {
		return fmt.Errorf("%w: the wallet's URL must be https, without query and fragment", ErrConfig)
	}
	return nil
}

func (d *Deps) fill(cfg Config) error {
	if d.DB == nil || d.Now == nil || d.Log == nil {
		return fmt.Errorf("%w: DB, Now and Log must be set", ErrConfig)
	}
	if d.Source == nil {
		d.Source = source.NewRegister(d.Now)
	}
	if cfg.FactsFile != "" {
		raw, err := os.ReadFile(cfg.FactsFile)
		if err != nil {
			return fmt.Errorf("%w: facts: %w", ErrConfig, err)
		}
		if d.Source, err = source.NewFile(d.Source, raw); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrConfig, cfg.FactsFile, err)
		}
	}
	if d.Types != nil {
		return nil
	}
	var err error
	d.Types, err = cfg.types()
	return err
}

// types are the credential types that are issued.
func (cfg Config) types() (*credentials.Set, error) {
	if cfg.CredentialsDir != "" {
		return credentials.WithFolder(cfg.CredentialsDir)
	}
	return credentials.Embedded()
}
