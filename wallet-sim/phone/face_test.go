package phone_test

import (
	"bufio"
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"lommebok.example/specs/openid4vci"
	"lommebok.example/wallet-sim/phone"
)

// From the issuer's page to the wallet, and from the verifier's page to the verdict.
func TestFetchAndShowByPages(t *testing.T) {
	w := newTown(t)
	s := w.surfer(stjerne)
	s.open(w.home + "/")
	s.sees("Lommeboka er tom")
	s.fetch(mpid, "MinID-bevis")
	s.is(http.StatusOK, "/")
	s.sees("Beviset er hentet: MinID-bevis.", "Lommebok, utsteder (demonstrasjon)", "23.12.2026")
	s.follow("Vis beviset")
	s.sees("Fornavn", "Stjerne", "14846599313", "14.04.1965", "no:minid:mpid:1", "&#34;vct&#34;")
	s.fetch("no.sikt.elevbevis_sd_jwt_vc", "Elevbevis")

	s.fetch("no.sikt.vitnemal_sd_jwt_vc", "Vitnemål")
	s.sees("Vitnemål", "På vei", "Spør igjen om en liten stund")
	w.pass(3 * time.Second)
	s.press(pendingPath(s))
	s.sees("Beviset er hentet: Vitnemål.")

	s.open(w.verifier + "/")
	s.press("/services/lanekassen/start")
	asked := s.page.URL.Path
	s.follow(walletLink(s))
	s.is(http.StatusOK, "/present")
	s.sees("ber om disse opplysningene", strings.TrimPrefix(w.verifier, "http://"), "Fødselsnummer", "Elevbevis")
	if strings.Contains(s.page.Says(), "14.04.1965") {
		t.Error("the page shows a claim that is not asked for")
	}
	s.press(presentPath(s), "answer", "share")
	s.is(http.StatusOK, asked)
	s.sees("Vi vet hvem du er og hvor du går på skole")
}

// walletLink is the words of the link from the verifier's page to the wallet in the browser.
func walletLink(s *surfer) string {
	s.w.t.Helper()
	for _, l := range s.page.Links {
		if strings.HasPrefix(l.Href, s.w.home+"/present") {
			return l.Text
		}
	}
	s.w.t.Fatalf("no link to the wallet: %s", s.page.Says())
	return ""
}

func pendingPath(s *surfer) string {
	s.w.t.Helper()
	for _, f := range s.page.Forms {
		if strings.HasPrefix(f.Action, "/pending/") {
			return f.Action
		}
	}
	s.w.t.Fatalf("nothing is pending: %s", s.page.Says())
	return ""
}

func presentPath(s *surfer) string {
	s.w.t.Helper()
	for _, f := range s.page.Forms {
		if strings.HasPrefix(f.Action, "/present/") {
			return f.Action
		}
	}
	s.w.t.Fatalf("no form to answer: %s", s.page.Says())
	return ""
}

func TestDeclineAndNothingThatFits(t *testing.T) {
	w := newTown(t)
	s := w.surfer(stjerne)
	s.fetch("proof_of_age", "Aldersbevis")
	s.open(w.verifier + "/")
	s.press("/services/aldersgrense/start")
	asked := s.page.URL.Path
	s.follow(walletLink(s))
	s.sees("Over 18 år", "Ja")
	path := presentPath(s)
	s.press(path, "answer", "decline")
	s.is(http.StatusOK, asked)
	s.open(w.home + "/phone")
	held := s.page
	s.open(w.verifier + "/")
	s.press("/services/skatteetaten/start")
	s.follow(walletLink(s))
	s.sees("som du ikke har i lommeboka", "Hvorfor ingen bevis passer", "<li>no option of the required credential_sets[0]")
	if strings.Contains(string(s.page.Raw), `value="share"`) {
		t.Error("there is nothing to share, and a button for it")
	}
	s.press(presentPath(s), "answer", "decline")
	s.page = held
	post(t, w, path, url.Values{"answer": {"share"}}, http.StatusGone, "")
}

func TestALevelOutOfReachComesBackToTheWallet(t *testing.T) {
	w := newTown(t)
	s := w.surfer(stjerne)
	s.fetch("pid_sd_jwt_vc", "Norsk ID-bevis")
	s.is(http.StatusBadRequest, s.page.URL.Path)
	s.sees("Sikkerhetsnivået ditt er for lavt", "unmet_authentication_requirements", "pid_sd_jwt_vc")
	s.open(w.home + s.page.URL.Path + "?lang=nn")
	s.sees("Sikkerheitsnivået ditt er for lågt", "unmet_authentication_requirements")
	s.open(w.home + "/refused/x")
	s.is(http.StatusOK, "/")
	all, err := w.face.Wallet.Store.List()
	if err != nil || len(all) != 0 {
		t.Errorf("%d stored, %v", len(all), err)
	}
}

