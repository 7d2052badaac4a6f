package server_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vp"
	record "lommebok.example/transaction"
	"lommebok.example/transaction/transactiontest"
	"lommebok.example/verifier/presentation"
	"lommebok.example/web/webtest/leak"
)

// recording is the verifier that records, and its twin.
func recording(t testing.TB, s *service) *service {
	t.Helper()
	s.cfg.Transactions = true
	s.start(t)
	t.Cleanup(s.Close)
	if s.twin != nil {
		s.twin = s.build(t, s.db)
		t.Cleanup(s.twin.Close)
	}
	return s
}

// said reads the record at an address as JSON, and holds it against what must not be in it.
func (s *service) said(t testing.TB, address string) record.Transaction {
	t.Helper()
	s.FlushTransactions(t.Context())
	if s.twin != nil {
		s.twin.FlushTransactions(t.Context())
	}
	path, ok := strings.CutPrefix(address, s.url)
	if !ok || !strings.HasPrefix(path, "/records/") || len(path) < len("/records/")+26 {
		t.Fatalf("address %q", address)
	}
	a := s.browser(t).get(path + "/json")
	is(t, a, http.StatusOK)
	leak.Search(t, "the record", a.body, s.log.Known())
	var said record.Transaction
	check(t, json.Unmarshal([]byte(a.body), &said))
	return said
}

func wantSteps(t testing.TB, said record.Transaction, want string) {
	t.Helper()
	if got := transactiontest.Steps(said); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// page is the one that an answer to a wallet names.
func page(a answer) string { return a.header.Get("Lommebok-Transaction") }

// A presentation from the request to the verdict is one record, also when the requests were renewed meanwhile, and whichever
// replica took what; it is decoded, and has nothing in it that opens anything or is about the person.
func TestAPresentationIsOneRecord(t *testing.T) {
	each(t, func(t *testing.T, s *service) {
		recording(t, s)
		b := s.browserAt(t, "skatteetaten")
		tx := b.transaction()
		old := s.open(t, tx.QR)
		s.add(presentation.RequestLifetime)
		is(t, b.get(b.tx), http.StatusOK) // which gets new requests
		s.add(time.Second)
		late := b.get(requestPath(t, s, tx.QR))
		is(t, late, http.StatusNotFound)
		s.add(time.Second)
		w := s.open(t, b.transaction().QR)
		s.add(time.Second)
		a := w.post(w.encrypt(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}}, ""))
		is(t, a, http.StatusOK)
		s.log.Know("a secret of the request", w.request.Nonce, w.request.State, strings.TrimPrefix(w.request.ResponseURI, s.url+"/responses/"), old.request.State)

		said := s.said(t, page(a))
		wantSteps(t, said, "ask request renew request!invalid_request request response")
		for _, address := range []string{tx.Record, page(late)} {
			if got := s.said(t, address); len(got.Entries) != len(said.Entries) {
				t.Errorf("by %s: %s", address, transactiontest.Steps(got))
			}
		}
		last := said.Entries[len(said.Entries)-1]
		if last.TraceID != a.header.Get("Trace-Id") || !strings.Contains(s.log.String(), last.TraceID) || len(last.Findings) < 10 {
			t.Errorf("%+v", last)
		}
		raw, err := json.Marshal(said)
		check(t, err)
		for _, has := range []string{
			"oauth-authz-req+jwt", "dcql_query", "direct_post.jwt", "response_uri", w.request.ClientID, w.request.Nonce[:6] + "…", "ECDH-ES", "A128GCM",
			"key_binding", "kb+jwt", "sd_hash", "urn:eudi:pid:1", "family_name", "issuer_trust", "OpenID4VP 1.0 section 8.2",
		} {
			if !strings.Contains(string(raw), has) {
				t.Errorf("the record lacks %q", has)
			}
		}
		if a := s.browserAt(t, "skatteetaten"); len(s.said(t, a.transaction().Record).Entries) != 1 {
			t.Error("another transaction of the same is in it")
		}
	})
}

