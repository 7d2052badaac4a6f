package check

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"mime"
	"net/url"
	"slices"
	"strings"

	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/x5c"
	"lommebok.example/transaction"
	"lommebok.example/wallet-sim/faults"
)

// issuerRule is a requirement of an issuer that is judged by what was seen.
type issuerRule struct {
	Requirement
	judge func(*issuerSeen) verdict
}

func issuerRules() []issuerRule { return slices.Concat(goodRules(), refusalRules()) }

// goodRules are those that good flows show.
func goodRules() []issuerRule {
	return slices.Concat(metadataRules(), bindingRules(), signedRules(), serverRules(), authorizationRules(), tokenRules(), nonceRules(), credentialRules(), furtherRules())
}

func vci(id, section, says string, judge func(*issuerSeen) verdict) issuerRule {
	return issuerRule{Requirement{"VCI-" + id, OpenID4VCI, "OpenID4VCI 1.0 section " + section, says}, judge}
}

func haip(id, section, says string, judge func(*issuerSeen) verdict) issuerRule {
	return issuerRule{Requirement{"HAIP-" + id, HAIP, "HAIP 1.0 section " + section, says}, judge}
}

func media(x *transaction.Exchanged) string {
	media, _, err := mime.ParseMediaType(x.Headers.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return media
}

// hasMedia judges the content type of an answer.
func hasMedia(x *transaction.Exchanged, want string) verdict {
	return whether(media(x) == want, x, "Content-Type "+want, "%q", x.Headers.Get("Content-Type"))
}

// noStore judges that an answer is not to be kept.
func noStore(x *transaction.Exchanged) verdict {
	value := strings.Join(x.Headers.Values("Cache-Control"), ", ")
	return whether(strings.Contains(strings.ToLower(value), "no-store"), x, "Cache-Control: no-store", "%q", value)
}

func certificates(raw []any) ([]*x509.Certificate, error) {
	var ders [][]byte
	for _, one := range raw {
		text, _ := one.(string)
		der, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, err
		}
		ders = append(ders, der)
	}
	return x5c.ParseDER(ders)
}

func metadataRules() []issuerRule {
	const s = "12.2.2"
	fetched := func(judge func(*issuerSeen) verdict) func(*issuerSeen) verdict {
		return func(i *issuerSeen) verdict {
			if i.plainErr != nil {
				return failed(nil, "metadata at the well-known address", "%v", i.plainErr)
			}
			return judge(i)
		}
	}
	return []issuerRule{
		vci("12.2.2-well-known", s, "The metadata are at the address that is made of the identifier, and answer with status 200.", fetched(func(i *issuerSeen) verdict {
			return whether(i.plain.Status == 200, i.plain, "status 200", "status %d", i.plain.Status)
		})),
		vci("12.2.2-content-type", s, "Metadata that are not signed are of type application/json.", fetched(func(i *issuerSeen) verdict {
			return hasMedia(i.plain, openid4vci.MediaTypeMetadata)
		})),
		vci("12.2.4-credential_issuer", "12.2.4", "credential_issuer is the identifier that the metadata were fetched for, in every character.", fetched(func(i *issuerSeen) verdict {
			var m struct {
				CredentialIssuer string `json:"credential_issuer"`
			}
			if err := json.Unmarshal(i.plain.Got, &m); err != nil {
				return untested("the metadata are no JSON: %v", err)
			}
			return whether(m.CredentialIssuer == i.Address, i.plain, i.Address, "%q", m.CredentialIssuer)
		})),
		vci("12.2.4-metadata", "12.2.4", "The metadata keep the rules of section 12.2.4, and of appendices A and B.3 for each configuration.", fetched(func(i *issuerSeen) verdict {
			if errors.Is(i.metadataErr, openid4vci.ErrMismatch) {
				return untested("credential_issuer is another")
			}
			if i.metadataErr != nil {
				return failed(i.plain, "metadata by the rules", "%v", i.metadataErr)
			}
			return held(i.plain)
		})),
	}
}

// bindingRules are about what HAIP asks of the metadata.
func bindingRules() []issuerRule {
	readable := func(judge func(*issuerSeen) verdict) func(*issuerSeen) verdict {
		return func(i *issuerSeen) verdict {
			if i.metadata == nil {
				return untested("the metadata could not be read: %v", i.metadataErr)
			}
			return judge(i)
		}
	}
	return []issuerRule{
		haip("4.1-scope", "4.1", "Each credential configuration has a scope.", readable(func(i *issuerSeen) verdict {
			for id, c := range i.metadata.CredentialConfigurationsSupported {
				if c.Scope == "" {
					return failed(i.plain, "scope", "none in %s", id)
				}
			}
			return held(i.plain)
		})),
		haip("4.1-nonce_endpoint", "4.1", "There is a nonce_endpoint when a credential is bound to a key.", readable(func(i *issuerSeen) verdict {
			for id, c := range i.metadata.CredentialConfigurationsSupported {
				if len(c.CryptographicBindingMethodsSupported) > 0 && i.metadata.NonceEndpoint == "" {
					return failed(i.plain, "nonce_endpoint", "none, and %s is bound to a key", id)
				}
			}
			return held(i.plain)
		})),
	}
}

