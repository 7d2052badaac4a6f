package openid4vci

import (
	"encoding/json"
	"slices"
	"unicode/utf8"

	"lommebok.example/specs/jose"
)

// The grant types of an offer (section 4.1.1).
const (
	GrantAuthorizationCode = "authorization_code"
	GrantPreAuthorizedCode = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
)

// The values of TxCode.InputMode; absent means numeric (section 4.1.1).
const (
	InputNumeric = "numeric"
	InputText    = "text"
)

const maxTxDescription = 300 // characters, section 4.1.1

// Offer is a Credential Offer (section 4.1.1).
//
//	{"credential_issuer": "https://…", "credential_configuration_ids": ["…"],
//	 "grants": {"authorization_code": {"issuer_state": "…"}}}
type Offer struct {
	CredentialIssuer           string   `json:"credential_issuer"`
	CredentialConfigurationIDs []string `json:"credential_configuration_ids"`
	// Grants absent leaves the choice to the authorization server's metadata.
	Grants *Grants `json:"grants,omitempty"`
}

// Grants are the grants that the authorization server is ready for.
type Grants struct {
	AuthorizationCode *AuthorizationCodeGrant `json:"authorization_code,omitempty"`
	PreAuthorizedCode *PreAuthorizedCodeGrant `json:"urn:ietf:params:oauth:grant-type:pre-authorized_code,omitempty"`
}

// AuthorizationCodeGrant is the grant authorization_code of an offer.
type AuthorizationCodeGrant struct {
	IssuerState         string `json:"issuer_state,omitempty"`
	AuthorizationServer string `json:"authorization_server,omitempty"`
}

// PreAuthorizedCodeGrant is the pre-authorized code of an offer. TxCode there, even
// empty, means that a transaction code is required.
type PreAuthorizedCodeGrant struct {
	PreAuthorizedCode   string  `json:"pre-authorized_code"`
	TxCode              *TxCode `json:"tx_code,omitempty"`
	AuthorizationServer string  `json:"authorization_server,omitempty"`
}

// TxCode describes the transaction code to the wallet. Length is in characters, 0
// when it is not told; Description has at most 300 characters.
type TxCode struct {
	InputMode   string `json:"input_mode,omitempty"`
	Length      int    `json:"length,omitempty"`
	Description string `json:"description,omitempty"`
}

// ParseOffer reads an offer object, sent by value or fetched (section 4.1.3). Unknown
// members are ignored. Errors: ErrOffer, ErrIssuer.
func ParseOffer(raw []byte, r Rules) (*Offer, error) {
	var o Offer
	if err := jose.Unmarshal(raw, &o); err != nil {
		return nil, fail(ErrOffer, "%v", err)
	}
	if err := o.check(r); err != nil {
		return nil, err
	}
	return &o, nil
}

// Encode writes the offer after the checks of ParseOffer, for the answer to a wallet
// that fetches it.
func (o *Offer) Encode(r Rules) ([]byte, error) {
	if err := o.check(r); err != nil {
		return nil, err
	}
	raw, err := json.Marshal(o)
	if err != nil {
		return nil, fail(ErrOffer, "%v", err)
	}
	return raw, nil
}

func (o *Offer) check(r Rules) error {
	if err := r.CheckIssuer(o.CredentialIssuer); err != nil {
		return err
	}
	if len(o.CredentialConfigurationIDs) == 0 {
		return fail(ErrOffer, "credential_configuration_ids: expected a non-empty array (section 4.1.1)")
	}
	for i, id := range o.CredentialConfigurationIDs {
		if id == "" || slices.Contains(o.CredentialConfigurationIDs[:i], id) {
			return fail(ErrOffer, "credential_configuration_ids: expected unique, non-empty strings (section 4.1.1)")
		}
	}
	if o.Grants == nil {
		return nil
	}
	if g := o.Grants.AuthorizationCode; g != nil {
		if err := checkServer(r, g.AuthorizationServer); err != nil {
			return err
		}
	}
	if g := o.Grants.PreAuthorizedCode; g != nil {
		return g.check(r)
	}
	return nil
}

func (g *PreAuthorizedCodeGrant) check(r Rules) error {
	if g.PreAuthorizedCode == "" {
		return fail(ErrOffer, "pre-authorized_code: required, and absent (section 4.1.1)")
	}
	if err := checkServer(r, g.AuthorizationServer); err != nil {
		return err
	}
	tx := g.TxCode
	switch {
	case tx == nil:
		return nil
	case tx.InputMode != "" && tx.InputMode != InputNumeric && tx.InputMode != InputText:
		return fail(ErrOffer, "tx_code: input_mode: expected numeric or text (section 4.1.1)")
	case tx.Length < 0:
		return fail(ErrOffer, "tx_code: length: expected a positive integer (section 4.1.1)")
	case utf8.RuneCountInString(tx.Description) > maxTxDescription:
		return fail(ErrOffer, "tx_code: description: expected at most 300 characters (section 4.1.1)")
	}
	return nil
}

func checkServer(r Rules, server string) error {
	if server == "" {
		return nil
	}
	return r.checkURL(ErrOffer, "authorization_server", server)
}
