package server_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"lommebok.example/specs/dpop"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vci"
)

const (
	walletID  = "test-wallet"
	walletURI = "https://wallet.example/cb"
)

// wallet plays a wallet by the specifications alone.
type wallet struct {
	t      testing.TB
	s      *service
	prover *dpop.Prover
	key    *ecdsa.PrivateKey // of prover
	nonce  string            // the last DPoP-Nonce
	unit   *unit             // nil for a public client
}

func (s *service) wallet(t testing.TB) *wallet {
	t.Helper()
	key := newKey(t)
	prover, err := dpop.NewProver(key)
	check(t, err)
	return &wallet{t: t, s: s, prover: prover, key: key}
}

// answer is a response that has been read.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) code(t testing.TB) string {
	t.Helper()
	var e oauth2.Error
	check(t, json.Unmarshal(a.body, &e))
	return e.Code
}

// send posts with a DPoP proof, and once more when the server asks for its nonce.
func (w *wallet) send(path, contentType, body, token string) answer {
	w.t.Helper()
	a := w.try(path, contentType, body, token)
	if a.status >= 400 && (a.code(w.t) == oauth2.UseDPoPNonce || a.code(w.t) == oauth2.UseAttestationChallenge) {
		a = w.try(path, contentType, body, token)
	}
	return a
}

func (w *wallet) try(path, contentType, body, token string) answer {
	w.t.Helper()
	r, err := http.NewRequest(http.MethodPost, w.s.url+path, strings.NewReader(body))
	check(w.t, err)
	proof, err := w.prover.Proof(http.MethodPost, w.s.url+path, w.nonce, token, w.s.now())
	check(w.t, err)
	r.Header.Set("DPoP", proof)
	if w.unit != nil && token == "" {
		w.unit.attest(w.t, r, w.nonce)
	}
	r.Header.Set("Content-Type", contentType)
	if token != "" {
		r.Header.Set("Authorization", "DPoP "+token)
	}
	a := do(w.t, r)
	if n := a.header.Get("DPoP-Nonce"); n != "" {
		w.nonce = n
	}
	return a
}

func do(t testing.TB, r *http.Request) answer {
	t.Helper()
	res, err := http.DefaultClient.Do(r)
	check(t, err)
	body, err := io.ReadAll(res.Body)
	check(t, err)
	check(t, res.Body.Close())
	return answer{res.StatusCode, res.Header, body}
}

const form = "application/x-www-form-urlencoded"

var verifier = strings.Repeat("v", 43)

// push pushes the authorization request.
func (w *wallet) push(ask url.Values) answer {
	w.t.Helper()
	return w.send("/par", form, w.parForm(ask).Encode(), "")
}

func (w *wallet) parForm(ask url.Values) url.Values {
	v := url.Values{
		"response_type": {"code"}, "client_id": {walletID}, "redirect_uri": {walletURI}, "state": {"s"},
		"code_challenge": {oauth2.S256(verifier)}, "code_challenge_method": {"S256"},
	}
	for name, values := range ask {
		v[name] = values
	}
	return v
}

// authorize pushes the request and gives the address for the person's browser.
func (w *wallet) authorize(ask url.Values) string {
	w.t.Helper()
	a := w.push(ask)
	if a.status != http.StatusCreated {
		w.t.Fatalf("PAR: %d %s", a.status, a.body)
	}
	var par oauth2.PARResponse
	check(w.t, json.Unmarshal(a.body, &par))
	return "/authorize?" + url.Values{"client_id": {walletID}, "request_uri": {par.RequestURI}}.Encode()
}

// token goes through authorization and consent; signIn is called when the person is asked to sign in.
func (w *wallet) token(p *person, ask url.Values, signIn func()) oauth2.TokenResponse {
	w.t.Helper()
	p.get(w.authorize(ask))
	if strings.HasPrefix(p.path, "/login") {
		signIn()
	}
	if !strings.HasPrefix(p.path, "/authorize") {
		w.t.Fatalf("no consent but %s (%d):\n%s", p.path, p.status, p.body)
	}
	p.submit(consentAction(w.t, p), "answer", "yes")
	back, err := url.Parse(p.left)
	check(w.t, err)
	if back.Query().Get("iss") != w.s.url || back.Query().Get("code") == "" {
		w.t.Fatalf("came back with %s", p.left)
	}
	a := w.send("/token", form, url.Values{
		"grant_type": {"authorization_code"}, "code": {back.Query().Get("code")}, "client_id": {walletID},
		"redirect_uri": {walletURI}, "code_verifier": {verifier},
	}.Encode(), "")
	if a.status != http.StatusOK {
		w.t.Fatalf("token: %d %s", a.status, a.body)
	}
	var token oauth2.TokenResponse
	check(w.t, json.Unmarshal(a.body, &token))
	return token
}

func consentAction(t testing.TB, p *person) string {
	t.Helper()
	for _, f := range formElement.FindAllStringSubmatch(p.body, -1) {
		if strings.HasPrefix(f[1], "/authorize/consent") {
			return f[1]
		}
	}
	t.Fatalf("no consent on %s:\n%s", p.path, p.body)
	return ""
}

// cNonce asks the nonce endpoint.
func (w *wallet) cNonce() string {
	w.t.Helper()
	r, err := http.NewRequest(http.MethodPost, w.s.url+"/nonce", nil)
	check(w.t, err)
	a := do(w.t, r)
	n, err := openid4vci.ParseNonceResponse(a.body)
	check(w.t, err)
	w.nonce = a.header.Get("DPoP-Nonce")
	return n.CNonce
}

func (w *wallet) proof(key *ecdsa.PrivateKey, nonce string) string {
	w.t.Helper()
	text, err := openid4vci.SignProof(key, w.s.url, nonce, walletID, w.s.now())
	check(w.t, err)
	return text
}

// request is a Credential Request for new keys; by is credential_configuration_id or credential_identifier.
func (w *wallet) request(by, id, nonce string, n int) (string, []*ecdsa.PrivateKey) {
	w.t.Helper()
	keys, proofs := make([]*ecdsa.PrivateKey, n), make([]string, n)
	for i := range keys {
		keys[i] = newKey(w.t)
		proofs[i] = w.proof(keys[i], nonce)
	}
	var b bytes.Buffer
	check(w.t, json.NewEncoder(&b).Encode(map[string]any{by: id, "proofs": map[string]any{"jwt": proofs}}))
	return b.String(), keys
}

// credentials asks for n copies and gives them with their keys; a unit attests its keys.
func (w *wallet) credentials(token, by, id string, n int) ([]string, []*ecdsa.PrivateKey) {
	w.t.Helper()
	nonce := w.cNonce()
	body, keys := w.request(by, id, nonce, n)
	if w.unit != nil {
		body = w.attestedRequest(by, id, nonce, keys)
	}
	a := w.send("/credential", "application/json", body, token)
	if a.status != http.StatusOK {
		w.t.Fatalf("credential: %d %s\n%s", a.status, a.body, w.s.log)
	}
	response, err := openid4vci.ParseCredentialResponse(a.status, a.body, n)
	check(w.t, err)
	var list []string
	for _, c := range response.Credentials {
		list = append(list, c.Credential)
	}
	return list, keys
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	return key
}
