package phone_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/internal/keys"
	"lommebok.example/internal/leftout"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/x5c"
	"lommebok.example/wallet-sim/browser"
	checks "lommebok.example/wallet-sim/check"
	"lommebok.example/wallet-sim/provider"
	"lommebok.example/wallet-sim/wallet"
)

// foreignDir holds implementations that are not ours, by npm.
const foreignDir = "../testdata/foreign"

// program is a foreign program that answers orders by lines of JSON.
type program struct {
	t    *testing.T
	in   *json.Encoder
	out  *bufio.Scanner
	says *bytes.Buffer
}

// message is a line of a foreign program: an answer, or what it needs in between.
type message struct {
	Done   json.RawMessage `json:"done"`
	Failed string          `json:"failed"`
	Stack  string          `json:"stack"`
	Need   *struct {
		Browser     string `json:"browser"`
		Attestation *struct {
			Key              jose.JWK `json:"key"`
			ClientID, Issuer string
		} `json:"attestation"`
		Certificate *struct {
			Key      jose.JWK `json:"key"`
			Use, URL string
		} `json:"certificate"`
		KeyAttestation *struct {
			Keys     []jose.JWK `json:"keys"`
			Nonce    string     `json:"nonce"`
			Required struct {
				KeyStorage         []string `json:"key_storage"`
				UserAuthentication []string `json:"user_authentication"`
			} `json:"required"`
		} `json:"keyAttestation"`
	} `json:"need"`
}

func startForeign(t *testing.T, script string) *program {
	t.Helper()
	if _, err := os.Stat(filepath.Join(foreignDir, "node_modules")); err != nil {
		leftout.For(t, "foreign implementations are not installed: run make test, or npm ci in wallet-sim/testdata/foreign")
	}
	p := &program{t: t, says: &bytes.Buffer{}}
	cmd := exec.CommandContext(context.Background(), "node", script)
	cmd.Dir, cmd.Stderr = foreignDir, p.says
	in, err := cmd.StdinPipe()
	check(t, err)
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	t.Cleanup(func() {
		check(t, in.Close()) // the end of its orders ends the program
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v: %s", script, err, p.says)
		}
	})
	p.in, p.out = json.NewEncoder(in), bufio.NewScanner(io.Reader(out))
	p.out.Buffer(nil, 1<<20)
	return p
}

// order has the program do something, and gives what it needs in between; it reads the answer into done.
func (p *program) order(what map[string]any, give func(m *message) map[string]any, done any) {
	p.t.Helper()
	check(p.t, p.in.Encode(what))
	for {
		if !p.out.Scan() {
			p.t.Fatalf("the program ended: %v: %s", p.out.Err(), p.says)
		}
		var m message
		check(p.t, json.Unmarshal(p.out.Bytes(), &m))
		switch {
		case m.Need != nil:
			check(p.t, p.in.Encode(give(&m)))
		case m.Failed != "":
			p.t.Fatalf("%v: %s\n%s", what["do"], m.Failed, m.Stack)
		default:
			check(p.t, json.Unmarshal(m.Done, done))
			return
		}
	}
}

// anchors are the certificates of a folder of the trust folder, as base64 of DER.
func anchors(t *testing.T, dir string) (list []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.pem"))
	check(t, err)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		check(t, err)
		for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
			list = append(list, base64.StdEncoding.EncodeToString(block.Bytes))
		}
	}
	if len(list) == 0 {
		t.Fatalf("no anchors in %s", dir)
	}
	return list
}

// A wallet made of @openid4vc, @sd-jwt and @owf packages receives from our issuer, by either grant, as itself or attested by its
// provider, verifies what it got by its own means, and presents it to our verifier.
func TestForeignWallet(t *testing.T) {
	w := newTown(t)
	w.real = true
	p := startForeign(t, "wallet.mjs")
	owner := &getter{town: w, surfer: w.surfer(karies)}
	owner.surfer.pair(karies)
	trust := w.face.Wallet.Trust.Dir
	attester := w.face.Wallet.Attester.(provider.Unit)
	give := func(m *message) map[string]any { return w.give(t, owner, attester, m) }
	for _, c := range []struct {
		name, configuration string
		preAuthorized       bool
		attested            bool
		copies              int
		service             string // that asks for it
		shown               string
	}{
		{"SD-JWT VC by pre-authorized code", mpid, true, false, 1, "", "Eksakt"},
		{"mdoc by authorization code, a batch", "proof_of_age", false, false, 3, "aldersgrense", "age_over_18"},
		{"PID as SD-JWT VC, wallet and keys attested", "pid_sd_jwt_vc", false, true, 2, "skatteetaten", "Karies"},
		{"PID as mdoc, wallet and keys attested", "pid_mso_mdoc", false, true, 2, "skatteetaten-mdoc", "Karies"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p.t = t
			order := map[string]any{"do": "receive", "attested": c.attested, "copies": c.copies, "trusted": anchors(t, filepath.Join(trust, "issuers"))}
			if c.preAuthorized {
				order["offer"], order["txCode"] = owner.preAuthorized(t, c.configuration), owner.codeBySMS(t)
			} else {
				order["offer"] = w.offer(t, c.configuration)
			}
			var got struct {
				Configuration string          `json:"configuration"`
				Copies        int             `json:"copies"`
				Claims        json.RawMessage `json:"claims"`
			}
			p.order(order, give, &got)
			if got.Configuration != c.configuration || got.Copies != c.copies || !bytes.Contains(got.Claims, []byte(c.shown)) {
				t.Fatalf("got %d copies of %s: %s", got.Copies, got.Configuration, got.Claims)
			}
			if c.service == "" {
				return
			}
			link, outcome := w.ask(t, c.service)
			var answer struct {
				Status int             `json:"status"`
				Body   json.RawMessage `json:"body"`
			}
			p.order(map[string]any{"do": "present", "link": link, "trusted": anchors(t, filepath.Join(trust, "verifiers"))}, give, &answer)
			if a := outcome(); answer.Status != 200 || a.Verdict == nil || !a.Verdict.Accepted {
				t.Errorf("%d %s: %+v", answer.Status, answer.Body, a)
			}
		})
	}
}

