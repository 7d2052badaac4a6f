package wallet

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/specs/dpop"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/sdjwt"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/specs/x5c"
)

var now = time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func testKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	return key
}

// authority is a root with leaves for both formats and for an access certificate.
type authority struct {
	root  *x509.Certificate
	key   *ecdsa.PrivateKey
	leafs map[string][]*x509.Certificate
	keys  map[string]*ecdsa.PrivateKey
}

func newAuthority(t testing.TB, profiles ...x5c.Profile) *authority {
	t.Helper()
	a := &authority{key: testKey(t), leafs: map[string][]*x509.Certificate{}, keys: map[string]*ecdsa.PrivateKey{}}
	subject := x5c.Subject{Country: "NO", Organization: "Prøve", CommonName: "Prøverot", URI: "https://issuer.example"}
	var err error
	a.root, err = x5c.NewRoot(a.key, subject, now.Add(-day), 900*day)
	check(t, err)
	for _, p := range profiles {
		key := testKey(t)
		subject.CommonName = "Prøvetjeneste"
		leaf, err := x5c.Issue(p, a.root, a.key, key.Public(), subject, now.Add(-day), 400*day)
		check(t, err)
		a.leafs[p.Name], a.keys[p.Name] = []*x509.Certificate{leaf}, key
	}
	return a
}

// world is a wallet with an issuer that a test can bend.
type world struct {
	t       testing.TB
	wallet  *Wallet
	trust   string
	ca      *authority
	server  *httptest.Server
	at      time.Time
	par     url.Values // what was pushed
	mu      sync.Mutex
	paths   []string          // that were asked for, in order
	told    []string          // events, in order
	demands bool              // a DPoP nonce
	opens   *ecdsa.PrivateKey // encrypted requests
	leaks   bool              // answers in plain what it was asked to encrypt

	bendMetadata func(*openid4vci.IssuerMetadata)
	bendServer   func(*oauth2.ServerMetadata)
	bendToken    func(*oauth2.TokenResponse)
	handle       map[string]http.HandlerFunc // in place of what stands here
	issue        func(n int, holder *ecdsa.PublicKey, format string) string
}

const (
	sdConfig   = "card"
	mdocConfig = "age"
	serverIs   = "server-nonce"
)

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, trust: t.TempDir(), ca: newAuthority(t, x5c.CredentialIssuer, x5c.DocumentSigner), at: now, demands: true, handle: map[string]http.HandlerFunc{}}
	w.anchor("issuers", w.ca)
	w.server = httptest.NewServer(w)
	t.Cleanup(w.server.Close)
	w.wallet = &Wallet{
		Store: &Store{Dir: t.TempDir()}, Trust: &Trust{Dir: w.trust}, Fetch: fetch.New(fetch.Config{InsecureAllowLoopback: true}),
		ClientID: "wallet-sim", RedirectURI: "http://localhost:1/callback", InsecureAllowHTTP: true, Copies: 3, Now: func() time.Time { return w.at },
	}
	w.issue = w.properly
	return w
}

func (w *world) anchor(kind string, a *authority) {
	w.t.Helper()
	dir := filepath.Join(w.trust, kind)
	check(w.t, os.MkdirAll(dir, 0o755))
	check(w.t, os.WriteFile(filepath.Join(dir, "a.pem"), x5c.EncodePEM(a.root), 0o644))
}

// properly issues what a good issuer issues.
func (w *world) properly(_ int, holder *ecdsa.PublicKey, format string) string {
	return w.signed(w.ca, holder, format, "no:test:card", "no.test.age", w.at.Add(30*day))
}

func (w *world) signed(a *authority, holder *ecdsa.PublicKey, format, vct, docType string, until time.Time) string {
	w.t.Helper()
	if format == openid4vci.FormatMdoc {
		signer, err := mdoc.NewSigner(a.keys[x5c.DocumentSigner.Name], a.leafs[x5c.DocumentSigner.Name])
		check(w.t, err)
		raw, err := signer.Issue(mdoc.Template{
			DocType: docType, DeviceKey: holder, Signed: now.Add(-time.Hour), ValidFrom: now.Add(-time.Hour), ValidUntil: until,
			Elements: []mdoc.Element{{Namespace: "no.test", Identifier: "over_18", Value: true}, {Namespace: "no.test", Identifier: "over_15", Value: true}},
		})
		check(w.t, err)
		return jose.EncodeBase64URL(raw)
	}
	signer, err := sdjwtvc.NewSigner(a.keys[x5c.CredentialIssuer.Name], a.leafs[x5c.CredentialIssuer.Name])
	check(w.t, err)
	text, err := signer.Issue(sdjwtvc.Template{
		VCT: vct, Holder: holder, Issuer: w.server.URL, IssuedAt: now.Add(-time.Hour), Expires: until,
		Claims: map[string]any{"given_name": sdjwt.SD{Value: "Flat"}, "family_name": sdjwt.SD{Value: "Stjerne"}, "birth_date": sdjwt.SD{Value: "1965-04-14"}},
	})
	check(w.t, err)
	return text
}

