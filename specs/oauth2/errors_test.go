package oauth2

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestDescriptionIsClean(t *testing.T) {
	tests := []struct{ rule, in, want string }{
		{"plain", "expected a, got b (section 5.2)", "expected a, got b (section 5.2)"},
		{"quotation marks", `got "x"`, "got 'x'"},
		{"backslash", `a\b`, "a?b"},
		{"line break", "a\r\nb", "a??b"},
		{"NUL", "a\x00b", "a?b"},
		{"delete", "a\x7fb", "a?b"},
		{"Norwegian letters", "fødselsnummer", "f?dselsnummer"},
		{"not UTF-8", "a\xffb", "a?b"},
		{"borders", " !#[]~", " !#[]~"},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			if got := NewError(400, InvalidRequest, "%s", tt.in).Description; got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	if got := len(NewError(400, InvalidRequest, "%s", strings.Repeat("é", 5000)).Description); got != maxDescription {
		t.Errorf("%d characters, want %d", got, maxDescription)
	}
}

func TestWriteError(t *testing.T) {
	tests := []struct {
		rule   string
		e      *Error
		status int
		body   string
	}{
		{"whole", NewError(400, InvalidGrant, "code: expected %q", "x"), 400,
			`{"error":"invalid_grant","error_description":"code: expected 'x'"}`},
		{"without description", &Error{Code: InvalidClient, Status: 401}, 401, `{"error":"invalid_client"}`},
		{"made by hand, not clean", &Error{Code: InvalidRequest, Description: "nå \"\n", Status: 400}, 400,
			`{"error":"invalid_request","error_description":"n? '?"}`},
		{"no status", &Error{Code: ServerError}, 500, `{"error":"server_error"}`},
		{"status that is no error", &Error{Code: ServerError, Status: 200}, 500, `{"error":"server_error"}`},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			w := httptest.NewRecorder()
			WriteError(w, tt.e)
			if w.Code != tt.status || w.Body.String() != tt.body {
				t.Errorf("got %d %s", w.Code, w.Body)
			}
			want := http.Header{
				"Content-Type": {"application/json"}, "Cache-Control": {"no-store"}, "X-Content-Type-Options": {"nosniff"},
			}
			for name := range want {
				if w.Header().Get(name) != want.Get(name) {
					t.Errorf("%s: got %q", name, w.Header().Get(name))
				}
			}
		})
	}
}

func TestErrorIsError(t *testing.T) {
	var err error = NewError(400, InvalidScope, "expected %s", "a")
	var e *Error
	if !errors.As(err, &e) || e.Status != 400 || err.Error() != "invalid_scope: expected a" {
		t.Errorf("got %v", err)
	}
	if got := (&Error{Code: AccessDenied}).Error(); got != "access_denied" {
		t.Errorf("got %s", got)
	}
}

func FuzzErrorDescription(f *testing.F) {
	f.Add("a\"b\\c\x00å\xff")
	f.Fuzz(func(t *testing.T, text string) {
		w := httptest.NewRecorder()
		WriteError(w, NewError(400, InvalidRequest, "%s", text))
		var e Error
		if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		for i := range len(e.Description) {
			if c := e.Description[i]; c < 0x20 || c == '"' || c == '\\' || c > 0x7e {
				t.Errorf("byte %x", c)
			}
		}
	})
}
