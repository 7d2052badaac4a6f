package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/keys"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/x5c"
)

// signedBy makes signed metadata of an issuer by a certificate authority of its own, whose root it gives.
func signedBy(t *testing.T, issuer string) (string, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	at := time.Now().Add(-time.Hour)
	root, err := x5c.NewRoot(key, x5c.Subject{Country: "NO", CommonName: "Prøverot", URI: issuer}, at, 900*24*time.Hour)
	must(t, err)
	leaf, err := x5c.Issue(x5c.CredentialIssuer, root, key, key.Public(), x5c.Subject{Country: "NO", CommonName: "Prøve", URI: issuer}, at, 90*24*time.Hour)
	must(t, err)
	signer, err := openid4vci.NewMetadataSigner(key, []*x509.Certificate{leaf})
	must(t, err)
	text, err := openid4vci.SignMetadata(signer, &openid4vci.IssuerMetadata{CredentialIssuer: issuer}, time.Now(), time.Hour)
	must(t, err)
	return text, root
}

// What servers really answer ends with the exit code that is told for it: the wallet refuses what is not whole, not trusted or not what
// was asked for, and passes on what the server refuses.
func TestExitCodesOfRealAnswers(t *testing.T) {
	answers := map[string]struct{ media, body string }{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := answers[r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", a.media)
		_, _ = w.Write([]byte(a.body))
	}))
	defer server.Close()
	data := t.TempDir()
	for _, kind := range []string{"issuers", "verifiers"} {
		_, root := signedBy(t, server.URL)
		must(t, keys.PublishCertificate(filepath.Join(data, "trust", kind), "a", root))
	}
	strange, _ := signedBy(t, server.URL)
	const issuerPath, serverPath, object = "/.well-known/openid-credential-issuer", "/.well-known/oauth-authorization-server", "application/json"
	metadata := fmt.Sprintf(`{"credential_issuer":%q,"credential_endpoint":%q,"nonce_endpoint":%q,"credential_configurations_supported":{"card":{"format":"dc+sd-jwt","vct":"card","cryptographic_binding_methods_supported":["jwk"],"credential_signing_alg_values_supported":["ES256"],"proof_types_supported":{"jwt":{"proof_signing_alg_values_supported":["ES256"]}}}}}`,
		server.URL, server.URL+"/credential", server.URL+"/nonce")
	type answer = struct{ media, body string }
	offer := "openid-credential-offer://?" + url.Values{"credential_offer": {`{"credential_issuer":"` + server.URL + `","credential_configuration_ids":["card"]}`}}.Encode()
	request := "openid4vp://?" + url.Values{"client_id": {"x509_hash:abc"}, "request_uri": {server.URL + "/request"}, "request_uri_method": {"post"}}.Encode()
	for name, c := range map[string]struct {
		link    string
		answers map[string]answer
		want    int
		says    string
	}{
		"two offers in a link":          {offer + "&credential_offer_uri=" + url.QueryEscape(server.URL+"/offer"), nil, exitUsage, openid4vci.ErrLink.Error()},
		"two requests in a link":        {request + "&request=x", nil, exitUsage, "the link"},
		"not found":                     {offer, nil, exitRefused, "404"},
		"metadata are no JSON":          {offer, map[string]answer{issuerPath: {object, "x"}}, exitWalletRefused, openid4vci.ErrMetadata.Error()},
		"metadata are empty":            {offer, map[string]answer{issuerPath: {object, "{}"}}, exitWalletRefused, "openid4vci"},
		"metadata of another":           {offer, map[string]answer{issuerPath: {object, strings.Replace(metadata, server.URL, "https://other.example", 1)}}, exitWalletRefused, openid4vci.ErrMismatch.Error()},
		"metadata without a name":       {offer, map[string]answer{issuerPath: {object, strings.Replace(metadata, server.URL+`"`, `x?y"`, 1)}}, exitWalletRefused, "openid4vci"},
		"signed metadata, no JWT":       {offer, map[string]answer{issuerPath: {openid4vci.MediaTypeSignedMetadata, "x.y.z"}}, exitWalletRefused, openid4vci.ErrSignedMetadata.Error()},
		"signed by a stranger":          {offer, map[string]answer{issuerPath: {openid4vci.MediaTypeSignedMetadata, strange}}, exitWalletRefused, openid4vci.ErrUntrusted.Error()},
		"metadata of the media HTML":    {offer, map[string]answer{issuerPath: {"text/html", "x"}}, exitWalletRefused, "text/html"},
		"server metadata are no JSON":   {offer, map[string]answer{issuerPath: {object, metadata}, serverPath: {object, "x"}}, exitWalletRefused, "authorization server metadata"},
		"a request that cannot be read": {request, map[string]answer{"/request": {openid4vp.RequestMediaType, "a.b.c.d.e"}}, exitWalletRefused, openid4vp.ErrRequestObject.Error()},
		"a request that is no JWT":      {request, map[string]answer{"/request": {openid4vp.RequestMediaType, "a.b.c"}}, exitWalletRefused, "request object"},
	} {
		answers = c.answers
		args := []string{"offer", "accept", c.link, "--pid", "1", "--password", "x", "--plain"}
		if strings.HasPrefix(c.link, "openid4vp") {
			args = []string{"request", "answer", c.link, "--no"}
		}
		code, out, errs := ran(t, "", append(args, "--insecure-allow-http", "--data", data)...)
		if code != c.want || !strings.Contains(out+errs, c.says) {
			t.Errorf("%s: exit %d, expected %d: %s%s", name, code, c.want, out, errs)
		}
	}
	server.Close()
	if code, _, errs := ran(t, "", "offer", "accept", offer, "--pid", "1", "--password", "x", "--plain", "--insecure-allow-http", "--data", data); code != exitFailed {
		t.Errorf("nobody answers: exit %d, %s", code, errs)
	}
	if code, out, errs := ran(t, "", "log", "--last", "1", "--data", data); code != exitDone || !strings.Contains(out, "---  GET "+server.URL+"/.well-known/") || !strings.Contains(out, "no answer: dial tcp") {
		t.Errorf("the log: exit %d, %s%s", code, out, errs)
	}
}