func TestThePIDByTheApp(t *testing.T) {
	w := newTown(t)
	s := w.surfer(karies)
	s.pair(karies)
	s.is(http.StatusOK, "/phone")
	s.sees("MinID-appen er koblet til", karies, "Ingen innlogging venter")
	fresh := w.surfer(karies)
	fresh.Person.TOTPSecret = ""
	fresh.fetch("pid_sd_jwt_vc", "Norsk ID-bevis")
	fresh.sees("Beviset er hentet: Norsk ID-bevis.")
}

// Who was proofed by letter makes the code, and a code pairs once whoever made it.
func TestPairingByEachWay(t *testing.T) {
	w := newTown(t)
	for _, name := range []string{stjerne, karies} {
		s := w.surfer(name)
		s.pair(name)
		s.is(http.StatusOK, "/phone")
		s.sees("MinID-appen er koblet til")
	}
	s := w.surfer(karies)
	s.pair(karies)
	s.is(http.StatusBadRequest, "/phone/pair")
	s.sees("Koblingskoden er feil, brukt eller utløpt")
}

var numberOnPage = regexp.MustCompile(`lb-number">([0-9]{2})<`)

// asks is a login that asks the app of its person, and the number that the browser shows.
func (w *town) asks(name string) (login *surfer, number string) {
	w.t.Helper()
	login = w.surfer(name)
	login.open(w.issuer + "/mine")
	login.press("/login/password", "pid", login.Person.PID, "password", login.Person.Password)
	login.press("/login/method", "factor", "app")
	found := numberOnPage.FindStringSubmatch(string(login.page.Raw))
	if found == nil {
		w.t.Fatalf("no number: %s", login.page.Says())
	}
	return login, found[1]
}

// The telephone by its pages: the login that waits, the number, approval, refusal and "it was not me", and what was
// answered.
func TestApprovalsOnThePage(t *testing.T) {
	w := newTown(t)
	s := w.surfer(karies)
	s.pair(karies)
	devices, err := w.face.Devices.List()
	check(t, err)
	path := "/phone/approvals/" + devices[0].ID
	for _, c := range []struct{ action, number, sees, history string }{
		{"approve", "right", "Innloggingen er godkjent", "Godkjent"},
		{"reject", "", "Innloggingen er avslått", "Avslått"},
		{"", "right", "Innloggingen er avslått", "Avslått"}, // Enter alone declines
		{"approve", "wrong", "Tallet var feil", "Feil tall, stoppet"},
		{"not_me", "", "Påloggingen er stoppet. Noen kan passordet ditt", "Det var ikke meg"},
	} {
		w.pass(10 * time.Minute)
		_, number := w.asks(karies)
		if c.number == "wrong" {
			number = map[bool]string{true: "11", false: "12"}[number != "11"]
		}
		s.open(w.home + "/phone")
		s.sees("Pålogging", "Mine bevis", "Avslå", "Godkjenn", "Det var ikke meg")
		if s.reloads() {
			t.Error("a number that is being typed is lost")
		}
		if raw := string(s.page.Raw); strings.Index(raw, `value="reject"`) > strings.Index(raw, `value="approve"`) {
			t.Error("Enter approves")
		}
		if c.action == "approve" {
			s.press(path, "action", "approve", "number", "1")
			s.is(http.StatusBadRequest, path)
			s.sees("Tallet i nettleseren må ha to siffer")
		}
		s.press(path, "action", c.action, "number", number)
		s.is(http.StatusOK, "/phone")
		s.sees(c.sees, c.history)
		s.open(w.home + path)
		s.is(http.StatusGone, path)
	}
	if s.open(w.home + "/phone"); !s.reloads() {
		t.Error("without scripts no login comes to the page")
	}
	if s.open(w.home + "/timeline"); s.reloads() {
		t.Error("what is read in the timeline is closed")
	}
	s.sees("MinID app: whose code", "MinID app: pairing", "MinID app: answer to a login", "wrong_number")
	code := w.people[slices.IndexFunc(w.people, func(p phone.Person) bool { return p.Name == karies })].AppCode
	if code == "" || strings.Contains(string(s.page.Raw), code) {
		t.Error("the timeline shows a pairing code")
	}
	login := w.surfer(karies)
	login.open(w.issuer + "/mine")
	login.press("/login/password", "pid", login.Person.PID, "password", login.Person.Password)
	login.press("/login/method", "factor", "app")
	login.sees("Appen får ingen flere varsler nå")
}

