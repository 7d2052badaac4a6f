package mdoc

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"testing"
)

// BenchmarkSign is the floor of BenchmarkIssue: one signature with crypto/ecdsa.
func BenchmarkSign(b *testing.B) {
	w := newWorld(b)
	digest := sha256.Sum256([]byte("floor"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.issuerKey.Sign(rand.Reader, digest[:], nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPrepare is what issuing costs beside the signature.
func BenchmarkPrepare(b *testing.B) {
	w := newWorld(b)
	template := w.twenty()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Prepare(template); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkIssue(b *testing.B) {
	w := newWorld(b)
	template := w.twenty()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.signer.Issue(template); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerifyTwice is the floor of BenchmarkVerify: the issuer's and the device's signature.
func BenchmarkVerifyTwice(b *testing.B) {
	w := newWorld(b)
	digest := sha256.Sum256([]byte("floor"))
	signature, err := ecdsa.SignASN1(rand.Reader, w.issuerKey, digest[:])
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		for range 2 {
			if !ecdsa.VerifyASN1(&w.issuerKey.PublicKey, digest[:], signature) {
				b.Fatal("signature does not verify")
			}
		}
	}
}

func presentTwenty(b *testing.B) (*world, []byte) {
	b.Helper()
	w := newWorld(b)
	template := w.twenty()
	issued, err := w.signer.Issue(template)
	if err != nil {
		b.Fatal(err)
	}
	ask := map[string][]string{}
	for _, e := range template.Elements {
		ask[e.Namespace] = append(ask[e.Namespace], e.Identifier)
	}
	response, err := Present(issued, testDocType, ask, w.deviceKey, w.transcript)
	if err != nil {
		b.Fatal(err)
	}
	return w, response
}

func BenchmarkParseDeviceResponse(b *testing.B) {
	_, response := presentTwenty(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseDeviceResponse(response); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerify parses a presentation of twenty elements and makes every check but trust.
func BenchmarkVerify(b *testing.B) {
	w, response := presentTwenty(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := verifyAll(response, w.transcript); err != nil {
			b.Fatal(err)
		}
	}
}
