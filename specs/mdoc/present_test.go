package mdoc

import (
	"bytes"
	"crypto"
	"crypto/elliptic"
	"errors"
	"testing"

	"lommebok.example/specs/cose"
)

func TestPresentRefuses(t *testing.T) {
	w := newWorld(t)
	issued := w.issue(t)
	one := map[string][]string{testNS: {"sex"}}
	for _, c := range []struct {
		rule       string
		issued     []byte
		docType    string
		elements   map[string][]string
		key        crypto.Signer
		transcript []byte
		want       error
	}{
		{"not an IssuerSigned", []byte{0xa0}, testDocType, one, w.deviceKey, w.transcript, ErrMalformed},
		{"another document type", issued, "another", one, w.deviceKey, w.transcript, ErrDocType},
		{"another device key", issued, testDocType, one, newKey(t, elliptic.P256()), w.transcript, ErrKey},
		{"no device key", issued, testDocType, one, nil, w.transcript, ErrKey},
		{"an element that is not there", issued, testDocType, map[string][]string{testNS: {"sex", "hair"}}, w.deviceKey, w.transcript, ErrElement},
		{"an element of another namespace", issued, testDocType, map[string][]string{testNSNo: {"sex"}}, w.deviceKey, w.transcript, ErrElement},
		{"a namespace that is not there", issued, testDocType, map[string][]string{"another": {"sex"}}, w.deviceKey, w.transcript, ErrElement},
		{"no transcript", issued, testDocType, one, w.deviceKey, nil, cose.ErrMalformed},
		{"two transcripts", issued, testDocType, one, w.deviceKey, append(bytes.Clone(w.transcript), w.transcript...), cose.ErrTrailing},
	} {
		t.Run(c.rule, func(t *testing.T) {
			if b, err := Present(c.issued, c.docType, c.elements, c.key, c.transcript); !errors.Is(err, c.want) || b != nil {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestPresentShowsOnlyWhatIsAskedFor(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		rule     string
		elements map[string][]string
		want     []string
	}{
		{"one", map[string][]string{testNS: {"sex"}}, []string{"sex"}},
		{"in the order issued", map[string][]string{testNS: {"sex", "family_name"}}, []string{"family_name", "sex"}},
		{"of two namespaces", map[string][]string{testNSNo: {"age_over_18"}, testNS: {"given_name"}}, []string{"given_name", "age_over_18"}},
		{"asked for twice", map[string][]string{testNS: {"sex", "sex"}}, []string{"sex"}},
		{"an empty list", map[string][]string{testNS: {"sex"}, testNSNo: {}}, []string{"sex"}},
		{"nothing", nil, nil},
	} {
		t.Run(c.rule, func(t *testing.T) {
			b := w.present(t, c.elements)
			if err := verifyAll(b, w.transcript); err != nil {
				t.Error(err)
			}
			var got []string
			for _, e := range parseOne(t, b).IssuerSigned.Elements() {
				got = append(got, e.Identifier)
			}
			if len(got) != len(c.want) {
				t.Fatalf("got %v, want %v", got, c.want)
			}
			for n := range got {
				if got[n] != c.want[n] {
					t.Errorf("got %v, want %v", got, c.want)
				}
			}
			if len(c.want) == 0 && bytes.Contains(b, []byte("family_name")) {
				t.Error("an element is in the bytes")
			}
		})
	}
}

func TestPresentedBytesAreThoseIssued(t *testing.T) {
	w := newWorld(t)
	issued := w.issue(t)
	b, err := Present(issued, testDocType, map[string][]string{testNS: {"family_name", "portrait"}}, w.deviceKey, w.transcript)
	if err != nil {
		t.Fatal(err)
	}
	doc := parseOne(t, b)
	for _, it := range doc.IssuerSigned.nameSpaces[0].items {
		if !bytes.Contains(issued, it.raw) {
			t.Errorf("%s was encoded anew", it.element.Identifier)
		}
	}
	if !bytes.Contains(issued, doc.IssuerSigned.rawAuth) {
		t.Error("issuerAuth was encoded anew")
	}
	if !bytes.Contains(b, []byte("\x6anameSpaces\xd8\x18\x41\xa0\x6adeviceAuth\xa1\x6fdeviceSignature\x84\x43\xa1\x01\x26\xa0\xf6\x58\x40")) {
		t.Error("deviceSigned is not an empty 24(h'A0') with a detached signature")
	}
}