func (w *world) metadata() *openid4vci.IssuerMetadata {
	proof := map[string]openid4vci.ProofType{"jwt": {ProofSigningAlgValuesSupported: []string{"ES256"}}}
	return &openid4vci.IssuerMetadata{
		CredentialIssuer: w.server.URL, CredentialEndpoint: w.server.URL + "/credential", NonceEndpoint: w.server.URL + "/nonce",
		NotificationEndpoint:    w.server.URL + "/notification",
		BatchCredentialIssuance: &openid4vci.Batch{BatchSize: 2},
		CredentialConfigurationsSupported: map[string]openid4vci.Configuration{
			sdConfig: {Format: openid4vci.FormatSDJWTVC, VCT: "no:test:card", Scope: "card", ProofTypesSupported: proof,
				CryptographicBindingMethodsSupported: []string{openid4vci.BindingJWK},
				CredentialMetadata: &openid4vci.CredentialMetadata{
					Display: []openid4vci.CredentialDisplay{{Name: "Kort", Locale: "nb"}, {Name: "Card", Locale: "en"}},
					Claims:  []openid4vci.ClaimDescription{{Path: openid4vci.Path{"given_name"}, Display: []openid4vci.ClaimDisplay{{Name: "Fornavn", Locale: "nb"}}}},
				}},
			mdocConfig: {Format: openid4vci.FormatMdoc, DocType: "no.test.age", Scope: "age", ProofTypesSupported: proof,
				CryptographicBindingMethodsSupported: []string{openid4vci.BindingCOSEKey}},
		},
	}
}

func (w *world) serverMetadata() *oauth2.ServerMetadata {
	return &oauth2.ServerMetadata{
		Issuer: w.server.URL, AuthorizationEndpoint: w.server.URL + "/authorize", TokenEndpoint: w.server.URL + "/token",
		PushedAuthorizationRequestEndpoint: w.server.URL + "/par", CodeChallengeMethodsSupported: []string{"S256"},
		AuthorizationResponseIssParameterSupported: true, ResponseTypesSupported: []string{"code"},
	}
}

// ServeHTTP is the issuer and its authorization server. It checks what a wallet must send.
func (w *world) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	w.paths = append(w.paths, r.URL.Path)
	w.mu.Unlock()
	if h := w.handle[r.URL.Path]; h != nil {
		h(out, r)
		return
	}
	switch r.URL.Path {
	case "/.well-known/openid-credential-issuer":
		m := w.metadata()
		if w.bendMetadata != nil {
			w.bendMetadata(m)
		}
		writeJSON(out, 200, m)
	case "/.well-known/oauth-authorization-server":
		m := w.serverMetadata()
		if w.bendServer != nil {
			w.bendServer(m)
		}
		writeJSON(out, 200, m)
	case "/par":
		if w.proven(out, r, "", 400) {
			check(w.t, r.ParseForm())
			w.par = r.PostForm
			writeJSON(out, 201, oauth2.PARResponse{RequestURI: "urn:ietf:params:oauth:request_uri:x", ExpiresIn: 60})
		}
	case "/token":
		w.token(out, r)
	case "/nonce":
		writeJSON(out, 200, openid4vci.NonceResponse{CNonce: "c-nonce"})
	case "/credential":
		w.credential(out, r)
	case "/notification":
		w.notification(out, r)
	default:
		http.NotFound(out, r)
	}
}

// proven checks the DPoP proof, and demands the nonce as RFC 9449 sections 8 and 9 have it.
func (w *world) proven(out http.ResponseWriter, r *http.Request, token string, status int) bool {
	proof, err := dpop.Verify(r.Header, dpop.Expect{Method: r.Method, URL: w.server.URL + r.URL.Path, At: w.at, AccessToken: token})
	if err != nil {
		w.t.Errorf("%s: %v", r.URL.Path, err)
		writeJSON(out, status, oauth2.Error{Code: oauth2.InvalidDPoPProof})
		return false
	}
	if w.demands && proof.Nonce != serverIs {
		out.Header().Set("DPoP-Nonce", serverIs)
		writeJSON(out, status, oauth2.Error{Code: oauth2.UseDPoPNonce})
		return false
	}
	return true
}

