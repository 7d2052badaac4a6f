package server_test

import (
	"crypto/sha512"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lommebok.example/specs/dcql"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/specs/x5c"
	"lommebok.example/verifier/presentation"
)

// asks begins what a service elsewhere could ask, in a browser of its own.
func (s *service) asks(t testing.TB, ask presentation.Ask) *browser {
	t.Helper()
	b, secret := s.browser(t), presentation.NewBrowser()
	ask.Service = "skatteetaten"
	id, err := s.Asking().Begin(t.Context(), ask, secret)
	check(t, err)
	u, err := url.Parse(s.url)
	check(t, err)
	b.jar.SetCookies(u, []*http.Cookie{{Name: "lommebok_verifier_browser", Value: secret}})
	b.tx = "/transactions/" + id
	r, err := s.Asking().Result(t.Context(), id, secret)
	check(t, err)
	links, err := s.Asking().Links(t.Context(), r, secret, "")
	check(t, err)
	if tx := b.transaction(); links.SameDevice != tx.Link || links.CrossDevice != tx.QR {
		t.Errorf("%+v, and the page has %s", links, tx.Link)
	}
	return b
}

func queryOf(t testing.TB, text string) *dcql.Query {
	t.Helper()
	q, err := dcql.Parse([]byte(text))
	check(t, err)
	return q
}

const pidQuery = `{"id":"pid_sd_jwt","format":"dc+sd-jwt","meta":{"vct_values":["urn:eudi:pid:1"]},"claims":[{"path":["given_name"]}]}`

