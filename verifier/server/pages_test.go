package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/verifier/presentation"
)

func TestFrontPageShowsEachService(t *testing.T) {
	s := newService(t)
	b := s.browser(t)
	for lang, words := range map[string][]string{
		"nb": {"Vis bevis fra lommeboka", "Lånekassen (demonstrasjon)", "Skatteetaten (demonstrasjon)", "Du må være over 18 år", `action="/services/aldersgrense/start"`},
		"nn": {"Vis bevis frå lommeboka", "Du må vere over 18 år"},
		"en": {"Show credentials from your wallet", "You must be 18 or older"},
	} {
		a := b.get("/?lang=" + lang)
		is(t, a, http.StatusOK)
		sees(t, a, words...)
	}
}

func TestWaitingPage(t *testing.T) {
	s := newService(t)
	b := s.browserAt(t, "skatteetaten")
	tx := b.wantState("waiting")
	a := b.get(b.tx)
	escaped := strings.NewReplacer("&", "&amp;")
	sees(t, a, "<h1", "Skatteetaten (demonstrasjon)", "Fornavn", "Fødselsdato", "Fødselsnummer", "<svg", "Venter på lommeboka", "Koden og lenken byttes ut av seg selv kl. 15:10.", `data-credentials="`+b.tx+`/credentials"`,
		`<noscript><meta http-equiv="refresh" content="5"></noscript>`,
		`href="`+escaped.Replace(tx.Link)+`"`, `href="`+escaped.Replace(tx.Wallet)+`"`, escaped.Replace(tx.QR))
	if strings.Count(a.body, "Fødselsdato") != 1 {
		t.Error("the same claim by two paths is named twice")
	}
	if tx.QR == tx.Link || !strings.HasPrefix(tx.Link, "openid4vp://?client_id=x509_hash%3A") || !strings.HasPrefix(tx.Wallet, "http://localhost:8082/present?client_id=x509_hash%3A") {
		t.Errorf("links: %+v", tx)
	}
	if requestPath(t, s, tx.Wallet) != requestPath(t, s, tx.Link) {
		t.Error("the wallet in the browser gets another request than the one on this device")
	}
	sees(t, b.get(b.tx+"?lang=en"), "Waiting for your wallet", "Date of birth")
	s.add(3*time.Minute + time.Second)
	sees(t, b.get(b.tx+"/state?lang=en"), `"text":"Waiting for your wallet"`, `"done":false`)
	s.open(t, tx.QR)
	s.add(time.Minute)
	sees(t, b.get(b.tx+"/state?lang=nb"), "hentet forespørselen")
	sees(t, b.get(b.tx), "hentet forespørselen", "<svg")
	for range presentation.MaxRenewals {
		s.add(presentation.RequestLifetime)
		b.get(b.tx)
	}
	s.add(3*time.Minute + time.Second) // the last time nothing is renewed
	sees(t, b.get(b.tx), "Du må svare med lommeboka innen kl. ", `data-countdown="119"`)
}

// What is too long to be drawn can still be copied, and opened on the same device.
func TestLinkThatNoQRCodeHasRoomFor(t *testing.T) {
	s := newService(t)
	b := s.asks(t, presentation.Ask{
		Query: queryOf(t, `{"credentials":[`+pidQuery+`]}`), ClientIDPrefix: openid4vp.PrefixRedirectURI,
		TransactionData: []json.RawMessage{json.RawMessage(`{"type":"t","credential_ids":["pid_sd_jwt"],"text":"` + strings.Repeat("x", 2000) + `"}`)},
	})
	tx, a := b.transaction(), b.get(b.tx)
	is(t, a, http.StatusOK)
	escaped := strings.NewReplacer("&", "&amp;")
	sees(t, a, "for lang for en QR-kode", `<details class="ds-details" open>`, escaped.Replace(tx.QR), `href="`+escaped.Replace(tx.Link)+`"`)
	if strings.Contains(a.body, "lb-qr") || strings.Contains(a.body, "Skann QR-koden") {
		t.Errorf("tells of a QR code:\n%s", a.body)
	}
}

// What a page asks again and again opens no key: links are made where they are shown.
func TestPollMakesNoLinks(t *testing.T) {
	s := newService(t)
	b := s.asks(t, presentation.Ask{Query: queryOf(t, `{"credentials":[`+pidQuery+`]}`), ClientIDPrefix: openid4vp.PrefixRedirectURI})
	check(t, s.db.W.Exec("UPDATE requests SET response_key = ?", []byte("broken")).Error)
	sees(t, b.get(b.tx+"/state"), `"done":false`)
	is(t, b.get(b.tx), http.StatusInternalServerError)
}

// The pages are about what the wallet was asked for, whatever the service asks for meanwhile.
func TestPagesAreAboutWhatWasAsked(t *testing.T) {
	s := newService(t)
	b := s.asks(t, presentation.Ask{Query: queryOf(t, `{"credentials":[`+strings.Replace(pidQuery, "given_name", "birth_place_secret", 1)+`]}`)})
	w := s.open(t, b.transaction().QR)
	for _, name := range []string{"Fornavn", "Fødselsnummer"} {
		if a := b.get(b.tx); a.status != http.StatusOK || strings.Contains(a.body, name) {
			t.Errorf("%s was not asked for:\n%s", name, a.body)
		}
	}
	w.send(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}})
	b.wantState("answered")
	sees(t, b.get(b.tx), "Vellykket", "<code>birth_place_secret</code>")
}

