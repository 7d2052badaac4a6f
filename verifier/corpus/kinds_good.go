package corpus

// goodKinds are accepted.
func goodKinds(w *world) []Kind {
	nothing := func(name, format, query, text string) Kind {
		return Kind{Name: name, Format: format, Query: query, Broken: "nothing", Code: "ok", text: text}
	}
	element := w.good()
	element.disclosures = append(element.disclosures, aNation)
	element.payload["nationalities"] = []any{object{"...": sha(aNation)}}
	unbound := w.good()
	unbound.noKB = true
	plain := w.good()
	plain.disclosures = []string{givenName}
	chain := w.good()
	between := issue(w.national, certSpec{name: "intermediate", ca: true})
	chain.key = keyOf("under the intermediate")
	chain.header["x5c"] = x5cOf(issue(between, certSpec{name: "under the intermediate"}), between)
	identified, listed := w.goodMdoc(), w.goodStatus()
	uri := issuerURL + "/identifierlists/1"
	identified.mso["status"] = object{"identifier_list": object{"id": []byte("person-7"), "uri": uri}}
	w.publish(uri, mediaIdentifiers, "good-identifiers.cwt", listed, listed.identifiers(uri, "person-6"))
	country := w.goodMdoc()
	country.items = append(country.items, country.digested[3])
	return []Kind{
		nothing("good-sdjwt", SDJWT, "pid_sd_jwt", w.good().String()),
		nothing("good-sdjwt-element", SDJWT, "pid_sd_jwt", element.String()),
		nothing("good-sdjwt-unbound", SDJWT, "unbound", unbound.String()),
		nothing("good-sdjwt-bound-though-not-asked", SDJWT, "unbound", plain.String()),
		nothing("good-sdjwt-intermediate", SDJWT, "pid_sd_jwt", chain.String()),
		nothing("good-sdjwt-payment", SDJWT, "payment", w.payment().String()),
		nothing("good-mdoc", Mdoc, "pid_mdoc", w.goodMdoc().String()),
		nothing("good-mdoc-identifier-list", Mdoc, "pid_mdoc", identified.String()),
		nothing("good-mdoc-country", Mdoc, "pid_mdoc", country.String()),
		nothing("good-answer-sdjwt", JWE, "", w.goodEnvelope(answer(map[string][]string{"pid_sd_jwt": {w.good().String()}}, nil)).String()),
		nothing("good-answer-mdoc", JWE, "", w.goodEnvelope(answer(map[string][]string{"pid_mdoc": {w.goodMdoc().String()}}, nil)).String()),
	}
}

// payment is a presentation that authorizes what was sent.
func (w *world) payment() *sdjwt {
	s := w.good()
	s.payload["vct"] = payVCT
	delete(s.payload, "issuing_country")
	s.disclosures = []string{givenName}
	s.kb.payload["transaction_data_hashes"] = []any{sha(transactionData[0]), sha(transactionData[1])}
	return s
}
