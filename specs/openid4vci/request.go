package openid4vci

import (
	"encoding/json"

	"lommebok.example/specs/jose"
)

// The proof types (appendix F).
const (
	ProofTypeJWT         = "jwt"
	ProofTypeAttestation = "attestation"
)

// CredentialRequest is what a wallet posts to the Credential Endpoint (section 8.2).
// Exactly one of the first two members is set.
//
//	{"credential_configuration_id": "…", "proofs": {"jwt": ["eyJ…"]}}
type CredentialRequest struct {
	CredentialIdentifier      string  `json:"credential_identifier,omitempty"`
	CredentialConfigurationID string  `json:"credential_configuration_id,omitempty"`
	Proofs                    *Proofs `json:"proofs,omitempty"`
	// ResponseEncryption stands only in a request that is itself encrypted (section 8.2).
	ResponseEncryption *ResponseEncryptionKey `json:"credential_response_encryption,omitempty"`

	legacyProof bool
}

// Proofs are the key proofs of a request, all of one type: each a JWT of that type.
type Proofs struct {
	Type string
	JWTs []string
}

// MarshalJSON writes an object with one member named as the type.
func (p Proofs) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string][]string{p.Type: p.JWTs})
}

// ParseCredentialRequest reads a request that came unencrypted. Unknown members are
// ignored. Whether the configuration is known, and the proofs are those it asks for,
// the service checks next: Configuration.CheckProofs, VerifyProofs. The error is an
// *Error.
func ParseCredentialRequest(raw []byte) (*CredentialRequest, error) {
	return parseCredentialRequest(raw, false)
}

func parseCredentialRequest(raw []byte, encrypted bool) (*CredentialRequest, error) {
	var body struct {
		CredentialIdentifier, CredentialConfigurationID *string
		Proofs, Proof, ResponseEncryption               json.RawMessage
	}
	members, err := jose.ParseMembers(raw)
	if err == nil {
		err = members.Read(jose.Field{Name: "credential_identifier", To: &body.CredentialIdentifier},
			jose.Field{Name: "credential_configuration_id", To: &body.CredentialConfigurationID},
			jose.Field{Name: "proofs", To: &body.Proofs}, jose.Field{Name: "proof", To: &body.Proof},
			jose.Field{Name: "credential_response_encryption", To: &body.ResponseEncryption})
	}
	if err != nil {
		return nil, refuse(InvalidCredentialRequest, ErrRequest, "expected a JSON object with the members of section 8.2: %v", err)
	}
	to, err := parseResponseEncryption(body.ResponseEncryption, encrypted)
	if err != nil {
		return nil, err
	}
	identifier, configuration := body.CredentialIdentifier, body.CredentialConfigurationID
	if (identifier == nil) == (configuration == nil) {
		return nil, refuse(InvalidCredentialRequest, ErrIdentifier,
			"expected exactly one of credential_identifier and credential_configuration_id (section 8.2)")
	}
	r := &CredentialRequest{ResponseEncryption: to, legacyProof: body.Proof != nil}
	for _, m := range []struct{ from, to *string }{{identifier, &r.CredentialIdentifier}, {configuration, &r.CredentialConfigurationID}} {
		if m.from == nil {
			continue
		}
		if *m.to = *m.from; *m.to == "" {
			return nil, refuse(InvalidCredentialRequest, ErrIdentifier, "the identifier of the credential is empty (section 8.2)")
		}
	}
	if body.Proofs != nil {
		proofs, err := parseProofs(body.Proofs)
		if err != nil {
			return nil, err
		}
		r.Proofs = proofs
	}
	return r, nil
}

// parseProofs reads {"<type>": [one or more proofs]} (section 8.2).
func parseProofs(raw json.RawMessage) (*Proofs, error) {
	byType, err := jose.ParseMembers(raw)
	names := byType.Names()
	if err != nil || len(names) != 1 {
		return nil, refuse(InvalidProof, ErrProofs, "proofs: expected an object with exactly one proof type (section 8.2)")
	}
	p := &Proofs{Type: names[0]}
	if p.Type != ProofTypeJWT && p.Type != ProofTypeAttestation {
		return nil, refuse(InvalidProof, ErrProofs, "proofs: the proof type is not supported; known are jwt and attestation (appendix F)")
	}
	if err := byType.Read(jose.Field{Name: p.Type, To: &p.JWTs}); err != nil || len(p.JWTs) == 0 {
		return nil, refuse(InvalidProof, ErrProofs, "proofs: expected a non-empty array of strings (section 8.2)")
	}
	if p.Type == ProofTypeAttestation && len(p.JWTs) != 1 {
		return nil, refuse(InvalidProof, ErrProofs, "proofs: attestation: expected exactly one JWT, got %d (appendix F.3)", len(p.JWTs))
	}
	for _, jwt := range p.JWTs {
		if jwt == "" {
			return nil, refuse(InvalidProof, ErrProofs, "proofs: a proof is empty (section 8.2)")
		}
	}
	return p, nil
}

// CheckProofs tells whether a request brings the proofs that the configuration asks
// for: proofs exactly when proof_types_supported is there (section 8.2), of a
// supported type, and no more than batchSize, which is 1 when the issuer has no
// batch_credential_issuance (section 12.2.4). The error is an *Error.
func (c *Configuration) CheckProofs(r *CredentialRequest, batchSize int) error {
	p := r.Proofs
	switch {
	case p == nil && len(c.ProofTypesSupported) == 0:
		return nil
	case p == nil && r.legacyProof:
		return refuse(InvalidProof, ErrProofs, "the member proof is of an earlier draft; expected proofs with an array (section 8.2)")
	case p == nil:
		return refuse(InvalidProof, ErrProofs, "proofs: required for this credential, and absent (section 8.2)")
	case len(c.ProofTypesSupported) == 0:
		return refuse(InvalidProof, ErrProofs, "proofs: this credential is not bound to a key (section 8.2)")
	case len(p.JWTs) > max(batchSize, 1):
		return refuse(InvalidProof, ErrProofs, "proofs: expected at most %d, got %d (section 12.2.4)", max(batchSize, 1), len(p.JWTs))
	}
	if _, ok := c.ProofTypesSupported[p.Type]; !ok {
		return refuse(InvalidProof, ErrProofs, "proofs: the type %s is not in proof_types_supported (section 12.2.4)", p.Type)
	}
	return nil
}
