package server

import (
	"bytes"
	"encoding/json"
	"fmt"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/openid4vci"
)

// typRegistrationCert is the typ of a registration certificate (ETSI TS 119 475, as EUDI ARF RPRC_22 asks for it).
const typRegistrationCert = "rc-wrp+jwt"

// ParseInfo reads what the registrar has given the issuer, which it tells in its metadata. Either member may be left out.
//
//	{"registrar_dataset": {…}, "registration_cert": "<JWT>"}
func ParseInfo(raw []byte) ([]openid4vci.IssuerInfo, error) {
	var file struct {
		Dataset json.RawMessage `json:"registrar_dataset"`
		Cert    string          `json:"registration_cert"`
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&file); err != nil {
		return nil, fmt.Errorf("%w: registration: %w", ErrConfig, err)
	}
	var info []openid4vci.IssuerInfo
	if len(file.Dataset) > 0 {
		if file.Dataset[0] != '{' {
			return nil, fmt.Errorf("%w: registration: registrar_dataset: expected an object", ErrConfig)
		}
		info = append(info, openid4vci.IssuerInfo{Format: openid4vci.InfoRegistrarDataset, Data: file.Dataset})
	}
	if file.Cert != "" {
		_, err := jose.Parse(file.Cert, jose.Rules{
			Typ: typRegistrationCert, Algs: []jose.Alg{jose.ES256, jose.ES384, jose.ES512}, Allow: []string{"x5c", "kid", "iat", "x5t#S256"},
		})
		if err != nil {
			return nil, fmt.Errorf("%w: registration: registration_cert: %w", ErrConfig, err)
		}
		quoted, err := json.Marshal(file.Cert)
		if err != nil {
			return nil, fmt.Errorf("%w: registration: %w", ErrConfig, err)
		}
		info = append(info, openid4vci.IssuerInfo{Format: openid4vci.InfoRegistrationCert, Data: quoted})
	}
	if len(info) == 0 {
		return nil, fmt.Errorf("%w: registration: neither registrar_dataset nor registration_cert", ErrConfig)
	}
	return info, nil
}
