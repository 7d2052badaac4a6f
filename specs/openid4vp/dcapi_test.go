package openid4vp

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"lommebok.example/specs/jose"
)

const origin = "https://verifier.example"

func apiRequest(t testing.TB) RequestObject {
	o := goodRequest(t)
	o.ResponseURI, o.State, o.ExpectedOrigins = "", "", []string{"https://x.example", origin}
	o.VerifierInfo = []VerifierInfo{{Format: FormatRegistrationCert, Data: json.RawMessage(`"a.b.c"`)}}
	return o
}

func TestAppendixAEachProtocolReadsBack(t *testing.T) {
	p := newPrefixed(t)
	hash := p.signer(t, PrefixX509Hash)
	for _, mode := range []string{ResponseModeDCAPIJWT, ResponseModeDCAPI} {
		o := apiRequest(t)
		o.ResponseMode = mode
		var messages []*DCAPIMessage
		for _, make := range []func() (*DCAPIMessage, error){
			func() (*DCAPIMessage, error) { return UnsignedDCAPI(o, p.rules) },
			func() (*DCAPIMessage, error) { return hash.SignDCAPI(o, p.rules) },
			func() (*DCAPIMessage, error) {
				return MultisignDCAPI(o, p.rules, p.signer(t, PrefixVerifierAttestation), hash)
			},
		} {
			m, err := make()
			if err != nil {
				t.Fatal(err)
			}
			messages = append(messages, m)
		}
		for i, want := range []string{"", hash.ClientID(), "verifier_attestation:verifier"} {
			got, _, err := ParseDCAPI(*messages[i], origin, p.anchors, now, p.rules)
			if err != nil || got.ClientID != want || got.Nonce != o.Nonce || got.ResponseMode != mode || len(got.VerifierInfo) != 1 {
				t.Errorf("%s %s: %+v, %v", messages[i].Protocol, mode, got, err)
			}
			_, _, err = ParseDCAPI(*messages[i], "https://thief.example", p.anchors, now, p.rules)
			if signed := messages[i].Protocol != ProtocolUnsigned; errors.Is(err, ErrOrigin) != signed {
				t.Errorf("%s of another origin: %v", messages[i].Protocol, err)
			}
			if _, _, err = ParseDCAPI(*messages[i], origin, p.anchors, now, Rules{}); (err == nil) != (mode == ResponseModeDCAPIJWT) {
				t.Errorf("%s %s under HAIP: %v", messages[i].Protocol, mode, err)
			}
		}
	}
}

func TestAppendixARefusals(t *testing.T) {
	p, other := newPrefixed(t), newPrefixed(t)
	hash := p.signer(t, PrefixX509Hash)
	plain, err := UnsignedDCAPI(apiRequest(t), p.rules)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := hash.SignDCAPI(apiRequest(t), p.rules)
	if err != nil {
		t.Fatal(err)
	}
	multi, err := MultisignDCAPI(apiRequest(t), p.rules, other.signer(t, PrefixX509Hash), hash)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := ParseDCAPI(*multi, origin, p.anchors, now, p.rules); err != nil {
		t.Errorf("the first signature is of another framework: %v", err)
	}
	with := func(m *DCAPIMessage, old, put string) DCAPIMessage {
		if !strings.Contains(string(m.Data), old) {
			t.Fatalf("%s is not in %s", old, m.Data)
		}
		return DCAPIMessage{m.Protocol, json.RawMessage(strings.Replace(string(m.Data), old, put, 1))}
	}
	redirected := goodRequest(t)
	redirected.ResponseMode = ""
	jwt, err := hash.SignRequest(redirected, p.rules)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		m    DCAPIMessage
		want error
	}{
		"another protocol":            {DCAPIMessage{"openid4vp", plain.Data}, ErrProtocol},
		"data of another protocol":    {DCAPIMessage{ProtocolSigned, plain.Data}, ErrRequestObject},
		"signed as unsigned":          {DCAPIMessage{ProtocolUnsigned, signed.Data}, ErrRequestObject},
		"a request for redirects":     {DCAPIMessage{ProtocolSigned, json.RawMessage(`{"request":"` + jwt + `"}`)}, ErrResponseMode},
		"no signatures":               {DCAPIMessage{ProtocolMultisigned, json.RawMessage(`{"request":{"payload":"e30","signatures":[]}}`)}, ErrRequestObject},
		"a payload of another":        {with(multi, `"payload":"`, `"payload":"e30","x":"`), jose.ErrSignature},
		"no nonce":                    {with(plain, `"nonce"`, `"x"`), ErrNonce},
		"a client_id is let by":       {with(plain, `"nonce"`, `"client_id":"x509_hash:x","nonce"`), nil},
		"expected_origins are let by": {with(plain, `"nonce"`, `"expected_origins":["https://thief.example"],"nonce"`), nil},
		"a state is let by":           {with(plain, `"nonce"`, `"state":"x","nonce"`), nil},
	} {
		if _, _, err := ParseDCAPI(c.m, origin, p.anchors, now, p.rules); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	o := apiRequest(t)
	o.ExpectedOrigins = nil
	if _, err := hash.SignDCAPI(o, p.rules); !errors.Is(err, ErrOrigin) {
		t.Errorf("signed without origins: %v", err)
	}
}

