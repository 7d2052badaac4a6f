package mdoc

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"lommebok.example/specs/cose"
)

// verifyAll makes every check on every document of a response.
func verifyAll(response, transcript []byte) error {
	r, err := ParseDeviceResponse(response)
	if err != nil {
		return err
	}
	for _, d := range r.Documents {
		err = errors.Join(err, d.IssuerSigned.VerifySignature(), d.IssuerSigned.VerifyDigests(),
			d.VerifyDocType(), d.IssuerSigned.VerifyValidity(testAt), d.VerifyDevice(transcript))
	}
	return err
}

var anyValue = rapid.OneOf(
	rapid.String().AsAny(), rapid.Bool().AsAny(), rapid.Int64().AsAny(),
	rapid.Custom(func(t *rapid.T) any { return rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "bytes") }),
	rapid.Custom(func(t *rapid.T) any {
		return rapid.SampledFrom([]cose.FullDate{"1900-02-28", "2024-02-29", "9999-12-31"}).Draw(t, "date")
	}),
	rapid.Custom(func(t *rapid.T) any {
		list := []any{}
		for _, s := range rapid.SliceOfN(rapid.String(), 0, 5).Draw(t, "list") {
			list = append(list, s)
		}
		return map[string]any{"list": list, "": int64(len(list))}
	}),
)

// drawTemplate fills the world's template with elements in up to three namespaces.
func drawTemplate(t *rapid.T, w *world) Template {
	template := w.template()
	template.Elements = nil
	name := rapid.StringMatching(`[a-zå_]{1,12}`)
	for _, ns := range rapid.SliceOfNDistinct(name, 1, 3, rapid.ID).Draw(t, "namespaces") {
		for _, identifier := range rapid.SliceOfNDistinct(name, 1, 8, rapid.ID).Draw(t, "identifiers") {
			template.Elements = append(template.Elements, Element{ns, identifier, anyValue.Draw(t, "value")})
		}
	}
	return template
}

func TestAnySubsetOfAnyCredentialVerifies(t *testing.T) {
	w := newWorld(t)
	rapid.Check(t, func(r *rapid.T) {
		template := drawTemplate(r, w)
		issued, err := w.signer.Issue(template)
		if err != nil {
			r.Fatal(err)
		}
		ask := map[string][]string{}
		var want []Element
		for _, e := range template.Elements {
			if rapid.Bool().Draw(r, "show") {
				ask[e.Namespace] = append(ask[e.Namespace], e.Identifier)
				want = append(want, e)
			}
		}
		response, err := Present(issued, testDocType, ask, w.deviceKey, w.transcript)
		if err != nil {
			r.Fatal(err)
		}
		if err := verifyAll(response, w.transcript); err != nil {
			r.Fatal(err)
		}
		if got := parseOne(t, response).IssuerSigned.Elements(); !reflect.DeepEqual(got, want) {
			r.Fatalf("got %v, want %v", got, want)
		}
	})
}

// said is everything a reader learns from a document.
type said struct {
	docType  string
	elements []Element
	mso      *MSO
}

// One flipped bit in any byte is found, or at most hides the elements, by spoiling the name they
// stand under: nothing is learnt that was not said. The certificate is not signed by the
// document, and its trust is not this package's, so most of what passes is there.
func TestNoFlippedBitChangesWhatIsSaid(t *testing.T) {
	w := newWorld(t)
	good := w.present(t, map[string][]string{testNS: {"family_name", "birth_date"}, testNSNo: {"age_over_18"}})
	say := func(b []byte) said {
		d := parseOne(t, b)
		return said{d.DocType, d.IssuerSigned.Elements(), d.IssuerSigned.MSO()}
	}
	want := say(good)
	accepted := 0
	for at := range good {
		b := bytes.Clone(good)
		b[at] ^= 1 << (at % 8)
		if verifyAll(b, w.transcript) != nil {
			continue
		}
		accepted++
		r, err := ParseDeviceResponse(b)
		if err != nil || len(r.Documents) == 0 {
			continue // a name of the frame was changed, and the document is gone with it
		}
		got := say(b)
		if got.elements == nil {
			got.elements = want.elements
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("byte %d: %v", at, got)
		}
	}
	if accepted > len(w.chain[0].Raw) {
		t.Errorf("%d changes accepted", accepted)
	}
}

