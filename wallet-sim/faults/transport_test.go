package faults

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/wallet-sim/wallet"
)

// sent is a request as it arrived.
type sent struct {
	method, query string
	header        http.Header
	body          string
}

// world is a server that remembers, and a message to it that faults are done to.
type world struct {
	*Transport
	got   []sent
	base  string
	proof string // by a key of Keys
	key   wallet.Key
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Transport: &Transport{Next: http.DefaultTransport, Keys: &Keys{}}}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.got = append(w.got, sent{r.Method, r.URL.RawQuery, r.Header, string(raw)})
	}))
	t.Cleanup(server.Close)
	w.base = server.URL
	w.prove(t)
	return w
}

func (w *world) prove(t *testing.T) {
	t.Helper()
	key, err := w.Keys.New()
	must(t, err)
	w.key = key
	w.proof, err = openid4vci.SignProof(key, "https://issuer.example", "n", "wallet", time.Unix(1_800_000_000, 0))
	must(t, err)
}

// do sends a request of the step that faults are at, and gives what arrived last.
func (w *world) do(t *testing.T, f *Fault, contentType, body string) (*sent, error) {
	t.Helper()
	w.Do(f)
	defer w.Do(nil)
	ctx := wallet.AtStep(t.Context(), "token request")
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.base, strings.NewReader(body))
	must(t, err)
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("DPoP", w.proof)
	req.Header.Set("Authorization", "DPoP the-token")
	answer, err := w.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	must(t, answer.Body.Close())
	return &w.got[len(w.got)-1], nil
}

const form = "application/x-www-form-urlencoded"

func fault(do ...Change) *Fault { return &Fault{Name: "x_y_z", At: "token request", Do: do} }

// Each change arrives as it says, and nothing else is changed.
func TestChanges(t *testing.T) {
	const body, object = "code=abcdefgh&x=1", `{"a":{"b":["first","second"]},"n":5}`
	for name, c := range map[string]struct {
		change Change
		json   bool
		is     func(*sent) bool
	}{
		"method":        {Change{In: "method", Set: "PUT"}, false, func(s *sent) bool { return s.method == "PUT" && s.body == body }},
		"body":          {Change{In: "body", Set: "z"}, false, func(s *sent) bool { return s.body == "z" }},
		"header set":    {Change{In: "header X-Y", Set: "z"}, false, func(s *sent) bool { return s.header.Get("X-Y") == "z" && s.body == body }},
		"header gone":   {Change{In: "header dpop", Drop: true}, false, func(s *sent) bool { return s.header.Get("DPoP") == "" }},
		"header twice":  {Change{In: "header DPoP", Repeat: true}, false, func(s *sent) bool { return len(s.header.Values("DPoP")) == 2 }},
		"form set":      {Change{In: "form code", Set: "z"}, false, func(s *sent) bool { return s.body == "code=z&x=1" }},
		"form gone":     {Change{In: "form code", Drop: true}, false, func(s *sent) bool { return s.body == "x=1" }},
		"form twice":    {Change{In: "form code", Repeat: true}, false, func(s *sent) bool { return s.body == "code=abcdefgh&code=abcdefgh&x=1" }},
		"form flipped":  {Change{In: "form code", Flip: true}, false, func(s *sent) bool { return s.body == "code=abcdAfgh&x=1" }},
		"query":         {Change{In: "query a", Set: "z"}, false, func(s *sent) bool { return s.query == "a=z" && s.body == body }},
		"token":         {Change{In: "query access_token", Set: "${access_token}"}, false, func(s *sent) bool { return s.query == "access_token=the-token" }},
		"element gone":  {Change{In: "json a.b.0", Drop: true}, true, func(s *sent) bool { return s.body == `{"a":{"b":["second"]},"n":5}` }},
		"json set":      {Change{In: "json a.b.1", Set: "z"}, true, func(s *sent) bool { return s.body == `{"a":{"b":["first","z"]},"n":5}` }},
		"json new":      {Change{In: "json c", Set: "z"}, true, func(s *sent) bool { return s.body == `{"a":{"b":["first","second"]},"c":"z","n":5}` }},
		"json gone":     {Change{In: "json a", Drop: true}, true, func(s *sent) bool { return s.body == `{"n":5}` }},
		"json emptied":  {Change{In: "json a.b", Set: []any{}}, true, func(s *sent) bool { return s.body == `{"a":{"b":[]},"n":5}` }},
		"list repeated": {Change{In: "json a.b", Repeat: true}, true, func(s *sent) bool { return s.body == `{"a":{"b":["first","second","first"]},"n":5}` }},
		"list reversed": {Change{In: "json a.b", Reverse: true}, true, func(s *sent) bool { return s.body == `{"a":{"b":["second","first"]},"n":5}` }},
		"time moved":    {Change{In: "json n", Shift: -time.Second}, true, func(s *sent) bool { return s.body == `{"a":{"b":["first","second"]},"n":4}` }},
	} {
		w := newWorld(t)
		media, text := form, body
		if c.json {
			media, text = "application/json", object
		}
		if got, err := w.do(t, fault(c.change), media, text); err != nil || !c.is(got) || w.done != 0 && len(w.got) != 1 {
			t.Errorf("%s: %v, %+v", name, err, got)
		}
	}
}

