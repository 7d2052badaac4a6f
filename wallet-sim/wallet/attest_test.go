package wallet

import (
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"lommebok.example/specs/attestation"
	"lommebok.example/specs/dpop"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/x5c"
)

// maker is a wallet provider that attests whatever the wallet asks for.
type maker struct {
	w        *world
	root     *x509.Certificate
	key      *ecdsa.PrivateKey
	chain    []*x509.Certificate
	issuers  []string // that were named
	attested []*ecdsa.PublicKey
	life     time.Duration
}

func (w *world) provider() *maker {
	a := newAuthority(w.t, x5c.WalletProvider)
	m := &maker{w: w, root: a.root, key: a.keys[x5c.WalletProvider.Name], chain: a.leafs[x5c.WalletProvider.Name], life: time.Hour}
	w.wallet.Attester = m
	return m
}

func (m *maker) AttestWallet(issuer string, key *ecdsa.PublicKey) (string, error) {
	m.issuers, m.attested = append(m.issuers, issuer), append(m.attested, key)
	return attestation.Wallet{ClientID: "wallet-sim", Key: key, Expires: m.w.at.Add(m.life), Chain: m.chain}.Sign(m.key)
}

func (m *maker) AttestKeys(nonce string, keys []*ecdsa.PublicKey, keyStorage, userAuthentication []string) (string, error) {
	return attestation.Keys{
		IssuedAt: m.w.at, Expires: m.w.at.Add(time.Hour), Attested: keys, KeyStorage: keyStorage, UserAuthentication: userAuthentication,
		Nonce: nonce, Chain: m.chain,
	}.Sign(m.key)
}

// attests makes a server that demands attestations and this challenge; it gives the keys that proved possession, by path.
func (w *world) attests(m *maker, challenge *string, methods ...string) map[string][]*ecdsa.PublicKey {
	seen := map[string][]*ecdsa.PublicKey{}
	w.bendServer = func(s *oauth2.ServerMetadata) { s.TokenEndpointAuthMethodsSupported = methods }
	for _, path := range []string{"/par", "/token"} {
		w.handle[path] = func(out http.ResponseWriter, r *http.Request) {
			// The root is the authority's; here only that the attestation is the wallet's, and fresh, matters.
			u, err := jose.Parse(r.Header.Get(attestation.HeaderWallet), jose.Rules{Typ: attestation.WalletTyp, Allow: []string{"x5c"}})
			if err != nil {
				w.t.Errorf("%s: %v", path, err)
				writeJSON(out, 401, oauth2.Error{Code: oauth2.InvalidClientAttestation})
				return
			}
			var c struct {
				Exp int64 `json:"exp"`
				Cnf struct {
					JWK jose.JWK `json:"jwk"`
				} `json:"cnf"`
			}
			check(w.t, jose.Unmarshal(u.UnsafePayload(), &c))
			key, err := c.Cnf.JWK.PublicKey()
			check(w.t, err)
			if c.Exp <= w.at.Unix() {
				writeJSON(out, 400, oauth2.Error{Code: oauth2.UseFreshAttestation})
				return
			}
			if !w.possesses(out, r, key, *challenge) {
				return
			}
			seen[path] = append(seen[path], key)
			handler := w.handle[path]
			delete(w.handle, path)
			w.ServeHTTP(out, r)
			w.handle[path] = handler
		}
	}
	return seen
}

func (w *world) possesses(out http.ResponseWriter, r *http.Request, key *ecdsa.PublicKey, challenge string) bool {
	text := r.Header.Get(attestation.HeaderPoP)
	if text == "" {
		proof, err := dpop.Verify(r.Header, dpop.Expect{Method: r.Method, URL: w.server.URL + r.URL.Path, At: w.at})
		if err != nil || !proof.Key.Equal(key) {
			w.t.Errorf("%s: combined: %v", r.URL.Path, err)
		}
		return err == nil
	}
	pop, err := attestation.VerifyPoP(text, &attestation.Wallet{ClientID: "wallet-sim", Key: key}, attestation.ExpectPoP{Audience: w.server.URL, At: w.at})
	check(w.t, err)
	if pop.Challenge != challenge {
		out.Header().Set(attestation.HeaderChallenge, challenge)
		writeJSON(out, 400, oauth2.Error{Code: oauth2.UseAttestationChallenge})
		return false
	}
	return true
}

