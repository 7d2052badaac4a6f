package credentials

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"lommebok.example/issuer/source"
	"lommebok.example/minid"
	"lommebok.example/specs/attestation"
)

const (
	maxBatch    = 10
	maxValidity = 400 * 24 * time.Hour // a document signer lives 457 days (ISO/IEC 18013-5 B.1.4)
	maxReissue  = 400 * 24 * time.Hour
	maxAuthAge  = 2 * time.Hour // no session is older
)

var (
	identifier = regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`)
	// scope-token of RFC 6749 section 3.3, less what a URL or a log line would have to escape.
	scopeToken = regexp.MustCompile(`^[A-Za-z0-9:._-]{1,100}$`)
	colour     = regexp.MustCompile(`^#[0-9a-f]{6}$`)
)

// Claims that belong to the issuing and never come from a file: the registered ones of SD-JWT VC section 2.2.2 and
// what RFC 9901 itself uses.
var reserved = []string{
	"iss", "sub", "iat", "nbf", "exp", "cnf", "vct", "vct#integrity", "aka_vcts", "status", "_sd", "_sd_alg", "...",
}

// fault is what is wrong at a place of the file, which is a path without its root: claims[3].
type fault struct {
	place string
	error
}

func (f *fault) Unwrap() error { return f.error }

func wrong(place, format string, args ...any) error {
	return &fault{place, fmt.Errorf(format, args...)}
}

func (t *Type) check() error {
	switch {
	case !identifier.MatchString(t.ID):
		return wrong("id", "id %q is empty or has other signs than letters, digits, . _ -", t.ID)
	case t.Format == SDJWT && (t.VCT == "" || t.DocType != ""):
		return wrong("format", "format %s wants vct and no doctype", SDJWT)
	case t.Format == MDoc && (t.DocType == "" || t.VCT != ""):
		return wrong("format", "format %s wants doctype and no vct", MDoc)
	case t.Format != SDJWT && t.Format != MDoc:
		return wrong("format", "format %q is neither %s nor %s", t.Format, SDJWT, MDoc)
	case !scopeToken.MatchString(t.Scope):
		return wrong("scope", "scope %q is no scope", t.Scope)
	case t.Level == minid.LevelNone:
		return wrong("level", "level none: no credential is given to a person who has not signed in")
	case t.MaxAuthAge < time.Minute || t.MaxAuthAge > maxAuthAge:
		return wrong("max_auth_age", "max_auth_age %s is not between 1m and %s", t.MaxAuthAge, maxAuthAge)
	case t.Validity < 24*time.Hour || t.Validity > maxValidity:
		return wrong("validity", "validity is not between 1 and %d days", maxValidity/(24*time.Hour))
	case t.Batch < 1 || t.Batch > maxBatch:
		return wrong("batch", "batch %d is not between 1 and %d", t.Batch, maxBatch)
	case !colour.MatchString(t.Display.BackgroundColor) || !colour.MatchString(t.Display.TextColor):
		return wrong("display", "display: background_color and text_color want the form #rrggbb")
	case !t.Display.Name.complete() || !t.Display.Description.complete():
		return wrong("display", "display: name and description want a text in each of nb, nn, en")
	case len(t.Claims) == 0:
		return wrong("claims", "claims: there are none")
	}
	if err := errors.Join(t.checkStatusBits(), t.KeyAttestation.check(), t.checkGrants()); err != nil {
		return err
	}
	return t.checkClaims()
}

func (t *Type) checkStatusBits() error {
	switch {
	case !slices.Contains([]int{1, 2, 4, 8}, t.StatusBits):
		return wrong("status_bits", "status_bits %d is none of 1, 2, 4, 8 (Token Status List section 4.1)", t.StatusBits)
	case t.StatusBits != 1 && t.Format == MDoc:
		return wrong("status_bits", "status_bits: an mdoc is revoked and never suspended (ISO/IEC 18013-5, second edition, 12.3.6)")
	case t.Identifiers && t.Format != MDoc:
		return wrong("status", "status: %s is for %s alone (ISO/IEC 18013-5, second edition, 12.3.6)", IdentifierList, MDoc)
	}
	return nil
}

