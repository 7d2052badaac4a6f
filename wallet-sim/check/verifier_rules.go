package check

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"lommebok.example/specs/dcql"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/x5c"
	"lommebok.example/transaction"
)

// verifierRule is a requirement of a verifier that good flows show.
type verifierRule struct {
	Requirement
	judge func(*verifierSeen) verdict
}

func verifierRules() []verifierRule {
	return slices.Concat(signedRequestRules(), fetchRules(), requestRules(), askedRules(), privacyRules(), answerRules())
}

func vp(id, section, says string, judge func(*verifierSeen) verdict) verifierRule {
	return verifierRule{Requirement{"VP-" + id, OpenID4VP, "OpenID4VP 1.0 section " + section, says}, judge}
}

func haipVP(id, section, says string, judge func(*verifierSeen) verdict) verifierRule {
	return verifierRule{Requirement{"HAIP-" + id, HAIP, "HAIP 1.0 section " + section, says}, judge}
}

// objectOf judges the first request object, by its header and claims.
func objectOf(judge func(s *verifierSeen, a *asked) verdict) func(*verifierSeen) verdict {
	return func(s *verifierSeen) verdict {
		switch a := s.first; {
		case a.fetched == nil:
			return untested("the request came by value, or its object could not be fetched%s", because(a.err))
		case a.fetched.Status != 200:
			return untested("the request object was refused with status %d", a.fetched.Status)
		case a.claims == nil:
			return untested("the request object is no JWT, or encrypted")
		default:
			return judge(s, a)
		}
	}
}

// claimed judges one claim of the request object.
func claimed(name, expected string, so func(v any) bool) func(*verifierSeen) verdict {
	return objectOf(func(_ *verifierSeen, a *asked) verdict {
		return whether(so(a.claims[name]), a.fetched, name+": "+expected, "%v", shownClaim(a.claims[name]))
	})
}

func shownClaim(v any) any {
	if v == nil {
		return "none"
	}
	return v
}

func signedRequestRules() []verifierRule {
	return []verifierRule{
		vp("5.10.1-status", "5.10.1", "The request_uri gives the request object.", func(s *verifierSeen) verdict {
			a := s.first
			if a.fetched == nil {
				return untested("the request came by value, or could not be fetched%s", because(a.err))
			}
			return whether(a.fetched.Status == 200, a.fetched, "status 200", "status %d", a.fetched.Status)
		}),
		vp("5.10.1-content-type", "5.10.1", "A request object is of type application/oauth-authz-req+jwt.", objectOf(func(_ *verifierSeen, a *asked) verdict {
			return hasMedia(a.fetched, openid4vp.RequestMediaType)
		})),
		vp("5-typ", "5", "The typ of a request object is oauth-authz-req+jwt.", objectOf(func(_ *verifierSeen, a *asked) verdict {
			return whether(a.header["typ"] == openid4vp.RequestTyp, a.fetched, openid4vp.RequestTyp, "%v", shownClaim(a.header["typ"]))
		})),
		vp("5.10.1-client_id", "5.10.1", "client_id is the same in link and request object.", objectOf(func(_ *verifierSeen, a *asked) verdict {
			return whether(a.claims["client_id"] == a.parsed.ClientID, a.fetched, a.parsed.ClientID, "%v", shownClaim(a.claims["client_id"]))
		})),
		vp("5.9.3-prefix", "5.9.3", "client_id has a prefix whose rules the header keeps: x509_hash is that of the first certificate, x509_san_dns a name in it.", objectOf(prefixHolds)),
		vp("5-signature", "5.9.3", "The signature of the request object holds under the key that its prefix names.", objectOf(signatureHolds)),
	}
}

