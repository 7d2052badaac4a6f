package server_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/sdjwt"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/verifier/presentation"
)

// wantAccepted expects every check to hold and these claims, by query, and no others.
func wantAccepted(t testing.TB, tx transaction, claims map[string]map[string]any) {
	t.Helper()
	if !tx.Verdict.Accepted || len(tx.Verdict.Failed()) > 0 {
		t.Fatalf("refused: %+v", tx.Verdict.Failed())
	}
	got := map[string]map[string]any{}
	for _, c := range tx.Verdict.Credentials {
		got[c.Query] = c.Claims
	}
	if !reflect.DeepEqual(got, claims) {
		t.Errorf("claims %v, want %v", got, claims)
	}
}

func names(checks []presentation.Check) string {
	var all []string
	for _, c := range checks {
		all = append(all, c.Name)
	}
	return strings.Join(all, " ")
}

func TestSDJWTFromAnotherDevice(t *testing.T) {
	each(t, func(t *testing.T, s *service) {
		b := s.browserAt(t, "skatteetaten")
		tx := b.wantState("waiting")
		w := s.open(t, tx.QR)
		b.wantState("fetched")
		if to := w.send(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}}); to != "" {
			t.Errorf("a wallet on another device is sent to %s", to)
		}
		tx = b.wantState("answered")
		wantAccepted(t, tx, map[string]map[string]any{"pid_sd_jwt": {
			"given_name": "Eksakt", "family_name": "Karies", "birthdate": "1998-06-12", "personal_administrative_number": "12865398148",
		}})
		c := tx.Verdict.Credentials[0]
		if got := names(c.Checks); got != "format issuer_signature issuer_trust issuer_entitlement disclosures validity holder_binding status query query query" || c.Type != "urn:eudi:pid:1" {
			t.Errorf("%s: %s", c.Type, got)
		}
		if got := names(tx.Verdict.Checks); got != "state query" {
			t.Errorf("checks of the answer: %s", got)
		}
		for _, secret := range []string{"Karies", "12865398148", w.request.Nonce, w.request.State, strings.TrimPrefix(w.request.ResponseURI, s.url+"/responses/")} {
			if strings.Contains(s.log.String(), secret) {
				t.Errorf("%q is in the log", secret)
			}
		}
		var row struct{ Verdict []byte }
		check(t, s.db.R.Table("transactions").Select("verdict").Take(&row).Error)
		if len(row.Verdict) == 0 || strings.Contains(string(row.Verdict), "Karies") {
			t.Errorf("the verdict lies open in the database: %d bytes", len(row.Verdict))
		}
		if n := s.rows(t, "requests"); n != 0 {
			t.Errorf("%d response keys outlive the answer", n)
		}
	})
}

func TestMdocFromTheSameDevice(t *testing.T) {
	s := newService(t)
	b := s.browserAt(t, "skatteetaten-mdoc")
	w := s.open(t, b.transaction().Link)
	raw := w.device(s.issuer.issueMdoc(&w.key.PublicKey), pidType, []string{"given_name", "family_name", "birth_date"})
	to := w.send(map[string][]string{"pid": {jose.EncodeBase64URL(raw)}})
	prefix := s.url + "/done?response_code="
	if !strings.HasPrefix(to, prefix) || len(to)-len(prefix) != 43 {
		t.Fatalf("sent to %q", to)
	}
	b.wantState("fetched") // the verdict waits for the response_code
	path := strings.TrimPrefix(to, s.url)

	other := s.browserAt(t, "skatteetaten-mdoc")
	if a := other.get(path); a.status != http.StatusNotFound || a.path != path {
		t.Errorf("another browser comes to %s with status %d", a.path, a.status)
	}
	is(t, s.browser(t).get(path), http.StatusNotFound)
	is(t, b.get("/done?response_code="+strings.Repeat("A", 43)), http.StatusNotFound)
	is(t, b.get("/done"), http.StatusNotFound)
	b.wantState("fetched")

	a := b.get(path)
	is(t, a, http.StatusOK)
	sees(t, a, "Vellykket", "Eksakt", "Karies", "1998-06-12")
	if a.path != b.tx {
		t.Errorf("came to %s", a.path)
	}
	wantAccepted(t, b.wantState("answered"), map[string]map[string]any{"pid": {
		pidType + ".given_name": "Eksakt", pidType + ".family_name": "Karies", pidType + ".birth_date": "1998-06-12",
	}})
	sees(t, b.get(path), "Vellykket") // the back button
	is(t, other.get(b.tx), http.StatusNotFound)
}

