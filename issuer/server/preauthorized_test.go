package server_test

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/sdjwtvc"
)

// ready signs the person in at the issuer's page and makes an offer with a pre-authorized code.
func (p *person) ready(ids ...string) *openid4vci.Offer {
	p.t.Helper()
	p.get("/pre-authorized?" + url.Values{"configuration": ids}.Encode())
	if strings.HasPrefix(p.path, "/login") {
		p.signInWithCode()
	}
	if !strings.HasPrefix(p.path, "/pre-authorized?") {
		p.t.Fatalf("came to %s (%d):\n%s", p.path, p.status, p.body)
	}
	p.post("/pre-authorized", url.Values{"configuration": ids})
	p.is(http.StatusOK)
	return offerOn(p.t, p)
}

var sentCode = regexp.MustCompile(`er (\d{6})\.`)

// txCode reads the last SMS.
func (p *person) txCode() string {
	p.t.Helper()
	p.get("/dev/outbox")
	code := sentCode.FindStringSubmatch(html.UnescapeString(p.body))
	if code == nil {
		p.t.Fatalf("no code in the outbox:\n%s", p.body)
	}
	return code[1]
}

func (w *wallet) redeem(offer *openid4vci.Offer, tx string, change ...string) answer {
	w.t.Helper()
	v := url.Values{
		"grant_type": {openid4vci.GrantPreAuthorizedCode}, "client_id": {walletID}, "tx_code": {tx},
		"pre-authorized_code": {offer.Grants.PreAuthorizedCode.PreAuthorizedCode},
	}
	for i := 0; i+1 < len(change); i += 2 {
		v.Set(change[i], change[i+1])
	}
	return w.send("/token", form, v.Encode(), "")
}

func tokenIn(t *testing.T, a answer) oauth2.TokenResponse {
	t.Helper()
	if a.status != http.StatusOK {
		t.Fatalf("token: %d %s", a.status, a.body)
	}
	var token oauth2.TokenResponse
	check(t, json.Unmarshal(a.body, &token))
	return token
}

func isAbout(t *testing.T, pid, credential string) {
	t.Helper()
	c, err := sdjwtvc.ParseIssued(credential)
	check(t, err)
	check(t, c.VerifySignature())
	claims, err := c.Claims()
	check(t, err)
	if claims["personal_administrative_number"] != pid {
		t.Errorf("claims %v", claims)
	}
}

// From the sign-in on the issuer's page to the credential, with the code that comes by SMS.
func TestFromPageToCredential(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		p, w := s.person(t, stjerne), s.wallet(t)
		offer := p.ready(mpid)
		p.sees("Tilbudet om MinID-bevis er klart", "på SMS")
		grant := offer.Grants.PreAuthorizedCode
		if offer.Grants.AuthorizationCode != nil || grant.TxCode == nil || grant.TxCode.Length != 6 || grant.AuthorizationServer != "" {
			t.Fatalf("offer %+v", grant)
		}
		tx, page := p.txCode(), p.path
		if strings.Contains(p.path+page, tx) {
			t.Error("the code stands in an address")
		}
		if a := w.redeem(offer, ""); a.status != 400 || a.code(t) != "invalid_request" {
			t.Errorf("without tx_code: %d %s", a.status, a.body)
		}
		token := tokenIn(t, w.redeem(offer, tx))
		texts, _ := w.credentials(token.AccessToken, "credential_configuration_id", mpid, 2)
		isAbout(t, stjerne, texts[0])
		body, _ := w.request("credential_configuration_id", "proof_of_age", w.cNonce(), 1)
		if a := w.send("/credential", "application/json", body, token.AccessToken); a.status != 403 || a.code(t) != "insufficient_scope" {
			t.Errorf("what was not offered: %d %s", a.status, a.body)
		}
		if a := w.redeem(offer, tx); a.status != 400 || a.code(t) != "invalid_grant" {
			t.Errorf("again: %d %s", a.status, a.body)
		}
		for what, secret := range map[string]string{"code": grant.PreAuthorizedCode, "tx_code": tx} {
			if strings.Contains(s.log.String(), secret) {
				t.Errorf("the %s is in the log", what)
			}
		}
	})
}

// C11: an offer is about who made it, and for the session that it was made in.
func TestOfferIsOfWhoMadeIt(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		p, other := s.person(t, stjerne), s.person(t, karies)
		p.ready(mpid)
		page := p.path
		other.get("/mine")
		other.signInWithCode()
		other.get(page)
		other.is(http.StatusForbidden)
		if strings.Contains(other.body, "credential_offer") {
			t.Error("somebody else sees the offer")
		}
		p.get("/pre-authorized?configuration=" + mpid)
		p.post("/pre-authorized", url.Values{"configuration": {mpid}, "person": {karies}, "pid": {karies}})
		offer, w := offerOn(t, p), s.wallet(t)
		token := tokenIn(t, w.redeem(offer, p.txCode()))
		texts, _ := w.credentials(token.AccessToken, "credential_configuration_id", mpid, 1)
		isAbout(t, stjerne, texts[0])
		p.post("/pre-authorized", url.Values{"configuration": {mpid}}, "Sec-Fetch-Site", "cross-site")
		p.is(http.StatusForbidden)
	})
}

