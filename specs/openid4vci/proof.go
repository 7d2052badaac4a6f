package openid4vci

import (
	"crypto"
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"lommebok.example/specs/jose"
)

// ProofTyp is the typ of a key proof of type jwt (appendix F.1).
const ProofTyp = "openid4vci-proof+jwt"

// How old a key proof may be, and how far ahead its clock may run, unless ProofExpect
// says otherwise.
const (
	DefaultProofAge  = 5 * time.Minute
	DefaultProofSkew = time.Minute
)

// maxProof leaves room for a key attestation in the header.
const maxProof = 40 << 10

// ProofExpect is what a key proof must say.
type ProofExpect struct {
	Audience  string    // the Credential Issuer Identifier
	At        time.Time // now
	ClientID  string    // of the access token; iss must equal it when there is one
	Anonymous bool      // pre-authorized code without client: there must be no iss
	Algs      []jose.Alg
	MaxAge    time.Duration // 0: DefaultProofAge
	MaxSkew   time.Duration // 0: DefaultProofSkew
	// Attested verifies the header member key_attestation and gives its attested_keys; nil
	// refuses a proof that carries one. Its errors are handed on as they are.
	Attested func(keyAttestation string) ([]*ecdsa.PublicKey, error)
	// FirstSigns demands that the first of attested_keys signs the proof (EUDI TS3 section
	// 2.2.2.2); else any of them may (appendix D.1).
	FirstSigns bool
}

// KeyProof is a proof that holds. Nonce is not empty; whether it is a c_nonce of this
// issuer and still fresh is for the caller to say (InvalidNonce).
type KeyProof struct {
	Key            *ecdsa.PublicKey
	Nonce          string
	IssuedAt       time.Time
	KeyAttestation string             // the JWT, "" for none
	Attested       []*ecdsa.PublicKey // its keys, Key among them
}

// proofClaims are the body of a key proof. Pointers tell absent from empty.
type proofClaims struct {
	Iss   *string  `json:"iss,omitempty"`
	Aud   string   `json:"aud"`
	Iat   *float64 `json:"iat"`
	Nbf   *float64 `json:"nbf,omitempty"`
	Exp   *float64 `json:"exp,omitempty"`
	Nonce *string  `json:"nonce,omitempty"`
}

func (c *proofClaims) read(m jose.Members) error {
	return m.Read(jose.Field{Name: "iss", To: &c.Iss}, jose.Field{Name: "aud", To: &c.Aud}, jose.Field{Name: "iat", To: &c.Iat},
		jose.Field{Name: "nbf", To: &c.Nbf}, jose.Field{Name: "exp", To: &c.Exp}, jose.Field{Name: "nonce", To: &c.Nonce})
}

// VerifyProof checks a key proof of type jwt (appendices F.1 and F.4). The key is
// taken from the header member jwk; where a key attestation comes without it, as EUDI
// TS3 has it, the key is the first that is attested. kid alone and x5c are not
// supported here. The error is an *Error with the code InvalidProof, or one of
// ProofExpect.Attested.
func VerifyProof(jwt string, e ProofExpect) (*KeyProof, error) {
	u, err := jose.Parse(jwt, jose.Rules{Typ: ProofTyp, Algs: e.Algs, MaxBytes: maxProof,
		Allow: []string{"jwk", "kid", "x5c", "key_attestation"}})
	if err != nil {
		return nil, refuse(InvalidProof, reasons(ErrProof, err), "key proof: %v (appendix F.1)", err)
	}
	p := &KeyProof{Key: u.Header.JWK}
	if err := p.readHeader(u.Header, e); err != nil {
		return nil, err
	}
	members, err := u.VerifyMembers(p.Key)
	if err != nil {
		return nil, refuse(InvalidProof, reasons(ErrProof, err), "key proof: %v (appendix F.4)", err)
	}
	var c proofClaims
	if err := c.read(members); err != nil {
		return nil, refuse(InvalidProof, reasons(ErrProof, err), "key proof: a claim is of the wrong type; expected aud and nonce as strings, iat as a number (appendix F.1)")
	}
	if err := c.check(e); err != nil {
		return nil, err
	}
	p.Nonce, p.IssuedAt = *c.Nonce, numericDate(*c.Iat)
	return p, nil
}

// VerifyProofs checks all proofs of a request and that no key stands twice, for each
// key is bound to one credential at most (section 8.3).
func VerifyProofs(jwts []string, e ProofExpect) ([]KeyProof, error) {
	out := make([]KeyProof, 0, len(jwts))
	seen := map[[32]byte]bool{}
	for _, jwt := range jwts {
		p, err := VerifyProof(jwt, e)
		if err != nil {
			return nil, err
		}
		thumbprint := jose.ThumbprintBytes(p.Key)
		if seen[thumbprint] {
			return nil, refuse(InvalidProof, ErrProofReused, "proofs: expected each key once (section 8.3)")
		}
		seen[thumbprint] = true
		out = append(out, *p)
	}
	return out, nil
}

