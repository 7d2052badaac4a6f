package server_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// endless is a body that ends long after every limit, and counts what was taken of it.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	if e.read > 4<<20 {
		return 0, io.EOF
	}
	for i := range p {
		p[i] = 'x'
	}
	e.read += len(p)
	return len(p), nil
}

// G11: whoever takes a body takes so much of it and no more, whatever its length says; whoever takes none reads nothing.
func TestBodyWithoutEnd(t *testing.T) {
	const (
		inJSON    = "application/json"
		multipart = "multipart/form-data; boundary=x"
		slack     = 32 << 10 // of a reader's buffer
	)
	s := newService(t)
	p, w := s.person(t, stjerne), s.wallet(t)
	token := w.token(p, byScope("eudiw:no:minid:mpid"), p.signInWithCode).AccessToken
	tests := []struct {
		path, kind string
		limit      int
		status     int
		code       string
	}{
		{"/par", form, 64 << 10, 413, "invalid_request"},
		{"/token", form, 64 << 10, 413, "invalid_request"},
		{"/par", inJSON, 0, 400, "invalid_request"},
		{"/token", multipart, 0, 400, "invalid_request"},
		{"/nonce", inJSON, 0, 200, ""},
		{"/credential", inJSON, 256 << 10, 413, "invalid_credential_request"},
		{"/minid/app/devices", inJSON, 16 << 10, 413, "invalid_request"},
		{"/minid/app/attempts", inJSON, 16 << 10, 413, "invalid_request"},
		{"/minid/app/attempts/x", inJSON, 16 << 10, 413, "invalid_request"},
		{"/authorize/consent/x", form, 64 << 10, 413, "invalid_request"},
		{"/login/password", form, 64 << 10, 413, "form"},
		{"/login/password", multipart, 64 << 10, 403, "form_token"},
		{"/login/totp", form, 64 << 10, 413, "form"},
		{"/login/method", form, 64 << 10, 413, "form"},
		{"/logout", form, 64 << 10, 413, "form"},
		{"/minid/pair", form, 64 << 10, 413, "form"},
		{"/offers", form, 64 << 10, 400, "unknown_credential_configuration"},
		{"/offers", multipart, 64 << 10, 400, "unknown_credential_configuration"},
		{"/mine/x/revoke", form, 0, 303, ""},
		{"/nowhere", form, 0, 404, "not_found"},
	}
	for _, tt := range tests {
		for name, length := range map[string]int64{"chunked": -1, "by its length": 1 << 40} {
			t.Run(tt.path+" "+tt.kind+" "+name, func(t *testing.T) {
				body := &endless{}
				r := httptest.NewRequest(http.MethodPost, s.url+tt.path, io.NopCloser(body))
				r.ContentLength = length
				r.Header.Set("Content-Type", tt.kind)
				r.Header.Set("Accept", "application/json")
				if tt.path == "/credential" {
					proof, err := w.prover.Proof(http.MethodPost, s.url+tt.path, w.nonce, token, s.now())
					check(t, err)
					r.Header.Set("DPoP", proof)
					r.Header.Set("Authorization", "DPoP "+token)
				}
				rec := httptest.NewRecorder()
				s.Handler.ServeHTTP(rec, r)
				var e struct{ Error string }
				if rec.Code != http.StatusSeeOther {
					check(t, json.Unmarshal(rec.Body.Bytes(), &e))
				}
				if rec.Code != tt.status || e.Error != tt.code {
					t.Errorf("%d %s, want %d %s", rec.Code, rec.Body, tt.status, tt.code)
				}
				if most := tt.limit + slack; body.read > most || tt.limit == 0 && body.read > 0 {
					t.Errorf("%d bytes were read, at most %d are wanted", body.read, tt.limit)
				}
			})
		}
	}
}
