package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"lommebok.example/specs/cose"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/sdjwt"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/verifier/presentation"
)

// canaries are values that stand nowhere else, by where they were planted.
type canaries struct {
	t     testing.TB
	all   map[string]string
	found int
}

// plant makes a value for a place. It has no form that any mask knows.
func (c *canaries) plant(where string) string {
	bird := fmt.Sprintf("kanari%03d", len(c.all))
	c.all[where] = bird
	return bird
}

// search fails for each that is in a text.
func (c *canaries) search(what, text string) {
	c.t.Helper()
	c.found++
	for where, bird := range c.all {
		if strings.Contains(text, bird) {
			c.t.Errorf("%s holds what was planted in %s", what, where)
		}
	}
}

// inClaims plants one in a claim of each name that a mask shows elsewhere, and in those of people.
func (c *canaries) inClaims(where string) map[string]any {
	claims := map[string]any{}
	for _, name := range []string{
		"given_name", "family_name", "birthdate", "personal_administrative_number", "sub", "jti", "id", "type", "format", "client_id", "scope", "state", "nonce", "code",
		"request_uri", "redirect_uri", "error", "error_description", "challenge", "event", "wallet_name", "uri", "typ", "kid", "protocol", "values", "data", "payload", "length",
	} {
		claims[name] = sdjwt.SD{Value: c.plant(where + " " + name)}
	}
	claims["address"] = map[string]any{"locality": sdjwt.SD{Value: c.plant(where + " locality")}, "type": c.plant(where + " open in an object")}
	claims["nationalities"] = []any{sdjwt.SD{Value: c.plant(where + " in a list")}, c.plant(where + " open in a list")}
	return claims
}

// secretsOf are those of a request and of who asks, as whoever has them writes them.
func (c *canaries) secretsOf(w *wallet, b *browser) {
	for where, secret := range map[string]string{
		"nonce": w.request.Nonce, "state": w.request.State, "the address of the request": strings.TrimPrefix(w.request.ResponseURI, w.s.url+"/responses/"),
	} {
		c.all[where+" "+secret[:4]] = secret
	}
	u, err := url.Parse(w.s.url)
	check(c.t, err)
	for _, cookie := range b.jar.Cookies(u) {
		c.all["cookie "+cookie.Name+" "+cookie.Value[:4]] = cookie.Value
	}
}

// Of a person and of secrets nothing is kept, wherever they come: in claims by whatever name, in what wallets and holders say beside
// them, in answers that are broken, in what a relying party asks with.
func TestACanaryInEveryClaimAndSecret(t *testing.T) {
	s := recording(t, newService(t))
	c := &canaries{t: t, all: map[string]string{}}
	var pages []string
	send := func(b *browser, w *wallet, form url.Values) {
		c.secretsOf(w, b)
		form.Set("error_description", c.plant("an unknown parameter"))
		form.Set("presentation_submission", c.plant("a parameter of drafts"))
		r, err := http.NewRequest(http.MethodPost, w.request.ResponseURI+"?who="+c.plant("a query"), strings.NewReader(form.Encode()))
		check(t, err)
		r.Header = http.Header{
			"Content-Type": {"application/x-www-form-urlencoded"}, "Authorization": {"Basic " + c.plant("a header")}, "X-Name": {c.plant("an unknown header")},
			"Cookie": {"session=" + c.plant("a cookie")},
		}
		a := send(t, http.DefaultClient, r)
		pages = append(pages, page(a))
		if _, code, ok := strings.Cut(a.body, "response_code="); ok {
			code, _, _ = strings.Cut(code, `"`)
			c.all["response_code "+code[:4]] = code
		}
	}
	privates := func(w *wallet) string {
		d, err := w.key.Bytes()
		check(t, err)
		return jose.EncodeBase64URL(d)
	}
	consent, err := json.Marshal(map[string]any{
		"type": "eu.europa.ec.eudi.consent", "credential_ids": []string{"pid_sd_jwt"}, "text": c.plant("transaction data"), "scope": c.plant("a member of transaction data"),
	})
	check(t, err)
	for _, mode := range []string{"direct_post.jwt", "direct_post"} {
		for _, link := range []string{"qr", "link"} {
			b := s.asks(t, presentation.Ask{
				Query:           queryOf(t, `{"credentials":[`+strings.Replace(pidQuery, `["given_name"]`, `["given_name"],"values":["`+c.plant("a value that is asked for")+`"]`, 1)+`]}`),
				ResponseMode:    mode,
				TransactionData: []json.RawMessage{consent},
			})
			to := b.transaction().QR
			if link == "link" {
				to = b.transaction().Link
			}
			w := s.openAny(t, to)
			c.all["the holder's key "+mode+link] = privates(w)
			issued := s.issuer.issueSDJWT(&w.key.PublicKey, func(m *sdjwtvc.Template) { m.Claims = c.inClaims("a claim of " + mode + link) })
			parsed, err := sdjwtvc.ParseIssued(issued)
			check(t, err)
			all := parsed.SDJWT()
			more := map[string]any{"sub": c.plant("a key binding's sub"), "jti": c.plant("a key binding's jti"), "family_name": c.plant("a claim of a key binding")}
			presented := all.String() + w.keyBinding(all.Hash(), binding{more: more})
			answer := map[string][]string{"pid_sd_jwt": {presented, c.plant("what is no presentation"), c.plant("disclosure") + "~" + c.plant("a key binding that is none")}}
			send(b, w, w.answerBy(mode, answer))
			send(b, w, url.Values{"response": {c.plant("a response that is none")}, "vp_token": {c.plant("a vp_token that is none")}})
			send(b, w, url.Values{"vp_token": {`{"pid_sd_jwt":{"given_name":"` + c.plant("a vp_token of another form") + `"},"x":[{"id":"` + c.plant("in a list") + `"}]}`}, "state": {w.request.State}})
		}
	}
	b := s.browserAt(t, "skatteetaten-mdoc")
	w := s.open(t, b.transaction().QR)
	var elements []mdoc.Element
	var names []string
	for _, name := range []string{"given_name", "family_name", "birth_date", "docType", "version", "status", "uri", "signed", "elementIdentifier", "digestID"} {
		elements = append(elements, mdoc.Element{Namespace: pidType, Identifier: name, Value: c.plant("the element " + name)})
		names = append(names, name)
	}
	elements = append(elements, mdoc.Element{Namespace: pidType, Identifier: "address", Value: map[string]any{"uri": c.plant("in an element")}})
	raw := w.device(s.issuer.issueMdoc(&w.key.PublicKey, func(m *mdoc.Template) { m.Elements = elements }), pidType, append(names, "address"))
	send(b, w, w.encrypt(map[string][]string{"pid": {jose.EncodeBase64URL(c.deviceSigned(raw))}}, ""))
	b = s.browserAt(t, "skatteetaten")
	w = s.open(t, b.transaction().Link)
	send(b, w, w.encrypt(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}}, ""))
	metadata := `{"vp_formats_supported":{"dc+sd-jwt":{"x":"` + c.plant("wallet_metadata") + `"}},"owner":"` + c.plant("a member of wallet_metadata") + `"}`
	b = s.browserAt(t, "skatteetaten")
	w = s.open(t, b.transaction().QR)
	a := post(t, strings.Replace(w.request.ResponseURI, "/responses/", "/requests/", 1), url.Values{"wallet_metadata": {metadata}, "x": {c.plant("a parameter of the request_uri")}})
	pages = append(pages, page(a))
	p := s.party(t, demoParty)
	created := p.ask(pidRequest)
	_, secret, _ := strings.Cut(created.Handle, ".")
	c.all["a client secret"], c.all["an access token"], c.all["a handle"] = p.secret, p.token, secret

	s.FlushTransactions(t.Context())
	visitor := s.browser(t)
	for _, address := range slices.Compact(pages) {
		path := strings.TrimPrefix(address, s.url)
		for _, rest := range []string{"", "/json", "/har"} {
			got := visitor.get(path + rest)
			is(t, got, http.StatusOK)
			c.search("record"+rest, got.body)
		}
	}
	c.searchRows(s)
	c.search("the log", s.log.String())
	if len(c.all) < 150 || c.found < 3*len(pages) {
		t.Errorf("%d planted, %d texts searched", len(c.all), c.found)
	}
	s.add(time.Hour)
}

