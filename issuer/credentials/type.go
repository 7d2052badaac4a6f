package credentials

import (
	"cmp"
	"slices"
	"time"

	"lommebok.example/minid"
)

// The formats of OpenID4VCI 1.0 appendix A that are issued.
const (
	SDJWT = "dc+sd-jwt"
	MDoc  = "mso_mdoc"
)

// The sources of a claim that are not facts about the person but come from the issuing itself; both are days.
const (
	IssuanceDate   = "issuance.date"
	IssuanceExpiry = "issuance.expiry"
)

// Disclosure says in what pieces the holder can show a claim of an SD-JWT VC.
type Disclosure string

// The values of Disclosure.
const (
	Never Disclosure = "never" // always shown
	Whole Disclosure = "whole" // shown or held back as one
	Parts Disclosure = "parts" // the claim, and each property and array element in it by itself
)

// Type is a credential configuration. The table in the package comment says what the fields mean.
type Type struct {
	ID             string
	Format         string
	VCT, DocType   string
	Scope          string
	Level          minid.Level
	MaxAuthAge     time.Duration
	Validity       time.Duration
	Batch          int
	Grants         []string        // GrantCode, and GrantPreAuthorized where a person may get it so
	TxCode         bool            // by GrantPreAuthorized, a transaction code is demanded
	StatusBits     int             // of its status list: 1, 2, 4 or 8
	Identifiers    bool            // its status stands on an identifier list, by name, and not on a status list
	ReissueWithin  time.Duration   // 0: only on a sign-in of its own
	KeyAttestation *KeyAttestation // nil: the wallet need not say how its keys are guarded
	Display        Display
	Claims         []Claim // with those of the format, see Claim.OfFormat
	Metadata       []byte  // of an SD-JWT VC: the type metadata document
}

// KeyAttestation says how well the keys must be guarded that a credential is bound to: one of the levels of OpenID4VCI appendix D.2
// each. The credential then lives and dies with the wallet unit that it goes to (EUDI TS3 section 2.4.3).
type KeyAttestation struct{ KeyStorage, UserAuthentication []string }

// The values of Grants.
const (
	GrantCode          = "authorization_code"
	GrantPreAuthorized = "pre_authorized_code"
)

// The values of status in a file.
const (
	StatusList     = "status_list"
	IdentifierList = "identifier_list"
)

// PreAuthorized tells whether the type may be given by a pre-authorized code.
func (t *Type) PreAuthorized() bool { return slices.Contains(t.Grants, GrantPreAuthorized) }

// Suspendable tells whether a credential of the type can be suspended, which takes two bits.
func (t *Type) Suspendable() bool { return t.StatusBits > 1 }

// Display is how the type is shown to people.
type Display struct {
	Name, Description          Words
	BackgroundColor, TextColor string
}

// Claim is one claim of a type. Value is nil unless the claim is the same for everybody.
type Claim struct {
	Path       []string
	Source     string
	Value      any
	Disclosure Disclosure
	Mandatory  bool
	Label      Words
}

// Words is one text in the languages of the pages.
type Words struct{ NB, NN, EN string }

// Languages are the language tags of Words, the first being the one to fall back on.
var Languages = []string{"nb", "nn", "en"}

// In gives the text in lang, and bokmål for a language there is no text in.
func (w Words) In(lang string) string {
	switch lang {
	case "nn":
		return w.NN
	case "en":
		return w.EN
	default:
		return w.NB
	}
}

// Set is all credential types of an issuer, in the order of their file names.
type Set struct {
	all     []*Type
	byID    map[string]*Type
	byScope map[string]*Type
	byVCT   map[string]*Type
}

// All gives the types.
func (s *Set) All() []*Type { return s.all }

// ByID gives the type with this credential configuration identifier.
func (s *Set) ByID(id string) (*Type, bool) { t, ok := s.byID[id]; return t, ok }

// ByScope gives the type this scope asks for.
func (s *Set) ByScope(scope string) (*Type, bool) { t, ok := s.byScope[scope]; return t, ok }

// Names are the vct and docType of all types, each once, in the order of All.
func (s *Set) Names() []string {
	var names []string
	for _, t := range s.all {
		if name := cmp.Or(t.VCT, t.DocType); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// LongestValidity gives the longest life a credential of the set has.
func (s *Set) LongestValidity() time.Duration {
	var longest time.Duration
	for _, t := range s.all {
		longest = max(longest, t.Validity)
	}
	return longest
}
