package server

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/internal/keys"
	"lommebok.example/minid/authserver"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oidc"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/x5c"
	"lommebok.example/verifier/api"
	"lommebok.example/verifier/demo"
	"lommebok.example/verifier/presentation"
	"lommebok.example/verifier/relyingparty"
)

// askers are the relying parties of the API with what each has: how it authenticates, the key of its webhook, and its access
// certificate. What is not given is made at the first start, in the folder relying-parties of the data folder.
type askers struct {
	parties  *relyingparty.Parties
	clients  map[string]*authserver.Machine
	webhooks map[string][]byte
	signers  map[string]*openid4vp.Signer
	secrets  map[string]string // those that were made here, for the demonstrations
}

// makeAskers refuses a party with the id of a service of the front page, which would ask with the party's certificate.
func makeAskers(cfg Config, services *relyingparty.Set, root *access) (*askers, error) {
	parties, err := relyingparty.EmbeddedParties()
	if err != nil {
		return nil, err
	}
	if !cfg.InsecureAllowHTTP { // the demonstrations are for a developer's own machine, too
		for _, party := range parties.All() {
			party.Redirects = slices.DeleteFunc(party.Redirects, isHTTP)
		}
	}
	if cfg.RelyingPartiesDir != "" {
		if err := parties.Add(os.DirFS(cfg.RelyingPartiesDir)); err != nil {
			return nil, fmt.Errorf("%w: relying parties: %w", ErrConfig, err)
		}
	}
	a := &askers{
		parties: parties, clients: map[string]*authserver.Machine{}, webhooks: map[string][]byte{}, signers: map[string]*openid4vp.Signer{}, secrets: map[string]string{},
	}
	for _, s := range demo.Services() {
		party := parties.ByID(s.Party)
		party.Redirects = append(party.Redirects, demo.Back(cfg.URL, s.ID))
	}
	for _, party := range parties.All() {
		if services.ByID(party.ID) != nil {
			return nil, fmt.Errorf("%w: relying party %s: expected an id that no service of the front page has", ErrConfig, party.ID)
		}
		if err := a.add(cfg, root, party); err != nil {
			return nil, fmt.Errorf("%w: relying party %s: %w", ErrConfig, party.ID, err)
		}
	}
	return a, nil
}

func isHTTP(address string) bool { return strings.HasPrefix(strings.ToLower(address), "http:") }

func (a *askers) add(cfg Config, root *access, party *relyingparty.Party) (err error) {
	if !cfg.InsecureAllowHTTP && slices.ContainsFunc(party.Redirects, isHTTP) {
		return errors.New("redirects: expected https; on a developer's own machine http is allowed with VERIFIER_INSECURE_ALLOW_HTTP=true")
	}
	dir := filepath.Join(cfg.DataDir, "relying-parties")
	secret := party.Client.Secret
	if secret == "" && party.Client.Method == oidc.AuthSecretBasic {
		made, err := keptText(dir, party.ID+".client-secret", "", base64.RawURLEncoding)
		if err != nil {
			return err
		}
		a.secrets[party.ID] = made
		hash := authserver.HashOf(made)
		secret = jose.EncodeBase64URL(hash[:])
	}
	if a.clients[party.ID], err = authserver.NewMachine(party.ID, party.Client.Method, party.Client.JWKS, secret); err != nil {
		return err
	}
	text, err := keptText(dir, party.ID+".webhook-key", webhookKeyPrefix, base64.StdEncoding)
	if err != nil {
		return err
	}
	if a.webhooks[party.ID], err = base64.StdEncoding.DecodeString(strings.TrimPrefix(text, webhookKeyPrefix)); err != nil {
		return fmt.Errorf("webhook key: %w", err)
	}
	key, chain, err := accessOf(cfg, dir, root, party)
	if err != nil {
		return err
	}
	a.signers[party.ID], err = openid4vp.NewSigner(key, chain)
	return err
}

// webhookKeyPrefix is how Standard Webhooks writes a key.
const webhookKeyPrefix = "whsec_"

// keptText gives the random text of a file, which is made at the first call.
func keptText(dir, file, prefix string, encoding *base64.Encoding) (string, error) {
	raw, err := keys.Keep(dir, file, func() ([]byte, error) {
		b := make([]byte, 32)
		_, _ = rand.Read(b) // never fails (Go 1.24 and later)
		return []byte(prefix + encoding.EncodeToString(b)), nil
	})
	return strings.TrimSpace(string(raw)), err
}

// accessOf is the access certificate of a party, by which wallets see who asks.
func accessOf(cfg Config, dir string, root *access, party *relyingparty.Party) (crypto.Signer, []*x509.Certificate, error) {
	if party.Access == "" {
		subject := x5c.Subject{Country: "NO", Organization: party.Name.NB, CommonName: party.Name.NB, URI: cfg.URL}
		return root.leaf(dir, party.ID, subject)
	}
	raw, err := os.ReadFile(filepath.Join(cfg.RelyingPartiesDir, party.Access+".pem"))
	if err != nil {
		return nil, nil, err
	}
	chain, err := x5c.ParsePEM(raw)
	if err != nil {
		return nil, nil, err
	}
	// keys.Signer would make one.
	if _, err := os.Stat(filepath.Join(cfg.RelyingPartiesDir, party.Access+".key.pem")); err != nil {
		return nil, nil, err
	}
	key, err := keys.Signer(cfg.RelyingPartiesDir, party.Access)
	return key, chain, err
}

// partyAPI is the API of relying parties.
func partyAPI(cfg Config, deps Deps, g *ground, asking *presentation.Service) *api.API {
	return &api.API{
		Base: cfg.URL, Wallet: cfg.WalletURL, Parties: g.asks.parties, Clients: g.asks.clients, Asking: asking, Store: g.store, Seal: g.seal,
		Now: deps.Now, Log: deps.Log,
	}
}

// webhooks tells relying parties of what came of it.
func webhooks(cfg Config, deps Deps, g *ground) *api.Webhooks {
	return &api.Webhooks{
		Store: g.store, Parties: g.asks.parties, Keys: g.asks.webhooks, Now: deps.Now, Log: deps.Log,
		Fetch: fetch.New(fetch.Config{Timeout: 5 * time.Second, MaxBytes: 4 << 10, Roots: deps.Roots, InsecureAllowLoopback: cfg.InsecureAllowLoopback}),
	}
}

// Deliver sends the webhooks that are due.
func (s *Server) Deliver(ctx context.Context) error { return s.webhooks.Deliver(ctx) }
