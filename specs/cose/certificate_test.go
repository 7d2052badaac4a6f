package cose

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"math/big"
	"testing"
)

func TestAKnownCertificateHasMemoryOfItsOwn(t *testing.T) {
	der := bytes.Clone(newCert(t, newKey(t, elliptic.P256()), "known").Raw)
	want := bytes.Clone(der)
	var k known
	first, err := k.parse(der)
	if err != nil {
		t.Fatal(err)
	}
	clear(der)
	second, err := k.parse(want)
	if err != nil || second != first || !bytes.Equal(second.Raw, want) {
		t.Errorf("after the caller wrote over its buffer: %x, %v", second.Raw, err)
	}
	if _, err := k.parse(der); err == nil {
		t.Error("zeros were read as a certificate")
	}
}

func TestKnownCertificatesAreBounded(t *testing.T) {
	var k known
	for i := range 3 * maxKnown {
		k.keep(fmt.Sprint(i), new(x509.Certificate))
	}
	if len(k.byDER) != maxKnown {
		t.Errorf("%d certificates, at most %d", len(k.byDER), maxKnown)
	}
}

// The conversion to DER stands between our form of a signature and crypto/ecdsa: it must take what numbers would, and the
// limits of the range are where it could go wrong.
func TestSignaturesAtTheLimitsOfTheRange(t *testing.T) {
	for _, a := range algorithms {
		n := a.curve.Params().N
		one := big.NewInt(1)
		numbers := []*big.Int{
			new(big.Int), one, big.NewInt(127), big.NewInt(128), big.NewInt(255), big.NewInt(256),
			new(big.Int).Rsh(n, 1), new(big.Int).Sub(n, one), n, new(big.Int).Add(n, one),
			new(big.Int).Sub(new(big.Int).Lsh(one, uint(8*a.size())), one),
		}
		for _, v := range numbers {
			b := v.FillBytes(make([]byte, a.size()))
			if want := v.Sign() > 0 && v.Cmp(n) < 0; a.inRange(significant(b)) != want {
				t.Errorf("%d: %x in range: want %v", a.id, b, want)
			}
		}
		key := newKey(t, a.curve)
		digest := make([]byte, a.hash.Size())
		for range 20 {
			signature, err := a.sign(key, digest)
			if err != nil {
				t.Fatal(err)
			}
			r, s := new(big.Int).SetBytes(signature[:a.size()]), new(big.Int).SetBytes(signature[a.size():])
			if !ecdsa.Verify(&key.PublicKey, digest, r, s) || a.verify(&key.PublicKey, digest, signature) != nil {
				t.Errorf("%d: signature %x", a.id, signature)
			}
			if _, err := rand.Read(digest); err != nil {
				t.Fatal(err)
			}
		}
	}
}