// signedRules are about signed metadata, where the issuer has them.
func signedRules() []issuerRule {
	has := func(judge func(i *issuerSeen, header, claims map[string]any) verdict) func(*issuerSeen) verdict {
		return func(i *issuerSeen) verdict {
			switch {
			case i.signedErr != nil:
				return untested("not fetched: %v", i.signedErr)
			case i.signed.Status != 200 || media(i.signed) != openid4vci.MediaTypeSignedMetadata:
				return untested("the issuer has no signed metadata: it answered %d %s to Accept: application/jwt", i.signed.Status, media(i.signed))
			}
			header, claims, err := faults.ReadJWT(string(i.signed.Got))
			if err != nil {
				return failed(i.signed, "a JWT in compact serialization", "%v", err)
			}
			return judge(i, header, claims)
		}
	}
	const s = "12.2.3"
	return []issuerRule{
		vci("12.2.3-typ", s, "The typ of signed metadata is openidvci-issuer-metadata+jwt.", has(func(i *issuerSeen, header, _ map[string]any) verdict {
			return whether(header["typ"] == openid4vci.TypSignedMetadata, i.signed, openid4vci.TypSignedMetadata, "%v", header["typ"])
		})),
		vci("12.2.3-sub", s, "The sub of signed metadata is the identifier of the issuer.", has(func(i *issuerSeen, _, claims map[string]any) verdict {
			return whether(claims["sub"] == i.Address, i.signed, i.Address, "%v", claims["sub"])
		})),
		vci("12.2.3-iat", s, "Signed metadata say in iat when they were signed.", has(func(i *issuerSeen, _, claims map[string]any) verdict {
			_, number := claims["iat"].(float64)
			return whether(number, i.signed, "iat in seconds", "%v", claims["iat"])
		})),
		vci("12.2.3-signature", s, "Signed metadata are signed by somebody who is trusted, and are valid metadata.", has(func(i *issuerSeen, header, claims map[string]any) verdict {
			if _, number := claims["iat"].(float64); header["typ"] != openid4vci.TypSignedMetadata || claims["sub"] != i.Address || !number {
				return untested("typ, sub or iat do not hold")
			}
			anchors, err := i.Way.Wallet.Trust.Issuers()
			if err != nil {
				return untested("%v", err)
			}
			rules := openid4vci.Rules{InsecureAllowHTTP: i.Way.Wallet.InsecureAllowHTTP}
			if _, err := openid4vci.ParseSignedMetadata(string(i.signed.Got), i.Address, anchors, i.Way.Wallet.Now(), rules); err != nil {
				return failed(i.signed, "a signature by who is trusted", "%v", err)
			}
			return held(i.signed)
		})),
		haip("4.1-x5c", "4.1", "Signed metadata carry their certificates in x5c, without the trust anchor, and the leaf is not self-signed.", has(func(i *issuerSeen, header, _ map[string]any) verdict {
			return chainOf(i.signed, header)
		})),
	}
}

// chainOf judges the certificates in x5c of a header.
func chainOf(by *transaction.Exchanged, header map[string]any) verdict {
	raw, _ := header["x5c"].([]any)
	chain, err := certificates(raw)
	switch {
	case len(raw) == 0:
		return failed(by, "x5c", "none")
	case err != nil:
		return failed(by, "certificates", "%v", err)
	}
	for n, cert := range chain {
		if string(cert.RawSubject) == string(cert.RawIssuer) {
			return failed(by, "no trust anchor and no self-signed certificate", "certificate %d is self-signed", n+1)
		}
	}
	return held(by)
}