// reloads tells whether the page is read anew by itself where there are no scripts.
func (s *surfer) reloads() bool { return strings.Contains(string(s.page.Raw), `http-equiv="refresh"`) }

// Whoever reads whose the code is and says no pairs nothing, and no key is left. B27: a code that was looked at is the one
// telephone's.
func TestPairingThatIsDeclined(t *testing.T) {
	w := newTown(t)
	s := w.surfer(karies)
	i := slices.IndexFunc(w.people, func(p phone.Person) bool { return p.Name == karies })
	code := w.people[i].AppCode
	s.open(w.home + "/phone/pair")
	s.press("/phone/pair", "owner", karies, "code", code)
	s.sees("128653 *****", w.issuer)
	s.press("/phone/pair/confirm", "action", "cancel")
	s.is(http.StatusOK, "/phone")
	s.sees("Ingen har koblet til MinID-appen")
	if files, err := os.ReadDir(w.face.Devices.Dir); err != nil || len(files) != 0 {
		t.Errorf("%d files are left, %v", len(files), err)
	}
	s.open(w.home + "/phone/pair")
	s.press("/phone/pair", "owner", karies, "code", code)
	s.is(http.StatusBadRequest, "/phone/pair")
	post(t, w, "/phone/pair/confirm", url.Values{"device": {"../../x"}, "action": {"pair"}, "code": {code}}, http.StatusBadRequest, "same-origin")
}

// heard are the events of the page of the telephone.
func (w *town) heard() <-chan string {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.home+"/phone/events", nil)
	check(w.t, err)
	res, err := http.DefaultClient.Do(req)
	check(w.t, err)
	w.t.Cleanup(func() { cancel(); _ = res.Body.Close() })
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		w.t.Fatalf("status %d, %v", res.StatusCode, res.Header)
	}
	events := make(chan string, 64)
	go func() {
		defer close(events)
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				events <- data
			}
		}
	}()
	return events
}

// until waits for an event that holds the words.
func until(t *testing.T, events <-chan string, words string) {
	t.Helper()
	late := time.After(30 * time.Second)
	for {
		select {
		case data, ok := <-events:
			if strings.Contains(data, words) {
				return
			}
			if !ok {
				t.Fatalf("the events ended before %q", words)
			}
		case <-late:
			t.Fatalf("nothing of %q", words)
		}
	}
}

// A login comes to the page by itself, over both streams: from MinID to the app, and from there to the page.
func TestALoginComesToThePageByItself(t *testing.T) {
	w := newTown(t)
	w.surfer(karies).pair(karies)
	events := w.heard()
	until(t, events, "Følger med")
	until(t, events, "app")
	_, number := w.asks(karies)
	until(t, events, "En pålogging venter på svar")
	check(t, w.face.Devices.Approve(t.Context(), karies, number))
	until(t, events, "Følger med")
	w.face.Close()
	for range events { // it ends
	}
}

func TestCodesOnThePage(t *testing.T) {
	w := newTown(t)
	s := w.surfer(stjerne)
	s.open(w.home + "/phone")
	for _, p := range w.people {
		s.sees(p.Name, p.Code(w.now()), p.AppCode)
	}
	if n := strings.Count(string(s.page.Raw), "Koblingskode fra servicekontoret"); n != 2 {
		t.Errorf("%d codes from the service desk, want those of the two who were proofed in person", n)
	}
	s.sees("Nye koder om 20 sekunder", "Kjent ved personlig oppmøte", "Ingen har koblet til MinID-appen")
	w.pass(19 * time.Second)
	events := w.heard()
	if first := <-events; first != "codes" { // who comes back to the page has old ones
		t.Errorf("the first event: %s", first)
	}
	until(t, events, "Nye koder om 1 sekund")
	w.pass(time.Second)
	until(t, events, "codes")
}

