package corpus

import (
	"bytes"
	"encoding/base64"

	"lommebok.example/specs/cose"
	"lommebok.example/specs/jose"
)

const (
	sMSO   = "ISO/IEC 18013-5 section 9.1.2.4"
	sCheck = "ISO/IEC 18013-5 section 9.3.1"
	sReply = "ISO/IEC 18013-5 section 8.3.2.1.2.2"
)

// mdocKinds are broken in the response, or in what the issuer signed.
func mdocKinds(w *world) []Kind {
	members := func(changes object) func(*mdoc) { return func(m *mdoc) { m.members = mergeOf(m.members, changes) } }
	edit := func(f func([]byte) []byte) func(*mdoc) { return func(m *mdoc) { m.edit = f } }
	mso := func(changes object) func(*mdoc) { return func(m *mdoc) { set(m.mso, changes) } }
	document := func(f func(object)) func(*mdoc) { return func(m *mdoc) { m.document = f } }
	unread := func(name, what, section string, breaks func(*mdoc)) Kind {
		return w.brokenMdoc(name, what, section, "format_failed", breaks, unfit)
	}
	validity := func(signed, from, until any) object {
		v := object{"signed": signed, "validFrom": from, "validUntil": until}
		set(v, object{"signed": signed, "validFrom": from, "validUntil": until})
		return object{"validityInfo": v}
	}
	kinds := []Kind{
		unread("hello", "the text is no CBOR", sReply, func(m *mdoc) { m.whole = func(string) string { return b64("hello") } }),
		unread("padded", "the response is padded base64", "OpenID4VP 1.0 appendix B.2.5", func(m *mdoc) {
			m.whole = func(text string) string {
				return base64.URLEncoding.EncodeToString(append(must(jose.DecodeBase64URL(text)), make([]byte, 4)...))
			}
		}),
		unread("cut-off", "the last byte is missing", sReply, edit(func(b []byte) []byte { return b[:len(b)-1] })),
		unread("trailing", "a byte follows the response", sReply, edit(func(b []byte) []byte { return append(b, 0) })),
		unread("indefinite", "a map has no length", "RFC 8949 section 4.2.1", edit(func(b []byte) []byte { return append(append([]byte{0xbf}, b[1:]...), 0xff) })),
		unread("member-twice", "a member stands twice", "RFC 8949 section 5.6", edit(func(b []byte) []byte {
			return append(append([]byte{b[0] + 1}, b[1:]...), append(cose.AppendText(nil, "status"), 0)...)
		})),
		unread("not-shortest", "a length is not the shortest", "RFC 8949 section 4.2.1", edit(func(b []byte) []byte { return append([]byte{0xb8, b[0] & 0x1f}, b[1:]...) })),
		unread("deep", "arrays without end", "RFC 8949 section 5.3", edit(func([]byte) []byte { return append(bytes.Repeat([]byte{0x81}, 1000), 0) })),
		unread("documents-empty", "documents is empty", sReply, members(object{"documents": []any{}})),
		unread("status-missing", "the response has no status", sReply, members(object{"status": nil})),
		w.brokenMdoc("version", "the response is of version 2.0", sReply, "version", members(object{"version": "2.0"}), unfit),
		w.brokenMdoc("version-missing", "the response has no version", sReply, "version", members(object{"version": nil}), unfit),
		w.brokenMdoc("response-status", "the response says that there was an error", sReply, "response_status", members(object{"status": 10}), unfit),
		w.brokenMdoc("two-documents", "the response has two documents", "HAIP 1.0 section 5.3.1", "document_count", members(object{"documents": 2}), unfit),
		w.brokenMdoc("no-documents", "the response has no documents", "HAIP 1.0 section 5.3.1", "document_count", func(m *mdoc) {
			m.edit = func([]byte) []byte { return must(cose.Marshal(object{"version": "1.0", "status": 0})) }
		}, unfit),
		unread("doctype-missing", "the document has no docType", sReply, document(func(d object) { delete(d, "docType") })),
		unread("issuer-signed-missing", "the document has no issuerSigned", sReply, document(func(d object) { delete(d, "issuerSigned") })),
		unread("device-signed-missing", "the document has no deviceSigned", sReply, document(func(d object) { delete(d, "deviceSigned") })),
		unread("issuer-auth-missing", "issuerSigned has no issuerAuth", sReply, document(func(d object) { delete(d["issuerSigned"].(object), "issuerAuth") })),
		unread("issuer-auth-tagged", "issuerAuth stands under a tag", sMSO, func(m *mdoc) { m.auth.tagged = true }),
		unread("issuer-auth-detached", "the payload of issuerAuth is detached", sMSO, func(m *mdoc) { m.auth.detached = true }),
		unread("mso-untagged", "the mobile security object stands under no tag", sMSO, func(m *mdoc) {
			m.auth.payload = must(cose.Marshal(m.mso))
		}),
		w.brokenMdoc("mso-version", "the mobile security object is of version 2.0", sMSO, "version", mso(object{"version": "2.0"}), unfit),
		w.brokenMdoc("digest-algorithm", "digestAlgorithm is MD5", sMSO, "digest_algorithm", mso(object{"digestAlgorithm": "MD5"}), unfit),
		unread("mso-doctype-missing", "the mobile security object has no docType", sMSO, mso(object{"docType": nil})),
		unread("device-key-missing", "the mobile security object has no device key", sMSO, mso(object{"deviceKeyInfo": object{}})),
		unread("digests-empty", "the mobile security object has no digests", sMSO, mso(object{"valueDigests": object{}})),
		unread("valid-until-missing", "validUntil is missing", sMSO, mso(validity(tdate(-day), tdate(-day), nil))),
		unread("valid-until-text", "validUntil is a text without its tag", sMSO, mso(validity(tdate(-day), tdate(-day), "2027-01-01T00:00:00Z"))),
		unread("valid-until-fraction", "validUntil has a fraction of a second", sMSO, mso(validity(tdate(-day), tdate(-day), cose.Tag{Number: 0, Content: "2027-01-01T00:00:00.5Z"}))),
		unread("status-index-missing", "the status has no idx", "ISO/IEC 18013-5, second edition, 12.3.6.2", mso(object{"status": object{"status_list": object{"uri": goodList}}})),
		unread("status-identifier-empty", "the identifier is empty", "ISO/IEC 18013-5, second edition, 12.3.6.2", mso(object{"status": object{"identifier_list": object{"id": []byte{}, "uri": goodList}}})),
		w.brokenMdoc("status-mechanism", "the status is told by another mechanism alone", "ISO/IEC 18013-5, second edition, 12.3.6", "status_mechanism", mso(object{"status": object{"status_tree": object{}}})),
		w.brokenMdoc("expired", "validUntil has passed", sCheck, "expired", mso(validity(tdate(-20*day), tdate(-20*day), tdate(-day)))),
		w.brokenMdoc("not-yet-valid", "validFrom is to come", sCheck, "not_yet_valid", mso(validity(tdate(-day), tdate(day), tdate(30*day)))),
		w.brokenMdoc("signed-before-certificate", "signed before the certificate of the signer began", sCheck, "signed_time", mso(validity(tdate(-50*day), tdate(-day), tdate(30*day)))),
		w.brokenMdoc("element-changed", "an element was changed", sCheck, "digest_mismatch", func(m *mdoc) {
			m.late = func(m *mdoc) { m.items = []item{m.items[0], {2, "family_name", "Falsk"}} }
		}, unfit),
		w.brokenMdoc("element-invented", "an element has no digest", sCheck, "digest_missing", func(m *mdoc) {
			m.late = func(m *mdoc) { m.items = append(m.items[:2:2], item{99, "nickname", "Falsk"}) }
		}, unfit),
		w.brokenMdoc("element-renamed", "an element has the name of another", sCheck, "digest_mismatch", func(m *mdoc) {
			m.late = func(m *mdoc) { m.items = append(m.items[:2:2], item{3, "nickname", cose.FullDate("1998-06-12")}) }
		}, unfit),
		w.brokenMdoc("digest-of-content", "the digest is of the item without its tag", sCheck, "digest_mismatch", func(m *mdoc) {
			good := m.digest
			m.digest = func(encoded []byte) []byte { return good(must(encodedContent(encoded))) }
		}, unfit),
		w.brokenMdoc("digest-short", "a digest is cut", sCheck, "digest_mismatch", func(m *mdoc) {
			good := m.digest
			m.digest = func(encoded []byte) []byte { return good(encoded)[:31] }
		}, unfit),
		w.brokenMdoc("namespace-another", "the digests stand under another namespace", sCheck, "digest_missing", mso(object{"valueDigests": object{"org.example": map[int64]any{1: make([]byte, 32)}}}), unfit),
		w.brokenMdoc("element-missing", "an element that was asked for was not shown", "OpenID4VP 1.0 section 6.4.1", unfit, func(m *mdoc) { m.items = m.items[:1] }),
		w.brokenMdoc("another-doctype", "the document is of another type", "OpenID4VP 1.0 appendix B.2.3", unfit, func(m *mdoc) {
			m.docType = "org.iso.18013.5.1.mDL"
			m.mso["docType"] = m.docType
		}),
		w.brokenMdoc("country", "issuing_country is not the country of the certificate", sCheck, "issuing_country", func(m *mdoc) {
			m.digested = append(m.digested[:3:3], item{4, "issuing_country", "SE"})
			m.items = append(m.items[:2:2], m.digested[3])
		}),
		w.brokenMdoc("sdjwt-in-its-place", "an SD-JWT VC stands where an mdoc was asked for", "OpenID4VP 1.0 section 8.6", "format_failed", func(m *mdoc) {
			m.whole = func(string) string { return w.good().String() }
		}, unfit),
	}
	return append(kinds, signerKinds(w)...)
}

