package issuance

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"lommebok.example/issuer/credentials"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/mdoc"
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

// sdjwtPayload is what a lint wants to see in the open.
type sdjwtPayload struct {
	Iss string `json:"iss"`
	VCT string `json:"vct"`
	Exp int64  `json:"exp"`
	Nbf int64  `json:"nbf"`
	Cnf struct {
		JWK json.RawMessage `json:"jwk"`
	} `json:"cnf"`
	Status struct {
		List struct {
			Idx uint64 `json:"idx"`
			URI string `json:"uri"`
		} `json:"status_list"`
	} `json:"status"`
}

func (c sdjwtCopy) lint(b *batch, n int, s *Service) error {
	var p sdjwtPayload
	if err := jose.Unmarshal(c.Payload(), &p); err != nil {
		return err
	}
	_, key, err := jose.ParseJWK(p.Cnf.JWK)
	if err != nil {
		return fmt.Errorf("cnf: %w", err)
	}
	list := p.Status.List
	switch {
	case p.Iss != s.Issuer:
		return fmt.Errorf("iss %s", p.Iss)
	case p.VCT != b.typ.VCT:
		return fmt.Errorf("vct %s", p.VCT)
	case !key.Equal(b.keys[n]):
		return fmt.Errorf("cnf is not the holder's key")
	case list.Idx != b.indices[n].Index || list.URI != s.Status.URI(b.indices[n].List):
		return fmt.Errorf("status is not the one that was allocated")
	case p.Exp != b.life.until.Unix() || p.Nbf != b.life.from.Unix():
		return fmt.Errorf("valid from %d until %d", p.Nbf, p.Exp)
	}
	return lintDisclosures(c.Disclosures())
}

// lintDisclosures refuses a short salt (RFC 9901 section 9.3), a salt that is there twice, and a claim that may not be
// held back (section 9.7).
func lintDisclosures(disclosures []string) error {
	salts := map[string]bool{}
	for _, encoded := range disclosures {
		raw, err := jose.DecodeBase64URL(encoded)
		if err != nil {
			return err
		}
		var parts []any
		if err := json.Unmarshal(raw, &parts); err != nil {
			return err
		}
		if len(parts) != 2 && len(parts) != 3 {
			return fmt.Errorf("a disclosure of %d parts", len(parts))
		}
		salt, ok := parts[0].(string)
		if !ok || len(salt) < 22 || salts[salt] {
			return fmt.Errorf("a salt has less than 128 bits or is there twice")
		}
		salts[salt] = true
		if name, ok := parts[1].(string); ok && len(parts) == 3 && slices.Contains(openClaims, name) {
			return fmt.Errorf("the claim %s may not be held back", name)
		}
	}
	return nil
}

var openClaims = strings.Fields("iss iat nbf exp cnf vct status")

func (c sdjwtCopy) sign(s *Service) (string, error) { return c.Sign(s.Signers.SDJWT) }
