package leak

import (
	"slices"
	"testing"
)

// A25: the search must be able to find. Each leak is planted the way it would come.
func TestPlantedLeaksAreFound(t *testing.T) {
	const number = "a valid identity number"
	known := map[string]string{"password": "blå himmel", "code": "482913", "token": "Qm9sbGVy", "short": "ab"}
	tests := map[string]struct {
		text string
		want []string
	}{
		"nothing":                 {`{"time":"2026-11-27T23:24:32.080129743Z","level":"INFO","micros":482914}`, nil},
		"number in JSON":          {`{"pid":"12865398148"}`, []string{number}},
		"number in text":          {`level=INFO msg=12865398148`, []string{number}},
		"number at the end":       {"12865398148", []string{number}},
		"number with a blank":     {`msg="128653 98148"`, []string{number}},
		"number in an address":    {"/person/12865398148?x", []string{number}},
		"number with a blank, %":  {"/?pid=128653%2098148&x", []string{number}},
		"two numbers in a row":    {"12865398148,10876698493", []string{number, number}},
		"wrong sum":               {"12865398149", nil},
		"part of an identifier":   {"trace=4bf12865398148aa", nil},
		"password":                {`body "blå himmel"`, []string{"password"}},
		"code by itself":          {`code=482913`, []string{"code"}},
		"code in a longer number": {`"micros":1482913`, nil},
		"code in a time":          {`23:24:32.482913`, nil},
		"token in an address":     {"https://x.example/?token=Qm9sbGVy", []string{"token"}},
		"short word":              {"about", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := Found(tt.text, known); !slices.Equal(got, tt.want) {
				t.Errorf("found %q, want %q", got, tt.want)
			}
		})
	}
}

// What is found at the end of a test fails it.
func TestALeakFailsTheTest(t *testing.T) {
	told := &recorder{TB: t}
	l := NewLog(told)
	l.Know("password", "blå himmel")
	if _, err := l.Write([]byte("pid=12865398148 password=blå himmel")); err != nil {
		t.Fatal(err)
	}
	told.cleanup()
	if told.errors != 2 {
		t.Errorf("%d errors, want 2", told.errors)
	}
}

// recorder is a test that fails on paper.
type recorder struct {
	testing.TB
	cleanup func()
	errors  int
}

func (r *recorder) Helper()               {}
func (r *recorder) Cleanup(f func())      { r.cleanup = f }
func (r *recorder) Errorf(string, ...any) { r.errors++ }
