package openid4vp

import (
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/x5c"
)

// prefixed is a verifier that can sign for each prefix, and what a wallet trusts.
type prefixed struct {
	verifier
	attester    *ecdsa.PrivateKey
	attestation VerifierAttestation
	rules       Rules
	root        *ecdsa.PrivateKey
	chains      map[string]string // header member x5c
}

func newPrefixed(t testing.TB) *prefixed {
	t.Helper()
	rootKey, key := newKey(t), newKey(t)
	start := now.Add(-time.Hour)
	root, err := x5c.NewRoot(rootKey, x5c.Subject{Country: "NO", Organization: "Register", CommonName: "Access CA", URI: "https://register.example"}, start, 365*24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x5c.Issue(x5c.AccessCertificate, root, rootKey, &key.PublicKey,
		x5c.Subject{Country: "NO", Organization: "Verifier", CommonName: "verifier.example", DNS: "verifier.example"}, start, 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	attesting := newVerifier(t)
	p := &prefixed{attester: attesting.key, root: rootKey}
	p.verifier = verifier{key, attesting.chain[:0:0], x5c.NewAnchors(root), X509HashClientID(leaf)}
	p.chain = append(p.chain, leaf)
	p.attestation = VerifierAttestation{Iss: "https://attester.example", Sub: "verifier", Exp: now.Add(time.Hour).Unix()}
	p.chains = map[string]string{"attester": x5cText(attesting.chain)}
	p.rules = Rules{BeyondHAIP: true, Attesters: attesting.anchors, TransactionTypes: TransactionTypes{"urn:example:consent": {"text"}}}
	return p
}

// attest writes an attestation by any header and claims.
func (p *prefixed) attest(t testing.TB, change func(a *VerifierAttestation)) string {
	t.Helper()
	a := p.attestation
	jwk := jose.PublicJWK(&p.key.PublicKey)
	a.Cnf.JWK = &jwk
	if change != nil {
		change(&a)
	}
	raw, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	return rawJWS(t, p.attester, `{"alg":"ES256","typ":"`+AttestationTyp+`","x5c":`+p.chains["attester"]+`}`, string(raw))
}

func (p *prefixed) signer(t testing.TB, prefix string) *Signer {
	t.Helper()
	var s *Signer
	var err error
	switch prefix {
	case PrefixX509Hash:
		s, err = NewSigner(p.key, p.chain)
	case PrefixX509SANDNS:
		s, err = NewSANSigner(p.key, p.chain, "verifier.example")
	case PrefixVerifierAttestation:
		s, err = NewAttestedSigner(p.key, p.attest(t, nil))
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var signing = []string{PrefixX509Hash, PrefixX509SANDNS, PrefixVerifierAttestation}

func TestEachPrefixAndModeReadsBack(t *testing.T) {
	p := newPrefixed(t)
	for _, prefix := range signing {
		for _, mode := range []string{ResponseModeDirectPostJWT, ResponseModeDirectPost} {
			s := p.signer(t, prefix)
			o := goodRequest(t)
			o.ResponseMode = mode
			jwt, err := s.SignRequest(o, p.rules)
			if err != nil {
				t.Fatal(err)
			}
			got, chain, err := ParseRequest(jwt, p.anchors, now, s.ClientID(), p.rules)
			if err != nil || got.ClientID != s.ClientID() || got.ResponseMode != mode || (chain == nil) != (prefix == PrefixVerifierAttestation) {
				t.Errorf("%s %s: %+v, %v", prefix, mode, got, err)
			}
			// HAIP 1.0 section 5 knows neither.
			_, _, err = ParseRequest(jwt, p.anchors, now, s.ClientID(), Rules{Attesters: p.rules.Attesters})
			if (err == nil) != (prefix == PrefixX509Hash && mode == ResponseModeDirectPostJWT) {
				t.Errorf("%s %s under HAIP: %v", prefix, mode, err)
			}
			if _, err = s.SignRequest(o, Rules{}); mode == ResponseModeDirectPost && !errors.Is(err, ErrResponseMode) {
				t.Errorf("%s signed under HAIP: %v", mode, err)
			}
		}
	}
}

func TestSection593RefusalsOfPrefixes(t *testing.T) {
	p, other := newPrefixed(t), newVerifier(t)
	chain := `,"x5c":` + x5cText(p.chain)
	jwtHeader := func(attestation string) string { return `,"jwt":"` + attestation + `"` }
	san, attested := "x509_san_dns:verifier.example", "verifier_attestation:verifier"
	expired := func(a *VerifierAttestation) { a.Exp = now.Add(-time.Second).Unix() }
	later := func(a *VerifierAttestation) { a.Nbf = now.Add(2 * time.Minute).Unix() }
	elsewhere := func(a *VerifierAttestation) { a.RedirectURIs = []string{"https://verifier.example/response/2"} }
	here := func(a *VerifierAttestation) { a.RedirectURIs = []string{"https://x.example", responseURI} }
	foreign := func(a *VerifierAttestation) { k := jose.PublicJWK(&other.key.PublicKey); a.Cnf.JWK = &k }
	stranger := newPrefixed(t).attest(t, nil)
	for _, c := range []struct {
		name, header, id, uri, code string
		want                        error
	}{
		{"x509_san_dns", chain, san, responseURI, "", nil},
		{"x509_san_dns of no dNSName", chain, "x509_san_dns:other.example", responseURI, InvalidRequest, ErrHash},
		{"x509_san_dns in capitals", chain, "x509_san_dns:VERIFIER.example", responseURI, InvalidRequest, ErrHash},
		{"x509_san_dns, answer to another host", chain, san, "https://other.example/r", InvalidRequest, ErrResponseURI},
		{"x509_san_dns, answer to a host below", chain, san, "https://a.verifier.example/r", InvalidRequest, ErrResponseURI},
		{"x509_san_dns without x5c", "", san, responseURI, InvalidRequest, ErrHash},
		{"verifier_attestation", jwtHeader(p.attest(t, nil)), attested, responseURI, "", nil},
		{"verifier_attestation with this address", jwtHeader(p.attest(t, here)), attested, responseURI, "", nil},
		{"verifier_attestation with other addresses", jwtHeader(p.attest(t, elsewhere)), attested, responseURI, InvalidRequest, ErrResponseURI},
		{"verifier_attestation of another", jwtHeader(p.attest(t, nil)), "verifier_attestation:other", responseURI, InvalidClient, ErrAttestation},
		{"verifier_attestation expired", jwtHeader(p.attest(t, expired)), attested, responseURI, InvalidClient, ErrAttestation},
		{"verifier_attestation of the future", jwtHeader(p.attest(t, later)), attested, responseURI, InvalidClient, ErrAttestation},
		{"verifier_attestation of another key", jwtHeader(p.attest(t, foreign)), attested, responseURI, InvalidRequest, jose.ErrSignature},
		{"verifier_attestation of an unknown attester", jwtHeader(stranger), attested, responseURI, InvalidClient, x5c.ErrUntrusted},
		{"verifier_attestation without one", "", attested, responseURI, InvalidClient, ErrAttestation},
		{"redirect_uri signed", chain, "redirect_uri:" + responseURI, responseURI, InvalidRequest, ErrSigned},
		{"origin", chain, "origin:https://verifier.example", responseURI, InvalidRequest, ErrPrefix},
		{"openid_federation", chain, "openid_federation:https://verifier.example", responseURI, InvalidRequest, ErrPrefix},
		{"decentralized_identifier", chain, "decentralized_identifier:did:x:y", responseURI, InvalidRequest, ErrPrefix},
	} {
		t.Run(c.name, func(t *testing.T) {
			payload := payloadOf(t, p.verifier, "client_id", `"`+c.id+`"`, "response_uri", `"`+c.uri+`"`)
			jwt := rawJWS(t, p.key, `{"alg":"ES256","typ":"`+RequestTyp+`"`+c.header+`}`, payload)
			o, _, err := ParseRequest(jwt, p.anchors, now, c.id, p.rules)
			checkRefusal(t, err, c.code, c.want)
			var refusal *Error
			if errors.As(err, &refusal) && refusal.ResponseURI != "" || (o == nil) != (c.want != nil) {
				t.Fatalf("%+v, told to %q", o, refusal.ResponseURI)
			}
		})
	}
	if _, err := NewSANSigner(p.key, p.chain, "other.example"); !errors.Is(err, ErrHash) {
		t.Errorf("a signer for a name that the certificate lacks: %v", err)
	}
}

func TestSection593UnsignedRequest(t *testing.T) {
	p := newPrefixed(t)
	o := goodRequest(t)
	o.TransactionData = []string{EncodeTransaction(json.RawMessage(`{"type":"urn:example:consent","credential_ids":["pid"],"text":"yes"}`))}
	made, err := UnsignedRequest(o, p.rules)
	if err != nil {
		t.Fatal(err)
	}
	link, err := ParseRequestURI(made.URI(Scheme), p.rules)
	if err != nil || link.ClientID != "redirect_uri:"+responseURI || link.Unsigned.Has("aud") || link.Unsigned.Has("exp") {
		t.Fatalf("%+v, %v", link, err)
	}
	got, err := ParseUnsigned(link, now, p.rules)
	if err != nil || got.ResponseURI != responseURI || got.Nonce != o.Nonce || len(got.TransactionData) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := UnsignedRequest(goodRequest(t), Rules{}); !errors.Is(err, ErrPrefix) {
		t.Errorf("made under HAIP: %v", err)
	}
	for name, c := range map[string]struct {
		bend func(l *RequestLink)
		want error
	}{
		"the address from the client_id":    {func(l *RequestLink) { l.Unsigned.Del("response_uri") }, nil},
		"another address":                   {func(l *RequestLink) { l.Unsigned.Set("response_uri", "https://x.example/r") }, ErrResponseURI},
		"redirect_uri beside direct_post":   {func(l *RequestLink) { l.Unsigned.Set("redirect_uri", responseURI) }, ErrRedirectURI},
		"a signing prefix":                  {func(l *RequestLink) { l.ClientID = p.id }, ErrPrefix},
		"no nonce":                          {func(l *RequestLink) { l.Unsigned.Del("nonce") }, ErrNonce},
		"a parameter twice":                 {func(l *RequestLink) { l.Unsigned.Add("nonce", "x") }, ErrLink},
		"a query that is no JSON":           {func(l *RequestLink) { l.Unsigned.Set("dcql_query", "{") }, ErrRequestObject},
		"members twice in the metadata":     {func(l *RequestLink) { l.Unsigned.Set("client_metadata", `{"jwks":{},"jwks":{}}`) }, ErrRequestObject},
		"an unknown parameter is let by":    {func(l *RequestLink) { l.Unsigned.Set("x", "{") }, nil},
		"parameters of request objects are": {func(l *RequestLink) { l.Unsigned.Set("exp", "1") }, nil},
	} {
		bent := &RequestLink{ClientID: link.ClientID, Unsigned: url.Values{}}
		for name, values := range link.Unsigned {
			bent.Unsigned[name] = append([]string{}, values...)
		}
		c.bend(bent)
		if _, err := ParseUnsigned(bent, now, p.rules); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := ParseRequestURI(made.URI(Scheme), Rules{}); !errors.Is(err, ErrLink) {
		t.Errorf("a request by value under HAIP: %v", err)
	}
}

func TestSection84TransactionData(t *testing.T) {
	p := newPrefixed(t)
	s := p.signer(t, PrefixX509Hash)
	const good = `{"type":"urn:example:consent","credential_ids":["pid"],"text":"yes"}`
	mdocQuery := `{"credentials":[{"id":"pid","format":"mso_mdoc","meta":{"doctype_value":"x"}}]}`
	unbound := strings.Replace(query, `"meta"`, `"require_cryptographic_holder_binding":false,"meta"`, 1)
	for _, c := range []struct{ name, data, query, code string }{
		{"as it should be", good, query, ""},
		{"with sha-256 named", strings.Replace(good, `"text"`, `"transaction_data_hashes_alg":["sha-512","sha-256"],"text"`, 1), query, ""},
		{"without sha-256", strings.Replace(good, `"text"`, `"transaction_data_hashes_alg":["sha-512"],"text"`, 1), query, InvalidTransactionData},
		{"an unknown type", strings.Replace(good, "consent", "other", 1), query, InvalidTransactionData},
		{"no type", strings.Replace(good, `"type"`, `"kind"`, 1), query, InvalidTransactionData},
		{"no credential_ids", strings.Replace(good, `["pid"]`, `[]`, 1), query, InvalidTransactionData},
		{"an unknown credential", strings.Replace(good, `["pid"]`, `["pid","x"]`, 1), query, InvalidTransactionData},
		{"an unknown member", strings.Replace(good, `"text"`, `"x":"y","text"`, 1), query, InvalidTransactionData},
		{"a missing member", `{"type":"urn:example:consent","credential_ids":["pid"]}`, query, InvalidTransactionData},
		{"a member of another type", strings.Replace(good, `"yes"`, `1`, 1), query, InvalidTransactionData},
		{"a member twice", strings.Replace(good, `"text"`, `"text":"no","text"`, 1), query, InvalidTransactionData},
		{"an array", `[]`, query, InvalidTransactionData},
		{"an mdoc", good, mdocQuery, InvalidTransactionData},
		{"no holder binding", good, unbound, InvalidTransactionData},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := EncodeTransaction(json.RawMessage(c.data))
			payload := payloadOf(t, p.verifier, "transaction_data", `["`+text+`"]`, "dcql_query", c.query)
			header := `{"alg":"ES256","typ":"` + RequestTyp + `","x5c":` + x5cText(p.chain) + `}`
			o, _, err := ParseRequest(rawJWS(t, p.key, header, payload), p.anchors, now, s.ClientID(), p.rules)
			if c.code != "" {
				checkRefusal(t, err, c.code, ErrTransactionData)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if all, err := o.Transactions(); err != nil || len(all) != 1 || all[0].Text != text || all[0].Members["text"] != "yes" {
				t.Errorf("%+v, %v", all, err)
			}
		})
	}
	header := `{"alg":"ES256","typ":"` + RequestTyp + `","x5c":` + x5cText(p.chain) + `}`
	_, _, err := ParseRequest(rawJWS(t, p.key, header, payloadOf(t, p.verifier, "transaction_data", `[]`)), p.anchors, now, s.ClientID(), p.rules)
	checkRefusal(t, err, InvalidTransactionData, ErrTransactionData)
	// SHA-256 over the text, not over what it decodes to.
	if got := TransactionHash("e30"); got != "vquYe--cAN_DAbSQ3bRTIVF-fWprs9MdJZiYt9Rjk9g" {
		t.Errorf("got %s", got)
	}
}

func FuzzParseUnsigned(f *testing.F) {
	p := newPrefixed(f)
	l, err := UnsignedRequest(goodRequest(f), p.rules)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(l.URI(Scheme))
	f.Add("openid4vp://?client_id=redirect_uri:https://x.example/r&nonce=abcdefghijklmnopq&dcql_query=%7B")
	f.Fuzz(func(t *testing.T, link string) {
		l, err := ParseRequestURI(link, p.rules)
		if err != nil || l.Unsigned == nil {
			return
		}
		o, err := ParseUnsigned(l, now, p.rules)
		var refusal *Error
		if err != nil && !errors.As(err, &refusal) || err == nil && RedirectURIClientID(o.ResponseURI) != l.ClientID {
			t.Fatalf("%+v, %v", o, err)
		}
	})
}
