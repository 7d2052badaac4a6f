package phone_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/wallet-sim/wallet"
)

// client is a browser at the verifier, without pages, and the transaction that it began.
type client struct {
	t    *testing.T
	http *http.Client
	base string
	path string
}

// asking is the verifier's JSON of a transaction.
type asking struct {
	State, Link, QR string
	Verdict         *struct {
		Accepted bool
		Checks   []struct{ Code, Got string }
	}
}

func (w *town) client(t *testing.T, service string, how url.Values) *client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	check(t, err)
	c := &client{t: t, http: &http.Client{Jar: jar}, base: w.verifier}
	res, err := c.http.PostForm(w.verifier+"/services/"+service+"/start", how)
	check(t, err)
	check(t, res.Body.Close())
	if c.path = res.Request.URL.Path; !strings.HasPrefix(c.path, "/transactions/") {
		t.Fatalf("start: %d at %s", res.StatusCode, c.path)
	}
	return c
}

func (c *client) do(method, path, body string) (int, []byte) {
	c.t.Helper()
	r, err := http.NewRequest(method, c.base+path, strings.NewReader(body))
	check(c.t, err)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Content-Type", "application/json")
	res, err := c.http.Do(r)
	check(c.t, err)
	raw, err := io.ReadAll(res.Body)
	check(c.t, errors.Join(err, res.Body.Close()))
	return res.StatusCode, raw
}

func (c *client) look() (a asking) {
	c.t.Helper()
	_, raw := c.do(http.MethodGet, c.path, "")
	check(c.t, json.Unmarshal(raw, &a))
	return a
}

func (c *client) wantAccepted(what string) {
	c.t.Helper()
	if a := c.look(); a.Verdict == nil || !a.Verdict.Accepted {
		c.t.Errorf("%s: %+v", what, a)
	}
}

// showing is a town with a wallet that holds what two services ask for: an SD-JWT VC each, and an mdoc.
func showing(t *testing.T) *town {
	t.Helper()
	w := newTown(t)
	s := w.surfer(stjerne)
	for _, c := range [][2]string{{mpid, "MinID-bevis"}, {"no.sikt.elevbevis_sd_jwt_vc", "Elevbevis"}, {"proof_of_age", "Aldersbevis"}} {
		s.fetch(c[0], c[1])
	}
	return w
}

// How a verifier asks and a wallet answers, over HTTP.
func TestAskedInEveryWay(t *testing.T) {
	w := showing(t)
	t.Run("each prefix, mode, method and device", w.everyWay)
	t.Run("the Digital Credentials API", w.overAPI)
	t.Run("what is refused over it", w.refusedOverAPI)
}

// The simulator answers the verifier with each prefix, response mode and method, from another device and on the same, by
// SD-JWT VC and by mdoc. A wallet that keeps to HAIP refuses what HAIP does not know.
func (w *town) everyWay(t *testing.T) {
	for _, service := range []string{"lanekassen", "aldersgrense"} {
		for _, prefix := range []string{openid4vp.PrefixX509Hash, openid4vp.PrefixX509SANDNS, openid4vp.PrefixVerifierAttestation, openid4vp.PrefixRedirectURI} {
			for _, mode := range []string{openid4vp.ResponseModeDirectPostJWT, openid4vp.ResponseModeDirectPost} {
				for _, same := range []bool{false, true} {
					method := openid4vp.MethodGet
					if same == (service == "lanekassen") {
						method = openid4vp.MethodPost
					}
					how := url.Values{"client_id_prefix": {prefix}, "response_mode": {mode}, "request_uri_method": {method}, "scheme": {openid4vp.SchemeHAIP}}
					w.present(t, service, how, same)
				}
			}
		}
	}
}

