package corpus

import (
	"crypto/ed25519"
	"crypto/x509"
)

const sChain = "HAIP 1.0 section 6.1.1; RFC 5280 section 6"

// issuerKinds are signed well, by somebody who must not be believed.
func issuerKinds(w *world) []Kind {
	unasked := "status_not_asked"
	signed := func(name, what, section, code string, chain ...*identity) Kind {
		return w.broken("issuer-"+name, what, section, code, func(s *sdjwt) {
			s.key, s.header["x5c"] = chain[0].key, x5cOf(chain...)
		}, unasked)
	}
	leaf := func(under *identity, s certSpec) *identity { return issue(under, s) }
	middle := leaf(w.national, certSpec{name: "middle", ca: true})
	noCA := leaf(w.national, certSpec{name: "no authority"})
	far := []*identity{leaf(w.national, certSpec{name: "far 1", ca: true, pathLen: 5})}
	for _, name := range []string{"far 2", "far 3", "far 4", "far 5"} {
		far = append([]*identity{leaf(far[0], certSpec{name: name, ca: name != "far 5", pathLen: 5})}, far...)
	}
	return []Kind{
		signed("stranger", "the chain leads to an authority that is not trusted", sChain, "issuer_untrusted", leaf(w.stranger, certSpec{name: "strange issuer"})),
		signed("named-alike", "the authority has the name of one that is trusted, and another key", sChain, "issuer_untrusted",
			leaf(issue(nil, certSpec{name: "national authority", keyName: "forger", ca: true}), certSpec{name: "forged issuer"})),
		signed("self-signed", "the certificate signed itself", sChain, "issuer_chain_malformed", issue(nil, certSpec{name: "self-signed"})),
		signed("anchor-in-chain", "the anchor stands in the chain", sChain, "issuer_chain_malformed", w.credential, w.national),
		signed("wrong-way-round", "the chain begins with the intermediate", sChain, "issuer_certificate_purpose", middle, leaf(middle, certSpec{name: "below middle"})),
		signed("gap", "the intermediate is missing", sChain, "issuer_untrusted", leaf(middle, certSpec{name: "below middle"})),
		signed("superfluous", "a certificate in the chain signed nothing of it", sChain, "issuer_chain_malformed", w.credential, leaf(w.national, certSpec{name: "superfluous", ca: true})),
		signed("no-authority-between", "the intermediate is no authority", sChain, "issuer_untrusted", leaf(noCA, certSpec{name: "below no authority"}), noCA),
		signed("too-long", "the chain has five certificates", sChain, "issuer_chain_malformed", far...),
		signed("ended", "the certificate has ended", sChain, "issuer_certificate_expired", leaf(w.national, certSpec{name: "ended", from: at.Add(-90 * day), to: at.Add(-day)})),
		signed("to-come", "the certificate begins tomorrow", sChain, "issuer_certificate_not_yet_valid", leaf(w.national, certSpec{name: "to come", from: at.Add(day), to: at.Add(90 * day)})),
		signed("intermediate-ended", "the intermediate has ended", sChain, "issuer_certificate_expired", endedChain(w)...),
		signed("authority-signs", "the certificate is of an authority", sChain, "issuer_certificate_purpose", leaf(w.national, certSpec{name: "authority that signs", ca: true, usage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign})),
		signed("key-usage", "the certificate is not for signatures", sChain, "issuer_certificate_purpose", leaf(w.national, certSpec{name: "for encryption", usage: x509.KeyUsageKeyAgreement})),
		signed("list-ended", "the trust list that names the authority has ended", "ETSI TS 119 602", "trust_list_expired", leaf(w.over, certSpec{name: "under a list that ended"})),
		signed("not-entitled", "the authority may issue library cards alone", "OpenID4VP 1.0 section 8.6", "issuer_not_entitled", leaf(w.library, certSpec{name: "librarian"})),
		w.broken("issuer-not-entitled-aka", "the authority may issue what aka_vcts names, and not the vct", "SD-JWT VC section 2.2.2", "issuer_not_entitled", func(s *sdjwt) {
			id := leaf(w.library, certSpec{name: "librarian"})
			s.key, s.header["x5c"], s.payload["aka_vcts"] = id.key, x5cOf(id), []string{libraryID}
		}, unasked),
		w.broken("issuer-ed25519", "the certificate has an Ed25519 key", "HAIP 1.0 section 7", "issuer_chain_missing", func(s *sdjwt) {
			pub := ed25519.NewKeyFromSeed(make([]byte, 32)).Public()
			s.header["x5c"] = x5cOf(leaf(w.national, certSpec{name: "ed25519", public: pub}))
		}, unfit),
	}
}

// endedChain is a leaf under an intermediate that has ended.
func endedChain(w *world) []*identity {
	between := issue(w.national, certSpec{name: "ended intermediate", ca: true, from: at.Add(-90 * day), to: at.Add(-day)})
	return []*identity{issue(between, certSpec{name: "below ended"}), between}
}
