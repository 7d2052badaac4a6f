package sdjwt

import (
	"errors"
	"reflect"
	"testing"
)

func person() map[string]any {
	return map[string]any{
		"open": "o",
		"name": SD{"Kari"},
		"address": SD{map[string]any{
			"street": SD{"Storgata 1"}, "city": SD{"Oslo"}, "country": "NO",
		}},
		"nationalities": []any{SD{"NO"}, "SE", SD{"DK"}},
		"degrees": SD{[]any{
			map[string]any{"title": SD{"Bachelor"}, "year": SD{2020}},
			SD{map[string]any{"title": SD{"Master"}}},
			SD{map[string]any{"year": SD{2024}}},
		}},
	}
}

func TestSelect(t *testing.T) {
	s, payload := encoded(t, person())
	s.KeyBinding = "kb.kb.kb"
	nothing := `"open":"o","nationalities":["SE"]`
	for rule, c := range map[string]struct {
		paths [][]any
		want  string
	}{
		"no paths":                       {nil, `{` + nothing + `}`},
		"claim in the open":              {[][]any{{"open"}}, `{` + nothing + `}`},
		"one claim":                      {[][]any{{"name"}}, `{` + nothing + `,"name":"Kari"}`},
		"nested claim keeps its parent":  {[][]any{{"address", "city"}}, `{` + nothing + `,"address":{"city":"Oslo","country":"NO"}}`},
		"open claim in a hidden parent":  {[][]any{{"address", "country"}}, `{` + nothing + `,"address":{"country":"NO"}}`},
		"a claim with all that is in it": {[][]any{{"address"}}, `{` + nothing + `,"address":{"street":"Storgata 1","city":"Oslo","country":"NO"}}`},
		"the same claim twice":           {[][]any{{"name"}, {"name"}}, `{` + nothing + `,"name":"Kari"}`},
		"element by index":               {[][]any{{"nationalities", 0}}, `{"open":"o","nationalities":["NO","SE"]}`},
		"open element by index":          {[][]any{{"nationalities", 1}}, `{` + nothing + `}`},
		"last element":                   {[][]any{{"nationalities", 2}}, `{"open":"o","nationalities":["SE","DK"]}`},
		"every element":                  {[][]any{{"nationalities", nil}}, `{"open":"o","nationalities":["NO","SE","DK"]}`},
		"an array whole":                 {[][]any{{"nationalities"}}, `{"open":"o","nationalities":["NO","SE","DK"]}`},
		"claim in every element that has it": {[][]any{{"degrees", nil, "title"}},
			`{` + nothing + `,"degrees":[{"title":"Bachelor"},{"title":"Master"}]}`},
		"claim of one element":      {[][]any{{"degrees", 2, "year"}}, `{` + nothing + `,"degrees":[{},{"year":2024}]}`},
		"claim of a hidden element": {[][]any{{"degrees", 1, "title"}}, `{` + nothing + `,"degrees":[{},{"title":"Master"}]}`},
	} {
		got, err := Select(s, payload, c.paths)
		if err != nil {
			t.Errorf("%s: %v", rule, err)
			continue
		}
		claims, err := got.Process(payload)
		if err != nil || !reflect.DeepEqual(claims, object(t, c.want)) || got.KeyBinding != "" {
			t.Errorf("%s: %v, %v", rule, claims, err)
		}
	}
}

func TestSelectRefuses(t *testing.T) {
	s, payload := encoded(t, person())
	for rule, path := range map[string][]any{
		"no such claim":              {"age"},
		"no such nested claim":       {"address", "floor"},
		"index beyond the end":       {"nationalities", 3},
		"index below zero":           {"nationalities", -1},
		"index of an object":         {"address", 0},
		"every element of an object": {"address", nil},
		"name of an array":           {"nationalities", "NO"},
		"beyond a value":             {"name", "first"},
		"reserved name":              {"_sd"},
		"a step of another kind":     {1.0},
		"an index as float":          {"nationalities", 0.0},
		"claim in no element":        {"degrees", nil, "grade"},
	} {
		if _, err := Select(s, payload, [][]any{{"name"}, path}); !errors.Is(err, ErrPath) {
			t.Errorf("%s: %v", rule, err)
		}
	}
	s.Disclosures = append(s.Disclosures, s.Disclosures[0])
	if _, err := Select(s, payload, nil); !errors.Is(err, ErrDuplicateDigest) {
		t.Errorf("an SD-JWT that does not process: %v", err)
	}
}
