package jose

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"math/big"
	"testing"
	"time"
)

func newKey(tb testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// rawJWS signs any header and payload, right or wrong.
func rawJWS(tb testing.TB, key *ecdsa.PrivateKey, header, payload string) string {
	tb.Helper()
	s, err := suiteOf(&key.PublicKey)
	if err != nil {
		tb.Fatal(err)
	}
	input := EncodeBase64URL([]byte(header)) + "." + EncodeBase64URL([]byte(payload))
	sig, err := s.sign(key, []byte(input))
	if err != nil {
		tb.Fatal(err)
	}
	return input + "." + EncodeBase64URL(sig)
}

func mustJSON(tb testing.TB, v any) string {
	tb.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

func selfSigned(tb testing.TB, key *ecdsa.PrivateKey) *x509.Certificate {
	tb.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "test"},
		NotBefore:    time.Unix(1_700_000_000, 0),
		NotAfter:     time.Unix(1_800_000_000, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		tb.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return cert
}

func mustParseJWK(tb testing.TB, raw string) *ecdsa.PublicKey {
	tb.Helper()
	_, pub, err := ParseJWK([]byte(raw))
	if err != nil {
		tb.Fatal(err)
	}
	return pub
}
