package signing

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"reflect"
	"slices"

	"lommebok.example/issuer/credentials"
	"lommebok.example/specs/mdoc"
)

type mdocCopy struct {
	*mdoc.Unsigned
	with *mdoc.Signer
}

func (s *Signers) prepareMDoc(c *copied) (unsigned, error) {
	t := mdoc.Template{
		DocType: c.Type.DocType, Elements: c.elements, DeviceKey: c.holder,
		Signed: c.Life.From, ValidFrom: c.Life.From, ValidUntil: c.Life.Until,
	}
	if c.Type.Identifiers {
		t.Identifier = &mdoc.IdentifierRef{ID: c.index.Identifier[:], URI: c.list}
	} else {
		t.Status = &mdoc.StatusRef{Index: c.index.Index, URI: c.list}
	}
	u, err := mdoc.Prepare(t)
	return mdocCopy{u, s.cfg.MDoc}, err
}

func (c mdocCopy) sign() (string, error) {
	issuerSigned, err := c.Sign(c.with)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(issuerSigned), nil // OpenID4VCI 1.0 section A.2.4
}

func (c mdocCopy) lint(want *copied) error { return lintMDoc(c.NameSpaces(), c.Payload(), want) }

// lintMDoc looks at IssuerNameSpaces and MobileSecurityObjectBytes.
func lintMDoc(nameSpaces, payload []byte, want *copied) error {
	view, err := mdoc.View(nameSpaces, payload)
	if err != nil {
		return err
	}
	key, err := view.DeviceKey()
	if err != nil {
		return err
	}
	mso := view.MSO()
	switch {
	case view.DocType() != want.Type.DocType:
		return fmt.Errorf("docType is not the type's")
	case !key.Equal(want.holder):
		return fmt.Errorf("deviceKey is not the holder's")
	case !want.stands(view):
		return fmt.Errorf("status is not the one that was allocated")
	case !mso.Signed.Equal(want.Life.From) || !mso.ValidFrom.Equal(want.Life.From) || !mso.ValidUntil.Equal(want.Life.Until):
		return fmt.Errorf("validityInfo is not the batch's")
	case mso.DigestAlgorithm != "SHA-256":
		return fmt.Errorf("digestAlgorithm %s", mso.DigestAlgorithm)
	}
	if err := view.VerifyDigests(); err != nil {
		return err
	}
	return lintElements(view, want)
}

// stands tells whether an mdoc has the status that was allocated, by the mechanism of the type and no other.
func (c *copied) stands(view *mdoc.IssuerSigned) bool {
	status, name := view.Status(), view.Identifier()
	if c.Type.Identifiers {
		return status == nil && name != nil && bytes.Equal(name.ID, c.index.Identifier[:]) && name.URI == c.list
	}
	return name == nil && status != nil && status.Index == c.index.Index && status.URI == c.list
}

// lintElements compares the elements with the batch's values, and counts the digests: one without an item would vouch for
// something that nobody has looked at.
func lintElements(view *mdoc.IssuerSigned, want *copied) error {
	said, meant := view.Elements(), want.elements
	if len(said) != len(meant) || view.MSO().Digests() != len(meant) {
		return fmt.Errorf("%d elements and %d digests of %d", len(said), view.MSO().Digests(), len(meant))
	}
	for _, e := range said {
		n := slices.IndexFunc(meant, func(m mdoc.Element) bool { return m.Namespace == e.Namespace && m.Identifier == e.Identifier })
		if n < 0 || !reflect.DeepEqual(e.Value, meant[n].Value) {
			return fmt.Errorf("the element %s does not say what was meant", e.Identifier)
		}
	}
	return nil
}

func mdocElements(values []Value) []mdoc.Element {
	elements := make([]mdoc.Element, 0, len(values))
	for _, v := range values {
		element := mdoc.Element{Namespace: v.Claim.Path[0], Identifier: v.Claim.Path[1], Value: credentials.CBORValue(v.Is)}
		elements = append(elements, element)
	}
	return elements
}
