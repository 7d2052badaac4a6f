package attestation

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"time"

	"lommebok.example/specs/jose"
)

// WalletTyp is the typ of a wallet attestation (ABCA section 4).
const WalletTyp = "oauth-client-attestation+jwt"

// MaxWalletLife is how far ahead exp of a wallet attestation may lie (EUDI TS3 section 2.2.1.1: less than 24 hours).
const MaxWalletLife = 24 * time.Hour

// Wallet is a wallet attestation (OpenID4VCI 1.0 appendix E):
//
//	{"typ": "oauth-client-attestation+jwt", "alg": "ES256", "x5c": […]} .
//	{"sub": client_id, "cnf": {"jwk": …}, "exp", "iat", "wallet_name", "wallet_version", "wallet_link",
//	 "wallet_solution_certification_information", "client_status": {"status": {"status_list": {…}}, "exp"}}
type Wallet struct {
	ClientID string // sub: the same for every instance of the wallet (HAIP 1.0 section 4.4.1)
	Issuer   string // iss of -07, empty since -08; nothing rests on it
	Key      *ecdsa.PublicKey
	IssuedAt time.Time // zero when absent
	Expires  time.Time

	Name, Version, Link string
	Certification       string  // written, and not read: TS3 leaves its content open
	Status              *Status // client_status of TS3, or status; nil for none
	Chain               []*x509.Certificate
}

type walletClaims struct {
	lifetime
	Iss string `json:"iss"`
	Sub string `json:"sub"`
	Cnf struct {
		JWK json.RawMessage `json:"jwk"`
	} `json:"cnf"`
	Name         string          `json:"wallet_name"`
	Version      string          `json:"wallet_version"`
	Link         string          `json:"wallet_link"`
	Status       json.RawMessage `json:"status"`
	ClientStatus json.RawMessage `json:"client_status"`
}

// VerifyWallet checks a wallet attestation by ABCA section 7.1, rules 2 to 6, and HAIP 1.0 section 4.4.1. iss may be there
// (-07) or not (-08 and later). Errors: the first group of sentinels.
func VerifyWallet(jwt string, e Expect) (*Wallet, error) {
	u, err := e.open(jwt, WalletTyp)
	if err != nil {
		return nil, err
	}
	var c walletClaims
	if err := jose.Unmarshal(u.UnsafePayload(), &c); err != nil { // verified by open
		return nil, fmt.Errorf("%w: %w", ErrClaims, err)
	}
	switch {
	case c.Sub == "":
		return nil, fmt.Errorf("%w: sub (ABCA section 4)", ErrClaims)
	case c.Exp == nil:
		return nil, fmt.Errorf("%w: exp (ABCA section 4)", ErrClaims)
	case len(c.Cnf.JWK) == 0:
		return nil, fmt.Errorf("%w: cnf with jwk (ABCA section 4)", ErrClaims)
	}
	if err := c.check(e); err != nil {
		return nil, err
	}
	_, key, err := jose.ParseJWK(c.Cnf.JWK)
	if err != nil {
		return nil, fmt.Errorf("%w: cnf: %w", ErrKey, err)
	}
	status, err := statusOf(c.ClientStatus, c.Status)
	if err != nil {
		return nil, err
	}
	return &Wallet{
		ClientID: c.Sub, Issuer: c.Iss, Key: key, IssuedAt: at(c.Iat), Expires: at(c.Exp),
		Name: c.Name, Version: c.Version, Link: c.Link, Status: status, Chain: u.Header.X5C,
	}, nil
}

func statusOf(kept, plain json.RawMessage) (*Status, error) {
	k, err := optional[maintained](kept)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStatus, err)
	}
	p, err := optional[statusClaim](plain)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrStatus, err)
	}
	return readStatus(k, p)
}

// Sign makes the attestation, for a wallet provider whose chain is w.Chain, leaf first and without its anchor. Errors:
// ErrClaims, ErrNoChain, and those of jose.
func (w Wallet) Sign(provider crypto.Signer) (string, error) {
	switch {
	case w.ClientID == "" || w.Expires.IsZero() || w.Key == nil:
		return "", fmt.Errorf("%w: expected ClientID, Expires and Key", ErrClaims)
	case len(w.Chain) == 0:
		return "", ErrNoChain
	}
	claims := map[string]any{
		"sub": w.ClientID, "exp": w.Expires.Unix(), "cnf": map[string]any{"jwk": jose.PublicJWK(w.Key)},
	}
	if !w.IssuedAt.IsZero() {
		claims["iat"] = w.IssuedAt.Unix()
	}
	for name, text := range map[string]string{
		"iss": w.Issuer, "wallet_name": w.Name, "wallet_version": w.Version, "wallet_link": w.Link,
		"wallet_solution_certification_information": w.Certification,
	} {
		if text != "" {
			claims[name] = text
		}
	}
	w.Status.addTo(claims, "client_status")
	return sign(provider, jose.Header{Typ: WalletTyp, X5C: w.Chain}, claims)
}

func sign(key crypto.Signer, h jose.Header, claims map[string]any) (string, error) {
	signer, err := jose.NewSigner(key, h)
	if err != nil {
		return "", fmt.Errorf("attestation: %w", err)
	}
	return signer.SignJSON(claims)
}