func seeds(f *testing.F) (*world, [][]byte) {
	f.Helper()
	w := newWorld(f)
	issued := w.issue(f)
	return w, [][]byte{issued, w.forge(f, nil), w.present(f, nil), w.present(f, map[string][]string{testNS: {"sex"}}), w.response(f, issued, nil)}
}

// look calls everything that reads, and holds it to what parsing promises.
func look(t *testing.T, i *IssuerSigned) {
	for _, e := range i.Elements() {
		if e.Identifier == "" {
			t.Fatal("element without identifier")
		}
	}
	if _, err := json.Marshal(i.Claims()); err != nil {
		t.Fatalf("claims have no JSON: %v", err)
	}
	key, err := i.DeviceKey()
	if (key == nil) == (err == nil) {
		t.Fatalf("device key %v, %v", key, err)
	}
	if i.DocType() == "" || i.ValidFrom().IsZero() || i.ValidUntil().IsZero() || i.MSO().Version != "1.0" {
		t.Fatalf("security object %+v", i.MSO())
	}
	if s := i.Status(); s != nil && s.URI == "" {
		t.Fatal("status without list")
	}
	if i.VerifySignature() == nil && len(i.Chain()) == 0 {
		t.Fatal("signature without a certificate")
	}
	if i.VerifyDigests() == nil {
		for _, ns := range i.nameSpaces {
			for _, it := range ns.items {
				if i.mso.lookup(ns.name, it.digestID) == nil {
					t.Fatal("element without a digest")
				}
			}
		}
	}
	if i.VerifyValidity(testAt) == nil && (testAt.Before(i.ValidFrom()) || !testAt.Before(i.ValidUntil())) {
		t.Fatal("valid outside its validity")
	}
	again := appendShown(nil, i.nameSpaces, i.rawAuth)
	if j, err := ParseIssuerSigned(again); err != nil || !reflect.DeepEqual(j.Elements(), i.Elements()) {
		t.Fatalf("written and read again: %v", err)
	}
}

func FuzzParseIssuerSigned(f *testing.F) {
	_, list := seeds(f)
	for _, b := range list {
		f.Add(b)
	}
	if b, ok := annexDBytes(f); ok {
		r, err := ParseDeviceResponse(b)
		if err != nil {
			f.Fatal(err)
		}
		i := r.Documents[0].IssuerSigned
		f.Add(appendShown(nil, i.nameSpaces, i.rawAuth))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		i, err := ParseIssuerSigned(b)
		if err != nil {
			return
		}
		look(t, i)
	})
}

func FuzzParseDeviceResponse(f *testing.F) {
	w, list := seeds(f)
	for _, b := range list {
		f.Add(b)
	}
	if b, ok := annexDBytes(f); ok {
		f.Add(b)
	}
	reader, err := w.issuerKey.ECDH()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ParseDeviceResponse(b)
		if err != nil {
			return
		}
		for _, d := range r.Documents {
			look(t, d.IssuerSigned)
			if (d.VerifyDocType() == nil) != (d.DocType == d.IssuerSigned.DocType()) {
				t.Fatal("document type")
			}
			signed, mac := d.VerifyDevice(w.transcript), d.VerifyDeviceMAC(w.transcript, reader)
			if errors.Is(signed, ErrDeviceKind) == errors.Is(mac, ErrDeviceKind) {
				t.Fatalf("neither or both kinds of device authentication: %v, %v", signed, mac)
			}
		}
	})
}
