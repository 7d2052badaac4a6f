package presentation

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"lommebok.example/minid"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/verifier/trust"
)

// Service asks and judges.
type Service struct {
	Base   string // address of the verifier, scheme and host
	Store  Store
	Signer *openid4vp.Signer            // x509_hash, of whoever has no access certificate of its own
	Own    map[string]*openid4vp.Signer // those of services that have one, by their ids
	Trust  *trust.Set                   // of issuers
	Status *StatusLists
	Seal   *minid.Sealer // of what is asked, keys and verdicts at rest
	Rules  openid4vp.Rules

	// Signers are those for other prefixes, which a single Ask may choose: x509_san_dns, verifier_attestation.
	Signers map[string]*openid4vp.Signer
	// VerifierInfo goes with each signed request of whoever has no access certificate of its own, such as a registration certificate by value.
	VerifierInfo []openid4vp.VerifierInfo

	// Record gives the address of the page on which the maker of a wallet sees a transaction, by a secret of whoever asked; nil where
	// nothing is recorded.
	Record func(secret string) string

	Now func() time.Time
	Log *slog.Logger
}

// Begin starts a transaction. browser is the secret in the cookie of the browser that asks, of at least 32
// random bytes (see NewBrowser); Links makes the links from it, again and again, for nothing that opens a request is
// stored. Errors: ErrAsk.
func (s *Service) Begin(ctx context.Context, ask Ask, browser string) (id string, err error) {
	ask.TransactionData = slices.Clone(ask.TransactionData)
	if err := s.checkAsk(&ask); err != nil {
		return "", err
	}
	now := s.now()
	id = secret()[:22]
	text, err := json.Marshal(ask)
	if err != nil {
		return "", err
	}
	t := Transaction{ID: id, Browser: owner(id, browser), Ask: s.Seal.Seal(text, "ask", id), State: Waiting, Created: now, Expires: now.Add(RequestLifetime)}
	requests, err := s.newRequests(&t, browser)
	if err != nil {
		return "", err
	}
	if err := s.Store.AddTransaction(ctx, t, requests); err != nil {
		return "", err
	}
	s.linkAsker(ctx, id, browser)
	return id, nil
}

// Renew gives a transaction new requests when its own have expired without an answer and it has some left: what the page of
// the browser that asked does while it stays open. It tells whether there are new ones. ErrNotFound.
func (s *Service) Renew(ctx context.Context, id, browser string) (bool, error) {
	t, err := s.Store.Transaction(ctx, id, owner(id, browser))
	if err != nil {
		return false, err
	}
	now := s.now()
	if t.State != Waiting && t.State != Fetched || now.Before(t.Expires) || t.Renewed == MaxRenewals || s.forgotten(t) {
		return false, nil
	}
	t.Renewed++
	t.Expires = now.Add(RequestLifetime)
	requests, err := s.newRequests(t, browser)
	if err != nil {
		return false, err
	}
	err = s.Store.Renew(ctx, *t, requests, now)
	if errors.Is(err, ErrTaken) { // by another tab, or by a wallet at the last moment
		return false, nil
	}
	if err == nil {
		s.linkAsker(ctx, id, browser)
	}
	return err == nil, err
}

// NewBrowser makes the secret of a browser.
func NewBrowser() string { return secret() }

// IsBrowser tells whether a cookie's value has the form that NewBrowser gives.
func IsBrowser(value string) bool {
	raw, err := jose.DecodeBase64URL(value)
	return err == nil && len(raw) == 32
}

// owner is what is stored of a browser: another value for each transaction, so that rows do not tell who asked twice.
func owner(transaction, browser string) string { return hash(transaction + " " + browser) }

// newRequests makes one for each way; each has a nonce, state and key of its own.
func (s *Service) newRequests(t *Transaction, browser string) ([]Request, error) {
	var requests []Request
	for _, via := range []Via{ViaQR, ViaLink, ViaAPI} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, err
		}
		r := Request{
			ID: hash(s.requestSecret(t.ID, browser, via, t.Renewed)), TransactionID: t.ID, Via: via,
			Nonce: secret(), State: secret(), KeyID: secret()[:16],
		}
		r.Key = s.Seal.Seal(der, "response key", r.ID)
		requests = append(requests, r)
	}
	return requests, nil
}

// requestSecret is what stands in the address of a request: made from the secret of the browser, so that the page can
// show the links again and again and nobody else can. After each renewal it is another.
func (s *Service) requestSecret(transaction, browser string, via Via, renewed int) string {
	return s.Seal.Recognise(fmt.Sprintf("request %s %d", via, renewed), transaction+" "+browser)
}

// ask opens what a transaction asks for.
func (s *Service) ask(t *Transaction) (*Ask, error) {
	text, err := s.Seal.Open(t.Ask, "ask", t.ID)
	if err != nil {
		return nil, err
	}
	ask := new(Ask)
	return ask, json.Unmarshal(text, ask)
}

// Sweep deletes transactions whose verdict has been kept long enough.
func (s *Service) Sweep(ctx context.Context) error { return s.Store.Sweep(ctx, s.now().Add(-kept)) }

// kept is how long a verdict can be read after the requests have expired.
const kept = VerdictLifetime - RequestLifetime

func (s *Service) forgotten(t *Transaction) bool { return s.now().Sub(t.Expires) > kept }

func (s *Service) now() time.Time { return s.Now().UTC().Truncate(time.Millisecond) }

// secret is 32 random bytes in base64url.
func secret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return jose.EncodeBase64URL(b[:])
}

func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return jose.EncodeBase64URL(sum[:])
}
