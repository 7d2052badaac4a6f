package phone_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	gojose "github.com/go-jose/go-jose/v4"
	gocose "github.com/veraison/go-cose"

	"lommebok.example/issuer/credentials"
	"lommebok.example/specs/cose"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/wallet-sim/wallet"
)

// getter gets credentials without a face: a wallet and the browser of its owner.
type getter struct {
	*town
	surfer *surfer
	wallet *wallet.Wallet
}

// way is how one credential is got.
type way struct {
	grant, proof string
	encrypted    bool
	copies       int
	again        bool // with the refresh token
}

func (w way) String() string {
	return fmt.Sprintf("%s, proof %s, encrypted %t, %d copies", w.grant, w.proof, w.encrypted, w.copies)
}

// Every type through every grant, proof type, with and without encryption, one by one and in batches, at once and deferred: each is
// verified by the wallet before it is stored, and its signature by implementations that are not ours.
func TestEveryTypeByEveryWay(t *testing.T) {
	w := newTown(t)
	owner, pupil := &getter{town: w, surfer: w.surfer(karies)}, &getter{town: w, surfer: w.surfer(stjerne)}
	owner.surfer.pair(karies)
	types, err := w.face.Wallet.Configurations(t.Context(), w.issuer)
	check(t, err)
	if len(types) < 7 {
		t.Fatalf("types %v", types)
	}
	known, err := credentials.Embedded()
	check(t, err)
	for _, id := range types {
		g := owner
		if strings.Contains(id, "elevbevis") {
			g = pupil
		}
		for _, by := range ways(known, id) {
			t.Run(id+": "+by.String(), func(t *testing.T) { g.get(t, id, by) })
		}
	}
}

// ways are all in which a credential of the type can be got for the first time; what can be got again is, each way.
func ways(known *credentials.Set, id string) (all []way) {
	typ, _ := known.ByID(id)
	for _, grant := range []string{"authorization_code", "pre-authorized_code"} {
		if grant == "pre-authorized_code" && !typ.PreAuthorized() {
			continue
		}
		for _, proof := range []string{openid4vci.ProofTypeJWT, openid4vci.ProofTypeAttestation} {
			for _, encrypted := range []bool{false, true} {
				for _, copies := range []int{1, 3} {
					all = append(all, way{grant: grant, proof: proof, encrypted: encrypted, copies: copies, again: typ.ReissueWithin > 0})
				}
			}
		}
	}
	return all
}

// get gets a credential one way, and looks at what came.
func (g *getter) get(t *testing.T, id string, by way) {
	t.Helper()
	dir := t.TempDir()
	g.wallet = &wallet.Wallet{
		Store: &wallet.Store{Dir: dir}, Trust: g.face.Wallet.Trust, Fetch: g.face.Wallet.Fetch, ClientID: g.face.Wallet.ClientID,
		RedirectURI: g.face.Wallet.RedirectURI, Attester: g.face.Wallet.Attester, InsecureAllowHTTP: true, Now: g.now,
		Copies: by.copies, ProofType: by.proof,
	}
	var got []*wallet.Credential
	var err error
	if by.grant == "pre-authorized_code" {
		got, err = g.redeem(t, id, by)
	} else {
		got, err = g.authorized(t, id, by)
	}
	g.look(t, g.awaited(t, got, err), id, by)
	if by.again {
		t.Run("refresh_token", func(t *testing.T) {
			first := g.stored(t)
			again, err := g.wallet.Renew(t.Context(), first.ID)
			one := g.awaited(t, []*wallet.Credential{again}, err)
			g.look(t, one, id, by)
			if one.Copies[0].Credential == first.Copies[0].Credential {
				t.Error("the same once more")
			}
		})
	}
}

// stored is the one credential of the wallet.
func (g *getter) stored(t *testing.T) *wallet.Credential {
	t.Helper()
	all, err := g.wallet.Store.List()
	check(t, err)
	if len(all) != 1 {
		t.Fatalf("%d credentials are stored", len(all))
	}
	return all[0]
}

// look fails unless the credential is as it was asked for, and its copies verify.
func (g *getter) look(t *testing.T, one *wallet.Credential, id string, by way) {
	t.Helper()
	if len(one.Copies) != by.copies || one.Encrypted != by.encrypted || one.ConfigurationID != id || one.Notified != openid4vci.CredentialAccepted {
		t.Errorf("%d copies, encrypted %t, of %s, told %s", len(one.Copies), one.Encrypted, one.ConfigurationID, one.Notified)
	}
	for _, c := range one.Copies {
		foreign(t, one.Format, c.Credential)
	}
}

