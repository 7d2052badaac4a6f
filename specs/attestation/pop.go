package attestation

import (
	"crypto"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"lommebok.example/specs/jose"
)

// The headers of a request, and of an answer that brings a challenge (ABCA sections 4, 5.1 and 6.2).
const (
	HeaderWallet    = "OAuth-Client-Attestation"
	HeaderPoP       = "OAuth-Client-Attestation-PoP"
	HeaderChallenge = "OAuth-Client-Attestation-Challenge"
)

// PoPTyp is the typ of a proof of possession (ABCA section 5.1).
const PoPTyp = "oauth-client-attestation-pop+jwt"

const (
	maxPoPBytes = 8 << 10
	maxJTI      = 128

	defaultPoPAge  = time.Minute
	defaultPoPSkew = 10 * time.Second
)

// Headers are the attestation of a request and its proof of possession, which is empty in the combined mode, where a DPoP
// proof stands for it (ABCA section 7).
type Headers struct{ Wallet, PoP string }

// ReadHeaders finds them; nil when the request has neither. Errors: ErrHeaders.
func ReadHeaders(h http.Header) (*Headers, error) {
	wallet, pop := h.Values(HeaderWallet), h.Values(HeaderPoP)
	switch {
	case len(wallet) == 0 && len(pop) == 0:
		return nil, nil
	case len(wallet) != 1:
		return nil, fmt.Errorf("%w: %d times %s (ABCA section 7.1)", ErrHeaders, len(wallet), HeaderWallet)
	case len(pop) > 1:
		return nil, fmt.Errorf("%w: %d times %s (ABCA section 7.2)", ErrHeaders, len(pop), HeaderPoP)
	case len(pop) == 0:
		return &Headers{Wallet: wallet[0]}, nil
	}
	return &Headers{Wallet: wallet[0], PoP: pop[0]}, nil
}

// PoP is a proof of possession whose signature holds. Whether Challenge is the server's, and JTI comes for the first time,
// is for the server to say.
type PoP struct {
	JTI       string
	Challenge string // empty when absent
	IssuedAt  time.Time
}

// ExpectPoP is what a proof of possession must fit.
type ExpectPoP struct {
	Audience string // the authorization server's issuer identifier
	At       time.Time
	MaxAge   time.Duration // 0: a minute
	MaxSkew  time.Duration // how far iat may lie ahead; 0: ten seconds
}

type popClaims struct {
	Iss       *string         `json:"iss"`
	Aud       json.RawMessage `json:"aud"`
	JTI       string          `json:"jti"`
	Iat       *float64        `json:"iat"`
	Nbf       *float64        `json:"nbf"`
	Exp       *float64        `json:"exp"`
	Challenge string          `json:"challenge"`
}

// VerifyPoP checks a proof of possession for a wallet attestation by ABCA section 7.2, rules 2 to 4, 6 and 7. iss, which
// -07 demands, must be the client when it is there; exp, which is gone since -06, must not have passed. Errors: the second
// group of sentinels.
func VerifyPoP(jwt string, w *Wallet, e ExpectPoP) (*PoP, error) {
	u, err := jose.Parse(jwt, jose.Rules{Typ: PoPTyp, Algs: Algs, MaxBytes: maxPoPBytes})
	switch {
	case errors.Is(err, jose.ErrTyp):
		return nil, fmt.Errorf("%w: %w", ErrPoPType, err)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrPoP, err)
	}
	payload, err := u.Verify(w.Key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPoPSignature, err)
	}
	var c popClaims
	if err := jose.Unmarshal(payload, &c); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPoP, err)
	}
	if err := c.check(w, e); err != nil {
		return nil, err
	}
	return &PoP{JTI: c.JTI, Challenge: c.Challenge, IssuedAt: at(c.Iat)}, nil
}

func (c popClaims) check(w *Wallet, e ExpectPoP) error {
	var audience string
	switch {
	case c.Iss != nil && *c.Iss != w.ClientID:
		return fmt.Errorf("%w: expected sub of the wallet attestation, or no iss (ABCA -07 section 5.2)", ErrPoPIssuer)
	case json.Unmarshal(c.Aud, &audience) != nil || e.Audience == "" || audience != e.Audience:
		return fmt.Errorf("%w: expected aud %s, as one string (ABCA section 5.1)", ErrAudience, e.Audience)
	case c.JTI == "" || len(c.JTI) > maxJTI:
		return fmt.Errorf("%w: expected 1 to %d characters (ABCA section 5.1)", ErrJTI, maxJTI)
	case c.Iat == nil:
		return fmt.Errorf("%w: iat is missing (ABCA section 5.1)", ErrPoP)
	}
	return c.checkTime(e)
}

func (c popClaims) checkTime(e ExpectPoP) error {
	age, skew := e.MaxAge, e.MaxSkew
	if age == 0 {
		age = defaultPoPAge
	}
	if skew == 0 {
		skew = defaultPoPSkew
	}
	now := float64(e.At.UnixMilli()) / 1000
	switch {
	case *c.Iat < now-age.Seconds():
		return fmt.Errorf("%w: expected at most %s ago, got %.0f s", ErrPoPTime, age, now-*c.Iat)
	case *c.Iat > now+skew.Seconds(), c.Nbf != nil && *c.Nbf > now+skew.Seconds():
		return fmt.Errorf("%w: expected at most %s ahead", ErrPoPTime, skew)
	case c.Exp != nil && *c.Exp <= now-skew.Seconds():
		return fmt.Errorf("%w: exp has passed", ErrPoPTime)
	}
	return nil
}

// SignPoP makes a proof of possession with the key of cnf. clientID goes to iss for servers of -07 and does no harm at
// later ones; challenge is left out when empty.
func SignPoP(key crypto.Signer, clientID, audience, challenge string, at time.Time) (string, error) {
	claims := map[string]any{"iss": clientID, "aud": audience, "jti": rand.Text(), "iat": at.Unix()}
	if challenge != "" {
		claims["challenge"] = challenge
	}
	return sign(key, jose.Header{Typ: PoPTyp}, claims)
}