// fetchRules are about who signed, and how a request object is had.
func fetchRules() []verifierRule {
	return []verifierRule{
		haipVP("5.1-request_uri", "5.1", "The request is signed, and the link names it by request_uri.", func(s *verifierSeen) verdict {
			if s.first.parsed == nil {
				return untested("the link could not be read%s", because(s.first.err))
			}
			return whether(s.first.parsed.RequestURI != "", s.first.fetched, "request_uri", "the request itself in the link")
		}),
		haipVP("5-prefix", "5", "The prefix of a signed request is x509_hash.", objectOf(func(_ *verifierSeen, a *asked) verdict {
			prefix, _ := openid4vp.Prefix(a.parsed.ClientID)
			return whether(prefix == openid4vp.PrefixX509Hash, a.fetched, openid4vp.PrefixX509Hash, "%q", prefix)
		})),
		haipVP("5-x5c", "5", "The header carries certificates in x5c, without the trust anchor, and the leaf is not self-signed.", objectOf(func(_ *verifierSeen, a *asked) verdict {
			return chainOf(a.fetched, a.header)
		})),
		haipVP("5-trusted", "5", "The certificates lead to somebody whom the wallet trusts.", objectOf(func(s *verifierSeen, a *asked) verdict {
			raw, _ := a.header["x5c"].([]any)
			chain, err := certificates(raw)
			anchors, none := s.Way.Wallet.Trust.Verifiers()
			if err != nil || len(chain) == 0 || none != nil {
				return untested("no certificates, or no trust anchors%s", because(none))
			}
			_, err = anchors.Verify(chain, x5c.AccessCertificate, s.Way.Wallet.Now())
			if errors.Is(err, x5c.ErrChain) {
				return untested("%v", err)
			}
			return whether(err == nil, a.fetched, "a chain to a trust anchor", "%v", err)
		})),
		vp("5.10-wallet_nonce", "5.10.1", "A request object that is fetched by POST has the wallet_nonce that was sent.", func(s *verifierSeen) verdict {
			a := s.posted
			if a == nil || a.fetched == nil {
				return untested("no request was offered with request_uri_method=post")
			}
			if a.claims == nil { // encrypted to the wallet, which has looked
				switch {
				case errors.Is(a.err, openid4vp.ErrWalletNonce):
					return failed(a.fetched, "the wallet_nonce that was sent", "%v", a.err)
				case a.request == nil:
					return untested("the wallet took no request%s", because(a.err))
				}
				return held(a.fetched)
			}
			form, err := url.ParseQuery(string(a.fetched.Sent))
			return whether(err == nil && a.claims["wallet_nonce"] == form.Get("wallet_nonce"), a.fetched, "the wallet_nonce that was sent", "another, or none")
		}),
		vp("5.10.1-again", "5.10.1", "A request object can be fetched once more, as a wallet does that a person opens a second time.", func(s *verifierSeen) verdict {
			if s.again == nil {
				return untested("the wallet took no request that it could fetch by GET%s", because(s.first.err))
			}
			return whether(s.again.Status == 200, s.again, "status 200", "status %d", s.again.Status)
		}),
	}
}

func prefixHolds(_ *verifierSeen, a *asked) verdict {
	prefix, original := openid4vp.Prefix(a.parsed.ClientID)
	raw, _ := a.header["x5c"].([]any)
	chain, err := certificates(raw)
	switch prefix {
	case openid4vp.PrefixX509Hash, openid4vp.PrefixX509SANDNS:
		if err != nil || len(chain) == 0 {
			return failed(a.fetched, "x5c", "none that can be read")
		}
		if prefix == openid4vp.PrefixX509Hash {
			return whether(original == x5c.Hash(chain[0]), a.fetched, "the hash of the first certificate, "+x5c.Hash(chain[0]), "%s", original)
		}
		return whether(slices.Contains(chain[0].DNSNames, original), a.fetched, "one of "+strings.Join(chain[0].DNSNames, ", "), "%s", original)
	case "":
		return untested("client_id has no prefix: it is known to the wallet beforehand, or to nobody")
	}
	return untested("the prefix %s is not looked into", prefix)
}

