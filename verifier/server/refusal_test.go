package server_test

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"lommebok.example/specs/cose"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/sdjwtvc"
)

// wantRefused expects exactly these codes, each once, from the checks that did not hold. not_as_asked follows from many
// of the others, so it counts only where it is named.
func wantRefused(t testing.TB, tx transaction, codes ...string) {
	t.Helper()
	var got []string
	for _, c := range tx.Verdict.Failed() {
		if (c.Code != "not_as_asked" || slices.Contains(codes, c.Code)) && !slices.Contains(got, c.Code) {
			got = append(got, c.Code)
		}
		if c.Expected == "" || c.Got == "" || c.Section == "" || c.Name == "" {
			t.Errorf("a check that says too little: %+v", c)
		}
	}
	slices.Sort(got)
	slices.Sort(codes)
	if tx.Verdict.Accepted || !slices.Equal(got, codes) {
		t.Errorf("accepted %v, codes %v, want %v\n%+v", tx.Verdict.Accepted, got, codes, tx.Verdict.Failed())
	}
	for _, c := range tx.Verdict.Credentials {
		if len(c.Claims) > 0 {
			t.Errorf("claims of a refused presentation: %v", c.Claims)
		}
	}
}

// sdjwtCase makes a presentation for pid_sd_jwt that is to be refused.
type sdjwtCase struct {
	name  string
	codes []string
	make  func(w *wallet) string
}

func bound(b binding) func(w *wallet) string {
	return func(w *wallet) string { return w.bind(w.s.issuer.issueSDJWT(&w.key.PublicKey), "pid_sd_jwt", b) }
}

func issued(change func(*sdjwtvc.Template)) func(w *wallet) string {
	return func(w *wallet) string { return w.sdjwtPID(change) }
}

// disclosed changes the disclosures, and binds what is left as a holder would.
func disclosed(change func(list []string) []string) func(w *wallet) string {
	return func(w *wallet) string {
		text := w.sdjwtPID()
		parts := strings.Split(text, "~")
		list := append([]string{parts[0]}, change(parts[1:len(parts)-1])...)
		shown := strings.Join(list, "~") + "~"
		c, err := sdjwtvc.ParseIssued(shown)
		if err != nil {
			return shown + w.keyBinding("unknown", binding{})
		}
		return shown + w.keyBinding(c.SDJWT().Hash(), binding{})
	}
}

// algNone gives the KB-JWT another header, and leaves its signature or not.
func algNone(text string, signature bool) string {
	cut := strings.LastIndex(text, "~") + 1
	parts := strings.Split(text[cut:], ".")
	parts[0] = jose.EncodeBase64URL([]byte(`{"alg":"none","typ":"kb+jwt"}`))
	if !signature {
		parts[2] = ""
	}
	return text[:cut] + strings.Join(parts, ".")
}

var invented = jose.EncodeBase64URL([]byte(`["c2FsdHNhbHRzYWx0c2FsdA","given_name","Falsk"]`))

