package mdoc

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"lommebok.example/specs/cose"
)

// The vectors of ISO/IEC 18013-5 Annex D stand beside the module's root.
var annexDPath = filepath.Join("..", "..", "..", "shared", "vectors", "iso18013-5-annex-d.json")

// annexD gives a vector by its name. Without the file the test is left out.
func annexD(t testing.TB) func(name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(annexDPath)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("left out: %s is not there", annexDPath)
	}
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]string
	if err := json.Unmarshal(raw, &values); err != nil {
		t.Fatal(err)
	}
	return func(name string) []byte {
		b, err := hex.DecodeString(values["ISO_18013_5_ANNEX_D_"+name])
		if err != nil || len(b) == 0 {
			t.Fatalf("vector %s: %d bytes, %v", name, len(b), err)
		}
		return b
	}
}

// annexDBytes is the DeviceResponse as a seed, if the vectors are there.
func annexDBytes(f *testing.F) ([]byte, bool) {
	f.Helper()
	if _, err := os.Stat(annexDPath); err != nil {
		return nil, false
	}
	return annexD(f)("DEVICE_RESPONSE"), true
}

var annexDTime = time.Date(2021, 3, 1, 12, 0, 0, 0, time.UTC)

// annexDDocument gives the document of the Annex D response, its session transcript
// and the reader's ephemeral key.
func annexDDocument(t testing.TB) (*Document, []byte, *ecdh.PrivateKey) {
	t.Helper()
	vector := annexD(t)
	response, err := ParseDeviceResponse(vector("DEVICE_RESPONSE"))
	if err != nil {
		t.Fatal(err)
	}
	if response.Status != 0 || len(response.Documents) != 1 {
		t.Fatalf("status %d, %d documents", response.Status, len(response.Documents))
	}
	var transcript cose.Encoded
	if err := cose.Unmarshal(vector("SESSION_TRANSCRIPT_BYTES"), &transcript); err != nil {
		t.Fatal(err)
	}
	reader, err := ecdh.P256().NewPrivateKey(vector("EPHEMERAL_READER_KEY_D"))
	if err != nil {
		t.Fatal(err)
	}
	return response.Documents[0], transcript, reader
}