// Each of several parameters of an address is there.
func TestTwoParametersOfAnAddress(t *testing.T) {
	got, err := newWorld(t).do(t, fault(Change{In: "query a", Set: "y"}, Change{In: "query b", Set: "z"}), form, "")
	if err != nil || got.query != "a=y&b=z" {
		t.Errorf("%v, %+v", err, got)
	}
}

// A JWT is signed as the fault says: by the wallet's key it still holds, in every other way it does not.
func TestSigning(t *testing.T) {
	rules := jose.Rules{Allow: []string{"jwk"}}
	for how, holds := range map[string]bool{"": true, byWallet: true, byStranger: false, kept: false, unsigned: false} {
		w := newWorld(t)
		got, err := w.do(t, fault(Change{In: "header DPoP", JWT: "claims.aud", Set: "z", Sign: how}), form, "")
		must(t, err)
		text := got.header.Get("DPoP")
		u, err := jose.Parse(text, rules)
		if err == nil {
			_, err = u.Verify(&w.key.PublicKey)
		}
		opened, e := openToken(text)
		must(t, e)
		if (err == nil) != holds || opened.claims["aud"] != "z" || opened.claims["nonce"] != "n" {
			t.Errorf("%q: %v, %v", how, err, opened.claims)
		}
	}
}

// What was used in an issuance that went well is used again: whole, or one claim of it.
func TestEarlier(t *testing.T) {
	w := newWorld(t)
	_, err := w.do(t, fault(Change{In: "form code", Earlier: true}), form, "code=second")
	if !errors.Is(err, ErrNothing) {
		t.Errorf("nothing before: %v", err)
	}
	first, err := w.do(t, nil, form, "code=first")
	must(t, err)
	proof := first.header.Get("DPoP")
	w.prove(t)
	got, err := w.do(t, fault(Change{In: "form code", Earlier: true}), form, "code=second")
	must(t, err)
	if got.body != "code=first" || got.header.Get("DPoP") == proof {
		t.Errorf("%+v", got)
	}
	got, err = w.do(t, fault(Change{In: "header DPoP", Earlier: true}), form, "")
	must(t, err)
	if got.header.Get("DPoP") != proof {
		t.Error("expected the proof of before")
	}
}

// A message is lost, comes twice, or comes late; another step's is left alone.
func TestMessages(t *testing.T) {
	w := newWorld(t)
	for message, times := range map[string]int{"drop": 0, "repeat": 2, "delay 1ms": 1} {
		w.got = nil
		_, err := w.do(t, &Fault{Name: "x_y_z", At: "token request", Message: message}, form, "a=b")
		if len(w.got) != times || errors.Is(err, ErrDropped) != (message == "drop") {
			t.Errorf("%s: %d times, %v", message, len(w.got), err)
		}
	}
	got, err := w.do(t, &Fault{Name: "x_y_z", At: "nonce request", Message: "drop"}, form, "a=b")
	if err != nil || got.body != "a=b" {
		t.Errorf("another step: %v", err)
	}
}

// A fault with nothing to do says so, and sends nothing.
func TestNothingToChange(t *testing.T) {
	for name, c := range map[string]Change{
		"header": {In: "header X-Y", Drop: true}, "parameter": {In: "form no", Flip: true}, "claim": {In: "header DPoP", JWT: "claims.no", Drop: true},
		"no JWT": {In: "form code", JWT: "claims.x", Set: "y"}, "no JSON": {In: "json a", Drop: true}, "too short": {In: "form x", Flip: true},
		"as it was": {In: "form code", Set: "abcdefgh"}, "one turned round": {In: "header DPoP", JWT: "claims.list", Reverse: true},
		"claim as it was": {In: "header DPoP", JWT: "claims.nonce", Set: "n"}, "no JWE": {In: "jwe header.alg", Set: "x"}, "no JWT within": {In: "header DPoP", JWT: "header.typ.claims.x", Set: "y"},
	} {
		w := newWorld(t)
		if _, err := w.do(t, fault(c), form, "code=abcdefgh&x=1"); !errors.Is(err, ErrNothing) || len(w.got) != 0 {
			t.Errorf("%s: %v, %d sent", name, err, len(w.got))
		}
	}
	w := newWorld(t)
	if _, err := w.do(t, fault(Change{In: "json a", Flip: true}), "application/json", `{"a":7,"secret":"s3cr3t"}`); !errors.Is(err, ErrNothing) || strings.Contains(err.Error(), "7") {
		t.Errorf("what stands there is no business of a message: %v", err)
	}
	strange, err := (&Keys{}).New()
	must(t, err)
	w.proof, err = openid4vci.SignProof(strange, "https://issuer.example", "n", "wallet", time.Unix(1_800_000_000, 0))
	must(t, err)
	if _, err := w.do(t, fault(Change{In: "header DPoP", JWT: "claims.aud", Set: "z"}), form, ""); !errors.Is(err, ErrNothing) {
		t.Errorf("a key of another: %v", err)
	}
}