func TestProofOfAge(t *testing.T) {
	const av = "eu.europa.ec.av.1"
	for _, over := range []bool{true, false} {
		s := newService(t)
		b := s.browserAt(t, "aldersgrense")
		w := s.open(t, b.transaction().QR)
		issued := s.issuer.issueMdoc(&w.key.PublicKey, func(m *mdoc.Template) {
			m.DocType, m.Status, m.Elements = av, nil, []mdoc.Element{{Namespace: av, Identifier: "age_over_18", Value: over}}
		})
		w.send(map[string][]string{"age": {jose.EncodeBase64URL(w.device(issued, av, []string{"age_over_18"}))}})
		tx := b.wantState("answered")
		if !over {
			wantRefused(t, tx, "not_as_asked")
			continue
		}
		wantAccepted(t, tx, map[string]map[string]any{"age": {av + ".age_over_18": true}})
		if s.issuer.fetches() != 0 {
			t.Error("a status was asked for that the credential does not name")
		}
		sees(t, b.get(b.tx), "Er over 18 år", "<dd>Ja</dd>", "Vi vet ikke hvem du er")
	}
}

func TestTwoCredentialsAtOnce(t *testing.T) {
	s := newService(t)
	b := s.browserAt(t, "lanekassen")
	w := s.open(t, b.transaction().QR)
	person := s.issuer.issueSDJWT(&w.key.PublicKey, func(m *sdjwtvc.Template) { m.VCT = "no:minid:mpid:1" })
	student := s.issuer.issueSDJWT(&w.key.PublicKey, func(m *sdjwtvc.Template) {
		m.VCT, m.Claims = "no.sikt.elevbevis.1", map[string]any{
			"role": sdjwt.SD{Value: "student"}, "school_name": sdjwt.SD{Value: "Testskolen"}, "school_administrative_number": sdjwt.SD{Value: 974652269},
		}
	})
	w.send(map[string][]string{"person": {w.bind(person, "person", binding{})}, "student": {w.bind(student, "student", binding{})}})
	tx := b.wantState("answered")
	wantAccepted(t, tx, map[string]map[string]any{
		"person":  {"given_name": "Eksakt", "family_name": "Karies", "personal_administrative_number": "12865398148"},
		"student": {"role": "student", "school_name": "Testskolen", "school_administrative_number": 974652269.0},
	})
	sees(t, b.get(b.tx), "<dd>974652269</dd>", "Skolens organisasjonsnummer", "Du kan gå videre med søknaden.")
}

// What comes beyond what was asked for is not kept, although all of it is true.
func TestClaimsBeyondTheQueryAreDropped(t *testing.T) {
	s := newService(t)
	b := s.browserAt(t, "skatteetaten")
	w := s.open(t, b.transaction().QR)
	c, err := sdjwtvc.ParseIssued(s.issuer.issueSDJWT(&w.key.PublicKey))
	check(t, err)
	w.send(map[string][]string{"pid_sd_jwt": {c.SDJWT().String() + w.keyBinding(c.SDJWT().Hash(), binding{})}})
	tx := b.wantState("answered")
	text, err := json.Marshal(tx)
	check(t, err)
	if !tx.Verdict.Accepted || strings.Contains(string(text), "Bakvendtland") {
		t.Errorf("kept more than was asked for: %s", text)
	}
}

func TestRequestMayBeFetchedAgainUntilItIsAnswered(t *testing.T) {
	s := newService(t)
	b := s.browserAt(t, "skatteetaten")
	link := b.transaction().QR
	first, again := s.open(t, link), s.open(t, link)
	if first.request.Nonce != again.request.Nonce || first.request.State != again.request.State {
		t.Error("a second fetch got another request")
	}
	first.send(map[string][]string{"pid_sd_jwt": {first.sdjwtPID()}})
	is(t, b.get(requestPath(t, s, link)), http.StatusNotFound)
	is(t, again.post(again.encrypt(map[string][]string{"pid_sd_jwt": {again.sdjwtPID()}}, "")), http.StatusNotFound)
	if tx := b.wantState("answered"); !tx.Verdict.Accepted {
		t.Errorf("a second answer changed the verdict: %+v", tx.Verdict.Failed())
	}
}

func requestPath(t testing.TB, s *service, link string) string {
	t.Helper()
	u, err := url.Parse(link)
	check(t, err)
	return strings.TrimPrefix(u.Query().Get("request_uri"), s.url)
}

// Either link takes the answer, once: of sixteen at the same time, one.
func TestSixteenAnswersOneIsTaken(t *testing.T) {
	each(t, func(t *testing.T, s *service) {
		b := s.browserAt(t, "skatteetaten")
		tx := b.transaction()
		wallets := []*wallet{s.open(t, tx.QR), s.open(t, tx.Link)}
		forms, answers := make([]url.Values, 16), make([]answer, 16)
		for i := range forms {
			w := wallets[i%2]
			forms[i] = w.encrypt(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}}, "")
		}
		start := make(chan struct{})
		var all sync.WaitGroup
		for i, form := range forms {
			all.Go(func() {
				<-start
				answers[i] = wallets[i%2].post(form)
			})
		}
		close(start)
		all.Wait()
		taken := 0
		for _, a := range answers {
			if a.status == http.StatusOK {
				taken++
			} else {
				wantRefusal(t, a, http.StatusNotFound)
			}
		}
		if taken != 1 {
			t.Errorf("%d of 16 answers were taken", taken)
		}
	})
}

