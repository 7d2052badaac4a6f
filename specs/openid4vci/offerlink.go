package openid4vci

import (
	"net/url"
	"strings"
)

// Endpoints of wallets to which an offer is handed over.
const (
	OfferEndpoint     = "openid-credential-offer://" // section 12.1.1
	OfferEndpointHAIP = "haip-vci://"                // HAIP 1.0 section 4.2
)

const maxLink = 64 << 10

// OfferURI is the link that hands over an offer by value (section 4.1.2). endpoint is
// the wallet's Credential Offer Endpoint: OfferEndpoint, OfferEndpointHAIP, or an
// https address. Errors: ErrOffer, ErrIssuer, ErrLink.
func OfferURI(endpoint string, o Offer, r Rules) (string, error) {
	raw, err := o.Encode(r)
	if err != nil {
		return "", err
	}
	return link(endpoint, "credential_offer", string(raw))
}

// OfferReferenceURI is the link that hands over the address of an offer, which suits a
// QR code better (section 4.1.3). The address must be https and used for one offer
// only. Errors: ErrLink.
func OfferReferenceURI(endpoint, address string, r Rules) (string, error) {
	if err := r.checkURL(ErrLink, "credential_offer_uri", address); err != nil {
		return "", err
	}
	return link(endpoint, "credential_offer_uri", address)
}

func link(endpoint, name, value string) (string, error) {
	if _, err := url.Parse(endpoint); err != nil || !strings.Contains(endpoint, "://") || strings.Contains(endpoint, "#") {
		return "", fail(ErrLink, "endpoint: expected a scheme with :// or a URL without fragment")
	}
	separator := "?"
	if strings.Contains(endpoint, "?") {
		separator = "&"
	}
	// Not every wallet reads + as a space outside forms.
	return endpoint + separator + name + "=" + strings.ReplaceAll(url.QueryEscape(value), "+", "%20"), nil
}

// ParseOfferLink reads what a wallet was invoked with, whatever the scheme. It gives
// the offer, or the address to fetch it from, never both (section 4.1). The content is
// not trustworthy: the wallet asks before it fetches (section 13.5). Errors: ErrLink,
// ErrOffer, ErrIssuer.
func ParseOfferLink(address string, r Rules) (o *Offer, reference string, err error) {
	if len(address) > maxLink {
		return nil, "", fail(ErrLink, "longer than %d bytes", maxLink)
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" {
		return nil, "", fail(ErrLink, "expected a URL")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, "", fail(ErrLink, "the query is not form-encoded")
	}
	byValue, byReference := query["credential_offer"], query["credential_offer_uri"]
	if len(byValue)+len(byReference) != 1 {
		return nil, "", fail(ErrLink, "expected one of credential_offer and credential_offer_uri, once (section 4.1)")
	}
	if len(byValue) == 1 {
		o, err = ParseOffer([]byte(byValue[0]), r)
		return o, "", err
	}
	if err := r.checkURL(ErrLink, "credential_offer_uri", byReference[0]); err != nil {
		return nil, "", err
	}
	return nil, byReference[0], nil
}
