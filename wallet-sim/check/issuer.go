package check

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/transaction"
	"lommebok.example/wallet-sim/faults"
	"lommebok.example/wallet-sim/wallet"
)

// Issuer checks a credential issuer with its authorization server.
type Issuer struct {
	Address string
	Way     *Way
	// SignIn opens the address of an authorization request, and gives the query that the browser comes back with.
	SignIn func(ctx context.Context, address string) (url.Values, error)
	// ByHand: a person signs in, once. What comes after goes by the refresh token; what takes a sign-in of its own is left out.
	ByHand bool
	Types  []string // credential configurations; nil for all
	// Offer is an offer with a pre-authorized code, with its transaction code; "" for none.
	Offer, TxCode string
	Patience      time.Duration // with what is issued later
	Chosen        Chosen
	Tell          func(Result) // hears of each result as it comes
}

// The steps that the check makes itself.
const (
	stepPlain    = "issuer metadata as JSON"
	stepSigned   = "issuer metadata, signed"
	stepServer   = "authorization server metadata"
	stepUnpushed = "authorization request that was not pushed"
	stepNonce    = "nonce request"
	stepPAR      = "pushed authorization request"
	stepToken    = "token request"
	stepAsk      = "credential request"
	stepLater    = "deferred credential request"
	stepNotify   = "notification"
)

// issuerSeen is all that the requirements of an issuer are judged by.
type issuerSeen struct {
	*Issuer
	records
	plain, signed, server       *transaction.Exchanged
	unpushed                    *transaction.Exchanged // an authorization request that was not pushed
	plainErr, signedErr, asErr  error                  // why there is none
	metadata                    *openid4vci.IssuerMetadata
	metadataErr                 error
	as                          *oauth2.ServerMetadata
	issuances                   []*issuance
	encrypted, renewed, offered *issuance
	nonces                      flow
	credentials                 []*issued
	mine                        map[string]bool // thumbprints of the wallet's keys
	refused                     flow            // what was answered to faults
}

// issuance is a flow that is to end with a credential.
type issuance struct {
	id     string // of the configuration
	config openid4vci.Configuration
	seen   flow
	back   url.Values
	got    []*wallet.Credential
	err    error
}

// IssuerRequirements are all that an issuer is held to.
func IssuerRequirements() ([]Requirement, error) {
	var all []Requirement
	for _, r := range issuerRules() {
		all = append(all, r.Requirement)
	}
	library, err := faults.Library()
	for _, f := range faults.Answers(library, false) {
		all = append(all, requirementOf(&f))
	}
	return all, err
}

// Check makes the flows and judges. Errors: ErrChosen, ErrNobody, and a *net.OpError when nobody is there, of whom nothing can be said.
func (i *Issuer) Check(ctx context.Context) (*Report, error) {
	all, err := IssuerRequirements()
	if err != nil {
		return nil, err
	}
	if err := i.Chosen.check(all); err != nil {
		return nil, err
	}
	begun := i.Way.Wallet.Now()
	s := &issuerSeen{Issuer: i, records: records{}, mine: map[string]bool{}}
	s.rememberKeys()
	s.look(ctx)
	if network := (*net.OpError)(nil); errors.As(s.plainErr, &network) {
		return nil, s.plainErr
	}
	if err := s.known(); err != nil {
		return nil, err
	}
	s.issue(ctx)
	for _, one := range s.issuances {
		if errors.Is(one.err, ErrNobody) {
			return nil, one.err // which is no fault of the server
		}
	}
	s.inspectAll(ctx)
	r := &Report{Kind: "issuer", Address: i.Address, At: begun.UTC()}
	tell := func(one Result) {
		if r.Results = append(r.Results, one); i.Tell != nil {
			i.Tell(one)
		}
	}
	judge := func(rules []issuerRule) {
		for _, rule := range rules {
			if i.Chosen.has(rule.Requirement) {
				tell(s.result(rule.Requirement, rule.judge(s)))
			}
		}
	}
	judge(goodRules())
	err = s.doFaults(ctx, tell)
	judge(refusalRules())
	r.Millis = i.Way.Wallet.Now().Sub(begun).Milliseconds()
	return r, errors.Join(err, ctx.Err())
}

// ErrNobody is SignIn's, of a person who is not there.
var ErrNobody = errors.New("check: nobody signed in")

