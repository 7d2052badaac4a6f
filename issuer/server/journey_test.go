package server_test

import (
	"encoding/base64"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"lommebok.example/internal/database"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/specs/statuslist"
	"lommebok.example/specs/x5c"
)

const mpid = "no.minid.mpid_sd_jwt_vc"

var byScope = func(scope string) url.Values { return url.Values{"scope": {scope}} }

// From the page to the credential: the offer leads the wallet to the metadata, which leads it to everything else.
func TestFromOfferToCredential(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		p, w := s.person(t, stjerne), s.wallet(t)
		p.get("/")
		p.post("/offers", url.Values{"configuration": {mpid}})
		p.is(http.StatusOK)
		offer := offerOn(t, p)
		address, err := rules.WellKnown(offer.CredentialIssuer)
		check(t, err)
		r, err := http.NewRequest(http.MethodGet, address, nil)
		check(t, err)
		metadata, err := openid4vci.ParseIssuerMetadata(do(t, r).body, offer.CredentialIssuer, rules)
		check(t, err)
		check(t, metadata.CheckOffer(offer))
		scope := metadata.CredentialConfigurationsSupported[offer.CredentialConfigurationIDs[0]].Scope
		ask := byScope(scope)
		ask.Set("issuer_state", offer.Grants.AuthorizationCode.IssuerState)
		token := w.token(p, ask, p.signInWithCode)

		texts, keys := w.credentials(token.AccessToken, "credential_configuration_id", mpid, 10)
		for i, text := range texts {
			c, err := sdjwtvc.ParseIssued(text)
			check(t, err)
			check(t, c.VerifySignature())
			_, err = s.anchors.Verify(c.Chain(), x5c.CredentialIssuer, s.now())
			check(t, err)
			check(t, c.VerifyValidity(s.now()))
			holder, err := c.HolderKey()
			check(t, err)
			claims, err := c.Claims()
			check(t, err)
			if !holder.Equal(&keys[i].PublicKey) || claims["personal_administrative_number"] != stjerne || claims["given_name"] != "Flat" {
				t.Errorf("copy %d: %v", i, claims)
			}
		}
		for _, personal := range []string{stjerne, "Stjerne", token.AccessToken, s.people[stjerne].Password} {
			if strings.Contains(s.log.String(), personal) {
				t.Errorf("%q is in the log", personal)
			}
		}
	})
}

var (
	rules     = openid4vci.Rules{InsecureAllowHTTP: true}
	offerLink = regexp.MustCompile(`href="(openid-credential-offer:[^"]+)"`)
)

// offerOn fetches the offer that a page hands over, as a wallet does.
func offerOn(t testing.TB, p *person) *openid4vci.Offer {
	t.Helper()
	offer, err := openid4vci.ParseOffer(offerBytes(t, p), rules)
	check(t, err)
	return offer
}

// offerBytes follows the reference on the page.
func offerBytes(t testing.TB, p *person) []byte {
	t.Helper()
	link := offerLink.FindStringSubmatch(p.body)
	if link == nil {
		t.Fatalf("no offer on %s:\n%s", p.path, p.body)
	}
	_, reference, err := openid4vci.ParseOfferLink(html.UnescapeString(link[1]), rules)
	check(t, err)
	r, err := http.NewRequest(http.MethodGet, reference, nil)
	check(t, err)
	a := do(t, r)
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "application/json" || a.header.Get("Cache-Control") != "no-store" {
		t.Fatalf("offer: %d %v %s", a.status, a.header, a.body)
	}
	p.s.nothingPersonal(t, "an offer", string(a.body))
	return a.body
}

// A PID takes the MinID app and a proofing in person.
func TestPIDAtLevelHigh(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		p, w := s.person(t, karies), s.attestedWallet(t, s.provider(t))
		p.pair()
		token := w.token(p, byScope("eudiw:no:pid eudiw:no:pid:mdoc"), p.signInWithApp)

		texts, _ := w.credentials(token.AccessToken, "credential_configuration_id", "pid_sd_jwt_vc", 1)
		c, err := sdjwtvc.ParseIssued(texts[0])
		check(t, err)
		check(t, c.VerifySignature())
		_, err = s.anchors.Verify(c.Chain(), x5c.CredentialIssuer, s.now())
		check(t, err)
		if c.VCT() != "urn:eudi:pid:1" {
			t.Errorf("vct %s", c.VCT())
		}

		texts, keys := w.credentials(token.AccessToken, "credential_configuration_id", "pid_mso_mdoc", 1)
		raw, err := base64.RawURLEncoding.DecodeString(texts[0])
		check(t, err)
		m, err := mdoc.ParseIssuerSigned(raw)
		check(t, err)
		check(t, m.VerifySignature())
		check(t, m.VerifyDigests())
		check(t, m.VerifyValidity(s.now()))
		_, err = s.anchors.Verify(m.Chain(), x5c.DocumentSigner, s.now())
		check(t, err)
		if holder, err := m.DeviceKey(); err != nil || !holder.Equal(&keys[0].PublicKey) {
			t.Errorf("deviceKey %v, %v", holder, err)
		}
	})
}

