package authserver_test

import (
	"net/http"
	"testing"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/specs/dpop"
)

// BenchmarkAccess is what a protected resource pays before its own work: one proof verified, one row read, one jti kept.
// BenchmarkProof is the part of it that no storage can make cheaper.
func BenchmarkAccess(b *testing.B) {
	w, token := benchWallet(b)
	requests := make([]*http.Request, b.N)
	for i := range requests {
		requests[i] = w.request(token)
	}
	b.ResetTimer()
	for _, r := range requests {
		if _, refusal := w.server.Access(r); refusal != nil {
			b.Fatal(refusal)
		}
	}
}

func BenchmarkProof(b *testing.B) {
	w, token := benchWallet(b)
	r := w.request(token)
	expect := dpop.Expect{Method: r.Method, URL: issuer + "/credential", At: w.now, AccessToken: token}
	for b.Loop() {
		if _, err := dpop.Verify(r.Header, expect); err != nil {
			b.Fatal(err)
		}
	}
}

func benchWallet(b *testing.B) (*wallet, string) {
	b.Helper()
	db, err := database.Open(b.Context(), dbtest.SQLite(b))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	w := worldOn(b, db).wallet()
	return w, w.token().AccessToken
}
