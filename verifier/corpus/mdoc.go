package corpus

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"slices"
	"time"

	"lommebok.example/specs/cose"
	"lommebok.example/specs/jose"
)

// item is an IssuerSignedItem to be.
type item struct {
	id         int
	identifier string
	value      any
}

func (i item) encode() []byte {
	return cose.Encoded(must(cose.Marshal(object{
		"digestID": i.id, "random": saltOf(i.identifier), "elementIdentifier": i.identifier, "elementValue": i.value,
	}))).Bytes()
}

// message is a COSE_Sign1 to be, with the places where it can be broken.
type message struct {
	protected, unprotected map[int64]any
	payload                []byte
	detached               bool
	external               []byte // what is signed where it is detached
	key                    signer
	seal                   func(structure []byte) []byte // in place of the signature
	tagged                 bool
}

func (m message) encode() []byte {
	protected := must(cose.Marshal(m.protected))
	signed := m.payload
	if m.detached {
		signed = m.external
	}
	structure := must(cose.Marshal([]any{"Signature1", protected, []byte{}, signed}))
	seal := m.seal
	if seal == nil {
		seal = m.key.signRaw
	}
	var payload any = m.payload
	if m.detached {
		payload = nil
	}
	out := must(cose.Marshal([]any{protected, m.unprotected, payload, seal(structure)}))
	if m.tagged {
		out = append(cose.AppendTag(nil, 18), out...)
	}
	return out
}

// mdoc is a DeviceResponse to be.
type mdoc struct {
	items    []item // those that are shown
	digested []item // those whose digest is signed
	digest   func(encoded []byte) []byte
	mso      object
	auth     message
	late     func(m *mdoc) // changes what is shown after it has been signed
	docType  string
	device   message
	mac      signer // the reader's key: a MAC in place of the signature
	noAuth   bool
	both     bool
	names    object // what the device signs itself
	sees     []byte // the session transcript that the device signs
	members  object // of the response
	document func(object)
	edit     func([]byte) []byte
	whole    func(text string) string
}

func (w *world) goodMdoc() *mdoc {
	all := []item{
		{1, "given_name", "Eksakt"}, {2, "family_name", "Karies"}, {3, "birth_date", cose.FullDate("1998-06-12")}, {4, "issuing_country", "NO"},
	}
	x, y := w.coordinates(w.holder)
	m := &mdoc{
		items: all[:2], digested: all, docType: pidDoc, sees: w.transcript, names: object{},
		digest: func(encoded []byte) []byte { sum := sha256.Sum256(encoded); return sum[:] },
	}
	m.mso = object{
		"version": "1.0", "digestAlgorithm": "SHA-256", "docType": pidDoc,
		"deviceKeyInfo": object{"deviceKey": map[int64]any{1: 2, -1: 1, -2: x, -3: y}},
		"validityInfo":  object{"signed": tdate(-day), "validFrom": tdate(-day), "validUntil": tdate(30 * day)},
		"status":        object{"status_list": object{"idx": goodIndex, "uri": goodList}},
	}
	m.auth = message{protected: map[int64]any{1: -7}, unprotected: map[int64]any{33: w.document.cert.Raw}, key: w.document.key}
	m.device = message{protected: map[int64]any{1: -7}, unprotected: map[int64]any{}, detached: true, key: w.holder}
	m.members = object{"version": "1.0", "status": 0}
	return m
}

func tdate(after time.Duration) cose.TDate { return cose.TDate(at.Add(after)) }

func (w *world) coordinates(key signer) (x, y []byte) {
	point := must(key.PublicKey.Bytes())
	return point[1:33], point[33:]
}

func (m *mdoc) issuerSigned() object {
	digests := map[int64]any{}
	for _, i := range m.digested {
		digests[int64(i.id)] = m.digest(i.encode())
	}
	if _, given := m.mso["valueDigests"]; !given {
		m.mso["valueDigests"] = object{pidDoc: digests}
	}
	raw := must(cose.Marshal(m.mso))
	if m.auth.payload == nil {
		m.auth.payload = cose.Encoded(raw).Bytes()
	}
	auth := cose.RawMessage(m.auth.encode())
	if m.late != nil {
		m.late(m)
	}
	var items []cose.RawMessage
	for _, i := range m.items {
		items = append(items, i.encode())
	}
	return object{"nameSpaces": object{pidDoc: items}, "issuerAuth": auth}
}

// deviceAuth is the proof of the device over the transcript.
func (m *mdoc) deviceAuth() object {
	names := cose.Encoded(must(cose.Marshal(m.names)))
	authentication := must(cose.Marshal([]any{"DeviceAuthentication", cose.RawMessage(m.sees), m.docType, cose.RawMessage(names.Bytes())}))
	m.device.external = cose.Encoded(authentication).Bytes()
	auth := object{}
	if m.mac.PrivateKey == nil || m.both {
		auth["deviceSignature"] = cose.RawMessage(m.device.encode())
	}
	if m.mac.PrivateKey != nil {
		auth["deviceMac"] = cose.RawMessage(m.deviceMAC(m.device.external))
	}
	if m.noAuth {
		auth = object{}
	}
	return auth
}

// deviceMAC is a COSE_Mac0 with the key that both ends agree on (ISO/IEC 18013-5 section 9.1.3.5).
func (m *mdoc) deviceMAC(external []byte) []byte {
	secret := must(must(m.device.key.ECDH()).ECDH(must(m.mac.PublicKey.ECDH())))
	salt := sha256.Sum256(cose.Encoded(m.sees).Bytes())
	key := must(hkdf.Key(sha256.New, secret, salt[:], "EMacKey", 32))
	protected := must(cose.Marshal(map[int64]any{1: 5}))
	mac := hmac.New(sha256.New, key)
	mac.Write(must(cose.Marshal([]any{"MAC0", protected, []byte{}, external})))
	return must(cose.Marshal([]any{protected, object{}, nil, mac.Sum(nil)}))
}

func (m *mdoc) String() string {
	document := object{
		"docType": m.docType, "issuerSigned": m.issuerSigned(),
		"deviceSigned": object{"nameSpaces": cose.RawMessage(cose.Encoded(must(cose.Marshal(m.names))).Bytes()), "deviceAuth": m.deviceAuth()},
	}
	if m.document != nil {
		m.document(document)
	}
	if _, given := m.members["documents"]; !given {
		m.members["documents"] = []any{document}
	} else if n, twice := m.members["documents"].(int); twice {
		m.members["documents"] = slices.Repeat([]any{document}, n)
	}
	raw := must(cose.Marshal(m.members))
	if m.edit != nil {
		raw = m.edit(raw)
	}
	text := jose.EncodeBase64URL(raw)
	if m.whole != nil {
		text = m.whole(text)
	}
	return text
}

// brokenMdoc is a kind in the format mdoc.
func (w *world) brokenMdoc(name, what, section, code string, breaks func(m *mdoc), follows ...string) Kind {
	m := w.goodMdoc()
	breaks(m)
	return Kind{Name: "mdoc-" + name, Format: Mdoc, Query: "pid_mdoc", Broken: what, Section: section, Code: code, Follows: follows, text: m.String()}
}
