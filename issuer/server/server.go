package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/fetch"
	"lommebok.example/internal/metrics"
	"lommebok.example/internal/observe"
	"lommebok.example/issuer/cases"
	"lommebok.example/issuer/credentials"
	"lommebok.example/issuer/issuance"
	"lommebok.example/issuer/status"
	"lommebok.example/issuer/store"
	"lommebok.example/issuer/walletlogin"
	"lommebok.example/issuer/wallets"
	"lommebok.example/minid"
	"lommebok.example/minid/app"
	"lommebok.example/minid/authserver"
	"lommebok.example/minid/login"
	"lommebok.example/minid/notify"
	"lommebok.example/minid/school"
	"lommebok.example/minid/school/pages"
	"lommebok.example/specs/dpop"
	"lommebok.example/specs/openid4vci"
	pageset "lommebok.example/transaction/pages"
	recordstore "lommebok.example/transaction/store"
	"lommebok.example/web"
)

// Server is the whole issuer.
type Server struct {
	Handler http.Handler
	// Anchor is the root that its certificates lead to.
	Anchor []byte // PEM

	store      *store.Store
	watch      *wallets.Watch
	core       *minid.Core
	cases      *cases.Core
	schools    *school.Core
	authServer *authserver.Server
	trust      *trust
	sealer     *sealer
	url        string
	phones     *app.Server
	now        func() time.Time
	log        *slog.Logger

	transactions *pageset.Pages // nil where nothing is recorded
	records      *recordstore.Store

	renewing sync.Mutex
	told     map[string]time.Duration // of which end of a certificate
}

// New builds the issuer: what everything stands on, then the parts, then the routes.
func New(ctx context.Context, cfg Config, deps Deps) (*Server, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if err := deps.fill(cfg); err != nil {
		return nil, err
	}
	ground, err := lay(ctx, cfg, deps)
	if err != nil {
		return nil, err
	}
	all := assemble(cfg, deps, ground)
	if all.walletLogin, err = newWalletLogin(cfg, deps, ground, all.login); err != nil {
		return nil, err
	}
	if all.walletLogin != nil {
		all.authServer.OpenID.SignIn = all.walletLogin
	}
	if all.schools, err = schoolPages(cfg, ground, all.login); err != nil {
		return nil, err
	}
	all.transactions = newTransactions(cfg, deps, ground, all)
	handler, err := all.handler(deps)
	if err != nil {
		return nil, err
	}
	if cfg.InsecureTestPeople {
		if err := seedTestPeople(ctx, ground.core, cfg.DataDir); err != nil {
			return nil, err
		}
	}
	if cfg.TrustDir != "" {
		if err := publish(cfg.TrustDir, cfg.URL, ground.trust.Root, deps.Types.Names()); err != nil {
			return nil, err
		}
	}
	return &Server{
		Handler: handler, Anchor: all.public.anchor,
		store: ground.issuerStore, core: ground.core, cases: all.cases.core, schools: all.schools.Core, authServer: all.authServer,
		watch: all.watch, phones: all.phones, trust: ground.trust, sealer: ground.sealer, url: cfg.URL, now: deps.Now, log: deps.Log,
		transactions: all.transactions, records: ground.records, told: map[string]time.Duration{},
	}, nil
}

// parts is every part that has routes.
type parts struct {
	site       *web.Site
	login      *login.Pages
	phones     *app.Server
	authServer *authserver.Server
	status     *status.Service
	issuing    *issuance.Service
	offers     *offers
	mine       *mine
	cases      *casework
	trustPage  *trustPage
	public     *public
	crl        *crl
	watch      *wallets.Watch
	outbox     *notify.Outbox // nil without test people
	letters    *notify.LetterOutbox
	operator   *login.Operator
	schools    *pages.Pages

	walletLogin *walletlogin.Gateway // nil where the wallet is not offered
	metrics     *metrics.Metrics

	transactions *pageset.Pages // nil where nothing is recorded
}

