package server_test

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lommebok.example/internal/measure"
	"lommebok.example/internal/observe"
	"lommebok.example/issuer/server"
	"lommebok.example/minid"
	"lommebok.example/specs/openid4vci"
)

// These benchmarks take the CPU time of Credential Requests at the whole issuer as server.New builds it, on an SQLite
// file: access token, DPoP proof, key proofs, level and account, facts, status indices, lint, signatures, every row.
//
// The server's handler is called directly, with an answer that only counts what is written, so that neither the client's signatures
// nor the sockets of both ends count, nor the memory of a recorder: what a wallet does is done before each round is measured, since a jti
// and a c_nonce can be used once. The floor of one credential is three verifications and a signature, and of a batch of ten two, ten
// more and ten signatures: the proofs that are verified, and one for the access token, which would be a JWT if it were
// not a row. The figures of a batch are for the whole of it; a tenth of them is one credential's.

const (
	single, batch         = 1, 10
	goalSingle, goalBatch = 1.54, 1.30
)

// benchScopes opens a credential of each format that takes no key attestation, so that the floor is what it says.
const benchScopes = "eudiw:no:minid:mpid eudiw:no:aldersbevis"

// load is how requests come: so many clients at once, so many requests a round.
type load struct {
	clients, round int
}

func (l load) String() string { return fmt.Sprintf("%d-clients", l.clients) }

func BenchmarkRatioCredential(b *testing.B) {
	for _, l := range []load{{1, 24}, {8, 64}, {32, 320}} {
		for _, f := range []struct{ name, configuration string }{{"sd-jwt-vc", mpid}, {"mdoc", "proof_of_age"}} {
			b.Run(fmt.Sprintf("%s/%s", f.name, l), func(b *testing.B) {
				benchCredential(b, newService(b), fmt.Sprintf("credential/%s/%s", f.name, l), f.configuration, single, l, goalSingle)
			})
			if l.clients == 32 {
				continue
			}
			few := load{l.clients, max(l.clients, 4)}
			b.Run(fmt.Sprintf("%s-batch/%s", f.name, l), func(b *testing.B) {
				benchCredential(b, newService(b), fmt.Sprintf("credential/%s/batch-of-10/%s", f.name, few), f.configuration, batch, few, goalBatch)
			})
		}
	}
}

func benchCredential(b *testing.B, s *service, name, configuration string, copies int, l load, goal float64) {
	floor, err := measure.NewP256()
	check(b, err)
	handler := s.quiet(b)
	p, w := s.person(b, karies), s.wallet(b)
	token := w.token(p, byScope(benchScopes), p.signInWithCode)
	measure.RatioOf(b, name, l.round, goal, func(n int) func() {
		calls := w.prepare(handler, token.AccessToken, configuration, copies, n)
		return func() { l.send(b, handler, calls, copies) }
	}, func() {
		verifications := 2 + copies
		floor.Work(copies, verifications, 0, 0)
	})
}

// send sends the calls by as many clients as there are.
func (l load) send(b *testing.B, h http.Handler, calls []call, copies int) {
	var next atomic.Int64
	var clients sync.WaitGroup
	for range l.clients {
		clients.Go(func() {
			for n := next.Add(1); int(n) <= len(calls); n = next.Add(1) {
				calls[n-1].send(b, h, copies)
			}
		})
	}
	clients.Wait()
	if b.Failed() {
		b.FailNow() // a request that was refused costs less, and its figure would say nothing
	}
}

// tick is what the clock of a quiet issuer goes on by with each request. With a clock that stands still all rows would be of one
// moment, and what is ordered by time would be written all over its table instead of at the end, as it is at no server.
const tick = time.Millisecond

// quiet is the same issuer once more, on the same rows and keys, that writes its log as in production but to nowhere.
func (s *service) quiet(b *testing.B) http.Handler {
	b.Helper()
	built, err := server.New(context.Background(), s.cfg, server.Deps{
		DB: s.db, Now: s.now, Log: observe.Logger(io.Discard), Argon2: minid.Argon2{Memory: 64, Time: 1, Parallelism: 1},
	})
	check(b, err)
	return s.ticking(built.Handler)
}

// ticking has the clock go on with each request.
func (s *service) ticking(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.add(tick)
		h.ServeHTTP(w, r)
	})
}

// call is a Credential Request that has been signed and not yet sent, and the answer's place.
type call struct {
	request *http.Request
	answer  *nowhere
}

// prepare makes requests for the same keys, each with a c_nonce and a DPoP proof of its own.
func (w *wallet) prepare(h http.Handler, token, configuration string, copies, n int) []call {
	w.t.Helper()
	keys := make([]*ecdsa.PrivateKey, copies)
	for i := range keys {
		keys[i] = newKey(w.t)
	}
	calls := make([]call, n)
	for i := range calls {
		nonce := w.recordedNonce(h)
		proofs := make([]string, copies)
		for k, key := range keys {
			proofs[k] = w.proof(key, nonce)
		}
		body, err := json.Marshal(map[string]any{"credential_configuration_id": configuration, "proofs": map[string]any{"jwt": proofs}})
		check(w.t, err)
		proof, err := w.prover.Proof(http.MethodPost, w.s.url+"/credential", w.nonce, token, w.s.now())
		check(w.t, err)
		r := httptest.NewRequest(http.MethodPost, w.s.url+"/credential", strings.NewReader(string(body)))
		r.Header.Set("DPoP", proof)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "DPoP "+token)
		calls[i] = call{r, &nowhere{header: http.Header{}}}
	}
	return calls
}

func (w *wallet) recordedNonce(h http.Handler) string {
	w.t.Helper()
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, w.s.url+"/nonce", nil))
	n, err := openid4vci.ParseNonceResponse(answer.Body.Bytes())
	check(w.t, err)
	w.nonce = answer.Header().Get("DPoP-Nonce")
	return n.CNonce
}

// send looks no closer at the answer than at its length, so that reading it costs nothing: the tests of the journey read it.
func (c call) send(b *testing.B, h http.Handler, copies int) {
	h.ServeHTTP(c.answer, c.request)
	if c.answer.status != http.StatusOK || c.answer.size < 1000*copies {
		b.Errorf("credential: %d, %d bytes %s", c.answer.status, c.answer.size, c.answer.refusal)
	}
}