// A refusal says what was expected and what came, in the page, with the trace id of the answer; the page is taken along, shared,
// and gone after a day.
func TestARefusedPresentationIsShown(t *testing.T) {
	each(t, func(t *testing.T, s *service) {
		recording(t, s)
		w := s.open(t, s.browserAt(t, "skatteetaten").transaction().QR)
		a := w.post(w.encrypt(map[string][]string{"pid_sd_jwt": {w.bind(s.issuer.issueSDJWT(&w.key.PublicKey), "pid_sd_jwt", binding{nonce: "anothernonceanothernonce"})}}, ""))
		is(t, a, http.StatusBadRequest)
		var told oauth2.Error
		check(t, json.Unmarshal([]byte(a.body), &told))
		address := page(a)
		if told.Code != "key_binding_nonce" || told.URI != address {
			t.Errorf("%s", a.body)
		}
		said := s.said(t, address)
		e := said.Entries[len(said.Entries)-1]
		if e.Refusal == nil || e.Refusal.Code != told.Code || e.Refusal.Description != told.Description || e.Refusal.Expected == "" || e.Refusal.Came == "" ||
			e.Refusal.Section == "" || e.TraceID != a.header.Get("Trace-Id") {
			t.Errorf("%+v", e)
		}
		b := s.browser(t)
		path := strings.TrimPrefix(address, s.url)
		sees(t, b.get(path), "Hva lommeboka og verifikatoren sa", "Avvist", told.Code, "Forventet", "Kom", e.TraceID, e.Refusal.Section, "Det vi sjekket",
			"Vi stoler på utstederen", path+"/new?n=")
		sees(t, b.get(path+"/new?n=2"), `"done":true`)
		har := b.get(path + "/har")
		sees(t, har, `"version":"1.2"`, s.url+"/responses/", told.Code)
		leak.Search(t, "the HAR", har.body, s.log.Known())

		shared := b.send(path+"/share", "application/x-www-form-urlencoded", "life=15m")
		is(t, shared, http.StatusOK)
		_, after, _ := strings.Cut(shared.body, `id="shared">`)
		to, _, _ := strings.Cut(after, "<")
		to = strings.TrimPrefix(to, s.url)
		sees(t, b.get(to), told.Code)
		is(t, b.send(to+"/share", "application/x-www-form-urlencoded", "life=8h"), http.StatusForbidden)
		s.add(15 * time.Minute)
		is(t, b.get(to), http.StatusNotFound)
		is(t, b.get(path), http.StatusOK)
		s.add(day)
		is(t, b.get(path), http.StatusNotFound)
		check(t, s.Sweep(t.Context()))
		for _, table := range []string{"verifier_transactions", "verifier_transaction_entries", "verifier_transaction_links"} {
			if n := s.rows(t, table); n != 0 {
				t.Errorf("%d rows are left in %s", n, table)
			}
		}
	})
}

// What a wallet on the same device says is not read by who asked until the response_code has come back in their browser (HAIP 1.0
// section 5.1): else who lures somebody to the link would learn what that person's wallet said.
func TestTheSameDeviceIsJoinedWhenTheBrowserIsBack(t *testing.T) {
	each(t, func(t *testing.T, s *service) {
		recording(t, s)
		for _, refused := range []bool{false, true} {
			b := s.browserAt(t, "skatteetaten")
			tx := b.transaction()
			w := s.open(t, tx.Link)
			s.add(time.Second)
			proof := binding{}
			if refused {
				proof.nonce = "anothernonceanothernonce"
			}
			a := w.post(w.encrypt(map[string][]string{"pid_sd_jwt": {w.bind(s.issuer.issueSDJWT(&w.key.PublicKey), "pid_sd_jwt", proof)}}, ""))
			back := w.taken(a)
			response := "response"
			if refused {
				response = "response!key_binding_nonce"
			}
			wantSteps(t, s.said(t, tx.Record), "ask request")
			wantSteps(t, s.said(t, page(a)), response)
			s.add(time.Second)
			is(t, s.browser(t).get(strings.TrimPrefix(back, s.url)), http.StatusNotFound) // in another browser
			wantSteps(t, s.said(t, tx.Record), "ask request")
			_, code, _ := strings.Cut(back, "response_code=")
			s.log.Know("a response_code", code)
			s.add(time.Second)
			is(t, b.get(strings.TrimPrefix(back, s.url)), http.StatusOK)
			for _, address := range []string{tx.Record, page(a)} {
				wantSteps(t, s.said(t, address), "ask request "+response+" return")
			}
			if again := b.transaction(); again.Record != tx.Record {
				t.Errorf("the page is %s, and was %s", again.Record, tx.Record)
			}
		}
	})
}