// assemble makes each part once, from the parts above it.
func assemble(cfg Config, deps Deps, g *ground) *parts {
	rules := openid4vci.Rules{InsecureAllowHTTP: cfg.InsecureAllowHTTP}
	loginPages := &login.Pages{Core: g.core, Site: g.site, Desk: cfg.Desk, Proxies: cfg.TrustedProxies}
	providers := newWallets(cfg, deps)
	phones := &app.Server{Core: g.core, Base: cfg.URL, Log: deps.Log, PushKey: g.pushKey, Proxies: cfg.TrustedProxies}
	authServer := &authserver.Server{
		Issuer: cfg.URL, Under: cfg.under(), Store: g.minidStore, SignIn: loginPages, Catalog: issuance.Catalog{Types: deps.Types},
		Offers: g.offers, Accounts: g.core, InsecureAllowAnonymousPreAuthorized: cfg.InsecureAllowAnonymousPreAuthorized,
		Providers: providers, Nonces: dpop.NewNonces(g.secrets.dpop, deps.Now), Clients: cfg.Clients, Site: g.site, Now: deps.Now, Log: deps.Log,
		InsecureAllowAnyClient: cfg.InsecureAllowAnyClient, InsecureAllowHTTP: cfg.InsecureAllowHTTP,
		StatusLists: cfg.URL + "/statuslists",
		OpenID: &authserver.OpenID{
			Services: g.services, Keys: g.trust.OpenID, Secret: g.secrets.pairwise, Sessions: loginPages,
			Calls: fetch.New(fetch.Config{
				Connect: 2 * time.Second, Timeout: 5 * time.Second, Roots: deps.Roots, InsecureAllowLoopback: cfg.InsecureAllowLoopback,
			}),
		},
	}
	loginPages.Ended = authServer.SessionEnded
	statusLists := &status.Service{
		Issuer: cfg.URL, Store: g.issuerStore, Signer: g.trust.StatusSigner,
		Now: deps.Now, Log: deps.Log,
	}
	own := &mine{store: g.issuerStore, types: deps.Types, signIn: loginPages, grants: authServer, phones: g.core, site: g.site, now: deps.Now, log: deps.Log}
	issuing := &issuance.Service{
		Issuer: cfg.URL, Rules: rules, Name: name, Types: deps.Types, Source: deps.Source, Store: g.issuerStore,
		Access: authServer, Accounts: g.minidStore, Wallets: providers, Nonces: issuance.NewNonces(g.secrets.cNonce, deps.Now),
		Signers: g.trust.Signers, Encryption: g.encryption, Seal: g.core.Seal, Counts: g.metrics, Now: deps.Now, Log: deps.Log, MetadataSigner: g.trust.access, Info: cfg.Info,
		IssuerKeys: g.trust.credentialKeys,
	}
	revoked := &crl{dir: filepath.Join(cfg.DataDir, "revoked"), root: g.trust.Root, key: g.trust.rootKey, now: deps.Now, log: deps.Log}
	return &parts{
		site: g.site, login: loginPages, phones: phones, authServer: authServer, status: statusLists,
		issuing: issuing,
		trustPage: &trustPage{
			cfg: cfg, trust: g.trust, issuing: issuing, status: statusLists, providers: providers, store: g.issuerStore,
			crl: revoked, metrics: g.metrics, sealer: g.sealer, staff: loginPages, site: g.site, now: deps.Now, log: deps.Log,
		},
		offers: &offers{
			issuer: cfg.URL, rules: rules, wallet: cfg.WalletURL, types: deps.Types, site: g.site, states: g.offers,
			ready: preAuthorizing{signIn: loginPages, server: authServer, codes: g.core, now: deps.Now},
		},
		mine: own,
		cases: &casework{
			core: &cases.Core{Store: g.issuerStore, People: g.minidStore, Now: deps.Now}, seal: g.core.Seal, staff: loginPages, types: deps.Types,
			signers: g.trust.signerKeys,
			view:    own.view, site: g.site, now: deps.Now, log: deps.Log,
		},
		watch:    &wallets.Watch{Every: cfg.WalletCheck, Store: g.issuerStore, Statuses: providers, Now: deps.Now, Log: deps.Log},
		outbox:   g.outbox,
		letters:  g.letters,
		metrics:  g.metrics,
		operator: &login.Operator{Core: g.core, Site: g.site, Token: cfg.OperatorToken, InsecureOpen: cfg.InsecureTestPeople, Metrics: g.metrics.Handler()},
		crl:      revoked,
		public:   &public{db: deps.DB, audit: g.issuerStore, anchor: g.trust.anchorPEM(), now: deps.Now, log: deps.Log},
	}
}

