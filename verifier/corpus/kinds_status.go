package corpus

import (
	"bytes"
)

const (
	sTSL = "Token Status List section 8.3"
	sTok = "Token Status List section 5"
	sTyp = "Token Status List section 8.2"
)

// statusKinds are good presentations whose status is not, or cannot be known: in the JWT for an SD-JWT VC, in the CWT for
// an mdoc.
func statusKinds(w *world) []Kind {
	var kinds []Kind
	both := func(name, what, section, code string, index int, breaks func(l *statusList, uri string)) {
		for _, format := range []string{SDJWT, Mdoc} {
			kinds = append(kinds, w.status1(format, name, what, section, code, index, breaks))
		}
	}
	changes := func(o object) func(*statusList, string) { return func(l *statusList, _ string) { l.changes = o } }
	signer := func(id *identity) func(*statusList, string) {
		return func(l *statusList, _ string) { l.key, l.chain = id.key, []*identity{id} }
	}
	both("revoked", "the credential is revoked", "Token Status List section 7.1", "revoked", goodIndex, func(l *statusList, _ string) { l.status = 1 })
	both("suspended", "the credential is suspended", "Token Status List section 7.1", "suspended", goodIndex, func(l *statusList, _ string) { l.status = 2 })
	both("own-value", "the status is of the application's own", "Token Status List section 7.1", "status_unknown_value", goodIndex, func(l *statusList, _ string) { l.status = 3 })
	both("index-outside", "the index is outside the list", sTSL, "status_index", 16, func(*statusList, string) {})
	both("bit-order", "the bit at the index is set, read from the least significant", "Token Status List section 4.1", "revoked", 8, func(l *statusList, _ string) {
		l.bits, l.data = 1, []byte{0, 1}
	})
	both("subject", "the list is of another address", sTSL, "status_subject", goodIndex, changes(object{"sub": goodList + "0"}))
	both("subject-missing", "sub is missing", sTok, "status_claims", goodIndex, changes(object{"sub": nil}))
	both("iat-missing", "iat is missing", sTok, "status_claims", goodIndex, changes(object{"iat": nil}))
	both("list-missing", "the list is missing", sTok, "status_claims", goodIndex, changes(object{"status_list": nil}))
	both("expired", "the list has ended", sTSL, "status_expired", goodIndex, changes(object{"exp": at.Unix() - 1}))
	both("to-come", "the list is of tomorrow", sTSL, "status_issued_in_future", goodIndex, changes(object{"iat": at.Add(day).Unix(), "exp": at.Add(2 * day).Unix()}))
	both("ttl-zero", "ttl is zero", sTok, "status_claims", goodIndex, changes(object{"ttl": 0}))
	both("ttl-negative", "ttl is negative", sTok, "status_claims", goodIndex, changes(object{"ttl": -60}))
	both("bits", "bits is 3", "Token Status List section 4.1", "status_bits", goodIndex, func(l *statusList, _ string) { l.bits = 3 })
	both("bits-zero", "bits is 0", "Token Status List section 4.1", "status_bits", goodIndex, func(l *statusList, _ string) { l.bits = 0 })
	both("not-compressed", "the list is not compressed", "Token Status List section 4.1", "status_compression", goodIndex, func(l *statusList, _ string) { l.compress = bytes.Clone })
	both("deflate", "the list is DEFLATE without zlib around it", "Token Status List section 4.1", "status_compression", goodIndex, func(l *statusList, _ string) { l.compress = rawDeflate })
	both("cut-off", "the compressed list is cut", "Token Status List section 4.1", "status_compression", goodIndex, func(l *statusList, _ string) {
		l.compress = func(b []byte) []byte { b = deflate(b); return b[:len(b)-2] }
	})
	both("trailing", "bytes follow the compressed list", "Token Status List section 4.1", "status_compression", goodIndex, func(l *statusList, _ string) {
		l.compress = func(b []byte) []byte { return append(deflate(b), 0) }
	})
	both("bomb", "a small text that inflates to more than 4 MiB", "Token Status List section 11", "status_too_large", goodIndex, func(l *statusList, _ string) { l.data = make([]byte, 4<<20+1) })
	both("typ", "the token is of another type", sTok, "status_type", goodIndex, func(l *statusList, _ string) { l.typ = "JWT" })
	both("signature", "another key signed the list", sTSL, "status_signature", goodIndex, func(l *statusList, _ string) { l.key = keyOf("somebody") })
	both("signature-zero", "r and s are zero", sTSL, "status_signature", goodIndex, func(l *statusList, _ string) { l.seal = func([]byte) []byte { return make([]byte, 64) } })
	both("stranger", "the list is signed under an authority that is not trusted", "HAIP 1.0 section 6.1", "status_signer_untrusted", goodIndex, signer(issue(w.stranger, certSpec{name: "strange status"})))
	both("not-entitled", "the list is signed under an authority that is not entitled to the type", "HAIP 1.0 section 6.1", "status_signer_untrusted", goodIndex, signer(issue(w.library, certSpec{name: "library status"})))
	both("self-signed", "the signer of the list signed itself", "HAIP 1.0 section 6.1", "status_signer_untrusted", goodIndex, signer(issue(nil, certSpec{name: "self-signed status"})))
	both("signer-ended", "the certificate of the list's signer has ended", "HAIP 1.0 section 6.1", "status_signer_untrusted", goodIndex, signer(issue(w.national, certSpec{name: "ended status", from: at.Add(-90 * day), to: at.Add(-day)})))
	both("chain-missing", "the list names no certificate", "HAIP 1.0 section 6.1", "status_chain", goodIndex, func(l *statusList, _ string) { l.chain = nil })
	both("nowhere", "nothing is at the address", sTSL, "status_unreachable", goodIndex, func(l *statusList, _ string) { l.nowhere = true })
	both("media-type", "the list comes as a page", sTyp, "status_unreachable", goodIndex, func(l *statusList, _ string) { l.media = "text/html" })
	both("no-token", "what comes is no token", sTok, "status_malformed", goodIndex, func(l *statusList, _ string) { l.body = []byte("hello") })
	kinds = append(kinds,
		w.status1(SDJWT, "media-type-cwt", "the list comes as a CWT", sTyp, "status_unreachable", goodIndex, func(l *statusList, _ string) { l.media = mediaCWT }),
		w.status1(SDJWT, "cwt-as-jwt", "the list is a CWT and comes as a JWT", sTyp, "status_malformed", goodIndex, func(l *statusList, uri string) { l.body = l.cwt(uri) }),
		w.status1(Mdoc, "media-type-jwt", "the list comes as a JWT", sTyp, "status_unreachable", goodIndex, func(l *statusList, _ string) { l.media = mediaJWT }),
		w.status1(Mdoc, "jwt-as-cwt", "the list is a JWT and comes as a CWT", sTyp, "status_malformed", goodIndex, func(l *statusList, uri string) { l.body = []byte(l.jwt(uri)) }),
		w.status1(Mdoc, "untagged", "the token stands under no tag", sTok, "status_malformed", goodIndex, func(l *statusList, _ string) { l.untagged = true }),
		w.status1(Mdoc, "chain-unprotected", "x5chain stands in the unprotected header", "ISO/IEC 18013-5, second edition, 12.3.6", "status_chain", goodIndex, func(l *statusList, _ string) { l.open = true }),
	)
	return append(kinds, identifierKinds(w)...)
}

