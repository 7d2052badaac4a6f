package trust_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/x5c"
	"lommebok.example/verifier/trust"
)

const (
	hour = time.Hour
	day  = 24 * hour
	pid  = "urn:eudi:pid:1"
	mdl  = "org.iso.18013.5.1.mDL"
)

var noon = time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// authority is a root with one leaf.
type authority struct {
	key   *ecdsa.PrivateKey
	root  *x509.Certificate
	chain []*x509.Certificate
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	return key
}

func newAuthority(t testing.TB, name string) *authority {
	t.Helper()
	a := &authority{key: newKey(t)}
	var err error
	a.root, err = x5c.NewRoot(a.key, x5c.Subject{Country: "NO", CommonName: name, URI: "https://issuer.example"}, noon.Add(-day), 900*day)
	check(t, err)
	leaf, err := x5c.Issue(x5c.CredentialIssuer, a.root, a.key, newKey(t).Public(), x5c.Subject{Country: "NO", CommonName: name + " signer", URI: "https://issuer.example"}, noon.Add(-day), 90*day)
	check(t, err)
	a.chain = []*x509.Certificate{leaf}
	return a
}

// newAuthorityBetween is a root with one authority under it, and a leaf under that.
func newAuthorityBetween(t testing.TB) *authority {
	t.Helper()
	a, key := &authority{key: newKey(t)}, newKey(t)
	issue := func(name string, serial int64, pathLen int, pub *ecdsa.PublicKey, parent *x509.Certificate) *x509.Certificate {
		template := &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{Country: []string{"NO"}, CommonName: name}, NotBefore: noon.Add(-day), NotAfter: noon.Add(900 * day),
			BasicConstraintsValid: true, IsCA: true, MaxPathLen: pathLen, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign,
		}
		if parent == nil {
			parent = template
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, pub, a.key)
		check(t, err)
		cert, err := x509.ParseCertificate(der)
		check(t, err)
		return cert
	}
	a.root = issue("root", 1, 1, &a.key.PublicKey, nil)
	between := issue("between", 2, 0, &key.PublicKey, a.root)
	leaf, err := x5c.Issue(x5c.CredentialIssuer, between, key, newKey(t).Public(), x5c.Subject{Country: "NO", CommonName: "leaf", URI: "https://issuer.example"}, noon.Add(-day), 90*day)
	check(t, err)
	a.chain = []*x509.Certificate{leaf, between}
	return a
}

// entitled asks whether a set trusts the authority, and for a type.
func entitled(s *trust.Set, a *authority, kind string, at time.Time) error {
	found, err := s.Verify(a.chain, x5c.CredentialIssuer, at)
	if err != nil {
		return err
	}
	return found.Issues(kind)
}

func wantErr(t testing.TB, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) || want == nil && got != nil {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// D08: to be known is not to be entitled.
func TestAnAnchorCountsForItsTypesAlone(t *testing.T) {
	a, b := newAuthority(t, "first"), newAuthority(t, "second")
	s := trust.NewSet()
	wantErr(t, "an empty set", entitled(s, a, pid, noon), x5c.ErrUntrusted)
	s.Put("one", trust.Source{Anchors: []trust.Anchor{{Name: "first", Certificate: a.root, Types: []string{pid}}, {Name: "second", Certificate: b.root}}})
	wantErr(t, "its type", entitled(s, a, pid, noon), nil)
	err := entitled(s, a, mdl, noon)
	wantErr(t, "another type", err, trust.ErrNotEntitled)
	for _, word := range []string{"first", "one", pid, mdl} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the refusal does not tell %s: %v", word, err)
		}
	}
	wantErr(t, "the beginning of a type", entitled(s, a, "urn:eudi:pid", noon), trust.ErrNotEntitled)
	wantErr(t, "no types", entitled(s, b, pid, noon), trust.ErrNotEntitled)
	s.Put("two", trust.Source{Anchors: []trust.Anchor{{Name: "again", Certificate: a.root, Types: []string{mdl}}}})
	wantErr(t, "the types of both sources", errors.Join(entitled(s, a, mdl, noon), entitled(s, a, pid, noon)), nil)
	s.Drop("one")
	wantErr(t, "the type of the source that is gone", entitled(s, a, pid, noon), trust.ErrNotEntitled)
}