var sdjwtCases = []sdjwtCase{
	{"KB-JWT stripped", []string{"key_binding_missing"}, func(w *wallet) string {
		text := w.sdjwtPID()
		return text[:strings.LastIndex(text, "~")+1]
	}},
	{"KB-JWT with another nonce", []string{"key_binding_nonce"}, bound(binding{nonce: "anothernonceanothernonce"})},
	{"KB-JWT for another audience", []string{"key_binding_audience"}, bound(binding{aud: "x509_hash:AAAA"})},
	{"KB-JWT for the client_id without prefix", []string{"key_binding_audience"}, func(w *wallet) string {
		return bound(binding{aud: strings.TrimPrefix(w.request.ClientID, "x509_hash:")})(w)
	}},
	{"KB-JWT over something else", []string{"key_binding_sd_hash"}, bound(binding{hash: "AAAA"})},
	{"KB-JWT by another key", []string{"key_binding_signature"}, func(w *wallet) string { return bound(binding{key: newKey(w.t)})(w) }},
	{"KB-JWT of another typ", []string{"key_binding_type"}, bound(binding{typ: "JWT"})},
	{"KB-JWT with alg none", []string{"key_binding_type"}, func(w *wallet) string { return algNone(w.sdjwtPID(), true) }},
	{"KB-JWT with alg none and no signature", []string{"format_failed"}, func(w *wallet) string { return algNone(w.sdjwtPID(), false) }},
	{"KB-JWT too old", []string{"key_binding_time"}, func(w *wallet) string { return bound(binding{at: w.s.now().Add(-2 * time.Minute)})(w) }},
	{"KB-JWT from the future", []string{"key_binding_time"}, func(w *wallet) string { return bound(binding{at: w.s.now().Add(2 * time.Minute)})(w) }},
	{"KB-JWT without iat", []string{"key_binding_claims"}, bound(binding{without: "iat"})},
	{"KB-JWT without nonce", []string{"key_binding_claims"}, bound(binding{without: "nonce"})},
	{"disclosure removed after binding", []string{"key_binding_sd_hash", "not_as_asked"}, func(w *wallet) string {
		parts := strings.Split(w.sdjwtPID(), "~")
		return strings.Join(append(parts[:1], parts[2:]...), "~")
	}},
	{"disclosure removed", []string{"not_as_asked"}, disclosed(func(list []string) []string { return list[1:] })},
	{"disclosure added", []string{"disclosure_unreferenced"}, disclosed(func(list []string) []string { return append(list, invented) })},
	{"disclosure exchanged", []string{"disclosure_unreferenced"}, disclosed(func(list []string) []string { return append(list[1:], invented) })},
	{"disclosure doubled", []string{"disclosure_doubled"}, disclosed(func(list []string) []string { return append(list, list[0]) })},
	{"issuer signature changed", []string{"issuer_signature"}, func(w *wallet) string {
		text := w.sdjwtPID()
		end := strings.Index(text, "~")
		other := "A"
		if text[end-10] == 'A' {
			other = "B"
		}
		return text[:end-10] + other + text[end-9:]
	}},
	{"issuer JWT with alg none", []string{"format_failed"}, func(w *wallet) string {
		text := w.sdjwtPID()
		parts := strings.SplitN(text, ".", 3)
		return jose.EncodeBase64URL([]byte(`{"alg":"none","typ":"dc+sd-jwt"}`)) + "." + parts[1] + "." + text[strings.Index(text, "~"):]
	}},
	{"expired", []string{"expired"}, issued(func(m *sdjwtvc.Template) {
		m.IssuedAt, m.NotBefore, m.Expires = m.IssuedAt.Add(-2*day), m.NotBefore.Add(-2*day), m.IssuedAt
	})},
	{"not yet valid", []string{"not_yet_valid"}, issued(func(m *sdjwtvc.Template) { m.NotBefore = m.NotBefore.Add(3 * day) })},
	{"untrusted issuer", []string{"issuer_untrusted", "status_not_asked"}, func(w *wallet) string {
		other := newIssuer(w.t, w.s.now)
		return w.bind(other.issueSDJWT(&w.key.PublicKey), "pid_sd_jwt", binding{})
	}},
	{"another vct", []string{"not_as_asked"}, issued(func(m *sdjwtvc.Template) { m.VCT = "urn:eudi:pid:2" })},
	{"not an SD-JWT", []string{"format_failed"}, func(*wallet) string { return "hello" }},
	{"an mdoc in its place", []string{"format_failed"}, func(w *wallet) string {
		return jose.EncodeBase64URL(w.mdocPID(w.s.issuer.issueMdoc(&w.key.PublicKey)))
	}},
}

func TestSDJWTRefused(t *testing.T) {
	s := newService(t)
	for _, c := range sdjwtCases {
		t.Run(c.name, func(t *testing.T) {
			b := s.browserAt(t, "skatteetaten")
			w := s.open(t, b.transaction().QR)
			w.send(map[string][]string{"pid_sd_jwt": {c.make(w)}})
			wantRefused(t, b.wantState("answered"), c.codes...)
			sees(t, b.get(b.tx), append([]string{"Mislykket"}, c.codes...)...)
		})
	}
}

func replace(old, to string) func([]byte) []byte {
	return func(raw []byte) []byte { return bytes.Replace(raw, []byte(old), []byte(to), 1) }
}

// response changes the members of a DeviceResponse and leaves its documents as they are.
func response(t *testing.T, change func(map[string]any)) func([]byte) []byte {
	return func(raw []byte) []byte {
		var r struct {
			Version   string            `cbor:"version"`
			Documents []cose.RawMessage `cbor:"documents"`
			Status    uint64            `cbor:"status"`
		}
		check(t, cose.Unmarshal(raw, &r))
		all := map[string]any{"version": r.Version, "documents": r.Documents, "status": r.Status}
		change(all)
		out, err := cose.Marshal(all)
		check(t, err)
		return out
	}
}

