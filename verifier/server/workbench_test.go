package server_test

import (
	"net/http"
	"net/url"
	"testing"
)

func TestWorkbench(t *testing.T) {
	s := newService(t)
	sees(t, s.browser(t).get("/"), `href="/workbench"`)
	for lang, words := range map[string][]string{
		"nb": {"Prøv en spørring", "Lommeboka ville sendt:", "Aldersbevis", "Passer ikke", "age_over_18</code> finnes", "the format is"},
		"nn": {"Prøv ei spørjing", "Passar ikkje"},
		"en": {"Try a query", "Does not match"},
	} {
		a := s.browser(t).get("/workbench?preset=aldersgrense&lang=" + lang)
		is(t, a, http.StatusOK)
		sees(t, a, words...)
	}
	b := s.browser(t)
	sees(t, b.get("/workbench?preset=lanekassen"), "Elevbevis", "school_name", "MinID-bevis")
	is(t, b.get("/workbench?preset=nobody"), http.StatusOK)
	try := func(query string) answer {
		return post(t, s.url+"/workbench", url.Values{"query": {query}})
	}
	a := try(`{"credentials":[{"id":"a","format":"dc+sd-jwt","meta":{"vct_values":["urn:eudi:pid:1"]},"claims":[{"path":["given_name"]},{"path":["shoe_size"]}]}]}`)
	is(t, a, http.StatusOK)
	sees(t, a, "Lommeboka kan ikke svare", "Norsk ID-bevis, SD-JWT VC: <span lang=\"en\">the claim shoe_size is missing", "given_name</code> finnes", "shoe_size</code> mangler")
	a = try(`{"credentials":[]} <b>`)
	is(t, a, http.StatusUnprocessableEntity)
	sees(t, a, "Spørringen kan ikke sendes:", "&lt;b&gt;", `aria-invalid="true"`)
}
