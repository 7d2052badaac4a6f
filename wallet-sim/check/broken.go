package check

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"time"

	"lommebok.example/specs/cose"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/x5c"
	"lommebok.example/wallet-sim/faults"
)

// errUnfit: an answer cannot be broken so, for the request asks for nothing that it could be done to.
var errUnfit = errors.New("the request asks for nothing that this can be done to")

// brokenRule is a requirement of a verifier that a broken answer shows: it is to be refused.
type brokenRule struct {
	Requirement
	breaks func(*answer) error
}

const (
	sSDJWT = "RFC 9901 section 7.3; OpenID4VP 1.0 appendix B.3.6"
	sMdoc  = "ISO/IEC 18013-5 section 9.1.3; OpenID4VP 1.0 appendix B.2.6.1"
	sToken = "OpenID4VP 1.0 section 8.1"
	sWhole = "OpenID4VP 1.0 section 8.6"
)

func brokenRules() []brokenRule {
	refuses := func(id, profile, section, what string, breaks func(*answer) error) brokenRule {
		return brokenRule{Requirement{"answer-" + id, profile, section, "Refuses an answer " + what + "."}, breaks}
	}
	all := []brokenRule{
		refuses("state-other", OpenID4VP, "OpenID4VP 1.0 section 14.3.2", "with another state", func(a *answer) error {
			if a.asked.State == "" {
				return errUnfit
			}
			return inPayload(func(p map[string]any) { p["state"] = "another" })(a)
		}),
		refuses("vp_token-missing", OpenID4VP, sToken, "without vp_token", inPayload(func(p map[string]any) { delete(p, "vp_token") })),
		refuses("vp_token-empty", OpenID4VP, sToken, "whose vp_token is empty", inPayload(func(p map[string]any) { p["vp_token"] = map[string]any{} })),
		refuses("vp_token-text", OpenID4VP, sToken, "in which a presentation stands without an array", inToken(func(t map[string]any, query string) {
			if all, ok := t[query].([]string); ok {
				t[query] = all[0]
			}
		})),
		refuses("query-unknown", OpenID4VP, sToken, "to a query that was not made", inToken(func(t map[string]any, query string) {
			t["no_such_query"] = t[query]
			delete(t, query)
		})),
		refuses("presentation-twice", OpenID4VP, sToken, "with two presentations where one was asked for", inToken(func(t map[string]any, query string) {
			if all, ok := t[query].([]string); ok {
				t[query] = append(all, all...)
			}
		})),
		refuses("claim-withheld", OpenID4VP, sWhole, "in which a claim is withheld", withheld),
		refuses("twice", OpenID4VP, "OpenID4VP 1.0 section 14.1", "that is sent a second time", func(a *answer) error { a.twice = true; return nil }),
		refuses("in-the-clear", HAIP, "OpenID4VP 1.0 section 8.3; HAIP 1.0 section 5", "in the clear where encryption was asked for", encrypted(func(a *answer) { a.plain = true })),
		refuses("jwe-changed", HAIP, "RFC 7516 section 5.2", "that was changed after it was encrypted", encrypted(func(a *answer) {
			a.jwe = func(jwe string) string { return jwe[:len(jwe)-4] + flipTo(jwe[len(jwe)-4:]) }
		})),
		refuses("jwe-other-key", HAIP, "OpenID4VP 1.0 section 8.3", "that is encrypted to another key", toStranger),
		refuses("jwe-kid-unknown", HAIP, "OpenID4VP 1.0 section 8.3", "whose kid is that of no key of the request", encrypted(func(a *answer) { a.encrypt.JWK.Kid = "no-such-key" })),
		refuses("jwe-no-jwe", HAIP, "OpenID4VP 1.0 section 8.3.1", "that is no JWE", encrypted(func(a *answer) { a.jwe = func(string) string { return "hello" } })),
		refuses("parameter-twice", OpenID4VP, "RFC 6749 section 3.1", "in which a parameter stands twice", func(a *answer) error {
			a.form = func(f url.Values) {
				for name, values := range f {
					f[name] = append(values, values[0])
				}
			}
			return nil
		}),
		refuses("nothing", OpenID4VP, "OpenID4VP 1.0 section 8.2", "that says nothing", func(a *answer) error {
			a.form = func(f url.Values) { clear(f) }
			return nil
		}),
	}
	return append(append(all, sdjwtRules(refuses)...), mdocRules(refuses)...)
}

