package school_test

import (
	"errors"
	"strings"
	"testing"

	"lommebok.example/minid/school"
	"lommebok.example/specs/fnr"
)

const goodFile = `
- number: "314600568"
  name: Lillevik ungdomsskole
  owner: "314600630"
  employees: ["11853349366"]
  classes:
    - {name: 10A, pupils: ["07831161080", "19851173326"]}
    - {name: 10B, pupils: ["02891164192"]}
`

func TestTheFileOfSchoolsIsReadStrictly(t *testing.T) {
	if _, err := school.Parse([]byte(goodFile)); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"a number that is none":        {`"314600568"`, `"3146"`},
		"no owner":                     {`owner: "314600630"`, `owner: ""`},
		"no name":                      {"Lillevik ungdomsskole", `""`},
		"a member that there is not":   {"name: Lillevik", "town: x\n  name: Lillevik"},
		"a person that is none":        {`"02891164192"`, `"02891164193"`},
		"a pupil in two classes":       {`"02891164192"`, `"07831161080"`},
		"a teacher who is a pupil":     {`"02891164192"`, `"11853349366"`},
		"two classes of one name":      {"10B", "10A"},
		"a class with a slash":         {"10B", "10/B"},
		"a class without a name":       {"name: 10B", `name: ""`},
		"no list":                      {goodFile, "number: x"},
		"the school a second time":     {goodFile, goodFile + goodFile},
		"a number without its quotes ": {`["02891164192"]`, `[02891164192, {}]`},
	} {
		if _, err := school.Parse([]byte(strings.Replace(goodFile, change[0], change[1], 1))); !errors.Is(err, school.ErrFile) || holdsNumber(err.Error()) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func holdsNumber(text string) bool {
	for i := range text {
		if len(text)-i >= 11 {
			if _, err := fnr.Parse(text[i : i+11]); err == nil {
				return true
			}
		}
	}
	return false
}

func TestTheBuiltInSchoolsAreSynthetic(t *testing.T) {
	f, err := school.BuiltIn()
	must(t, err)
	schools, err := f.Schools(t.Context(), kommune)
	must(t, err)
	if len(schools) != 1 || len(schools[0].Classes) != 3 {
		t.Fatalf("%+v", schools)
	}
	people, err := f.Employees(t.Context(), lillevik)
	must(t, err)
	for _, class := range schools[0].Classes {
		pupils, err := f.Pupils(t.Context(), lillevik, class)
		must(t, err)
		people = append(people, pupils...)
	}
	for _, pid := range people {
		if n, err := fnr.Parse(pid); err != nil || !n.Series().Synthetic() {
			t.Errorf("%v", err)
		}
	}
	for _, err := range []error{
		func() error { _, err := f.School(t.Context(), "1"); return err }(),
		func() error { _, err := f.Employees(t.Context(), "1"); return err }(),
		func() error { _, err := f.Pupils(t.Context(), lillevik, "10Z"); return err }(),
	} {
		if !errors.Is(err, school.ErrNotFound) {
			t.Error(err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(goodFile))
	f.Add([]byte(`[{"number": "314600568"}]`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		file, err := school.Parse(raw)
		if err != nil {
			if !errors.Is(err, school.ErrFile) {
				t.Errorf("%v", err)
			}
			return
		}
		if _, err := file.Schools(t.Context(), kommune); err != nil {
			t.Error(err)
		}
	})
}
