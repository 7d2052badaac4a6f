package server_test

import (
	"bytes"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/mdoc"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/sdjwtvc"
	"lommebok.example/verifier/server"
)

// askedOn asks at a demonstration service, and gives the addresses on its page: for another device and for the same.
func (b *browser) askedOn(service string) (cross, same string) {
	b.t.Helper()
	a := b.send("/demo/"+service+"/ask", "application/x-www-form-urlencoded", "")
	is(b.t, a, http.StatusOK)
	all := regexp.MustCompile(`openid4vp:[^"<]+`).FindAllString(a.body, -1)
	if a.path != "/demo/"+service+"/answer" || len(all) != 2 {
		b.t.Fatalf("at %s: %v\n%s", a.path, all, a.body)
	}
	return html.UnescapeString(all[0]), html.UnescapeString(all[1])
}

// facts are the claims that the page lists.
func facts(a answer) (all []string) {
	for _, m := range regexp.MustCompile(`<dt>(.*?)</dt>\s*<dd>(.*?)</dd>`).FindAllStringSubmatch(a.body, -1) {
		all = append(all, m[1]+": "+m[2])
	}
	return all
}

func (b *browser) wantFacts(service string, want ...string) {
	b.t.Helper()
	a := b.get("/demo/" + service + "/answer")
	is(b.t, a, http.StatusOK)
	if got := facts(a); strings.Join(got, "\n") != strings.Join(want, "\n") {
		b.t.Errorf("%s: %q, want %q\n%s", service, got, want, a.body)
	}
}

func sdjwtOf(w *wallet, vct, id string, claims map[string]any) string {
	return w.bind(w.s.issuer.issueSDJWT(&w.key.PublicKey, func(m *sdjwtvc.Template) {
		m.VCT = vct
		for name, value := range claims {
			m.Claims[name] = value
		}
	}), id, binding{})
}

// The three services on the API, as a person sees them without a script: Lånekassen takes the PID or the MinID credential, with the
// student credential; the age check learns one claim.
func TestDemonstrationsOnTheAPI(t *testing.T) {
	each(t, func(t *testing.T, s *service) {
		school := map[string]any{"role": "elev", "school_name": "Eksempel skole", "school_administrative_number": "999999999"}
		who := []string{"Fornavn: Eksakt", "Etternavn: Karies", "Fødselsnummer: 12865398148"}
		b := s.browser(t)
		sees(t, b.get("/"), `href="/demo/lanekassen"`, `href="/demo/skatteetaten"`, `href="/demo/aldersgrense"`)
		sees(t, b.get("/demo/lanekassen"), "Vis ID-beviset ditt eller MinID-beviset, og elevbeviset", "Skolens organisasjonsnummer")
		for id, vct := range map[string]string{"pid": "urn:eudi:pid:1", "minid": "no:minid:mpid:1"} {
			cross, _ := b.askedOn("lanekassen")
			sees(t, b.get("/demo/lanekassen/answer/state"), "Venter på lommeboka", `"done":false`)
			w := s.open(t, cross)
			sees(t, b.get("/demo/lanekassen/answer/state"), "Lommeboka har hentet", `"done":false`)
			w.send(map[string][]string{id: {sdjwtOf(w, vct, id, nil)}, "student": {sdjwtOf(w, "no.sikt.elevbevis.1", "student", school)}})
			sees(t, b.get("/demo/lanekassen/answer/state"), `"done":true`)
			b.wantFacts("lanekassen", append(who[:3:3], "Rolle: elev", "Skole: Eksempel skole", "Skolens organisasjonsnummer: 999999999")...)
		}

		_, same := b.askedOn("skatteetaten")
		w := s.open(t, same)
		back := w.send(map[string][]string{"pid_sd_jwt": {w.sdjwtPID()}})
		if !strings.HasPrefix(back, s.url+"/demo/skatteetaten/back?response_code=") {
			t.Fatalf("back to %s", back)
		}
		b.wantWaiting("skatteetaten") // the response_code has not been brought
		is(t, s.browser(t).get(strings.TrimPrefix(back, s.url)), http.StatusNotFound)
		if a := b.get(strings.TrimPrefix(back, s.url)); a.path != "/demo/skatteetaten/answer" {
			t.Fatalf("at %s\n%s", a.path, a.body)
		}
		b.wantFacts("skatteetaten", append(who[:2:2], "Fødselsdato: 1998-06-12", who[2])...)

		cross, _ := b.askedOn("aldersgrense")
		w = s.open(t, cross)
		const av = "eu.europa.ec.av.1"
		raw := w.device(s.issuer.issueMdoc(&w.key.PublicKey, func(m *mdoc.Template) {
			m.DocType, m.Elements = av, []mdoc.Element{{Namespace: av, Identifier: "age_over_15", Value: true}, {Namespace: av, Identifier: "age_over_18", Value: true}}
		}), av, []string{"age_over_18"})
		w.send(map[string][]string{"age": {jose.EncodeBase64URL(raw)}})
		b.wantFacts("aldersgrense", "Er over 18 år: Ja")
		sees(t, b.get("/demo/aldersgrense/answer"), "Vi vet ikke hvem du er")
	})
}