func (w *town) present(t *testing.T, service string, how url.Values, same bool) {
	t.Helper()
	what := service + " " + how.Encode()
	begin := func() (*client, string) {
		c := w.client(t, service, how)
		if same {
			return c, c.look().Link
		}
		return c, c.look().QR
	}
	prefix, method := how.Get("client_id_prefix"), how.Get("request_uri_method")
	haip := *w.face.Wallet
	haip.HAIP = true
	c, link := begin()
	if _, err := haip.Request(t.Context(), link); (err == nil) != (prefix == openid4vp.PrefixX509Hash && how.Get("response_mode") == openid4vp.ResponseModeDirectPostJWT) {
		t.Errorf("%s under HAIP: %v", what, err)
	} else if err != nil { // which may have been told
		c, link = begin()
	}
	if !strings.HasPrefix(link, openid4vp.SchemeHAIP) {
		t.Fatalf("%s: %s", what, link)
	}
	r, err := w.face.Wallet.Request(t.Context(), link)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	signed := prefix != openid4vp.PrefixRedirectURI
	if r.Verifier.Unsigned == signed || r.Encrypted != (signed && method == openid4vp.MethodPost) || !strings.HasPrefix(r.Verifier.ClientID, prefix+":") {
		t.Errorf("%s: %+v, encrypted %t", what, r.Verifier, r.Encrypted)
	}
	redirect, err := w.face.Wallet.Share(t.Context(), r)
	if err != nil || (redirect != "") != same {
		t.Fatalf("%s: %q, %v", what, redirect, err)
	}
	if same {
		if strings.Contains(redirect, strings.TrimPrefix(c.path, "/transactions/")) {
			t.Errorf("%s: the wallet learns the transaction: %s", what, redirect)
		}
		c.do(http.MethodGet, strings.TrimPrefix(redirect, w.verifier), "")
	}
	c.wantAccepted(what)
}

// The simulator answers each protocol of the Digital Credentials API, and the verifier takes it in the browser that asked. What was
// made for one origin is worth nothing at another, and neither is what another browser posts.
func (w *town) overAPI(t *testing.T) {
	yes := func(*wallet.Request) bool { return true }
	for _, service := range []string{"lanekassen", "aldersgrense"} {
		for _, how := range []url.Values{
			{}, {"response_mode": {"direct_post"}}, {"client_id_prefix": {openid4vp.PrefixVerifierAttestation}}, {"client_id_prefix": {openid4vp.PrefixRedirectURI}},
		} {
			protocols := []string{openid4vp.ProtocolSigned, openid4vp.ProtocolMultisigned, openid4vp.ProtocolUnsigned}
			if how.Get("client_id_prefix") == openid4vp.PrefixRedirectURI {
				protocols = protocols[2:]
			}
			for i, protocol := range protocols {
				what := service + " " + how.Encode() + " " + protocol
				c := w.client(t, service, how)
				requests := c.apiRequests()
				if len(requests) != len(protocols) || requests[i].Protocol != protocol {
					t.Fatalf("%s: %+v", what, requests)
				}
				wantMembers(t, what, requests[i])
				answer, err := w.face.Wallet.AnswerAPI(w.verifier, requests[i], yes)
				if err != nil {
					t.Fatalf("%s: %v", what, err)
				}
				raw, err := json.Marshal(answer)
				check(t, err)
				if status, _ := w.client(t, service, nil).do(http.MethodPost, c.path+"/credentials", string(raw)); status != http.StatusNotFound {
					t.Errorf("%s: another browser got %d", what, status)
				}
				if status, body := c.do(http.MethodPost, c.path+"/credentials", string(raw)); status != http.StatusOK {
					t.Errorf("%s: %d %s", what, status, body)
				}
				c.wantAccepted(what)
				if status, _ := c.do(http.MethodPost, c.path+"/credentials", string(raw)); status != http.StatusNotFound {
					t.Errorf("%s: taken twice: %d", what, status)
				}
			}
		}
	}
}