// MinID with a code is level substantial: the person learns that a PID takes more, and the wallet gets an error.
func TestPIDOutOfReach(t *testing.T) {
	s := newService(t)
	p, w := s.person(t, stjerne), s.wallet(t)
	p.get(w.authorize(byScope("eudiw:no:pid")))
	p.signInWithCode()
	if !strings.HasPrefix(p.path, "/login") {
		t.Fatalf("came to %s", p.path)
	}
	p.sees("høyt")
	p.get("/login/cancel")
	back, err := url.Parse(p.left)
	check(t, err)
	if code := back.Query().Get("error"); code != "unmet_authentication_requirements" {
		t.Errorf("the wallet got %s", p.left)
	}
	if n := s.entries(t); n != 0 {
		t.Errorf("%d status indices", n)
	}
}

func TestAuthorizationDetailsTakeIdentifiers(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		p, w := s.person(t, stjerne), s.wallet(t)
		token := w.token(p, url.Values{"authorization_details": {`[{"type":"openid_credential","credential_configuration_id":"proof_of_age"}]`}}, p.signInWithCode)
		identifier := token.AuthorizationDetails[0].CredentialIdentifiers[0]
		texts, _ := w.credentials(token.AccessToken, "credential_identifier", identifier, 2)
		if len(texts) != 2 || texts[0] == texts[1] {
			t.Errorf("%d credentials", len(texts))
		}
		other := s.wallet(t)
		second := s.person(t, karies)
		foreign := other.token(second, byScope("eudiw:no:aldersbevis"), second.signInWithCode)
		body, _ := other.request("credential_identifier", identifier, other.cNonce(), 1)
		before := s.entries(t)
		if a := other.send("/credential", "application/json", body, foreign.AccessToken); a.status != 400 || a.code(t) != "unknown_credential_identifier" {
			t.Errorf("another person's identifier: %d %s", a.status, a.body)
		}
		if s.entries(t) != before {
			t.Error("a refusal took an index")
		}
	})
}

func TestRevocationIsSeenInBothForms(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		p, w := s.person(t, stjerne), s.wallet(t)
		token := w.token(p, byScope("eudiw:no:minid:mpid"), p.signInWithCode)
		gone, _ := w.credentials(token.AccessToken, "credential_configuration_id", mpid, 3)
		kept, _ := w.credentials(token.AccessToken, "credential_configuration_id", mpid, 1)
		wantStatus(t, s, statuslist.Valid, append(gone, kept...)...)

		p.get("/mine")
		p.sees("Mine bevis", "MinID-bevis", "Gyldig", walletID, "23.12.2026")
		p.get(revokeLink(t, p, 3))
		p.sees("Vil du tilbakekalle MinID-bevis?")
		p.submit(p.path)
		p.is(http.StatusOK)
		if p.path != "/mine?said=revoked" {
			t.Fatalf("came to %s", p.path)
		}
		p.sees("Beviset er tilbakekalt.", "Tilbakekalt")
		wantStatus(t, s, statuslist.Invalid, gone...)
		wantStatus(t, s, statuslist.Valid, kept...)
	})
}

var revokeHref = regexp.MustCompile(`(?s)<dd>(\d+)</dd></div>\s*</dl>\s*(?:<p[^<]*</p>\s*)?<div class="lb-actions">\s*(?:<form.{0,300}?</form>\s*)*<a[^>]* href="(/mine/[A-Z2-7]+/revoke)"`)

// revokeLink is that of the issuance of so many copies.
func revokeLink(t testing.TB, p *person, copies int) string {
	t.Helper()
	for _, m := range revokeHref.FindAllStringSubmatch(p.body, -1) {
		if m[1] == string(rune('0'+copies)) {
			return m[2]
		}
	}
	t.Fatalf("nothing with %d copies to revoke:\n%s", copies, p.body)
	return ""
}

func wantStatus(t *testing.T, s *service, want statuslist.Status, credentials ...string) {
	t.Helper()
	for _, text := range credentials {
		c, err := sdjwtvc.ParseIssued(text)
		check(t, err)
		check(t, c.VerifySignature())
		for _, media := range []string{statuslist.MediaTypeJWT, statuslist.MediaTypeCWT} {
			r, err := http.NewRequest(http.MethodGet, c.Status().URI, nil)
			check(t, err)
			r.Header.Set("Accept", media)
			a := do(t, r)
			var token *statuslist.Token
			if media == statuslist.MediaTypeJWT {
				token, err = statuslist.ParseJWT(string(a.body))
			} else {
				token, err = statuslist.ParseCWT(a.body)
			}
			check(t, err)
			check(t, token.Check(c.Status().URI, s.now()))
			_, err = s.anchors.Verify(token.Chain, x5c.StatusSigner, s.now())
			check(t, err)
			if got, err := token.List.Get(c.Status().Index); err != nil || got != want {
				t.Errorf("%s: status %v, %v; want %v", media, got, err, want)
			}
		}
	}
}