// encodedContent is what stands under tag 24.
func encodedContent(b []byte) ([]byte, error) {
	r := cose.NewReader(b)
	content := r.Encoded()
	return content, r.Err()
}

func mergeOf(o, changes object) object {
	set(o, changes)
	return o
}

// signerKinds are broken in issuerAuth.
func signerKinds(w *world) []Kind {
	const unasked = "status_not_asked"
	protected := func(label int64, value any) func(*mdoc) { return func(m *mdoc) { m.auth.protected[label] = value } }
	signed := func(name, what, code string, id *identity) Kind {
		return w.brokenMdoc("signer-"+name, what, "ISO/IEC 18013-5 annex B.1.4", code, func(m *mdoc) {
			m.auth.key, m.auth.unprotected = id.key, map[int64]any{33: id.cert.Raw}
		}, unasked)
	}
	document := func(s certSpec) *identity { s.document = true; return issue(w.national, s) }
	return []Kind{
		w.brokenMdoc("signature-changed", "a byte of the issuer's signature was changed", sCheck, "issuer_signature", func(m *mdoc) {
			m.auth.seal = func(b []byte) []byte { s := m.auth.key.signRaw(b); s[40] ^= 1; return s }
		}, unfit),
		w.brokenMdoc("signature-of-another", "another key signed", sCheck, "issuer_signature", func(m *mdoc) { m.auth.key = keyOf("somebody") }, unfit),
		w.brokenMdoc("signature-zero", "r and s are zero", "RFC 9053 section 2.1", "issuer_signature", func(m *mdoc) {
			m.auth.seal = func([]byte) []byte { return make([]byte, 64) }
		}, unfit),
		w.brokenMdoc("signature-short", "the signature is a byte short", "RFC 9053 section 2.1", "issuer_signature", func(m *mdoc) {
			m.auth.seal = func(b []byte) []byte { return m.auth.key.signRaw(b)[:63] }
		}, unfit),
		w.brokenMdoc("mso-changed", "the mobile security object was changed after it was signed", sCheck, "issuer_signature", func(m *mdoc) {
			m.auth.seal = func(b []byte) []byte {
				return m.auth.key.signRaw(bytes.Replace(b, []byte("given_name"), []byte("given_nams"), 1)[:len(b)-1])
			}
		}, unfit),
		w.brokenMdoc("alg-unprotected", "alg stands in the unprotected header alone", "RFC 9052 section 3.1", "issuer_signature", func(m *mdoc) {
			m.auth.protected, m.auth.unprotected[1] = map[int64]any{}, -7
		}, unfit),
		w.brokenMdoc("alg-of-another-curve", "alg is ES384 and the key is on P-256", "RFC 9053 section 2.1", "issuer_signature", protected(1, -35), unfit),
		w.brokenMdoc("alg-mac", "alg is HMAC 256/256", "RFC 9053 section 3.1", "issuer_signature", protected(1, 5), unfit),
		w.brokenMdoc("crit", "a critical header is not known", "RFC 9052 section 3.1", "format_failed", protected(2, []any{99}), unfit),
		w.brokenMdoc("x5chain-missing", "x5chain is missing", sMSO, "issuer_chain_missing", func(m *mdoc) { m.auth.unprotected = map[int64]any{} }, unfit),
		w.brokenMdoc("x5chain-garbage", "x5chain holds no certificate", "RFC 9360 section 2", "format_failed", func(m *mdoc) { m.auth.unprotected[33] = []byte("hello") }, unfit),
		signed("stranger", "the chain leads to an authority that is not trusted", "issuer_untrusted", issue(w.stranger, certSpec{name: "strange signer", document: true})),
		signed("not-entitled", "the authority may issue library cards alone", "issuer_not_entitled", issue(w.library, certSpec{name: "library signer", document: true})),
		signed("no-eku", "the certificate is not that of a document signer", "issuer_certificate_purpose", w.credential),
		signed("eku-not-critical", "the extended key usage is not critical", "issuer_certificate_purpose", document(certSpec{name: "not critical", plainEKU: true})),
		signed("too-long", "the certificate lives for more than 457 days", "issuer_certificate_purpose", document(certSpec{name: "long life", from: at.Add(-day), to: at.Add(460 * day)})),
		signed("ended", "the certificate has ended", "issuer_certificate_expired", document(certSpec{name: "ended document signer", from: at.Add(-90 * day), to: at.Add(-time1)})),
		signed("self-signed", "the certificate signed itself", "issuer_chain_malformed", issue(nil, certSpec{name: "self-signed document signer", document: true})),
	}
}

// time1 is short enough that the document was signed while the certificate held.
const time1 = day / 2
