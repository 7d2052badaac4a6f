package cose

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"testing"
	"time"

	oracle "github.com/veraison/go-cose"
)

func newKey(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newCert(t testing.TB, key *ecdsa.PrivateKey, name string) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// parts is a COSE_Sign1 that a test can spoil before it is written.
type parts struct {
	protected, unprotected any // any that is not a RawMessage is encoded; protected is wrapped in a byte string
	payload, signature     any
}

func (p parts) bytes(t testing.TB) []byte {
	t.Helper()
	protected, err := Marshal(p.protected)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Marshal([]any{protected, p.unprotected, p.payload, p.signature})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var content = []byte("This is the content.")

// signed gives the parts of a good message: protected {1: alg} and the payload inside.
func signed(t testing.TB, key *ecdsa.PrivateKey, protected map[int64]any) parts {
	t.Helper()
	raw, err := Marshal(protected)
	if err != nil {
		t.Fatal(err)
	}
	tbs, err := Marshal([]any{"Signature1", raw, []byte{}, content})
	if err != nil {
		t.Fatal(err)
	}
	alg, err := algorithmFor(0, &key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	digest := alg.hash.New()
	digest.Write(tbs)
	signature, err := alg.sign(key, digest.Sum(nil))
	if err != nil {
		t.Fatal(err)
	}
	return parts{protected, map[int64]any{}, content, signature}
}

// RFC 9052 appendix C.2.1, key "11" of appendix C.7.1.
func TestSign1ExampleOfRFC9052(t *testing.T) {
	message := unhex(t, "d28443a10126a10442313154546869732069732074686520636f6e74656e742e58408eb33e4ca31d1c465ab05aac34cc6b23d58fef5c083106c4d25a91aef0b0117e2af9a291aa32e14ab834dc56ed2a223444547e01f11d3b0916e5a4c345cacb36")
	point := append([]byte{4}, unhex(t, "bac5b11cad8f99f9c72b05cf4b9e26d244dc189f745228255a219a86d6a09eff20138bf82dc1b6d562be0fa54ab7804a3a64b6d72ccfed6b6fb6ed28bbfc117e")...)
	pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ParseTagged(message)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(pub, nil); err != nil {
		t.Error(err)
	}
	if s.Protected.Alg != ES256 || string(s.Unprotected.KID) != "11" || !bytes.Equal(s.Payload, content) {
		t.Errorf("got %+v", s)
	}
	if back, err := s.Tagged(); err != nil || !bytes.Equal(back, message) {
		t.Errorf("written back as %x, %v", back, err)
	}
	for i := range message {
		spoiled := bytes.Clone(message)
		spoiled[i] ^= 1
		if s, err := ParseTagged(spoiled); err == nil && s.Verify(pub, nil) == nil && !isKID(message, i) {
			t.Errorf("byte %d changed, still verifies", i)
		}
	}
}

// isKID: the unprotected header {4: '11'} is all of the example that is not signed.
func isKID(message []byte, i int) bool {
	start := bytes.Index(message, []byte{0xa1, 0x04, 0x42})
	return i >= start && i < start+5
}

func TestSign1EveryCurve(t *testing.T) {
	for _, c := range []struct {
		name  string
		curve elliptic.Curve
		alg   int64
		given int64
	}{
		{"ES256", elliptic.P256(), ES256, 0}, {"ESP256", elliptic.P256(), ESP256, ESP256},
		{"ES384", elliptic.P384(), ES384, 0}, {"ES512", elliptic.P521(), ES512, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			key := newKey(t, c.curve)
			for range 20 { // some r and s begin with a zero
				s, err := Sign(key, Header{Alg: c.given}, Header{}, content, false)
				if err != nil {
					t.Fatal(err)
				}
				if s.Protected.Alg != c.alg {
					t.Fatalf("alg %d", s.Protected.Alg)
				}
				if err := s.Verify(&key.PublicKey, nil); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

var oracleAlgs = map[elliptic.Curve]oracle.Algorithm{
	elliptic.P256(): oracle.AlgorithmES256, elliptic.P384(): oracle.AlgorithmES384, elliptic.P521(): oracle.AlgorithmES512,
}

func TestOracleVerifiesWhatWeSign(t *testing.T) {
	for curve, alg := range oracleAlgs {
		key := newKey(t, curve)
		verifier, err := oracle.NewVerifier(alg, key.Public())
		if err != nil {
			t.Fatal(err)
		}
		for _, detached := range []bool{false, true} {
			s, err := Sign(key, Header{Type: "application/statuslist+cwt", X5Chain: []*x509.Certificate{newCert(t, key, "a")}}, Header{KID: []byte("k")}, content, detached)
			if err != nil {
				t.Fatal(err)
			}
			b, err := s.Tagged()
			if err != nil {
				t.Fatal(err)
			}
			var m oracle.Sign1Message
			if err := m.UnmarshalCBOR(b); err != nil {
				t.Fatal(err)
			}
			if detached {
				if m.Payload != nil {
					t.Error("payload is not detached")
				}
				m.Payload = content
			}
			if err := m.Verify(nil, verifier); err != nil {
				t.Errorf("%v, detached %v: %v", alg, detached, err)
			}
		}
	}
}

func TestWeVerifyWhatTheOracleSigns(t *testing.T) {
	for curve, alg := range oracleAlgs {
		key := newKey(t, curve)
		signer, err := oracle.NewSigner(alg, key)
		if err != nil {
			t.Fatal(err)
		}
		headers := oracle.Headers{
			Protected:   oracle.ProtectedHeader{oracle.HeaderLabelAlgorithm: alg, oracle.HeaderLabelContentType: "text/plain"},
			Unprotected: oracle.UnprotectedHeader{oracle.HeaderLabelKeyID: []byte("k"), "own": 1},
		}
		b, err := oracle.Sign1(rand.Reader, signer, headers, content, nil)
		if err != nil {
			t.Fatal(err)
		}
		s, err := ParseTagged(b)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Verify(&key.PublicKey, nil); err != nil {
			t.Errorf("%v: %v", alg, err)
		}
		if s.Protected.ContentType != "text/plain" || string(s.Unprotected.KID) != "k" {
			t.Errorf("headers %+v %+v", s.Protected, s.Unprotected)
		}
		if back, err := s.Tagged(); err != nil || !bytes.Equal(back, b) {
			t.Errorf("written back with change: %v", err)
		}
	}
}

func TestDetachedPayload(t *testing.T) {
	key := newKey(t, elliptic.P256())
	s, err := Sign(key, Header{}, Header{}, content, true)
	if err != nil || s.Payload != nil {
		t.Fatalf("%v, payload %v", err, s.Payload)
	}
	if err := s.Verify(&key.PublicKey, content); err != nil {
		t.Error(err)
	}
	if err := s.Verify(&key.PublicKey, []byte("other")); !errors.Is(err, ErrSignature) {
		t.Errorf("other payload: %v", err)
	}
	empty, err := Sign(key, Header{}, Header{}, nil, false)
	if err != nil || empty.Payload == nil {
		t.Fatalf("an empty payload is not a detached one: %v", err)
	}
	if err := empty.Verify(&key.PublicKey, nil); err != nil {
		t.Error(err)
	}
}

func TestParseTaggedWantsTag18(t *testing.T) {
	for _, data := range []string{"84 40 a0 40 40", "d1 84 40 a0 40 40", "d8 3d d2 84 40 a0 40 40"} {
		if _, err := ParseTagged(unhex(t, data)); !errors.Is(err, ErrType) {
			t.Errorf("%s: %v", data, err)
		}
	}
}

func TestX5ChainForms(t *testing.T) {
	key := newKey(t, elliptic.P256())
	one, two := newCert(t, key, "one"), newCert(t, key, "two")
	for _, chain := range [][]*x509.Certificate{{one}, {one, two}} {
		for _, h := range []struct{ protected, unprotected Header }{
			{Header{X5Chain: chain}, Header{}}, {Header{}, Header{X5Chain: chain}},
		} {
			s, err := Sign(key, h.protected, h.unprotected, content, false)
			if err != nil {
				t.Fatal(err)
			}
			b, err := Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			var back Sign1
			if err := Unmarshal(b, &back); err != nil {
				t.Fatal(err)
			}
			got := back.Protected.X5Chain
			if len(h.unprotected.X5Chain) > 0 {
				got = back.Unprotected.X5Chain
			}
			if len(got) != len(chain) || !got[0].Equal(one) || !got[len(got)-1].Equal(chain[len(chain)-1]) {
				t.Errorf("chain of %d came back as %d", len(chain), len(got))
			}
			if err := back.Verify(&key.PublicKey, nil); err != nil {
				t.Error(err)
			}
		}
	}
}

// A field is a view: what is verified is the bytes.
func TestVerifyUsesTheBytesReceived(t *testing.T) {
	key := newKey(t, elliptic.P256())
	s, err := Sign(key, Header{KID: []byte("right")}, Header{}, content, false)
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.MarshalCBOR()
	if err != nil {
		t.Fatal(err)
	}
	spoiled := bytes.Replace(b, []byte("right"), []byte("wrong"), 1)
	other, err := ParseSign1(spoiled)
	if err != nil {
		t.Fatal(err)
	}
	other.Protected.KID = []byte("right")
	if err := other.Verify(&key.PublicKey, nil); !errors.Is(err, ErrSignature) {
		t.Errorf("other kid: %v", err)
	}
}

func FuzzSign1(f *testing.F) {
	key := newKey(f, elliptic.P256())
	cert := newCert(f, key, "a")
	for _, h := range []Header{{}, {KID: []byte("k")}, {Type: "a/b"}, {X5Chain: []*x509.Certificate{cert}}, {X5Chain: []*x509.Certificate{cert, cert}}} {
		s, err := Sign(key, h, Header{}, content, false)
		if err != nil {
			f.Fatal(err)
		}
		b, err := s.MarshalCBOR()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ParseSign1(data)
		if err != nil {
			return
		}
		back, err := s.MarshalCBOR()
		if err != nil || !bytes.Equal(back, data) {
			t.Fatalf("written back with change: %v", err)
		}
		if s.Verify(&key.PublicKey, nil) != nil {
			return
		}
		if alg := s.Protected.Alg; alg != ES256 && alg != ESP256 {
			t.Fatalf("verifies with alg %d", alg)
		}
	})
}