// give is what a wallet needs of its owner and of its provider.
func (w *town) give(t *testing.T, owner *getter, by provider.Unit, m *message) map[string]any {
	t.Helper()
	switch n := m.Need; {
	case n.Attestation != nil:
		key, err := n.Attestation.Key.PublicKey()
		check(t, err)
		jwt, err := by.Provider.AttestWallet(by.ID, n.Attestation.ClientID, n.Attestation.Issuer, key)
		check(t, err)
		return map[string]any{"jwt": jwt}
	case n.KeyAttestation != nil:
		a := n.KeyAttestation
		var list []*ecdsa.PublicKey
		for _, k := range a.Keys {
			key, err := k.PublicKey()
			check(t, err)
			list = append(list, key)
		}
		jwt, err := by.Provider.AttestKeys(by.ID, a.Nonce, list, a.Required.KeyStorage, a.Required.UserAuthentication)
		check(t, err)
		return map[string]any{"jwt": jwt}
	default:
		back, err := owner.surfer.Authorize(t.Context(), n.Browser, "http://localhost:1/callback")
		check(t, err)
		return map[string]any{"redirect": "http://localhost:1/callback?" + back.Query.Encode()}
	}
}

// offer is the link of an offer for the authorization code flow, from the issuer's page.
func (w *town) offer(t *testing.T, id string) string {
	t.Helper()
	s := w.surfer(karies)
	s.open(w.issuer + "/")
	for _, form := range s.page.Forms {
		if form.Action == "/offers" && form.Fields.Get("configuration") == id {
			page, err := s.Submit(t.Context(), s.page, form, nil, "")
			check(t, err)
			return page.TextOf("offer-address")
		}
	}
	t.Fatalf("the issuer's page has no %s", id)
	return ""
}

// asked is what the page of a service knows of its transaction.
type asked struct {
	QR      string `json:"qr"`
	Verdict *struct {
		Accepted bool            `json:"accepted"`
		Rest     json.RawMessage `json:"credentials"`
	} `json:"verdict"`
}

// ask has a service ask by its page, and gives the link for a wallet on another device and what came of it.
func (w *town) ask(t *testing.T, service string) (link string, outcome func() asked) {
	t.Helper()
	s := w.surfer(karies)
	s.open(w.verifier + "/")
	s.press("/services/" + service + "/start")
	address := s.page.URL.String()
	outcome = func() (a asked) {
		raw, err := s.JSON(t.Context(), address)
		check(t, err)
		check(t, json.Unmarshal(raw, &a))
		return a
	}
	return outcome().QR, outcome
}

// foreignWorld is who vouches for a foreign issuer and a foreign verifier.
type foreignWorld struct {
	root    *x509.Certificate
	rootKey *ecdsa.PrivateKey
	at      time.Time
}

func newForeignWorld(t *testing.T, trust string) *foreignWorld {
	t.Helper()
	w := &foreignWorld{at: time.Now().Add(-time.Hour)}
	var err error
	w.rootKey, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	w.root, err = x5c.NewRoot(w.rootKey, w.subject("root", "http://127.0.0.1"), w.at, 24*365*time.Hour)
	check(t, err)
	for _, whom := range []string{"issuers", "verifiers"} {
		check(t, keys.PublishCertificate(filepath.Join(trust, whom), "foreign", w.root))
	}
	return w
}

func (w *foreignWorld) subject(name, address string) x5c.Subject {
	return x5c.Subject{Country: "NO", Organization: "Foreign", CommonName: "Foreign " + name, URI: address}
}

// vouch gives the certificate that a program asks for.
func (w *foreignWorld) vouch(t *testing.T, m *message) map[string]any {
	t.Helper()
	ask := m.Need.Certificate
	key, err := ask.Key.PublicKey()
	check(t, err)
	profile := map[string]x5c.Profile{"sdjwt": x5c.CredentialIssuer, "mdoc": x5c.DocumentSigner, "access": x5c.AccessCertificate}[ask.Use]
	leaf, err := x5c.Issue(profile, w.root, w.rootKey, key, w.subject(ask.Use, ask.URL), w.at, 30*24*time.Hour)
	check(t, err)
	return map[string]any{"x5c": []string{base64.StdEncoding.EncodeToString(leaf.Raw)}, "root": base64.StdEncoding.EncodeToString(w.root.Raw)}
}

