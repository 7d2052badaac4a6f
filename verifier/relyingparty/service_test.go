package relyingparty

import (
	"errors"
	"strings"
	"testing"
)

func TestEmbeddedServices(t *testing.T) {
	set, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"aldersgrense", "lanekassen", "skatteetaten", "skatteetaten-mdoc"} {
		if set.ByID(id) == nil {
			t.Errorf("%s is missing", id)
		}
	}
	for _, s := range set.All() {
		for lang, word := range map[string]string{"nb": "demonstrasjon", "nn": "demonstrasjon", "en": "demonstration"} {
			if !strings.Contains(s.Name.In(lang), word) {
				t.Errorf("%s: the name in %s does not say that it is a demonstration", s.ID, lang)
			}
		}
	}
}

func TestParseRefuses(t *testing.T) {
	const words = "{nb: a, nn: b, en: c}"
	good := "id: x\nname: " + words + "\npurpose: " + words + "\naccepted: " + words + "\n" +
		`query: {credentials: [{id: a, format: mso_mdoc, meta: {doctype_value: d}}]}`
	if _, err := Parse([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"an unknown member":      {"id: x", "id: x\nextra: 1"},
		"an id with other signs": {"id: x", "id: X/.."},
		"a language missing":     {"name: " + words, "name: {nb: a, nn: b}"},
		"a query without type":   {"{doctype_value: d}", "{}"},
		"a claim asked twice":    {"{doctype_value: d}", "{doctype_value: d}, claims: [{path: [a, b]}, {path: [a, b]}]"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Parse([]byte(strings.Replace(good, change[0], change[1], 1))); !errors.Is(err, ErrService) {
				t.Errorf("got %v, want ErrService", err)
			}
		})
	}
}
