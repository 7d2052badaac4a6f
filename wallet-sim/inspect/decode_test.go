package inspect

import (
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"lommebok.example/specs/attestation"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/statuslist"
	"lommebok.example/specs/x5c"
)

// artefacts are one of each kind, by the kind that is expected.
func artefacts(t testing.TB) map[string][]byte {
	t.Helper()
	a := newAuthority(t)
	credential := a.sdjwt(t, 0, now.Add(day))
	text := func(s string, err error) []byte { must(t, err); return []byte(s) }
	keys := attestation.Keys{IssuedAt: now, Expires: now.Add(day), Attested: []*ecdsa.PublicKey{&a.holder.PublicKey}, Chain: a.leaf(t, x5c.WalletProvider)}
	attested, err := keys.Sign(a.key)
	must(t, err)
	unit := attestation.Wallet{ClientID: "wallet", Key: &a.holder.PublicKey, IssuedAt: now, Expires: now.Add(day), Chain: a.leaf(t, x5c.WalletProvider)}
	identifiers, err := statuslist.SignIdentifiers(a.key, a.leaf(t, x5c.StatusSigner), [][]byte{{1}}, listURI, now, now.Add(day), time.Hour)
	must(t, err)
	offer := openid4vci.Offer{CredentialIssuer: "https://issuer.example", CredentialConfigurationIDs: []string{"card"}}
	return map[string][]byte{
		"SD-JWT VC":                     []byte(credential),
		"SD-JWT VC with key binding":    []byte(a.presented(t, credential, "n")),
		"mdoc, IssuerSigned":            a.mdoc(t, 0),
		"mdoc, DeviceResponse":          a.response(t, "n"),
		"status list token":             a.list(t, statuslist.MediaTypeJWT),
		"status list token, CWT":        a.list(t, statuslist.MediaTypeCWT),
		"identifier list, CWT":          identifiers,
		"key attestation":               []byte(attested),
		"wallet attestation":            text(unit.Sign(a.key)),
		"key proof":                     text(openid4vci.SignAttestedProof(a.holder, attested, "https://issuer.example", "n", "wallet", now)),
		"JWE":                           text(jose.Encrypt([]byte("{}"), jose.PublicJWK(&a.holder.PublicKey), jose.A128GCM)),
		"credential offer link":         text(openid4vci.OfferURI(openid4vci.OfferEndpoint, offer, openid4vci.Rules{})),
		"presentation request link":     []byte(openid4vp.RequestURI(openid4vp.Scheme, clientID, "https://verifier.example/requests/1")),
		"credential offer":              []byte(`{"credential_issuer":"https://issuer.example","credential_configuration_ids":["card"]}`),
		"issuer metadata":               []byte(`{"credential_issuer":"https://issuer.example","credential_endpoint":"https://issuer.example/c"}`),
		"authorization server metadata": []byte(`{"issuer":"https://issuer.example","token_endpoint":"https://issuer.example/t"}`),
		"JWK set":                       []byte(`{"keys":[]}`),
		"DCQL query":                    []byte(`{"credentials":[{"id":"a","format":"dc+sd-jwt","meta":{"vct_values":["x"]}}]}`),
		"certificates":                  x5c.EncodePEM(a.root),
	}
}

// Each kind is known by looking at it, nothing is said to be verified, and what is whole has no problems.
func TestDecode(t *testing.T) {
	for kind, raw := range artefacts(t) {
		t.Run(kind, func(t *testing.T) {
			f, err := Decode(raw)
			must(t, err)
			if f.Kind != kind || f.State != NotVerified || f.Section == "" || len(f.Parts) == 0 || len(f.Problems) != 0 {
				t.Errorf("%+v", f)
			}
			if _, err := json.Marshal(f); err != nil {
				t.Error(err)
			}
		})
	}
}