// known refuses types that the issuer does not have: ErrChosen.
func (s *issuerSeen) known() error {
	if s.metadata == nil {
		return nil
	}
	all := s.metadata.CredentialConfigurationsSupported
	for _, id := range s.Types {
		if _, ok := all[id]; !ok {
			return fmt.Errorf("%w: the issuer has no %q, but %s", ErrChosen, id, strings.Join(slices.Sorted(maps.Keys(all)), ", "))
		}
	}
	return nil
}

func (s *issuerSeen) rememberKeys() {
	w, newKey := s.Way.Wallet, s.Way.Faults.Keys.New
	w.NewKey = func() (wallet.Key, error) {
		key, err := newKey()
		if err == nil {
			s.mine[jose.Thumbprint(&key.PublicKey)] = true
		}
		return key, err
	}
}

// look fetches what the issuer and its authorization server say of themselves.
func (s *issuerSeen) look(ctx context.Context) {
	rules := openid4vci.Rules{InsecureAllowHTTP: s.Way.Wallet.InsecureAllowHTTP}
	address, err := rules.WellKnown(s.Address)
	if err != nil {
		s.plainErr, s.signedErr, s.metadataErr, s.asErr = err, err, err, err
		return
	}
	s.plain, s.plainErr = s.Way.send(ctx, stepPlain, http.MethodGet, address, openid4vci.MediaTypeMetadata, "")
	s.signed, s.signedErr = s.Way.send(ctx, stepSigned, http.MethodGet, address, openid4vci.MediaTypeSignedMetadata, "")
	if s.metadataErr = s.plainErr; s.metadataErr == nil {
		s.metadata, s.metadataErr = openid4vci.ParseIssuerMetadata(s.plain.Got, s.Address, rules)
	}
	if s.metadataErr != nil {
		s.asErr = fmt.Errorf("the issuer metadata could not be read: %w", s.metadataErr)
		return
	}
	server, err := s.metadata.AuthorizationServer("")
	if err == nil {
		address, err = oauth2.WellKnown(server, oauth2.WellKnownSuffix)
	}
	if err == nil {
		s.server, err = s.Way.send(ctx, stepServer, http.MethodGet, address, "application/json", "")
	}
	if s.asErr = err; err == nil {
		s.as = &oauth2.ServerMetadata{}
		s.asErr = jose.Unmarshal(s.server.Got, s.as)
	}
	if s.asErr == nil && s.as.AuthorizationEndpoint != "" {
		s.lookUnpushed(ctx)
	}
}

// lookUnpushed makes an authorization request by its address alone.
func (s *issuerSeen) lookUnpushed(ctx context.Context) {
	u, err := url.Parse(s.as.AuthorizationEndpoint)
	if err != nil {
		return
	}
	q := u.Query()
	for name, value := range map[string]string{
		"response_type": "code", "client_id": s.Way.Wallet.ClientID, "redirect_uri": s.Way.Wallet.RedirectURI, "state": rand.Text(),
		"code_challenge": oauth2.S256(rand.Text() + rand.Text()), "code_challenge_method": oauth2.MethodS256, "scope": s.scope(),
	} {
		q.Set(name, value)
	}
	u.RawQuery = q.Encode()
	s.Way.Watch.take()
	s.unpushed, err = s.Way.send(ctx, stepUnpushed, http.MethodGet, u.String(), "text/html", "")
	if errors.Is(err, fetch.ErrRedirect) {
		s.unpushed = s.Way.Watch.take().at(stepUnpushed)
	}
}

// scope is that of a credential, "" when none has any.
func (s *issuerSeen) scope() string {
	for _, id := range slices.Sorted(maps.Keys(s.metadata.CredentialConfigurationsSupported)) {
		if scope := s.metadata.CredentialConfigurationsSupported[id].Scope; scope != "" {
			return scope
		}
	}
	return ""
}

// issue makes the good flows.
func (s *issuerSeen) issue(ctx context.Context) {
	if s.metadata == nil {
		return
	}
	w := s.Way.Wallet
	w.Unencrypted = true
	for _, id := range s.types() {
		s.issuances = append(s.issuances, s.one(ctx, id, func() ([]*wallet.Credential, url.Values, error) { return s.byCode(ctx, id) }))
	}
	if s.metadata.NonceEndpoint != "" {
		for range 2 {
			if x, err := s.Way.send(ctx, stepNonce, http.MethodPost, s.metadata.NonceEndpoint, "application/json", ""); err == nil {
				s.nonces = append(s.nonces, x)
			}
		}
	}
	s.more(ctx)
}