func serverRules() []issuerRule {
	has := func(judge func(i *issuerSeen, m *oauth2.ServerMetadata) verdict) func(*issuerSeen) verdict {
		return func(i *issuerSeen) verdict {
			if i.as == nil || i.asErr != nil {
				return untested("no metadata of the authorization server: %v", i.asErr)
			}
			if i.as.AuthorizationEndpoint == "" {
				return untested("the authorization server has no authorization_endpoint: nobody signs in")
			}
			return judge(i, i.as)
		}
	}
	return []issuerRule{
		{Requirement{"RFC8414-3.3-issuer", OpenID4VCI, "RFC 8414 section 3.3", "The metadata of the authorization server name the identifier that they were fetched for."}, func(i *issuerSeen) verdict {
			if i.as == nil {
				return untested("no metadata of the authorization server: %v", i.asErr)
			}
			want, err := i.metadata.AuthorizationServer("")
			if i.asErr != nil || err != nil {
				return failed(i.server, "metadata", "%v", errors.Join(i.asErr, err))
			}
			return whether(i.as.Issuer == want, i.server, want, "%q", i.as.Issuer)
		}},
		haip("4-par", "4", "The authorization server has a pushed_authorization_request_endpoint.", has(func(i *issuerSeen, m *oauth2.ServerMetadata) verdict {
			return whether(m.PushedAuthorizationRequestEndpoint != "", i.server, "pushed_authorization_request_endpoint", "none")
		})),
		rfc("FAPI2-5.3.2.2-pushed", HAIP, "FAPI 2.0 section 5.3.2.2; HAIP 1.0 section 4", "An authorization request that was not pushed is refused.", has(func(i *issuerSeen, _ *oauth2.ServerMetadata) verdict {
			x := i.unpushed
			if x == nil {
				return untested("the authorization endpoint did not answer")
			}
			to, err := url.Parse(x.Headers.Get("Location"))
			refused := x.Status >= 400 && x.Status < 500 || x.Status >= 300 && x.Status < 400 && err == nil && to.Query().Has("error")
			return whether(refused, x, "a status from 400 to 499, or error in the answer", "status %d", x.Status)
		})),
		haip("4-pkce", "4", "The authorization server takes PKCE with S256.", has(func(i *issuerSeen, m *oauth2.ServerMetadata) verdict {
			return whether(slices.Contains(m.CodeChallengeMethodsSupported, oauth2.MethodS256), i.server, "code_challenge_methods_supported with S256", "%v", m.CodeChallengeMethodsSupported)
		})),
		haip("4-dpop", "4", "The authorization server takes DPoP proofs with ES256.", has(func(i *issuerSeen, m *oauth2.ServerMetadata) verdict {
			return whether(slices.Contains(m.DPoPSigningAlgValuesSupported, "ES256"), i.server, "dpop_signing_alg_values_supported with ES256", "%v", m.DPoPSigningAlgValuesSupported)
		})),
		haip("4-iss", "4; RFC 9207 section 3", "The authorization server says that its answers have iss.", has(func(i *issuerSeen, m *oauth2.ServerMetadata) verdict {
			return whether(m.AuthorizationResponseIssParameterSupported, i.server, "authorization_response_iss_parameter_supported: true", "false, or none")
		})),
	}
}

// each judges every issuance by the last exchange of a step.
func each(step string, judge func(n *issuance, x *transaction.Exchanged) verdict) func(*issuerSeen) verdict {
	return func(s *issuerSeen) verdict {
		var all []verdict
		for _, n := range s.flows() {
			x := n.seen.at(step)
			if x == nil {
				all = append(all, untested("no issuance came to the %s%s", step, because(n.err)))
				continue
			}
			v := judge(n, x)
			if v.outcome == Failed && n.id != "" {
				v.found += " (" + n.id + ")"
			}
			all = append(all, v)
		}
		if len(all) == 0 {
			return untested("there was no issuance%s", s.whyNone())
		}
		return worst(all)
	}
}

// flows are the issuances of all kinds.
func (s *issuerSeen) flows() []*issuance {
	all := slices.Clone(s.issuances)
	if s.offered != nil {
		all = append(all, s.offered)
	}
	return all
}

// well judges only answers that say that it went well.
func well(judge func(n *issuance, x *transaction.Exchanged) verdict) func(*issuance, *transaction.Exchanged) verdict {
	return func(n *issuance, x *transaction.Exchanged) verdict {
		if x.Status >= 400 {
			return untested("it was refused with status %d: %v", x.Status, n.err)
		}
		return judge(n, x)
	}
}

func rfc(id, profile, section, says string, judge func(*issuerSeen) verdict) issuerRule {
	return issuerRule{Requirement{id, profile, section, says}, judge}
}

