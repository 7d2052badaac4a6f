package signing

import (
	"crypto/ecdsa"
	"errors"
	"fmt"
	"time"

	"lommebok.example/issuer/credentials"
	"lommebok.example/issuer/status"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/sdjwtvc"
)

// ErrLint: what was about to be signed breaks a rule of ours. It is a fault in this program or in a type's file, never
// in a request.
var ErrLint = errors.New("signing: lint")

// ErrCertificate: the credential would outlive the signer's certificate. Nothing can be issued until there is a new one.
var ErrCertificate = errors.New("outlives the signer's certificate")

// Batch is copies of one credential: what they say, for which keys, at which places of a status list.
type Batch struct {
	Type    *credentials.Type
	Values  []Value
	Life    Lifetime
	Holders []*ecdsa.PublicKey // one a copy
	Indices []status.Index     // one a copy
}

// Value is one claim of one person: a string, a bool, a source.Date, a []string or a map[string]string.
type Value struct {
	Claim credentials.Claim
	Is    any
}

// Lifetime is from when until when a credential is valid, in whole seconds.
type Lifetime struct{ From, Until time.Time }

// Lists tells the address of a list, as a status list and as an identifier list.
type Lists interface {
	URI(list string) string
	IdentifiersURI(list string) string
}

// Config is what a Signers is made of.
type Config struct {
	Issuer string // Credential Issuer Identifier
	Lists  Lists
	SDJWT  *sdjwtvc.Signer
	MDoc   *mdoc.Signer
	// SDJWTKey and MDocKey are what their keys are called in the records, as <purpose>/<id>.
	SDJWTKey, MDocKey string
	Until             time.Time // the end of the certificate that ends first
	// InsecureAllowHTTP allows an Issuer with the scheme http. Safe on a developer's own machine only.
	InsecureAllowHTTP bool
}

// Signers holds the keys. It lints; only what it has linted can be signed with them.
type Signers struct{ cfg Config }

// New takes the keys.
func New(cfg Config) *Signers { return &Signers{cfg} }

// Key is what the key is called that signs credentials of a type.
func (s *Signers) Key(t *credentials.Type) string {
	if t.Format == credentials.MDoc {
		return s.cfg.MDocKey
	}
	return s.cfg.SDJWTKey
}

// Linted is copies of a credential whose bytes are final but for the signature, and have been looked at. Only Lint makes one
// that holds anything.
type Linted struct{ copies []unsigned }

// unsigned is one copy.
type unsigned interface {
	lint(want *copied) error // looks at the bytes
	sign() (string, error)   // as the Credential Response carries it
}

// copied is what one copy must say.
type copied struct {
	*Batch
	*meant
	issuer string
	holder *ecdsa.PublicKey
	index  status.Index
	list   string // its URI, by the mechanism of the type
}

// meant is the values of a batch in the form of its format. All copies have the same.
type meant struct {
	elements []mdoc.Element // of an mdoc
	marked   object         // of an SD-JWT VC, with the marks of what can be held back
	plain    object         // the same, all disclosed
	marks    int
	digests  int // at its top, with the decoys
	decoys   int
}

type object = map[string]any

func (b *Batch) meant() *meant {
	if b.Type.Format == credentials.MDoc {
		return &meant{elements: mdocElements(b.Values)}
	}
	m := &meant{marked: sdjwtClaims(b.Values, true), plain: sdjwtClaims(b.Values, false)}
	m.count(b.Type.Claims)
	m.marks = marks(m.marked)
	return m
}

// Lint prepares the copies, each with salts or randoms of its own, and looks at all of them. ErrLint when one of them must not
// be signed.
func (s *Signers) Lint(b *Batch, now time.Time) (*Linted, error) {
	if err := s.lintBatch(b, now); err != nil {
		return nil, err
	}
	l := &Linted{copies: make([]unsigned, 0, len(b.Holders))}
	meant := b.meant()
	for n := range b.Holders {
		want := &copied{
			Batch: b, meant: meant, issuer: s.cfg.Issuer, holder: b.Holders[n], index: b.Indices[n], list: s.address(b.Type, b.Indices[n].List),
		}
		one, err := s.prepare(want)
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrLint, b.Type.ID, err)
		}
		if err := one.lint(want); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrLint, b.Type.ID, err)
		}
		l.copies = append(l.copies, one)
	}
	return l, nil
}

// address is where the status of a credential of a type stands.
func (s *Signers) address(t *credentials.Type, list string) string {
	if t.Identifiers {
		return s.cfg.Lists.IdentifiersURI(list)
	}
	return s.cfg.Lists.URI(list)
}

func (s *Signers) prepare(c *copied) (unsigned, error) {
	if c.Type.Format == credentials.MDoc {
		return s.prepareMDoc(c)
	}
	return s.prepareSDJWT(c)
}

// Sign signs every copy, or gives none.
func (l *Linted) Sign() ([]string, error) {
	signed := make([]string, 0, len(l.copies))
	for _, one := range l.copies {
		text, err := one.sign()
		if err != nil {
			return nil, err
		}
		signed = append(signed, text)
	}
	return signed, nil
}
