package trust

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/x5c"
)

// Typ is the typ of a trust list of our own form, a JWT:
//
//	{"iat": …, "exp": …, "next_update": …, "entries": [{"name": "…", "certificate": "…", "types": ["…"]}]}
//
// Times are whole seconds. certificate is the DER of an authority in base64 (as x5c has it); types are vct and docType.
// Before next_update there is a newer list; at exp this one is over.
const Typ = "lommebok-trust-list+jwt"

// ErrList is what is wrong with a trust list, or with how it is signed.
var ErrList = errors.New("trust: not a trust list of the signer that is pinned")

// List is a trust list whose signature has been verified.
type List struct {
	Type       string // LoTEType of ETSI TS 119 602; "" of our own form
	Issued     time.Time
	NextUpdate time.Time // by then there is a newer one
	Until      time.Time // then it is over
	Anchors    []Anchor
}

type listClaims struct {
	Iat        int64       `json:"iat"`
	Exp        int64       `json:"exp"`
	NextUpdate int64       `json:"next_update"`
	Entries    []listEntry `json:"entries"`
}

type listEntry struct {
	Name        string   `json:"name"`
	Certificate string   `json:"certificate"`
	Types       []string `json:"types"`
}

// MaxListBytes is how long a list may be.
const MaxListBytes = 1 << 20

// The header members are those of JAdES that say nothing which has to be understood; crit is refused by package jose.
var listRules = jose.Rules{
	Algs:     []jose.Alg{jose.ES256, jose.ES384, jose.ES512},
	Allow:    []string{"x5c", "kid", "iat", "sigT", "cty", "x5t#S256"},
	MaxBytes: MaxListBytes,
}

// SignList makes a list of our own form.
func SignList(key crypto.Signer, l List) (string, error) {
	signer, err := jose.NewSigner(key, jose.Header{Typ: Typ})
	if err != nil {
		return "", err
	}
	c := listClaims{Iat: l.Issued.Unix(), Exp: l.Until.Unix(), NextUpdate: l.NextUpdate.Unix(), Entries: []listEntry{}}
	for _, a := range l.Anchors {
		if err := authority(a.Certificate); err != nil {
			return "", err
		}
		c.Entries = append(c.Entries, listEntry{a.Name, base64.StdEncoding.EncodeToString(a.Certificate.Raw), a.Types})
	}
	if l.Issued.After(l.NextUpdate) || l.NextUpdate.After(l.Until) {
		return "", fmt.Errorf("%w: expected the times of issue, next update and end in this order", ErrList)
	}
	return signer.SignJSON(c)
}

// ParseList reads a list of either form and verifies it with the certificate that is pinned for it. types are what the
// operator lets the list speak for: of our own form, where every entry names its types, nil lets all of them count; by
// ETSI TS 119 602, which names none, they are the types of every entry. ErrList.
func ParseList(text string, signer *x509.Certificate, types []string, at time.Time) (*List, error) {
	l, err := readList(text, signer, types)
	switch {
	case err != nil:
		return nil, err
	case at.Before(signer.NotBefore) || at.After(signer.NotAfter):
		return nil, fmt.Errorf("%w: the pinned certificate is not of now", ErrList)
	case l.Issued.After(at.Add(skew)):
		return nil, fmt.Errorf("%w: issued at %s, which is to come", ErrList, l.Issued.Format(time.RFC3339))
	case !at.Before(l.Until):
		return nil, fmt.Errorf("%w: over since %s", ErrList, l.Until.Format(time.RFC3339))
	}
	return l, nil
}

// readList reads what the signer said, whenever that was.
func readList(text string, signer *x509.Certificate, types []string) (*List, error) {
	jwt, err := jose.Parse(text, listRules)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrList, err)
	}
	pub, ok := signer.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%w: the pinned certificate has no ECDSA key", ErrList)
	}
	payload, err := jwt.Verify(pub)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrList, err)
	}
	read := parseLoTE
	if jwt.Header.Typ == Typ {
		read = parseOwn
	}
	l, err := read(payload, types)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrList, err)
	}
	return l, nil
}

// skew is how far the clocks of a list's signer and of the verifier may differ.
const skew = time.Minute

func parseOwn(payload []byte, allowed []string) (*List, error) {
	var c listClaims
	if err := jose.Unmarshal(payload, &c); err != nil {
		return nil, err
	}
	if c.Iat <= 0 || c.NextUpdate < c.Iat || c.Exp < c.NextUpdate || c.Entries == nil {
		return nil, errors.New("expected iat, next_update and exp, in this order, and entries")
	}
	l := &List{Issued: time.Unix(c.Iat, 0).UTC(), NextUpdate: time.Unix(c.NextUpdate, 0).UTC(), Until: time.Unix(c.Exp, 0).UTC()}
	for _, e := range c.Entries {
		cert, err := parseCertificate(e.Certificate)
		if err != nil {
			return nil, fmt.Errorf("entry %q: %w", e.Name, err)
		}
		l.Anchors = append(l.Anchors, Anchor{Name: e.Name, Certificate: cert, Types: both(e.Types, allowed)})
	}
	return l, nil
}

// both are the types that the list gives and the operator allows.
func both(given, allowed []string) []string {
	if allowed == nil {
		return given
	}
	return slices.DeleteFunc(slices.Clone(given), func(t string) bool { return !slices.Contains(allowed, t) })
}

func parseCertificate(text string) (*x509.Certificate, error) {
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	certs, err := x5c.ParseDER([][]byte{der})
	if err != nil {
		return nil, err
	}
	return certs[0], authority(certs[0])
}
