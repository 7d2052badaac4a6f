package mdoc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"lommebok.example/specs/cose"
)

func TestForgeryWithoutFaultVerifies(t *testing.T) {
	w := newWorld(t)
	if err := verifyAll(w.response(t, w.forge(t, nil), nil), w.transcript); err != nil {
		t.Error(err)
	}
}

func TestEveryDigestAlgorithm(t *testing.T) {
	w := newWorld(t)
	for _, hash := range []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512} {
		i := parse(t, w.forge(t, func(f *forgery) { f.hash = hash }))
		if err := errors.Join(i.VerifyDigests(), i.VerifySignature()); err != nil {
			t.Errorf("%v: %v", hash, err)
		}
		cut := parse(t, w.forge(t, func(f *forgery) {
			f.hash = hash
			f.editMSO = func(mso map[string]any) {
				sums := mso["valueDigests"].(map[string]any)[testNS].(map[uint64][]byte)
				sums[3] = sums[3][:len(sums[3])-1]
			}
		}))
		if err := cut.VerifyDigests(); !errors.Is(err, ErrDigest) {
			t.Errorf("%v, digest cut short: %v", hash, err)
		}
	}
}

func TestChainInEitherHeader(t *testing.T) {
	w := newWorld(t)
	protected := parse(t, w.forge(t, func(f *forgery) {
		f.protected, f.unprotected = cose.Header{X5Chain: w.chain}, cose.Header{}
	}))
	if err := protected.VerifySignature(); err != nil || len(protected.Chain()) != 1 {
		t.Errorf("protected: %v", err)
	}
	two := []*x509.Certificate{w.chain[0], documentSigner(t, newKey(t, elliptic.P256()).Public())}
	array := parse(t, w.forge(t, func(f *forgery) { f.unprotected = cose.Header{X5Chain: two} }))
	if err := array.VerifySignature(); err != nil || len(array.Chain()) != 2 {
		t.Errorf("array: %v", err)
	}
}

