package server_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/measure"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/statuslist"
	"lommebok.example/verifier/server"
)

// An answer over HTTP, with everything that stands about the judgement: the row of its request, the decryption, the chain
// and the status from memory, the verdict sealed and stored. What nobody can do without is one agreement for the
// decryption, and the signatures of issuer and holder.
func BenchmarkRatioPresentation(b *testing.B) {
	for _, f := range []struct {
		name, query string
		present     func(w *wallet) string
	}{
		{"sd-jwt-vc", "pid_sd_jwt", func(w *wallet) string { return w.sdjwtPID() }},
		{"mdoc", "pid_mdoc", func(w *wallet) string {
			return jose.EncodeBase64URL(w.mdocPID(w.s.issuer.issueMdoc(&w.key.PublicKey)))
		}},
	} {
		b.Run(f.name, func(b *testing.B) {
			const round = 20
			s := newService(b)
			s.issuer.publish(listing{ttl: time.Hour, status: statuslist.Valid})
			handler := s.quiet(b)
			floor, err := measure.NewP256()
			check(b, err)
			measure.RatioOf(b, "presentation/"+f.name, round, 1.33, func(n int) func() {
				posts := make([]*http.Request, n)
				for i := range posts {
					w := s.open(b, s.browserAt(b, "skatteetaten").transaction().QR)
					posts[i] = formOf(w, map[string][]string{f.query: {f.present(w)}})
				}
				return func() {
					for _, r := range posts {
						rec := httptest.NewRecorder()
						handler.ServeHTTP(rec, r)
						if rec.Code != http.StatusOK {
							b.Fatalf("%d %s", rec.Code, rec.Body)
						}
					}
				}
			}, func() { floor.Work(0, 2, 1, 12) })
		})
	}
}

// quiet is the service without its log, and without what tests look at.
func (s *service) quiet(t testing.TB) http.Handler {
	t.Helper()
	built, err := server.New(context.Background(), s.cfg, server.Deps{DB: s.db, Now: s.now, Log: slog.New(slog.DiscardHandler)})
	check(t, err)
	return built.Handler
}

func formOf(w *wallet, presentations map[string][]string) *http.Request {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodPost, w.request.ResponseURI, strings.NewReader(w.encrypt(presentations, "").Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}