// A JWT within a JWT is changed and signed by who signed it, or by a stranger; the outer one is the wallet's again.
func TestJWTWithinAJWT(t *testing.T) {
	for sign, holds := range map[string]bool{"": true, byStranger: false} {
		w := newWorld(t)
		provider, err := w.Keys.New()
		must(t, err)
		inner, err := openid4vci.SignProof(provider, "https://issuer.example", "n", "wallet", time.Unix(1_800_000_000, 0))
		must(t, err)
		w.proof, err = Resign(w.proof, w.key.PrivateKey, func(header, _ map[string]any) { header["key_attestation"] = inner })
		must(t, err)
		got, err := w.do(t, fault(Change{In: "header DPoP", JWT: "header.key_attestation.claims.iat", Shift: -time.Hour, Sign: sign}), form, "")
		must(t, err)
		outer, err := openToken(got.header.Get("DPoP"))
		must(t, err)
		if _, err := w.Keys.of(outer); err != nil {
			t.Errorf("%q: the outer: %v", sign, err)
		}
		changed, err := openToken(outer.header["key_attestation"].(string))
		must(t, err)
		if _, err := w.Keys.of(changed); (err == nil) != holds || changed.claims["iat"] != 1_800_000_000.-3600 {
			t.Errorf("%q: the inner: %v, %v", sign, err, changed.claims)
		}
	}
}

// A request that is encrypted is changed before it is; the parts of its JWE afterwards. What is to be encrypted and is not shows nothing.
func TestEncryptedRequests(t *testing.T) {
	const jwe = "eyJhbGciOiJFQ0RILUVTIn0..aXZpdml2.Y2lwaGVydGV4dA.dGFndGFn"
	f := &Fault{Name: "x_y_z", At: "token request", Encrypted: true, Do: []Change{{In: "json a", Set: "z"}, {In: "jwe header.kid", Set: "other"}}}
	w := newWorld(t)
	if _, err := w.do(t, f, "application/json", "{}"); !errors.Is(err, ErrNothing) {
		t.Errorf("in plain: %v", err)
	}
	w.Do(f)
	ctx := wallet.AtStep(t.Context(), "token request")
	raw, err := w.Seal(ctx, []byte(`{"a":"b"}`))
	if err != nil || string(raw) != `{"a":"z"}` {
		t.Errorf("%s, %v", raw, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.base, strings.NewReader(jwe))
	must(t, err)
	req.Header.Set("Content-Type", "application/jwt")
	answer, err := w.RoundTrip(req)
	must(t, err)
	must(t, answer.Body.Close())
	if header, _, _ := strings.Cut(w.got[0].body, "."); header != jose.EncodeBase64URL([]byte(`{"alg":"ECDH-ES","kid":"other"}`)) || w.Done() != 1 {
		t.Errorf("%s, done %d", w.got[0].body, w.Done())
	}
	if raw, err := w.Seal(wallet.AtStep(t.Context(), "notification"), []byte(`{"a":"b"}`)); err != nil || string(raw) != `{"a":"b"}` {
		t.Errorf("another step: %s, %v", raw, err)
	}
}

// What is expected of a refusal: its code, its status, or any.
func TestExpect(t *testing.T) {
	for _, c := range []struct {
		expect Expect
		code   string
		status int
		want   bool
	}{
		{Expect{}, "", 404, true}, {Expect{}, "x", 500, false}, {Expect{Status: 405}, "", 405, true}, {Expect{Status: 405}, "x", 400, false},
		{Expect{Error: []string{"x"}}, "x", 400, true}, {Expect{Error: []string{"x"}}, "y", 400, false}, {Expect{Error: []string{"x"}}, "x", 503, false},
	} {
		if got := c.expect.Met(c.code, c.status); got != c.want {
			t.Errorf("%v: %s with status %d: %v", c.expect, c.code, c.status, got)
		}
	}
}

// internal/fetch lets the transport stand between, and keeps its own rules about addresses.
func TestThroughFetch(t *testing.T) {
	w := newWorld(t)
	client := fetch.New(fetch.Config{InsecureAllowLoopback: true, Through: func(next http.RoundTripper) http.RoundTripper { w.Next = next; return w }})
	req, err := http.NewRequestWithContext(wallet.AtStep(t.Context(), "token request"), http.MethodPost, w.base, strings.NewReader(url.Values{"code": {"abcdefgh"}}.Encode()))
	must(t, err)
	w.Do(fault(Change{In: "form code", Set: "z"}))
	if _, err := client.Do(req); err != nil || w.Done() != 1 || w.got[0].body != "code=z" {
		t.Errorf("%v, %+v", err, w.got)
	}
}
