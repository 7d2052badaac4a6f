package wallet

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"lommebok.example/internal/fetch"
	"lommebok.example/specs/dcql"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/openid4vp"
)

// fetchRequest gets the request object. By POST the wallet sends a nonce that must come back, tells of itself, and gives a
// key of this one time that the request object may be encrypted to (OpenID4VP 1.0 section 5.10).
func (w *Wallet) fetchRequest(ctx context.Context, l *openid4vp.RequestLink, held *heldRequest) error {
	c := call{step: "request object (OpenID4VP 1.0 section 5.10)", method: http.MethodGet, url: l.RequestURI, accept: openid4vp.RequestMediaType}
	var key *ecdsa.PrivateKey
	if l.Method == openid4vp.MethodPost {
		var err error
		if key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			return err
		}
		metadata, err := w.metadata(key)
		if err != nil {
			return err
		}
		held.WalletNonce = rand.Text()
		c = formCall(c.step, l.RequestURI, url.Values{"wallet_nonce": {held.WalletNonce}, "wallet_metadata": {metadata}})
		c.accept = openid4vp.RequestMediaType
	}
	a, err := w.do(ctx, c, nil)
	if err != nil {
		return err
	}
	if a.Status != http.StatusOK {
		return refusalOf(c, a)
	}
	if media, _, err := mime.ParseMediaType(a.Header.Get("Content-Type")); err != nil || media != openid4vp.RequestMediaType {
		return fmt.Errorf("%s: %w: %q where %s was expected", c.step, fetch.ErrContentType, a.Header.Get("Content-Type"), openid4vp.RequestMediaType)
	}
	held.Object = string(a.Body)
	if key == nil || strings.Count(held.Object, ".") != 4 {
		return nil
	}
	jwt, err := jose.Decrypt(held.Object, key, jose.A128GCM, jose.A256GCM)
	if err != nil {
		return fmt.Errorf("%s: %w: %w", c.step, openid4vp.ErrRequestObject, err)
	}
	held.Object, held.Encrypted = string(jwt), true
	return nil
}

// metadata is what the wallet tells of itself (section 10).
func (w *Wallet) metadata(key *ecdsa.PrivateKey) (string, error) {
	jwk := jose.PublicJWK(&key.PublicKey)
	jwk.Kid, jwk.Use, jwk.Alg = rand.Text(), "enc", "ECDH-ES"
	m := openid4vp.WalletMetadata{
		VPFormatsSupported: map[string]json.RawMessage{
			dcql.FormatSDJWTVC: json.RawMessage(`{"sd-jwt_alg_values":["ES256"],"kb-jwt_alg_values":["ES256"]}`),
			dcql.FormatMdoc:    json.RawMessage(`{"issuerauth_alg_values":[-7],"deviceauth_alg_values":[-7]}`),
		},
		ClientIDPrefixesSupported:                 []string{openid4vp.PrefixX509Hash},
		ResponseTypesSupported:                    []string{openid4vp.ResponseTypeVPToken},
		ResponseModesSupported:                    []string{openid4vp.ResponseModeDirectPostJWT},
		RequestObjectSigningAlgValuesSupported:    []string{string(jose.ES256), string(jose.ES384), string(jose.ES512)},
		JWKS:                                      &jose.JWKS{Keys: []jose.JWK{jwk}},
		RequestObjectEncryptionAlgValuesSupported: []string{jwk.Alg},
		RequestObjectEncryptionEncValuesSupported: []string{string(jose.A256GCM), string(jose.A128GCM)},
	}
	if !w.HAIP {
		m.ClientIDPrefixesSupported = append(m.ClientIDPrefixesSupported, openid4vp.PrefixX509SANDNS, openid4vp.PrefixVerifierAttestation, openid4vp.PrefixRedirectURI)
		m.ResponseModesSupported = append(m.ResponseModesSupported, openid4vp.ResponseModeDirectPost)
	}
	raw, err := json.Marshal(m)
	return string(raw), err
}