func TestWalletRefuses(t *testing.T) {
	s := newService(t)
	b := s.browserAt(t, "skatteetaten")
	w := s.open(t, b.transaction().QR)
	form := url.Values{"error": {"access_denied"}, "error_description": {"said no"}}
	is(t, w.post(form), http.StatusBadRequest) // whoever saw the QR code could send it
	b.wantState("fetched")
	form.Set("state", w.request.State)
	if to := w.taken(w.post(form)); to != "" {
		t.Errorf("sent to %s", to)
	}
	if tx := b.wantState("refused"); tx.Error != "access_denied" {
		t.Errorf("error %q", tx.Error)
	}
	sees(t, b.get(b.tx), "Avslått", "access_denied", "delte ingenting")
	is(t, w.post(form), http.StatusNotFound)
}

// An answer on the same device whose code is never brought back shows nothing, however long one waits.
func TestCodeThatIsNotBroughtBack(t *testing.T) {
	s := newService(t)
	b := s.browserAt(t, "skatteetaten")
	w := s.open(t, b.transaction().Link)
	w.send(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}})
	s.add(presentation.RequestLifetime)
	b.wantState("expired")
	sees(t, b.get(b.tx), "Tiden er ute")
	if a := b.get(b.tx); strings.Contains(a.body, "Karies") {
		t.Errorf("shown without its code:\n%s", a.body)
	}
}

// On the same device the refusal too is shown only to the browser that brings the code.
func TestWalletOnTheSameDeviceRefuses(t *testing.T) {
	s := newService(t)
	b := s.browserAt(t, "skatteetaten")
	w := s.open(t, b.transaction().Link)
	to := w.taken(w.post(url.Values{"error": {"access_denied"}, "state": {w.request.State}}))
	b.wantState("fetched")
	sees(t, b.get(strings.TrimPrefix(to, s.url)), "Avslått")
	b.wantState("refused")
}

func TestTimeIsUp(t *testing.T) {
	s := newService(t)
	b := s.browserAt(t, "skatteetaten")
	tx := b.transaction()
	w := s.open(t, tx.QR)
	form := w.encrypt(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}}, "")
	s.add(presentation.RequestLifetime)
	is(t, b.get(requestPath(t, s, tx.QR)), http.StatusNotFound)
	is(t, w.post(form), http.StatusNotFound)
	b.wantState("expired")
	sees(t, b.get(b.tx+"/state"), `"done":true`)
}

// While the page stays open it gets new links when the old ones expire, some times; a program that reads JSON renews nothing.
func TestThePageGetsNewLinksSomeTimes(t *testing.T) {
	each(t, func(t *testing.T, s *service) {
		b := s.browserAt(t, "skatteetaten")
		links := map[string]bool{}
		for range presentation.MaxRenewals {
			tx := b.wantState("waiting")
			links[tx.QR], links[tx.Link] = true, true
			s.add(presentation.RequestLifetime)
			b.wantState("expired")
			is(t, s.browser(t).get(b.tx), http.StatusNotFound)
			sees(t, b.get(b.tx), `data-page="verifier_waiting"`)
			is(t, b.get(requestPath(t, s, tx.QR)), http.StatusNotFound)
		}
		w := s.open(t, b.transaction().QR)
		b.wantState("fetched")
		if links[b.transaction().QR] || len(links) != 2*presentation.MaxRenewals {
			t.Errorf("%d links, and the last is an old one", len(links))
		}
		s.add(presentation.RequestLifetime)
		sees(t, b.get(b.tx), "Tiden er ute")
		sees(t, b.get(b.tx), "Tiden er ute")
		b.wantState("expired")
		is(t, w.post(w.encrypt(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}}, "")), http.StatusNotFound)
	})
}

// What a renewed link brings is accepted.
func TestAnswerToARenewedLink(t *testing.T) {
	s := newService(t)
	b := s.browserAt(t, "skatteetaten")
	s.add(presentation.RequestLifetime)
	is(t, b.get(b.tx), http.StatusOK)
	w := s.open(t, b.transaction().Link)
	to := w.send(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}})
	s.add(presentation.RequestLifetime)
	sees(t, b.get(strings.TrimPrefix(to, s.url)), "Vellykket")
	s.add(presentation.RequestLifetime)
	b.wantState("answered")
}

func TestVerdictIsForgotten(t *testing.T) {
	s := newService(t)
	b := s.browserAt(t, "skatteetaten")
	w := s.open(t, b.transaction().QR)
	w.send(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}})
	s.add(presentation.VerdictLifetime)
	check(t, s.Sweep(t.Context()))
	b.wantState("answered")
	s.add(time.Second)
	is(t, b.get(b.tx), http.StatusNotFound)
	check(t, s.Sweep(t.Context()))
	if n := s.rows(t, "transactions"); n != 0 {
		t.Errorf("%d transactions left", n)
	}
}
