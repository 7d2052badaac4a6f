package issuance

import (
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"lommebok.example/issuer/credentials"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/sdjwtvc"
)

const mediaJSON = "application/json"

// typesPath is the registry of type metadata (draft-ietf-oauth-sd-jwt-vc section 5.3.2): the vct stands behind it. A vct that
// is an address below it is served as itself (section 5.3.1).
const typesPath = "/types/"

// mountTypes puts type metadata and JWT VC Issuer Metadata on r.
func (s *Service) mountTypes(r gin.IRouter) error {
	documents := map[string]document{}
	for _, t := range s.Types.All() {
		if t.Format != credentials.SDJWT {
			continue
		}
		name, ours := strings.CutPrefix(t.VCT, s.Issuer+typesPath)
		if !ours && strings.HasPrefix(t.VCT, s.Issuer+"/") {
			return fmt.Errorf("issuance: %s: a vct that is an address of the issuer must begin with %s", t.ID, s.Issuer+typesPath)
		}
		documents[name] = newDocument(mediaJSON, t.Metadata)
	}
	r.GET(typesPath+"*vct", func(c *gin.Context) {
		d, known := documents[strings.TrimPrefix(c.Param("vct"), "/")]
		if !known {
			c.Header("Cache-Control", "no-store")
			c.JSON(http.StatusNotFound, gin.H{"error": "not_found"})
			return
		}
		d.send(c)
	})
	if s.IssuerKeys == nil {
		return nil
	}
	return s.mountIssuerKeys(r)
}

// mountIssuerKeys puts the JWT VC Issuer Metadata where section 4 of draft-ietf-oauth-sd-jwt-vc wants them.
func (s *Service) mountIssuerKeys(r gin.IRouter) error {
	address, err := oauth2.WellKnown(s.Issuer, sdjwtvc.IssuerWellKnown)
	if err != nil {
		return err
	}
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	r.GET(u.Path, func(c *gin.Context) {
		body, err := issuerKeys(s.Issuer, s.IssuerKeys())
		if err != nil {
			s.Log.Error("issuer keys", "cause", err)
			c.Status(http.StatusInternalServerError)
			return
		}
		newDocument(mediaJSON, body).send(c)
	})
	return nil
}

func issuerKeys(issuer string, keys []*ecdsa.PublicKey) ([]byte, error) {
	set := &jose.JWKS{}
	for _, key := range keys {
		jwk := jose.PublicJWK(key)
		jwk.Kid, jwk.Alg, jwk.Use = jose.Thumbprint(key), string(jose.ES256), "sig"
		set.Keys = append(set.Keys, jwk)
	}
	return json.Marshal(sdjwtvc.IssuerMetadata{Issuer: issuer, JWKS: set})
}