// Our wallet receives from an issuer, and presents to a verifier, that are made of packages which are not ours.
func TestForeignServers(t *testing.T) {
	w := newTown(t)
	w.real = true
	p := startForeign(t, "server.mjs")
	world := newForeignWorld(t, w.face.Wallet.Trust.Dir)
	var at struct{ URL string }
	p.order(map[string]any{"do": "start"}, func(m *message) map[string]any { return world.vouch(t, m) }, &at)
	for _, c := range []struct{ name, configuration, txCode, format string }{
		{"SD-JWT VC with a transaction code", "member_sd_jwt", "493536", "sdjwt"},
		{"mdoc", "member_mdoc", "", "mdoc"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p.t = t
			var offer struct{ Link string }
			order := map[string]any{"do": "offer", "configuration": c.configuration}
			if c.txCode != "" {
				order["txCode"] = c.txCode
			}
			p.order(order, nil, &offer)
			plan, err := w.face.Wallet.Resolve(t.Context(), offer.Link, "")
			check(t, err)
			got, err := w.face.Wallet.Redeem(t.Context(), plan, c.txCode)
			check(t, err)
			if len(got) != 1 || got[0].ConfigurationID != c.configuration {
				t.Fatalf("got %+v", got)
			}
			var ask struct{ ID, Link string }
			p.order(map[string]any{"do": "ask", "format": c.format}, nil, &ask)
			request, err := w.face.Wallet.Request(t.Context(), ask.Link)
			check(t, err)
			if len(request.Shares) != 1 {
				t.Fatalf("the wallet would share %+v", request)
			}
			_, err = w.face.Wallet.Share(t.Context(), request)
			check(t, err)
			var seen map[string]any
			p.order(map[string]any{"do": "outcome", "id": ask.ID}, nil, &seen)
			if seen["member_number"] != "4711" || seen["given_name"] != nil {
				t.Errorf("the verifier saw %v", seen)
			}
		})
	}
	w.checkForeign(t, p, at.URL)
}

// checkForeign lets the simulator's check judge both. What it finds wrong there is a finding: that it comes to an end, and to verdicts
// on most of what these servers do, is ours.
func (w *town) checkForeign(t *testing.T, p *program, address string) {
	p.t = t
	var offer struct{ Link string }
	p.order(map[string]any{"do": "offer", "configuration": "member_mdoc"}, nil, &offer)
	plain := *w.face.Wallet
	plain.Attester, plain.Store = nil, &wallet.Store{Dir: t.TempDir()}
	issuer := checks.Issuer{Address: address, Way: w.wayOf(&plain), Offer: offer.Link, Patience: time.Second}
	report, err := issuer.Check(t.Context())
	reported(t, report, err, 15, "VCI-3.5-pre-authorized", "VCI-12.2.4-metadata", "VCI-7.2-fresh")

	asks := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		var ask struct{ ID, Link string }
		p.order(map[string]any{"do": "ask", "format": "sdjwt"}, nil, &ask)
		_, _ = io.WriteString(out, ask.Link)
	}))
	defer asks.Close()
	verifier := checks.Verifier{
		Address: address, Way: w.wayOf(w.face.Wallet), Source: checks.Source{Page: asks.URL, CrossDevice: true},
		Browser: func() (*browser.Browser, error) { return browser.New(nil, browser.Person{}, time.Now) },
	}
	report, err = verifier.Check(t.Context())
	reported(t, report, err, 30, "VP-8.2-accepted", "VP-5-signature", "presentation_sdjwt_nonce_other", "presentation_sdjwt_issuer_signature")
}

// wayOf is the way of a wallet that is checked with.
func (w *town) wayOf(one *wallet.Wallet) *checks.Way {
	return checks.NewWay(one, func(through func(http.RoundTripper) http.RoundTripper) *fetch.Client {
		return fetch.New(fetch.Config{Timeout: 10 * time.Second, MaxBytes: 1 << 20, InsecureAllowLoopback: true, Through: through})
	})
}

// reported holds that at least so many requirements were judged to hold, these among them.
func reported(t *testing.T, r *checks.Report, err error, least int, ids ...string) {
	t.Helper()
	check(t, err)
	for _, one := range r.Results {
		if one.Outcome == checks.Failed {
			t.Logf("%s: expected %s, found %s", one.ID, one.Expected, one.Found)
		}
	}
	for _, id := range ids {
		i := slices.IndexFunc(r.Results, func(one checks.Result) bool { return one.ID == id })
		if i < 0 {
			t.Errorf("%s is not in the report", id)
		} else if one := r.Results[i]; one.Outcome != checks.Held {
			t.Errorf("%s: %s %s %s", one.ID, one.Outcome, one.Found, one.Why)
		}
	}
	if n := r.Count(checks.Held); n < least {
		t.Errorf("%s: %d requirements held", r.Kind, n)
	}
}