func TestVerdictPageInEachLanguage(t *testing.T) {
	s := newService(t)
	b := s.browserAt(t, "skatteetaten")
	w := s.open(t, b.transaction().QR)
	w.send(map[string][]string{"pid_sd_jwt": {w.sdjwtPID(func(m *sdjwtvc.Template) {
		m.Expires, m.IssuedAt, m.NotBefore = s.now().Add(-time.Hour), s.now().Add(-day), s.now().Add(-day)
	})}})
	sees(t, b.get(b.tx+"/state"), `"done":true`)
	for lang, words := range map[string][]string{
		"nb": {"Mislykket", "Beviset er ikke gyldig nå. Hent et nytt fra utstederen.", "<code>expired</code>", "RFC 9901 section 9.7", "I orden", "Utstederens signatur stemmer", "urn:eudi:pid:1"},
		"nn": {"Mislykka", "Beviset er ikkje gyldig no."},
		"en": {"Unsuccessful", "The credential is not valid now.", "The issuer&#39;s signature holds"},
	} {
		a := b.get(b.tx + "?lang=" + lang)
		is(t, a, http.StatusOK)
		sees(t, a, words...)
		if strings.Contains(a.body, "Karies") || strings.Contains(a.body, "Vellykket") {
			t.Errorf("a refused presentation is shown:\n%s", a.body)
		}
	}
}

// What follows from another failure is not told as a reason of its own; the table has it all the same.
func TestReasonsAreTheCauses(t *testing.T) {
	s := newService(t)
	b := s.browserAt(t, "skatteetaten")
	w := s.open(t, b.transaction().QR)
	w.send(map[string][]string{"pid_sd_jwt": {w.bind(s.issuer.issueSDJWT(&w.key.PublicKey), "pid_sd_jwt", binding{nonce: "anothernonceanothernonce"})}})
	a := b.get(b.tx)
	sees(t, a, "Lommeboka beviste ikke", "not_as_asked", "key_binding_nonce")
	if n := strings.Count(a.body, "Beviset har et format vi kan lese"); n != 1 {
		t.Errorf("a rule that held has %d rows", n)
	}
	if strings.Contains(a.body, "<li>Lommeboka sendte ikke det tjenesten ba om.</li>") {
		t.Errorf("the consequence is told as a reason:\n%s", a.body)
	}
}

func TestTransactionIsTheBrowsersOwn(t *testing.T) {
	s := newService(t)
	b, other, stranger := s.browserAt(t, "skatteetaten"), s.browserAt(t, "skatteetaten"), s.browser(t)
	for _, path := range []string{b.tx, b.tx + "/state", b.tx + "/done?response_code=x"} {
		is(t, other.get(path), http.StatusNotFound)
		is(t, stranger.get(path), http.StatusNotFound)
	}
	a := stranger.get(b.tx)
	sees(t, a, "Vi kan ikke vise dette her", "unknown_transaction")
	sees(t, stranger.get(b.tx, "Accept", "application/json"), `"error":"unknown_transaction"`)
	is(t, b.get(b.tx), http.StatusOK)
}

// Two services in two tabs of one browser.
func TestOneBrowserTwoTransactions(t *testing.T) {
	s := newService(t)
	b := s.browserAt(t, "skatteetaten")
	first := b.tx
	firstLink := b.transaction().QR
	b.start("lanekassen")
	if b.tx == first || b.transaction().QR == firstLink {
		t.Fatal("the second is the first")
	}
	w := s.open(t, firstLink)
	w.send(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}})
	b.wantState("waiting")
	b.tx = first
	b.wantState("answered")
	var owners int64
	check(t, s.db.R.Table("transactions").Distinct("browser").Count(&owners).Error)
	if owners != 2 {
		t.Error("the rows tell that one browser asked twice")
	}
}

func TestStartRefused(t *testing.T) {
	s := newService(t)
	b := s.browser(t)
	a := b.do(http.MethodPost, "/services/nobody/start")
	is(t, a, http.StatusNotFound)
	sees(t, a, "unknown_service", "Vi finner ikke tjenesten")
	is(t, b.do(http.MethodPost, "/services/skatteetaten/start", "Sec-Fetch-Site", "cross-site"), http.StatusForbidden)
	is(t, b.get("/services/skatteetaten/start"), http.StatusMethodNotAllowed)
	if n := s.rows(t, "transactions"); n != 0 {
		t.Errorf("%d transactions were made", n)
	}
}

func TestForeignCookieIsReplaced(t *testing.T) {
	s := newService(t)
	for _, value := range []string{"", "short", strings.Repeat("A", 44), strings.Repeat("!", 43), jose.EncodeBase64URL(make([]byte, 33))} {
		b := s.browser(t)
		b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		a := b.do(http.MethodPost, "/services/skatteetaten/start", "Cookie", "lommebok_verifier_browser="+value)
		cookie := a.header.Get("Set-Cookie")
		if a.status != http.StatusSeeOther || strings.Contains(cookie, "browser="+value+";") || !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") {
			t.Errorf("%q: %d %s", value, a.status, cookie)
		}
	}
}
