package server_test

import (
	"crypto/ecdsa"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"testing"
	"time"

	"lommebok.example/specs/dcql"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/specs/x5c"
)

var rules = openid4vp.Rules{InsecureAllowHTTP: true}

// wallet holds one key, and has fetched one request.
type wallet struct {
	t       testing.TB
	s       *service
	key     *ecdsa.PrivateKey
	request *openid4vp.RequestObject
	query   *dcql.Query
	told    string // why its answer was refused
}

// open does what a wallet does with a link: fetch, verify, read.
func (s *service) open(t testing.TB, link string) *wallet {
	t.Helper()
	return s.openBy(t, link, rules)
}

func (s *service) openBy(t testing.TB, link string, rules openid4vp.Rules) *wallet {
	t.Helper()
	l, err := openid4vp.ParseRequestURI(link, rules)
	check(t, err)
	r, err := http.NewRequest(http.MethodGet, l.RequestURI, nil)
	check(t, err)
	a := send(t, http.DefaultClient, r)
	is(t, a, http.StatusOK)
	if got := a.header.Get("Content-Type"); got != openid4vp.RequestMediaType {
		t.Errorf("media type %q", got)
	}
	anchor, err := x5c.ParsePEM(s.Anchor)
	check(t, err)
	request, _, err := openid4vp.ParseRequest(a.body, x5c.NewAnchors(anchor...), s.now(), l.ClientID, rules)
	check(t, err)
	query, err := request.Query()
	check(t, err)
	return &wallet{t: t, s: s, key: newKey(t), request: request, query: query}
}

// paths are the claims that the query asks for under an id.
func (w *wallet) paths(id string) [][]any {
	for _, c := range w.query.Credentials {
		if c.ID == id {
			var paths [][]any
			for _, claim := range c.Claims {
				paths = append(paths, claim.Path)
			}
			return paths
		}
	}
	w.t.Fatalf("nothing is asked for under %s", id)
	return nil
}

// binding is what a wallet proves with the holder's key; the zero value of a field means what is right.
type binding struct {
	aud, nonce, hash, typ string
	at                    time.Time
	key                   *ecdsa.PrivateKey
	without               string // a claim to leave out
	more                  map[string]any
}

// bind shows the claims of a credential, and puts a KB-JWT behind them.
func (w *wallet) bind(credential, id string, b binding) string {
	w.t.Helper()
	c, err := sdjwtvc.ParseIssued(credential)
	check(w.t, err)
	check(w.t, c.VerifySignature())
	shown, err := c.Select(w.paths(id))
	check(w.t, err)
	return shown.String() + w.keyBinding(shown.Hash(), b)
}

func (w *wallet) keyBinding(hash string, b binding) string {
	w.t.Helper()
	or := func(s *string, otherwise string) {
		if *s == "" {
			*s = otherwise
		}
	}
	or(&b.aud, w.request.ClientID)
	or(&b.nonce, w.request.Nonce)
	or(&b.hash, hash)
	or(&b.typ, "kb+jwt")
	if b.at.IsZero() {
		b.at = w.s.now()
	}
	if b.key == nil {
		b.key = w.key
	}
	signer, err := jose.NewSigner(b.key, jose.Header{Typ: b.typ})
	check(w.t, err)
	claims := map[string]any{"aud": b.aud, "nonce": b.nonce, "sd_hash": b.hash, "iat": b.at.Unix()}
	delete(claims, b.without)
	maps.Copy(claims, b.more)
	text, err := signer.SignJSON(claims)
	check(w.t, err)
	return text
}

// sdjwtPID presents a PID as SD-JWT VC.
func (w *wallet) sdjwtPID(change ...func(*sdjwtvc.Template)) string {
	w.t.Helper()
	return w.bind(w.s.issuer.issueSDJWT(&w.key.PublicKey, change...), "pid_sd_jwt", binding{})
}

// transcript is what the holder of an mdoc signs; change may spoil a part of it.
type transcript struct {
	clientID, nonce, responseURI string
	thumbprint                   []byte
}

func (w *wallet) transcript(change ...func(*transcript)) []byte {
	w.t.Helper()
	key, err := w.request.ClientMetadata.EncryptionKey()
	check(w.t, err)
	p := transcript{w.request.ClientID, w.request.Nonce, w.request.ResponseURI, key.Thumbprint}
	for _, f := range change {
		f(&p)
	}
	raw, err := openid4vp.SessionTranscript(p.clientID, p.nonce, p.thumbprint, p.responseURI)
	check(w.t, err)
	return raw
}

// mdocPID presents what an issuer signed, as a DeviceResponse.
func (w *wallet) mdocPID(issuerSigned []byte, change ...func(*transcript)) []byte {
	w.t.Helper()
	return w.device(issuerSigned, pidType, []string{"given_name", "family_name", "birth_date", "personal_administrative_number"}, change...)
}

func (w *wallet) device(issuerSigned []byte, docType string, elements []string, change ...func(*transcript)) []byte {
	w.t.Helper()
	raw, err := mdoc.Present(issuerSigned, docType, map[string][]string{docType: elements}, w.key, w.transcript(change...))
	check(w.t, err)
	return raw
}

// encrypt makes the form to post; state "" means the right one.
func (w *wallet) encrypt(presentations map[string][]string, state string) url.Values {
	w.t.Helper()
	if state == "" {
		state = w.request.State
	}
	jwe, _, err := openid4vp.EncryptResponse(openid4vp.Response{VPToken: presentations, State: state}, *w.request.ClientMetadata)
	check(w.t, err)
	return openid4vp.Form(jwe)
}

func (w *wallet) post(form url.Values) answer {
	w.t.Helper()
	return post(w.t, w.request.ResponseURI, form)
}

// send posts an answer that is well-formed, and gives where the browser shall go, if anywhere.
func (w *wallet) send(presentations map[string][]string) string {
	w.t.Helper()
	return w.taken(w.post(w.encrypt(presentations, "")))
}

// taken expects an answer to have been taken, whether it holds or not; when it does not, told is the code that the wallet gets.
func (w *wallet) taken(a answer) string {
	w.t.Helper()
	var told oauth2.Error
	check(w.t, json.Unmarshal([]byte(a.body), &told))
	if w.told = told.Code; a.status == http.StatusBadRequest && w.told != oauth2.InvalidRequest {
		return told.RedirectURI
	}
	is(w.t, a, http.StatusOK)
	return told.RedirectURI
}