// What a wallet posts to the request_uri: its nonce comes back, and what it says of itself is heeded.
func TestRequestByPost(t *testing.T) {
	each(t, func(t *testing.T, s *service) {
		b := s.browser(t)
		b.startAs("skatteetaten-mdoc", url.Values{"request_uri_method": {"post"}})
		l, err := openid4vp.ParseRequestURI(b.transaction().QR, rules)
		check(t, err)
		if l.Method != openid4vp.MethodPost {
			t.Fatalf("link %+v", l)
		}
		const both = `{"vp_formats_supported":{"mso_mdoc":{"issuerauth_alg_values":[-7],"deviceauth_alg_values":[-7]}},"x":1}`
		for name, c := range map[string]struct {
			form   url.Values
			status int
			code   string
		}{
			"a nonce":                          {url.Values{"wallet_nonce": {"a+/b=="}}, 200, ""},
			"nothing":                          {nil, 200, ""},
			"unknown parameters":               {url.Values{"x": {"1", "2"}}, 200, ""},
			"metadata":                         {url.Values{"wallet_metadata": {both}}, 200, ""},
			"metadata that are no JSON":        {url.Values{"wallet_metadata": {"x"}}, 400, "invalid_request"},
			"metadata without formats":         {url.Values{"wallet_metadata": {"{}"}}, 400, "invalid_request"},
			"two nonces":                       {url.Values{"wallet_nonce": {"a", "b"}}, 400, "invalid_request"},
			"a nonce without end":              {url.Values{"wallet_nonce": {strings.Repeat("a", 513)}}, 400, "invalid_request"},
			"a wallet that has SD-JWT VC only": {url.Values{"wallet_metadata": {`{"vp_formats_supported":{"dc+sd-jwt":{}}}`}}, 400, "vp_formats_not_supported"},
			"a wallet with another algorithm":  {url.Values{"wallet_metadata": {strings.ReplaceAll(both, "[-7]", "[-8]")}}, 400, "vp_formats_not_supported"},
			"a wallet with another prefix":     {url.Values{"wallet_metadata": {`{"client_id_prefixes_supported":["redirect_uri"],` + both[1:]}}, 400, "invalid_request"},
		} {
			a := post(t, l.RequestURI, c.form)
			if a.status != c.status || c.status == 200 && a.header.Get("Content-Type") != openid4vp.RequestMediaType {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
			if c.status != 200 {
				var e oauth2.Error
				check(t, json.Unmarshal([]byte(a.body), &e))
				if e.Code != c.code || !strings.Contains(e.Description, "expected") {
					t.Errorf("%s: %+v", name, e)
				}
				continue
			}
			o := s.parse(t, a.body, l.ClientID)
			if want := c.form.Get("wallet_nonce"); o.WalletNonce != want {
				t.Errorf("%s: wallet_nonce %q", name, o.WalletNonce)
			}
		}
		is(t, post(t, l.RequestURI+"x", nil), http.StatusNotFound)
	})
}

func (s *service) parse(t testing.TB, jwt, clientID string) *openid4vp.RequestObject {
	t.Helper()
	anchor, err := x5c.ParsePEM(s.Anchor)
	check(t, err)
	o, _, err := openid4vp.ParseRequest(jwt, x5c.NewAnchors(anchor...), s.now(), clientID, rules)
	check(t, err)
	return o
}

// D20: what stands in each request, and what no two have in common.
func TestRequestObject(t *testing.T) {
	s := newService(t)
	seen := map[string]bool{}
	for range 2 {
		tx := s.browserAt(t, "skatteetaten").transaction()
		for _, link := range []string{tx.QR, tx.Link} {
			w := s.open(t, link) // which checks typ, aud, the hash and the signature
			m := w.request.ClientMetadata
			for _, fresh := range []string{w.request.Nonce, w.request.State, w.request.ResponseURI, m.JWKS.Keys[0].X} {
				if seen[fresh] || len(fresh) < 43 {
					t.Errorf("%q is not fresh", fresh)
				}
				seen[fresh] = true
			}
			if k := m.JWKS.Keys[0]; len(m.JWKS.Keys) != 1 || k.Crv != "P-256" || k.Alg != "ECDH-ES" || k.Use != "enc" || k.Kid == "" {
				t.Errorf("keys %+v", m.JWKS.Keys)
			}
			if !slices.Equal(m.EncryptedResponseEncValuesSupported, []string{"A128GCM", "A256GCM"}) || m.VPFormatsSupported.SDJWTVC == nil || m.VPFormatsSupported.Mdoc == nil {
				t.Errorf("metadata %+v", m)
			}
			if life := w.request.Exp - w.request.Iat; life != int64(presentation.RequestLifetime.Seconds()) || w.request.ResponseMode != "direct_post.jwt" {
				t.Errorf("lives %d seconds, answered by %s", life, w.request.ResponseMode)
			}
		}
	}
}

// A wallet that gives a key gets the request object encrypted to it.
func TestRequestObjectEncrypted(t *testing.T) {
	s := newService(t)
	l, err := openid4vp.ParseRequestURI(s.browserAt(t, "skatteetaten").transaction().QR, rules)
	check(t, err)
	key := newKey(t)
	jwk := jose.PublicJWK(&key.PublicKey)
	jwk.Kid, jwk.Alg = "w", "ECDH-ES"
	metadata, err := json.Marshal(map[string]any{
		"vp_formats_supported": map[string]any{"dc+sd-jwt": nil, "mso_mdoc": nil}, "jwks": jose.JWKS{Keys: []jose.JWK{jwk}},
		"request_object_encryption_enc_values_supported": []string{"A256GCM"},
	})
	check(t, err)
	a := post(t, l.RequestURI, url.Values{"wallet_metadata": {string(metadata)}, "wallet_nonce": {"n"}})
	is(t, a, http.StatusOK)
	h, err := jose.PeekJWE(a.body)
	check(t, err)
	if h.Enc != "A256GCM" || h.Kid != "w" || h.Cty != "JWT" {
		t.Errorf("header %+v", h)
	}
	jwt, err := jose.Decrypt(a.body, key)
	check(t, err)
	if o := s.parse(t, string(jwt), l.ClientID); o.WalletNonce != "n" {
		t.Errorf("%+v", o)
	}
}

// A wallet is answered after the verdict: what does not hold is refused with the code of the first check that did not, and the
// answer is spent all the same, so that nobody can try again.
func TestWalletIsToldWhatDoesNotHold(t *testing.T) {
	each(t, func(t *testing.T, s *service) {
		for name, c := range map[string]struct {
			make func(w *wallet) string
			code string
		}{
			"another nonce": {func(w *wallet) string {
				return w.bind(s.issuer.issueSDJWT(&w.key.PublicKey), "pid_sd_jwt", binding{nonce: "anothernonceanothernonce"})
			}, "key_binding_nonce"},
			"another audience": {func(w *wallet) string {
				return w.bind(s.issuer.issueSDJWT(&w.key.PublicKey), "pid_sd_jwt", binding{aud: "x509_hash:x"})
			}, "key_binding_audience"},
			"no credential": {func(*wallet) string { return "hello" }, "format_failed"},
			"another type":  {func(w *wallet) string { return w.sdjwtPID(func(m *sdjwtvc.Template) { m.VCT = "urn:eudi:pid:2" }) }, "not_as_asked"},
			"another sd_hash": {func(w *wallet) string {
				return w.bind(s.issuer.issueSDJWT(&w.key.PublicKey), "pid_sd_jwt", binding{hash: "x"})
			}, "key_binding_sd_hash"},
		} {
			for _, same := range []bool{false, true} {
				b := s.browserAt(t, "skatteetaten")
				link := b.transaction().QR
				if same {
					link = b.transaction().Link
				}
				w := s.open(t, link)
				form := w.encrypt(map[string][]string{"pid_sd_jwt": {c.make(w)}}, "")
				a := w.post(form)
				var e oauth2.Error
				check(t, json.Unmarshal([]byte(a.body), &e))
				var on openid4vp.PostAnswer
				check(t, json.Unmarshal([]byte(a.body), &on))
				if on.RedirectURI != e.URI {
					t.Errorf("%s, same device %t: the wallet sends the browser to %q: %s", name, same, on.RedirectURI, a.body)
				}
				if a.status != http.StatusBadRequest || e.Code != c.code || !strings.Contains(e.Description, "expected") || !strings.Contains(e.Description, "section") || (e.URI != "") != same {
					t.Errorf("%s, same device %t: %d %s", name, same, a.status, a.body)
				}
				is(t, w.post(form), http.StatusNotFound)
				if same {
					b.wantState("fetched") // until the response_code comes
					is(t, b.get(strings.TrimPrefix(e.URI, s.url)), http.StatusOK)
				}
				tx := b.wantState("answered")
				if told := slices.ContainsFunc(tx.Verdict.Failed(), func(f presentation.Check) bool { return f.Code == c.code }); !told || tx.Verdict.Accepted {
					t.Errorf("%s: the verdict does not say so: %+v", name, tx.Verdict.Failed())
				}
			}
		}
	})
}

// Of the DCQL of an answer that holds, each part is really held: more than one presentation, the authority, the sets.
func TestWhatIsAskedByDCQL(t *testing.T) {
	s := newService(t)
	aki := jose.EncodeBase64URL(s.issuer.root.SubjectKeyId)
	with := func(member string) string { return strings.Replace(pidQuery, `"format"`, member+`,"format"`, 1) }
	const other = `,{"id":"other","format":"mso_mdoc","meta":{"doctype_value":"x"}}`
	for name, c := range map[string]struct {
		query string
		n     int // presentations
		code  string
	}{
		"one":                               {`{"credentials":[` + pidQuery + `]}`, 1, ""},
		"two for one":                       {`{"credentials":[` + pidQuery + `]}`, 2, "not_as_asked"},
		"two for multiple":                  {`{"credentials":[` + with(`"multiple":true`) + `]}`, 2, ""},
		"one for multiple":                  {`{"credentials":[` + with(`"multiple":true`) + `]}`, 1, ""},
		"of this authority":                 {`{"credentials":[` + with(`"trusted_authorities":[{"type":"aki","values":["AAAA","`+aki+`"]}]`) + `]}`, 1, ""},
		"of another authority":              {`{"credentials":[` + with(`"trusted_authorities":[{"type":"aki","values":["AAAA"]}]`) + `]}`, 1, "not_as_asked"},
		"authorities of a kind not known":   {`{"credentials":[` + with(`"trusted_authorities":[{"type":"etsi_tl","values":["https://x"]}]`) + `]}`, 1, "not_as_asked"},
		"a set that is satisfied":           {`{"credentials":[` + pidQuery + other + `],"credential_sets":[{"options":[["other"],["pid_sd_jwt"]]}]}`, 1, ""},
		"a set that may be left out":        {`{"credentials":[` + pidQuery + other + `],"credential_sets":[{"options":[["pid_sd_jwt"]]},{"options":[["other"]],"required":false}]}`, 1, ""},
		"a set that is not satisfied":       {`{"credentials":[` + pidQuery + other + `],"credential_sets":[{"options":[["pid_sd_jwt","other"]]}]}`, 1, "not_as_asked"},
		"a second credential, not optional": {`{"credentials":[` + pidQuery + other + `]}`, 1, "not_as_asked"},
	} {
		t.Run(name, func(t *testing.T) {
			b := s.asks(t, presentation.Ask{Query: queryOf(t, c.query)})
			w := s.open(t, b.transaction().QR)
			var all []string
			for range c.n {
				all = append(all, w.sdjwtPID())
			}
			w.send(map[string][]string{"pid_sd_jwt": all})
			tx := b.wantState("answered")
			if tx.Verdict.Accepted != (c.code == "") || w.told != c.code || c.code == "" && len(tx.Verdict.Credentials) != c.n {
				t.Errorf("told %q, verdict %+v", w.told, tx.Verdict.Failed())
			}
		})
	}
}

// What cannot be asked for is refused before anybody is asked.
func TestAsksThatAreRefused(t *testing.T) {
	s := newService(t)
	query := queryOf(t, `{"credentials":[`+pidQuery+`]}`)
	data := func(text string) []json.RawMessage { return []json.RawMessage{json.RawMessage(text)} }
	for name, ask := range map[string]presentation.Ask{
		"no query":                     {},
		"another prefix":               {Query: query, ClientIDPrefix: "openid_federation"},
		"a prefix that is reserved":    {Query: query, ClientIDPrefix: "origin"},
		"another response mode":        {Query: query, ResponseMode: "fragment"},
		"another method":               {Query: query, RequestURIMethod: "POST"},
		"a scheme that runs":           {Query: query, Scheme: "javascript:"},
		"an address without TLS":       {Query: query, Scheme: "http://wallet.example"},
		"an address with #":            {Query: query, Scheme: "https://wallet.example/#"},
		"an address that is too long":  {Query: query, Scheme: "https://wallet.example/" + strings.Repeat("x", 234)},
		"a redirect_uri with fragment": {Query: query, RedirectURI: "https://x.example/#a"},
		"a redirect_uri with #":        {Query: query, RedirectURI: "https://x.example/#"},
		"transaction data, no object":  {Query: query, TransactionData: data(`[]`)},
		"of an unknown credential":     {Query: query, TransactionData: data(`{"type":"t","credential_ids":["x"]}`)},
		"with another hash":            {Query: query, TransactionData: data(`{"type":"t","credential_ids":["pid_sd_jwt"],"transaction_data_hashes_alg":["sha-512"]}`)},
		"of more than one":             {Query: queryOf(t, `{"credentials":[`+strings.Replace(pidQuery, `"format"`, `"multiple":true,"format"`, 1)+`]}`), TransactionData: data(`{"type":"t","credential_ids":["pid_sd_jwt"]}`)},
	} {
		if _, err := s.Asking().Begin(t.Context(), ask, presentation.NewBrowser()); !errors.Is(err, presentation.ErrAsk) {
			t.Errorf("%s: %v", name, err)
		}
	}
	b := s.browser(t)
	is(t, b.send("/services/skatteetaten/start", "application/x-www-form-urlencoded", "client_id_prefix=x"), http.StatusBadRequest)
	if n := s.rows(t, "transactions"); n != 0 {
		t.Errorf("%d transactions", n)
	}
}

// The request carries what third parties say of the verifier, and what is to be agreed to; the wallet goes back to the service.
func TestWhatComesWithARequest(t *testing.T) {
	s := newService(t)
	file := filepath.Join(t.TempDir(), "registration.jwt")
	check(t, os.WriteFile(file, []byte("e30.e30.AA\n"), 0o600))
	s.cfg.RegistrationCertificate = file
	s.start(t)
	b := s.asks(t, presentation.Ask{
		Query: queryOf(t, `{"credentials":[`+pidQuery+`]}`), RedirectURI: "https://service.example/back?x=1",
		TransactionData: []json.RawMessage{json.RawMessage(`{ "type": "t", "credential_ids": ["pid_sd_jwt"], "text": "yes" }`)},
	})
	l, err := openid4vp.ParseRequestURI(b.transaction().Link, rules)
	check(t, err)
	known := rules
	known.TransactionTypes = openid4vp.TransactionTypes{"t": {"text"}}
	anchor, err := x5c.ParsePEM(s.Anchor)
	check(t, err)
	o, _, err := openid4vp.ParseRequest(b.get(strings.TrimPrefix(l.RequestURI, s.url)).body, x5c.NewAnchors(anchor...), s.now(), l.ClientID, known)
	check(t, err)
	if len(o.VerifierInfo) != 1 || o.VerifierInfo[0].Format != openid4vp.FormatRegistrationCert || string(o.VerifierInfo[0].Data) != `"e30.e30.AA"` {
		t.Errorf("verifier_info %+v", o.VerifierInfo)
	}
	if len(o.TransactionData) != 1 || o.TransactionData[0] != openid4vp.EncodeTransaction(json.RawMessage(`{"type":"t","credential_ids":["pid_sd_jwt"],"text":"yes"}`)) {
		t.Errorf("transaction_data %v", o.TransactionData)
	}
	query, err := o.Query()
	check(t, err)
	w := &wallet{t: t, s: s, key: newKey(t), request: o, query: query}
	a := w.post(url.Values{"error": {"access_denied"}, "state": {o.State}})
	if to := w.taken(a); !strings.HasPrefix(to, "https://service.example/back?x=1&response_code=") {
		t.Errorf("sent to %s", to)
	}
	b.startAs("skatteetaten", url.Values{"client_id_prefix": {openid4vp.PrefixRedirectURI}})
	l, err = openid4vp.ParseRequestURI(b.transaction().Link, openid4vp.Rules{InsecureAllowHTTP: true, BeyondHAIP: true})
	check(t, err)
	if l.Unsigned == nil || l.Unsigned.Has("verifier_info") {
		t.Errorf("a request that nobody signed: %v", l.Unsigned)
	}
	b.start("skatteetaten")
	a = b.get(b.tx+"/credentials", "Accept", "application/json")
	sees(t, a, `"protocol":"openid4vp-v1-unsigned","data":{`)
	if strings.Contains(a.body, `"verifier_info"`) { // what is signed stands in base64url
		t.Errorf("over the Digital Credentials API, unsigned: %s", a.body)
	}
	s.cfg.RegistrationCertificate = file + "x"
	if _, err := s.tryBuild(); err == nil {
		t.Error("started without its registration certificate")
	}
}

// A transaction that no presentation could authorize is not agreed to, although the query is satisfied.
func TestTransactionThatNobodyAuthorizes(t *testing.T) {
	s := newService(t)
	query := `{"credentials":[{"id":"m","format":"mso_mdoc","meta":{"doctype_value":"` + pidType + `"},"claims":[{"path":["` + pidType + `","given_name"]}]},` + pidQuery +
		`],"credential_sets":[{"options":[["m"],["pid_sd_jwt"]]}]}`
	b := s.asks(t, presentation.Ask{Query: queryOf(t, query), TransactionData: []json.RawMessage{json.RawMessage(`{"type":"t","credential_ids":["pid_sd_jwt"]}`)}})
	l, err := openid4vp.ParseRequestURI(b.transaction().QR, rules)
	check(t, err)
	known := rules
	known.TransactionTypes = openid4vp.TransactionTypes{"t": nil}
	anchor, err := x5c.ParsePEM(s.Anchor)
	check(t, err)
	o, _, err := openid4vp.ParseRequest(b.get(strings.TrimPrefix(l.RequestURI, s.url)).body, x5c.NewAnchors(anchor...), s.now(), l.ClientID, known)
	check(t, err)
	w := &wallet{t: t, s: s, key: newKey(t), request: o}
	raw := w.device(s.issuer.issueMdoc(&w.key.PublicKey, func(*mdoc.Template) {}), pidType, []string{"given_name"})
	w.send(map[string][]string{"m": {jose.EncodeBase64URL(raw)}})
	if tx := b.wantState("answered"); tx.Verdict.Accepted || w.told != "not_as_asked" || !strings.Contains(tx.Verdict.Checks[1].Got, "authorize a transaction") {
		t.Errorf("told %q: %+v", w.told, tx.Verdict.Failed())
	}
}

// Transactions are agreed to by whom the wallet chooses of those that are named, with a hash of what was sent by an algorithm
// that it may choose.
func TestTransactionsAgreedTo(t *testing.T) {
	s := newService(t)
	query := `{"credentials":[` + pidQuery + `,` + strings.Replace(pidQuery, `"id":"pid_sd_jwt"`, `"id":"second"`, 1) + `]}`
	for _, c := range []struct {
		chosen, other string
		algs, named   string
		hash          func(text string) string
	}{
		{"pid_sd_jwt", "second", `["sha-256"]`, "sha-256", openid4vp.TransactionHash},
		{"second", "pid_sd_jwt", `["sha-256"]`, "sha-256", openid4vp.TransactionHash},
		{"second", "pid_sd_jwt", `["sha-256","sha-512"]`, "sha-512", func(text string) string {
			sum := sha512.Sum512([]byte(text))
			return jose.EncodeBase64URL(sum[:])
		}},
	} {
		b := s.asks(t, presentation.Ask{Query: queryOf(t, query), TransactionData: []json.RawMessage{
			json.RawMessage(`{"type":"t","credential_ids":["pid_sd_jwt","second"],"transaction_data_hashes_alg":` + c.algs + `}`),
		}})
		l, err := openid4vp.ParseRequestURI(b.transaction().QR, rules)
		check(t, err)
		known := rules
		known.TransactionTypes = openid4vp.TransactionTypes{"t": nil}
		anchor, err := x5c.ParsePEM(s.Anchor)
		check(t, err)
		o, _, err := openid4vp.ParseRequest(b.get(strings.TrimPrefix(l.RequestURI, s.url)).body, x5c.NewAnchors(anchor...), s.now(), l.ClientID, known)
		check(t, err)
		asked, err := o.Query()
		check(t, err)
		w := &wallet{t: t, s: s, key: newKey(t), request: o, query: asked}
		hashes := map[string]any{"transaction_data_hashes": []string{c.hash(o.TransactionData[0])}, "transaction_data_hashes_alg": c.named}
		w.send(map[string][]string{
			c.chosen: {w.bind(s.issuer.issueSDJWT(&w.key.PublicKey), c.chosen, binding{more: hashes})},
			c.other:  {w.bind(s.issuer.issueSDJWT(&w.key.PublicKey), c.other, binding{})},
		})
		if tx := b.wantState("answered"); !tx.Verdict.Accepted {
			t.Errorf("%s, %s: told %q: %+v", c.chosen, c.named, w.told, tx.Verdict.Failed())
		}
	}
}
