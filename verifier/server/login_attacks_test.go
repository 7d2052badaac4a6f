package server_test

import (
	"net/http"
	"strings"
	"testing"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/specs/statuslist"
)

// Whatever is wrong with a presentation, there is no login, and the page says why.
func TestNoLoginByABadPresentation(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s, loans, _ := newLogins(t, db)
		s.cfg.StatusMaxAge = 0
		s.start(t)
		stranger := newIssuer(t, s.now)
		other := newVisitor(t)
		other.get(loans.push())
		elsewhere := s.open(t, other.qr())
		for name, c := range map[string]struct {
			says string
			make func(w *wallet) string // for the MinID credential's id
		}{
			"a PID of an issuer that nobody trusts": {"kommer fra en utsteder vi ikke stoler på", func(w *wallet) string {
				return w.bind(stranger.issueSDJWT(&w.key.PublicKey), w.asked("urn:eudi:pid:1"), binding{})
			}},
			"a revoked credential": {"Beviset er trukket tilbake", func(w *wallet) string {
				s.issuer.publish(listing{status: statuslist.Invalid})
				return w.bind(s.issuer.minID(&w.key.PublicKey, karies), w.asked(mpid), binding{})
			}},
			"made for another transaction": {"ikke at beviset er utstedt til den", func(w *wallet) string {
				return w.bind(s.issuer.minID(&w.key.PublicKey, karies), w.asked(mpid), binding{nonce: elsewhere.request.Nonce})
			}},
			"of another holder": {"ikke at beviset er utstedt til den", func(w *wallet) string {
				return w.bind(s.issuer.minID(&w.key.PublicKey, karies), w.asked(mpid), binding{key: newKey(t)})
			}},
			"a number that is none": {"sier ikke hvem du er", func(w *wallet) string {
				return w.bind(s.issuer.minID(&w.key.PublicKey, "12345678901"), w.asked(mpid), binding{})
			}},
			"a type that lets nobody in": {"Lommeboka sendte ikke det tjenesten ba om", func(w *wallet) string {
				return w.bind(s.issuer.minID(&w.key.PublicKey, karies, func(m *sdjwtvc.Template) { m.VCT = "no:minid:mpid:2" }), w.asked(mpid), binding{})
			}},
		} {
			t.Run(name, func(t *testing.T) {
				s.issuer.publish(listing{})
				v := newVisitor(t)
				v.get(loans.push())
				w := s.open(t, v.qr())
				id := w.asked(mpid)
				if strings.HasPrefix(name, "a PID") {
					id = w.asked("urn:eudi:pid:1")
				}
				w.send(map[string][]string{id: {c.make(w)}})
				v.get(v.at)
				v.sees("Du ble ikke logget inn", c.says)
				if v.left != "" {
					t.Fatalf("left to %s", v.left)
				}
				v.get(v.link("/authorize/cancel/"))
				if q := loans.landed(v); q.Get("error") != "access_denied" || q.Get("code") != "" {
					t.Errorf("%v", q)
				}
			})
		}
	})
}

// An answer that is encrypted for one login and posted to another is not read there.
func TestAnswerOfAnotherLogin(t *testing.T) {
	s, loans, _ := newLogins(t, onSQLite(t))
	mine, theirs := newVisitor(t), newVisitor(t)
	mine.get(loans.push())
	theirs.get(s.loginParty(t, "loans", s.url).push())
	w, target := s.open(t, mine.qr()), s.open(t, theirs.qr())
	id := w.asked(mpid)
	form := w.encrypt(map[string][]string{id: {w.bind(s.issuer.minID(&w.key.PublicKey, karies), id, binding{})}}, "")
	is(t, target.post(form), http.StatusBadRequest)
	theirs.get(theirs.at)
	theirs.sees("hentet forespørselen")
	w.taken(w.post(form))
	mine.get(mine.at)
	loans.redeem(loans.landed(mine))
}

// Links that were copied to another browser show nothing there, and log nobody in: neither the request's, nor the page's, nor
// the one that the wallet sends the browser to.
func TestStolenLinks(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s, loans, _ := newLogins(t, db)
		mine := newVisitor(t)
		pushed := loans.push()
		mine.get(pushed)
		page := mine.at
		w := s.open(t, mine.link("openid4vp:"))
		done := w.showMinID(karies)
		if !strings.HasPrefix(done, s.url+"/done?response_code=") {
			t.Fatalf("sent to %q", done)
		}
		mine.get(page) // nothing is known here before the response_code has come back
		mine.sees("hentet forespørselen")
		thief := newVisitor(t)
		thief.get(s.loginParty(t, "loans", s.url).push()) // with cookies of their own
		own := thief.at
		for _, stolen := range []string{pushed, page, done, page + "?with=wallet"} {
			thief.get(stolen)
			if thief.status < 400 || thief.left != "" || strings.Contains(thief.body, karies) {
				t.Errorf("%s: %d to %q\n%s", stolen, thief.status, thief.left, thief.body)
			}
		}
		thief.get(own)
		thief.sees("Venter på lommeboka")
		mine.get(done)
		if _, claims := loans.redeem(loans.landed(mine)); claims["pid"] != karies {
			t.Errorf("%v", claims)
		}
		mine.get(done) // the back button: the request has been answered
		if mine.status != http.StatusBadRequest || mine.left != "" {
			t.Errorf("%d to %q", mine.status, mine.left)
		}
	})
}