func signatureHolds(_ *verifierSeen, a *asked) verdict {
	raw, _ := a.header["x5c"].([]any)
	chain, err := certificates(raw)
	if err != nil || len(chain) == 0 {
		return untested("there is no certificate in x5c")
	}
	key, ok := chain[0].PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return untested("the key of the certificate is no elliptic curve key")
	}
	typ, _ := a.header["typ"].(string)
	names := make([]string, 0, len(a.header))
	for name := range a.header {
		names = append(names, name)
	}
	u, err := jose.Parse(string(a.fetched.Got), jose.Rules{Typ: typ, Algs: []jose.Alg{jose.ES256, jose.ES384, jose.ES512}, Allow: names})
	if err == nil {
		_, err = u.Verify(key)
	}
	return whether(err == nil, a.fetched, "a signature by the first certificate", "%v", err)
}

// text tells whether a claim is one of some texts.
func text(one ...string) func(any) bool {
	return func(v any) bool { s, ok := v.(string); return ok && slices.Contains(one, s) }
}

func requestRules() []verifierRule {
	const safe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
	return []verifierRule{
		vp("5.8-aud", "5.8", "The aud of a signed request is https://self-issued.me/v2.", claimed("aud", openid4vp.StaticDiscoveryAudience, text(openid4vp.StaticDiscoveryAudience))),
		vp("5.6-response_type", "5.6", "response_type is vp_token.", claimed("response_type", openid4vp.ResponseTypeVPToken, text(openid4vp.ResponseTypeVPToken))),
		vp("5.2-nonce", "5.2", "The nonce has 16 characters or more, of those that stand in an address as they are.", claimed("nonce", "16 of A-Z a-z 0-9 - . _ ~ or more", func(v any) bool {
			s, _ := v.(string)
			return len(s) >= 16 && strings.Trim(s, safe) == ""
		})),
		vp("8.2-response_uri", "8.2", "With direct_post there is a response_uri, and no redirect_uri.", objectOf(func(s *verifierSeen, a *asked) verdict {
			if mode, _ := a.claims["response_mode"].(string); !strings.HasPrefix(mode, openid4vp.ResponseModeDirectPost) {
				return untested("the response_mode is %v", shownClaim(a.claims["response_mode"]))
			}
			uri, _ := a.claims["response_uri"].(string)
			u, err := url.Parse(uri)
			https := err == nil && u.Host != "" && u.Fragment == "" && (u.Scheme == "https" || u.Scheme == "http" && s.Way.Wallet.InsecureAllowHTTP)
			if !https {
				return failed(a.fetched, "response_uri: an https address without fragment", "%q", uri)
			}
			return whether(a.claims["redirect_uri"] == nil, a.fetched, "no redirect_uri", "%v", a.claims["redirect_uri"])
		})),
		haipVP("5.1-response_mode", "5.1", "response_mode is direct_post.jwt.", claimed("response_mode", openid4vp.ResponseModeDirectPostJWT, text(openid4vp.ResponseModeDirectPostJWT))),
	}
}