func TestPairingRefused(t *testing.T) {
	w := newTown(t)
	s := w.surfer(karies)
	s.open(w.home + "/phone/pair")
	s.sees("på servicekontoret", "Min MinID")
	s.press("/phone/pair", "code", " ")
	s.is(http.StatusBadRequest, "/phone/pair")
	s.sees("Koblingskode må fylles ut")
	s.press("/phone/pair", "code", strings.Repeat("A", 26))
	s.sees("Koblingskoden er feil, brukt eller utløpt")
	if all, err := w.face.Devices.List(); err != nil || len(all) != 0 {
		t.Errorf("%d devices, %v", len(all), err)
	}
	files, err := os.ReadDir(w.face.Devices.Dir)
	if err != nil || len(files) != 0 {
		t.Errorf("%d files are left, %v", len(files), err)
	}
}

// An offer by reference is fetched only when the person has seen from where.
func TestAnOfferByReferenceIsAskedFor(t *testing.T) {
	w := newTown(t)
	fetched := 0
	host, open := place(t)
	offer := openid4vci.Offer{CredentialIssuer: w.issuer, CredentialConfigurationIDs: []string{mpid}}
	raw, err := offer.Encode(openid4vci.Rules{InsecureAllowHTTP: true})
	check(t, err)
	open(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		fetched++
		out.Header().Set("Content-Type", "application/json")
		_, _ = out.Write(raw)
	}))
	s := w.surfer(stjerne)
	s.open(w.home + "/offer?credential_offer_uri=" + url.QueryEscape(host+"/o"))
	s.sees("Det må hentes fra " + strings.TrimPrefix(host, "http://"))
	if fetched != 0 {
		t.Error("fetched before the person agreed")
	}
	s.press("/offer", "look", "1")
	s.sees("MinID-bevis")
	s.press("/offer")
	s.signIn()
	s.sees("Beviset er hentet: MinID-bevis.")
}

// What is refused is told in plain words, and beside them as a tester needs it.
func TestWhatIsRefused(t *testing.T) {
	w := newTown(t)
	s := w.surfer(stjerne)
	broken, open := place(t)
	open(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		out.Header().Set("Lommebok-Transaction", r.URL.Query().Get("page"))
		out.WriteHeader(http.StatusServiceUnavailable)
	}))
	request := func(at string) string {
		return "/present?client_id=x509_hash:x&request_uri=" + url.QueryEscape(at)
	}
	for path, c := range map[string]struct {
		status int
		sees   []string
	}{
		"/offer":                     {400, []string{"Lenken eller QR-koden er ikke hel"}},
		"/offer?credential_offer={}": {400, []string{"Lenken eller QR-koden er ikke hel", "openid4vci: "}},
		"/present?client_id=x":       {400, []string{"Lenken eller QR-koden er ikke hel", "invalid_request: the link"}},
		"/callback?state=x&code=y":   {400, []string{"Dette svaret hører ikke til noe du har begynt på", "RFC 6749 section 10.12"}},
		"/credentials/x":             {404, []string{"Beviset finnes ikke"}},
		"/phone/approvals/x":         {410, []string{"Ingen innlogging venter"}},
		"/credentials/../../etc":     {404, nil},
		"/health":                    {200, []string{"ok"}},
		"/offer?look=1&credential_offer_uri=" + url.QueryEscape("http://127.0.0.1:1/o"): {400, []string{"Lommeboka fikk ikke kontakt", "Prøv igjen", "credential offer (OpenID4VCI 1.0 section 4.1.3)", "refused"}},
		request("http://127.0.0.1:1/r"): {400, []string{"Lommeboka fikk ikke kontakt", "request object (OpenID4VP 1.0 section 5.10)", "refused"}},
		"/offer?look=1&credential_offer_uri=" + url.QueryEscape(w.issuer+"/credential-offers/none"): {400, []string{"Tilbudet eller forespørselen gjelder ikke lenger", "offer_over", "404"}},
		request(w.verifier + "/requests/none"):                                                      {400, []string{"Tilbudet eller forespørselen gjelder ikke lenger", "404"}},
		request(broken + "?page=" + url.QueryEscape(w.issuer)):                                      {400, []string{"Den andre parten kan ikke svare nå", "503", `href="` + w.issuer + `"`, "Se hva den andre parten fikk"}},
		request(broken + "?page=javascript:alert(1)"):                                               {400, []string{"Den andre parten kan ikke svare nå"}},
	} {
		s.open(w.home + path)
		if s.page.Status != c.status {
			t.Errorf("%s: status %d", path, s.page.Status)
		}
		s.sees(c.sees...)
		if strings.Contains(string(s.page.Raw), "javascript:") || strings.Contains(path, "javascript") && strings.Contains(s.page.Says(), "Se hva den andre") {
			t.Errorf("%s: a script is linked", path)
		}
	}
	asked := ask(s, "skatteetaten")
	check(t, os.RemoveAll(filepath.Join(w.face.Wallet.Trust.Dir, "verifiers")))
	check(t, os.CopyFS(filepath.Join(w.face.Wallet.Trust.Dir, "verifiers"), os.DirFS(filepath.Join(w.face.Wallet.Trust.Dir, "issuers"))))
	s.open(w.home + asked)
	s.is(http.StatusBadRequest, "/present")
	s.sees("Lommeboka vet ikke hvem som spør", "invalid_client", "does not lead to a trust anchor")
	check(t, os.RemoveAll(filepath.Join(w.face.Wallet.Trust.Dir, "issuers")))
	check(t, os.CopyFS(filepath.Join(w.face.Wallet.Trust.Dir, "issuers"), os.DirFS(filepath.Join(w.face.Wallet.Trust.Dir, "wallet-providers"))))
	s.open(w.home + offerOf(t, w.issuer))
	s.is(http.StatusBadRequest, "/offer")
	s.sees("Lommeboka kjenner ikke utstederen", "not trusted")
}