// wantMembers looks for what a request over the API has and has not (OpenID4VP 1.0 appendices A.2 and A.3.2.2).
func wantMembers(t *testing.T, what string, m openid4vp.DCAPIMessage) {
	t.Helper()
	var signed struct{ Request string }
	var multi struct{ Request struct{ Payload string } }
	payload, signs := []byte(m.Data), m.Protocol != openid4vp.ProtocolUnsigned
	if signs {
		text := ""
		if m.Protocol == openid4vp.ProtocolSigned {
			check(t, json.Unmarshal(m.Data, &signed))
			text = strings.Split(signed.Request, ".")[1]
		} else {
			check(t, json.Unmarshal(m.Data, &multi))
			text = multi.Request.Payload
		}
		var err error
		payload, err = jose.DecodeBase64URL(text)
		check(t, err)
	}
	var members map[string]json.RawMessage
	check(t, json.Unmarshal(payload, &members))
	for name, want := range map[string]bool{
		"nonce": true, "dcql_query": true, "expected_origins": signs, "client_id": m.Protocol == openid4vp.ProtocolSigned,
		"state": false, "response_uri": false, "redirect_uri": false,
	} {
		if _, has := members[name]; has != want {
			t.Errorf("%s: %s there: %t, want %t", what, name, has, want)
		}
	}
}

func (c *client) apiRequests() []openid4vp.DCAPIMessage {
	c.t.Helper()
	var asked struct{ Requests []openid4vp.DCAPIMessage }
	_, raw := c.do(http.MethodGet, c.path+"/credentials", "")
	check(c.t, json.Unmarshal(raw, &asked))
	return asked.Requests
}

func (w *town) refusedOverAPI(t *testing.T) {
	yes := func(*wallet.Request) bool { return true }
	const thief = "https://thief.example"
	for name, c := range map[string]struct {
		protocol int
		origin   string
		consent  func(*wallet.Request) bool
		bend     func(m *openid4vp.DCAPIMessage)
		code     string // of the wallet
		status   int
		told     string // by the verifier
		state    string
	}{
		"signed, handed on by a thief":   {0, thief, yes, nil, "invalid_request", 200, "", "refused"},
		"multi, handed on by a thief":    {1, thief, yes, nil, "invalid_request", 200, "", "refused"},
		"unsigned, handed on by a thief": {2, thief, yes, nil, "", 400, "key_binding_audience", "answered"},
		"the person says no":             {0, w.verifier, func(*wallet.Request) bool { return false }, nil, "access_denied", 200, "", "refused"},
		"another protocol":               {0, w.verifier, yes, func(m *openid4vp.DCAPIMessage) { m.Protocol = "org-iso-mdoc" }, "", 400, "invalid_request", "waiting"},
		"data of nothing":                {0, w.verifier, yes, func(m *openid4vp.DCAPIMessage) { m.Data = json.RawMessage(`{}`) }, "", 400, "invalid_request", "waiting"},
		"in the clear":                   {0, w.verifier, yes, func(m *openid4vp.DCAPIMessage) { m.Data = json.RawMessage(`{"vp_token":{"person":["x"]}}`) }, "", 400, "invalid_request", "waiting"},
	} {
		t.Run(name, func(t *testing.T) {
			b := w.client(t, "lanekassen", nil)
			answer, err := w.face.Wallet.AnswerAPI(c.origin, b.apiRequests()[c.protocol], c.consent)
			var refused *openid4vp.Error
			if (c.code != "") != errors.As(err, &refused) || refused != nil && refused.Code != c.code {
				t.Fatalf("the wallet: %v", err)
			}
			if c.bend != nil {
				c.bend(answer)
			}
			raw, err := json.Marshal(answer)
			check(t, err)
			status, body := b.do(http.MethodPost, b.path+"/credentials", string(raw))
			if status != c.status || c.told != "" && !strings.Contains(string(body), `"`+c.told) {
				t.Errorf("%d %s", status, body)
			}
			if a := b.look(); a.State != c.state || a.Verdict != nil && a.Verdict.Accepted {
				t.Errorf("%+v", a)
			}
		})
	}
}