func askedRules() []verifierRule {
	return []verifierRule{
		vp("5.1-query", "5.1", "There is exactly one of dcql_query and scope.", objectOf(func(_ *verifierSeen, a *asked) verdict {
			return whether((a.claims["dcql_query"] == nil) != (a.claims["scope"] == nil), a.fetched, "exactly one", "both, or neither")
		})),
		vp("6-dcql", "6", "The DCQL query keeps its rules.", objectOf(func(_ *verifierSeen, a *asked) verdict {
			if a.claims["dcql_query"] == nil {
				return untested("there is none")
			}
			raw, err := json.Marshal(a.claims["dcql_query"])
			if err == nil {
				_, err = dcql.Parse(raw)
			}
			return whether(err == nil, a.fetched, "a query by the rules", "%v", err)
		})),
		vp("5.1-formats", "5.1", "client_metadata has vp_formats_supported.", objectOf(func(_ *verifierSeen, a *asked) verdict {
			m, _ := a.claims["client_metadata"].(map[string]any)
			_, there := m["vp_formats_supported"].(map[string]any)
			return whether(there, a.fetched, "client_metadata.vp_formats_supported", "none")
		})),
		vp("8.3-keys", "8.3", "Each key that an answer can be encrypted to has kid and alg, and no two the same kid.", objectOf(func(_ *verifierSeen, a *asked) verdict {
			keys := encryptionKeys(a)
			if len(keys) == 0 {
				return untested("there are no keys in client_metadata.jwks")
			}
			seen := map[any]bool{}
			for _, k := range keys {
				if k["kid"] == nil || k["alg"] == nil || seen[k["kid"]] {
					return failed(a.fetched, "kid, alone of its name, and alg", "kid %v, alg %v", k["kid"], k["alg"])
				}
				seen[k["kid"]] = true
			}
			return held(a.fetched)
		})),
		haipVP("5-ecdh", "5", "There is a key that answers can be encrypted to with ECDH-ES and P-256.", objectOf(func(_ *verifierSeen, a *asked) verdict {
			keys := encryptionKeys(a)
			fits := slices.ContainsFunc(keys, func(k map[string]any) bool { return k["kty"] == "EC" && k["crv"] == "P-256" && k["alg"] == "ECDH-ES" })
			return whether(fits, a.fetched, "a key with kty EC, crv P-256 and alg ECDH-ES in client_metadata.jwks", "%d others", len(keys))
		})),
		haipVP("5-enc", "5", "Answers can be encrypted with A128GCM and with A256GCM.", objectOf(func(_ *verifierSeen, a *asked) verdict {
			m, _ := a.claims["client_metadata"].(map[string]any)
			list, _ := m["encrypted_response_enc_values_supported"].([]any)
			both := slices.Contains(list, any("A128GCM")) && slices.Contains(list, any("A256GCM"))
			return whether(both, a.fetched, "encrypted_response_enc_values_supported with A128GCM and A256GCM", "%v", list)
		})),
		{Requirement{"RFC9101-exp", OpenID4VP, "RFC 7519 section 4.1.4", "The request object has not expired, and is not of the future."}, objectOf(func(s *verifierSeen, a *asked) verdict {
			now, skew := s.Way.Wallet.Now(), time.Minute
			for name, good := range map[string]func(time.Time) bool{
				"exp": func(t time.Time) bool { return t.After(now.Add(-skew)) },
				"iat": func(t time.Time) bool { return t.Before(now.Add(skew)) }, "nbf": func(t time.Time) bool { return t.Before(now.Add(skew)) },
			} {
				if seconds, ok := a.claims[name].(float64); ok && !good(time.Unix(int64(seconds), 0)) {
					return failed(a.fetched, "valid now", "%s %s", name, time.Unix(int64(seconds), 0).UTC().Format(time.RFC3339))
				}
			}
			return held(a.fetched)
		})},
		vp("5-request", "5", "A wallet that keeps the rules takes the request.", func(s *verifierSeen) verdict {
			if s.first.err != nil && s.first.request == nil {
				return failed(s.first.fetched, "a request that the wallet takes", "%v", s.first.err)
			}
			return held(s.first.fetched)
		}),
	}
}

func encryptionKeys(a *asked) (keys []map[string]any) {
	m, _ := a.claims["client_metadata"].(map[string]any)
	set, _ := m["jwks"].(map[string]any)
	list, _ := set["keys"].([]any)
	for _, one := range list {
		if k, ok := one.(map[string]any); ok {
			keys = append(keys, k)
		}
	}
	return keys
}

