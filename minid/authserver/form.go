package authserver

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"

	"lommebok.example/specs/oauth2"
)

const (
	maxBody   = 64 << 10
	maxFields = 64
)

// form reads the parameters of a POST (RFC 6749 sections 3.2 and 4.1.3): from the body alone, each at most once. A
// parameter without a value counts as absent. resource may come several times (RFC 8707 section 2).
func form(w http.ResponseWriter, r *http.Request) (url.Values, *oauth2.Error) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return nil, oauth2.NewError(http.StatusMethodNotAllowed, oauth2.InvalidRequest, "expected POST, got %s (RFC 6749 section 3.2)", r.Method)
	}
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != "application/x-www-form-urlencoded" {
		return nil, oauth2.NewError(http.StatusBadRequest, oauth2.InvalidRequest,
			"expected Content-Type application/x-www-form-urlencoded (RFC 6749 appendix B)")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, oauth2.NewError(http.StatusRequestEntityTooLarge, oauth2.InvalidRequest, "expected a body of at most %d bytes", maxBody)
	case err != nil:
		return nil, oauth2.NewError(http.StatusBadRequest, oauth2.InvalidRequest, "the body ended too early")
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, oauth2.NewError(http.StatusBadRequest, oauth2.InvalidRequest, "the body is not form-urlencoded (RFC 6749 appendix B)")
	}
	return values, once(values)
}

func once(values url.Values) *oauth2.Error {
	if len(values) > maxFields {
		return oauth2.NewError(http.StatusBadRequest, oauth2.InvalidRequest, "expected at most %d parameters, got %d", maxFields, len(values))
	}
	for key, all := range values {
		if len(all) > 1 && key != "resource" {
			return oauth2.NewError(http.StatusBadRequest, oauth2.InvalidRequest, "the parameter %s came %d times (RFC 6749 section 3.2)", clip(key), len(all))
		}
	}
	return nil
}

// clip shortens a caller's word before it is put into an answer.
func clip(s string) string {
	const most = 40
	if len(s) > most {
		return s[:most] + "..."
	}
	return s
}
