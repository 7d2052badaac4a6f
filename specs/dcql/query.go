package dcql

import "encoding/json"

// The Credential Format Identifiers whose rules for meta and path are known here
// (OpenID4VP 1.0 appendix B). A query may name others; no candidate matches them.
const (
	FormatSDJWTVC = "dc+sd-jwt"
	FormatMdoc    = "mso_mdoc"
)

// TypeAKI is the trusted authorities type whose values are base64url key identifiers
// of an X.509 AuthorityKeyIdentifier (section 6.1.1.1). Others are read and never match.
const TypeAKI = "aki"

// Query is a DCQL query (section 6). It is read by Parse, also when it stands in a
// larger JSON value, and encoding/json writes it back.
type Query struct {
	Credentials    []CredentialQuery    `json:"credentials"`
	CredentialSets []CredentialSetQuery `json:"credential_sets,omitempty"`
}

// CredentialQuery asks for presentations of one kind of credential (section 6.1).
type CredentialQuery struct {
	ID                 string             `json:"id"`
	Format             string             `json:"format"`
	Multiple           bool               `json:"multiple,omitempty"`
	Meta               Meta               `json:"meta"`
	TrustedAuthorities []TrustedAuthority `json:"trusted_authorities,omitempty"`
	// RequireHolderBinding absent means true; ask HolderBindingRequired.
	RequireHolderBinding *bool         `json:"require_cryptographic_holder_binding,omitempty"`
	Claims               []ClaimsQuery `json:"claims,omitempty"`
	ClaimSets            [][]string    `json:"claim_sets,omitempty"`
}

// Meta holds the type asked for: VCTValues for SD-JWT VC (appendix B.3.5),
// DoctypeValue for mdoc (appendix B.2.3).
type Meta struct {
	VCTValues    []string `json:"vct_values,omitempty"`
	DoctypeValue string   `json:"doctype_value,omitempty"`
}

// Types are those asked for: vct values, or the doctype.
func (c *CredentialQuery) Types() []string {
	if c.Format == FormatMdoc {
		return []string{c.Meta.DoctypeValue}
	}
	return c.Meta.VCTValues
}

// TrustedAuthority names authorities by one kind of identifier (section 6.1.1).
type TrustedAuthority struct {
	Type   string   `json:"type"`
	Values []string `json:"values"`
}

// ClaimsQuery asks for a claim, or for several by a null in the path (section 6.3).
type ClaimsQuery struct {
	ID string `json:"id,omitempty"`
	// Path is a claims path pointer; its elements are string, int and nil.
	Path []any `json:"path"`
	// Values are string, bool and json.Number (an integer).
	Values []any `json:"values,omitempty"`
	// IntentToRetain is read for mdoc only (appendix B.2.4); nil states nothing.
	IntentToRetain *bool `json:"intent_to_retain,omitempty"`
}

// CredentialSetQuery lists alternative combinations of credentials (section 6.2).
type CredentialSetQuery struct {
	Options [][]string `json:"options"`
	// Required absent means true; ask IsRequired.
	Required *bool `json:"required,omitempty"`
}

// HolderBindingRequired tells whether a proof of holder binding must come along.
func (c *CredentialQuery) HolderBindingRequired() bool {
	return c.RequireHolderBinding == nil || *c.RequireHolderBinding
}

// IsRequired tells whether one of the options must be satisfied.
func (s *CredentialSetQuery) IsRequired() bool { return s.Required == nil || *s.Required }

// UnmarshalJSON reads the query by the rules of Parse, so that no other way leads
// into the type.
func (q *Query) UnmarshalJSON(raw []byte) error {
	parsed, err := Parse(raw)
	if err != nil {
		return err
	}
	*q = *parsed
	return nil
}

// Validate tells whether a query that was built in code may be sent: the rules of
// Parse, and no claim asked for twice in a Credential Query (section 6.1). Parse lets
// the latter through, for a wallet ignores duplicates.
func (q *Query) Validate() error {
	raw, err := json.Marshal(q)
	if err != nil {
		return fail(ErrMalformed, "", "%v", err)
	}
	parsed, err := Parse(raw)
	if err != nil {
		return err
	}
	for _, c := range parsed.Credentials {
		for i := range c.Claims {
			if duplicates(c.Claims[:i], c.Claims[i].Path) {
				return fail(ErrDuplicate, "credentials."+c.ID, "two claims with the same path (section 6.1)")
			}
		}
	}
	return nil
}

func duplicates(earlier []ClaimsQuery, path []any) bool {
	for _, c := range earlier {
		if samePath(c.Path, path) {
			return true
		}
	}
	return false
}

func samePath(a, b []any) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
