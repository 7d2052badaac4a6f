package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/internal/measure"
)

// BenchmarkRatioGrowth compares a credential request of an issuer that has issued a million with one that has issued a
// thousand: CPU time of eight clients, each as a multiple of the floor of its own run. Rows are put in by SQL.
func BenchmarkRatioGrowth(b *testing.B) {
	for b.Loop() {
		s := newService(b)
		p, w := s.person(b, karies), s.wallet(b)
		handler := s.quiet(b)
		token := w.token(p, byScope(benchScopes), p.signInWithCode)
		many := load{8, 64}
		floor, err := measure.NewP256()
		check(b, err)
		took := func() float64 {
			return measure.Times(many.round, func(n int) func() {
				calls := w.prepare(handler, token.AccessToken, mpid, single, n)
				return func() { many.send(b, handler, calls, single) }
			}, func() { floor.Work(1, 3, 0, 0) })
		}
		s.issued(b, 0, 1000)
		before := took()
		s.issued(b, 1000, 1_000_000)
		after := took()
		measure.Print("credential/a-million-issued-to-a-thousand", after/before, 1.10, fmt.Sprintf("%.2f and %.2f times the floor", after, before))
	}
}

// issued puts in as many issuances with a status entry and two audit entries, of a hundred thousand persons.
func (s *service) issued(b *testing.B, from, to int) {
	b.Helper()
	at := s.now().Add(-time.Hour).Unix()
	check(b, s.db.W.Exec(`INSERT INTO issuer_status_lists (id, size, allocated, version, created_at)
		WITH RECURSIVE n (i) AS (SELECT ? UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		SELECT 'L' || i, 131072, 65536, 1, 0 FROM n WHERE true ON CONFLICT DO NOTHING`, from>>16, to>>16).Error)
	for start := from; start < to; start += 100_000 {
		end := min(start+100_000, to) - 1
		numbers := fmt.Sprintf("WITH RECURSIVE n (i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d) ", start, end)
		check(b, s.db.W.Exec(numbers+`INSERT INTO issuer_issuances (id, person_id, client_id, configuration_id, level, copies, state, issued_at, expires_at, revoked_at)
			SELECT printf('A%09d', i) || hex(randomblob(13)), 'p' || (i % 100000), 'wallet',
			'pid_sd_jwt_vc', 'high', 1, 'issued', ?, ?, 0 FROM n`, at, at+14*86400).Error)
		check(b, s.db.W.Exec(`INSERT INTO issuer_status_entries SELECT 'L' || (substr(id, 2, 9) >> 16), 2 * (substr(id, 2, 9) & 65535), id, 0
			FROM issuer_issuances WHERE id BETWEEN printf('A%09d', ?) AND printf('A%09d', ?)`, start, end+1).Error)
		check(b, s.db.W.Exec(numbers+`INSERT INTO issuer_audit_entries SELECT (SELECT coalesce(max(seq), 0) FROM issuer_audit_entries) + 1 + i - ?, 0,
			'issuance.intent', 'p:AAAAAAAAAAAAAAAAAAAAAA', '', hex(randomblob(17)), 'intent', '{}', randomblob(32), randomblob(32) FROM n`, start).Error)
	}
}

// BenchmarkRatioStatusList compares a list of a million entries, ten thousand of them revoked, with one of a thousand, as they
// are served: by ready bytes. The answer goes nowhere, since copying it is the socket's work.
func BenchmarkRatioStatusList(b *testing.B) {
	s := newService(b)
	handler := s.quiet(b)
	check(b, s.db.W.Exec("INSERT INTO issuer_status_lists (id, size, allocated, version, created_at) VALUES ('small', 1000, 500, 1, 0), ('large', 1000000, 500000, 1, 0)").Error)
	check(b, s.db.W.Exec("INSERT INTO issuer_issuances (id, person_id, client_id, configuration_id, level, copies, state, issued_at, expires_at, revoked_at) VALUES ('one', 'p', 'w', 'pid_sd_jwt_vc', 'high', 1, 'issued', 0, 0, 0)").Error)
	check(b, s.db.W.Exec(`WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
		INSERT INTO issuer_status_entries SELECT 'large', i * 97 % 1000000, 'one', 1 FROM n`).Error)
	get := func(list string) func() {
		r := httptest.NewRequest(http.MethodGet, "/statuslists/"+list, nil)
		return func() {
			w := &nowhere{header: http.Header{}}
			handler.ServeHTTP(w, r)
			if w.status != http.StatusOK || w.size == 0 {
				b.Fatalf("%s: %d, %d bytes", list, w.status, w.size)
			}
		}
	}
	measure.Ratio(b, "statuslist/a-million-entries-to-a-thousand", 200, 1.10, get("large"), get("small"))
}

// nowhere counts what is written, and keeps what was refused.
type nowhere struct {
	header       http.Header
	status, size int
	refusal      []byte
}

func (n *nowhere) Header() http.Header { return n.header }

func (n *nowhere) WriteHeader(status int) { n.status = status }

func (n *nowhere) Write(p []byte) (int, error) {
	n.size += len(p)
	if n.status != http.StatusOK {
		n.refusal = append(n.refusal, p...)
	}
	return len(p), nil
}

// BenchmarkRatioPostgres is a credential request with rows on PostgreSQL. Only this program's CPU time counts, not that of the
// database's own.
func BenchmarkRatioPostgres(b *testing.B) {
	for _, l := range []load{{1, 24}, {8, 64}} {
		b.Run(l.String(), func(b *testing.B) {
			db, err := database.Open(b.Context(), dbtest.Postgres(b))
			check(b, err)
			b.Cleanup(func() { check(b, db.Close()) })
			benchCredential(b, newServiceOn(b, db), "credential/sd-jwt-vc/postgres/"+l.String(), mpid, single, l, goalSingle)
		})
	}
}