func (b *browser) wantWaiting(service string) {
	b.t.Helper()
	sees(b.t, b.get("/demo/"+service+"/answer/state"), `"done":false`)
}

// What a service says when it does not accept, when the wallet says no, and when there is nothing to show.
func TestDemonstrationsThatSayNo(t *testing.T) {
	s := newService(t)
	b := s.browser(t)
	if a := b.get("/demo/skatteetaten/answer"); a.path != "/demo/skatteetaten" {
		t.Errorf("who has not asked is at %s", a.path)
	}
	is(t, b.get("/demo/nobody"), http.StatusNotFound)
	is(t, b.get("/demo/skatteetaten/back?response_code=x"), http.StatusNotFound)
	is(t, b.get("/demo/skatteetaten/answer/state"), http.StatusNotFound)

	cross, _ := b.askedOn("skatteetaten")
	w := s.open(t, cross)
	w.send(map[string][]string{"pid_sd_jwt": {w.bind(s.issuer.issueSDJWT(&w.key.PublicKey), "pid_sd_jwt", binding{nonce: "anothernonceanothernonce"})}})
	sees(t, b.get("/demo/skatteetaten/answer"), "Mislykket", "Lommeboka beviste ikke at beviset er utstedt til den")
	b.wantFacts("skatteetaten")

	cross, _ = b.askedOn("skatteetaten")
	w = s.open(t, cross)
	w.taken(w.post(url.Values{"error": {openid4vp.AccessDenied}, "state": {w.request.State}}))
	sees(t, b.get("/demo/skatteetaten/answer"), "Avslått", openid4vp.AccessDenied)

	// Another browser has nothing, and neither has a service with the handle of another.
	is(t, s.browser(t).get("/demo/skatteetaten/answer/state"), http.StatusNotFound)
	r, err := http.NewRequest(http.MethodGet, s.url+"/demo/aldersgrense/answer", nil)
	check(t, err)
	u, err := url.Parse(s.url)
	check(t, err)
	for _, cookie := range b.jar.Cookies(u) {
		cookie.Name = strings.Replace(cookie.Name, "skatteetaten", "aldersgrense", 1)
		r.AddCookie(cookie)
	}
	is(t, send(t, http.DefaultClient, r), http.StatusNotFound)
	s.unreachable(t)
	a := b.do(http.MethodPost, "/demo/skatteetaten/ask", "Origin", "https://thief.example", "Sec-Fetch-Site", "cross-site")
	is(t, a, http.StatusForbidden)
}

// unreachable is a verifier whose API gives tokens and then hangs up: its services say so, and the log does not have the handle.
func (s *service) unreachable(t *testing.T) {
	t.Helper()
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/token" {
			panic(http.ErrAbortHandler)
		}
		_, err := io.WriteString(w, `{"access_token":"x"}`)
		check(t, err)
	}))
	t.Cleanup(broken.Close)
	cfg := s.cfg
	cfg.URL = broken.URL
	var log bytes.Buffer
	alone, err := server.New(t.Context(), cfg, server.Deps{DB: s.db, Now: s.now, Log: slog.New(slog.NewJSONHandler(&log, nil))})
	check(t, err)
	r := httptest.NewRequest(http.MethodGet, "/demo/skatteetaten/answer", nil)
	r.AddCookie(&http.Cookie{Name: "lommebok_verifier_demo_skatteetaten", Value: "one.handle"})
	w := httptest.NewRecorder()
	alone.Handler.ServeHTTP(w, r)
	if w.Code != http.StatusBadGateway || !strings.Contains(w.Body.String(), "demo_verifier") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "not answered") || strings.Contains(log.String(), "one.handle") {
		t.Errorf("the log: %s", &log)
	}
}
