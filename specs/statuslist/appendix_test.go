package statuslist

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"lommebok.example/specs/cose"
	"lommebok.example/specs/jose"
)

// vector is an example of the draft's test vectors: the statuses of a list of 2^20 entries that are not 0, and the list in both of its
// encodings.
type vector struct {
	Bits   Bits              `json:"bits"`
	LST    string            `json:"lst"`
	CBOR   string            `json:"cbor"`
	Status map[uint64]Status `json:"status"`
}

// The test vectors for the encoding, with 1, 2, 4 and 8 bits: the list that is made of the table is the one in the draft, byte for byte.
// The compressed form is read and not compared, since zlib leaves the choice of the stream to who writes it.
func TestAppendixVectors(t *testing.T) {
	raw, err := os.ReadFile("testdata/appendix.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(raw, &vectors); err != nil || len(vectors) != 4 {
		t.Fatalf("%d vectors, %v", len(vectors), err)
	}
	for n, v := range vectors {
		if v.Bits != 1<<n || len(v.Status) < 11 {
			t.Fatalf("vector %d: %d bits, %d statuses", n, v.Bits, len(v.Status))
		}
		made := New(v.Bits, 1<<20)
		for i, s := range v.Status {
			if err := made.Set(i, s); err != nil {
				t.Fatal(err)
			}
		}
		lst, err := jose.DecodeBase64URL(v.LST)
		if err != nil {
			t.Fatal(err)
		}
		for form, compressed := range map[string][]byte{"JSON": lst, "CBOR": lstOf(t, unhex(t, v.CBOR), v.Bits)} {
			theirs, err := Decompress(v.Bits, compressed)
			if err != nil {
				t.Fatal(err)
			}
			if theirs.Len() != 1<<20 || !bytes.Equal(theirs.data, made.data) {
				t.Errorf("%d bits, %s: the list is not that of the table", v.Bits, form)
			}
		}
	}
}

// lstOf reads the CBOR form of a list (section 4.3).
func lstOf(t *testing.T, raw []byte, bits Bits) []byte {
	t.Helper()
	var list cborList
	if err := cose.Unmarshal(raw, &list); err != nil || list.Bits == nil || Bits(*list.Bits) != bits {
		t.Fatalf("%+v, %v", list, err)
	}
	return list.Lst
}
