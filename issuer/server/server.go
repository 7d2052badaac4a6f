package server

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/database"
	"lommebok.example/internal/fetch"
	"lommebok.example/internal/keys"
	"lommebok.example/internal/metrics"
	"lommebok.example/internal/observe"
	"lommebok.example/internal/peer"
	"lommebok.example/issuer/cases"
	"lommebok.example/issuer/credentials"
	"lommebok.example/issuer/issuance"
	"lommebok.example/issuer/source"
	"lommebok.example/issuer/status"
	"lommebok.example/issuer/store"
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
	"lommebok.example/web"
)

// Config is what an operator decides.
type Config struct {
	URL       string // Credential Issuer Identifier: scheme and host, without path and final slash
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
		if err := publish(cfg.TrustDir, cfg.URL, ground.trust.Root); err != nil {
			return nil, err
		}
	}
	return &Server{
		Handler: handler, Anchor: all.public.anchor,
		store: ground.issuerStore, core: ground.core, cases: all.cases.core, schools: all.schools.Core, authServer: all.authServer,
		watch: all.watch, phones: all.phones, trust: ground.trust, sealer: ground.sealer, url: cfg.URL, now: deps.Now, log: deps.Log,
		transactions: all.transactions, told: map[string]time.Duration{},
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
	metrics    *metrics.Metrics

	transactions *pageset.Pages // nil where nothing is recorded
}

// assemble makes each part once, from the parts above it.
func assemble(cfg Config, deps Deps, g *ground) *parts {
	rules := openid4vci.Rules{InsecureAllowHTTP: cfg.InsecureAllowHTTP}
	loginPages := &login.Pages{Core: g.core, Site: g.site, Desk: cfg.Desk, Proxies: cfg.TrustedProxies}
	providers := newWallets(cfg, deps)
	phones := &app.Server{Core: g.core, Base: cfg.URL, Log: deps.Log, PushKey: g.pushKey, Proxies: cfg.TrustedProxies}
	authServer := &authserver.Server{
		Issuer: cfg.URL, Store: g.minidStore, SignIn: loginPages, Catalog: issuance.Catalog{Types: deps.Types},
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
	own := &mine{store: g.issuerStore, types: deps.Types, signIn: loginPages, grants: authServer, site: g.site, now: deps.Now, log: deps.Log}
	issuing := &issuance.Service{
		Issuer: cfg.URL, Rules: rules, Name: name, Types: deps.Types, Source: deps.Source, Store: g.issuerStore,
		Access: authServer, Accounts: g.minidStore, Wallets: providers, Nonces: issuance.NewNonces(g.secrets.cNonce, deps.Now),
		Signers: g.trust.Signers, Encryption: g.encryption, Seal: g.core.Seal, Counts: g.metrics, Now: deps.Now, Log: deps.Log, MetadataSigner: g.trust.access, Info: cfg.Info,
		IssuerKeys: g.trust.credentialKeys,
	}
	return &parts{
		site: g.site, login: loginPages, phones: phones, authServer: authServer, status: statusLists,
		issuing: issuing,
		trustPage: &trustPage{
			cfg: cfg, trust: g.trust, issuing: issuing, status: statusLists, providers: providers, store: g.issuerStore, staff: loginPages, site: g.site, now: deps.Now,
		},
		offers: &offers{
			issuer: cfg.URL, rules: rules, wallet: cfg.WalletURL, types: deps.Types, site: g.site, states: g.offers,
			ready: preAuthorizing{signIn: loginPages, server: authServer, codes: g.core, now: deps.Now},
		},
		mine: own,
		cases: &casework{
			core: &cases.Core{Store: g.issuerStore, People: g.minidStore, Now: deps.Now}, seal: g.core.Seal, staff: loginPages, types: deps.Types,
			view: own.view, site: g.site, now: deps.Now, log: deps.Log,
		},
		watch:    &wallets.Watch{Every: cfg.WalletCheck, Store: g.issuerStore, Statuses: providers, Now: deps.Now, Log: deps.Log},
		outbox:   g.outbox,
		letters:  g.letters,
		metrics:  g.metrics,
		operator: &login.Operator{Core: g.core, Site: g.site, Token: cfg.OperatorToken, InsecureOpen: cfg.InsecureTestPeople, Metrics: g.metrics.Handler()},
		crl:      &crl{dir: filepath.Join(cfg.DataDir, "revoked"), root: g.trust.Root, key: g.trust.rootKey, now: deps.Now, log: deps.Log},
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
	return r, p.issuing.Mount(r)
}

// EndStreams ends what would not end by itself when the service stops: the streams of MinID apps.
func (s *Server) EndStreams() { s.phones.Close() }

// name is how wallets call the issuer.
var name = credentials.Words{
	NB: "Lommebok, utsteder (demonstrasjon)", NN: "Lommebok, utstedar (demonstrasjon)", EN: "Lommebok issuer (demonstration)",
}

// Sweep deletes what has expired. Nothing depends on when it is called.
func (s *Server) Sweep(ctx context.Context) error {
	return errors.Join(s.store.Sweep(ctx, s.now()), s.core.Sweep(ctx), s.schools.Sweep(ctx), s.authServer.Sweep(ctx))
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

// ErrConfig is what is wrong with a Config.
var ErrConfig = errors.New("issuer: configured wrongly")

func (cfg Config) check() error {
	u, err := url.Parse(cfg.URL)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || strings.ContainsAny(cfg.URL, "?#"):
		return fmt.Errorf("%w: the URL must be scheme and host alone, such as https://issuer.example", ErrConfig)
	case u.Scheme != "https" && (u.Scheme != "http" || !cfg.InsecureAllowHTTP):
		return fmt.Errorf("%w: the URL must be https; on a developer's own machine http is allowed with ISSUER_INSECURE_ALLOW_HTTP=true", ErrConfig)
	case cfg.WalletCheck < 0 || cfg.WalletCheck > wallets.Every:
		return fmt.Errorf("%w: wallet units must be looked at every %s or more often (EUDI TS3 section 2.4.3)", ErrConfig, wallets.Every)
	case cfg.DataDir == "":
		return fmt.Errorf("%w: the data folder is not set", ErrConfig)
	}
	if err := errors.Join(cfg.checkLevels(), cfg.checkPassport(), cfg.checkPush(), cfg.checkListSize()); err != nil {
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
