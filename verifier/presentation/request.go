package presentation

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"lommebok.example/internal/observe"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vp"
)

// Links are the two links of a transaction.
type Links struct{ CrossDevice, SameDevice string }

// Links gives the links of a transaction of this browser, for a wallet that is invoked by scheme, "" for that of its Ask.
// ErrNotFound when nothing can be answered any more.
func (s *Service) Links(ctx context.Context, r *Result, browser, scheme string) (l Links, err error) {
	scheme = orDefault(scheme, orDefault(r.Ask.Scheme, openid4vp.Scheme))
	for via, to := range map[Via]*string{ViaQR: &l.CrossDevice, ViaLink: &l.SameDevice} {
		link, err := s.link(ctx, r.Ask, s.requestSecret(r.ID, browser, via, r.renewed))
		if err != nil {
			return Links{}, err
		}
		*to = link.URI(scheme)
	}
	return l, nil
}

// link is by reference when the request is signed, else by value.
func (s *Service) link(ctx context.Context, ask *Ask, id string) (*openid4vp.RequestLink, error) {
	if signer := s.signer(ask); signer != nil {
		return &openid4vp.RequestLink{ClientID: signer.ClientID(), RequestURI: s.requestURI(id), Method: ask.RequestURIMethod}, nil
	}
	r, t, err := s.Store.Request(ctx, hash(id), s.now())
	if err != nil {
		return nil, err
	}
	o, err := s.request(ask, r, t, id)
	if err != nil {
		return nil, err
	}
	return openid4vp.UnsignedRequest(o, s.rules(ask))
}

// signer is that of the one that asks, with the prefix that it asks by; nil for a prefix that has none.
func (s *Service) signer(ask *Ask) *openid4vp.Signer {
	switch own := s.Own[ask.Service]; {
	case ask.prefix() != openid4vp.PrefixX509Hash:
		return s.Signers[ask.prefix()]
	case own != nil:
		return own
	}
	return s.Signer
}

func (s *Service) rules(ask *Ask) openid4vp.Rules {
	r := s.Rules
	r.BeyondHAIP = ask.beyondHAIP()
	return r
}

// clientID is what a proof is made out to, when the request does not go over the Digital Credentials API.
func (s *Service) clientID(ask *Ask, id string) string {
	if signer := s.signer(ask); signer != nil {
		return signer.ClientID()
	}
	return openid4vp.RedirectURIClientID(s.responseURI(id))
}

// info is what third parties say of the one that asks. What they say of the verifier is not said of a service that asks with a
// certificate of its own, and a wallet could bind it to nobody in a request that is not signed (OpenID4VP 1.0 section 5.1).
func (s *Service) info(ask *Ask) []openid4vp.VerifierInfo {
	if s.Own[ask.Service] != nil || s.signer(ask) == nil {
		return nil
	}
	return s.VerifierInfo
}

// request is the request before it is signed. Over the Digital Credentials API it has neither response_uri nor state, and
// names the origin that may ask (OpenID4VP 1.0 appendix A.2).
func (s *Service) request(ask *Ask, r *Request, t *Transaction, id string) (o openid4vp.RequestObject, err error) {
	key, err := s.responseKey(r)
	if err != nil {
		return o, err
	}
	query, err := json.Marshal(ask.Query)
	if err != nil {
		return o, err
	}
	o = openid4vp.RequestObject{
		ResponseMode: ask.mode(r.Via), Nonce: r.Nonce, DCQL: query, Iat: s.now().Unix(), Exp: t.Expires.Unix(),
		ClientMetadata:  clientMetadata(&key.PublicKey, r.KeyID, ask.encrypted()),
		TransactionData: ask.transactionData(), VerifierInfo: s.info(ask),
	}
	if r.Via == ViaAPI {
		o.ExpectedOrigins = []string{s.Base}
		return o, nil
	}
	o.ResponseURI, o.State = s.responseURI(id), r.State
	return o, nil
}

// RequestObject signs the request of this id anew. It may be fetched again until it is answered. form is what the wallet
// posted, nil when it fetched by GET. Errors: *oauth2.Error, ErrNotFound.
func (s *Service) RequestObject(ctx context.Context, id string, form url.Values) (string, error) {
	r, t, ask, err := s.asked(ctx, id)
	if err != nil {
		return "", err
	}
	linkWallet(ctx, r)
	signer := s.signer(ask)
	if signer == nil || r.Via == ViaAPI {
		return "", ErrNotFound // it is not fetched
	}
	told, err := readWallet(form)
	if err == nil && told.metadata != nil {
		err = told.metadata.Fits(signer.ClientID(), ask.mode(r.Via), ask.Query)
	}
	if err != nil {
		return "", refusedFetch(err)
	}
	o, err := s.request(ask, r, t, id)
	if err != nil {
		return "", err
	}
	o.WalletNonce = told.nonce
	jwt, err := signer.SignRequest(o, s.rules(ask))
	if err != nil {
		return "", err
	}
	plain := jwt
	if jwt, err = told.seal(plain); err != nil {
		return "", err
	}
	if jwt != plain {
		observe.Opened(ctx, func() ([]byte, error) { return []byte(plain), nil })
	}
	return jwt, s.Store.MarkFetched(ctx, t.ID)
}

