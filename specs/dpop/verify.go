package dpop

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"math"
	"net/http"
	"time"

	"lommebok.example/specs/jose"
)

const (
	// HeaderName is the header that carries the proof (RFC 9449 section 4.1).
	HeaderName = "DPoP"

	proofType     = "dpop+jwt"
	maxProofBytes = 8 << 10
	maxJTIBytes   = 128

	defaultMaxAge  = 60 * time.Second
	defaultMaxSkew = 10 * time.Second
)

// Proof is a DPoP proof whose signature holds. JKT is the thumbprint of its key
// (RFC 7638, base64url).
type Proof struct {
	JTI, HTM, HTU, Nonce, ATH string
	IssuedAt                  time.Time
	Key                       *ecdsa.PublicKey
	JKT                       string
}

// Expect is what a proof must fit.
type Expect struct {
	Method      string        // the request's method
	URL         string        // the request's URL as the client knows it; query and fragment do not count
	At          time.Time     // now
	AccessToken string        // the token the proof comes with; empty at the authorization server
	JKT         string        // the key the proof must be by; empty for any
	MaxAge      time.Duration // 0 means 60 s
	MaxSkew     time.Duration // how far iat may lie ahead; 0 means 10 s
	Algs        []jose.Alg    // none named means ES256 alone
}

// claims are the proof's payload (RFC 9449 section 4.2). A NumericDate may have
// a fraction (RFC 7519 section 2).
type claims struct {
	JTI   string   `json:"jti"`
	HTM   string   `json:"htm"`
	HTU   string   `json:"htu"`
	IAT   *float64 `json:"iat"`
	Nonce string   `json:"nonce,omitempty"`
	ATH   string   `json:"ath,omitempty"`
}

func (c *claims) read(m jose.Members) error {
	return m.Read(jose.Field{Name: "jti", To: &c.JTI}, jose.Field{Name: "htm", To: &c.HTM}, jose.Field{Name: "htu", To: &c.HTU},
		jose.Field{Name: "iat", To: &c.IAT}, jose.Field{Name: "nonce", To: &c.Nonce}, jose.Field{Name: "ath", To: &c.ATH})
}

var headerMembers = []string{"jwk"} // section 4.2, beside typ and alg

// Verify checks the request's DPoP proof as section 4.3 of RFC 9449 says, but for
// the nonce (step 10) and the single use of jti (section 11.1), which are the
// caller's. Errors: the sentinels of this package.
func Verify(header http.Header, e Expect) (*Proof, error) {
	values := header.Values(HeaderName)
	switch len(values) {
	case 0:
		return nil, ErrMissing
	case 1:
	default:
		return nil, ErrMultiple
	}
	p, err := parse(values[0], e.Algs)
	if err != nil {
		return nil, err
	}
	if err := e.check(p); err != nil {
		return nil, err
	}
	return p, nil
}

// parse checks syntax and signature (section 4.3, steps 2 to 7).
func parse(compact string, algs []jose.Alg) (*Proof, error) {
	u, err := jose.Parse(compact, jose.Rules{
		Typ: proofType, Algs: algs, Allow: headerMembers, MaxBytes: maxProofBytes,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProof, err)
	}
	key := u.Header.JWK
	if key == nil {
		return nil, fmt.Errorf("%w: header jwk is missing (RFC 9449 section 4.2)", ErrProof)
	}
	members, err := u.VerifyMembers(key)
	if errors.Is(err, jose.ErrSignature) {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProof, err)
	}
	var c claims
	if err := c.read(members); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProof, err)
	}
	if c.IAT == nil {
		return nil, fmt.Errorf("%w: iat is missing (RFC 9449 section 4.2)", ErrProof)
	}
	if math.Abs(*c.IAT) > math.MaxInt32*1000 {
		return nil, fmt.Errorf("%w: iat is not a NumericDate (RFC 7519 section 2)", ErrProof)
	}
	seconds, fraction := math.Modf(*c.IAT)
	return &Proof{
		JTI: c.JTI, HTM: c.HTM, HTU: c.HTU, Nonce: c.Nonce, ATH: c.ATH,
		IssuedAt: time.Unix(int64(seconds), int64(fraction*1e9)),
		Key:      key, JKT: jose.Thumbprint(key),
	}, nil
}

// check compares a proof with the request (section 4.3, steps 8 to 12).
func (e Expect) check(p *Proof) error {
	if p.JTI == "" || len(p.JTI) > maxJTIBytes {
		return fmt.Errorf("%w: expected 1 to %d bytes, got %d", ErrJTI, maxJTIBytes, len(p.JTI))
	}
	if p.HTM != e.Method {
		return fmt.Errorf("%w: expected %s, got %q", ErrMethod, e.Method, clip(p.HTM))
	}
	if err := sameTarget(p.HTU, e.URL); err != nil {
		return err
	}
	if err := e.checkTime(p.IssuedAt); err != nil {
		return err
	}
	if e.AccessToken != "" && !equal(p.ATH, tokenHash(e.AccessToken)) {
		return fmt.Errorf("%w (RFC 9449 section 7)", ErrATH)
	}
	if e.JKT != "" && !equal(p.JKT, e.JKT) {
		return fmt.Errorf("%w (RFC 9449 section 7.1)", ErrKey)
	}
	return nil
}

func (e Expect) checkTime(issued time.Time) error {
	age, skew := e.MaxAge, e.MaxSkew
	if age == 0 {
		age = defaultMaxAge
	}
	if skew == 0 {
		skew = defaultMaxSkew
	}
	if issued.Before(e.At.Add(-age)) {
		return fmt.Errorf("%w: expected at most %s", ErrExpired, age)
	}
	if issued.After(e.At.Add(skew)) {
		return fmt.Errorf("%w: expected at most %s", ErrFuture, skew)
	}
	return nil
}

// tokenHash is the ath of an access token (RFC 9449 section 4.2).
func tokenHash(accessToken string) string {
	sum := sha256.Sum256([]byte(accessToken))
	return jose.EncodeBase64URL(sum[:])
}

// clip shortens what a stranger sent, for an error.
func clip(s string) string {
	if len(s) > 128 {
		return s[:128]
	}
	return s
}

func equal(a, b string) bool {
	return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}
