package corpus

import (
	"crypto/sha256"
	"encoding/json"
	"strings"

	"lommebok.example/specs/jose"
)

// object is JSON to be; its members are written by name.
type object = map[string]any

func (w *world) jwk(key signer) object {
	k := jose.PublicJWK(&key.PublicKey)
	return object{"kty": "EC", "crv": k.Crv, "x": k.X, "y": k.Y}
}

// token is a JWS to be, with the places where it can be broken.
type token struct {
	header, payload object
	rawHeader       string // in place of header
	rawPayload      string // in place of payload
	key             signer
	seal            func(input string) []byte // in place of the signature
	edit            func(text string) string
}

func (t token) String() string {
	header, payload := t.rawHeader, t.rawPayload
	if header == "" {
		header = string(must(json.Marshal(t.header)))
	}
	if payload == "" {
		payload = string(must(json.Marshal(t.payload)))
	}
	input := b64(header) + "." + b64(payload)
	seal := t.seal
	if seal == nil {
		seal = func(input string) []byte { return t.key.signRaw([]byte(input)) }
	}
	text := input + "." + jose.EncodeBase64URL(seal(input))
	if t.edit != nil {
		text = t.edit(text)
	}
	return text
}

// sdjwt is a presentation of an SD-JWT VC to be.
type sdjwt struct {
	token
	disclosures []string // those that are shown, encoded
	kb          token
	noKB        bool
	noHash      bool                          // the KB-JWT has no sd_hash
	hash        func(presented string) string // in place of sd_hash
	late        func(presented string) string // changes what is shown after it has been bound
	whole       func(text string) string
}

func sha(text string) string {
	sum := sha256.Sum256([]byte(text))
	return jose.EncodeBase64URL(sum[:])
}

// disclose encodes a disclosure; its salt comes from what is disclosed.
func disclose(parts ...any) string {
	salt := jose.EncodeBase64URL(saltOf(string(must(json.Marshal(parts)))))
	return b64(string(must(json.Marshal(append([]any{salt}, parts...)))))
}

var (
	givenName = disclose("given_name", "Eksakt")
	ofAge     = disclose("age_over_18", true)
	hidden    = disclose("birthdate", "1998-06-12")
	aNation   = disclose("NO")
)

// good is a presentation for pid_sd_jwt with nothing broken.
func (w *world) good() *sdjwt {
	s := &sdjwt{disclosures: []string{givenName, ofAge}}
	s.key = w.credential.key
	s.header = object{"alg": "ES256", "typ": "dc+sd-jwt", "x5c": x5cOf(w.credential)}
	s.payload = object{
		"iss": issuerURL, "iat": at.Add(-day).Unix(), "nbf": at.Add(-day).Unix(), "exp": at.Add(30 * day).Unix(),
		"vct": pidVCT, "cnf": object{"jwk": w.jwk(w.holder)}, "issuing_country": "NO",
		"status":  object{"status_list": object{"idx": goodIndex, "uri": goodList}},
		"_sd_alg": "sha-256", "_sd": []any{sha(givenName), sha(ofAge), sha(hidden)},
	}
	s.kb = token{header: object{"alg": "ES256", "typ": "kb+jwt"}, key: w.holder, payload: object{"iat": at.Unix(), "aud": clientID, "nonce": nonce}}
	return s
}

func (s *sdjwt) String() string {
	shown := s.token.String() + "~"
	for _, d := range s.disclosures {
		shown += d + "~"
	}
	hash := sha
	if s.hash != nil {
		hash = s.hash
	}
	if _, given := s.kb.payload["sd_hash"]; !given && !s.noHash {
		s.kb.payload["sd_hash"] = hash(shown)
	}
	if s.late != nil {
		shown = s.late(shown)
	}
	text := shown
	if !s.noKB {
		text += s.kb.String()
	}
	if s.whole != nil {
		text = s.whole(text)
	}
	return text
}

// set puts members into an object, or takes those out that are nil.
func set(o object, members object) {
	for name, v := range members {
		if v == nil {
			delete(o, name)
			continue
		}
		o[name] = v
	}
}

// add shows a disclosure more, with its digest in the payload.
func (s *sdjwt) add(disclosure string) {
	s.disclosures = append(s.disclosures, disclosure)
	s.payload["_sd"] = append(s.payload["_sd"].([]any), sha(disclosure))
}

// hide moves a claim of the payload into a disclosure.
func (s *sdjwt) hide(name string) {
	s.add(disclose(name, s.payload[name]))
	delete(s.payload, name)
}

// broken is a kind in the format SD-JWT VC.
func (w *world) broken(name, what, section, code string, breaks func(s *sdjwt), follows ...string) Kind {
	s := w.good()
	breaks(s)
	return Kind{Name: "sdjwt-" + name, Format: SDJWT, Query: "pid_sd_jwt", Broken: what, Section: section, Code: code, Follows: follows, text: s.String()}
}

// flip changes the last whole character of a text that is base64url.
func flip(text string) string {
	at := len(text) - 3
	other := "A"
	if strings.HasPrefix(text[at:], other) {
		other = "B"
	}
	return text[:at] + other + text[at+1:]
}