// Who lured somebody to the link has the addresses that our answers named when they fetched and posted by it themselves: none of them
// shows what that person's wallet said, also when it names the page that it was told before.
func TestWhoLuresReadsNothing(t *testing.T) {
	each(t, func(t *testing.T, s *service) {
		recording(t, s)
		b := s.browserAt(t, "skatteetaten")
		tx := b.transaction()
		fetch := func() answer { s.add(time.Second); return b.get(requestPath(t, s, tx.Link)) }
		w := s.open(t, tx.Link)
		spoil := func() answer {
			s.add(time.Second)
			return w.post(url.Values{"response": {"a.b.c.d.e"}})
		}
		theirs := []answer{fetch(), spoil(), spoil()}
		told := fetch()
		s.add(time.Second)
		form := w.encrypt(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}}, "")
		r, err := http.NewRequest(http.MethodPost, w.request.ResponseURI, strings.NewReader(form.Encode()))
		check(t, err)
		r.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Lommebok-Transaction": {page(told)}}
		taken := send(t, http.DefaultClient, r)
		is(t, taken, http.StatusOK)
		theirs = append(theirs, told, spoil(), fetch())
		for _, address := range append([]string{tx.Record}, pagesOf(theirs)...) {
			for _, e := range s.said(t, address).Entries {
				if e.TraceID == taken.header.Get("Trace-Id") {
					t.Errorf("the answer is read at %s", address)
				}
			}
		}
		wantSteps(t, s.said(t, page(taken)), "response")
	})
}

func pagesOf(answers []answer) (pages []string) {
	for _, a := range answers {
		pages = append(pages, page(a))
	}
	return pages
}

// A relying party has the address beside the state of its presentation, and nothing that it says to us is in the record.
func TestARelyingPartyHasTheAddress(t *testing.T) {
	s := recording(t, newService(t))
	p := s.party(t, demoParty)
	created := p.ask(pidRequest)
	_, secret, _ := strings.Cut(created.Handle, ".")
	s.log.Know("what the relying party has", secret, p.token, p.secret)
	a := p.get(created.Handle, "")
	var told struct{ Record string }
	check(t, json.Unmarshal([]byte(a.body), &told))
	wantSteps(t, s.said(t, told.Record), "ask")
	w := s.open(t, created.Links.Same)
	s.add(time.Second)
	back := w.send(map[string][]string{w.query.Credentials[0].ID: {w.bind(s.issuer.issueSDJWT(&w.key.PublicKey), w.query.Credentials[0].ID, binding{})}})
	u, err := url.Parse(back)
	check(t, err)
	s.log.Know("a response_code", u.Query().Get("response_code"))
	wantSteps(t, s.said(t, told.Record), "ask request")
	s.add(time.Second)
	is(t, p.do(http.MethodPost, "/api/presentations/"+created.Handle+"/result", map[string]any{"response_code": u.Query().Get("response_code")}), http.StatusOK)
	said := s.said(t, told.Record)
	wantSteps(t, said, "ask request response return")
	raw, err := json.Marshal(said)
	check(t, err)
	for _, never := range []string{"case-17", "tax-return", "Bearer"} {
		if strings.Contains(string(raw), never) {
			t.Errorf("the record holds %q", never)
		}
	}
}

// A login with the wallet is recorded, and its pages lead to the record.
func TestALoginIsRecorded(t *testing.T) {
	s, loans, _ := newLogins(t, onSQLite(t))
	recording(t, s)
	v := newVisitor(t)
	v.get(loans.push())
	v.sees("Utvikler du en lommebok?")
	address := v.link("/records/")
	w := s.open(t, v.qr())
	id := w.asked(mpid)
	s.add(time.Second)
	w.send(map[string][]string{id: {w.bind(s.issuer.minID(&w.key.PublicKey, karies), id, binding{nonce: "anothernonceanothernonce"})}})
	wantSteps(t, s.said(t, address), "ask request response!key_binding_nonce")
	v.get(v.at)
	if got := v.link("/records/"); got != address {
		t.Errorf("the page of the refusal leads to %s", got)
	}
}

