package mdoc

import (
	"crypto"
	"testing"
	"time"

	"lommebok.example/specs/cose"
)

// forgery is an mdoc that a dishonest or careless issuer could sign: everything about it
// can be changed before it is encoded, with none of the encoder under test.
type forgery struct {
	hash                   crypto.Hash
	items                  map[string][]any // values of IssuerSignedItem; a cose.Encoded is taken as the item's bytes
	editMSO                func(mso map[string]any)
	payload                func(mso []byte) []byte // from encoded MSO to payload; nil wraps in tag 24
	protected, unprotected cose.Header
	auth                   func(auth *cose.Sign1) any // nil leaves issuerAuth as signed
	outer                  func(issuerSigned map[string]any)
}

func forgedItem(id uint64, identifier string, value any) map[string]any {
	return map[string]any{"digestID": id, "random": make([]byte, 32), "elementIdentifier": identifier, "elementValue": value}
}

// forge signs a small credential of two elements after edit has had its way.
func (w *world) forge(t testing.TB, edit func(f *forgery)) []byte {
	t.Helper()
	f := &forgery{
		hash:        crypto.SHA256,
		items:       map[string][]any{testNS: {forgedItem(3, "family_name", "Ås"), forgedItem(5, "sex", 2)}},
		editMSO:     func(map[string]any) {},
		unprotected: cose.Header{X5Chain: w.chain},
	}
	if edit != nil {
		edit(f)
	}
	nameSpaces, digests := f.encodeItems(t)
	mso := w.forgedMSO(t, f.hash, digests)
	f.editMSO(mso)
	return f.seal(t, w, nameSpaces, encode(t, mso))
}

func (f *forgery) encodeItems(t testing.TB) (map[string][]any, map[string]any) {
	t.Helper()
	nameSpaces, digests := map[string][]any{}, map[string]any{}
	for ns, items := range f.items {
		sums := map[uint64][]byte{}
		encoded := []any{}
		for _, it := range items {
			e, ready := it.(cose.Encoded)
			if !ready {
				e = cose.Encoded(encode(t, it))
			}
			encoded = append(encoded, e)
			h := f.hash.New()
			h.Write(e.Bytes())
			if m, ok := it.(map[string]any); ok {
				if id, ok := m["digestID"].(uint64); ok {
					sums[id] = h.Sum(nil)
				}
			}
		}
		nameSpaces[ns], digests[ns] = encoded, sums
	}
	return nameSpaces, digests
}

func (w *world) forgedMSO(t testing.TB, hash crypto.Hash, digests map[string]any) map[string]any {
	t.Helper()
	key, err := cose.MarshalKey(&w.deviceKey.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{
		"version": "1.0", "digestAlgorithm": hash.String(), "valueDigests": digests, "docType": testDocType,
		"deviceKeyInfo": map[string]any{"deviceKey": cose.RawMessage(key)},
		"validityInfo":  validity(testSigned, testSigned, testUntil),
	}
}

func validity(signed, from, until time.Time) map[string]any {
	return map[string]any{"signed": cose.TDate(signed), "validFrom": cose.TDate(from), "validUntil": cose.TDate(until)}
}

func (f *forgery) seal(t testing.TB, w *world, nameSpaces map[string][]any, mso []byte) []byte {
	t.Helper()
	payload := cose.Encoded(mso).Bytes()
	if f.payload != nil {
		payload = f.payload(mso)
	}
	auth, err := cose.Sign(w.issuerKey, f.protected, f.unprotected, payload, false)
	if err != nil {
		t.Fatal(err)
	}
	issuerSigned := map[string]any{"nameSpaces": nameSpaces, "issuerAuth": auth}
	if f.auth != nil {
		issuerSigned["issuerAuth"] = f.auth(auth)
	}
	if f.outer != nil {
		f.outer(issuerSigned)
	}
	return encode(t, issuerSigned)
}

// response wraps an IssuerSigned in a DeviceResponse signed by the wallet, after edit.
func (w *world) response(t testing.TB, issuerSigned []byte, edit func(response, document, deviceSigned map[string]any)) []byte {
	t.Helper()
	deviceSigned := map[string]any{
		"nameSpaces": cose.Encoded{0xa0},
		"deviceAuth": map[string]any{"deviceSignature": w.deviceSignature(t, testDocType, cose.Encoded{0xa0}, true)},
	}
	document := map[string]any{"docType": testDocType, "issuerSigned": cose.RawMessage(issuerSigned), "deviceSigned": deviceSigned}
	response := map[string]any{"version": "1.0", "documents": []any{document}, "status": 0}
	if edit != nil {
		edit(response, document, deviceSigned)
	}
	return encode(t, response)
}

// deviceSignature is made with Marshal alone, apart from the code under test.
func (w *world) deviceSignature(t testing.TB, docType string, nameSpaces cose.Encoded, detached bool) *cose.Sign1 {
	t.Helper()
	authentication := encode(t, []any{"DeviceAuthentication", cose.RawMessage(w.transcript), docType, nameSpaces})
	s, err := cose.Sign(w.deviceKey, cose.Header{}, cose.Header{}, encode(t, cose.Encoded(authentication)), detached)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
