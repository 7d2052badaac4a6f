package wallet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vci"
)

const pendingDir = "pending"

// Pending is a credential that its issuer gives later (OpenID4VCI 1.0 section 9): what it takes to ask again.
type Pending struct {
	ID              string    `json:"id"`
	TransactionID   string    `json:"transaction_id"`
	ConfigurationID string    `json:"credential_configuration_id"`
	Ordered         time.Time `json:"ordered"`
	Next            time.Time `json:"next"` // not to be asked for before
	Flow            *Flow     `json:"flow"`
	Keys            []Key     `json:"keys"`
	Token           string    `json:"access_token"`
	Grant           string    `json:"grant,omitempty"`    // with what another token can be had
	Replaces        string    `json:"replaces,omitempty"` // the credential whose place it takes
}

// Name is what the issuer calls the credential, or its configuration identifier.
func (p *Pending) Name(lang string) string {
	c := Credential{ConfigurationID: p.ConfigurationID, Type: p.ConfigurationID}
	if config, ok := p.Flow.Plan.Issuer.CredentialConfigurationsSupported[p.ConfigurationID]; ok {
		c.Display = config.CredentialMetadata
	}
	return c.Name(lang)
}

// Later is no failure: the issuer has taken the order, and the credentials come later.
type Later struct{ Pending []*Pending }

// Error tells what comes, and when it is worth to ask.
func (l *Later) Error() string {
	text := "wallet: the issuer issues later (deferred, OpenID4VCI 1.0 section 9)"
	for _, p := range l.Pending {
		text += fmt.Sprintf("; %s, pending as %s, not before %s", p.ConfigurationID, p.ID, p.Next.UTC().Format(time.RFC3339))
	}
	return text
}

// postpone keeps what is needed to ask for a credential later.
func (w *Wallet) postpone(p *Pending, answer *openid4vci.CredentialResponse) error {
	now := w.Now()
	if p.ID == "" {
		p.ID, p.Ordered = newID(), now
	}
	p.TransactionID, p.Next = answer.TransactionID, now.Add(time.Duration(answer.Interval)*time.Second)
	if err := w.Store.write(pendingDir, p.ID, p); err != nil {
		return err
	}
	return &Later{Pending: []*Pending{p}}
}

// Pending gives what is still to come, the oldest first.
func (s *Store) Pending() ([]*Pending, error) {
	ids, err := s.ids(pendingDir)
	if err != nil {
		return nil, err
	}
	var all []*Pending
	for _, id := range ids {
		p, err := s.pending(id)
		if errors.Is(err, ErrNotFound) {
			continue // picked up meanwhile
		}
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *Pending) int { return cmp.Or(a.Ordered.Compare(b.Ordered), cmp.Compare(a.ID, b.ID)) })
	return all, nil
}

// pending reads one order: ErrNotFound.
func (s *Store) pending(id string) (*Pending, error) {
	var p Pending
	if err := s.read(pendingDir, id, &p); err != nil {
		return nil, err
	}
	if p.Flow == nil || len(p.Keys) == 0 {
		return nil, fmt.Errorf("%w: pending/%s.json: expected a flow and keys", ErrFile, id)
	}
	return &p, nil
}

// PickUp asks for a credential that was to come later, verifies and stores it. A *Later when it is not there yet, also without asking
// before the issuer's interval is over. What the issuer will never give is pending no longer.
func (w *Wallet) PickUp(ctx context.Context, id string) (*Credential, error) {
	p, err := w.Store.pending(id)
	if err != nil {
		return nil, err
	}
	if w.Now().Before(p.Next) {
		return nil, &Later{Pending: []*Pending{p}}
	}
	credential, err := w.pickUp(ctx, p)
	refusal := (*Refusal)(nil)
	over := errors.As(err, &refusal) && (refusal.Code == openid4vci.CredentialRequestDenied || refusal.Code == openid4vci.InvalidTransactionID)
	if err == nil || over || errors.Is(err, ErrCredential) {
		err = errors.Join(err, w.Store.remove(pendingDir, id))
	}
	return credential, err
}

// Await picks up a credential as soon as the issuer has it, asking at its interval.
func (w *Wallet) Await(ctx context.Context, id string) (*Credential, error) {
	for {
		credential, err := w.PickUp(ctx, id)
		later := (*Later)(nil)
		if !errors.As(err, &later) {
			return credential, err
		}
		timer := time.NewTimer(later.Pending[0].Next.Sub(w.Now()))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, errors.Join(ctx.Err(), err)
		case <-timer.C:
		}
	}
}

