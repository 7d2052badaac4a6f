package server_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"lommebok.example/internal/database"
	"lommebok.example/minid"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/statuslist"
)

var holdHref = regexp.MustCompile(`action="(/mine/[A-Z2-7]+/(?:suspend|restore))"`)

func holdLink(t testing.TB, p *person) string {
	t.Helper()
	m := holdHref.FindStringSubmatch(p.body)
	if m == nil {
		t.Fatalf("nothing to suspend or restore:\n%s", p.body)
	}
	return m[1]
}

// A person puts a credential on hold and opens it again; every verifier sees both, in each form of the list. What a case worker has
// suspended, the person cannot open.
func TestAPersonPutsACredentialOnHold(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		p, w := s.person(t, stjerne), s.wallet(t)
		token := w.token(p, byScope("eudiw:no:minid:mpid proof_of_age eudiw:no:elevbevis"), p.signInWithCode)
		texts, _ := w.credentials(token.AccessToken, "credential_configuration_id", mpid, 3)
		wantStatus(t, s, statuslist.Valid, texts...)
		p.get("/mine")
		hold := holdLink(t, p)
		p.post(hold, nil)
		p.sees("Beviset er sperret.", "Sperret")
		wantStatus(t, s, statuslist.Suspended, texts...)
		p.post(hold, nil)
		p.is(http.StatusNotFound)

		other := s.person(t, karies)
		other.get("/mine")
		other.signInWithCode()
		p.get("/mine")
		open := holdLink(t, p)
		other.post(open, nil)
		other.is(http.StatusNotFound)
		wantStatus(t, s, statuslist.Suspended, texts...)

		p.post(open, nil)
		p.sees("Beviset er åpnet igjen", "Gyldig")
		wantStatus(t, s, statuslist.Valid, texts...)
		check(t, s.db.W.Exec("UPDATE issuer_issuances SET suspended_at = 1, suspended_by = 'case_worker'").Error)
		p.get("/mine")
		p.sees("En saksbehandler har sperret beviset.")
		p.post(open, nil)
		p.is(http.StatusNotFound)
		p.get("/mine")
		p.get(revokeLink(t, p, 3))
		p.submit(p.path)
		p.sees("Beviset er tilbakekalt.")
		wantStatus(t, s, statuslist.Invalid, texts...)
	})
}

// A lost phone: all that its wallet holds is revoked, and the wallet can fetch nothing more.
func TestALostPhone(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		p, w := s.person(t, stjerne), s.wallet(t)
		token := w.token(p, byScope("eudiw:no:minid:mpid eudiw:no:elevbevis"), p.signInWithCode)
		one, _ := w.credentials(token.AccessToken, "credential_configuration_id", mpid, 2)
		two, _ := w.credentials(token.AccessToken, "credential_configuration_id", "no.sikt.elevbevis_sd_jwt_vc", 1)
		p.get("/mine")
		p.post(holdLink(t, p), nil) // what is on hold is revoked as well
		p.get("/mine/lost")
		p.sees(walletID, "MinID-bevis", "Elevbevis")
		p.post("/mine/lost", nil)
		p.is(http.StatusUnprocessableEntity)
		p.sees("Kryss av for minst én ting som var på telefonen.")
		before := s.statuses(t, append(one, two...))
		p.post("/mine/lost", url.Values{"wallet": {"another wallet"}})
		if after := s.statuses(t, append(one, two...)); !slices.Equal(before, after) || !slices.Contains(before, statuslist.Suspended) {
			t.Errorf("another wallet was lost: statuses %v, then %v", before, after)
		}
		p.post("/mine/lost", url.Values{"wallet": {walletID}})
		p.sees("Det du meldte mistet, kan ikke brukes lenger.")
		wantStatus(t, s, statuslist.Invalid, append(one, two...)...)
		if a := w.refresh(token.RefreshToken); a.status != http.StatusBadRequest || a.code(t) != "invalid_grant" {
			t.Errorf("%d %s", a.status, a.body)
		}
		p.get("/mine/lost")
		p.sees("Du har verken bevis som kan tilbakekalles, eller MinID-appen.")
	})
}

// The MinID app was on the lost phone as well: it ends in the same act as the credentials, and not without its audit entry. Who has only
// the app can report that.
func TestALostPhoneWithTheApp(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		p, w := s.person(t, karies), s.wallet(t)
		p.pair()
		token := w.token(p, byScope("eudiw:no:minid:mpid"), p.signInWithCode)
		text, _ := w.credentials(token.AccessToken, "credential_configuration_id", mpid, 1)
		p.get("/mine/lost")
		p.sees("Var MinID-appen på den samme telefonen?", `name="app" value="yes" id="app" aria-describedby="app-how" checked`)
		both := url.Values{"wallet": {walletID}, "app": {"yes"}}
		mend := breakAuditOf(t, db, minid.KindAppLost)
		p.post("/mine/lost", both)
		p.is(http.StatusInternalServerError)
		wantStatus(t, s, statuslist.Valid, text...)
		if _, err := p.phone.Pending(t.Context()); err != nil {
			t.Fatalf("the app ended without its entry: %v", err)
		}
		mend()

		p.post("/mine/lost", both)
		p.sees("Det du meldte mistet, kan ikke brukes lenger.")
		wantStatus(t, s, statuslist.Invalid, text...)
		if _, err := p.phone.Pending(t.Context()); err == nil {
			t.Error("the lost app is still paired")
		}
		var actors []string
		check(t, db.R.Raw("SELECT actor FROM issuer_audit_entries WHERE kind IN (?, ?)", minid.KindAppPaired, minid.KindAppLost).Scan(&actors).Error)
		if len(actors) != 2 || actors[0] != actors[1] || !strings.HasPrefix(actors[0], "p:") {
			t.Errorf("paired and lost by %q", actors)
		}
		p.post("/mine/lost", both) // sent twice
		p.sees("Det du meldte mistet, kan ikke brukes lenger.")
		p.post("/mine/lost", nil)
		p.is(http.StatusUnprocessableEntity)
	})
}

// A wallet that holds nothing yet is on the form while it could fetch something, such as what is on its way to it, and then it cannot.
func TestALostPhoneThatHasFetchedNothing(t *testing.T) {
	s := newService(t)
	p, w := s.person(t, stjerne), s.wallet(t)
	token := w.token(p, byScope("no:sikt:vitnemal"), p.signInWithCode)
	a := w.ask(token, diploma)
	order, err := openid4vci.ParseCredentialResponse(a.status, a.body, 1)
	check(t, err)
	p.get("/mine/lost")
	p.sees(`value="`+walletID+`"`, "Har ingen gyldige bevis, men kan hente nye.")
	p.post("/mine/lost", url.Values{"wallet": {walletID}})
	p.sees("Det du meldte mistet, kan ikke brukes lenger.")
	if a := w.pickUp(token.AccessToken, order.TransactionID); a.status != http.StatusUnauthorized {
		t.Errorf("the order was picked up: %d %s", a.status, a.body)
	}
	if a := w.refresh(token.RefreshToken); a.code(t) != "invalid_grant" {
		t.Errorf("%d %s", a.status, a.body)
	}
	p.get("/mine/lost")
	p.sees("Du har verken bevis som kan tilbakekalles, eller MinID-appen.")
}