// handler mounts the parts. The site comes first: what it says of headers and languages holds for all routes after it.
func (p *parts) handler(deps Deps) (http.Handler, error) {
	if err := p.authServer.Check(); err != nil {
		return nil, err
	}
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	if err := r.SetTrustedProxies(nil); err != nil {
		return nil, err
	}
	r.Use(p.metrics.Middleware(deps.Now), observe.Middleware(deps.Log, deps.Now))
	if p.transactions != nil {
		r.Use(p.transactions.Recorder.Middleware())
	}
	p.site.Mount(r)
	r.Use(p.gates())
	p.login.Mount(r)
	p.phones.Mount(r)
	p.schools.Mount(r)
	p.authServer.Mount(r)
	if p.walletLogin != nil {
		p.walletLogin.Mount(r)
	}
	p.status.Mount(r)
	p.public.mount(r)
	p.crl.mount(r)
	pages := r.Group("", p.site.OwnForms())
	p.offers.mount(pages)
	p.mine.mount(pages)
	p.cases.mount(pages)
	p.trustPage.mount(pages)
	p.operator.Mount(pages)
	if p.transactions != nil {
		p.transactions.Mount(pages)
	}
	if p.outbox != nil {
		p.outbox.Mount(pages)
		p.letters.Mount(pages)
	}
	p.site.OperatorPages(operatorPages(r.Routes())...)
	return p.site.Strip(r), p.issuing.Mount(r)
}

// operatorPages are those that are there, in the order in which they lead to each other.
func operatorPages(routes gin.RoutesInfo) []string {
	all := []string{trustFront, "/operator/logins", "/operator/transactions", "/operator/accounts"}
	return slices.DeleteFunc(all, func(path string) bool {
		return !slices.ContainsFunc(routes, func(r gin.RouteInfo) bool { return r.Method == http.MethodGet && r.Path == path })
	})
}

// EndStreams ends what would not end by itself when the service stops: the streams of MinID apps.
func (s *Server) EndStreams() { s.phones.Close() }

// name is how wallets call the issuer.
var name = credentials.Words{
	NB: "Lommebok, utsteder (demonstrasjon)", NN: "Lommebok, utstedar (demonstrasjon)", EN: "Lommebok issuer (demonstration)",
}

// Sweep deletes what has expired. Nothing depends on when it is called.
func (s *Server) Sweep(ctx context.Context) error {
	return errors.Join(s.store.Sweep(ctx, s.now()), s.records.Sweep(ctx, s.now()), s.core.Sweep(ctx), s.schools.Sweep(ctx), s.authServer.Sweep(ctx))
}

// RefreshKeys takes over the keys that another process made, makes those that are due and renews certificates near their
// end. What cannot be done now is left as it was, and told.
func (s *Server) RefreshKeys() error {
	s.renewing.Lock()
	defer s.renewing.Unlock()
	err := s.trust.Refresh()
	s.trust.watchEnds(s.log, s.told)
	return err
}

// KeyPurposes are those of which somebody may make the next key. The root is not among them: another one would be another
// anchor.
func KeyPurposes() []string {
	purposes := []string{purposeOpenID}
	for _, l := range leaves {
		purposes = append(purposes, l.purpose)
	}
	return purposes
}

// CheckWallets looks at the wallet units that hold credentials which live and die with them, each once a day, and revokes what
// went to a unit that its provider has revoked. It may be called as often as one likes, by any number of replicas.
func (s *Server) CheckWallets(ctx context.Context) error { return s.watch.Run(ctx) }

// RunBulks carries out what case workers have approved. It may be called as often as one likes, by any number of replicas.
func (s *Server) RunBulks(ctx context.Context) error { return s.cases.Run(ctx) }