func TestWalletAttestsItself(t *testing.T) {
	w := newWorld(t)
	m, challenge := w.provider(), "one"
	seen := w.attests(m, &challenge, oauth2.AuthNone, oauth2.AuthAttestation)
	check(t, w.begin(sdConfig))
	challenge = "two" // another when the browser is back
	_, err := w.wallet.Finish(t.Context(), w.back())
	check(t, err)
	if len(seen["/par"]) == 0 || len(seen["/token"]) == 0 || !seen["/par"][0].Equal(seen["/token"][0]) {
		t.Errorf("proved %v", seen)
	}
	if !slices.Equal(m.issuers, []string{w.server.URL}) {
		t.Errorf("attested to %v", m.issuers)
	}
	// HAIP 4.4.1: nothing links one flow to another.
	check(t, w.begin(sdConfig))
	if len(m.attested) != 2 || m.attested[0].Equal(m.attested[1]) {
		t.Error("two flows have one instance key")
	}
}

func TestWalletTakesAChallengeFromTheEndpoint(t *testing.T) {
	w := newWorld(t)
	m, challenge := w.provider(), "from the endpoint"
	w.attests(m, &challenge, oauth2.AuthAttestation)
	bend := w.bendServer
	w.bendServer = func(s *oauth2.ServerMetadata) { bend(s); s.ChallengeEndpoint = w.server.URL + "/challenge" }
	w.handle["/challenge"] = func(out http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			t.Errorf("%s /challenge", r.Method)
		}
		writeJSON(out, 200, map[string]string{"attestation_challenge": challenge})
	}
	w.demands = false
	_, err := w.get(sdConfig)
	check(t, err)
	want := []string{"/.well-known/openid-credential-issuer", "/.well-known/oauth-authorization-server", "/challenge", "/par", "/par", "/token", "/token", "/nonce", "/credential", "/notification"}
	if got := w.calls(); !slices.Equal(slices.Compact(slices.Clone(got)), slices.Compact(want)) || slices.Index(got, "/challenge") > slices.Index(got, "/par") {
		t.Errorf("calls %v", got)
	}
	w.handle["/challenge"] = func(out http.ResponseWriter, _ *http.Request) { writeJSON(out, 200, map[string]string{}) }
	if err := w.begin(sdConfig); err == nil || !strings.Contains(err.Error(), "attestation_challenge") {
		t.Errorf("an answer without a challenge: %v", err)
	}
}

func TestWalletGetsAFreshAttestationOnce(t *testing.T) {
	w := newWorld(t)
	m, challenge := w.provider(), "c"
	m.life = time.Minute
	seen := w.attests(m, &challenge, oauth2.AuthAttestation)
	check(t, w.begin(sdConfig))
	w.at = w.at.Add(10 * time.Minute) // a slow person
	_, err := w.wallet.Finish(t.Context(), w.back())
	check(t, err)
	if len(m.attested) != 2 || !m.attested[0].Equal(m.attested[1]) || !seen["/token"][0].Equal(m.attested[0]) {
		t.Error("expected a second attestation of the same key, which the code is bound to")
	}
	m.life = -time.Minute
	var refusal *Refusal
	if err := w.begin(sdConfig); !errors.As(err, &refusal) || refusal.Code != oauth2.UseFreshAttestation {
		t.Errorf("a server that is never content: %v", err)
	}
}

func TestWalletWithTheCombinedMode(t *testing.T) {
	w := newWorld(t)
	m, challenge := w.provider(), ""
	seen := w.attests(m, &challenge, oauth2.AuthAttestationDPoP)
	_, err := w.get(sdConfig)
	check(t, err)
	if len(seen["/par"]) == 0 || len(seen["/token"]) == 0 {
		t.Errorf("proved %v", seen)
	}
}

func TestWalletAttestsItselfOnlyWhereItIsTaken(t *testing.T) {
	w := newWorld(t)
	m := w.provider()
	_, err := w.get(sdConfig)
	check(t, err)
	if len(m.attested) != 0 {
		t.Error("attested to a server that takes public clients alone")
	}
}