// What a person looks for is there: the claims behind the digests, the elements of an mdoc, the statuses of a list, the inner attestation.
func TestDecodedContent(t *testing.T) {
	all := artefacts(t)
	for kind, words := range map[string][]string{
		"SD-JWT VC with key binding": {`"given_name":"Flat"`, `"key binding payload"`, `"nonce":"n"`, `"exp":"2026-11-29T09:00:00Z"`, "CN=Prøverot"},
		"mdoc, IssuerSigned":         {`"elementIdentifier":"over_18"`, `"docType":"no.test.age"`, `"validUntil":"2026-11-29T09:00:00Z"`, "CN=document signer"},
		"mdoc, DeviceResponse":       {`"deviceSignature"`, `"elementIdentifier":"over_18"`},
		"status list token":          {`"number":8`, `"status 1":1`, `"status 0":7`},
		"status list token, CWT":     {`"number":8`, `"status 1":1`},
		"key proof":                  {"key_attestation payload", "attested_keys"},
		"credential offer link":      {`"credential_configuration_ids":["card"]`},
		"presentation request link":  {`"prefix":"x509_hash"`},
		"JWE":                        {`"enc":"A128GCM"`},
	} {
		f, err := Decode(all[kind])
		must(t, err)
		raw, err := json.Marshal(f)
		must(t, err)
		for _, w := range words {
			if !strings.Contains(string(raw), w) {
				t.Errorf("%s: expected %s in %s", kind, w, raw)
			}
		}
	}
}

// Bytes are read in whatever text they are written.
func TestEncodings(t *testing.T) {
	raw := artefacts(t)["mdoc, IssuerSigned"]
	for name, text := range map[string]string{
		"base64url": base64.RawURLEncoding.EncodeToString(raw), "padded": base64.URLEncoding.EncodeToString(raw),
		"base64": base64.StdEncoding.EncodeToString(raw), "hexadecimal": hex.EncodeToString(raw), "bytes": string(raw), "folded": hex.EncodeToString(raw[:20]) + "\n" + hex.EncodeToString(raw[20:]) + "\n",
	} {
		if f, err := Decode([]byte(text)); err != nil || f.Kind != "mdoc, IssuerSigned" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is broken is shown as far as it can be read, with what a strict reader refuses it for.
func TestBroken(t *testing.T) {
	all := artefacts(t)
	credential := string(all["SD-JWT VC"])
	for name, c := range map[string]struct{ text, problem string }{
		"member twice":         {base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"ES256","alg":"none"}`)) + ".e30.", "member"},
		"no JSON":              {"eA.e30.x", "header"},
		"disclosure twice":     {credential + strings.SplitN(credential, "~", 2)[1], "more than once"},
		"no disclosure":        {strings.SplitN(credential, "~", 2)[0] + "~e30~", "isclosure"},
		"text behind":          {credential + "x", "key binding"},
		"request without link": {"openid4vp://?client_id=x", "request_uri"},
	} {
		f, err := Decode([]byte(c.text))
		must(t, err)
		if !strings.Contains(strings.Join(f.Problems, "\n"), c.problem) {
			t.Errorf("%s: expected %q in %q", name, c.problem, f.Problems)
		}
	}
}

func TestUnknown(t *testing.T) {
	for _, text := range []string{"", " ", "hello", "https://issuer.example/", "{", "x~y", "-----BEGIN PRIVATE KEY-----\neA==\n-----END PRIVATE KEY-----\n", "oA", "d2"} {
		if f, err := Decode([]byte(text)); !errors.Is(err, ErrUnknown) {
			t.Errorf("%q: %+v, %v", text, f, err)
		}
	}
}

// Whatever is given, Decode and Verify answer, and what they say can be written as JSON.
func FuzzDecode(f *testing.F) {
	for _, raw := range artefacts(f) {
		f.Add(raw)
	}
	anchors := x5c.NewAnchors()
	f.Fuzz(func(t *testing.T, raw []byte) {
		if found, err := Decode(raw); err == nil {
			if _, err := json.Marshal(found); err != nil || found.Kind == "" || found.State != NotVerified {
				t.Errorf("%+v, %v", found, err)
			}
		}
		if v, err := Verify(t.Context(), raw, Expect{Issuers: anchors, At: now}); err == nil && len(v.Checks) == 0 {
			t.Error("a verdict without a check")
		}
	})
}
