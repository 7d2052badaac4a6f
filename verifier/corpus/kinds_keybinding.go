package corpus

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"lommebok.example/specs/jose"
)

// keyBindingKinds are broken in the Key Binding JWT, or in the key that it must be signed with.
func keyBindingKinds(w *world) []Kind {
	const s43, s73 = "RFC 9901 section 4.3", "RFC 9901 section 7.3"
	header := func(members object) func(*sdjwt) { return func(s *sdjwt) { set(s.kb.header, members) } }
	claims := func(members object) func(*sdjwt) { return func(s *sdjwt) { set(s.kb.payload, members) } }
	kb := func(name, what, section, code string, breaks func(*sdjwt)) Kind {
		return w.broken("kb-"+name, what, section, "key_binding_"+code, breaks, unfit)
	}
	cnf := func(name, what string, value any) Kind {
		return w.broken("cnf-"+name, what, "HAIP 1.0 section 6.1; RFC 7800 section 3", "holder_key", func(s *sdjwt) { set(s.payload, object{"cnf": value}) }, unfit)
	}
	own, other := w.jwk(w.holder), w.jwk(keyOf("somebody"))
	withD := object{"d": jose.EncodeBase64URL(must(w.holder.Bytes()))}
	set(withD, own)
	return append([]Kind{
		kb("missing", "the KB-JWT was left out", s73, "missing", func(s *sdjwt) { s.noKB = true }),
		kb("nonce", "the nonce of another request", s73, "nonce", claims(object{"nonce": "anothernonceanothernonce"})),
		kb("nonce-case", "the nonce in another case", s73, "nonce", claims(object{"nonce": strings.ToUpper(nonce)})),
		kb("audience", "for another verifier", s73, "audience", claims(object{"aud": "x509_hash:AAAA"})),
		kb("audience-without-prefix", "for the client_id without its prefix", "OpenID4VP 1.0 appendix B.3.6", "audience", claims(object{"aud": strings.TrimPrefix(clientID, "x509_hash:")})),
		kb("audience-response-uri", "for the response_uri", "OpenID4VP 1.0 appendix B.3.6", "audience", claims(object{"aud": responseURI})),
		kb("audience-array", "aud is an array", s43, "claims", claims(object{"aud": []string{clientID}})),
		kb("audience-missing", "aud is missing", s43, "claims", claims(object{"aud": nil})),
		kb("nonce-missing", "nonce is missing", s43, "claims", claims(object{"nonce": nil})),
		kb("nonce-number", "nonce is a number", s43, "claims", claims(object{"nonce": 1})),
		kb("iat-missing", "iat is missing", s43, "claims", claims(object{"iat": nil})),
		kb("iat-text", "iat is a text", s43, "claims", claims(object{"iat": "now"})),
		kb("hash-missing", "sd_hash is missing", s43, "claims", func(s *sdjwt) { s.noHash = true }),
		kb("hash-empty", "sd_hash is empty", s43, "claims", claims(object{"sd_hash": ""})),
		kb("hash-of-something-else", "sd_hash is of something else", "RFC 9901 section 4.3.1", "sd_hash", claims(object{"sd_hash": sha("something else")})),
		kb("hash-without-tilde", "sd_hash leaves out the last ~", "RFC 9901 section 4.3.1", "sd_hash", func(s *sdjwt) {
			s.hash = func(shown string) string { return sha(strings.TrimSuffix(shown, "~")) }
		}),
		kb("hash-of-jwt", "sd_hash is of the Issuer-signed JWT alone", "RFC 9901 section 4.3.1", "sd_hash", func(s *sdjwt) {
			s.hash = func(shown string) string { return sha(shown[:strings.Index(shown, "~")+1]) }
		}),
		kb("hash-standard-base64", "sd_hash is base64 and padded", "RFC 9901 section 4.3.1", "sd_hash", func(s *sdjwt) {
			s.hash = func(shown string) string {
				return base64.StdEncoding.EncodeToString(must(jose.DecodeBase64URL(sha(shown))))
			}
		}),
		kb("disclosure-left-out-later", "a disclosure was left out after it was bound", s73, "sd_hash", func(s *sdjwt) {
			s.disclosures = append(s.disclosures, hidden)
			s.late = func(shown string) string { return strings.Replace(shown, "~"+hidden, "", 1) }
		}),
		kb("disclosure-put-in-later", "a disclosure was put in after it was bound", s73, "sd_hash", func(s *sdjwt) {
			s.late = func(shown string) string { return shown + hidden + "~" }
		}),
		kb("of-another-key", "another key signed", s73, "signature", func(s *sdjwt) { s.kb.key = keyOf("somebody") }),
		kb("by-issuer", "the issuer signed", s73, "signature", func(s *sdjwt) { s.kb.key = w.credential.key }),
		kb("signature-changed", "a character of the signature was changed", s73, "signature", func(s *sdjwt) { s.kb.edit = flip }),
		kb("signature-zero", "r and s are zero", "RFC 7518 section 3.4", "signature", func(s *sdjwt) {
			s.kb.seal = func(string) []byte { return make([]byte, 64) }
		}),
		kb("key-in-header", "the key stands in the header and not in cnf", s73, "type", func(s *sdjwt) {
			s.kb.header["jwk"], s.kb.key = other, keyOf("somebody")
		}),
		kb("typ-jwt", "typ is JWT", s43, "type", header(object{"typ": "JWT"})),
		kb("typ-missing", "typ is missing", s43, "type", header(object{"typ": nil})),
		kb("alg-none", "alg is none", s43, "type", header(object{"alg": "none"})),
		kb("alg-hs256", "alg is HS256", "RFC 8725 section 3.1", "type", header(object{"alg": "HS256"})),
		kb("alg-of-another-curve", "alg is ES384 and the key is on P-256", "RFC 7518 section 3.4", "signature", header(object{"alg": "ES384"})),
		kb("crit", "a critical header is not known", "RFC 7515 section 4.1.11", "type", header(object{"crit": []string{"x"}, "x": 1})),
		kb("claim-twice", "a claim stands twice", "RFC 8259 section 4", "type", func(s *sdjwt) {
			s.kb.rawPayload = `{"nonce":"x",` + string(must(json.Marshal(s.kb.payload)))[1:]
		}),
		kb("too-old", "iat is two minutes old", s73, "time", claims(object{"iat": at.Unix() - 120})),
		kb("a-year-old", "iat is a year old", s73, "time", claims(object{"iat": at.AddDate(-1, 0, 0).Unix()})),
		kb("to-come", "iat is two minutes ahead", s73, "time", claims(object{"iat": at.Unix() + 120})),
		kb("exp-passed", "exp has passed", s73, "time", claims(object{"exp": at.Unix() - 1})),
		kb("nbf-to-come", "nbf is to come", s73, "time", claims(object{"nbf": at.Unix() + 120})),
		w.broken("kb-unsigned", "alg is none and there is no signature", s43, "format_failed", func(s *sdjwt) {
			s.kb.header["alg"] = "none"
			s.kb.seal = func(string) []byte { return nil }
		}, unfit),
		cnf("missing", "cnf is missing", nil),
		cnf("text", "cnf is a text", "x"),
		cnf("kid", "cnf names the key and does not hold it", object{"kid": "1"}),
		cnf("off-curve", "the key does not lie on its curve", object{"jwk": object{"kty": "EC", "crv": "P-256", "x": own["x"], "y": own["x"]}}),
		cnf("private", "the key has its private part", object{"jwk": withD}),
		cnf("symmetric", "the key is symmetric", object{"jwk": object{"kty": "oct", "k": "c2VjcmV0c2VjcmV0"}}),
		cnf("short", "a coordinate is short", object{"jwk": object{"kty": "EC", "crv": "P-256", "x": own["x"], "y": "AAAA"}}),
		cnf("unknown-curve", "the key is on secp256k1", object{"jwk": object{"kty": "EC", "crv": "secp256k1", "x": own["x"], "y": own["y"]}}),
	}, append(unboundKinds(w), agreementKinds(w)...)...)
}

