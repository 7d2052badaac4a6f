package corpus

import (
	"encoding/asn1"
	"encoding/json"
	"math/big"
	"strings"
)

const (
	s9901 = "RFC 9901 section 4"
	s7515 = "RFC 7515 section 4.1"
	sVC   = "SD-JWT VC section 2.2.2"
	unfit = "not_as_asked" // what was asked for did not come
)

// sdjwtKinds are broken in the Issuer-signed JWT.
func sdjwtKinds(w *world) []Kind {
	text := func(edit func(text string) string) func(*sdjwt) { return func(s *sdjwt) { s.whole = edit } }
	issuer := func(edit func(jwt string) string) func(*sdjwt) { return func(s *sdjwt) { s.edit = edit } }
	header := func(members object) func(*sdjwt) { return func(s *sdjwt) { set(s.header, members) } }
	payload := func(members object) func(*sdjwt) { return func(s *sdjwt) { set(s.payload, members) } }
	raw := func(change func(payload string) string) func(*sdjwt) {
		return func(s *sdjwt) { s.rawPayload = change(string(must(json.Marshal(s.payload)))) }
	}
	rawHeader := func(change func(header string) string) func(*sdjwt) {
		return func(s *sdjwt) { s.rawHeader = change(string(must(json.Marshal(s.header)))) }
	}
	seal := func(f func(input string) []byte) func(*sdjwt) { return func(s *sdjwt) { s.seal = f } }
	kinds := []Kind{
		w.broken("hello", "the text is no SD-JWT", s9901, "format_failed", text(func(string) string { return "hello" }), unfit),
		w.broken("no-tilde", "nothing ends the Issuer-signed JWT", s9901, "format_failed", text(func(t string) string { return t[:strings.Index(t, "~")] }), unfit),
		w.broken("jwt-alone-and-kb", "the KB-JWT stands without the ~ before it", s9901, "format_failed", text(func(t string) string {
			return strings.Replace(t, "~", "", strings.Count(t, "~"))
		}), unfit),
		w.broken("two-parts", "the JWT has no signature part", s7515, "format_failed", issuer(func(t string) string { return t[:strings.LastIndex(t, ".")] }), unfit),
		w.broken("four-parts", "the JWT has four parts", s7515, "format_failed", issuer(func(t string) string { return t + ".AAAA" }), unfit),
		w.broken("padded-payload", "the payload is padded base64url", "RFC 7515 section 2", "format_failed", issuer(func(t string) string {
			return strings.Replace(t, ".", "=.", 1)
		}), unfit),
		w.broken("alg-none", "alg is none", "RFC 8725 section 3.1", "algorithm", header(object{"alg": "none"}), unfit),
		w.broken("alg-none-in-capitals", "alg is NONE", "RFC 8725 section 3.1", "algorithm", header(object{"alg": "NONE"}), unfit),
		w.broken("alg-hs256", "alg is HS256", "RFC 8725 section 3.1", "algorithm", header(object{"alg": "HS256"}), unfit),
		w.broken("alg-rs256", "alg is RS256", "HAIP 1.0 section 7", "algorithm", header(object{"alg": "RS256"}), unfit),
		w.broken("alg-missing", "alg is missing", s7515, "algorithm", header(object{"alg": nil}), unfit),
		w.broken("alg-of-another-curve", "alg is ES384 and the key is on P-256", "RFC 7518 section 3.4", "issuer_signature", header(object{"alg": "ES384"}), unfit),
		w.broken("typ-vc", "typ is vc+sd-jwt, of older drafts", "SD-JWT VC section 2.2.1", "credential_typ", header(object{"typ": "vc+sd-jwt"}), unfit),
		w.broken("typ-jwt", "typ is JWT", "SD-JWT VC section 2.2.1", "credential_typ", header(object{"typ": "JWT"}), unfit),
		w.broken("typ-kb", "typ is that of a Key Binding JWT", "RFC 8725 section 3.11", "credential_typ", header(object{"typ": "kb+jwt"}), unfit),
		w.broken("typ-missing", "typ is missing", "SD-JWT VC section 2.2.1", "credential_typ", header(object{"typ": nil}), unfit),
		w.broken("crit", "a critical header is not known", "RFC 7515 section 4.1.11", "critical_header", header(object{"crit": []string{"x"}, "x": 1}), unfit),
		w.broken("b64", "the payload is not encoded", "RFC 7797 section 3", "critical_header", header(object{"b64": false}), unfit),
		w.broken("jwk-in-header", "the key stands in the header", "HAIP 1.0 section 6.1.1", "header", header(object{"jwk": w.jwk(w.credential.key)}), unfit),
		w.broken("x5u", "the chain is only an address", "HAIP 1.0 section 6.1.1", "header", header(object{"x5u": issuerURL + "/chain.pem"}), unfit),
		w.broken("jku", "the key is only an address", "HAIP 1.0 section 6.1.1", "header", header(object{"jku": issuerURL + "/jwks"}), unfit),
		w.broken("header-twice", "a member of the header stands twice", s7515, "format_failed", rawHeader(func(h string) string {
			return `{"typ":"dc+sd-jwt",` + h[1:]
		}), unfit),
		w.broken("header-trailing", "something follows the header", s7515, "format_failed", rawHeader(func(h string) string { return h + "{}" }), unfit),
		w.broken("x5c-missing", "x5c is missing", "HAIP 1.0 section 6.1.1", "issuer_chain_missing", header(object{"x5c": nil}), unfit),
		w.broken("x5c-empty", "x5c is empty", "RFC 7515 section 4.1.6", "header", header(object{"x5c": []string{}}), unfit),
		w.broken("x5c-url", "x5c is base64url", "RFC 7515 section 4.1.6", "format_failed", func(s *sdjwt) {
			list := x5cOf(w.credential)
			s.header["x5c"] = []string{strings.TrimRight(strings.NewReplacer("+", "-", "/", "_").Replace(list[0]), "=")}
		}, unfit),
		w.broken("x5c-garbage", "x5c holds no certificate", "RFC 7515 section 4.1.6", "header", header(object{"x5c": []string{"AAAA"}}), unfit),
		w.broken("payload-twice", "a claim stands twice", "RFC 8259 section 4", "format_failed", raw(func(p string) string { return `{"vct":"urn:eudi:pid:1",` + p[1:] }), unfit),
		w.broken("payload-array", "the payload is an array", "RFC 7519 section 7.2", "format_failed", raw(func(p string) string { return "[" + p + "]" }), unfit),
		w.broken("payload-deep", "the payload is nested without end", "RFC 8259 section 9", "format_failed", raw(func(string) string {
			return `{"a":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + "}"
		}), unfit),
		w.broken("payload-text", "the payload is no JSON", "RFC 7519 section 7.2", "format_failed", raw(func(string) string { return "hello" }), unfit),
		w.broken("signature-changed", "a character of the signature was changed", "RFC 9901 section 7.1", "issuer_signature", issuer(flip), unfit),
		w.broken("signature-of-another", "another key signed", "RFC 9901 section 7.1", "issuer_signature", func(s *sdjwt) { s.key = keyOf("somebody") }, unfit),
		w.broken("signature-by-holder", "the holder signed", "RFC 9901 section 7.1", "issuer_signature", func(s *sdjwt) { s.key = w.holder }, unfit),
		w.broken("signature-zero", "r and s are zero", "RFC 7518 section 3.4", "issuer_signature", seal(func(string) []byte { return make([]byte, 64) }), unfit),
		w.broken("signature-short", "the signature is a byte short", "RFC 7518 section 3.4", "issuer_signature", seal(func(in string) []byte { return w.credential.key.signRaw([]byte(in))[:63] }), unfit),
		w.broken("signature-long", "the signature is a byte long", "RFC 7518 section 3.4", "issuer_signature", seal(func(in string) []byte { return append(w.credential.key.signRaw([]byte(in)), 0) }), unfit),
		w.broken("signature-der", "the signature is DER", "RFC 7518 section 3.4", "issuer_signature", seal(func(in string) []byte {
			r := w.credential.key.signRaw([]byte(in))
			return must(asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(r[:32]), new(big.Int).SetBytes(r[32:])}))
		}), unfit),
		w.broken("payload-changed", "a claim was changed after it was signed", "RFC 9901 section 7.1", "issuer_signature", func(s *sdjwt) {
			s.seal = func(in string) []byte {
				before, _, _ := strings.Cut(in, ".")
				return w.credential.key.signRaw([]byte(before + "." + b64(`{"vct":"x"}`)))
			}
		}, unfit),
	}
	claims := func(name, what, section string, members object) {
		kinds = append(kinds, w.broken("claims-"+name, what, section, "credential_claims", payload(members), unfit))
	}
	claims("vct-missing", "vct is missing", sVC, object{"vct": nil})
	claims("vct-number", "vct is a number", sVC, object{"vct": 1})
	claims("vct-empty", "vct is empty", sVC, object{"vct": ""})
	claims("iss-number", "iss is a number", sVC, object{"iss": 1})
	claims("exp-text", "exp is a text", "RFC 7519 section 4.1.4", object{"exp": "tomorrow"})
	claims("nbf-text", "nbf is a text", "RFC 7519 section 4.1.5", object{"nbf": "today"})
	claims("iat-fraction", "iat is a fraction", "RFC 7519 section 4.1.6", object{"iat": 1.5})
	claims("status-number", "status is a number", "Token Status List section 6", object{"status": 1})
	claims("status-other", "the status is told by another mechanism alone", "Token Status List section 6", object{"status": object{"other": object{}}})
	claims("status-idx-missing", "the status has no idx", "Token Status List section 6.2", object{"status": object{"status_list": object{"uri": goodList}}})
	claims("status-idx-negative", "idx is negative", "Token Status List section 6.2", object{"status": object{"status_list": object{"idx": -1, "uri": goodList}}})
	claims("status-idx-text", "idx is a text", "Token Status List section 6.2", object{"status": object{"status_list": object{"idx": "7", "uri": goodList}}})
	claims("status-uri-missing", "the status has no uri", "Token Status List section 6.2", object{"status": object{"status_list": object{"idx": 7}}})
	return kinds
}

// validityKinds are out of their time.
func validityKinds(w *world) []Kind {
	times := func(name, what, code string, members object) Kind {
		return w.broken(name, what, "RFC 7519 section 4.1", code, func(s *sdjwt) { set(s.payload, members) })
	}
	return []Kind{
		times("expired", "exp has passed", "expired", object{"exp": at.Add(-day).Unix()}),
		times("nbf-to-come", "nbf is to come", "not_yet_valid", object{"nbf": at.Add(day).Unix()}),
		times("iat-to-come", "iat is to come", "not_yet_valid", object{"iat": at.Add(day).Unix()}),
		times("no-exp", "exp is missing", "no_expiry", object{"exp": nil}),
		w.broken("country", "issuing_country is not the country of the certificate", "EUDI PID Rulebook", "issuing_country", func(s *sdjwt) { s.payload["issuing_country"] = "SE" }),
		w.broken("country-number", "issuing_country is a number", "EUDI PID Rulebook", "issuing_country", func(s *sdjwt) { s.payload["issuing_country"] = 47 }),
	}
}