// checkGrants looks at how the type may be had, first and again. It keeps pre-authorized codes from what demands level high, as a PID does: at that level a wallet shows in the flow that it
// is in the hands of who signs in, while a pre-authorized code goes to whoever takes it first (ETSI TS 119 472-3 asks for presence).
func (t *Type) checkGrants() error {
	for i, g := range t.Grants {
		if g != GrantCode && g != GrantPreAuthorized || slices.Contains(t.Grants[:i], g) {
			return fmt.Errorf("grants: %q is none of %s and %s, or stands twice", g, GrantCode, GrantPreAuthorized)
		}
	}
	switch {
	case !slices.Contains(t.Grants, GrantCode):
		return fmt.Errorf("grants: %s is wanted (HAIP 1.0 section 4.2)", GrantCode)
	case t.PreAuthorized() && (t.Level == minid.LevelHigh || t.KeyAttestation != nil):
		return fmt.Errorf("grants: %s is not for level high nor where key_attestation is demanded", GrantPreAuthorized)
	case t.ReissueWithin < 0 || t.ReissueWithin > maxReissue:
		return fmt.Errorf("reissue_within is not between 0 and %d days", maxReissue/(24*time.Hour))
	case !t.PreAuthorized() && !t.TxCode:
		return fmt.Errorf("tx_code says nothing without %s", GrantPreAuthorized)
	}
	return nil
}

func (k *KeyAttestation) check() error {
	if k != nil && (!levels(k.KeyStorage) || !levels(k.UserAuthentication)) {
		return wrong("key_attestation", "key_attestation: key_storage and user_authentication want one or more of %v", attestation.Levels)
	}
	return nil
}

func (t *Type) checkClaims() error {
	for i, c := range t.Claims {
		place := fmt.Sprintf("claims[%d]", i)
		if err := c.check(t.Format); err != nil {
			return wrong(place, "claim %v: %w", c.Path, err)
		}
		for _, other := range t.Claims[:i] {
			if prefix(c.Path, other.Path) || prefix(other.Path, c.Path) {
				return wrong(place, "claim %v: stands at or inside claim %v", c.Path, other.Path)
			}
		}
	}
	return nil
}

func (c Claim) check(format string) error {
	switch {
	case len(c.Path) == 0 || slices.Contains(c.Path, ""):
		return fmt.Errorf("path is empty or has an empty part")
	case format == MDoc && len(c.Path) != 2:
		return fmt.Errorf("path wants a name space and an element")
	case format == MDoc && c.Disclosure != "":
		return fmt.Errorf("disclosure: an mdoc element is always shown by itself")
	case format == SDJWT && c.Disclosure != Never && c.Disclosure != Whole && c.Disclosure != Parts:
		return fmt.Errorf("disclosure %q is none of never, whole, parts", c.Disclosure)
	case format == SDJWT && slices.Contains(reserved, c.Path[0]):
		return fmt.Errorf("the claim is the issuer's own")
	case (c.Source == "") == (c.Value == nil):
		return fmt.Errorf("one of source and value is wanted")
	case c.Source != "" && c.Source != IssuanceDate && c.Source != IssuanceExpiry && !source.Known(c.Source):
		return fmt.Errorf("source %q is no fact", c.Source)
	case !c.Label.complete():
		return fmt.Errorf("label wants a text in each of nb, nn, en")
	}
	switch c.Value.(type) {
	case nil, string, bool:
		return nil
	default:
		return fmt.Errorf("value is neither text nor true or false")
	}
}

func levels(list []string) bool {
	return len(list) > 0 && !slices.ContainsFunc(list, func(l string) bool { return !slices.Contains(attestation.Levels, l) })
}

func prefix(short, long []string) bool {
	return len(short) <= len(long) && slices.Equal(short, long[:len(short)])
}

func (w Words) complete() bool { return w.NB != "" && w.NN != "" && w.EN != "" }