func TestASourceThatIsOverTrustsNobody(t *testing.T) {
	a, s := newAuthority(t, "first"), trust.NewSet()
	s.Put("list", trust.Source{Until: noon.Add(hour), Anchors: []trust.Anchor{{Certificate: a.root, Types: []string{pid}}}})
	wantErr(t, "before its end", entitled(s, a, pid, noon.Add(hour-time.Second)), nil)
	wantErr(t, "at its end", entitled(s, a, pid, noon.Add(hour)), trust.ErrListOver)
}

func TestWhoTellsTheStatusIssuesNothing(t *testing.T) {
	a, s := newAuthority(t, "first"), trust.NewSet()
	s.Put("list", trust.Source{Anchors: []trust.Anchor{{Certificate: a.root, Types: []string{pid}, StatusOnly: true}}})
	found, err := s.Verify(a.chain, x5c.StatusSigner, noon)
	check(t, err)
	wantErr(t, "status", found.Revokes(pid), nil)
	wantErr(t, "status of another type", found.Revokes(mdl), trust.ErrNotEntitled)
	wantErr(t, "credentials", found.Issues(pid), trust.ErrNotEntitled)
}

func TestAPinnedLeafNeedsNoChain(t *testing.T) {
	a, s := newAuthority(t, "partner"), trust.NewSet()
	s.Pin(trust.Anchor{Name: "partner", Certificate: a.chain[0], Types: []string{pid}})
	wantErr(t, "its type", entitled(s, a, pid, noon), nil)
	wantErr(t, "with certificates behind it", entitled(s, &authority{chain: []*x509.Certificate{a.chain[0], a.root}}, pid, noon), nil)
	wantErr(t, "another type", entitled(s, a, mdl, noon), trust.ErrNotEntitled)
	wantErr(t, "after its end", entitled(s, a, pid, noon.Add(100*day)), x5c.ErrExpired)
	wantErr(t, "before its beginning", entitled(s, a, pid, noon.Add(-2*day)), x5c.ErrNotYetValid)
	other := newAuthority(t, "partner")
	wantErr(t, "another leaf", entitled(s, other, pid, noon), x5c.ErrUntrusted)
	longer := &authority{chain: []*x509.Certificate{other.chain[0], a.chain[0]}}
	wantErr(t, "the leaf in somebody's chain", entitled(s, longer, pid, noon), x5c.ErrUntrusted)
}

func write(t testing.TB, dir, file string, content []byte) {
	t.Helper()
	check(t, os.MkdirAll(dir, 0o755))
	check(t, os.WriteFile(filepath.Join(dir, file), content, 0o644))
}

func TestFolder(t *testing.T) {
	dir, s := t.TempDir(), trust.NewSet()
	var log bytes.Buffer
	f := &trust.Folder{Dir: dir, Set: s, Log: slog.New(slog.NewTextHandler(&log, nil))}
	a, bare, leaf := newAuthority(t, "first"), newAuthority(t, "bare"), newAuthority(t, "leaf")
	write(t, dir, "a.pem", x5c.EncodePEM(a.root))
	write(t, dir, "a.yaml", []byte("types:\n  - "+pid+"\n"))
	write(t, dir, "bare.pem", x5c.EncodePEM(bare.root))
	write(t, dir, "leaf.pem", x5c.EncodePEM(leaf.chain...))
	write(t, dir, "leaf.yaml", []byte("types: ["+mdl+"]"))
	f.Reload()
	wantErr(t, "with types", entitled(s, a, pid, noon), nil)
	wantErr(t, "without types", entitled(s, bare, pid, noon), trust.ErrNotEntitled)
	wantErr(t, "a leaf as an anchor", entitled(s, leaf, mdl, noon), x5c.ErrUntrusted)
	for _, said := range []string{"bare.yaml", "leaf.pem"} {
		if !strings.Contains(log.String(), said) {
			t.Errorf("the log lacks %s:\n%s", said, log.String())
		}
	}
	write(t, dir, "bare.yaml", []byte("types: [\""+pid+"\"]"))
	f.Reload()
	wantErr(t, "types that came later", entitled(s, bare, pid, noon), nil)
	write(t, dir, "bare.yaml", []byte("type: [\""+pid+"\"]"))
	f.Reload()
	wantErr(t, "a member that is not known", entitled(s, bare, pid, noon), x5c.ErrUntrusted)
	check(t, os.Remove(filepath.Join(dir, "a.pem")))
	f.Reload()
	wantErr(t, "a file that is gone", entitled(s, a, pid, noon), x5c.ErrUntrusted)
}