// unboundKinds answer a query that asks for no holder binding: what came all the same must hold.
func unboundKinds(w *world) []Kind {
	k := w.broken("unbound-kb-nonce", "asked for without key binding, and the KB-JWT that came has another nonce", "OpenID4VP 1.0 section 6.1", "key_binding_nonce", func(s *sdjwt) {
		s.kb.payload["nonce"] = "anothernonceanothernonce"
	})
	k.Query = "unbound"
	return []Kind{k}
}

// agreementKinds are broken in what authorizes transaction data.
func agreementKinds(w *world) []Kind {
	const section = "OpenID4VP 1.0 appendix B.3.3.1"
	kind := func(name, what, code string, members object) Kind {
		s := w.payment()
		set(s.kb.payload, members)
		return Kind{Name: "sdjwt-transaction-" + name, Format: SDJWT, Query: "payment", Broken: what, Section: section, Code: code, text: s.String()}
	}
	hashes := func(texts ...string) object {
		list := []any{}
		for _, text := range texts {
			list = append(list, sha(text))
		}
		return object{"transaction_data_hashes": list}
	}
	decoded := string(must(jose.DecodeBase64URL(transactionData[0])))
	return []Kind{
		kind("missing", "transaction_data_hashes is missing", "transaction_data_missing", object{"transaction_data_hashes": nil}),
		kind("text", "transaction_data_hashes is a text", "transaction_data_missing", object{"transaction_data_hashes": sha(transactionData[0])}),
		kind("another", "a hash is of another transaction", "transaction_data_hash", hashes(transactionData[0], b64("{}"))),
		kind("one-of-two", "one of two transactions is authorized", "transaction_data_hash", hashes(transactionData[0])),
		kind("one-twice", "one transaction is authorized twice", "transaction_data_hash", hashes(transactionData[0], transactionData[0])),
		kind("one-more", "a transaction more is authorized than was sent", "transaction_data_hash", hashes(transactionData[0], transactionData[1], b64("{}"))),
		kind("decoded", "the hash is of the text after decoding", "transaction_data_hash", hashes(decoded, transactionData[1])),
		kind("algorithm", "the hash is named md5", "transaction_data_algorithm", object{"transaction_data_hashes_alg": "md5"}),
		kind("algorithm-not-sent", "the hash is named sha-512, which was not sent", "transaction_data_algorithm", object{"transaction_data_hashes_alg": "sha-512"}),
	}
}