// C12: the attacker's offer in the victim's wallet. By the authorization code it gives the victim the victim's own; by the
// pre-authorized code it stops at a code that only the attacker was sent, and ends with the attacker's session.
func TestOfferOfAnotherInTheWallet(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		attacker, victim := s.person(t, karies), s.person(t, stjerne)
		attacker.post("/offers", url.Values{"configuration": {mpid}})
		offer, w := offerOn(t, attacker), s.wallet(t)
		ask := byScope("eudiw:no:minid:mpid")
		ask.Set("issuer_state", offer.Grants.AuthorizationCode.IssuerState)
		token := w.token(victim, ask, victim.signInWithCode)
		texts, _ := w.credentials(token.AccessToken, "credential_configuration_id", mpid, 1)
		isAbout(t, stjerne, texts[0])
		ask.Set("scope", "eudiw:no:aldersbevis")
		if a := w.push(ask); a.status != 400 || a.code(t) != "invalid_request" {
			t.Errorf("another credential than offered: %d %s", a.status, a.body)
		}

		pre := attacker.ready(mpid)
		for range 3 {
			if a := w.redeem(pre, "abcdef"); a.code(t) != "invalid_grant" {
				t.Errorf("%d %s", a.status, a.body)
			}
		}
		if a := w.redeem(pre, attacker.txCode()); a.code(t) != "invalid_grant" {
			t.Errorf("after three guesses: %d %s", a.status, a.body)
		}
		pre = attacker.ready(mpid)
		tx := attacker.txCode()
		attacker.get("/minid")
		attacker.submit("/logout")
		if a := w.redeem(pre, tx); a.status != 400 || a.code(t) != "invalid_grant" {
			t.Errorf("after logging out: %d %s", a.status, a.body)
		}
	})
}

func TestPreAuthorizedAsksAFreshSignInAndNoPID(t *testing.T) {
	s := newService(t)
	p := s.person(t, stjerne)
	for _, query := range []string{"configuration=pid_sd_jwt_vc", "", "configuration=no.such", "configuration=pid_mso_mdoc&configuration=" + mpid} {
		p.get("/pre-authorized?" + query)
		p.is(http.StatusBadRequest)
	}
	p.post("/pre-authorized", url.Values{"configuration": {"pid_sd_jwt_vc"}})
	p.is(http.StatusBadRequest)
	p.post("/pre-authorized", url.Values{"configuration": {mpid}})
	if !strings.HasPrefix(p.path, "/login") {
		t.Fatalf("nobody is signed in, and came to %s", p.path)
	}
	p.ready(mpid)
	s.add(7 * time.Minute)
	p.get("/pre-authorized?configuration=" + mpid)
	if !strings.HasPrefix(p.path, "/login") {
		t.Errorf("a sign-in of seven minutes ago does for %s", p.path)
	}
}

// A code is sent no oftener than others are (N7).
func TestTooManyTransactionCodes(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		p := s.person(t, stjerne)
		for range 3 {
			p.ready(mpid)
		}
		p.post("/pre-authorized", url.Values{"configuration": {mpid}})
		p.is(http.StatusTooManyRequests)
		p.sees("for mange koder")
	})
}

func TestAnonymousPreAuthorized(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		p, w := s.person(t, stjerne), s.wallet(t)
		offer := p.ready("proof_of_age")
		tx := p.txCode()
		if a := w.redeem(offer, tx, "client_id", ""); a.status != 401 || a.code(t) != "invalid_client" {
			t.Errorf("C09: %d %s", a.status, a.body)
		}
		s.cfg.InsecureAllowAnonymousPreAuthorized = true
		s.start(t)
		token := tokenIn(t, w.redeem(offer, tx, "client_id", ""))
		// In an anonymous flow a key proof has no iss (OpenID4VCI 1.0 appendix F.1).
		key := newKey(t)
		proof, err := openid4vci.SignProof(key, s.url, w.cNonce(), "", s.now())
		check(t, err)
		body, err := json.Marshal(map[string]any{"credential_configuration_id": "proof_of_age", "proofs": map[string]any{"jwt": []string{proof}}})
		check(t, err)
		if a := w.send("/credential", "application/json", string(body), token.AccessToken); a.status != http.StatusOK {
			t.Errorf("credential: %d %s", a.status, a.body)
		}
	})
}
