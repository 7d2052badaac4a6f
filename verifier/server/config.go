package server

import (
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/minid/authserver"
	"lommebok.example/specs/fnr"
	"lommebok.example/verifier/login"
	"lommebok.example/verifier/relyingparty"
	"lommebok.example/web"
)

// Config is what an operator decides.
type Config struct {
	URL       string // address of the verifier: scheme and host, without path and final slash
	DataDir   string // keys, certificates and secrets
	TrustDir  string // its folders issuers and lists are whom the verifier trusts; its own anchor goes to the folder verifiers
	WalletURL string // a wallet in the browser: scheme and host; "" for none

	// MinIDURL is the OpenID Provider that the demonstration services log people in with; "" for none. What they
	// authenticate with is shared with it in the folder DemoServicesDir.
	MinIDURL        string
	DemoServicesDir string

	// RegistrationCertificate is the file with the registration certificate, a JWT that goes with each request by value; "" for none.
	RegistrationCertificate string
	// RelyingPartiesDir has a file for each relying party that asks by the API, beside the demonstrations; "" for these alone.
	RelyingPartiesDir string
	// Services log people in with their wallets, at our own OpenID Provider; LoginTrust is which credentials let people in, and
	// at which level; nil for login.DefaultTrust. With MinIDURL, that provider is one of the services.
	Services   []authserver.Service
	LoginTrust login.Trust
	// KeysEvery is how long a key signs ID tokens before the next takes over; 0: always.
	KeysEvery time.Duration
	// LoginNumbers says which people are logged in; the zero policy takes the synthetic numbers of Skatteetaten alone.
	LoginNumbers fnr.Policy

	// Transactions records what wallets and the verifier say to each other, masked, for a day (package transaction).
	Transactions bool
	// StatusMaxAge is how long a status list is kept at the most. 0 fetches it for each presentation, so that a revocation
	// counts at once.
	StatusMaxAge time.Duration

	// InsecurePinLeaf is a PEM file NAME.pem with one leaf certificate that is trusted without a chain, for the types in
	// NAME.yaml beside it. Safe for a test partner whose certificates lead nowhere; nobody can revoke it.
	InsecurePinLeaf string
	// InsecureAllowHTTP allows addresses with the scheme http. Safe on a developer's own machine only.
	InsecureAllowHTTP bool
	// InsecureAllowLoopback lets status lists be fetched from this machine. Safe where all services run on the machine
	// of one developer.
	InsecureAllowLoopback bool
}

// Deps is what the service stands on.
type Deps struct {
	DB       *database.DB
	Now      func() time.Time
	Log      *slog.Logger
	Services *relyingparty.Set // nil for the services of package relyingparty
	Roots    *x509.CertPool    // for the servers of status lists; nil for the system's
}

// ErrConfig is what is wrong with a Config.
var ErrConfig = errors.New("verifier: configured wrongly")

func (cfg Config) check() error {
	if err := cfg.checkAddress("the URL", cfg.URL, false); err != nil {
		return err
	}
	if cfg.WalletURL != "" {
		if err := cfg.checkAddress("the wallet's URL", cfg.WalletURL, false); err != nil {
			return err
		}
	}
	if cfg.MinIDURL != "" {
		if err := cfg.checkAddress("the address of MinID", cfg.MinIDURL, true); err != nil {
			return err
		}
	}
	if cfg.LoginTrust != nil {
		if err := cfg.LoginTrust.Check(); err != nil {
			return fmt.Errorf("%w: %w", ErrConfig, err)
		}
	}
	if cfg.KeysEvery != 0 && cfg.KeysEvery < idTokensLead {
		return fmt.Errorf("%w: keys of ID tokens are published %s ahead: expected to use each as long or longer, got %s", ErrConfig, idTokensLead, cfg.KeysEvery)
	}
	if cfg.DataDir == "" || cfg.TrustDir == "" {
		return fmt.Errorf("%w: the data folder and the trust folder must be set", ErrConfig)
	}
	return nil
}

// checkAddress refuses what is no scheme and host, with a path where the service may stand below one.
func (cfg Config) checkAddress(what, address string, below bool) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Path != "" && !(below && web.IsUnder(u.EscapedPath())) || strings.ContainsAny(address, "?#"):
		return fmt.Errorf("%w: %s must be scheme and host, without a final slash, such as https://verifier.example", ErrConfig, what)
	case u.Scheme != "https" && (u.Scheme != "http" || !cfg.InsecureAllowHTTP):
		return fmt.Errorf("%w: %s must be https; on a developer's own machine http is allowed with VERIFIER_INSECURE_ALLOW_HTTP=true", ErrConfig, what)
	}
	return nil
}

func (d *Deps) fill() error {
	if d.DB == nil || d.Now == nil || d.Log == nil {
		return fmt.Errorf("%w: DB, Now and Log must be set", ErrConfig)
	}
	if d.Services != nil {
		return nil
	}
	services, err := relyingparty.Embedded()
	d.Services = services
	return err
}
