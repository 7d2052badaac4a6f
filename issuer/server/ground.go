package server

import (
	"context"
	"crypto"
	"strings"

	"lommebok.example/internal/keys"
	"lommebok.example/internal/metrics"
	"lommebok.example/issuer/signing"
	"lommebok.example/issuer/status"
	"lommebok.example/issuer/store"
	"lommebok.example/minid"
	"lommebok.example/minid/authserver"
	"lommebok.example/minid/notify"
	minidstore "lommebok.example/minid/store"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/web"
)

// ground is what the parts stand on: tables, secrets, certificates, pages, and the authentication core.
type ground struct {
	issuerStore *store.Store
	minidStore  *minidstore.Store
	secrets     secrets
	trust       *trust
	signers     *signing.Signers
	sealer      *sealer
	site        *web.Site
	core        *minid.Core
	outbox      *notify.Outbox
	letters     *notify.LetterOutbox
	pushKey     []byte // nil where no notices are pushed
	openIDKey   crypto.Signer
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
	if g.minidStore, err = minidstore.New(ctx, deps.DB); err != nil {
		return nil, err
	}
	if g.secrets, err = readSecrets(cfg.DataDir); err != nil {
		return nil, err
	}
	g.offers = authserver.NewOffers(g.secrets.offer, deps.Now)
	if g.trust, err = makeTrust(cfg.DataDir, cfg.URL, deps.Types.LongestValidity(), deps.Now()); err != nil {
		return nil, err
	}
	if g.signers, err = g.trust.signers(cfg); err != nil {
		return nil, err
	}
	if g.sealer, err = newSealer(cfg.DataDir); err != nil {
		return nil, err
	}
	g.site, err = web.New(web.Config{Service: "issuer", Secure: strings.HasPrefix(cfg.URL, "https:"), HomePath: "/", Log: deps.Log})
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
	g.core.Meter = g.metrics.Event
	g.metrics.Gauge("password_pool_waiting", "Callers that hash a password or wait for it.", func() float64 { return float64(g.core.Passwords.Waiting()) })
	if g.openIDKey, err = keys.Signer(cfg.DataDir, "openid"); err != nil {
		return nil, err
	}
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

func (t *trust) signers(cfg Config) (*signing.Signers, error) {
	sdjwt, err := sdjwtvc.NewSigner(t.CredentialIssuer.Key, t.CredentialIssuer.Chain)
	if err != nil {
		return nil, err
	}
	document, err := mdoc.NewSigner(t.DocumentSigner.Key, t.DocumentSigner.Chain)
	if err != nil {
		return nil, err
	}
	until := t.DocumentSigner.Chain[0].NotAfter
	if other := t.CredentialIssuer.Chain[0].NotAfter; other.Before(until) {
		until = other
	}
	return signing.New(signing.Config{
		Issuer: cfg.URL, Lists: &status.Service{Issuer: cfg.URL}, SDJWT: sdjwt, MDoc: document, Until: until,
		InsecureAllowHTTP: cfg.InsecureAllowHTTP,
	}), nil
}