// offerOf is the wallet's page for an offer by value.
func offerOf(t *testing.T, issuer string) string {
	t.Helper()
	link, err := openid4vci.OfferURI("x://", openid4vci.Offer{CredentialIssuer: issuer, CredentialConfigurationIDs: []string{mpid}}, openid4vci.Rules{InsecureAllowHTTP: true})
	check(t, err)
	return "/offer" + strings.TrimPrefix(link, "x://")
}

func post(t *testing.T, w *town, path string, form url.Values, status int, site string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, w.home+path, strings.NewReader(form.Encode()))
	check(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if site != "" {
		r.Header.Set("Sec-Fetch-Site", site)
	}
	res, err := http.DefaultClient.Do(r)
	check(t, err)
	check(t, res.Body.Close())
	if res.StatusCode != status {
		t.Errorf("POST %s: status %d, want %d", path, res.StatusCode, status)
	}
}

func TestFormsFromElsewhereAndOtherNames(t *testing.T) {
	w := newTown(t)
	for _, path := range []string{"/offer", "/present/x", "/phone/pair", "/phone/approvals/x"} {
		post(t, w, path, nil, http.StatusForbidden, "cross-site")
	}
	r, err := http.NewRequest(http.MethodGet, w.home+"/phone", nil)
	check(t, err)
	r.Host = "evil.example"
	res, err := http.DefaultClient.Do(r)
	check(t, err)
	check(t, res.Body.Close())
	if res.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("under another name: %d", res.StatusCode)
	}
}

func TestExpiredIsSaid(t *testing.T) {
	w := newTown(t)
	s := w.surfer(stjerne)
	s.fetch(mpid, "MinID-bevis")
	w.pass(40 * 24 * time.Hour)
	s.open(w.home + "/")
	s.sees("Utløpt")
}

// A portrait is seen, and the parts of a claim have names in the person's language.
func TestPicturesAndPartsOfClaims(t *testing.T) {
	w := newTown(t)
	s := w.surfer(stjerne)
	s.fetch("org.iso.18013.5.1.mDL_mso_mdoc", "Førerkort")
	all, err := w.face.Wallet.Store.List()
	check(t, err)
	for lang, words := range map[string][]string{
		"nb": {"Klasse: AMFra: 14.04.1981Til: 15.01.2039", `alt="Bilde"`}, "nn": {"Frå: 14.04.1981", `alt="Bilete"`}, "en": {"Category: AM", "From: 14 April 1981", `alt="Portrait"`},
	} {
		s.open(w.home + "/credentials/" + all[0].ID + "?lang=" + lang)
		s.sees(append(words, `src="data:image/jpeg;base64,/9j/`)...)
	}
}

func TestThePagesStandInEachLanguage(t *testing.T) {
	w := newTown(t)
	s := w.surfer(stjerne)
	s.fetch(mpid, "MinID-bevis")
	all, err := w.face.Wallet.Store.List()
	check(t, err)
	for lang, words := range map[string][]string{"nb": {"Bevisene dine", "Fornavn"}, "nn": {"Bevisa dine", "Førenamn"}, "en": {"Your credentials", "Given name"}} {
		s.open(w.home + "/?lang=" + lang)
		s.sees(words[0])
		s.open(w.home + "/credentials/" + all[0].ID)
		s.sees(words[1])
	}
}