func TestMdocRefused(t *testing.T) {
	s := newService(t)
	template := func(change func(*mdoc.Template)) func(w *wallet) []byte {
		return func(w *wallet) []byte { return w.mdocPID(s.issuer.issueMdoc(&w.key.PublicKey, change)) }
	}
	changed := func(change func([]byte) []byte) func(w *wallet) []byte {
		return func(w *wallet) []byte { return change(w.mdocPID(s.issuer.issueMdoc(&w.key.PublicKey))) }
	}
	spoiled := func(change func(*transcript)) func(w *wallet) []byte {
		return func(w *wallet) []byte { return w.mdocPID(s.issuer.issueMdoc(&w.key.PublicKey), change) }
	}
	for _, c := range []struct {
		name  string
		codes []string
		make  func(w *wallet) []byte
	}{
		{"element changed", []string{"digest_mismatch"}, changed(replace("Karies", "Karius"))},
		{"document type changed", []string{"document_type", "device_signature"}, changed(replace("eu.europa.ec.eudi.pid.1", "eu.europa.ec.eudi.pid.9"))},
		{"transcript with another nonce", []string{"device_signature"}, spoiled(func(p *transcript) { p.nonce = "anothernonceanothernonce" })},
		{"transcript with another client_id", []string{"device_signature"}, spoiled(func(p *transcript) { p.clientID = "x509_hash:AAAA" })},
		{"transcript with another response_uri", []string{"device_signature"}, spoiled(func(p *transcript) { p.responseURI += "x" })},
		{"transcript without the encryption key", []string{"device_signature"}, spoiled(func(p *transcript) { p.thumbprint = nil })},
		{"expired", []string{"expired"}, template(func(m *mdoc.Template) {
			m.Signed, m.ValidFrom, m.ValidUntil = m.Signed.Add(-2*day), m.ValidFrom.Add(-2*day), m.Signed
		})},
		{"not yet valid", []string{"not_yet_valid"}, template(func(m *mdoc.Template) { m.ValidFrom = m.ValidFrom.Add(3 * day) })},
		{"untrusted issuer", []string{"issuer_untrusted", "status_not_asked"}, func(w *wallet) []byte {
			return w.mdocPID(newIssuer(w.t, s.now).issueMdoc(&w.key.PublicKey))
		}},
		{"element missing", []string{"not_as_asked"}, func(w *wallet) []byte {
			return w.device(s.issuer.issueMdoc(&w.key.PublicKey), pidType, []string{"given_name"})
		}},
		{"another document type", []string{"not_as_asked"}, func(w *wallet) []byte {
			issued := s.issuer.issueMdoc(&w.key.PublicKey, func(m *mdoc.Template) {
				m.DocType = "org.iso.18013.5.1.mDL"
				for i := range m.Elements {
					m.Elements[i].Namespace = m.DocType
				}
			})
			return w.device(issued, "org.iso.18013.5.1.mDL", []string{"given_name", "family_name", "birth_date", "personal_administrative_number"})
		}},
		{"not CBOR", []string{"format_failed"}, func(*wallet) []byte { return []byte("hello") }},
		{"no document", []string{"document_count"}, changed(response(t, func(r map[string]any) { delete(r, "documents") }))},
		{"two documents", []string{"document_count"}, changed(response(t, func(r map[string]any) {
			one := r["documents"].([]cose.RawMessage)
			r["documents"] = append(one, one...)
		}))},
		{"a status that is an error", []string{"response_status"}, changed(response(t, func(r map[string]any) { r["status"] = 10 }))},
		{"bytes behind it", []string{"format_failed"}, changed(func(raw []byte) []byte { return append(raw, 0) })},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := s.browserAt(t, "skatteetaten")
			w := s.open(t, b.transaction().QR)
			w.send(map[string][]string{"pid_mdoc": {jose.EncodeBase64URL(c.make(w))}})
			wantRefused(t, b.wantState("answered"), c.codes...)
			sees(t, b.get(b.tx), append([]string{"Mislykket"}, c.codes...)...)
		})
	}
}