// more are the flows that one credential is enough for.
func (s *issuerSeen) more(ctx context.Context) {
	w := s.Way.Wallet
	if s.Offer != "" {
		id := ""
		s.offered = s.one(ctx, "", func() ([]*wallet.Credential, url.Values, error) {
			plan, err := w.Resolve(ctx, s.Offer, "")
			if err != nil {
				return nil, nil, err
			}
			id = plan.ConfigurationIDs[0]
			got, err := w.Redeem(ctx, plan, s.TxCode)
			return got, nil, err
		})
		s.offered.id, s.offered.config = id, s.metadata.CredentialConfigurationsSupported[id]
	}
	good := s.good()
	if good == nil {
		return
	}
	wants := func(id string) bool { return s.Chosen.has(Requirement{ID: id, Profile: OpenID4VCI}) }
	if old := good.got[0]; old.Grant != "" && wants(idRefresh) {
		s.renewed = s.one(ctx, good.id, func() ([]*wallet.Credential, url.Values, error) {
			again, err := w.Renew(ctx, old.ID)
			return []*wallet.Credential{again}, nil, err
		})
	}
	if s.metadata.CredentialResponseEncryption != nil && s.again(good) && wants(idEncrypted) {
		w.Unencrypted = false
		s.encrypted = s.one(ctx, good.id, func() ([]*wallet.Credential, url.Values, error) { return s.anew(ctx, good) })
		w.Unencrypted = true
	}
}

// again tells whether a credential can be had once more without troubling a person.
func (s *issuerSeen) again(good *issuance) bool { return !s.ByHand || good.got[0].Grant != "" }

// anew gets a credential once more: by another sign-in, or by the refresh token where a person signs in.
func (s *issuerSeen) anew(ctx context.Context, good *issuance) ([]*wallet.Credential, url.Values, error) {
	if !s.ByHand {
		return s.byCode(ctx, good.id)
	}
	one, err := s.Way.Wallet.Renew(ctx, good.got[0].ID)
	return []*wallet.Credential{one}, nil, err
}

// good is the first issuance that gave a credential.
func (s *issuerSeen) good() *issuance {
	for _, one := range s.issuances {
		if one.err == nil && len(one.got) > 0 {
			return one
		}
	}
	return nil
}

// types are the configurations to get by a sign-in.
func (s *issuerSeen) types() []string {
	if s.asErr == nil && s.as.AuthorizationEndpoint == "" {
		return nil
	}
	if len(s.Types) > 0 {
		return s.Types
	}
	all := slices.Sorted(maps.Keys(s.metadata.CredentialConfigurationsSupported))
	if !s.ByHand || len(all) == 0 {
		return all
	}
	one := max(0, slices.IndexFunc(all, func(id string) bool { return canBeForged(s.metadata.CredentialConfigurationsSupported[id]) }))
	return all[one : one+1]
}

// one makes a flow; what the issuer gives later is waited for.
func (s *issuerSeen) one(ctx context.Context, id string, get func() ([]*wallet.Credential, url.Values, error)) *issuance {
	s.Way.Watch.take()
	n := &issuance{id: id, config: s.metadata.CredentialConfigurationsSupported[id]}
	n.got, n.back, n.err = get()
	waiting, cancel := context.WithTimeout(ctx, s.Patience)
	defer cancel()
	n.got, n.err = s.Way.Wallet.AwaitAll(waiting, n.got, n.err)
	n.seen = s.Way.Watch.take()
	return n
}

// byCode is the authorization code flow.
func (s *issuerSeen) byCode(ctx context.Context, id string) ([]*wallet.Credential, url.Values, error) {
	w := s.Way.Wallet
	plan, err := w.Resolve(ctx, s.Address, id)
	if err != nil {
		return nil, nil, err
	}
	address, err := w.Begin(ctx, plan)
	if err != nil {
		return nil, nil, err
	}
	back, err := s.SignIn(ctx, address)
	if err != nil {
		return nil, nil, fmt.Errorf("the sign-in: %w", err)
	}
	got, err := w.Finish(ctx, back)
	return got, back, err
}

// refusedHere tells whether it is the person who gets none, which is no fault of the server: refused at the sign-in, or by a source
// that does not have what the credential says (section 8.3.1.2).
func (n *issuance) refusedHere() bool {
	var refusal *wallet.Refusal
	return errors.As(n.err, &refusal) && (refusal.Status == 0 || refusal.Status == http.StatusBadRequest && refusal.Code == openid4vci.CredentialRequestDenied)
}
