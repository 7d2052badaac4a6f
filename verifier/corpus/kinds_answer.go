package corpus

import (
	"encoding/json"
	"strings"

	"lommebok.example/specs/cose"
	"lommebok.example/specs/jose"
)

func jwkThumbprint(key signer) [32]byte { return jose.ThumbprintBytes(&key.PublicKey) }

func rawEncoded(v any) cose.RawMessage {
	return cose.RawMessage(cose.Encoded(must(cose.Marshal(v))).Bytes())
}

// unreadable is the code of an answer that cannot be read: the wallet is told in words what is broken.
const unreadable = "invalid_request"

// answerKinds are broken in the answer as a whole, or in its encryption.
func answerKinds(w *world) []Kind {
	short := w.good()
	short.noKB, short.disclosures = true, []string{givenName}
	good := answer(map[string][]string{"unbound": {short.String()}}, nil)
	seal := func(name, what, section, says string, breaks func(e *envelope)) Kind {
		e := w.goodEnvelope(good)
		breaks(e)
		return Kind{Name: "answer-" + name, Format: JWE, Broken: what, Section: section, Code: unreadable, Says: says, text: e.String()}
	}
	header := func(o object) func(*envelope) { return func(e *envelope) { set(e.header, o) } }
	part := func(i int, change func(string) string) func(*envelope) {
		return func(e *envelope) { e.parts = func(p []string) []string { p[i] = change(p[i]); return p } }
	}
	inside := func(text string) func(*envelope) { return func(e *envelope) { e.plaintext = text } }
	const s71, s83, s81, s46 = "RFC 7516 section 7.1", "OpenID4VP 1.0 section 8.3", "OpenID4VP 1.0 section 8.1", "RFC 7518 section 4.6"
	other := w.jwk(keyOf("somebody"))
	kinds := []Kind{
		seal("hello", "the answer is no JWE", s71, "five parts", func(e *envelope) { e.whole = func(string) string { return "hello" } }),
		seal("four-parts", "the JWE has four parts", s71, "five parts", func(e *envelope) { e.parts = func(p []string) []string { return p[:4] } }),
		seal("kid-another", "kid is of another request", s83, "kid", header(object{"kid": "another"})),
		seal("kid-missing", "kid is missing", s83, "kid", header(object{"kid": nil})),
		seal("key-another", "encrypted to another key", s83, "decrypt", func(e *envelope) { e.to = keyOf("somebody") }),
		seal("alg-dir", "alg is dir", "HAIP 1.0 section 5", "alg", header(object{"alg": "dir"})),
		seal("alg-rsa", "alg is RSA1_5", "HAIP 1.0 section 5", "alg", header(object{"alg": "RSA1_5"})),
		seal("alg-pbes2", "alg is PBES2-HS256+A128KW", "HAIP 1.0 section 5", "", header(object{"alg": "PBES2-HS256+A128KW", "p2c": 1000000, "p2s": "AAAA"})),
		seal("alg-wrapped", "alg is ECDH-ES+A128KW", "HAIP 1.0 section 5", "alg", header(object{"alg": "ECDH-ES+A128KW"})),
		seal("enc-cbc", "enc is A128CBC-HS256", "HAIP 1.0 section 5", "enc", header(object{"enc": "A128CBC-HS256"})),
		seal("enc-missing", "enc is missing", "RFC 7516 section 4.1.2", "", header(object{"enc": nil})),
		seal("zip", "the answer is compressed", "RFC 8725 section 3.6", "", header(object{"zip": "DEF"})),
		seal("crit", "a critical header is not known", "RFC 7516 section 4.1.13", "", header(object{"crit": []string{"x"}, "x": 1})),
		seal("epk-missing", "epk is missing", s46, "epk", header(object{"epk": nil})),
		seal("epk-off-curve", "epk does not lie on its curve", s46, "point", header(object{"epk": object{"kty": "EC", "crv": "P-256", "x": other["x"], "y": other["x"]}})),
		seal("epk-another", "epk is another key than that of the secret", s46, "decrypt", header(object{"epk": other})),
		seal("epk-private", "epk has its private part", s46, "private", header(object{"epk": object{"kty": "EC", "crv": "P-256", "x": other["x"], "y": other["y"], "d": other["x"]}})),
		seal("header-twice", "a member of the header stands twice", "RFC 7516 section 4", "", func(e *envelope) {
			e.rawHeader = `{"kid":"another",` + string(must(json.Marshal(e.header)))[1:]
		}),
		seal("encrypted-key", "there is an encrypted key", s46, "encrypted key", part(1, func(string) string { return "AAAA" })),
		seal("iv-short", "the initialization vector is short", "RFC 7518 section 5.3", "initialization vector", part(2, func(p string) string { return p[:8] })),
		seal("ciphertext-changed", "the ciphertext was changed", s71, "decrypt", part(3, flip)),
		seal("tag-changed", "the authentication tag was changed", s71, "decrypt", part(4, flip)),
		seal("tag-short", "the authentication tag is short", "RFC 7518 section 5.3", "authentication tag", part(4, func(p string) string { return p[:16] })),
		seal("header-changed", "the header was changed after encryption", s71, "decrypt", part(0, func(string) string {
			return b64(string(must(json.Marshal(object{"alg": "ECDH-ES", "enc": "A128GCM", "kid": responseKeyID, "epk": w.jwk(keyOf("ephemeral")), "apu": "AAAA"}))))
		})),
		seal("no-json", "the answer is no JSON", s81, "vp_token", inside("hello")),
		seal("no-vp-token", "vp_token is missing", s81, "vp_token", inside(`{"state":"`+state+`"}`)),
		seal("vp-token-empty", "vp_token is empty", s81, "vp_token", inside(`{"vp_token":{},"state":"`+state+`"}`)),
		seal("vp-token-twice", "vp_token stands twice", "RFC 8259 section 4", "vp_token", inside(`{"vp_token":{"a":["x"]},`+good[1:])),
		seal("vp-token-text", "vp_token is a text", s81, "vp_token", inside(`{"vp_token":"x","state":"`+state+`"}`)),
		seal("presentation-no-array", "a presentation stands in no array", s81, "vp_token", inside(`{"vp_token":{"pid_sd_jwt":"x"},"state":"`+state+`"}`)),
		seal("presentations-empty", "an array of presentations is empty", s81, "vp_token", inside(`{"vp_token":{"pid_sd_jwt":[]},"state":"`+state+`"}`)),
		seal("presentation-empty", "a presentation is empty", s81, "vp_token", inside(`{"vp_token":{"pid_sd_jwt":[""]},"state":"`+state+`"}`)),
		seal("deep", "the answer is nested without end", "RFC 8259 section 9", "vp_token", inside(`{"vp_token":`+strings.Repeat("[", 1000)+strings.Repeat("]", 1000)+`}`)),
	}
	whole := func(name, what, section, code, text string, follows ...string) {
		kinds = append(kinds, Kind{Name: "answer-" + name, Format: VPToken, Broken: what, Section: section, Code: code, Follows: follows, text: text})
	}
	one := w.good().String()
	whole("state-another", "state is of another request", "OpenID4VP 1.0 section 14.3.2", "state_mismatch", answer(map[string][]string{"pid_sd_jwt": {one}}, object{"state": "another"}))
	whole("state-missing", "state is missing", "OpenID4VP 1.0 section 14.3.2", "state_mismatch", answer(map[string][]string{"pid_sd_jwt": {one}}, object{"state": nil}))
	whole("not-asked", "a presentation came that was not asked for", s81, "not_asked", answer(map[string][]string{"pid_sd_jwt": {one}, "more": {one}}, nil))
	whole("two-for-one", "two presentations came where one was asked for", s81, unfit, answer(map[string][]string{"pid_sd_jwt": {one, one}}, nil))
	whole("good-beside-bad", "one of two presentations has another nonce", "OpenID4VP 1.0 section 14.1.2", "key_binding_nonce", answer(map[string][]string{
		"pid_sd_jwt": {one}, "pid_mdoc": {w.goodMdoc().String()}, "unbound": {w.withNonce("anothernonceanothernonce")},
	}, nil))
	whole("mdoc-as-sdjwt", "an mdoc stands where an SD-JWT VC was asked for", "OpenID4VP 1.0 section 8.6", "format_failed", answer(map[string][]string{"pid_sd_jwt": {w.goodMdoc().String()}}, nil), unfit)
	return kinds
}

// withNonce is a good presentation for another request.
func (w *world) withNonce(n string) string {
	s := w.good()
	s.kb.payload["nonce"] = n
	return s.String()
}
