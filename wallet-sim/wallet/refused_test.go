package wallet

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/x5c"
)

func agree(object string) []string {
	return []string{openid4vp.EncodeTransaction(json.RawMessage(object))}
}

// What a person consents to is shown, and its hash signed by one of the credentials that are named for it; the mdoc beside it and
// other requests sign nothing.
func TestTransactionsAreSignedByOneCredential(t *testing.T) {
	w, a := holding(t)
	one := strings.TrimSuffix(strings.TrimPrefix(cardQuery, `{"credentials":[`), "]}")
	a.query = `{"credentials":[` + one + "," + strings.Replace(one, `"id":"card"`, `"id":"again"`, 1) + "]}"
	const named = `{"type":"urn:lommebok:payment:1","credential_ids":["again","card"],"transaction_data_hashes_alg":["sha-256"],"payee":"Kommunen","amount":"100","currency":"NOK"}`
	a.data = agree(named)
	r, err := w.wallet.Request(t.Context(), a.link())
	check(t, err)
	if len(r.Transactions) != 1 || r.Transactions[0].Query != "card" || r.Transactions[0].Details[0] != (Detail{"payee", "Kommunen"}) || len(r.Transactions[0].Details) != 3 {
		t.Fatalf("consents %+v", r.Transactions)
	}
	_, err = w.wallet.Share(t.Context(), r)
	check(t, err)
	answer, err := openid4vp.ParseResponse(a.open(a.post.Get("response")))
	check(t, err)
	if got := claimsOfKeyBinding(t, answer.VPToken["card"][0]); got.Alg != "sha-256" || !slices.Equal(got.Hashes, []string{openid4vp.TransactionHash(a.data[0])}) {
		t.Errorf("card: %+v", got)
	}
	if got := claimsOfKeyBinding(t, answer.VPToken["again"][0]); got.Hashes != nil || got.Alg != "" {
		t.Errorf("the other credential signs it too: %+v", got)
	}
}

type agreed struct {
	Hashes []string `json:"transaction_data_hashes"`
	Alg    string   `json:"transaction_data_hashes_alg"`
}

func claimsOfKeyBinding(t *testing.T, presentation string) (a agreed) {
	t.Helper()
	jwt := presentation[strings.LastIndexByte(presentation, '~')+1:]
	raw, err := jose.DecodeBase64URL(strings.Split(jwt, ".")[1])
	check(t, err)
	check(t, json.Unmarshal(raw, &a))
	return a
}

// A wallet does not let a person agree to what it cannot show, nor with the key of a PID; the verifier is told.
func TestTransactionsThatAreRefused(t *testing.T) {
	const good = `{"type":"urn:lommebok:consent:1","credential_ids":["card"],"text":"Ja"}`
	for name, c := range map[string]struct {
		data string
		pid  string
		want error
	}{
		"a type that is not known": {strings.Replace(good, "consent", "loan", 1), "", openid4vp.ErrTransactionData},
		"a member more":            {strings.Replace(good, `"text"`, `"small_print":"x","text"`, 1), "", openid4vp.ErrTransactionData},
		"the key of a PID":         {good, "no:test:card", ErrPIDKey},
		"as it should be":          {good, "", nil},
	} {
		w, a := holding(t)
		jwt := a.bent(map[string]any{"transaction_data": agree(c.data)})
		a.bend = func(string) string { return jwt }
		own := pidTypes
		if c.pid != "" {
			pidTypes = append(slices.Clone(own), c.pid)
		}
		_, err := w.wallet.Request(t.Context(), a.link())
		pidTypes = own
		if !errors.Is(err, c.want) || c.want != nil && a.post.Get("error") != openid4vp.InvalidTransactionData {
			t.Errorf("%s: %v, told %v", name, err, a.post)
		}
	}
}

