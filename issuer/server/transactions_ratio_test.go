package server_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"

	"lommebok.example/internal/measure"
	"lommebok.example/internal/observe"
	"lommebok.example/issuer/server"
	"lommebok.example/minid"
)

// BenchmarkRatioTransactions compares the CPU time of a Credential Request that is recorded, with what decodes, seals and writes it beside the
// request, with the same request where nothing is recorded.
func BenchmarkRatioTransactions(b *testing.B) {
	for _, l := range []load{{1, 24}, {8, 64}} {
		b.Run(l.String(), func(b *testing.B) {
			s := newService(b)
			off := s.quiet(b)
			s.cfg.Transactions = true
			on, err := server.New(context.Background(), s.cfg, server.Deps{
				DB: s.db, Now: s.now, Log: observe.Logger(io.Discard), Argon2: minid.Argon2{Memory: 64, Time: 1, Parallelism: 1},
			})
			check(b, err)
			b.Cleanup(on.Close)
			p, w := s.person(b, karies), s.wallet(b)
			token := w.token(p, byScope(benchScopes), p.signInWithCode)
			sent := func(h http.Handler, after func()) measure.Works {
				return func(n int) func() {
					calls := w.prepare(off, token.AccessToken, mpid, single, n)
					return func() {
						l.send(b, h, calls, single)
						after()
					}
				}
			}
			ratio := measure.TimesOf(l.round, sent(s.ticking(on.Handler), func() { on.FlushTransactions(context.Background()) }), sent(off, func() {}))
			measure.Print(fmt.Sprintf("credential/recorded/%s", l), ratio, goalRecorded, "CPU of a recorded request beside one that is not, the writing counted")
		})
	}
}

// goalRecorded is what the recording may cost where somebody wants it.
const goalRecorded = 2