func (w *world) token(out http.ResponseWriter, r *http.Request) {
	if !w.proven(out, r, "", 400) {
		return
	}
	check(w.t, r.ParseForm())
	if !oauth2.VerifyPKCE(w.par.Get("code_challenge"), r.PostForm.Get("code_verifier")) || r.PostForm.Get("redirect_uri") != w.par.Get("redirect_uri") || r.PostForm.Get("code") != "the-code" {
		writeJSON(out, 400, oauth2.Error{Code: oauth2.InvalidGrant, Description: "no such code"})
		return
	}
	t := &oauth2.TokenResponse{AccessToken: "the-token", TokenType: "DPoP", ExpiresIn: 300}
	if w.bendToken != nil {
		w.bendToken(t)
	}
	writeJSON(out, 200, t)
}

func (w *world) credential(out http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "DPoP the-token" {
		w.t.Errorf("Authorization %q", r.Header.Get("Authorization"))
	}
	if !w.proven(out, r, "the-token", 401) {
		return
	}
	raw, err := io.ReadAll(r.Body)
	check(w.t, err)
	request, err := openid4vci.ParseCredentialRequest(raw)
	if r.Header.Get("Content-Type") == "application/jwt" {
		request, err = openid4vci.OpenCredentialRequest(string(raw), func(string) *ecdsa.PrivateKey { return w.opens })
	}
	check(w.t, err)
	id := request.CredentialConfigurationID
	if request.CredentialIdentifier != "" {
		id = request.CredentialIdentifier
	}
	config := w.metadata().CredentialConfigurationsSupported[id]
	answer := openid4vci.CredentialResponse{NotificationID: "notify-me"}
	for n, jwt := range request.Proofs.JWTs {
		proof, err := openid4vci.VerifyProof(jwt, openid4vci.ProofExpect{Audience: w.server.URL, At: w.at, ClientID: "wallet-sim"})
		check(w.t, err)
		if proof.Nonce != "c-nonce" {
			w.t.Errorf("key proof with nonce %q", proof.Nonce)
		}
		answer.Credentials = append(answer.Credentials, openid4vci.IssuedCredential{Credential: w.issue(n, proof.Key, config.Format)})
	}
	if to := request.ResponseEncryption; to != nil && !w.leaks {
		compact, err := answer.Encrypt(to)
		check(w.t, err)
		out.Header().Set("Content-Type", "application/jwt")
		_, _ = io.WriteString(out, compact)
		return
	}
	writeJSON(out, 200, answer)
}

// notification takes what the wallet tells.
func (w *world) notification(out http.ResponseWriter, r *http.Request) {
	if !w.proven(out, r, "the-token", 401) {
		return
	}
	raw, err := io.ReadAll(r.Body)
	check(w.t, err)
	n, err := openid4vci.ParseNotificationRequest(raw)
	check(w.t, err)
	if n.NotificationID != "notify-me" {
		w.t.Errorf("notification_id %q", n.NotificationID)
	}
	w.mu.Lock()
	w.told = append(w.told, n.Event)
	w.mu.Unlock()
	out.WriteHeader(http.StatusNoContent)
}

// calls are the paths that were asked for, in order.
func (w *world) calls() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.paths)
}

func writeJSON(out http.ResponseWriter, status int, v any) {
	out.Header().Set("Content-Type", "application/json")
	out.WriteHeader(status)
	_ = json.NewEncoder(out).Encode(v)
}

// begin goes as far as the browser.
func (w *world) begin(configurations ...string) error {
	offer := openid4vci.Offer{
		CredentialIssuer: w.server.URL, CredentialConfigurationIDs: configurations,
		Grants: &openid4vci.Grants{AuthorizationCode: &openid4vci.AuthorizationCodeGrant{IssuerState: "is"}},
	}
	link, err := openid4vci.OfferURI(openid4vci.OfferEndpoint, offer, openid4vci.Rules{InsecureAllowHTTP: true})
	check(w.t, err)
	plan, err := w.wallet.Resolve(w.t.Context(), link, "")
	if err != nil {
		return err
	}
	_, err = w.wallet.Begin(w.t.Context(), plan)
	return err
}

// back is the query with which the browser returns.
func (w *world) back(bend ...string) url.Values {
	query := url.Values{"code": {"the-code"}, "state": {w.par.Get("state")}, "iss": {w.server.URL}}
	for i := 0; i+1 < len(bend); i += 2 {
		query.Del(bend[i])
		if bend[i+1] != "" {
			query.Set(bend[i], bend[i+1])
		}
	}
	return query
}

// get is the whole way.
func (w *world) get(configurations ...string) ([]*Credential, error) {
	if err := w.begin(configurations...); err != nil {
		return nil, err
	}
	return w.wallet.Finish(w.t.Context(), w.back())
}

func (w *world) stored() int {
	w.t.Helper()
	all, err := w.wallet.Store.List()
	check(w.t, err)
	return len(all)
}