// bent signs the request with other members.
func (a *asker) bent(members map[string]any) string {
	a.w.t.Helper()
	raw, err := jose.DecodeBase64URL(strings.Split(a.request(""), ".")[1])
	check(a.w.t, err)
	payload := map[string]any{}
	check(a.w.t, json.Unmarshal(raw, &payload))
	for name, value := range members {
		payload[name] = value
	}
	signer, err := jose.NewSigner(a.ca.keys[x5c.AccessCertificate.Name], jose.Header{Typ: openid4vp.RequestTyp, X5C: a.ca.leafs[x5c.AccessCertificate.Name]})
	check(a.w.t, err)
	jwt, err := signer.SignJSON(payload)
	check(a.w.t, err)
	return jwt
}

// What a wallet must refuse of an authentic request, with the code that the verifier is told (OpenID4VP 5, 5.10.1, 8.2).
func TestRequestsThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		members map[string]any
		code    string
		want    error
	}{
		"no nonce":                        {map[string]any{"nonce": ""}, "invalid_request", openid4vp.ErrNonce},
		"another audience":                {map[string]any{"aud": "https://x.example"}, "invalid_request", openid4vp.ErrAudience},
		"redirect_uri beside direct_post": {map[string]any{"redirect_uri": "https://x.example"}, "invalid_request", openid4vp.ErrRedirectURI},
		"both a query and a scope":        {map[string]any{"scope": "x"}, "invalid_request", openid4vp.ErrQuery},
		"neither query nor scope":         {map[string]any{"dcql_query": nil}, "invalid_request", openid4vp.ErrQuery},
		"a scope alone":                   {map[string]any{"dcql_query": json.RawMessage(`""`), "scope": "x"}, "invalid_request", openid4vp.ErrQuery},
		"another response mode":           {map[string]any{"response_mode": "query"}, "invalid_request", openid4vp.ErrResponseMode},
		"another response type":           {map[string]any{"response_type": "code"}, "unsupported_response_type", openid4vp.ErrResponseType},
		"formats that nobody has":         {map[string]any{"client_metadata": json.RawMessage(`{"vp_formats_supported":{"ldp_vc":{}}}`)}, "vp_formats_not_supported", openid4vp.ErrClientMetadata},
	} {
		w, a := holding(t)
		jwt := a.bent(c.members)
		a.bend = func(string) string { return jwt }
		_, err := w.wallet.Request(t.Context(), a.link())
		if !errors.Is(err, c.want) || a.post.Get("error") != c.code {
			t.Errorf("%s: %v, told %v", name, err, a.post)
		}
	}
}

// Where a verifier sends the browser after what it refused counts before a page on the error, and is opened only when it is an address that
// a browser opens.
func TestThePageOfARefusal(t *testing.T) {
	for page, kept := range map[string]bool{"https://x.example/done": true, "javascript:alert(1)": false, "/done": false} {
		for _, told := range []map[string]string{
			{"error": "expired", "error_uri": page}, {"error": "expired", "error_uri": "https://x.example/error", "redirect_uri": page},
		} {
			w, a := holding(t)
			r, err := w.wallet.Request(t.Context(), a.link())
			check(t, err)
			a.handle["/response"] = func(out http.ResponseWriter, _ *http.Request) { writeJSON(out, 400, told) }
			_, err = w.wallet.Share(t.Context(), r)
			var refusal *Refusal
			if !errors.As(err, &refusal) || (refusal.Redirect == page) != kept || !kept && refusal.Redirect != "" {
				t.Errorf("%v: %+v", told, err)
			}
		}
	}
}

// A page that shows what the verifier saw is told to the tester, and leads no browser there.
func TestThePageOfARecordLeadsNowhere(t *testing.T) {
	const page = "https://x.example/records/1"
	for to, want := range map[string]string{page: "", "https://x.example/done": "https://x.example/done"} {
		w, a := holding(t)
		r, err := w.wallet.Request(t.Context(), a.link())
		check(t, err)
		a.handle["/response"] = func(out http.ResponseWriter, _ *http.Request) {
			out.Header().Set("Lommebok-Transaction", page)
			writeJSON(out, 400, map[string]string{"error": "expired", "error_uri": to})
		}
		_, err = w.wallet.Share(t.Context(), r)
		var refusal *Refusal
		if !errors.As(err, &refusal) || refusal.Page != page || refusal.Redirect != want {
			t.Errorf("%s: %+v", to, refusal)
		}
	}
}
