package server_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"lommebok.example/specs/jose"
)

// Nested without end: refused where it is read, and never read to the bottom.
func TestTooDeepRefused(t *testing.T) {
	s := newService(t)
	arrays := strings.Repeat("[", 1000) + strings.Repeat("]", 1000)
	deep := jose.EncodeBase64URL([]byte(`["c2FsdHNhbHRzYWx0c2FsdA","given_name",` + arrays + `]`))
	for name, c := range map[string]struct {
		query string
		make  func(w *wallet) string
	}{
		"CBOR": {"pid_mdoc", func(*wallet) string {
			return jose.EncodeBase64URL([]byte(strings.Repeat("\x81", 1000) + "\x00"))
		}},
		"disclosure": {"pid_sd_jwt", func(w *wallet) string {
			text := w.sdjwtPID()
			end := strings.LastIndex(text, "~") + 1
			return text[:end] + deep + "~" + text[end:]
		}},
		"payload of the issuer": {"pid_sd_jwt", func(w *wallet) string {
			parts := strings.SplitN(w.sdjwtPID(), ".", 3)
			return parts[0] + "." + jose.EncodeBase64URL([]byte(`{"vct":`+arrays+`}`)) + "." + parts[2]
		}},
	} {
		t.Run(name, func(t *testing.T) {
			b := s.browserAt(t, "skatteetaten")
			w := s.open(t, b.transaction().QR)
			w.send(map[string][]string{c.query: {c.make(w)}})
			wantRefused(t, b.wantState("answered"), "format_failed")
		})
	}
	t.Run("answer", func(t *testing.T) {
		b := s.browserAt(t, "skatteetaten")
		w := s.open(t, b.transaction().QR)
		jwe, err := jose.Encrypt([]byte(`{"vp_token":`+arrays+`}`), w.request.ClientMetadata.JWKS.Keys[0], jose.A128GCM)
		check(t, err)
		wantRefusal(t, w.post(url.Values{"response": {jwe}}), http.StatusBadRequest)
		b.wantState("fetched")
	})
}

// wantRefusal expects what a wallet is told.
func wantRefusal(t testing.TB, a answer, status int) {
	t.Helper()
	var e struct{ Error string }
	check(t, json.Unmarshal([]byte(a.body), &e))
	if a.status != status || e.Error != "invalid_request" {
		t.Errorf("%d %s, want %d invalid_request", a.status, a.body, status)
	}
}

// A signature that is by no key: its last byte stands before the member status, which ends a DeviceResponse.
func TestMdocSignedByNobodyRefused(t *testing.T) {
	s := newService(t)
	b := s.browserAt(t, "skatteetaten")
	w := s.open(t, b.transaction().QR)
	raw := w.mdocPID(s.issuer.issueMdoc(&w.key.PublicKey))
	raw[len(raw)-len("\x66status\x00")-1] ^= 1
	w.send(map[string][]string{"pid_mdoc": {jose.EncodeBase64URL(raw)}})
	wantRefused(t, b.wantState("answered"), "device_signature")
}

// endless is a body that ends long after every limit, and counts what was taken of it.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	if e.read > 8<<20 {
		return 0, io.EOF
	}
	for i := range p {
		p[i] = 'x'
	}
	e.read += len(p)
	return len(p), nil
}

// G11: no more of a body is read than is wanted, whatever its length says.
func TestBodyWithoutEnd(t *testing.T) {
	const form, multipart = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
	s := newService(t)
	for _, c := range []struct {
		path, kind    string
		limit, status int
	}{
		{"/responses/x", form, 1 << 20, http.StatusRequestEntityTooLarge},
		{"/responses/x", multipart, 0, http.StatusNotFound},
		{"/services/skatteetaten/start", form, 64 << 10, http.StatusSeeOther},
		{"/requests/x", form, 64 << 10, http.StatusRequestEntityTooLarge},
	} {
		for name, length := range map[string]int64{"chunked": -1, "by its length": 1 << 40} {
			t.Run(c.path+" "+c.kind+" "+name, func(t *testing.T) {
				body := &endless{}
				r := httptest.NewRequest(http.MethodPost, s.url+c.path, io.NopCloser(body))
				r.ContentLength = length
				r.Header.Set("Content-Type", c.kind)
				rec := httptest.NewRecorder()
				s.Handler.ServeHTTP(rec, r)
				if rec.Code != c.status {
					t.Errorf("status %d %s, want %d", rec.Code, rec.Body, c.status)
				}
				if most := c.limit + 1<<20; body.read > most || c.limit == 0 && body.read > 0 {
					t.Errorf("%d bytes were read, at most %d are wanted", body.read, c.limit)
				}
			})
		}
	}
}