func TestAppendixAAnswer(t *testing.T) {
	for _, c := range []struct {
		name, data, mode string
		ok               bool
	}{
		{"encrypted", `{"response":"a.b.c.d.e"}`, ResponseModeDCAPIJWT, true},
		{"in the clear", `{"vp_token":{"a":["x"]}}`, ResponseModeDCAPI, true},
		{"error", `{"error":"access_denied"}`, ResponseModeDCAPIJWT, true},
		{"error, in the clear", `{"error":"access_denied"}`, ResponseModeDCAPI, true},
		{"in the clear, encryption demanded", `{"vp_token":{"a":["x"]}}`, ResponseModeDCAPIJWT, false},
		{"encrypted, not demanded", `{"response":"a.b.c.d.e"}`, ResponseModeDCAPI, false},
		{"both", `{"response":"a.b.c.d.e","vp_token":{"a":["x"]}}`, ResponseModeDCAPIJWT, false},
		{"error beside an answer", `{"response":"a.b.c.d.e","error":"x"}`, ResponseModeDCAPIJWT, false},
		{"nothing", `{}`, ResponseModeDCAPIJWT, false},
		{"nothing, in the clear", `{}`, ResponseModeDCAPI, false},
		{"no presentations", `{"vp_token":{}}`, ResponseModeDCAPI, false},
		{"an error with a quotation mark", `{"error":"\""}`, ResponseModeDCAPI, false},
		{"no JSON", `x`, ResponseModeDCAPI, false},
	} {
		post, err := ParseDCAPIAnswer([]byte(c.data), c.mode)
		if (err == nil) != c.ok || err != nil && !errors.Is(err, ErrResponse) || err == nil && post == nil {
			t.Errorf("%s: %+v, %v", c.name, post, err)
		}
	}
}

func FuzzParseDCAPI(f *testing.F) {
	p := newPrefixed(f)
	o := apiRequest(f)
	m, err := MultisignDCAPI(o, p.rules, p.signer(f, PrefixX509Hash))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(ProtocolMultisigned, []byte(m.Data))
	f.Add(ProtocolUnsigned, []byte(`{"response_type":"vp_token"}`))
	f.Add(ProtocolSigned, []byte(`{"request":"a.b.c"}`))
	f.Fuzz(func(t *testing.T, protocol string, data []byte) {
		o, _, err := ParseDCAPI(DCAPIMessage{protocol, data}, origin, p.anchors, now, p.rules)
		var refusal *Error
		if err != nil && (!errors.As(err, &refusal) || refusal.ResponseURI != "") || err == nil && len(o.Nonce) < minNonce {
			t.Fatalf("%+v, %v", o, err)
		}
	})
}