// walletWords are what a wallet tells when it fetches a request by POST (OpenID4VP 1.0 section 5.10).
type walletWords struct {
	nonce    string
	metadata *openid4vp.WalletMetadata
}

// maxWalletNonce bounds what is signed of a stranger's words.
const maxWalletNonce = 512

// readWallet reads the two parameters; others are ignored.
func readWallet(form url.Values) (w walletWords, err error) {
	for _, name := range []string{"wallet_nonce", "wallet_metadata"} {
		if len(form[name]) > 1 {
			return w, oauth2.NewError(http.StatusBadRequest, oauth2.InvalidRequest, "%s: expected once (RFC 6749 section 3.2)", name)
		}
	}
	if w.nonce = form.Get("wallet_nonce"); len(w.nonce) > maxWalletNonce {
		return w, oauth2.NewError(http.StatusBadRequest, oauth2.InvalidRequest, "wallet_nonce: expected at most %d bytes", maxWalletNonce)
	}
	if form.Has("wallet_metadata") {
		w.metadata, err = openid4vp.ParseWalletMetadata(form.Get("wallet_metadata"))
	}
	return w, err
}

// seal encrypts the request object when the wallet gave a key for it that can be used.
func (w walletWords) seal(jwt string) (string, error) {
	if w.metadata == nil {
		return jwt, nil
	}
	key := w.metadata.EncryptionKey()
	if key == nil {
		return jwt, nil
	}
	return jose.EncryptJWT(jwt, key.JWK, key.Enc)
}

// refusedFetch is what the wallet is told; any HTTP error ends its part (section 5.10.2).
func refusedFetch(err error) error {
	var e *openid4vp.Error
	if errors.As(err, &e) {
		return oauth2.NewError(http.StatusBadRequest, e.Code, "%s", e.Description)
	}
	return err
}

// APIRequests are the same request in each protocol of the Digital Credentials API, the signed ones first. ErrNotFound.
func (s *Service) APIRequests(ctx context.Context, res *Result, browser string) ([]openid4vp.DCAPIMessage, error) {
	r, t, err := s.Store.Request(ctx, hash(s.requestSecret(res.ID, browser, ViaAPI, res.renewed)), s.now())
	if err != nil {
		return nil, err
	}
	linkWallet(ctx, r)
	o, err := s.request(res.Ask, r, t, "")
	if err != nil {
		return nil, err
	}
	rules, signer := s.rules(res.Ask), s.signer(res.Ask)
	var makers []func() (*openid4vp.DCAPIMessage, error)
	if signer != nil {
		signers := []*openid4vp.Signer{signer}
		if signer != s.Signer {
			signers = append(signers, s.Signer)
		}
		makers = append(makers,
			func() (*openid4vp.DCAPIMessage, error) { return signer.SignDCAPI(o, rules) },
			func() (*openid4vp.DCAPIMessage, error) { return openid4vp.MultisignDCAPI(o, rules, signers...) })
	}
	unsigned := o
	unsigned.VerifierInfo = nil // as for info
	makers = append(makers, func() (*openid4vp.DCAPIMessage, error) { return openid4vp.UnsignedDCAPI(unsigned, rules) })
	var all []openid4vp.DCAPIMessage
	for _, make := range makers {
		m, err := make()
		if err != nil {
			return nil, err
		}
		all = append(all, *m)
	}
	return all, nil
}

func (s *Service) requestURI(id string) string { return s.Base + "/requests/" + id }

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

// clientMetadata names ES256 everywhere and, when the answer is to be encrypted, the key of this request and both encryptions
// of HAIP 1.0 section 5.
func clientMetadata(pub *ecdsa.PublicKey, kid string, encrypted bool) *openid4vp.ClientMetadata {
	m := &openid4vp.ClientMetadata{
		VPFormatsSupported: &openid4vp.VPFormats{
			SDJWTVC: &openid4vp.SDJWTVCAlgs{SDJWTAlgValues: []string{"ES256"}, KBJWTAlgValues: []string{"ES256"}},
			Mdoc:    &openid4vp.MdocAlgs{IssuerAuthAlgValues: []int64{-7, -9}, DeviceAuthAlgValues: []int64{-7, -9}},
		},
	}
	if encrypted {
		jwk := jose.PublicJWK(pub)
		jwk.Kid, jwk.Use, jwk.Alg = kid, "enc", "ECDH-ES"
		m.JWKS = &jose.JWKS{Keys: []jose.JWK{jwk}}
		m.EncryptedResponseEncValuesSupported = []string{string(jose.A128GCM), string(jose.A256GCM)}
	}
	return m
}
