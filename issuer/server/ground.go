package server

import (
	"context"
	"path/filepath"
	"strings"

	"lommebok.example/internal/keys"
	"lommebok.example/internal/metrics"
	"lommebok.example/issuer/issuance"
	"lommebok.example/issuer/store"
	"lommebok.example/minid"
	"lommebok.example/minid/authserver"
	"lommebok.example/minid/notify"
	minidstore "lommebok.example/minid/store"
	recordstore "lommebok.example/transaction/store"
	"lommebok.example/web"
)

// ground is what the parts stand on: tables, secrets, certificates, pages, and the authentication core.
type ground struct {
	issuerStore *store.Store
	records     *recordstore.Store
	minidStore  *minidstore.Store
	secrets     secrets
	trust       *trust
	sealer      *sealer
	encryption  *issuance.Encryption
	site        *web.Site
	core        *minid.Core
	outbox      *notify.Outbox
	letters     *notify.LetterOutbox
	pushKey     []byte // nil where no notices are pushed
	services    []authserver.Service
	metrics     *metrics.Metrics
	offers      *authserver.Offers
}

// lay brings the tables up to date, and makes at the first start what the data folder keeps.
func lay(ctx context.Context, cfg Config, deps Deps) (g *ground, err error) {
	g = &ground{}
	if g.issuerStore, err = store.New(ctx, deps.DB); err != nil {
		return nil, err
	}
	g.records = recordstore.New(deps.DB, "issuer")
	if cfg.StatusListSize != 0 {
		g.issuerStore.ListSize = cfg.StatusListSize
	}
	if g.minidStore, err = minidstore.New(ctx, deps.DB); err != nil {
		return nil, err
	}
	g.minidStore.Audit = g.issuerStore
	if g.secrets, err = readSecrets(cfg.DataDir); err != nil {
		return nil, err
	}
	if deps.Vault == nil {
		deps.Vault = keys.Files{Dir: filepath.Join(cfg.DataDir, "keys")}
	}
	g.offers = authserver.NewOffers(g.secrets.offer, deps.Now)
	g.trust, err = newTrust(trustConfig{
		vault: deps.Vault, dir: filepath.Join(cfg.DataDir, "keys"), issuer: cfg.URL, longest: deps.Types.LongestValidity(),
		now: deps.Now, every: cfg.KeysEvery, insecureAllowHTTP: cfg.InsecureAllowHTTP,
	})
	if err != nil {
		return nil, err
	}
	if g.sealer, err = newSealer(cfg.DataDir); err != nil {
		return nil, err
	}
	if g.encryption, err = newEncryption(cfg); err != nil {
		return nil, err
	}
	g.site, err = web.New(web.Config{Service: "issuer", Secure: strings.HasPrefix(cfg.URL, "https:"), HomePath: "/", Under: cfg.under(), Log: deps.Log})
	if err != nil {
		return nil, err
	}
	if g.core, err = newCore(g.secrets, g.minidStore, deps); err != nil {
		return nil, err
	}
	g.core.Staff, g.core.Levels = cfg.Staff, cfg.Levels
	g.core.Limits.Letter = cfg.LetterLife
	if cfg.InsecureTestPeople {
		g.core.Staff = append(demoStaff(), cfg.Staff...)
	}
	g.setSender(cfg, deps)
	g.setPassport(cfg, deps)
	if err := g.setPusher(cfg, deps); err != nil {
		return nil, err
	}
	g.metrics = metrics.New()
	g.trust.measure(g.metrics)
	g.core.Meter = g.metrics.Event
	g.metrics.Gauge("password_pool_waiting", "Callers that hash a password or wait for it.", func() float64 { return float64(g.core.Passwords.Waiting()) })
	g.services, err = withDemoServices(cfg)
	return g, err
}

// secrets are made at the first start and kept in the data folder.
type secrets struct{ dpop, cNonce, pepper, seal, pairwise, offer []byte }

func readSecrets(dir string) (secrets, error) {
	var s secrets
	for name, into := range map[string]*[]byte{
		"dpop-nonce": &s.dpop, "c-nonce": &s.cNonce, "pepper": &s.pepper, "seal": &s.seal, "pairwise": &s.pairwise, "offer": &s.offer,
	} {
		secret, err := keys.Secret(dir, name, 32)
		if err != nil {
			return secrets{}, err
		}
		*into = secret
	}
	return s, nil
}

func newCore(s secrets, st minid.Store, deps Deps) (*minid.Core, error) {
	passwords, err := minid.NewPasswordPool(minid.PasswordConfig{Pepper: s.pepper, Argon2: deps.Argon2})
	if err != nil {
		return nil, err
	}
	seal, err := minid.NewSealer(s.seal)
	if err != nil {
		return nil, err
	}
	return &minid.Core{
		Store: st, Passwords: passwords, Seal: seal, Now: deps.Now, Log: deps.Log,
		Population: population{deps.Source},
	}, nil
}