func TestKeyProofsByWhatTheIssuerDemands(t *testing.T) {
	algs := []string{"ES256"}
	required := &openid4vci.KeyAttestationsRequired{KeyStorage: []string{attestation.Moderate, attestation.High}}
	cases := map[string]struct {
		taken     map[string]openid4vci.ProofType
		proofType string
		plain     bool
		sent      string // type and number of proofs
		attested  int    // keys
		level     string
		err       error
	}{
		"a plain jwt":                          {map[string]openid4vci.ProofType{"jwt": {ProofSigningAlgValuesSupported: algs}}, "", false, "jwt 2", 0, "", nil},
		"jwt with key attestation":             {map[string]openid4vci.ProofType{"jwt": {ProofSigningAlgValuesSupported: algs, KeyAttestationsRequired: required}}, "", false, "jwt 1", 2, attestation.Moderate, nil},
		"attestation alone":                    {map[string]openid4vci.ProofType{"attestation": {ProofSigningAlgValuesSupported: algs, KeyAttestationsRequired: &openid4vci.KeyAttestationsRequired{}}}, "", false, "attestation 1", 2, attestation.High, nil},
		"attestation by choice":                {map[string]openid4vci.ProofType{"jwt": {ProofSigningAlgValuesSupported: algs, KeyAttestationsRequired: required}, "attestation": {ProofSigningAlgValuesSupported: algs, KeyAttestationsRequired: required}}, "attestation", false, "attestation 1", 2, attestation.Moderate, nil},
		"a plain wallet and a demand":          {map[string]openid4vci.ProofType{"jwt": {ProofSigningAlgValuesSupported: algs, KeyAttestationsRequired: required}}, "", true, "", 0, "", ErrUnsupported},
		"a plain wallet and attestation":       {map[string]openid4vci.ProofType{"attestation": {ProofSigningAlgValuesSupported: algs, KeyAttestationsRequired: required}}, "attestation", true, "", 0, "", ErrUnsupported},
		"a type that the issuer does not take": {map[string]openid4vci.ProofType{"jwt": {ProofSigningAlgValuesSupported: algs, KeyAttestationsRequired: nil}}, "attestation", false, "", 0, "", ErrUnsupported},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			m := w.provider()
			if c.plain {
				w.wallet.Attester = nil
			}
			w.wallet.ProofType = c.proofType
			w.bendMetadata = func(m *openid4vci.IssuerMetadata) {
				config := m.CredentialConfigurationsSupported[sdConfig]
				config.ProofTypesSupported = c.taken
				m.CredentialConfigurationsSupported[sdConfig] = config
			}
			w.handle["/credential"] = func(out http.ResponseWriter, r *http.Request) {
				w.attestedCredential(out, r, m, c.sent, c.attested, c.level)
			}
			got, err := w.get(sdConfig)
			if !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
				t.Fatalf("got %v, want %v", err, c.err)
			}
			if err == nil && len(got[0].Copies) != 2 {
				t.Errorf("%d copies", len(got[0].Copies))
			}
		})
	}
}

// attestedCredential issues for each key of a request, and looks at how the keys were proven.
func (w *world) attestedCredential(out http.ResponseWriter, r *http.Request, m *maker, sent string, attested int, level string) {
	raw, err := io.ReadAll(r.Body)
	check(w.t, err)
	request, err := openid4vci.ParseCredentialRequest(raw)
	check(w.t, err)
	if got := fmt.Sprint(request.Proofs.Type, " ", len(request.Proofs.JWTs)); got != sent {
		w.t.Errorf("sent %s, want %s", got, sent)
	}
	var keys []*ecdsa.PublicKey
	read := func(jwt string) ([]*ecdsa.PublicKey, error) {
		k, err := attestation.VerifyKeys(jwt, true, attestation.Expect{Providers: x5c.NewAnchors(m.root), At: w.at})
		check(w.t, err)
		if len(k.Attested) != attested || k.KeyStorage[0] != level || k.Nonce != "c-nonce" {
			w.t.Errorf("attested %d keys at %v with nonce %q", len(k.Attested), k.KeyStorage, k.Nonce)
		}
		return k.Attested, nil
	}
	if request.Proofs.Type == openid4vci.ProofTypeAttestation {
		keys, _ = read(request.Proofs.JWTs[0])
	} else {
		proofs, err := openid4vci.VerifyProofs(request.Proofs.JWTs, openid4vci.ProofExpect{
			Audience: w.server.URL, At: w.at, ClientID: "wallet-sim", Attested: read, FirstSigns: true,
		})
		check(w.t, err)
		for _, p := range proofs {
			if p.Attested == nil {
				p.Attested = []*ecdsa.PublicKey{p.Key}
			}
			keys = append(keys, p.Attested...)
		}
	}
	answer := openid4vci.CredentialResponse{}
	for n, key := range keys {
		answer.Credentials = append(answer.Credentials, openid4vci.IssuedCredential{Credential: w.issue(n, key, openid4vci.FormatSDJWTVC)})
	}
	writeJSON(out, 200, answer)
}
