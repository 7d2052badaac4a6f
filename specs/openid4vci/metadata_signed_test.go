package openid4vci

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/x5c"
)

var metadataTime = time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)

// metadataWorld is an access certificate with its root.
type metadataWorld struct {
	root, leaf *x509.Certificate
	key        *ecdsa.PrivateKey
	anchors    *x5c.Anchors
}

func newMetadataWorld(t testing.TB) *metadataWorld {
	t.Helper()
	key := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	w := &metadataWorld{key: key()}
	rootKey, subject, begin := key(), x5c.Subject{Country: "NO", CommonName: "Access CA", URI: issuerID}, metadataTime.Add(-time.Hour)
	var err error
	if w.root, err = x5c.NewRoot(rootKey, subject, begin, 1000*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	subject.CommonName = "Issuer"
	if w.leaf, err = x5c.Issue(x5c.AccessCertificate, w.root, rootKey, w.key.Public(), subject, begin, 300*24*time.Hour); err != nil {
		t.Fatal(err)
	}
	w.anchors = x5c.NewAnchors(w.root)
	return w
}

func (w *metadataWorld) header() jose.Header {
	return jose.Header{Typ: TypSignedMetadata, X5C: []*x509.Certificate{w.leaf}}
}

// sign signs a payload with any header.
func (w *metadataWorld) sign(t testing.TB, h jose.Header, payload string) string {
	t.Helper()
	s, err := jose.NewSigner(w.key, h)
	if err != nil {
		t.Fatal(err)
	}
	jwt, err := s.Sign([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return jwt
}

func TestSection1223SignedMetadata(t *testing.T) {
	w := newMetadataWorld(t)
	m, err := parseMetadata(t, wholeMetadata)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := NewMetadataSigner(w.key, []*x509.Certificate{w.leaf})
	if err != nil {
		t.Fatal(err)
	}
	jwt, err := SignMetadata(signer, m, metadataTime, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	u, err := jose.Parse(jwt, signedMetadataRules)
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(u.UnsafePayload(), &claims); err != nil {
		t.Fatal(err)
	}
	if claims["sub"] != issuerID || claims["iat"] != float64(metadataTime.Unix()) || claims["credential_issuer"] != issuerID ||
		claims["credential_configurations_supported"] == nil || claims["signed_metadata"] != nil {
		t.Errorf("claims %v", claims)
	}
	read, err := ParseSignedMetadata(jwt, issuerID, w.anchors, metadataTime.Add(59*time.Minute), Rules{})
	if err != nil {
		t.Fatal(err)
	}
	if read.CredentialEndpoint != m.CredentialEndpoint || len(read.CredentialConfigurationsSupported) != 3 {
		t.Errorf("read %+v", read)
	}
	if _, err := NewMetadataSigner(w.key, []*x509.Certificate{w.root}); !errors.Is(err, ErrSignedMetadata) {
		t.Errorf("self-signed: %v", err)
	}
	if _, err := NewMetadataSigner(w.key, nil); !errors.Is(err, ErrSignedMetadata) {
		t.Errorf("no chain: %v", err)
	}
}

func TestSignedMetadataRefused(t *testing.T) {
	w, other := newMetadataWorld(t), newMetadataWorld(t)
	claims := `{"sub":"https://issuer.example/tenant","iat":1795435200,` + strings.TrimPrefix(strings.TrimSpace(wholeMetadata), "{")
	good := w.sign(t, w.header(), claims)
	typ, bare := w.header(), w.header()
	typ.Typ, bare.X5C = "JWT", nil
	bend := func(old, fresh string) string {
		t.Helper()
		changed := strings.Replace(claims, old, fresh, 1)
		if changed == claims {
			t.Fatalf("%q is not in the claims", old)
		}
		return w.sign(t, w.header(), changed)
	}
	tests := []struct {
		name, jwt string
		anchors   *x5c.Anchors
		at        time.Time
		want      error
	}{
		{"as it should be", good, w.anchors, metadataTime, nil},
		{"another typ", w.sign(t, typ, claims), w.anchors, metadataTime, ErrSignedMetadata},
		{"without x5c", w.sign(t, bare, claims), w.anchors, metadataTime, ErrSignedMetadata},
		{"anchor of somebody else", good, other.anchors, metadataTime, ErrUntrusted},
		{"leaf has expired", good, w.anchors, metadataTime.Add(400 * 24 * time.Hour), ErrUntrusted},
		{"signature changed", good[:len(good)-4] + "AAAA", w.anchors, metadataTime, ErrSignedMetadata},
		{"another sub", bend(`"sub":"https://issuer.example/tenant"`, `"sub":"https://other.example"`), w.anchors, metadataTime, ErrSignedMetadata},
		{"no sub", bend(`"sub":"https://issuer.example/tenant",`, ``), w.anchors, metadataTime, ErrSignedMetadata},
		{"no iat", bend(`"iat":1795435200,`, ``), w.anchors, metadataTime, ErrSignedMetadata},
		{"iat as text", bend(`"iat":1795435200`, `"iat":"now"`), w.anchors, metadataTime, ErrSignedMetadata},
		{"from the future", good, w.anchors, metadataTime.Add(-40 * time.Second), ErrSignedMetadata},
		{"expired", bend(`"iat":1795435200`, `"iat":1795435200,"exp":1795435201`), w.anchors, metadataTime.Add(time.Minute), ErrSignedMetadata},
		{"another credential_issuer", bend(`"credential_issuer": "https://issuer.example/tenant"`, `"credential_issuer": "https://issuer.example"`), w.anchors, metadataTime, ErrMismatch},
		{"no endpoint", bend(`"credential_endpoint": "https://issuer.example/credential?x=1",`, ``), w.anchors, metadataTime, ErrMetadata},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := ParseSignedMetadata(tt.jwt, issuerID, tt.anchors, tt.at, Rules{}); !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func FuzzParseSignedMetadata(f *testing.F) {
	w := newMetadataWorld(f)
	f.Add(w.sign(f, w.header(), `{"sub":"https://issuer.example/tenant","iat":1}`))
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, jwt string) {
		if m, err := ParseSignedMetadata(jwt, issuerID, w.anchors, metadataTime, Rules{}); (m == nil) != (err != nil) {
			t.Errorf("%v, %v", m, err)
		}
	})
}

func TestReusePolicy(t *testing.T) {
	policy := func(text string) string {
		return strings.Replace(wholeMetadata, `"credential_metadata": {
    "display"`, `"credential_metadata": {"credential_reuse_policy": `+text+`,
    "display"`, 1)
	}
	const id, a, b = `{"id":"arf_annex_ii","options":[`, `{"details":["once_only"],"batch_size":30,"reissue_trigger_unused":3}`,
		`{"details":["limited_time"],"reissue_trigger_lifetime_left":600}`
	for text, want := range map[string]error{
		id + a + `]}`: nil,
		id + b + `]}`: nil,
		id + `{"details":["rotating-batch"],"batch_size":5,"reissue_trigger_lifetime_left":600},` + b + `]}`: nil,
		`{"id":"of_somebody_else","options":[]}`:                                                   nil,
		id + `{"details":["rotating-batch"],"batch_size":5,"reissue_trigger_lifetime_left":600}]}`: ErrMetadata,
		id + `{"details":["per-relying-party"],"batch_size":5},` + a + `]}`:                        ErrMetadata,
		id + `]}`:                    ErrMetadata,
		id + a + `,{"details":[]}]}`: ErrMetadata,
		id + strings.Replace(a, "30", "1", 1) + `]}`:     ErrMetadata,
		id + strings.Replace(a, ":3}", ":30}", 1) + `]}`: ErrMetadata,
		id + strings.Replace(b, "600", "0", 1) + `]}`:    ErrMetadata,
	} {
		raw := policy(text)
		if raw == wholeMetadata {
			t.Fatal("the metadata was not changed")
		}
		if _, err := parseMetadata(t, raw); !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("%s: got %v, want %v", text, err, want)
		}
	}
}
