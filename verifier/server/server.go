package server

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/fetch"
	"lommebok.example/internal/keys"
	"lommebok.example/internal/observe"
	"lommebok.example/minid"
	"lommebok.example/minid/authclient"
	"lommebok.example/minid/authserver"
	minidstore "lommebok.example/minid/store"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/x5c"
	recordpages "lommebok.example/transaction/pages"
	recordstore "lommebok.example/transaction/store"
	"lommebok.example/verifier/api"
	"lommebok.example/verifier/demo"
	"lommebok.example/verifier/eidclient"
	"lommebok.example/verifier/login"
	"lommebok.example/verifier/presentation"
	"lommebok.example/verifier/store"
	"lommebok.example/verifier/workbench"
	"lommebok.example/web"
)

// Server is the whole verifier.
type Server struct {
	Handler http.Handler
	Anchor  []byte // the root that its access certificate leads to, PEM

	asking   *presentation.Service
	api      *api.API
	webhooks *api.Webhooks
	trust    *trusted
	provider *authserver.Server
	keys     *keys.Ring
	store    *store.Store
	now      func() time.Time

	records   *recordstore.Store
	recording *recordpages.Pages // nil where nothing is recorded
}

// New builds the verifier: what everything stands on, then the parts, then the routes.
func New(ctx context.Context, cfg Config, deps Deps) (*Server, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if cfg.LoginTrust == nil {
		cfg.LoginTrust = login.DefaultTrust()
	}
	if err := deps.fill(); err != nil {
		return nil, err
	}
	g, err := lay(ctx, cfg, deps)
	if err != nil {
		return nil, err
	}
	recording := newRecords(cfg, deps, g)
	all, err := assemble(cfg, deps, g, recording)
	if err != nil {
		return nil, err
	}
	handler, err := all.handler(deps)
	if err != nil {
		return nil, err
	}
	if err := publish(cfg.TrustDir, cfg.URL, map[string]*x509.Certificate{"verifiers": g.access.Root, "attesters": g.attester.Root}); err != nil {
		return nil, err
	}
	if recording != nil {
		recording.Recorder.Start()
	}
	return &Server{
		Handler: handler, Anchor: all.public.anchor, asking: all.asking, api: all.api, webhooks: all.webhooks, trust: g.trust,
		provider: all.provider, keys: g.openIDKeys, store: g.store, now: deps.Now, records: g.records, recording: recording,
	}, nil
}

// ground is what the parts stand on: tables, secrets, certificates and pages.
type ground struct {
	store   *store.Store
	records *recordstore.Store
	// authorization keeps the OpenID Provider's requests, codes and tokens. Its tables of accounts stay empty.
	authorization    *minidstore.Store
	openIDKeys       *keys.Ring
	seal             *minid.Sealer
	access, attester *access
	signer           *openid4vp.Signer
	signers          map[string]*openid4vp.Signer // for other prefixes
	info             []openid4vp.VerifierInfo
	site             *web.Site
	trust            *trusted
	eid              []eidclient.Service
	asks             *askers
	// examples are for the page that tries a query.
	examples []workbench.Example
}

// lay brings the tables up to date, and makes at the first start what the data folder keeps.
func lay(ctx context.Context, cfg Config, deps Deps) (g *ground, err error) {
	g = &ground{}
	if g.store, err = store.New(ctx, deps.DB); err != nil {
		return nil, err
	}
	g.records = recordstore.New(deps.DB, "verifier")
	if g.authorization, err = minidstore.New(ctx, deps.DB); err != nil {
		return nil, err
	}
	if g.openIDKeys, err = openIDKeys(cfg, deps); err != nil {
		return nil, err
	}
	secret, err := keys.Secret(cfg.DataDir, "seal", 32)
	if err != nil {
		return nil, err
	}
	if g.seal, err = minid.NewSealer(secret); err != nil {
		return nil, err
	}
	if g.trust, err = trustOf(cfg, deps); err != nil {
		return nil, err
	}
	if err := g.identify(cfg, deps.Now()); err != nil {
		return nil, err
	}
	g.site, err = web.New(web.Config{Service: "verifier", Secure: strings.HasPrefix(cfg.URL, "https:"), HomePath: "/", Log: deps.Log})
	if err != nil {
		return nil, err
	}
	if g.eid, err = demoServices(cfg); err != nil {
		return nil, err
	}
	if g.examples, err = workbench.Examples(); err != nil {
		return nil, err
	}
	g.asks, err = makeAskers(cfg, deps.Services, g.access)
	return g, err
}

// identify makes what the verifier shows to wallets that it is itself.
func (g *ground) identify(cfg Config, at time.Time) (err error) {
	m := maker{dir: cfg.DataDir, verifier: cfg.URL, at: at}
	if g.access, err = m.access(); err != nil {
		return err
	}
	if g.attester, err = m.attester(); err != nil {
		return err
	}
	if g.signer, err = openid4vp.NewSigner(g.access.Key, g.access.Chain); err != nil {
		return err
	}
	if g.signers, err = m.signers(g.access, g.attester); err != nil {
		return err
	}
	g.info, err = registration(cfg.RegistrationCertificate)
	return err
}

