package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"lommebok.example/internal/database"
	"lommebok.example/minid"
	"lommebok.example/minid/notify"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/web/webtest"
)

const (
	havn      = "03848812160" // has no account
	spinkel   = "05901270009" // born in 2012
	fasan     = "11821465526" // born in 2014
	newSecret = "kaktus i vinduskarmen"
)

// outbox reads one of the outbox pages as JSON.
func (p *person) outbox(path string, into any) {
	p.t.Helper()
	r, err := http.NewRequest(http.MethodGet, p.s.url+path, nil)
	check(p.t, err)
	r.Header.Set("Accept", "application/json")
	check(p.t, json.Unmarshal(do(p.t, r).body, into))
}

// code is the one in the newest message of a channel.
func (p *person) code(channel minid.Channel) string {
	p.t.Helper()
	var messages []notify.Letter
	p.outbox("/dev/outbox", &messages)
	for _, m := range messages {
		if m.Channel == channel && m.Code != "" {
			p.s.add(time.Second) // the outbox goes by time
			return m.Code
		}
	}
	p.t.Fatal("no code was sent by " + channel)
	return ""
}

// letters are those in the outbox, newest first. The answer is given before a letter is made, so who expects one more asks again.
func (p *person) letters(want int) []notify.PrintedLetter {
	p.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; {
		var letters []notify.PrintedLetter
		p.outbox("/dev/outbox/letters", &letters)
		if len(letters) >= want {
			return letters
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("%d letters, want %d", len(letters), want)
		}
	}
}

func (p *person) orderLetter() {
	p.t.Helper()
	p.get("/letter")
	p.submit("/letter", "pid", p.pid, "phone", "99990077")
	p.submit("/letter/code", "code", p.code(minid.ChannelSMS))
	p.sees("Bestillingen er mottatt")
}

// register goes from the letter to the account.
func (p *person) register(code string) {
	p.t.Helper()
	p.get("/register")
	p.submit("/register", "pid", p.pid, "code", code)
	p.submit("/register/password", "new", newSecret)
	p.submit("/register/phone", "code", p.code(minid.ChannelSMS))
	p.submit("/register/email", "email", "havn@example.com")
	p.submit("/register/email/code", "code", p.code(minid.ChannelEmail))
	p.sees("MinID er klar")
}

// From nothing to the MinID credential: the register knows the person, a letter reaches them, and they register.
func TestFromLetterToCredential(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		p, w := s.person(t, havn), s.wallet(t)
		p.orderLetter()
		letter := p.letters(1)[0]
		if letter.Name != "Tålmodig Havn" || len(letter.Address) != 2 || letter.Link != s.url+"/register#"+letter.Code || letter.Lang != "nb" {
			t.Errorf("letter %+v", letter)
		}
		p.register(letter.Code)
		token := w.token(p, byScope("eudiw:no:minid:mpid"), func() {
			p.submit("/login/password", "pid", havn, "password", newSecret)
			p.submit("/login/sms", "code", p.code(minid.ChannelSMS))
			if strings.Contains(p.body, "Logg inn tryggere") { // on the way to the wallet
				p.get(linkOn(t, p, "Ikke nå, gå videre"))
			}
		})
		texts, _ := w.credentials(token.AccessToken, "credential_configuration_id", mpid, 1)
		c, err := sdjwtvc.ParseIssued(texts[0])
		check(t, err)
		check(t, c.VerifySignature())
		claims, err := c.Claims()
		check(t, err)
		if claims["personal_administrative_number"] != havn || claims["given_name"] != "Tålmodig" {
			t.Errorf("claims %v", claims)
		}
		for _, personal := range []string{havn, "Havn", letter.Code, newSecret, "99990077", "havn@example.com", letter.Address[0]} {
			if strings.Contains(s.log.String(), personal) {
				t.Errorf("%q is in the log", personal)
			}
		}
	})
}

func linkOn(t testing.TB, p *person, words string) string {
	t.Helper()
	before, _, ok := strings.Cut(p.body, ">"+words+"</a>")
	at := strings.LastIndex(before, `href="`)
	if !ok || at < 0 {
		t.Fatalf("no link %q on %s:\n%s", words, p.path, p.body)
	}
	address, _, _ := strings.Cut(before[at+len(`href="`):], `"`)
	return strings.ReplaceAll(address, "&amp;", "&")
}

// The register's birth date decides, by calendar year: in 2026 who was born in 2012 gets a letter, and who was born in 2014 none.
func TestLettersByAge(t *testing.T) {
	s := newService(t)
	young, old := s.person(t, fasan), s.person(t, spinkel)
	young.orderLetter()
	s.add(time.Hour)
	old.orderLetter()
	if letters := old.letters(1); len(letters) != 1 || letters[0].Name != "Spinkel Vårdag" {
		t.Errorf("letters %v", letters)
	}
	check(t, s.Sweep(t.Context())) // settles what was left
	if letters := old.letters(1); len(letters) != 1 {
		t.Errorf("%d letters", len(letters))
	}
}

// The letter as it is printed, and the list of them.
func TestLetterPagesInABrowser(t *testing.T) {
	b := webtest.Browser(t)
	s := newService(t)
	p := s.person(t, havn)
	p.orderLetter()
	id := p.letters(1)[0].ID
	for path, name := range map[string]string{"/dev/outbox/letters": "dev_letters", "/dev/outbox/letters/" + id: "dev_letter"} {
		b.Axe(t, s.url+path)
		b.PictureHere(t, name)
	}
	b.OnPaper(t)
	b.Do(t, chromedp.Navigate(s.url+"/dev/outbox/letters/"+id), chromedp.WaitVisible(".lb-letter"))
	// In millimetres: the address from the left and the top of the sheet, the text below the window, and all on one page.
	const places = `(() => { const mm = 25.4 / 96, box = q => document.querySelector(q).getBoundingClientRect(), sheet = box(".lb-letter");
		return [box(".lb-letter-window").left * mm, box(".lb-letter-window").top * mm, box("h1").top * mm, sheet.height * mm,
			document.querySelector(".lb-header").checkVisibility() ? 1 : 0].map(Math.round).join(" "); })()`
	if got := webtest.Eval[string](t, b, places); got != "20 45 105 297 0" {
		t.Errorf("on paper: %s", got)
	}
	p.get("/dev/outbox/letters/" + strings.Repeat("0", 32))
	p.is(http.StatusNotFound)
}
