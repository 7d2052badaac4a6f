package server_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"lommebok.example/specs/cose"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/sdjwt"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/specs/statuslist"
	"lommebok.example/specs/x5c"
)

const day = 24 * time.Hour

// issuer makes credentials by the specifications, and publishes a status list.
type issuer struct {
	t         testing.TB
	now       func() time.Time
	root      *x509.Certificate
	rootKey   *ecdsa.PrivateKey
	sdjwt     *sdjwtvc.Signer
	documents *mdoc.Signer
	dsKey     *ecdsa.PrivateKey // of documents
	statusKey *ecdsa.PrivateKey
	statuses  []*x509.Certificate
	listURL   string

	mu    sync.Mutex
	asked int
	list  listing
}

// listing is what the status list says, and how.
type listing struct {
	status  statuslist.Status // of index 7
	ttl     time.Duration     // at least a second
	uri     string            // "" for its own
	expired bool
	signer  *issuer // nil for itself
	handler http.HandlerFunc
	revoked [][]byte // identifiers, when an identifier list is asked for
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	return key
}

func newIssuer(t testing.TB, now func() time.Time) *issuer {
	t.Helper()
	i := &issuer{t: t, now: now, rootKey: newKey(t), statusKey: newKey(t)}
	at := now().Add(-40 * day)
	var err error
	i.root, err = x5c.NewRoot(i.rootKey, x5c.Subject{Country: "NO", CommonName: "Test IACA", URI: "https://issuer.example"}, at, 900*day)
	check(t, err)
	key := newKey(t)
	i.sdjwt, err = sdjwtvc.NewSigner(key, i.chain(x5c.CredentialIssuer, key, at))
	check(t, err)
	key = newKey(t)
	i.dsKey = key
	i.documents, err = mdoc.NewSigner(key, i.chain(x5c.DocumentSigner, key, at))
	check(t, err)
	i.statuses = i.chain(x5c.StatusSigner, i.statusKey, at)
	server := httptest.NewServer(http.HandlerFunc(i.serve))
	t.Cleanup(server.Close)
	i.listURL = server.URL + "/statuslists/1"
	return i
}

func (i *issuer) chain(p x5c.Profile, key *ecdsa.PrivateKey, at time.Time) []*x509.Certificate {
	i.t.Helper()
	leaf, err := x5c.Issue(p, i.root, i.rootKey, key.Public(), x5c.Subject{Country: "NO", CommonName: "Test " + p.Name, URI: "https://issuer.example"}, at, 400*day)
	check(i.t, err)
	return []*x509.Certificate{leaf}
}

// publish changes the status list.
func (i *issuer) publish(l listing) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.list = l
}

func (i *issuer) fetches() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.asked
}

func (i *issuer) serve(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	l := i.list
	i.asked++
	i.mu.Unlock()
	if l.handler != nil {
		l.handler(w, r)
		return
	}
	body, media, err := i.token(l, r.Header.Get("Accept"))
	if err != nil {
		i.t.Error(err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", media)
	_, _ = w.Write(body)
}

func (i *issuer) token(l listing, accept string) (body []byte, media string, err error) {
	list := statuslist.New(2, 16)
	if err := list.Set(7, l.status); err != nil {
		return nil, "", err
	}
	uri, signer, issued := l.uri, l.signer, i.now().Add(-time.Minute)
	l.ttl = max(l.ttl, time.Second)
	if uri == "" {
		uri = i.listURL
	}
	if signer == nil {
		signer = i
	}
	if l.expired {
		issued = i.now().Add(-day)
	}
	exp := issued.Add(time.Hour)
	if accept == statuslist.MediaTypeIdentifiers {
		body, err = statuslist.SignIdentifiers(signer.statusKey, signer.statuses, l.revoked, uri, issued, exp, l.ttl)
		return body, accept, err
	}
	if accept == statuslist.MediaTypeCWT {
		body, err = statuslist.SignCWT(signer.statusKey, signer.statuses, list, uri, issued, exp, l.ttl)
		return body, accept, err
	}
	text, err := statuslist.SignJWT(signer.statusKey, signer.statuses, list, uri, issued, exp, l.ttl)
	return []byte(text), statuslist.MediaTypeJWT, err
}

// pidClaims are those of a synthetic person.
func pidClaims() map[string]any {
	return map[string]any{
		"given_name": sdjwt.SD{Value: "Eksakt"}, "family_name": sdjwt.SD{Value: "Karies"}, "birthdate": sdjwt.SD{Value: "1998-06-12"},
		"personal_administrative_number": sdjwt.SD{Value: "12865398148"}, "birth_place_secret": sdjwt.SD{Value: "Bakvendtland"},
	}
}

// issueSDJWT makes a PID as SD-JWT VC; change may make another of it.
func (i *issuer) issueSDJWT(holder *ecdsa.PublicKey, change ...func(*sdjwtvc.Template)) string {
	i.t.Helper()
	now := i.now()
	t := sdjwtvc.Template{
		VCT: "urn:eudi:pid:1", Claims: pidClaims(), Holder: holder, Issuer: "https://issuer.example",
		IssuedAt: now.Add(-day), NotBefore: now.Add(-day), Expires: now.Add(30 * day),
		Status: &sdjwtvc.StatusRef{Index: 7, URI: i.listURL},
	}
	for _, f := range change {
		f(&t)
	}
	text, err := i.sdjwt.Issue(t)
	check(i.t, err)
	return text
}

const pidType = "eu.europa.ec.eudi.pid.1"

// issueMdoc makes a PID as mdoc.
func (i *issuer) issueMdoc(holder *ecdsa.PublicKey, change ...func(*mdoc.Template)) []byte {
	i.t.Helper()
	now := i.now()
	t := mdoc.Template{
		DocType: pidType, DeviceKey: holder, Signed: now.Add(-day), ValidFrom: now.Add(-day), ValidUntil: now.Add(30 * day),
		Elements: []mdoc.Element{
			{Namespace: pidType, Identifier: "given_name", Value: "Eksakt"},
			{Namespace: pidType, Identifier: "family_name", Value: "Karies"},
			{Namespace: pidType, Identifier: "birth_date", Value: cose.FullDate("1998-06-12")},
			{Namespace: pidType, Identifier: "personal_administrative_number", Value: "12865398148"},
			{Namespace: pidType, Identifier: "birth_place_secret", Value: "Bakvendtland"},
		},
		Status: &mdoc.StatusRef{Index: 7, URI: i.listURL},
	}
	for _, f := range change {
		f(&t)
	}
	raw, err := i.documents.Issue(t)
	check(i.t, err)
	return raw
}
