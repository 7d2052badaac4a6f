package inspect

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/url"
	"time"

	"lommebok.example/specs/dcql"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/openid4vp"
)

// link is an offer or a request, by its parameters.
func (f *Found) link(text string) error {
	u, err := url.Parse(text)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	q := u.Query()
	parameters := map[string]any{}
	for name := range q {
		parameters[name] = q[name]
		if len(q[name]) == 1 {
			parameters[name] = q.Get(name)
		}
	}
	switch {
	case q.Has("credential_offer") || q.Has("credential_offer_uri"):
		f.Kind, f.Section = "credential offer link", "OpenID4VCI 1.0 section 4.1"
		_, _, err = openid4vci.ParseOfferLink(text, openid4vci.Rules{InsecureAllowHTTP: true})
		if offer, e := objectOf([]byte(q.Get("credential_offer"))); e == nil {
			f.add("credential offer", offer)
			delete(parameters, "credential_offer")
		}
	case q.Has("request_uri") || q.Has("request") || q.Has("dcql_query") || q.Has("client_id"):
		f.Kind, f.Section = "presentation request link", "OpenID4VP 1.0 section 5"
		_, err = openid4vp.ParseRequestURI(text, openid4vp.Rules{InsecureAllowHTTP: true})
		if prefix, original := openid4vp.Prefix(q.Get("client_id")); prefix != "" {
			f.add("client identifier", map[string]string{"prefix": prefix, "without it": original})
		}
	default:
		return fmt.Errorf("%w: expected credential_offer, credential_offer_uri, client_id or request_uri in the link", ErrUnknown)
	}
	f.add("opens", u.Scheme+"://"+u.Host+u.Path)
	f.add("parameters", parameters)
	f.problem(err)
	return nil
}

// document is a kind of JSON document, known by its members.
type document struct {
	members []string
	kind
}

var documents = []document{
	{[]string{"credential_issuer", "credential_configuration_ids"}, kind{"credential offer", "OpenID4VCI 1.0 section 4.1.1"}},
	{[]string{"credential_issuer", "credential_endpoint"}, kind{"issuer metadata", "OpenID4VCI 1.0 section 12.2.4"}},
	{[]string{"issuer", "token_endpoint"}, kind{"authorization server metadata", "RFC 8414 section 2"}},
	{[]string{"keys"}, kind{"JWK set", "RFC 7517 section 5"}},
	{[]string{"kty"}, kind{"JWK", "RFC 7517 section 4"}},
	{[]string{"credentials", "notification_id"}, kind{"credential response", "OpenID4VCI 1.0 section 8.3"}},
	{[]string{"vct", "display"}, kind{"type metadata", "SD-JWT VC section 6"}},
	{[]string{"error"}, kind{"error response", "RFC 6749 section 5.2"}},
}

func (f *Found) json(raw []byte) error {
	object, err := objectOf(raw)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	}
	f.Kind, f.Section = "JSON object", "RFC 8259"
	for _, d := range documents {
		has := true
		for _, m := range d.members {
			has = has && object[m] != nil
		}
		if has {
			f.Kind, f.Section = d.name, d.section
			break
		}
	}
	if _, err := dcql.Parse(raw); err == nil {
		f.Kind, f.Section = "DCQL query", "OpenID4VP 1.0 section 6"
	}
	f.add("content", object)
	if f.Section == documents[0].section {
		_, err := openid4vci.ParseOffer(raw, openid4vci.Rules{InsecureAllowHTTP: true})
		f.problem(err)
	}
	return nil
}

func (f *Found) pem(text string) error {
	f.Kind, f.Section = "certificates", "RFC 7468 section 5"
	rest := []byte(text)
	for {
		block, more := pem.Decode(rest)
		if block == nil {
			break
		}
		rest = more
		if block.Type != "CERTIFICATE" {
			return fmt.Errorf("%w: a PEM block of type %q, which is not shown", ErrUnknown, block.Type)
		}
		f.add("certificate", certificateOf(block.Bytes))
	}
	if len(f.Parts) == 0 {
		return fmt.Errorf("%w: no PEM block that is whole", ErrUnknown)
	}
	return nil
}

// certificatesOf describes a chain in the form of x5c (RFC 7515 section 4.1.6).
func certificatesOf(chain []any) []any {
	list := make([]any, 0, len(chain))
	for _, one := range chain {
		text, _ := one.(string)
		der, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			list = append(list, fmt.Sprintf("not base64: %v", err))
			continue
		}
		list = append(list, certificateOf(der))
	}
	return list
}

func certificateOf(der []byte) any {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return fmt.Sprintf("not a certificate: %v", err)
	}
	return map[string]any{
		"subject": c.Subject.String(), "issuer": c.Issuer.String(), "serial": c.SerialNumber.Text(16), "ca": c.IsCA,
		"from": c.NotBefore.UTC().Format(time.RFC3339), "to": c.NotAfter.UTC().Format(time.RFC3339),
	}
}