// registration reads a registration certificate. What stands in it is for the wallet to judge.
func registration(file string) ([]openid4vp.VerifierInfo, error) {
	if file == "" {
		return nil, nil
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%w: the registration certificate: %w", ErrConfig, err)
	}
	jwt := strings.TrimSpace(string(raw))
	if strings.Count(jwt, ".") != 2 {
		return nil, fmt.Errorf("%w: the registration certificate must be a JWT", ErrConfig)
	}
	data, err := json.Marshal(jwt)
	return []openid4vp.VerifierInfo{{Format: openid4vp.FormatRegistrationCert, Data: data}}, err
}

// parts is every part that has routes.
type parts struct {
	site     *web.Site
	trust    *trusted
	asking   *presentation.Service
	api      *api.API
	webhooks *api.Webhooks
	pages    *pages
	bench    *bench
	demo     *demo.Demo
	eid      *eidclient.Client
	public   *public

	recording *recordpages.Pages // nil where nothing is recorded

	signIn   *walletSignIn
	provider *authserver.Server
}

// maxStatusList is how large a status list token may be: a compressed list of a million entries, and room.
const maxStatusList = 1 << 20

// assemble makes each part once, from the parts above it.
func assemble(cfg Config, deps Deps, g *ground, recording *recordpages.Pages) (*parts, error) {
	client := fetch.New(fetch.Config{
		Timeout: 3 * time.Second, MaxBytes: maxStatusList, Roots: deps.Roots, InsecureAllowLoopback: cfg.InsecureAllowLoopback,
	})
	asking := &presentation.Service{
		Base: cfg.URL, Store: g.store, Signer: g.signer, Own: g.asks.signers, Trust: g.trust.set,
		Status: &presentation.StatusLists{Fetch: client, Trust: g.trust.set, MaxAge: cfg.StatusMaxAge}, Seal: g.seal,
		Signers: g.signers, VerifierInfo: g.info,
		Rules: openid4vp.Rules{InsecureAllowHTTP: cfg.InsecureAllowHTTP}, Now: deps.Now, Log: deps.Log,
	}
	if recording != nil {
		asking.Record = recording.Recorder.Address
	}
	eid := &eidclient.Client{
		Base: cfg.URL, Services: g.eid, Store: g.store, Site: g.site, Now: deps.Now, Log: deps.Log,
		Provider: &authclient.Client{
			Issuer: cfg.MinIDURL, InsecureAllowHTTP: cfg.InsecureAllowHTTP, Now: deps.Now,
			Fetch: fetch.New(fetch.Config{Timeout: 5 * time.Second, Roots: deps.Roots, InsecureAllowLoopback: cfg.InsecureAllowLoopback}),
		},
	}
	var logins []string
	for _, s := range g.eid {
		logins = append(logins, s.ID)
	}
	asked := partyAPI(cfg, deps, g, asking)
	pages := &pages{asking: asking, services: deps.Services, wallet: cfg.WalletURL, site: g.site, now: deps.Now, logins: logins}
	pages.signIn = &walletSignIn{pages: pages, store: g.store, trust: cfg.LoginTrust, numbers: cfg.LoginNumbers, log: deps.Log}
	provider, err := newProvider(cfg, deps, g, pages.signIn)
	return &parts{
		signIn: pages.signIn, provider: provider, recording: recording,
		eid:      eid,
		site:     g.site,
		api:      asked,
		webhooks: webhooks(cfg, deps, g),
		trust:    g.trust,
		asking:   asking,
		pages:    pages,
		demo:     demonstrations(cfg, deps, g),
		bench:    &bench{services: deps.Services, examples: g.examples, site: g.site},
		public:   &public{db: deps.DB, anchor: x5c.EncodePEM(g.access.Root)},
	}, err
}

// handler mounts the parts. The site comes first: what it says of headers and languages holds for all routes after it.
func (p *parts) handler(deps Deps) (http.Handler, error) {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	if err := r.SetTrustedProxies(nil); err != nil {
		return nil, err
	}
	r.Use(observe.Middleware(deps.Log, deps.Now))
	if p.recording != nil {
		r.Use(p.recording.Recorder.Middleware())
	}
	p.site.Mount(r)
	p.public.mount(r)
	p.asking.Mount(r.Group("", p.trust.fresh))
	if err := p.api.Mount(r); err != nil {
		return nil, err
	}
	p.eid.Mount(r)
	p.provider.Mount(r)
	own := r.Group("", p.site.OwnForms())
	p.pages.mount(own)
	p.pages.mountAPI(r.Group("", p.site.OwnPosts(maxAPI), p.trust.fresh))
	p.bench.mount(own)
	p.demo.Mount(own)
	p.signIn.mount(own)
	if p.recording != nil {
		p.recording.Mount(own)
	}
	return r, nil
}

// Sweep deletes the transactions that are over, with all that was shown in them.
func (s *Server) Sweep(ctx context.Context) error {
	err := s.api.Sweep(ctx)
	if err == nil { // what relying parties are told of has been noted
		err = s.asking.Sweep(ctx)
	}
	return errors.Join(err, s.store.SweepEID(ctx, s.now()), s.store.SweepLogins(ctx, s.now()), s.provider.Sweep(ctx),
		s.records.Sweep(ctx, s.now()))
}
