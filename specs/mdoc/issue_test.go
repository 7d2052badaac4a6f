package mdoc

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	oracle "github.com/veraison/go-cose"

	"lommebok.example/specs/cose"
)

func TestIssueRefuses(t *testing.T) {
	w := newWorld(t)
	leaf := w.chain[0]
	for _, c := range []struct {
		rule string
		edit func(*Template)
		want error
	}{
		{"no document type", func(t *Template) { t.DocType = "" }, ErrTemplate},
		{"document type not UTF-8", func(t *Template) { t.DocType = "\xff" }, ErrTemplate},
		{"no elements", func(t *Template) { t.Elements = nil }, ErrTemplate},
		{"element without namespace", func(t *Template) { t.Elements[0].Namespace = "" }, ErrTemplate},
		{"element without identifier", func(t *Template) { t.Elements[0].Identifier = "" }, ErrTemplate},
		{"namespace not UTF-8", func(t *Template) { t.Elements[0].Namespace = "\xff" }, ErrTemplate},
		{"element without value", func(t *Template) { t.Elements[0].Value = nil }, ErrElement},
		{"element twice", func(t *Template) { t.Elements[1].Identifier = t.Elements[0].Identifier }, ErrElement},
		{"value of no known type", func(t *Template) { t.Elements[0].Value = 1.5 }, cose.ErrValue},
		{"value not UTF-8", func(t *Template) { t.Elements[0].Value = "\xff" }, cose.ErrUTF8},
		{"value too deep to be read back", func(t *Template) { t.Elements[0].Value = nested(cose.MaxDepth) }, cose.ErrDepth},
		{"date that is none", func(t *Template) { t.Elements[2].Value = cose.FullDate("1990-02-30") }, cose.ErrDate},
		{"no device key", func(t *Template) { t.DeviceKey = nil }, ErrKey},
		{"device key of another curve", func(p *Template) { p.DeviceKey = &newKey(t, elliptic.P224()).PublicKey }, ErrKey},
		{"no signed", func(t *Template) { t.Signed = time.Time{} }, ErrTimes},
		{"no validFrom", func(t *Template) { t.ValidFrom = time.Time{} }, ErrTimes},
		{"no validUntil", func(t *Template) { t.ValidUntil = time.Time{} }, ErrTimes},
		{"validFrom before signed", func(t *Template) { t.ValidFrom = t.Signed.Add(-time.Second) }, ErrTimes},
		{"validUntil at validFrom", func(t *Template) { t.ValidUntil = t.ValidFrom }, ErrTimes},
		{"validUntil after validFrom by less than a second", func(t *Template) { t.ValidUntil = t.ValidFrom.Add(time.Millisecond) }, ErrTimes},
		{"validUntil after the certificate's end", func(t *Template) { t.ValidUntil = leaf.NotAfter.Add(time.Second) }, ErrTimes},
		{"signed before the certificate's begin", func(t *Template) { t.Signed = leaf.NotBefore.Add(-time.Second) }, ErrTimes},
		{"a year of five digits", func(t *Template) { t.ValidUntil = t.ValidUntil.AddDate(9000, 0, 0) }, ErrTimes},
		{"status without a list", func(t *Template) { t.Status = &StatusRef{Index: 1} }, ErrTemplate},
		{"identifier without a list", func(t *Template) { t.Status, t.Identifier = nil, &IdentifierRef{ID: []byte{1}} }, ErrTemplate},
		{"identifier empty", func(t *Template) { t.Status, t.Identifier = nil, &IdentifierRef{URI: "https://x"} }, ErrTemplate},
		{"status by two mechanisms", func(t *Template) { t.Identifier = &IdentifierRef{ID: []byte{1}, URI: "https://x"} }, ErrTemplate},
	} {
		t.Run(c.rule, func(t *testing.T) {
			template := w.template()
			c.edit(&template)
			if b, err := w.signer.Issue(template); !errors.Is(err, c.want) || b != nil {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	t.Run("validUntil at the certificate's end", func(t *testing.T) {
		template := w.template()
		template.ValidUntil = leaf.NotAfter
		if _, err := w.signer.Issue(template); err != nil {
			t.Error(err)
		}
	})
	t.Run("value as deep as can be read back", func(t *testing.T) {
		template := w.template()
		template.Elements[0].Value = nested(cose.MaxDepth - 1)
		b, err := w.signer.Issue(template)
		if err != nil {
			t.Fatal(err)
		}
		parse(t, b)
	})
}

func nested(depth int) any {
	var v any = "core"
	for range depth {
		v = []any{v}
	}
	return v
}

func TestNewSignerRefuses(t *testing.T) {
	w := newWorld(t)
	other := newKey(t, elliptic.P256())
	rsa := &x509.Certificate{RawSubject: []byte{1}, RawIssuer: []byte{2}, Raw: []byte{1}, PublicKey: "not a key"}
	self := *w.chain[0]
	self.RawIssuer = self.RawSubject
	for _, c := range []struct {
		rule  string
		key   *ecdsa.PrivateKey
		chain []*x509.Certificate
		want  error
	}{
		{"no chain", w.issuerKey, nil, ErrChain},
		{"a certificate that is nil", w.issuerKey, []*x509.Certificate{nil}, ErrChain},
		{"self-issued leaf", w.issuerKey, []*x509.Certificate{&self}, ErrChain},
		{"anchor at the end", w.issuerKey, []*x509.Certificate{w.chain[0], &self}, ErrChain},
		{"certificate of another key", other, w.chain, ErrKey},
		{"certificate of another kind of key", w.issuerKey, []*x509.Certificate{rsa}, ErrKey},
	} {
		t.Run(c.rule, func(t *testing.T) {
			if _, err := NewSigner(c.key, c.chain); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	if _, err := NewSigner(nil, w.chain); !errors.Is(err, ErrKey) {
		t.Errorf("no key: %v", err)
	}
}

// issuedForm is the wire form as the library alone reads it.
type issuedForm struct {
	NameSpaces map[string][]cose.RawMessage `cbor:"nameSpaces"`
	IssuerAuth []cose.RawMessage            `cbor:"issuerAuth"`
}

type msoForm struct {
	Version         string                       `cbor:"version"`
	DigestAlgorithm string                       `cbor:"digestAlgorithm"`
	ValueDigests    map[string]map[uint64][]byte `cbor:"valueDigests"`
	DeviceKeyInfo   map[string]cose.RawMessage   `cbor:"deviceKeyInfo"`
	DocType         string                       `cbor:"docType"`
	ValidityInfo    map[string]cose.TDate        `cbor:"validityInfo"`
	Status          map[string]struct {
		Index uint64 `cbor:"idx"`
		URI   string `cbor:"uri"`
	} `cbor:"status"`
}

func TestIssuedForm(t *testing.T) {
	w := newWorld(t)
	var form issuedForm
	if err := cose.Unmarshal(w.issue(t), &form); err != nil {
		t.Fatal(err)
	}
	if len(form.IssuerAuth) != 4 || !bytes.Equal(form.IssuerAuth[0], []byte{0x43, 0xa1, 0x01, 0x26}) {
		t.Fatalf("issuerAuth %x", form.IssuerAuth)
	}
	var unprotected map[int64][]byte
	if err := cose.Unmarshal(form.IssuerAuth[1], &unprotected); err != nil || !bytes.Equal(unprotected[33], w.chain[0].Raw) || len(unprotected) != 1 {
		t.Errorf("unprotected header: %v", err)
	}
	var payload []byte
	var encoded cose.Encoded
	var mso msoForm
	if err := errors.Join(cose.Unmarshal(form.IssuerAuth[2], &payload), cose.Unmarshal(payload, &encoded), cose.Unmarshal(encoded, &mso)); err != nil {
		t.Fatal(err)
	}
	checkMSOForm(t, w, mso)
	for ns, items := range form.NameSpaces {
		if len(items) != len(mso.ValueDigests[ns]) {
			t.Errorf("%s: %d items, %d digests", ns, len(items), len(mso.ValueDigests[ns]))
		}
		for _, it := range items {
			checkItemForm(t, it, mso.ValueDigests[ns])
		}
	}
}

func checkMSOForm(t *testing.T, w *world, mso msoForm) {
	t.Helper()
	if mso.Version != "1.0" || mso.DigestAlgorithm != "SHA-256" || mso.DocType != testDocType {
		t.Errorf("mobile security object %+v", mso)
	}
	want := map[string]cose.TDate{"signed": cose.TDate(testSigned), "validFrom": cose.TDate(testSigned), "validUntil": cose.TDate(testUntil)}
	if !reflect.DeepEqual(mso.ValidityInfo, want) {
		t.Errorf("validityInfo %v", mso.ValidityInfo)
	}
	if s := mso.Status["status_list"]; s.Index != 4711 || s.URI != "https://issuer.example/status/1" {
		t.Errorf("status %+v", s)
	}
	if key, err := cose.ParseKey(mso.DeviceKeyInfo["deviceKey"]); err != nil || !key.Equal(&w.deviceKey.PublicKey) {
		t.Errorf("deviceKey: %v", err)
	}
}

func checkItemForm(t *testing.T, raw cose.RawMessage, digests map[uint64][]byte) {
	t.Helper()
	sum := sha256.Sum256(raw)
	r := cose.NewReader(cose.NewReader(raw).Encoded())
	if r.Map() != 4 {
		t.Fatalf("item %x", raw)
	}
	var order []string
	for range 4 {
		name := r.Text()
		order = append(order, name)
		switch name {
		case "digestID":
			if id := r.Uint(); !bytes.Equal(digests[id], sum[:]) {
				t.Errorf("digest of %d is not over the bytes with tag 24", id)
			}
		case "random":
			if n := len(r.Bytes()); n != 32 {
				t.Errorf("random of %d bytes", n)
			}
		default:
			r.Skip()
		}
	}
	if want := []string{"digestID", "random", "elementIdentifier", "elementValue"}; !slices.Equal(order, want) {
		t.Errorf("item members %v", order)
	}
}

func TestIssuedIsVerifiedByTheOracle(t *testing.T) {
	w := newWorld(t)
	var m oracle.UntaggedSign1Message
	if err := m.UnmarshalCBOR(parse(t, w.issue(t)).rawAuth); err != nil {
		t.Fatal(err)
	}
	verifier, err := oracle.NewVerifier(oracle.AlgorithmES256, w.issuerKey.Public())
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Verify(nil, verifier); err != nil {
		t.Error(err)
	}
}

// Two copies of one credential have nothing in common that tells they belong together.
func TestCopiesShareNoRandomsAndNoOrder(t *testing.T) {
	w := newWorld(t)
	template := w.twenty()
	randoms := map[string]bool{}
	orders := map[string]bool{}
	const copies = 8
	for range copies {
		b, err := w.signer.Issue(template)
		if err != nil {
			t.Fatal(err)
		}
		var order []byte
		for _, it := range parse(t, b).nameSpaces[0].items {
			content := cose.NewReader(it.raw).Encoded()
			at := bytes.Index(content, []byte("random\x58\x20"))
			randoms[string(content[at+8:at+40])] = true
			order = append(order, byte(it.digestID))
		}
		orders[string(order)] = true
		if sorted := slices.Sorted(slices.Values(order)); sorted[0] != 0 || sorted[19] != 19 || len(slices.Compact(sorted)) != 20 {
			t.Errorf("digestIDs %v are not 0 to 19", order)
		}
	}
	if len(randoms) != copies*20 {
		t.Errorf("%d different randoms of %d", len(randoms), copies*20)
	}
	if len(orders) != copies {
		t.Errorf("%d different orders of %d", len(orders), copies)
	}
}

// Every digestID falls on every element about equally often.
func TestShuffleIsEven(t *testing.T) {
	const n, rounds = 5, 4000
	counts := map[[2]uint64]int{}
	w := newWorld(t)
	template := w.twenty()
	template.Elements = template.Elements[:n]
	for range rounds {
		u, err := Prepare(template)
		if err != nil {
			t.Fatal(err)
		}
		view, err := u.View()
		if err != nil {
			t.Fatal(err)
		}
		for place, it := range view.nameSpaces[0].items {
			counts[[2]uint64{uint64(place), it.digestID}]++
		}
	}
	if len(counts) != n*n {
		t.Errorf("%d of %d places are ever taken", len(counts), n*n)
	}
	for place, count := range counts { // 800 expected, deviation 25: ten of them
		if count < 550 || count > 1050 {
			t.Errorf("element %d has digestID %d %d times", place[0], place[1], count)
		}
	}
}

func TestWhatIsPreparedIsWhatIsSigned(t *testing.T) {
	w := newWorld(t)
	u, err := Prepare(w.template())
	if err != nil {
		t.Fatal(err)
	}
	view, err := u.View()
	if err != nil {
		t.Fatal(err)
	}
	if err := view.VerifyDigests(); err != nil {
		t.Error(err)
	}
	if err := view.VerifySignature(); !errors.Is(err, ErrChain) {
		t.Errorf("not signed yet, but: %v", err)
	}
	b, err := u.Sign(w.signer)
	if err != nil {
		t.Fatal(err)
	}
	i := parse(t, b)
	if !bytes.Equal(i.issuerAuth.Payload, u.Payload()) || !bytes.Contains(b, u.nameSpaces) {
		t.Error("other bytes were signed than prepared")
	}
	if !reflect.DeepEqual(view.Elements(), i.Elements()) || !reflect.DeepEqual(view.MSO(), i.MSO()) {
		t.Error("the view is not what was issued")
	}
	u.Payload()[0] ^= 1
	if again, err := u.Sign(w.signer); err != nil || !bytes.Equal(parse(t, again).issuerAuth.Payload, i.issuerAuth.Payload) {
		t.Errorf("what Payload gives can change what is signed: %v", err)
	}
}

func TestIssueOnEveryCurve(t *testing.T) {
	for _, curve := range []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()} {
		w := newWorldOn(t, curve)
		if err := verifyAll(w.present(t, map[string][]string{testNS: {"sex"}}), w.transcript); err != nil {
			t.Errorf("%s: %v", curve.Params().Name, err)
		}
	}
}

func TestTimesAreWrittenToTheSecondInUTC(t *testing.T) {
	w := newWorld(t)
	template := w.template()
	oslo := time.FixedZone("CET", 3600)
	template.Signed = testSigned.In(oslo).Add(999 * time.Millisecond)
	template.ValidFrom = template.Signed
	b, err := w.signer.Issue(template)
	if err != nil {
		t.Fatal(err)
	}
	if i := parse(t, b); !i.MSO().Signed.Equal(testSigned) || !i.ValidFrom().Equal(testSigned) {
		t.Errorf("signed %v", i.MSO().Signed)
	}
}

func TestElementsAndClaims(t *testing.T) {
	w := newWorld(t)
	i := parse(t, w.issue(t))
	want := map[string]any{
		testNS: map[string]any{
			"family_name": "Ås", "given_name": "Ola", "birth_date": "1990-02-28", "nationality": []any{"NO"},
			"place_of_birth": map[string]any{"locality": "Tromsø", "country": "NO"}, "portrait": "_9g", "sex": int64(2),
		},
		testNSNo: map[string]any{
			"issued_at": "2026-03-01T00:00:00Z", "age_over_18": true, "balance": int64(-300),
			"privileges": []any{map[string]any{"code": "B", "from": "2010-01-01"}},
		},
	}
	if got := i.Claims(); !reflect.DeepEqual(got, want) {
		t.Errorf("claims %v", got)
	}
	var names []string
	for _, e := range i.Elements() {
		names = append(names, e.Identifier)
	}
	var order []string
	for _, e := range w.template().Elements {
		order = append(order, e.Identifier)
	}
	if !slices.Equal(names, order) {
		t.Errorf("elements %v", names)
	}
	if s := i.Status(); s == nil || s.Index != 4711 || s.URI != "https://issuer.example/status/1" {
		t.Errorf("status %+v", s)
	}
	if len(slices.Collect(maps.Keys(i.Claims()))) != 2 {
		t.Error("two namespaces were issued")
	}
}

func TestClaimsOfTagsAreTheirContent(t *testing.T) {
	w := newWorld(t)
	b := w.forge(t, func(f *forgery) {
		f.items[testNS] = []any{forgedItem(1, "uuid", cose.Tag{Number: 37, Content: []byte{1}}), forgedItem(2, "inner", cose.Encoded{0xa0})}
	})
	got := parse(t, b).Claims()[testNS]
	if want := map[string]any{"uuid": "AQ", "inner": "oA"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v", got)
	}
}
