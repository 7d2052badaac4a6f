package wallet

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/transaction"
)

// A request without an answer is recorded too, with the reason, and with nothing of an address's query or of what a server wrote.
func TestRequestsWithoutAnswerAreRecorded(t *testing.T) {
	const secret = "Zq7secretsecretsecretsecret"
	raw := func(answer string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_, _ = io.WriteString(conn, answer)
				_ = conn.Close()
			}
		}
	}
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	gone := httptest.NewServer(nil)
	gone.Close()
	for name, c := range map[string]struct {
		address string
		handler http.HandlerFunc
		want    string
	}{
		"nobody there":        {gone.URL, nil, "refused"},
		"an unknown root":     {secure.URL, nil, "certificate"},
		"plain text as TLS":   {"https", nil, "server gave HTTP response to HTTPS client"},
		"no http address":     {"http://example.org", nil, fetch.ErrAddress.Error()},
		"a redirect":          {"", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/"+secret, http.StatusFound) }, fetch.ErrRedirect.Error()},
		"too much":            {"", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 70<<10)) }, fetch.ErrTooLarge.Error()},
		"silence":             {"", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "timed out"},
		"no HTTP":             {"", raw("access_token=" + secret + "\r\n\r\n"), "nothing whole came back"},
		"a header that is no": {"", raw("HTTP/1.1 200 OK\r\n" + secret + "\r\n\r\n"), "nothing whole came back"},
		"the end at once":     {"", raw(""), "nothing whole came back"},
		"given up":            {"", nil, context.Canceled.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(c.handler)
			defer server.Close()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			switch {
			case c.address == "https":
				c.address = strings.Replace(server.URL, "http:", "https:", 1)
			case c.address == "":
				c.address = server.URL
			}
			patience := 5 * time.Second
			switch name {
			case "given up":
				cancel()
			case "silence":
				patience = 20 * time.Millisecond
			}
			var entries []*transaction.Entry
			w := &Wallet{
				Fetch: fetch.New(fetch.Config{InsecureAllowLoopback: true, Timeout: patience}), Now: func() time.Time { return now },
				Record: func(e *transaction.Entry) error { entries = append(entries, e); return nil },
			}
			if _, err := w.getJSON(ctx, "a document (section 1)", c.address+"/x?code="+secret); err == nil {
				t.Fatal("expected an error")
			}
			if len(entries) != 1 || !strings.Contains(entries[0].Failed, c.want) || entries[0].Response.Status != 0 || entries[0].Step != "a document" {
				t.Fatalf("%d entries, %+v", len(entries), entries)
			}
			if text, err := json.Marshal(entries[0]); err != nil || strings.Contains(string(text), secret) {
				t.Errorf("%s %v", text, err)
			}
		})
	}
}

// A log that cannot be written is told beside the failure.
func TestAFailureThatCannotBeRecorded(t *testing.T) {
	w := &Wallet{Fetch: fetch.New(fetch.Config{}), Now: func() time.Time { return now }, Record: func(*transaction.Entry) error { return net.ErrClosed }}
	_, err := w.getJSON(t.Context(), "a document (section 1)", "ftp://issuer.example")
	if err == nil || !strings.Contains(err.Error(), net.ErrClosed.Error()) || !strings.Contains(err.Error(), fetch.ErrAddress.Error()) {
		t.Errorf("%v", err)
	}
}

// The log holds no credential and no piece of one, nothing that one says of a person, and no refresh token: neither when they come, in plain, nor
// when they are sent, whether an answer comes or not.
func TestNoCredentialAndNoRefreshTokenIsRecorded(t *testing.T) {
	w := newWorld(t)
	var log strings.Builder
	w.wallet.Record = func(e *transaction.Entry) error { return json.NewEncoder(&log).Encode(e) }
	refresh := rand.Text()
	w.bendToken = func(r *oauth2.TokenResponse) { r.RefreshToken = refresh }
	got, err := w.get(sdConfig, mdocConfig)
	check(t, err)
	a := newAsker(w)
	jwt := a.bent(map[string]any{"response_mode": openid4vp.ResponseModeDirectPost})
	a.bend = func(string) string { return jwt }
	r, err := w.wallet.Request(t.Context(), a.link())
	check(t, err)
	_, err = w.wallet.Share(t.Context(), r)
	check(t, err)
	if _, err := w.wallet.Renew(t.Context(), got[0].ID); err == nil { // a token endpoint that wants a code alone
		t.Error("renewed")
	}
	w.server.Close()
	if _, err := w.wallet.Renew(t.Context(), got[0].ID); err == nil {
		t.Error("renewed by nobody")
	}
	secrets := []string{refresh, "Flat", "Stjerne", "1965-04-14"}
	const piece = 24
	for _, c := range got {
		for _, one := range c.Copies {
			for part := range strings.FieldsFuncSeq(one.Credential, func(r rune) bool { return r == '~' || r == '.' }) {
				for chunk := range slices.Chunk([]byte(part), piece) {
					if len(chunk) == piece {
						secrets = append(secrets, string(chunk))
					}
				}
			}
		}
	}
	for _, secret := range secrets {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%s is in the log", secret)
		}
	}
	for _, told := range []string{"\\\"access_token\\\"", "\\\"credentials\\\"", "\\\"vp_token\\\"", "\\\"refresh_token\\\"", "invalid_grant", "\"failed\":"} {
		if !strings.Contains(log.String(), told) {
			t.Errorf("%s is not in the log", told)
		}
	}
	if len(secrets) < 100 {
		t.Errorf("looked for %d", len(secrets))
	}
}
