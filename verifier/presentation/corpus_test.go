package presentation

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/minid"
	"lommebok.example/specs/dcql"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/x5c"
	"lommebok.example/verifier/corpus"
	"lommebok.example/verifier/trust"
)

var update = flag.Bool("update", false, "write the files of verifier/corpus anew")

const corpusDir = "../corpus"

// shelf gives the lists of the corpus by their address and media type.
type shelf map[string][]byte

var errNothingThere = errors.New("nothing is there")

func (s shelf) Get(_ context.Context, address string, accept ...string) (*fetch.Answer, error) {
	body, there := s[address+" "+accept[0]]
	if !there {
		return nil, errNothingThere
	}
	return &fetch.Answer{Status: 200, Body: body}, nil
}

// bench judges the corpus as it lies on the disk.
type bench struct {
	corpus.Index
	*Service
	query   *dcql.Query
	request *Request
	at      time.Time
}

func readCorpus(t testing.TB, file string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(corpusDir, filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func newBench(t testing.TB) *bench {
	t.Helper()
	b := &bench{}
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ok(json.Unmarshal(readCorpus(t, "index.json"), &b.Index))
	var err error
	b.at, err = time.Parse(time.RFC3339, b.At)
	ok(err)
	b.query, err = dcql.Parse(b.Index.Query)
	ok(err)
	set := trust.NewSet()
	for _, a := range b.Anchors {
		certs, err := x5c.ParsePEM(readCorpus(t, a.File))
		ok(err)
		var until time.Time
		if a.Until != "" {
			until, err = time.Parse(time.RFC3339, a.Until)
			ok(err)
		}
		set.Put(a.Name, trust.Source{Until: until, Anchors: []trust.Anchor{{Name: a.Name, Certificate: certs[0], Types: a.Types}}})
	}
	lists := shelf{}
	for _, l := range b.Lists {
		if l.File != "" {
			lists[l.URI+" "+l.MediaType] = readCorpus(t, l.File)
		}
	}
	seal, err := minid.NewSealer(make([]byte, 32))
	ok(err)
	b.Service = &Service{Trust: set, Status: &StatusLists{Fetch: lists, Trust: set, MaxAge: time.Hour}, Seal: seal, Log: slog.New(slog.DiscardHandler)}
	b.request = b.sealedRequest(t)
	return b
}

// sealedRequest is the request with the key of the corpus.
func (b *bench) sealedRequest(t testing.TB) *Request {
	t.Helper()
	var jwk struct{ D, Kid string }
	if err := json.Unmarshal(b.ResponseKey, &jwk); err != nil {
		t.Fatal(err)
	}
	raw, err := jose.DecodeBase64URL(jwk.D)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), raw)
	if err != nil {
		t.Fatal(err)
	}
	r := &Request{ID: "corpus", Nonce: b.Nonce, State: b.State, KeyID: jwk.Kid}
	r.Key = b.Seal.Seal(pkcs8(t, key), "response key", r.ID)
	return r
}