// AwaitAll waits for all of an issuance that comes later, as err says, beside what came at once. Another error is given back.
func (w *Wallet) AwaitAll(ctx context.Context, got []*Credential, err error) ([]*Credential, error) {
	later := (*Later)(nil)
	if !errors.As(err, &later) {
		return got, err
	}
	err = nil
	for _, p := range later.Pending {
		c, none := w.Await(ctx, p.ID)
		if err = errors.Join(err, none); none == nil {
			got = append(got, c)
		}
	}
	return got, err
}

func (w *Wallet) pickUp(ctx context.Context, p *Pending) (*Credential, error) {
	prover, err := w.prover(p.Flow)
	if err != nil {
		return nil, err
	}
	answer, encrypted, err := w.askDeferred(ctx, prover, p)
	if refusal := (*Refusal)(nil); errors.As(err, &refusal) && refusal.Code == oauth2.InvalidToken && p.Grant != "" {
		if prover, err = w.another(ctx, p); err == nil {
			answer, encrypted, err = w.askDeferred(ctx, prover, p)
		}
	}
	if err != nil {
		return nil, err
	}
	if answer.TransactionID != "" {
		return nil, w.postpone(p, answer)
	}
	got := &obtained{what: wanted{configurationID: p.ConfigurationID}, keys: p.Keys, answer: answer, encrypted: encrypted}
	return w.take(ctx, prover, p.Flow, p.Token, got, w.storing(p.Grant, p.Replaces))
}

// another gets another access token with the refresh token of the grant: the first one ended before the credential came.
func (w *Wallet) another(ctx context.Context, p *Pending) (*prover, error) {
	var h held
	if err := w.Store.read(grantsDir, p.Grant, &h); err != nil {
		return nil, err
	}
	prover, token, err := w.refreshed(ctx, &h)
	if err != nil {
		return nil, err
	}
	p.Flow, p.Token = h.Flow, token.AccessToken
	return prover, w.Store.write(pendingDir, p.ID, p)
}

// askDeferred makes a deferred credential request (section 9.1).
func (w *Wallet) askDeferred(ctx context.Context, p *prover, d *Pending) (*openid4vci.CredentialResponse, bool, error) {
	issuer := d.Flow.Plan.Issuer
	if issuer.DeferredCredentialEndpoint == "" {
		return nil, false, fmt.Errorf("%w: the issuer's metadata name no deferred_credential_endpoint (OpenID4VCI 1.0 section 12.2.4)", ErrUnsupported)
	}
	c := call{
		step: "deferred credential request (OpenID4VCI 1.0 section 9.1)", method: http.MethodPost, url: issuer.DeferredCredentialEndpoint,
		token: d.Token, sent: []string{"transaction_id"},
	}
	return w.exchange(ctx, p, issuer, c, len(d.Keys), func(to *openid4vci.ResponseEncryptionKey) any {
		return &openid4vci.DeferredRequest{TransactionID: d.TransactionID, ResponseEncryption: to}
	})
}

// exchange makes a request whose answer is a Credential Response, encrypted where the issuer can, and tells whether the answer was.
func (w *Wallet) exchange(ctx context.Context, p *prover, m *openid4vci.IssuerMetadata, c call, keys int, request func(*openid4vci.ResponseEncryptionKey) any) (*openid4vci.CredentialResponse, bool, error) {
	e, err := w.newEnvelope(m)
	if err != nil {
		return nil, false, err
	}
	if err := e.seal(ctx, &c, request(e.asked), w.Seal); err != nil {
		return nil, false, err
	}
	a, err := p.do(ctx, c)
	if err != nil {
		return nil, false, err
	}
	raw, err := e.open(c, a)
	if err != nil {
		return nil, false, err
	}
	answer, err := openid4vci.ParseCredentialResponse(a.Status, raw, keys)
	return answer, e.asked != nil, err
}

// storing stores a credential under a new ID, or in the place of another.
func (w *Wallet) storing(grant, replaces string) func(*Credential) error {
	return func(c *Credential) error {
		c.Grant = grant
		if replaces == "" {
			return w.Store.Add(c)
		}
		c.ID = replaces
		return w.Store.write(credentialsDir, c.ID, c)
	}
}

func (s *Store) remove(kind, id string) error {
	return os.Remove(filepath.Join(s.Dir, kind, id+".json"))
}
