package server

import (
	"encoding/json"
	"testing"
)

func TestValueText(t *testing.T) {
	for want, value := range map[string]any{
		"Oslo":                           "Oslo",
		"true":                           true,
		"974652269":                      json.Number("974652269"),
		"NO, SE":                         []any{"NO", "SE"},
		"country: NO, locality: Oslo":    map[string]any{"locality": "Oslo", "country": "NO"},
		"a: 1, b: x, y, c: d: e":         map[string]any{"a": json.Number("1"), "b": []any{"x", "y"}, "c": map[string]any{"d": "e"}},
		"":                               []any{},
		"<b>not markup for the page</b>": "<b>not markup for the page</b>", // the template escapes
	} {
		if got := valueText(value); got != want {
			t.Errorf("%v: %q, want %q", value, got, want)
		}
	}
}

func TestClaimName(t *testing.T) {
	for path, want := range map[string]string{
		"given_name": "given_name", "eu.europa.ec.eudi.pid.1.birth_date": "birth_date", "place_of_birth.country": "", "given_name.x": "", "": "",
	} {
		if got := claimName(path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}