type refusing func(id, profile, section, what string, breaks func(*answer) error) brokenRule

func sdjwtRules(refuses refusing) []brokenRule {
	proof := func(edit func(header, claims map[string]any)) func(*answer) error {
		return inFormat(openid4vci.FormatSDJWTVC, func(_ *answer, p *part) { p.proof = edit })
	}
	claim := func(name string, value any) func(*answer) error {
		return proof(func(_, claims map[string]any) { setOrDrop(claims, name, value) })
	}
	at := func(d time.Duration) func(*answer) error {
		return inFormat(openid4vci.FormatSDJWTVC, func(a *answer, _ *part) { a.at = a.at.Add(d) })
	}
	text := func(change func(string) (string, error)) func(*answer) error {
		return inFormat(openid4vci.FormatSDJWTVC, func(_ *answer, p *part) { p.presented = change })
	}
	sd := func(id, what string, breaks func(*answer) error) brokenRule {
		return refuses("sdjwt-"+id, OpenID4VP, sSDJWT, what, breaks)
	}
	return []brokenRule{
		sd("nonce-other", "whose key binding has another nonce", claim("nonce", "anothernonceanothernonce")),
		sd("nonce-missing", "whose key binding has no nonce", claim("nonce", nil)),
		sd("aud-other", "whose key binding is for somebody else", claim("aud", "x509_hash:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
		sd("aud-missing", "whose key binding is for nobody", claim("aud", nil)),
		sd("aud-without-prefix", "whose key binding has the client_id without its prefix", inFormat(openid4vci.FormatSDJWTVC, func(a *answer, p *part) {
			_, original := openid4vp.Prefix(a.asked.ClientID)
			p.proof = func(_, claims map[string]any) { claims["aud"] = original }
		})),
		sd("iat-long-ago", "whose key binding was made a day ago", at(-24*time.Hour)),
		sd("iat-tomorrow", "whose key binding is made tomorrow", at(24*time.Hour)),
		sd("iat-missing", "whose key binding says no time", claim("iat", nil)),
		sd("sd_hash-missing", "whose key binding has no sd_hash", claim("sd_hash", nil)),
		sd("sd_hash-other", "whose key binding is for another selection", claim("sd_hash", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")),
		sd("kb-typ", "whose key binding is of another typ", proof(func(header, _ map[string]any) { header["typ"] = "jwt" })),
		sd("kb-missing", "without key binding", text(func(s string) (string, error) {
			return lastPart(s, func(string) (string, error) { return "", nil })
		})),
		sd("kb-other-key", "whose key binding is signed by another key", withStranger(openid4vci.FormatSDJWTVC, func(p *part, key *ecdsa.PrivateKey) { p.proofKey = key })),
		sd("kb-changed", "whose key binding has another signature", text(func(s string) (string, error) { return s[:len(s)-4] + flipTo(s[len(s)-4:]), nil })),
		sd("kb-unsigned", "whose key binding has alg none", text(func(s string) (string, error) {
			return lastPart(s, func(kb string) (string, error) {
				_, rest, _ := strings.Cut(kb, ".")
				claims, _, _ := strings.Cut(rest, ".")
				return jose.EncodeBase64URL([]byte(`{"alg":"none","typ":"kb+jwt"}`)) + "." + claims + ".", nil
			})
		})),
		refuses("sdjwt-issuer-signature", OpenID4VP, "RFC 9901 section 7.1", "whose credential has another signature", rebound(func(_ *answer, jwt string) (string, error) {
			return jwt[:len(jwt)-4] + flipTo(jwt[len(jwt)-4:]), nil
		})),
		refuses("sdjwt-issuer-untrusted", HAIP, "HAIP 1.0 section 6.1.1; OpenID4VP 1.0 section 8.6", "whose credential was signed by somebody who is not trusted", rebound(issuedByStranger)),
		refuses("sdjwt-disclosure-invented", OpenID4VP, "RFC 9901 section 7.1", "with a disclosure that nobody signed", inFormat(openid4vci.FormatSDJWTVC, func(_ *answer, p *part) {
			p.presented = func(text string) (string, error) {
				i := strings.LastIndexByte(text, '~') + 1
				return bind(text[:i]+jose.EncodeBase64URL([]byte(`["c2FsdHNhbHRzYWx0c2FsdA","nickname","Falsk"]`))+"~", text[i:], p.key)
			}
		})),
	}
}

func mdocRules(refuses refusing) []brokenRule {
	sees := func(change func(*answer)) func(*answer) error {
		return inFormat(openid4vci.FormatMdoc, func(a *answer, _ *part) { change(a) })
	}
	md := func(id, what string, breaks func(*answer) error) brokenRule {
		return refuses("mdoc-"+id, OpenID4VP, sMdoc, what, breaks)
	}
	return []brokenRule{
		md("nonce-other", "whose session transcript has another nonce", sees(func(a *answer) { a.asked.Nonce = "anothernonceanothernonce" })),
		md("client_id-other", "whose session transcript has another client_id", sees(func(a *answer) { a.asked.ClientID = "x509_hash:AAAA" })),
		md("response_uri-other", "whose session transcript has another response_uri", sees(func(a *answer) { a.asked.ResponseURI += "x" })),
		md("thumbprint-missing", "whose session transcript has no encryption key", func(a *answer) error {
			if a.plain {
				return errUnfit
			}
			return sees(func(a *answer) { a.thumbprint = nil })(a)
		}),
		md("signature-changed", "whose device signature was changed", inFormat(openid4vci.FormatMdoc, func(_ *answer, p *part) {
			p.presented = func(text string) (string, error) {
				raw, err := jose.DecodeBase64URL(text)
				if err == nil {
					raw[len(raw)-20] ^= 1 // within the signature, which only the status follows
				}
				return jose.EncodeBase64URL(raw), err
			}
		})),
		refuses("mdoc-issuer-signature", OpenID4VP, "ISO/IEC 18013-5 section 9.3.1", "whose credential has another signature", inMdoc(func(_ *answer, s *cose.Sign1, raw []byte) ([]byte, error) {
			other := bytes.Clone(s.Signature)
			other[10] ^= 1
			return bytes.Replace(raw, s.Signature, other, 1), nil
		})),
		refuses("mdoc-issuer-untrusted", HAIP, "HAIP 1.0 section 6.1.1; OpenID4VP 1.0 section 8.6", "whose credential was signed by somebody who is not trusted", inMdoc(func(a *answer, s *cose.Sign1, raw []byte) ([]byte, error) {
			key, leaf, err := stranger(x5c.DocumentSigner, a.at)
			if err != nil {
				return nil, err
			}
			signed, err := cose.Sign(key, s.Protected, cose.Header{X5Chain: []*x509.Certificate{leaf}}, s.Payload, false)
			if err != nil {
				return nil, err
			}
			auth, err := signed.MarshalCBOR()
			if err != nil {
				return nil, err
			}
			before, err := issuerAuth(raw)
			return bytes.Replace(raw, before, auth, 1), err
		})),
	}
}

func setOrDrop(o map[string]any, name string, value any) {
	if value == nil {
		delete(o, name)
		return
	}
	o[name] = value
}

// flipTo exchanges the first of some characters of base64url.
func flipTo(text string) string {
	if text[0] == 'A' {
		return "B" + text[1:]
	}
	return "A" + text[1:]
}

func inPayload(change func(map[string]any)) func(*answer) error {
	return func(a *answer) error { a.payload = change; return nil }
}

func inToken(change func(token map[string]any, query string)) func(*answer) error {
	return func(a *answer) error {
		query := a.parts[0].query
		a.payload = func(p map[string]any) {
			if token, ok := p["vp_token"].(map[string]any); ok {
				change(token, query)
			}
		}
		return nil
	}
}

func inFormat(format string, change func(*answer, *part)) func(*answer) error {
	return func(a *answer) error {
		p := a.of(format)
		if p == nil {
			return errUnfit
		}
		change(a, p)
		return nil
	}
}

func encrypted(change func(*answer)) func(*answer) error {
	return func(a *answer) error {
		if a.plain {
			return errUnfit
		}
		change(a)
		return nil
	}
}

// withheld leaves out the last claim of the first presentation that shows more than one, or else all of it.
func withheld(a *answer) error {
	for _, p := range a.parts {
		if len(p.paths) > 1 {
			p.paths = p.paths[:len(p.paths)-1]
			return nil
		}
	}
	if len(a.parts[0].paths) == 0 {
		return errUnfit
	}
	a.parts[0].paths = [][]any{}
	return nil
}

func toStranger(a *answer) error {
	if a.plain {
		return errUnfit
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	other := jose.PublicJWK(&key.PublicKey)
	other.Kid, other.Alg, other.Use = a.encrypt.JWK.Kid, a.encrypt.JWK.Alg, a.encrypt.JWK.Use
	a.encrypt.JWK = other
	return nil
}

func withStranger(format string, change func(*part, *ecdsa.PrivateKey)) func(*answer) error {
	return func(a *answer) error {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return err
		}
		return inFormat(format, func(_ *answer, p *part) { change(p, key) })(a)
	}
}

// rebound changes what the issuer signed, and has the holder's key prove the changed credential.
func rebound(change func(a *answer, jwt string) (string, error)) func(*answer) error {
	return inFormat(openid4vci.FormatSDJWTVC, func(a *answer, p *part) {
		p.presented = func(text string) (string, error) {
			changed, err := firstPart(text, func(jwt string) (string, error) { return change(a, jwt) })
			if err != nil {
				return "", err
			}
			i := strings.LastIndexByte(changed, '~') + 1
			return bind(changed[:i], changed[i:], p.key)
		}
	})
}

// bind makes a key binding that fits what is shown out of another.
func bind(shown, proof string, key *ecdsa.PrivateKey) (string, error) {
	sum := sha256.Sum256([]byte(shown))
	bound, err := faults.Resign(proof, key, func(_, claims map[string]any) { claims["sd_hash"] = jose.EncodeBase64URL(sum[:]) })
	return shown + bound, err
}

// stranger is an issuer whom nobody trusts.
func stranger(p x5c.Profile, at time.Time) (*ecdsa.PrivateKey, *x509.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	subject := x5c.Subject{Country: "NO", Organization: "Nobody", CommonName: "Root that nobody trusts", URI: "https://nobody.example"}
	begun, life := at.Add(-time.Hour), 365*24*time.Hour
	root, err := x5c.NewRoot(key, subject, begun, life)
	if err != nil {
		return nil, nil, err
	}
	leafKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	subject.CommonName = "Issuer that nobody trusts"
	leaf, err := x5c.Issue(p, root, key, &leafKey.PublicKey, subject, begun, life)
	return leafKey, leaf, err
}

func issuedByStranger(a *answer, jwt string) (string, error) {
	key, leaf, err := stranger(x5c.CredentialIssuer, a.at)
	if err != nil {
		return "", err
	}
	return faults.Resign(jwt, key, func(header, _ map[string]any) {
		header["alg"], header["x5c"] = "ES256", []string{base64.StdEncoding.EncodeToString(leaf.Raw)}
	})
}

// inMdoc changes what the issuer signed of an mdoc.
func inMdoc(change func(a *answer, s *cose.Sign1, raw []byte) ([]byte, error)) func(*answer) error {
	return func(a *answer) error {
		p := a.of(openid4vci.FormatMdoc)
		if p == nil {
			return errUnfit
		}
		raw, err := jose.DecodeBase64URL(p.credential)
		if err != nil {
			return err
		}
		auth, err := issuerAuth(raw)
		if err != nil {
			return err
		}
		signed, err := cose.ParseSign1(auth)
		if err != nil {
			return err
		}
		changed, err := change(a, signed, raw)
		p.credential = jose.EncodeBase64URL(changed)
		return err
	}
}

// issuerAuth is the COSE_Sign1 in an IssuerSigned, as it stands there.
func issuerAuth(raw []byte) ([]byte, error) {
	var members map[string]cose.RawMessage
	if err := cose.Unmarshal(raw, &members); err != nil {
		return nil, err
	}
	return members["issuerAuth"], nil
}