func authorizationRules() []issuerRule {
	returned := func(judge func(i *issuerSeen, n *issuance) verdict) func(*issuerSeen) verdict {
		return func(i *issuerSeen) verdict {
			var all []verdict
			for _, n := range i.issuances {
				if n.back == nil {
					all = append(all, untested("the browser did not come back%s", because(n.err)))
					continue
				}
				all = append(all, judge(i, n))
			}
			return worst(all)
		}
	}
	return []issuerRule{
		rfc("RFC9126-2.2-status", HAIP, "RFC 9126 section 2.2", "A pushed authorization request is answered with status 201.", each(stepPAR, well(func(_ *issuance, x *transaction.Exchanged) verdict {
			return whether(x.Status == 201, x, "status 201", "status %d", x.Status)
		}))),
		rfc("RFC9126-2.2-content-type", HAIP, "RFC 9126 section 2.2", "The answer to a pushed authorization request is of type application/json.", each(stepPAR, well(func(_ *issuance, x *transaction.Exchanged) verdict {
			return hasMedia(x, "application/json")
		}))),
		rfc("FAPI2-5.3.2.2-expires_in", HAIP, "FAPI 2.0 section 5.3.2.2", "A request_uri lives for less than 600 seconds.", each(stepPAR, well(func(_ *issuance, x *transaction.Exchanged) verdict {
			var a oauth2.PARResponse
			if err := json.Unmarshal(x.Got, &a); err != nil {
				return failed(x, "JSON", "%v", err)
			}
			return whether(a.ExpiresIn > 0 && a.ExpiresIn <= 600, x, "expires_in of 1 to 600", "%d", a.ExpiresIn)
		}))),
		rfc("RFC6749-4.1.2-state", OpenID4VCI, "RFC 6749 section 4.1.2", "The browser comes back with the state of the request.", returned(func(_ *issuerSeen, n *issuance) verdict {
			x := n.seen.at(stepPAR)
			form, err := url.ParseQuery(string(x.Sent))
			return whether(err == nil && n.back.Get("state") == form.Get("state"), x, "the state that was sent", "another, or none")
		})),
		rfc("RFC9207-2-iss", HAIP, "RFC 9207 section 2; HAIP 1.0 section 4", "The browser comes back with iss, the identifier of the authorization server.", returned(func(i *issuerSeen, n *issuance) verdict {
			return whether(n.back.Get("iss") == i.as.Issuer, n.seen.at(stepPAR), i.as.Issuer, "%q", n.back.Get("iss"))
		})),
	}
}

func tokenRules() []issuerRule {
	return []issuerRule{
		rfc("RFC6749-5.1-content-type", OpenID4VCI, "RFC 6749 section 5.1", "A token response is of type application/json.", each(stepToken, well(func(_ *issuance, x *transaction.Exchanged) verdict {
			return hasMedia(x, "application/json")
		}))),
		rfc("RFC6749-5.1-no-store", OpenID4VCI, "RFC 6749 section 5.1", "A token response is not to be stored.", each(stepToken, well(func(_ *issuance, x *transaction.Exchanged) verdict { return noStore(x) }))),
		haip("4-token_type", "4", "Access tokens are bound to the wallet's key: their type is DPoP.", each(stepToken, well(func(_ *issuance, x *transaction.Exchanged) verdict {
			var t oauth2.TokenResponse
			if err := json.Unmarshal(x.Got, &t); err != nil {
				return untested("no JSON: %v", err)
			}
			return whether(strings.EqualFold(t.TokenType, oauth2.TokenTypeDPoP), x, "token_type DPoP", "%q", t.TokenType)
		}))),
	}
}

func nonceRules() []issuerRule {
	return []issuerRule{
		vci("7.2-c_nonce", "7.2", "The nonce endpoint answers with a c_nonce in JSON.", eachNonce(func(x *transaction.Exchanged) verdict {
			if x.Status != 200 || media(x) != "application/json" {
				return failed(x, "status 200 and application/json", "%d %s", x.Status, media(x))
			}
			_, err := openid4vci.ParseNonceResponse(x.Got)
			return whether(err == nil, x, "c_nonce", "%v", err)
		})),
		vci("7.2-no-store", "7.2", "The answer of the nonce endpoint is not to be stored.", eachNonce(noStore)),
		vci("7.2-fresh", "7.2", "Each c_nonce is another one.", func(i *issuerSeen) verdict {
			if len(i.nonces) < 2 {
				return untested("the issuer has no nonce endpoint, or it did not answer")
			}
			return whether(string(i.nonces[0].Got) != string(i.nonces[1].Got), i.nonces[1], "another c_nonce", "the same once more")
		}),
	}
}

func eachNonce(judge func(*transaction.Exchanged) verdict) func(*issuerSeen) verdict {
	return func(i *issuerSeen) verdict {
		var all []verdict
		for _, x := range i.nonces {
			all = append(all, judge(x))
		}
		if len(all) == 0 {
			return untested("the issuer has no nonce endpoint, or it did not answer")
		}
		return worst(all)
	}
}