// By the Digital Credentials API, whose requests are shown in each protocol.
func TestTheBrowsersAPIIsRecorded(t *testing.T) {
	s := recording(t, newService(t))
	b := s.browserAt(t, "skatteetaten")
	asked := b.get(b.tx + "/credentials")
	is(t, asked, http.StatusOK)
	s.add(time.Second)
	message, err := json.Marshal(openid4vp.DCAPIMessage{Protocol: openid4vp.ProtocolSigned, Data: json.RawMessage(`{"response":"a.b.c.d.e"}`)})
	check(t, err)
	a := b.send(b.tx+"/credentials", "application/json", string(message))
	is(t, a, http.StatusBadRequest)
	said := s.said(t, page(a))
	wantSteps(t, said, "ask dc_request dc_response!invalid_request")
	text := said.Entries[1].Response.Parts[0].Text
	for _, has := range []string{"openid4vp-v1-multisigned", "openid4vp-v1-unsigned", "dc_api.jwt", "expected_origins", "oauth-authz-req+jwt", "dcql_query"} {
		if !strings.Contains(text, has) {
			t.Errorf("the requests lack %q: %s", has, text)
		}
	}
}

// A request that was encrypted to the wallet is shown as the wallet reads it, and an mdoc by the names of its elements.
func TestWhatIsEncryptedIsShownOpened(t *testing.T) {
	s := recording(t, newService(t))
	b := s.browser(t)
	b.startAs("skatteetaten-mdoc", url.Values{"request_uri_method": {"post"}})
	l, err := openid4vp.ParseRequestURI(b.transaction().QR, rules)
	check(t, err)
	jwk := jose.PublicJWK(&newKey(t).PublicKey)
	jwk.Kid, jwk.Alg = "w", "ECDH-ES"
	metadata, err := json.Marshal(map[string]any{
		"vp_formats_supported": map[string]any{"dc+sd-jwt": nil, "mso_mdoc": nil}, "jwks": jose.JWKS{Keys: []jose.JWK{jwk}},
		"request_object_encryption_enc_values_supported": []string{"A256GCM"},
	})
	check(t, err)
	a := post(t, l.RequestURI, url.Values{"wallet_metadata": {string(metadata)}, "wallet_nonce": {strings.Repeat("nonce", 5)}})
	is(t, a, http.StatusOK)
	s.add(time.Second)
	w := s.open(t, b.transaction().QR)
	s.add(time.Second)
	raw := w.device(s.issuer.issueMdoc(&w.key.PublicKey), pidType, []string{"given_name", "family_name", "birth_date"})
	is(t, w.post(w.encrypt(map[string][]string{"pid": {jose.EncodeBase64URL(raw)}}, "")), http.StatusOK)
	said := s.said(t, page(a))
	wantSteps(t, said, "ask request request response")
	for i, has := range map[int][]string{
		1: {"A256GCM", "opened", "noncen… (25 characters)", "dcql_query", "vp_formats_supported", "request_object_encryption_enc_values_supported", "thumbprint"},
		3: {"deviceSigned", "deviceSignature", "signature left out", pidType, "family_name", "date, hidden", "opened"},
	} {
		text, err := json.Marshal(said.Entries[i])
		check(t, err)
		for _, words := range has {
			if !strings.Contains(string(text), words) {
				t.Errorf("%s lacks %q: %s", said.Entries[i].Step, words, text)
			}
		}
	}
}

// Where nothing is recorded there are no pages, and no answer names one.
func TestNothingIsRecordedUnlessItIsSet(t *testing.T) {
	s := newService(t)
	b := s.browserAt(t, "skatteetaten")
	tx := b.transaction()
	w := s.open(t, tx.QR)
	a := w.post(w.encrypt(map[string][]string{"pid_sd_jwt": {"hello"}}, ""))
	if page(a) != "" || tx.Record != "" || strings.Contains(a.body, "error_uri") || strings.Contains(b.get(b.tx).body, "/records/") {
		t.Errorf("%v %s %+v", a.header, a.body, tx)
	}
	is(t, b.get("/records/"+strings.Repeat("A", 26)), http.StatusNotFound)
	if n := s.rows(t, "verifier_transactions"); n != 0 {
		t.Errorf("%d rows", n)
	}
}
