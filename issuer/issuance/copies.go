package issuance

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"lommebok.example/issuer/credentials"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/sdjwt"
	"lommebok.example/specs/sdjwtvc"
)

// unsigned is one copy of a credential whose bytes are final but for the signature.
type unsigned interface {
	lint(b *batch, n int, s *Service) error // looks at the bytes of the n-th copy
	sign(s *Service) (string, error)        // as the Credential Response carries it
}

// prepare makes the copies, each with salts or randoms of its own.
func (s *Service) prepare(b *batch) ([]unsigned, error) {
	copies := make([]unsigned, 0, len(b.keys))
	for n := range b.keys {
		var one unsigned
		var err error
		if b.typ.Format == credentials.MDoc {
			one, err = s.prepareMDoc(b, n)
		} else {
			one, err = s.prepareSDJWT(b, n)
		}
		if err != nil {
			return nil, err
		}
		copies = append(copies, one)
	}
	return copies, nil
}

type mdocCopy struct{ *mdoc.Unsigned }

func (s *Service) prepareMDoc(b *batch, n int) (unsigned, error) {
	u, err := mdoc.Prepare(mdoc.Template{
		DocType: b.typ.DocType, Elements: mdocElements(b.values), DeviceKey: b.keys[n],
		Signed: b.life.from, ValidFrom: b.life.from, ValidUntil: b.life.until,
		Status: &mdoc.StatusRef{Index: b.indices[n].Index, URI: s.Status.URI(b.indices[n].List)},
	})
	return mdocCopy{u}, err
}

func (c mdocCopy) lint(b *batch, n int, s *Service) error {
	view, err := c.View()
	if err != nil {
		return err
	}
	key, err := view.DeviceKey()
	if err != nil {
		return err
	}
	status := view.Status()
	switch {
	case view.DocType() != b.typ.DocType:
		return fmt.Errorf("docType %s", view.DocType())
	case !key.Equal(b.keys[n]):
		return fmt.Errorf("deviceKey is not the holder's")
	case status == nil || status.Index != b.indices[n].Index || status.URI != s.Status.URI(b.indices[n].List):
		return fmt.Errorf("status is not the one that was allocated")
	case !view.ValidUntil().Equal(b.life.until):
		return fmt.Errorf("validUntil %s", view.ValidUntil())
	case len(view.Elements()) != len(b.values):
		return fmt.Errorf("%d elements of %d", len(view.Elements()), len(b.values))
	}
	return view.VerifyDigests()
}

func (c mdocCopy) sign(s *Service) (string, error) {
	issuerSigned, err := c.Sign(s.Signers.MDoc)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(issuerSigned), nil // OpenID4VCI 1.0 section A.2.4
}

type sdjwtCopy struct{ *sdjwtvc.Unsigned }

func (s *Service) prepareSDJWT(b *batch, n int) (unsigned, error) {
	u, err := sdjwtvc.Prepare(sdjwtvc.Template{
		VCT: b.typ.VCT, Claims: sdjwtClaims(b.values), Holder: b.keys[n], Issuer: s.Issuer,
		IssuedAt: b.life.from, NotBefore: b.life.from, Expires: b.life.until,
		Status: &sdjwtvc.StatusRef{Index: b.indices[n].Index, URI: s.Status.URI(b.indices[n].List)},
	})
	return sdjwtCopy{u}, err
}

func (c sdjwtCopy) lint(b *batch, n int, s *Service) error {
	p, err := sdjwt.DecodeObject(c.Payload())
	if err != nil {
		return err
	}
	holder := jose.PublicJWK(b.keys[n])
	jwk := map[string]any{"kty": holder.Kty, "crv": holder.Crv, "x": holder.X, "y": holder.Y}
	list := map[string]any{
		"idx": json.Number(strconv.FormatUint(b.indices[n].Index, 10)), "uri": s.Status.URI(b.indices[n].List),
	}
	switch {
	case p["iss"] != s.Issuer:
		return fmt.Errorf("iss %v", p["iss"])
	case p["vct"] != b.typ.VCT:
		return fmt.Errorf("vct %v", p["vct"])
	case !maps.Equal(inside(p, "cnf", "jwk"), jwk):
		return fmt.Errorf("cnf is not the holder's key")
	case !maps.Equal(inside(p, "status", "status_list"), list):
		return fmt.Errorf("status is not the one that was allocated")
	case p["exp"] != numericDate(b.life.until) || p["nbf"] != numericDate(b.life.from):
		return fmt.Errorf("valid from %v until %v", p["nbf"], p["exp"])
	}
	return lintDisclosures(c.Disclosures())
}

// inside gives the object that stands in another one, or nil.
func inside(payload map[string]any, outer, inner string) map[string]any {
	object, _ := payload[outer].(map[string]any)
	found, _ := object[inner].(map[string]any)
	return found
}

// numericDate is a time as it stands in a payload that has been read (RFC 7519 section 2).
func numericDate(t time.Time) json.Number { return json.Number(strconv.FormatInt(t.Unix(), 10)) }

// lintDisclosures refuses a short salt (RFC 9901 section 9.3), a salt that is there twice, and a claim that may not be
// held back (section 9.7).
func lintDisclosures(encoded []string) error {
	disclosures, err := sdjwt.ReadDisclosures(encoded)
	if err != nil {
		return err
	}
	salts := make(map[string]bool, len(disclosures))
	for _, d := range disclosures {
		if len(d.Salt) < 22 || salts[d.Salt] {
			return fmt.Errorf("a salt has less than 128 bits or is there twice")
		}
		salts[d.Salt] = true
		if !d.ArrayElement && slices.Contains(openClaims, d.Name) {
			return fmt.Errorf("the claim %s may not be held back", d.Name)
		}
	}
	return nil
}

var openClaims = strings.Fields("iss iat nbf exp cnf vct status")

func (c sdjwtCopy) sign(s *Service) (string, error) { return c.Sign(s.Signers.SDJWT) }