// listSigner signs lists with a certificate that the operator pinned.
type listSigner struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newListSigner(t testing.TB) *listSigner {
	t.Helper()
	key := newKey(t)
	cert, err := x5c.NewRoot(key, x5c.Subject{Country: "NO", CommonName: "Trust list", URI: "https://trust.example"}, noon.Add(-day), 900*day)
	check(t, err)
	return &listSigner{key, cert}
}

func (s *listSigner) sign(t testing.TB, at time.Time, anchors ...trust.Anchor) string {
	t.Helper()
	text, err := trust.SignList(s.key, trust.List{Issued: at, NextUpdate: at.Add(day), Until: at.Add(2 * day), Anchors: anchors})
	check(t, err)
	return text
}

func (s *listSigner) signed(t testing.TB, typ string, claims any) string {
	t.Helper()
	signer, err := jose.NewSigner(s.key, jose.Header{Typ: typ})
	check(t, err)
	text, err := signer.SignJSON(claims)
	check(t, err)
	return text
}

func TestListRefused(t *testing.T) {
	a, signer := newAuthority(t, "first"), newListSigner(t)
	good := signer.sign(t, noon, trust.Anchor{Name: "first", Certificate: a.root, Types: []string{pid}})
	l, err := trust.ParseList(good, signer.cert, nil, noon)
	check(t, err)
	if len(l.Anchors) != 1 || l.Anchors[0].Types[0] != pid || !l.Until.Equal(noon.Add(2*day)) || !l.NextUpdate.Equal(noon.Add(day)) {
		t.Fatalf("read %+v", l)
	}
	long, err := trust.SignList(signer.key, trust.List{Issued: noon, NextUpdate: noon.Add(1500 * day), Until: noon.Add(2000 * day)})
	check(t, err)
	if _, err := trust.ParseList(long, signer.cert, nil, noon.Add(800*day)); err != nil {
		t.Errorf("while the signer holds: %v", err)
	}
	entry := map[string]any{"name": "x", "certificate": base64.StdEncoding.EncodeToString(a.root.Raw), "types": []string{pid}}
	claims := func(change map[string]any) map[string]any {
		all := map[string]any{"iat": noon.Unix(), "next_update": noon.Add(day).Unix(), "exp": noon.Add(2 * day).Unix(), "entries": []any{entry}}
		for name, v := range change {
			if all[name] = v; v == nil {
				delete(all, name)
			}
		}
		return all
	}
	leaf := map[string]any{"name": "x", "certificate": base64.StdEncoding.EncodeToString(a.chain[0].Raw), "types": []string{pid}}
	for name, c := range map[string]struct {
		text string
		at   time.Time
	}{
		"signed by another":      {newListSigner(t).sign(t, noon), noon},
		"changed":                {good[:len(good)-8] + "AAAA" + good[len(good)-4:], noon},
		"over":                   {good, noon.Add(2 * day)},
		"issued in the future":   {good, noon.Add(-2 * time.Minute)},
		"the signer is over":     {long, noon.Add(1000 * day)},
		"not a JWT":              {"hello", noon},
		"without iat":            {signer.signed(t, trust.Typ, claims(map[string]any{"iat": nil})), noon},
		"without exp":            {signer.signed(t, trust.Typ, claims(map[string]any{"exp": nil})), noon},
		"without next_update":    {signer.signed(t, trust.Typ, claims(map[string]any{"next_update": nil})), noon},
		"without entries":        {signer.signed(t, trust.Typ, claims(map[string]any{"entries": nil})), noon},
		"an end before the next": {signer.signed(t, trust.Typ, claims(map[string]any{"exp": noon.Add(hour).Unix()})), noon},
		"a leaf as an entry":     {signer.signed(t, trust.Typ, claims(map[string]any{"entries": []any{leaf}})), noon},
		"of no known type":       {signer.signed(t, "JWT", claims(nil)), noon},
	} {
		if _, err := trust.ParseList(c.text, signer.cert, nil, c.at); !errors.Is(err, trust.ErrList) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := trust.ParseList(signer.signed(t, trust.Typ, claims(nil)), signer.cert, nil, noon); err != nil {
		t.Errorf("the list before it is broken: %v", err)
	}
}

func TestTheOperatorBoundsAList(t *testing.T) {
	a, signer := newAuthority(t, "first"), newListSigner(t)
	l, err := trust.ParseList(signer.sign(t, noon, trust.Anchor{Certificate: a.root, Types: []string{pid, mdl}}), signer.cert, []string{mdl, "other"}, noon)
	check(t, err)
	if got := l.Anchors[0].Types; len(got) != 1 || got[0] != mdl {
		t.Errorf("types %v", got)
	}
}

// lote is a list in the form of ETSI TS 119 602.
func lote(t testing.TB, issuance, revocation *authority, wrapped bool) any {
	t.Helper()
	service := func(kind string, a *authority) map[string]any {
		return map[string]any{"ServiceInformation": map[string]any{
			"ServiceTypeIdentifier":  "http://uri.etsi.org/19602/SvcType/" + kind,
			"ServiceDigitalIdentity": map[string]any{"X509Certificates": []any{map[string]any{"val": base64.StdEncoding.EncodeToString(a.root.Raw)}}},
		}}
	}
	list := map[string]any{
		"ListAndSchemeInformation": map[string]any{
			"LoTEVersionIdentifier": 1, "LoTESequenceNumber": 7, "LoTEType": "http://uri.etsi.org/19602/LoTEType/EUPIDProvidersList",
			"ListIssueDateTime": noon.Format(time.RFC3339), "NextUpdate": noon.Add(day).Format(time.RFC3339),
		},
		"TrustedEntitiesList": []any{map[string]any{
			"TrustedEntityInformation": map[string]any{"TEName": []any{map[string]any{"lang": "nb", "value": "Etaten"}}},
			"TrustedEntityServices":    []any{service("PID/Issuance", issuance), service("PID/Revocation", revocation), service("WalletSolution/Issuance", newAuthority(t, "wallet")), service("WRPAC/Issuance", newAuthority(t, "access"))},
		}},
	}
	if wrapped {
		return map[string]any{"LoTE": list}
	}
	return list
}

func TestTS119602(t *testing.T) {
	issuance, revocation, signer := newAuthority(t, "issues"), newAuthority(t, "revokes"), newListSigner(t)
	for _, wrapped := range []bool{true, false} {
		l, err := trust.ParseList(signer.signed(t, "JOSE", lote(t, issuance, revocation, wrapped)), signer.cert, []string{pid}, noon)
		check(t, err)
		if len(l.Anchors) != 2 || l.Anchors[0].Name != "Etaten" || !l.Until.Equal(noon.Add(day)) {
			t.Fatalf("read %+v", l)
		}
		s := trust.NewSet()
		s.Put("list", trust.Source{Until: l.Until, Anchors: l.Anchors})
		wantErr(t, "who issues", entitled(s, issuance, pid, noon), nil)
		wantErr(t, "who issues, another type", entitled(s, issuance, mdl, noon), trust.ErrNotEntitled)
		wantErr(t, "who revokes", entitled(s, revocation, pid, noon), trust.ErrNotEntitled)
	}
	_, err := trust.ParseList(signer.signed(t, "JOSE", lote(t, issuance, revocation, true)), signer.cert, []string{pid}, noon.Add(day))
	wantErr(t, "after NextUpdate", err, trust.ErrList)
}

func jsonOf(t testing.TB, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	check(t, err)
	return string(raw)
}

// listServer publishes a text that changes.
type listServer struct {
	text  atomic.Pointer[string] // nil: 500
	asked atomic.Int64
	url   string
}

func newListServer(t testing.TB) *listServer {
	t.Helper()
	s := &listServer{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.asked.Add(1)
		text := s.text.Load()
		if text == nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		_, _ = w.Write([]byte(*text))
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func TestListsAreFetchedKeptAndOver(t *testing.T) {
	dir, cache := t.TempDir(), t.TempDir()
	server, signer, a, late := newListServer(t), newListSigner(t), newAuthority(t, "first"), newAuthority(t, "late")
	write(t, dir, "test.pem", x5c.EncodePEM(signer.cert))
	write(t, dir, "test.yaml", []byte("address: "+server.url+"\n"))
	var log bytes.Buffer
	started := func() (*trust.Set, *trust.Lists) {
		s := trust.NewSet()
		return s, &trust.Lists{
			Dir: dir, Cache: cache, Set: s, Log: slog.New(slog.NewTextHandler(&log, nil)),
			Fetch: fetch.New(fetch.Config{InsecureAllowLoopback: true, MaxBytes: trust.MaxListBytes}),
		}
	}
	publish := func(at time.Time, anchors ...trust.Anchor) {
		text := signer.sign(t, at, anchors...)
		server.text.Store(&text)
	}
	first := trust.Anchor{Name: "first", Certificate: a.root, Types: []string{pid}}
	ctx := context.Background()
	s, lists := started()
	lists.Load(noon)
	lists.Refresh(ctx, noon)
	wantErr(t, "while nothing was read", entitled(s, a, pid, noon), x5c.ErrUntrusted)
	publish(noon, first)
	lists.Refresh(ctx, noon.Add(30*time.Second))
	if n := server.asked.Load(); n != 1 {
		t.Errorf("asked %d times within a minute", n)
	}
	lists.Refresh(ctx, noon.Add(time.Minute))
	wantErr(t, "on the list", entitled(s, a, pid, noon), nil)

	s, lists = started() // a start asks nobody
	lists.Load(noon)
	wantErr(t, "after a start", entitled(s, a, pid, noon), nil)
	asked := server.asked.Load()
	lists.Refresh(ctx, noon.Add(17*hour))
	if server.asked.Load() != asked {
		t.Error("fetched before it is due")
	}
	publish(noon.Add(-hour), first, trust.Anchor{Name: "late", Certificate: late.root, Types: []string{pid}})
	lists.Refresh(ctx, noon.Add(18*hour))
	wantErr(t, "on a list that is older", entitled(s, late, pid, noon), x5c.ErrUntrusted)
	server.text.Store(nil)
	lists.Refresh(ctx, noon.Add(20*hour))
	wantErr(t, "while the address fails", entitled(s, a, pid, noon.Add(47*hour)), nil)
	lists.Refresh(ctx, noon.Add(48*hour))
	wantErr(t, "at the end of the list", entitled(s, a, pid, noon.Add(48*hour)), trust.ErrListOver)
	publish(noon.Add(48*hour), trust.Anchor{Name: "late", Certificate: late.root, Types: []string{pid}})
	lists.Refresh(ctx, noon.Add(49*hour))
	wantErr(t, "on the new list", entitled(s, late, pid, noon.Add(49*hour)), nil)
	wantErr(t, "thrown out of the list", entitled(s, a, pid, noon.Add(49*hour)), x5c.ErrUntrusted)

	write(t, dir, "test.pem", x5c.EncodePEM(newListSigner(t).cert))
	lists.Refresh(ctx, noon.Add(49*hour))
	wantErr(t, "with another signer pinned", entitled(s, late, pid, noon.Add(49*hour)), x5c.ErrUntrusted)
	write(t, dir, "test.pem", x5c.EncodePEM(signer.cert))
	lists.Refresh(ctx, noon.Add(50*hour))
	wantErr(t, "with the signer pinned again", entitled(s, late, pid, noon.Add(50*hour)), nil)
	check(t, os.Remove(filepath.Join(dir, "test.pem")))
	lists.Refresh(ctx, noon.Add(50*hour))
	wantErr(t, "of a list that is named no more", entitled(s, late, pid, noon.Add(50*hour)), x5c.ErrUntrusted)
	for _, said := range []string{"trust list read", "next_update=", "500", "nothing was read before", "before the newest of this signer", "trust list dropped"} {
		if !strings.Contains(log.String(), said) {
			t.Errorf("the log lacks %q", said)
		}
	}
}

func FuzzParseList(f *testing.F) {
	signer := newListSigner(f)
	f.Add(signer.sign(f, noon))
	f.Add(signer.signed(f, "JOSE", lote(f, newAuthority(f, "a"), newAuthority(f, "b"), true)))
	f.Add(fmt.Sprintf("%s.%s.AA", base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)), base64.RawURLEncoding.EncodeToString([]byte(`{}`))))
	other := newListSigner(f)
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := trust.ParseList(text, other.cert, nil, noon); !errors.Is(err, trust.ErrList) {
			t.Errorf("taken, or refused without a reason: %v", err)
		}
	})
}
