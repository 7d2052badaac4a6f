package presentation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"lommebok.example/specs/dcql"
	"lommebok.example/specs/openid4vp"
)

// Ask is what is asked for, by whom, and how. It is kept with its transaction: what a service asks for may change meanwhile,
// and what is judged is what the wallet was asked. What is left empty is as HAIP 1.0 sections 5 and 5.1 have it.
type Ask struct {
	Service string      `json:"service"` // id of the one that asks
	Query   *dcql.Query `json:"query"`

	// ClientIDPrefix is x509_hash when empty. HAIP knows no other; x509_san_dns and verifier_attestation are signed,
	// redirect_uri is not, and stands in the link by value (OpenID4VP 1.0 section 5.9.3).
	ClientIDPrefix string `json:"client_id_prefix,omitempty"`
	// ResponseMode is direct_post.jwt when empty. HAIP knows no other; with direct_post the answer is not encrypted.
	ResponseMode string `json:"response_mode,omitempty"`
	// RequestURIMethod is get when empty; with post a wallet may tell of itself when it fetches the request (section 5.10).
	RequestURIMethod string `json:"request_uri_method,omitempty"`
	// Scheme begins the links, openid4vp:// when empty: haip-vp://, or the https address of a wallet.
	Scheme string `json:"scheme,omitempty"`
	// TransactionData are JSON objects, each with type and credential_ids, that the person is to consent to (section 8.4).
	TransactionData []json.RawMessage `json:"transaction_data,omitempty"`
	// RedirectURI is where the wallet on the same device sends the browser, with response_code added to its query; the
	// verifier's own page when empty.
	RedirectURI string `json:"redirect_uri,omitempty"`
}

// ErrAsk means that something cannot be asked for so; the error says what.
var ErrAsk = errors.New("presentation: this cannot be asked for")

func orDefault(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func (a *Ask) prefix() string { return orDefault(a.ClientIDPrefix, openid4vp.PrefixX509Hash) }

// encrypted tells whether the answer must be.
func (a *Ask) encrypted() bool {
	return orDefault(a.ResponseMode, openid4vp.ResponseModeDirectPostJWT) == openid4vp.ResponseModeDirectPostJWT
}

// mode is the response mode of a request that goes this way.
func (a *Ask) mode(via Via) string {
	switch {
	case via == ViaAPI && a.encrypted():
		return openid4vp.ResponseModeDCAPIJWT
	case via == ViaAPI:
		return openid4vp.ResponseModeDCAPI
	}
	return orDefault(a.ResponseMode, openid4vp.ResponseModeDirectPostJWT)
}

func (a *Ask) beyondHAIP() bool { return a.prefix() != openid4vp.PrefixX509Hash || !a.encrypted() }

// transactionData are the entries of the request, the same each time.
func (a *Ask) transactionData() []string {
	var all []string
	for _, object := range a.TransactionData {
		all = append(all, openid4vp.EncodeTransaction(object))
	}
	return all
}

// checkAsk refuses what no wallet would be asked with.
func (s *Service) checkAsk(a *Ask) error {
	wrong := func(what string, args ...any) error {
		return fmt.Errorf("%w: "+what, append([]any{ErrAsk}, args...)...)
	}
	switch {
	case a.Query == nil:
		return wrong("expected a query")
	case a.prefix() != openid4vp.PrefixRedirectURI && s.signer(a) == nil:
		return wrong("client_id_prefix: expected one that this verifier has a key for (OpenID4VP 1.0 section 5.9.3)")
	case !slices.Contains([]string{"", openid4vp.ResponseModeDirectPostJWT, openid4vp.ResponseModeDirectPost}, a.ResponseMode):
		return wrong("response_mode: expected direct_post.jwt or direct_post (OpenID4VP 1.0 section 8)")
	case !slices.Contains([]string{"", openid4vp.MethodGet, openid4vp.MethodPost}, a.RequestURIMethod):
		return wrong("request_uri_method: expected get or post (OpenID4VP 1.0 section 5.1)")
	case !isScheme(a.Scheme):
		return wrong("scheme: expected openid4vp://, haip-vp:// or an https address without fragment, of at most %d characters (HAIP 1.0 section 5.1)", maxScheme)
	case a.RedirectURI != "" && !s.Rules.IsURL(a.RedirectURI):
		return wrong("redirect_uri: expected an https address without fragment (OpenID4VP 1.0 section 8.2)")
	}
	if err := a.Query.Validate(); err != nil {
		return wrong("query: %w", err)
	}
	return s.checkTransactions(a)
}

// checkTransactions writes the objects as they will be sent, and lets the request be checked as a wallet would.
func (s *Service) checkTransactions(a *Ask) error {
	for i := range a.TransactionData {
		var compact bytes.Buffer
		if err := json.Compact(&compact, a.TransactionData[i]); err != nil {
			return fmt.Errorf("%w: transaction_data: %w", ErrAsk, err)
		}
		a.TransactionData[i] = compact.Bytes()
	}
	query, err := json.Marshal(a.Query)
	if err != nil {
		return err
	}
	all, err := (&openid4vp.RequestObject{DCQL: query, TransactionData: a.transactionData()}).Transactions()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAsk, err)
	}
	for _, t := range all {
		for _, id := range t.CredentialIDs {
			if queryOf(a.Query, id).Multiple {
				return fmt.Errorf("%w: transaction_data: credential_ids: expected one presentation, not multiple (OpenID4VP 1.0 section 5.1)", ErrAsk)
			}
		}
	}
	return nil
}

// maxScheme bounds what begins a link, so that the link still fits in a QR code.
const maxScheme = 256

func isScheme(scheme string) bool {
	switch scheme {
	case "", openid4vp.Scheme, openid4vp.SchemeHAIP:
		return true
	}
	return len(scheme) <= maxScheme && openid4vp.Rules{}.IsURL(scheme)
}