func TestAnnexDEveryCheckHolds(t *testing.T) {
	doc, transcript, reader := annexDDocument(t)
	checks := map[string]error{
		"issuer signature": doc.IssuerSigned.VerifySignature(),
		"digests":          doc.IssuerSigned.VerifyDigests(),
		"document type":    doc.VerifyDocType(),
		"validity":         doc.IssuerSigned.VerifyValidity(annexDTime),
		"device MAC":       doc.VerifyDeviceMAC(transcript, reader),
	}
	for name, err := range checks {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnnexDContent(t *testing.T) {
	vector := annexD(t)
	doc, _, _ := annexDDocument(t)
	i := doc.IssuerSigned
	if doc.DocType != "org.iso.18013.5.1.mDL" || i.DocType() != doc.DocType {
		t.Errorf("docType %q", doc.DocType)
	}
	if chain := i.Chain(); len(chain) != 1 || !bytes.Equal(chain[0].Raw, vector("DS_CERT")) {
		t.Error("x5chain is not the document signer's certificate")
	}
	key, err := i.DeviceKey()
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.Bytes()
	if err != nil || !bytes.Equal(point[1:], append(vector("STATIC_DEVICE_KEY_X"), vector("STATIC_DEVICE_KEY_Y")...)) {
		t.Errorf("device key %x, %v", point, err)
	}
	privileges := []any{
		map[string]any{"vehicle_category_code": "A", "issue_date": cose.FullDate("2018-08-09"), "expiry_date": cose.FullDate("2024-10-20")},
		map[string]any{"vehicle_category_code": "B", "issue_date": cose.FullDate("2017-02-23"), "expiry_date": cose.FullDate("2024-10-20")},
	}
	ns := "org.iso.18013.5.1"
	want := []Element{
		{ns, "family_name", "Doe"}, {ns, "issue_date", cose.FullDate("2019-10-20")}, {ns, "expiry_date", cose.FullDate("2024-10-20")},
		{ns, "document_number", "123456789"}, {ns, "portrait", vector("DEVICE_RESPONSE_PORTRAIT_DATA")}, {ns, "driving_privileges", privileges},
	}
	if got := i.Elements(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
	if m := i.MSO(); m.Version != "1.0" || m.DigestAlgorithm != "SHA-256" || i.Status() != nil ||
		!i.ValidFrom().Equal(time.Date(2020, 10, 1, 13, 30, 2, 0, time.UTC)) || !i.ValidUntil().Equal(time.Date(2021, 10, 1, 13, 30, 2, 0, time.UTC)) {
		t.Errorf("mobile security object %+v", m)
	}
}

func TestAnnexDTampered(t *testing.T) {
	vector := annexD(t)
	good, transcript, reader := annexDDocument(t)
	raw := vector("DEVICE_RESPONSE")
	other, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	change := func(old, replacement string) *Document {
		if bytes.Count(raw, []byte(old)) == 0 || len(old) != len(replacement) {
			t.Fatalf("%q cannot become %q", old, replacement)
		}
		return parseOne(t, bytes.Replace(raw, []byte(old), []byte(replacement), 1))
	}
	docType := change("org.iso.18013.5.1.mDL", "org.iso.18013.5.1.mDX")
	for _, c := range []struct {
		rule string
		err  error
		want error
	}{
		{"value changed", change("Doe", "Roe").IssuerSigned.VerifyDigests(), ErrDigest},
		{"identifier changed", change("family_name", "family_nick").IssuerSigned.VerifyDigests(), ErrDigest},
		{"namespace changed", change("qorg.iso.18013.5.1\x86", "qorg.iso.18013.5.2\x86").IssuerSigned.VerifyDigests(), ErrNoDigest},
		{"document type changed", docType.VerifyDocType(), ErrDocType},
		{"document type changed, device", docType.VerifyDeviceMAC(transcript, reader), ErrDevice},
		{"security object changed", change("2021-10-01T", "2031-10-01T").IssuerSigned.VerifySignature(), ErrSignature},
		{"other transcript", good.VerifyDeviceMAC([]byte{0xf6}, reader), ErrDevice},
		{"other reader key", good.VerifyDeviceMAC(transcript, other), ErrDevice},
		{"no reader key", good.VerifyDeviceMAC(transcript, nil), ErrKey},
		{"signature wanted", good.VerifyDevice(transcript), ErrDeviceKind},
		{"not valid yet", good.IssuerSigned.VerifyValidity(time.Date(2020, 10, 1, 13, 30, 1, 0, time.UTC)), ErrNotYetValid},
		{"expired to the second", good.IssuerSigned.VerifyValidity(time.Date(2021, 10, 1, 13, 30, 2, 0, time.UTC)), ErrExpired},
	} {
		t.Run(c.rule, func(t *testing.T) {
			if !errors.Is(c.err, c.want) {
				t.Errorf("got %v, want %v", c.err, c.want)
			}
		})
	}
}

// The Annex D credential, held by a wallet of ours, can be presented by signature.
func TestAnnexDPresented(t *testing.T) {
	vector := annexD(t)
	doc, transcript, _ := annexDDocument(t)
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), vector("STATIC_DEVICE_KEY_D"))
	if err != nil {
		t.Fatal(err)
	}
	issuerSigned := appendShown(nil, doc.IssuerSigned.nameSpaces, doc.IssuerSigned.rawAuth)
	if !bytes.Contains(vector("DEVICE_RESPONSE"), issuerSigned) {
		t.Error("IssuerSigned is not as received")
	}
	b, err := Present(issuerSigned, doc.DocType, map[string][]string{"org.iso.18013.5.1": {"family_name", "issue_date"}}, key, transcript)
	if err != nil {
		t.Fatal(err)
	}
	shown := parseOne(t, b)
	if err := errors.Join(shown.VerifyDevice(transcript), shown.IssuerSigned.VerifySignature(), shown.IssuerSigned.VerifyDigests()); err != nil {
		t.Error(err)
	}
	if n := len(shown.IssuerSigned.Elements()); n != 2 {
		t.Errorf("%d elements shown", n)
	}
}