// privacyRules are about what must be another thing in each request.
func privacyRules() []verifierRule {
	twice := func(judge func(one, two *asked) verdict) func(*verifierSeen) verdict {
		return func(s *verifierSeen) verdict {
			if s.second == nil || s.first.claims == nil || s.second.claims == nil {
				return untested("there were no two request objects")
			}
			return judge(s.first, s.second)
		}
	}
	return []verifierRule{
		vp("14.1-nonce", "14.1", "Each request has a nonce of its own.", twice(func(one, two *asked) verdict {
			return whether(one.claims["nonce"] != two.claims["nonce"], two.fetched, "another nonce", "the same once more")
		})),
		haipVP("5-key", "5", "Each request has an encryption key of its own.", twice(func(one, two *asked) verdict {
			first, second := encryptionKeys(one), encryptionKeys(two)
			if len(first) == 0 || len(second) == 0 {
				return untested("there are no keys in client_metadata.jwks")
			}
			return whether(first[0]["x"] != second[0]["x"], two.fetched, "another key", "the same once more")
		})),
	}
}

func answerRules() []verifierRule {
	good := func(judge func(s *verifierSeen, x *transaction.Exchanged) verdict) func(*verifierSeen) verdict {
		return func(s *verifierSeen) verdict {
			if s.accepted == nil {
				return untested("there was no good answer%s", because(s.acceptedErr))
			}
			return judge(s, s.accepted)
		}
	}
	taken := func(x *transaction.Exchanged) verdict {
		if x.Status != 200 || media(x) != "application/json" {
			return failed(x, "status 200 and application/json", "%d %s", x.Status, media(x))
		}
		body := bytes.TrimSpace(x.Got)
		return whether(json.Valid(body) && bytes.HasPrefix(body, []byte("{")), x, "a JSON object", "something else")
	}
	redirect := func(judge func(s *verifierSeen, x *transaction.Exchanged, u *url.URL) verdict) func(*verifierSeen) verdict {
		return good(func(s *verifierSeen, x *transaction.Exchanged) verdict {
			var a openid4vp.PostAnswer
			if json.Unmarshal(x.Got, &a) != nil || a.RedirectURI == "" {
				return judge(s, x, nil)
			}
			u, err := url.Parse(a.RedirectURI)
			if err != nil {
				return failed(x, "redirect_uri: an address", "%v", err)
			}
			return judge(s, x, u)
		})
	}
	return []verifierRule{
		vp("8.2-accepted", "8.2", "A good answer is answered with status 200 and a JSON object.", good(func(_ *verifierSeen, x *transaction.Exchanged) verdict { return taken(x) })),
		vp("8.2-refusal", "8.2, 8.5", "A wallet that says no (access_denied) is answered with status 200 and a JSON object.", func(s *verifierSeen) verdict {
			if s.declined == nil {
				return untested("there was no refusal%s", because(s.declinedErr))
			}
			return taken(s.declined)
		}),
		haipVP("5.1-redirect_uri", "5.1", "On the same device, the answer names a redirect_uri.", redirect(func(s *verifierSeen, x *transaction.Exchanged, u *url.URL) verdict {
			switch {
			case u == nil && s.Source.CrossDevice:
				return untested("the link was for a wallet on another device")
			case u == nil && x.Status != 200:
				return untested("the answer was refused with status %d", x.Status)
			}
			return whether(u != nil, x, "redirect_uri, unless the link is for a wallet on another device", "none")
		})),
		vp("13.3-response_code", "13.3", "redirect_uri holds something of 128 bits or more that nobody can guess.", redirect(func(_ *verifierSeen, x *transaction.Exchanged, u *url.URL) verdict {
			if u == nil {
				return untested("the answer names no redirect_uri")
			}
			return whether(longest(u) >= 22, x, "a value of 22 characters or more in query or fragment", "%d characters at most", longest(u))
		})),
	}
}

// longest is the length of the longest value in query or fragment of an address.
func longest(u *url.URL) (n int) {
	values, err := url.ParseQuery(u.RawQuery + "&" + u.Fragment)
	if err != nil {
		return 0
	}
	for _, all := range values {
		for _, v := range all {
			n = max(n, len(v))
		}
	}
	return n
}