func (b *bench) transcript(t testing.TB) []byte {
	t.Helper()
	raw, err := hex.DecodeString(b.Transcript)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// payment is what was asked for the query payment: the transaction data was sent with it.
func (b *bench) payment(t testing.TB) *Ask {
	t.Helper()
	ask := &Ask{Query: b.query}
	for _, text := range b.TransactionData {
		object, err := jose.DecodeBase64URL(text)
		if err != nil {
			t.Fatal(err)
		}
		ask.TransactionData = append(ask.TransactionData, object)
	}
	if err := b.checkTransactions(ask); err != nil || !slices.Equal(ask.transactionData(), b.TransactionData) {
		t.Fatalf("%q, %v", ask.transactionData(), err)
	}
	return ask
}

// judgeText judges a file as its kind says. The error is that of an answer that cannot be read.
func (b *bench) judgeText(t testing.TB, k corpus.Kind, text string) (*Verdict, error) {
	t.Helper()
	response := &openid4vp.Response{VPToken: map[string][]string{k.Query: {text}}, State: b.State}
	if k.Format == corpus.JWE || k.Format == corpus.VPToken {
		plaintext := []byte(text)
		var err error
		if k.Format == corpus.JWE {
			if plaintext, _, err = b.decrypt(b.request, text); err != nil {
				return nil, err
			}
		}
		if response, err = openid4vp.ParseResponse(plaintext); err != nil {
			return nil, err
		}
	}
	expect := binding{audience: b.ClientID, nonce: b.Nonce, transcript: b.transcript(t), at: b.at}
	if k.Query == "payment" {
		expect.agreed, expect.unauthorized = agreements(b.payment(t), response.VPToken)
	}
	return b.judgeAnswer(context.Background(), b.query, b.State, response, expect), nil
}

// codesOf are the codes of the checks that failed, each once.
func codesOf(v *Verdict) []string {
	var codes []string
	for _, c := range v.Failed() {
		if !slices.Contains(codes, c.Code) {
			codes = append(codes, c.Code)
		}
	}
	slices.Sort(codes)
	return codes
}

// wanted are the codes that a kind must come to.
func wanted(k corpus.Kind) []string {
	if k.Code == "ok" {
		return nil
	}
	codes := append([]string{k.Code}, k.Follows...)
	slices.Sort(codes)
	return codes
}

// Each kind is refused with the code that names what is broken in it, and with no other than those that follow from it.
func TestCorpus(t *testing.T) {
	b := newBench(t)
	for _, k := range b.Kinds {
		t.Run(k.Name, func(t *testing.T) {
			v, err := b.judgeText(t, k, strings.TrimSuffix(string(readCorpus(t, k.File)), "\n"))
			if k.Code == "invalid_request" {
				if err == nil || !strings.Contains(unreadable(err).Description, k.Says) {
					t.Errorf("%s: %v, and %q was to be said", k.Broken, err, k.Says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got, want := codesOf(v), wanted(k); !slices.Equal(got, want) || v.Accepted != (k.Code == "ok") {
				t.Errorf("%s: accepted %v, codes %v, want %v\n%+v", k.Broken, v.Accepted, got, want, v.Failed())
			}
			if (v.Credentials[0].Claims != nil) != v.Accepted {
				t.Errorf("claims %v", v.Credentials[0].Claims)
			}
		})
	}
	if n := len(b.Kinds); n < 250 {
		t.Errorf("only %d kinds", n)
	}
}

// Each kind is held back by its own check and by nothing else: with that check taken out of the code it is let through, and with
// every other one taken out it is not.
func TestCorpusWithEachCheckRemoved(t *testing.T) {
	b := newBench(t)
	t.Cleanup(func() { removed = nil })
	for _, k := range b.Kinds {
		if k.Code == "ok" || k.Code == "invalid_request" {
			continue
		}
		text := strings.TrimSuffix(string(readCorpus(t, k.File)), "\n")
		judge := func(without func(code string) bool) *Verdict {
			removed = without
			v, err := b.judgeText(t, k, text)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		v := judge(func(code string) bool { return code != k.Code })
		if got := codesOf(v); v.Accepted || !slices.Equal(got, []string{k.Code}) {
			t.Errorf("%s, without the other checks: accepted %v, codes %v", k.Name, v.Accepted, got)
			continue
		}
		gone := []string{k.Code}
		if readsForOthers(v.Failed()[0]) {
			gone = append(gone, k.Follows...)
		}
		if v := judge(func(code string) bool { return slices.Contains(gone, code) }); !v.Accepted {
			t.Errorf("%s, without %v: %+v", k.Name, gone, v.Failed())
		}
	}
}

// readsForOthers tells whether a check reads what others judge: when it fails there is nothing for them, also when it is taken out.
func readsForOthers(c Check) bool {
	return slices.Contains([]string{ruleFormat.name, ruleSignature.name, ruleTrust.name, ruleDigests.name}, c.Name)
}

// A wallet takes the requests that the corpus names, the one with transaction data and the one without. Only their signer is of this
// test, for the key of the client_id is in no file.
func TestTheRequestsOfTheCorpusAreTaken(t *testing.T) {
	b := newBench(t)
	key, err := b.responseKey(b.request)
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ok(err)
	root, err := x5c.NewRoot(key, x5c.Subject{Country: "NO", CommonName: "access", URI: "https://verifier.example"}, b.at, 24*time.Hour)
	ok(err)
	leaf, err := x5c.Issue(x5c.AccessCertificate, root, key, key.Public(), x5c.Subject{Country: "NO", CommonName: "verifier", URI: "https://verifier.example"}, b.at, time.Hour)
	ok(err)
	signer, err := openid4vp.NewSigner(key, []*x509.Certificate{leaf})
	ok(err)
	for _, sent := range [][]string{nil, b.TransactionData} {
		o := openid4vp.RequestObject{
			ResponseURI: b.ResponseURI, Nonce: b.Nonce, State: b.State, DCQL: b.Index.Query, TransactionData: sent,
			ClientMetadata: clientMetadata(&key.PublicKey, b.request.KeyID, true),
		}
		rules := openid4vp.Rules{TransactionTypes: openid4vp.TransactionTypes{"urn:example:payment": {"amount"}}}
		jwt, err := signer.SignRequest(o, rules)
		ok(err)
		_, _, err = openid4vp.ParseRequest(jwt, x5c.NewAnchors(root), b.at, signer.ClientID(), rules)
		ok(err)
	}
}

// The files are what the maker makes. -update writes them.
func TestCorpusFiles(t *testing.T) {
	made, err := corpus.Make()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		writeCorpus(t, made)
	}
	size := 0
	for name, content := range made.Files {
		size += len(content)
		if string(readCorpus(t, name)) != string(content) {
			t.Errorf("%s is not what is made: go test ./verifier/presentation -run TestCorpusFiles -update", name)
		}
	}
	if size > 1<<20 {
		t.Errorf("the files have %d bytes", size)
	}
	for _, folder := range []string{"anchors", "lists", "presentations"} {
		err := filepath.WalkDir(filepath.Join(corpusDir, folder), func(path string, d fs.DirEntry, err error) error {
			name, _ := filepath.Rel(corpusDir, path)
			if _, known := made.Files[filepath.ToSlash(name)]; err == nil && !d.IsDir() && !known {
				t.Errorf("%s is of no kind", name)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func writeCorpus(t *testing.T, c *corpus.Corpus) {
	t.Helper()
	for _, folder := range []string{"anchors", "lists", "presentations"} {
		if err := os.RemoveAll(filepath.Join(corpusDir, folder)); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(corpusDir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range c.Files {
		if err := os.WriteFile(filepath.Join(corpusDir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func pkcs8(t testing.TB, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}