// status1 is a presentation whose status stands in a list of its own.
func (w *world) status1(format, name, what, section, code string, index int, breaks func(l *statusList, uri string)) Kind {
	form, file := "jwt", "status-"+name
	if format == Mdoc {
		form = "cwt"
	}
	uri := issuerURL + "/statuslists/" + form + "/" + name
	l := w.goodStatus()
	breaks(l, uri)
	if format == SDJWT {
		w.publish(uri, mediaJWT, file+".jwt", l, []byte(l.jwt(uri)))
		return w.broken(file, what, section, code, func(s *sdjwt) {
			s.payload["status"] = object{"status_list": object{"idx": index, "uri": uri}}
		})
	}
	w.publish(uri, mediaCWT, file+".cwt", l, l.cwt(uri))
	return w.brokenMdoc(file, what, section, code, func(m *mdoc) {
		m.mso["status"] = object{"status_list": object{"idx": index, "uri": uri}}
	})
}

// identifierKinds tell the status by an identifier list.
func identifierKinds(w *world) []Kind {
	const section = "ISO/IEC 18013-5, second edition, 12.3.6"
	kind := func(name, what, code string, breaks func(l *statusList), revoked ...string) Kind {
		uri := issuerURL + "/identifierlists/" + name
		l := w.goodStatus()
		breaks(l)
		w.publish(uri, mediaIdentifiers, "identifiers-"+name+".cwt", l, l.identifiers(uri, revoked...))
		return w.brokenMdoc("identifiers-"+name, what, section, code, func(m *mdoc) {
			m.mso["status"] = object{"identifier_list": object{"id": []byte("person-7"), "uri": uri}}
		})
	}
	return []Kind{
		kind("revoked", "the identifier stands on the list", "revoked", func(*statusList) {}, "person-7"),
		kind("exp-missing", "the list has no exp", "status_claims", func(l *statusList) { l.changes = object{"exp": nil} }),
		kind("expired", "the list has ended", "status_expired", func(l *statusList) { l.changes = object{"exp": at.Unix() - 1} }),
		kind("media-type", "the list comes as a status list", "status_unreachable", func(l *statusList) { l.media = mediaCWT }),
		kind("nowhere", "nothing is at the address", "status_unreachable", func(l *statusList) { l.nowhere = true }),
		kind("no-token", "what comes is no token", "status_malformed", func(l *statusList) { l.body = []byte("hello") }),
		kind("typ", "the list is of another type", "status_type", func(l *statusList) { l.typ = mediaCWT }),
		kind("stranger", "the list is signed under an authority that is not trusted", "status_signer_untrusted", func(l *statusList) {
			id := issue(w.stranger, certSpec{name: "strange status"})
			l.key, l.chain = id.key, []*identity{id}
		}),
	}
}