// searchRows searches the tables of records as they lie there.
func (c *canaries) searchRows(s *service) {
	c.t.Helper()
	for _, table := range []string{"verifier_transactions", "verifier_transaction_entries", "verifier_transaction_links"} {
		var rows []map[string]any
		check(c.t, s.db.R.Table(table).Find(&rows).Error)
		if len(rows) == 0 {
			c.t.Errorf("%s is empty", table)
		}
		var text strings.Builder
		for _, row := range rows {
			for name, value := range row {
				if raw, ok := value.([]byte); ok {
					value = string(raw)
				}
				fmt.Fprintf(&text, "%s=%v\n", name, value)
			}
		}
		c.search(table, text.String())
	}
}

// deviceSigned plants one in each of what the holder of an mdoc may say. It holds no longer, which is as well.
func (c *canaries) deviceSigned(raw []byte) []byte {
	c.t.Helper()
	r := cose.NewReader(raw)
	answer, ok := r.Value().(map[string]any)
	if !ok || r.Err() != nil {
		c.t.Fatal(r.Err())
	}
	documents, ok := answer["documents"].([]any)
	if !ok || len(documents) != 1 {
		c.t.Fatalf("%v", answer)
	}
	document, ok := documents[0].(map[string]any)
	if !ok {
		c.t.Fatalf("%v", documents)
	}
	own := map[string]any{}
	for _, name := range []string{"docType", "version", "uri", "signed", "family_name"} {
		own[name] = c.plant("the holder's element " + name)
	}
	space, err := cose.Marshal(map[string]any{pidType: own})
	check(c.t, err)
	document["deviceSigned"] = map[string]any{"nameSpaces": cose.Encoded(space), "deviceAuth": map[string]any{"deviceSignature": []any{[]byte{0xa0}, map[string]any{}, nil, []byte(c.plant("a signature"))}}}
	spoiled, err := cose.Marshal(answer)
	check(c.t, err)
	return spoiled
}

// openAny is open for what is asked beyond HAIP.
func (s *service) openAny(t testing.TB, link string) *wallet {
	t.Helper()
	loose := rules
	loose.BeyondHAIP = true
	loose.TransactionTypes = openid4vp.TransactionTypes{"eu.europa.ec.eudi.consent": {"text", "scope"}}
	return s.openBy(t, link, loose)
}

// answerBy is an answer as the response mode has it.
func (w *wallet) answerBy(mode string, presentations map[string][]string) url.Values {
	w.t.Helper()
	if mode == "direct_post.jwt" {
		return w.encrypt(presentations, "")
	}
	token, err := json.Marshal(presentations)
	check(w.t, err)
	return url.Values{"vp_token": {string(token)}, "state": {w.request.State}}
}
