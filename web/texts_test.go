package web

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestEveryTextStandsInEveryLanguage(t *testing.T) {
	all, err := loadTexts(files)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range differences(all) {
		t.Error(problem)
	}
}

// differences names the keys that a language lacks, and the texts whose arguments are others than in bokmål.
func differences(all texts) []string {
	var found []string
	for _, lang := range Languages {
		for _, other := range Languages {
			for key := range all[other] {
				if _, ok := all[lang][key]; !ok {
					found = append(found, key+" stands in "+other+" and not in "+lang)
				}
			}
		}
		for key, text := range all[lang] {
			want, got := holes(all[defaultLanguage][key]), holes(text)
			if !slices.Equal(want, got) {
				found = append(found, key+" in "+lang+" has other arguments than in "+defaultLanguage)
			}
		}
	}
	return found
}

func holes(text string) []string {
	found := placeholder.FindAllString(text, -1)
	slices.Sort(found)
	return slices.Compact(found)
}

func TestDifferencesAreFound(t *testing.T) {
	same := texts{"nb": {"a.b": "{n} ting"}, "nn": {"a.b": "{n} ting"}, "en": {"a.b": "{n} things"}}
	if got := differences(same); len(got) != 0 {
		t.Errorf("no difference, got %v", got)
	}
	for name, all := range map[string]texts{
		"lacks nn":       {"nb": {"a.b": "x"}, "nn": {}, "en": {"a.b": "x"}},
		"only in en":     {"nb": {}, "nn": {}, "en": {"a.b": "x"}},
		"other argument": {"nb": {"a.b": "{n}"}, "nn": {"a.b": "{m}"}, "en": {"a.b": "{n}"}},
	} {
		if len(differences(all)) == 0 {
			t.Errorf("%s: not found", name)
		}
	}
}

func TestTextFilesAreReadStrictly(t *testing.T) {
	for name, c := range map[string]struct{ file, content string }{
		"not a map":          {"a.nb.yaml", "- x"},
		"empty":              {"a.nb.yaml", ""},
		"nested":             {"a.nb.yaml", "a:\n  b: x"},
		"key twice":          {"a.nb.yaml", "a.b: x\na.b: y"},
		"key of another":     {"a.nb.yaml", "b.b: x"},
		"key without dot":    {"a.nb.yaml", "a: x"},
		"key in capitals":    {"a.nb.yaml", "a.B: x"},
		"number":             {"a.nb.yaml", "a.b: 7"},
		"truth":              {"a.nb.yaml", "a.b: true"},
		"nothing":            {"a.nb.yaml", "a.b:"},
		"empty text":         {"a.nb.yaml", `a.b: ""`},
		"list":               {"a.nb.yaml", "a.b: [x]"},
		"alias":              {"a.nb.yaml", "a.b: &x y\na.c: *x"},
		"tag":                {"a.nb.yaml", "a.b: !!binary eA=="},
		"two documents":      {"a.nb.yaml", "a.b: x\n---\na.c: y"},
		"unknown language":   {"a.sv.yaml", "a.b: x"},
		"no language":        {"a.yaml", "a.b: x"},
		"not yaml":           {"a.nb.yaml", "a.b: \"x"},
		"brace unquoted":     {"a.nb.yaml", "a.b: {n} ting"},
		"colon unquoted":     {"a.nb.yaml", "a.b: x: y"},
		"merge key":          {"a.nb.yaml", "<<: {a.b: x}"},
		"key that is a list": {"a.nb.yaml", "[a.b]: x"},
	} {
		if all, err := loadTexts(fstest.MapFS{"texts/" + c.file: {Data: []byte(c.content)}}); err == nil {
			t.Errorf("%s was taken: %v", name, all["nb"])
		}
	}
	all, err := loadTexts(fstest.MapFS{"texts/a.nn.yaml": {Data: []byte("# c\na.b: \"{n}: éin\"\na.c: >-\n  to\n  linjer\n")}})
	if err != nil || all["nn"]["a.b"] != "{n}: éin" || all["nn"]["a.c"] != "to linjer" {
		t.Errorf("right file: %v, %v", all["nn"], err)
	}
}

func FuzzTexts(f *testing.F) {
	for _, seed := range []string{"a.b: x", "a.b: \"{n}\"\na.c: |\n  y", "- x", "a.b: &x y\na.c: *x", "<<: {a.b: x}", "a.b: !!str 7", "? a.b\n: x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		all, err := loadTexts(fstest.MapFS{"texts/a.nb.yaml": {Data: []byte(content)}})
		if err != nil {
			return
		}
		for key, text := range all["nb"] {
			if !textKey.MatchString(key) || !strings.HasPrefix(key, "a.") || text == "" {
				t.Errorf("%q: %q was taken", key, text)
			}
		}
	})
}

func TestArguments(t *testing.T) {
	all := texts{"nb": {"a.name": "{who} har {n} bevis", "a.place": "{0} av {1}", "a.n.one": "{n} bevis til {who}", "a.n.many": "{n} bevis i alt til {who}"}}
	for _, c := range []struct {
		key  string
		args []any
		want string
	}{
		{"a.name", []any{"who", "Ola", "n", 2}, "Ola har 2 bevis"},
		{"a.name", []any{"n", 2, "who", "{n}"}, "{n} har 2 bevis"},
		{"a.place", []any{1, "tre"}, "1 av tre"},
		{"a.name", []any{"who", "Ola"}, ""},
		{"a.place", []any{1}, ""},
		{"a.none", nil, ""},
	} {
		got, err := all.get("nb", c.key, c.args...)
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s%v: %q, %v; want %q", c.key, c.args, got, err, c.want)
		}
	}
	for n, want := range map[int]string{0: "0 bevis i alt til deg", 1: "1 bevis til deg", 2: "2 bevis i alt til deg"} {
		if got, err := all.count("nb", "a.n", n, "who", "deg"); err != nil || got != want {
			t.Errorf("%d: %q, %v; want %q", n, got, err, want)
		}
	}
}