// The answer as a whole: what stands in vp_token, and the state.
func TestAnswerRefused(t *testing.T) {
	s := newService(t)
	for _, c := range []struct {
		name, service, state string
		codes                []string
		make                 func(w *wallet) map[string][]string
	}{
		{"another state", "skatteetaten", "another", []string{"state_mismatch"}, func(w *wallet) map[string][]string {
			return map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}}
		}},
		{"credential beside what was asked", "skatteetaten", "", []string{"not_asked"}, func(w *wallet) map[string][]string {
			return map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}, "more": {w.sdjwtPID()}}
		}},
		{"two where one was asked", "skatteetaten", "", []string{"not_as_asked"}, func(w *wallet) map[string][]string {
			return map[string][]string{"pid_sd_jwt": {w.sdjwtPID(), w.sdjwtPID()}}
		}},
		{"one of two required", "lanekassen", "", []string{"not_as_asked"}, func(w *wallet) map[string][]string {
			person := s.issuer.issueSDJWT(&w.key.PublicKey, func(m *sdjwtvc.Template) { m.VCT = "no:minid:mpid:1" })
			return map[string][]string{"person": {w.bind(person, "person", binding{})}}
		}},
		{"the good one beside a bad one", "lanekassen", "", []string{"key_binding_nonce", "not_as_asked"}, func(w *wallet) map[string][]string {
			person := s.issuer.issueSDJWT(&w.key.PublicKey, func(m *sdjwtvc.Template) { m.VCT = "no:minid:mpid:1" })
			return map[string][]string{
				"person":  {w.bind(person, "person", binding{})},
				"student": {w.bind(person, "person", binding{nonce: "anothernonceanothernonce"})},
			}
		}},
		{"mdoc in padded base64", "skatteetaten", "", []string{"format_failed"}, func(w *wallet) map[string][]string {
			raw := w.mdocPID(s.issuer.issueMdoc(&w.key.PublicKey))
			return map[string][]string{"pid_mdoc": {base64.StdEncoding.EncodeToString(append(raw, make([]byte, 3-(len(raw)+1)%3)...))}}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := s.browserAt(t, c.service)
			w := s.open(t, b.transaction().QR)
			w.taken(w.post(w.encrypt(c.make(w), c.state)))
			wantRefused(t, b.wantState("answered"), c.codes...)
		})
	}
}

// What cannot be read takes nothing: the right answer is still taken afterwards.
func TestUnreadableAnswerTakesNothing(t *testing.T) {
	s := newService(t)
	b := s.browserAt(t, "skatteetaten")
	tx := b.transaction()
	w, sameDevice := s.open(t, tx.QR), s.open(t, tx.Link)
	other := s.open(t, s.browserAt(t, "skatteetaten").transaction().QR)
	vp := map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}}
	foreign := *other
	foreign.request = &openid4vp.RequestObject{State: w.request.State, ClientMetadata: other.request.ClientMetadata}
	forged := *other
	forged.request = &openid4vp.RequestObject{State: w.request.State, ClientMetadata: &openid4vp.ClientMetadata{JWKS: &jose.JWKS{Keys: slices.Clone(other.request.ClientMetadata.JWKS.Keys)}}}
	forged.request.ClientMetadata.JWKS.Keys[0].Kid = w.request.ClientMetadata.JWKS.Keys[0].Kid
	encrypted := func(plaintext string) url.Values {
		jwe, err := jose.Encrypt([]byte(plaintext), w.request.ClientMetadata.JWKS.Keys[0], jose.A128GCM)
		check(t, err)
		return openid4vp.Form(jwe)
	}
	good := w.encrypt(vp, "")
	for name, form := range map[string]url.Values{
		"nothing":                             {},
		"not a JWE":                           {"response": {"hello"}},
		"vp_token in the clear":               {"vp_token": {`{"pid_sd_jwt":["x"]}`}, "state": {w.request.State}},
		"response and error":                  {"response": good["response"], "error": {"access_denied"}},
		"response twice":                      {"response": append(good["response"], good["response"]...)},
		"for another transaction's key":       foreign.encrypt(vp, ""),
		"for the same-device request's key":   sameDevice.encrypt(vp, w.request.State),
		"for another key under the right kid": forged.encrypt(vp, ""),
		"not JSON":                            encrypted("hello"),
		"no vp_token":                         encrypted(`{"state":"` + w.request.State + `"}`),
		"a member twice":                      encrypted(`{"vp_token":{"a":["x"]},"vp_token":{"a":["y"]}}`),
		"empty vp_token":                      encrypted(`{"vp_token":{}}`),
		"presentations that are no array":     encrypted(`{"vp_token":{"pid_sd_jwt":"x"}}`),
	} {
		a := w.post(form)
		if a.status != http.StatusBadRequest || a.header.Get("Cache-Control") != "no-store" || !strings.Contains(a.body, `"error":"invalid_request"`) || !strings.Contains(a.body, `"error_description":"`) {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	is(t, w.post(url.Values{"response": {strings.Repeat("x", 1<<20)}}), http.StatusRequestEntityTooLarge)
	is(t, post(t, s.url+"/responses/unknown", good), http.StatusNotFound)
	is(t, b.get("/requests/unknown"), http.StatusNotFound)
	b.wantState("fetched")
	w.taken(w.post(good))
	if tx := b.wantState("answered"); !tx.Verdict.Accepted {
		t.Errorf("refused: %+v", tx.Verdict.Failed())
	}
}
