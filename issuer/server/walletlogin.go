package server

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/internal/keys"
	"lommebok.example/issuer/walletlogin"
	"lommebok.example/minid/authclient"
	"lommebok.example/minid/login"
)

// walletLoginClient is what the provider of logins with the wallet knows us by.
const walletLoginClient = "idporten"

// newWalletLogin makes what offers the digital wallet beside MinID; nil where it is not configured. Our key lies where the other
// provider finds it too, as those of the demonstration services do: who starts first makes it.
func newWalletLogin(cfg Config, deps Deps, g *ground, pages *login.Pages) (*walletlogin.Gateway, error) {
	if cfg.WalletLoginURL == "" {
		return nil, nil
	}
	key, err := keys.Signer(cfg.DemoServicesDir, walletLoginClient)
	if err != nil {
		return nil, err
	}
	return &walletlogin.Gateway{
		MinID: pages, Store: g.issuerStore, Barred: g.core.Barred, Numbers: g.core.Numbers, Site: g.site, Now: deps.Now, Log: deps.Log,
		Party: &authclient.Party{ID: walletLoginClient, RedirectURI: cfg.URL + walletlogin.CallbackPath, Key: key},
		Provider: &authclient.Client{
			Issuer: cfg.WalletLoginURL, InsecureAllowHTTP: cfg.InsecureAllowHTTP, Now: deps.Now,
			Fetch: fetch.New(fetch.Config{Timeout: 5 * time.Second, Roots: deps.Roots, InsecureAllowLoopback: cfg.InsecureAllowLoopback}),
		},
	}, nil
}

func (cfg Config) checkWalletLogin() error {
	if cfg.WalletLoginURL == "" {
		return nil
	}
	u, err := url.Parse(cfg.WalletLoginURL)
	switch {
	case err != nil || u.Host == "" || u.User != nil || strings.ContainsAny(cfg.WalletLoginURL, "?#") || strings.HasSuffix(cfg.WalletLoginURL, "/"):
		return fmt.Errorf("%w: the provider of logins with the wallet must be an issuer's URL, without query, fragment and final slash", ErrConfig)
	case u.Scheme != "https" && (u.Scheme != "http" || !cfg.InsecureAllowHTTP):
		return fmt.Errorf("%w: the provider of logins with the wallet must be https", ErrConfig)
	case cfg.DemoServicesDir == "":
		return fmt.Errorf("%w: logins with the wallet need a folder for the key that we share with their provider", ErrConfig)
	}
	return nil
}