// readHeader finds the key of the proof, and what is attested of it.
func (p *KeyProof) readHeader(h jose.Header, e ProofExpect) error {
	raw, there := h.Extra["key_attestation"]
	switch {
	case h.Kid != "" && h.JWK != nil, h.Kid != "" && h.X5C != nil, h.JWK != nil && h.X5C != nil:
		return refuse(InvalidProof, ErrProofKey, "key proof: expected exactly one of jwk, kid and x5c (appendix F.1)")
	case h.X5C != nil, h.JWK == nil && !there:
		return refuse(InvalidProof, ErrProofKey, "key proof: expected the key in jwk; kid and x5c are not supported (appendix F.1)")
	case !there:
		return nil
	case e.Attested == nil:
		return refuse(InvalidProof, ErrKeyAttestation, "key proof: key_attestation is not supported for this credential (appendix D)")
	}
	if err := json.Unmarshal(raw, &p.KeyAttestation); err != nil || p.KeyAttestation == "" {
		return refuse(InvalidProof, ErrKeyAttestation, "key proof: key_attestation: expected a JWT (appendix F.1)")
	}
	return p.readAttested(e)
}

func (p *KeyProof) readAttested(e ProofExpect) (err error) {
	if p.Attested, err = e.Attested(p.KeyAttestation); err != nil {
		return err
	}
	if p.Key == nil {
		p.Key = p.Attested[0]
	}
	switch {
	case !slices.ContainsFunc(p.Attested, func(key *ecdsa.PublicKey) bool { return key.Equal(p.Key) }):
		return refuse(InvalidProof, ErrNotAttested, "key proof: the key in jwk is none of attested_keys (appendix D.1)")
	case e.FirstSigns && !p.Attested[0].Equal(p.Key):
		return refuse(InvalidProof, ErrNotAttested, "key proof: expected the first of attested_keys to sign (EUDI TS3 section 2.2.2.2)")
	}
	return nil
}

func (c *proofClaims) check(e ProofExpect) error {
	switch {
	case c.Aud == "" || c.Aud != e.Audience:
		return refuse(InvalidProof, ErrProofAudience, "key proof: aud: expected the Credential Issuer Identifier %s as a string (appendix F.1)", e.Audience)
	case c.Iss != nil && e.Anonymous:
		return refuse(InvalidProof, ErrProofIssuer, "key proof: iss: expected none after anonymous access to the token endpoint (appendix F.1)")
	case c.Iss != nil && (*c.Iss == "" || *c.Iss != e.ClientID):
		return refuse(InvalidProof, ErrProofIssuer, "key proof: iss: expected the client_id of the access token, or no iss (appendix F.1)")
	case c.Nonce == nil || *c.Nonce == "":
		return refuse(InvalidProof, ErrNonceMissing, "key proof: nonce: expected a c_nonce of the nonce endpoint (appendix F.1)")
	}
	return c.checkTime(e)
}

func (c *proofClaims) checkTime(e ProofExpect) error {
	age, skew := e.MaxAge, e.MaxSkew
	if age == 0 {
		age = DefaultProofAge
	}
	if skew == 0 {
		skew = DefaultProofSkew
	}
	// Compared in seconds as numbers, since a date far away does not fit a time.Time.
	now := float64(e.At.UnixMilli()) / 1000
	switch {
	case c.Iat == nil:
		return refuse(InvalidProof, ErrProofTime, "key proof: iat: required, and absent (appendix F.1)")
	case *c.Iat < now-age.Seconds():
		return refuse(InvalidProof, ErrProofTime, "key proof: iat: expected at most %v ago (appendix F.4)", age)
	case *c.Iat > now+skew.Seconds(), c.Nbf != nil && *c.Nbf > now+skew.Seconds():
		return refuse(InvalidProof, ErrProofTime, "key proof: iat: expected at most %v ahead (appendix F.4)", skew)
	case c.Exp != nil && *c.Exp <= now-skew.Seconds():
		return refuse(InvalidProof, ErrProofTime, "key proof: exp: expired (RFC 7519 section 4.1.4)")
	}
	return nil
}

func numericDate(seconds float64) time.Time {
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)).UTC()
}

// SignProof makes a key proof of type jwt with the public key in jwk. issuer is the
// Credential Issuer Identifier, nonce a c_nonce; clientID is left out when empty.
func SignProof(key crypto.Signer, issuer, nonce, clientID string, at time.Time) (string, error) {
	return SignAttestedProof(key, "", issuer, nonce, clientID, at)
}

// SignAttestedProof is SignProof by the first of the attested keys, with their key
// attestation in the header; without one when it is empty.
func SignAttestedProof(key crypto.Signer, keyAttestation, issuer, nonce, clientID string, at time.Time) (string, error) {
	pub, ok := key.Public().(*ecdsa.PublicKey)
	if !ok {
		return "", fail(ErrProofKey, "expected an ECDSA key, got %T", key.Public())
	}
	h := jose.Header{Typ: ProofTyp, JWK: pub}
	if keyAttestation != "" {
		raw, err := json.Marshal(keyAttestation)
		if err != nil {
			return "", reasons(ErrKeyAttestation, err)
		}
		h.Extra = map[string]json.RawMessage{"key_attestation": raw}
	}
	signer, err := jose.NewSigner(key, h)
	if err != nil {
		return "", reasons(ErrProofKey, err)
	}
	iat := float64(at.Unix())
	claims := proofClaims{Aud: issuer, Iat: &iat, Nonce: &nonce}
	if clientID != "" {
		claims.Iss = &clientID
	}
	return signer.SignJSON(claims)
}

// reasons keeps both what failed here and why below.
func reasons(here, below error) error { return fmt.Errorf("%w: %w", here, below) }
