package presentation

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"lommebok.example/minid"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/x5c"
)

// Service asks and judges.
type Service struct {
	Base   string // address of the verifier, scheme and host
	Store  Store
	Signer *openid4vp.Signer
	// Signers are those of services that have an access certificate of their own, by their ids.
	Signers map[string]*openid4vp.Signer
	Anchors *x5c.Anchors // of issuers
	Status  *StatusLists
	Seal    *minid.Sealer // of what is asked, keys and verdicts at rest
	Rules   openid4vp.Rules
	Now     func() time.Time
	Log     *slog.Logger
}

// Links are the two links of a transaction.
type Links struct{ CrossDevice, SameDevice string }

// Begin starts a transaction. browser is the secret in the cookie of the browser that asks, of at least 32
// random bytes (see NewBrowser); Links makes the links from it, again and again, for nothing that opens a request is
// stored.
func (s *Service) Begin(ctx context.Context, ask Ask, browser string) (id string, err error) {
	now := s.now()
	id = secret()[:22]
	text, err := json.Marshal(ask)
	if err != nil {
		return "", err
	}
	t := Transaction{ID: id, Browser: owner(id, browser), Ask: s.Seal.Seal(text, "ask", id), State: Waiting, Created: now, Expires: now.Add(RequestLifetime)}
	requests := make([]Request, 0, 2)
	for _, same := range []bool{false, true} {
		r, err := s.newRequest(id, browser, same)
		if err != nil {
			return "", err
		}
		requests = append(requests, r)
	}
	return id, s.Store.AddTransaction(ctx, t, requests)
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

func (s *Service) newRequest(transaction, browser string, same bool) (Request, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Request{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Request{}, err
	}
	r := Request{
		ID: hash(s.requestSecret(transaction, browser, same)), TransactionID: transaction, SameDevice: same,
		Nonce: secret(), State: secret(), KeyID: secret()[:16],
	}
	r.Key = s.Seal.Seal(der, "response key", r.ID)
	return r, nil
}

// requestSecret is what stands in the address of a request: made from the secret of the browser, so that the page can
// show the links again and again and nobody else can.
func (s *Service) requestSecret(transaction, browser string, same bool) string {
	return s.Seal.Recognise(fmt.Sprintf("request, same device %t", same), transaction+" "+browser)
}

// Links gives the links of a transaction of this browser, for a wallet that is invoked by scheme: openid4vp.Scheme, or
// the address of a wallet in the browser.
func (s *Service) Links(ask *Ask, transaction, browser, scheme string) Links {
	link := func(same bool) string {
		return openid4vp.RequestURI(scheme, s.signer(ask).ClientID(), s.Base+"/requests/"+s.requestSecret(transaction, browser, same))
	}
	return Links{CrossDevice: link(false), SameDevice: link(true)}
}

// signer is that of the service that asks.
func (s *Service) signer(ask *Ask) *openid4vp.Signer {
	if own := s.Signers[ask.Service]; own != nil {
		return own
	}
	return s.Signer
}

// RequestObject signs the request of this id anew. It may be fetched again until it is answered. ErrNotFound.
func (s *Service) RequestObject(ctx context.Context, id string) (string, error) {
	now := s.now()
	r, t, err := s.Store.Request(ctx, hash(id), now)
	if err != nil {
		return "", err
	}
	ask, err := s.ask(t)
	if err != nil {
		return "", err
	}
	key, err := s.responseKey(r)
	if err != nil {
		return "", err
	}
	query, err := json.Marshal(ask.Query)
	if err != nil {
		return "", err
	}
	jwt, err := s.signer(ask).SignRequest(openid4vp.RequestObject{
		ResponseURI: s.responseURI(id), Nonce: r.Nonce, State: r.State, DCQL: query, Iat: now.Unix(), Exp: t.Expires.Unix(),
		ClientMetadata: clientMetadata(&key.PublicKey, r.KeyID),
	}, s.Rules)
	if err != nil {
		return "", err
	}
	return jwt, s.Store.MarkFetched(ctx, t.ID)
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

func (s *Service) responseURI(id string) string { return s.Base + "/responses/" + id }

func (s *Service) responseKey(r *Request) (*ecdsa.PrivateKey, error) {
	der, err := s.Seal.Open(r.Key, "response key", r.ID)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	ec, ok := key.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("presentation: a response key of type %T", key)
	}
	return ec, nil
}

// clientMetadata names the key of this request, both encryptions of HAIP 1.0 section 5, and ES256 everywhere.
func clientMetadata(pub *ecdsa.PublicKey, kid string) *openid4vp.ClientMetadata {
	jwk := jose.PublicJWK(pub)
	jwk.Kid, jwk.Use, jwk.Alg = kid, "enc", "ECDH-ES"
	return &openid4vp.ClientMetadata{
		JWKS:                                &jose.JWKS{Keys: []jose.JWK{jwk}},
		EncryptedResponseEncValuesSupported: []string{string(jose.A128GCM), string(jose.A256GCM)},
		VPFormatsSupported: &openid4vp.VPFormats{
			SDJWTVC: &openid4vp.SDJWTVCAlgs{SDJWTAlgValues: []string{"ES256"}, KBJWTAlgValues: []string{"ES256"}},
			Mdoc:    &openid4vp.MdocAlgs{IssuerAuthAlgValues: []int64{-7, -9}, DeviceAuthAlgValues: []int64{-7, -9}},
		},
	}
}

// Sweep deletes transactions whose verdict has been kept long enough.
func (s *Service) Sweep(ctx context.Context) error {
	return s.Store.Sweep(ctx, s.now().Add(-VerdictLifetime))
}

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