func TestIssuerChecksRefuse(t *testing.T) {
	w := newWorld(t)
	edwards, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	signature := func(i *IssuerSigned) error { return i.VerifySignature() }
	digests := func(i *IssuerSigned) error { return i.VerifyDigests() }
	valid := func(at time.Time) func(*IssuerSigned) error {
		return func(i *IssuerSigned) error { return i.VerifyValidity(at) }
	}
	sums := func(mso map[string]any) map[uint64][]byte {
		return mso["valueDigests"].(map[string]any)[testNS].(map[uint64][]byte)
	}
	editMSO := func(edit func(mso map[string]any)) func(*forgery) {
		return func(f *forgery) { f.editMSO = edit }
	}
	for _, c := range []struct {
		rule  string
		edit  func(*forgery)
		check func(*IssuerSigned) error
		want  error
	}{
		{"digest changed", editMSO(func(mso map[string]any) { sums(mso)[3][0] ^= 1 }), digests, ErrDigest},
		{"digests exchanged", editMSO(func(mso map[string]any) { s := sums(mso); s[3], s[5] = s[5], s[3] }), digests, ErrDigest},
		{"digest empty", editMSO(func(mso map[string]any) { sums(mso)[3] = []byte{} }), digests, ErrDigest},
		{"item missing from the security object", editMSO(func(mso map[string]any) { delete(sums(mso), 3) }), digests, ErrNoDigest},
		{"namespace missing from the security object", editMSO(func(mso map[string]any) {
			mso["valueDigests"] = map[string]any{"another": sums(mso)}
		}), digests, ErrNoDigest},
		{"item changed after signing", func(f *forgery) {
			f.outer = func(i map[string]any) {
				i["nameSpaces"].(map[string][]any)[testNS][0] = cose.Encoded(encode(t, forgedItem(3, "family_name", "Å")))
			}
		}, digests, ErrDigest},
		{"item added after signing", func(f *forgery) {
			f.outer = func(i map[string]any) {
				list := i["nameSpaces"].(map[string][]any)
				list[testNS] = append(list[testNS], cose.Encoded(encode(t, forgedItem(9, "age_over_18", true))))
			}
		}, digests, ErrNoDigest},
		{"no x5chain", func(f *forgery) { f.unprotected = cose.Header{} }, signature, ErrChain},
		{"leaf with a key of another kind", func(f *forgery) {
			f.unprotected = cose.Header{X5Chain: []*x509.Certificate{documentSigner(t, edwards)}}
		}, signature, ErrChain},
		{"leaf of another signer", func(f *forgery) {
			f.unprotected = cose.Header{X5Chain: []*x509.Certificate{documentSigner(t, newKey(t, elliptic.P256()).Public())}}
		}, signature, ErrSignature},
		{"leaf with another curve", func(f *forgery) {
			f.unprotected = cose.Header{X5Chain: []*x509.Certificate{documentSigner(t, newKey(t, elliptic.P384()).Public())}}
		}, signature, cose.ErrAlg},
		{"alg only unprotected", func(f *forgery) { f.auth = algUnprotected(t, w) }, signature, cose.ErrAlg},
		{"signature with r and s zero", func(f *forgery) {
			f.auth = func(a *cose.Sign1) any { a.Signature = make([]byte, 64); return a }
		}, signature, cose.ErrSignature},
		{"signature one byte short", func(f *forgery) {
			f.auth = func(a *cose.Sign1) any { a.Signature = a.Signature[:63]; return a }
		}, signature, cose.ErrSignature},
		{"not valid yet", nil, valid(testSigned.Add(-time.Second)), ErrNotYetValid},
		{"expired", nil, valid(testUntil), ErrExpired},
		{"signed before the certificate", editMSO(func(mso map[string]any) {
			mso["validityInfo"] = validity(testSigned.AddDate(-1, 0, 0), testSigned, testUntil)
		}), valid(testAt), ErrSignedTime},
		{"signed after the certificate", editMSO(func(mso map[string]any) {
			mso["validityInfo"] = validity(testSigned.AddDate(2, 0, 0), testSigned, testUntil)
		}), valid(testAt), ErrSignedTime},
	} {
		t.Run(c.rule, func(t *testing.T) {
			if err := c.check(parse(t, w.forge(t, c.edit))); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	t.Run("valid in the first and in the last second", func(t *testing.T) {
		i := parse(t, w.forge(t, nil))
		if err := errors.Join(i.VerifyValidity(testSigned), i.VerifyValidity(testUntil.Add(-time.Second))); err != nil {
			t.Error(err)
		}
	})
}

// algUnprotected moves alg out of the protected header, under a signature good for that.
func algUnprotected(t *testing.T, w *world) func(*cose.Sign1) any {
	return func(a *cose.Sign1) any {
		digest := sha256.Sum256(encode(t, []any{"Signature1", []byte{}, []byte{}, a.Payload}))
		r, s, err := ecdsa.Sign(rand.Reader, w.issuerKey, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		signature := make([]byte, 64)
		r.FillBytes(signature[:32])
		s.FillBytes(signature[32:])
		return []any{[]byte{}, map[int64]any{1: cose.ES256, 33: w.chain[0].Raw}, a.Payload, signature}
	}
}

func TestDeviceKeyThatIsNone(t *testing.T) {
	w := newWorld(t)
	b := w.forge(t, func(f *forgery) {
		f.editMSO = func(mso map[string]any) {
			mso["deviceKeyInfo"] = map[string]any{"deviceKey": map[int64]any{1: 2, -1: 1, -2: make([]byte, 32), -3: make([]byte, 32)}}
		}
	})
	i := parse(t, b)
	if key, err := i.DeviceKey(); !errors.Is(err, ErrKey) || key != nil {
		t.Errorf("got %v, %v", key, err)
	}
	if err := errors.Join(i.VerifySignature(), i.VerifyDigests(), i.VerifyValidity(testAt)); err != nil {
		t.Errorf("the other checks are hidden: %v", err)
	}
	if err := parseOne(t, w.response(t, b, nil)).VerifyDevice(w.transcript); !errors.Is(err, ErrKey) {
		t.Errorf("device: %v", err)
	}
	if _, err := Present(b, testDocType, nil, w.deviceKey, w.transcript); !errors.Is(err, ErrKey) {
		t.Errorf("present: %v", err)
	}
}

func TestDeviceChecksRefuse(t *testing.T) {
	w := newWorld(t)
	issued := w.issue(t)
	device := func(s *cose.Sign1) map[string]any { return map[string]any{"deviceSignature": s} }
	other := newWorld(t)
	other.transcript = w.transcript
	for _, c := range []struct {
		rule       string
		edit       func(response, document, deviceSigned map[string]any)
		transcript []byte
		want       error
	}{
		{"nothing changed", nil, w.transcript, nil},
		{"other transcript", nil, encode(t, []any{nil, nil, []any{"OpenID4VPHandover", []byte("another handover")}}), ErrDevice},
		{"transcript under tag 24", nil, encode(t, cose.Encoded(w.transcript)), ErrDevice},
		{"transcript not CBOR", nil, []byte{0x82, 0x01}, cose.ErrMalformed},
		{"no transcript", nil, nil, cose.ErrMalformed},
		{"document type changed", func(_, d, _ map[string]any) { d["docType"] = "another" }, w.transcript, ErrDevice},
		{"signed by another device", func(_, _, s map[string]any) {
			s["deviceAuth"] = device(other.deviceSignature(t, testDocType, cose.Encoded{0xa0}, true))
		}, w.transcript, ErrDevice},
		{"device namespaces changed", func(_, _, s map[string]any) {
			s["nameSpaces"] = cose.Encoded(encode(t, map[string]any{testNS: map[string]any{"age_over_18": true}}))
		}, w.transcript, ErrDevice},
		{"device namespaces signed", func(_, _, s map[string]any) {
			added := cose.Encoded(encode(t, map[string]any{testNS: map[string]any{"age_over_18": true}}))
			s["nameSpaces"] = added
			s["deviceAuth"] = device(w.deviceSignature(t, testDocType, added, true))
		}, w.transcript, nil},
		{"payload not detached", func(_, _, s map[string]any) {
			s["deviceAuth"] = device(w.deviceSignature(t, testDocType, cose.Encoded{0xa0}, false))
		}, w.transcript, cose.ErrPayload},
		{"a MAC where a signature is wanted", func(_, _, s map[string]any) {
			s["deviceAuth"] = map[string]any{"deviceMac": []any{[]byte{0xa1, 1, 5}, map[string]any{}, nil, make([]byte, 32)}}
		}, w.transcript, ErrDeviceKind},
	} {
		t.Run(c.rule, func(t *testing.T) {
			doc := parseOne(t, w.response(t, issued, c.edit))
			if err := doc.VerifyDevice(c.transcript); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	t.Run("document type changed, compared", func(t *testing.T) {
		doc := parseOne(t, w.response(t, issued, func(_, d, _ map[string]any) { d["docType"] = "another" }))
		if err := doc.VerifyDocType(); !errors.Is(err, ErrDocType) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a signature where a MAC is wanted", func(t *testing.T) {
		reader, err := w.issuerKey.ECDH()
		if err != nil {
			t.Fatal(err)
		}
		if err := parseOne(t, w.response(t, issued, nil)).VerifyDeviceMAC(w.transcript, reader); !errors.Is(err, ErrDeviceKind) {
			t.Errorf("got %v", err)
		}
	})
}

// What the device says of its holder is not mistaken for what the issuer said.
func TestDeviceSignedElementsAreNotOffered(t *testing.T) {
	w := newWorld(t)
	added := cose.Encoded(encode(t, map[string]any{testNS: map[string]any{"age_over_21": true}}))
	doc := parseOne(t, w.response(t, w.forge(t, nil), func(_, _, s map[string]any) {
		s["nameSpaces"] = added
		s["deviceAuth"] = map[string]any{"deviceSignature": w.deviceSignature(t, testDocType, added, true)}
	}))
	for _, e := range doc.IssuerSigned.Elements() {
		if e.Identifier == "age_over_21" {
			t.Error("offered as issued")
		}
	}
}