// awaited is what was got, at once or later.
func (g *getter) awaited(t *testing.T, got []*wallet.Credential, err error) *wallet.Credential {
	t.Helper()
	if later := (*wallet.Later)(nil); errors.As(err, &later) {
		g.pass(3 * time.Second)
		one, err := g.wallet.PickUp(t.Context(), later.Pending[0].ID)
		check(t, err)
		return one
	}
	check(t, err)
	return got[0]
}

// plan is what a wallet of that kind finds: one that cannot encrypt does not see that the issuer can.
func plan(p *wallet.Plan, by way) *wallet.Plan {
	if !by.encrypted {
		p.Issuer.CredentialRequestEncryption, p.Issuer.CredentialResponseEncryption = nil, nil
	}
	return p
}

func (g *getter) authorized(t *testing.T, id string, by way) ([]*wallet.Credential, error) {
	t.Helper()
	p, err := g.wallet.Resolve(t.Context(), g.issuer, id)
	check(t, err)
	address, err := g.wallet.Begin(t.Context(), plan(p, by))
	check(t, err)
	back, err := g.surfer.Authorize(t.Context(), address, g.wallet.RedirectURI)
	check(t, err)
	return g.wallet.Finish(t.Context(), back.Query)
}

var code = regexp.MustCompile(`er (\d{6})\.`)

// redeem takes a pre-authorized code from the issuer's page, and the transaction code from the SMS. Ten codes a day are sent to one person.
func (g *getter) redeem(t *testing.T, id string, by way) ([]*wallet.Credential, error) {
	t.Helper()
	g.pass(3 * time.Hour)
	p, err := g.wallet.Resolve(t.Context(), g.preAuthorized(t, id), "")
	check(t, err)
	tx := ""
	if p.PreAuthorized.TxCode != nil {
		tx = g.codeBySMS(t)
	}
	return g.wallet.Redeem(t.Context(), plan(p, by), tx)
}

// preAuthorized is the link of an offer with a pre-authorized code, from the issuer's page.
func (g *getter) preAuthorized(t *testing.T, id string) string {
	t.Helper()
	page, _, err := g.surfer.SignIn(t.Context(), g.issuer+"/pre-authorized?"+url.Values{"configuration": {id}}.Encode())
	check(t, err)
	page, err = g.surfer.Submit(t.Context(), page, page.FormTo("/pre-authorized"), nil, "")
	check(t, err)
	return page.TextOf("offer-address")
}

func (g *getter) codeBySMS(t *testing.T) string {
	t.Helper()
	page, err := g.surfer.Open(t.Context(), g.issuer+"/dev/outbox", "")
	check(t, err)
	m := code.FindStringSubmatch(string(page.Raw))
	if m == nil {
		t.Fatalf("no code: %s", page.Says())
	}
	return m[1]
}

// foreign verifies the issuer's signature with veraison/go-cose and go-jose.
func foreign(t *testing.T, format, text string) {
	t.Helper()
	if format == openid4vci.FormatSDJWTVC {
		jwt, _, _ := strings.Cut(text, "~")
		signed, err := gojose.ParseSigned(jwt, []gojose.SignatureAlgorithm{gojose.ES256})
		check(t, err)
		var header struct {
			X5C []string `json:"x5c"`
		}
		raw, err := base64.RawURLEncoding.DecodeString(jwt[:strings.Index(jwt, ".")])
		check(t, err)
		check(t, json.Unmarshal(raw, &header))
		der, err := base64.StdEncoding.DecodeString(header.X5C[0])
		check(t, err)
		leaf, err := x509.ParseCertificate(der)
		check(t, err)
		_, err = signed.Verify(leaf.PublicKey)
		check(t, err)
		return
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	check(t, err)
	var m struct {
		IssuerAuth cose.RawMessage `cbor:"issuerAuth"`
	}
	check(t, cose.Unmarshal(raw, &m))
	var msg gocose.UntaggedSign1Message
	check(t, msg.UnmarshalCBOR(m.IssuerAuth))
	der, _ := msg.Headers.Unprotected[gocose.HeaderLabelX5Chain].([]byte)
	leaf, err := x509.ParseCertificate(der)
	check(t, err)
	verifier, err := gocose.NewVerifier(gocose.AlgorithmES256, leaf.PublicKey)
	check(t, err)
	check(t, msg.Verify(nil, verifier))
}
