package server

import (
	"crypto/ecdsa"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"lommebok.example/internal/keys"
	"lommebok.example/minid"
	"lommebok.example/minid/authserver"
	"lommebok.example/specs/dpop"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oidc"
)

// A new key of ID tokens is published for so long before it signs that services which keep the key set have seen it. One that has
// been replaced verifies for a while: nobody stays signed in, so an ID token is asked about for as long as a service keeps its own
// session.
const (
	idTokensLead = 24 * time.Hour
	idTokensKeep = 24 * time.Hour
)

// openIDKeys are those that sign ID tokens.
func openIDKeys(cfg Config, deps Deps) (*keys.Ring, error) {
	return keys.OpenRing(keys.RingConfig{
		Purpose: "openid", Vault: keys.Files{Dir: filepath.Join(cfg.DataDir, "keys")}, Now: deps.Now,
		Every: cfg.KeysEvery, Lead: idTokensLead, Keep: idTokensKeep,
	})
}

// RefreshKeys makes the key of ID tokens that is due, and takes over the one that another process made.
func (s *Server) RefreshKeys() error { return s.keys.Refresh() }

// newProvider is the OpenID Provider of services that log people in with their wallets. It has neither accounts nor sessions:
// each login is a presentation of its own.
func newProvider(cfg Config, deps Deps, g *ground, signIn authserver.SignIn) (*authserver.Server, error) {
	nonce, err := keys.Secret(cfg.DataDir, "dpop-nonce", 32)
	if err != nil {
		return nil, err
	}
	pairwise, err := keys.Secret(cfg.DataDir, "pairwise", 32)
	if err != nil {
		return nil, err
	}
	services, err := withIDPorten(cfg)
	if err != nil {
		return nil, err
	}
	provider := &authserver.Server{
		Issuer: cfg.URL, Store: g.authorization, SignIn: signIn, Nonces: dpop.NewNonces(nonce, deps.Now), Site: g.site, Now: deps.Now, Log: deps.Log,
		OpenID: &authserver.OpenID{Services: services, Keys: g.openIDKeys, Secret: pairwise}, InsecureAllowHTTP: cfg.InsecureAllowHTTP,
	}
	return provider, provider.Check()
}

// idPorten is the client_id of the provider that offers the wallet beside MinID.
const idPorten = "idporten"

// withIDPorten gives the services of the configuration and, where there is one, the provider that offers the wallet beside
// MinID. Who starts first, it or we, makes its key.
func withIDPorten(cfg Config) ([]authserver.Service, error) {
	if cfg.MinIDURL == "" {
		return cfg.Services, nil
	}
	key, err := keys.Signer(cfg.DemoServicesDir, idPorten)
	if err != nil {
		return nil, err
	}
	pub, ok := key.Public().(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%w: the key of %s is no ECDSA key", ErrConfig, idPorten)
	}
	return append(slices.Clone(cfg.Services), authserver.Service{
		ID: idPorten, Level: minid.LevelLow, Auth: oidc.AuthPrivateKeyJWT, Keys: jose.JWKS{Keys: []jose.JWK{jose.PublicJWK(pub)}},
		Name: authserver.Words{
			NB: "ID-porten (demonstrasjon)", NN: "ID-porten (demonstrasjon)", EN: "ID-porten (demonstration)",
		},
		RedirectURIs: []string{cfg.MinIDURL + "/wallet-login/callback"},
	}), nil
}
