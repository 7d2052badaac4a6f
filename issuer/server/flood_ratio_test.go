package server_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lommebok.example/internal/measure"
	"lommebok.example/internal/observe"
	"lommebok.example/issuer/server"
	"lommebok.example/specs/fnr"
)

// BenchmarkRatioFlood compares how long the slowest of a hundred credential requests takes while 32 clients try passwords, with
// the same when nobody does (security.md G13). The passwords cost what they cost in service.
func BenchmarkRatioFlood(b *testing.B) {
	s := newService(b)
	p, w := s.person(b, karies), s.wallet(b)
	token := w.token(p, byScope(benchScopes), p.signInWithCode)
	built, err := server.New(context.Background(), s.cfg, server.Deps{DB: s.db, Now: s.now, Log: observe.Logger(io.Discard)})
	check(b, err)
	s.Server = built
	for b.Loop() {
		idle := slowest(b, s.Handler, w, token.AccessToken)
		stop := s.flood(b, 32)
		busy := slowest(b, s.Handler, w, token.AccessToken)
		n := stop()
		if n < 32 {
			b.Fatalf("only %d passwords by 32 clients", n)
		}
		measure.Print("credential/p99-while-32-clients-log-in", busy/idle, 4.0,
			fmt.Sprintf("%.1f ms beside %.1f ms, wall time of 200 requests one by one; %d passwords tried meanwhile", busy, idle, n))
	}
}

// slowest gives the 99th percentile of the wall time of requests one after the other, in milliseconds.
func slowest(b *testing.B, h http.Handler, w *wallet, token string) float64 {
	b.Helper()
	const requests = 200
	took := make([]float64, 0, requests)
	for _, c := range w.prepare(h, token, mpid, single, requests) {
		begun := time.Now()
		load{1, 1}.send(b, h, []call{c}, single)
		took = append(took, float64(time.Since(begun).Microseconds())/1000)
	}
	slices.Sort(took)
	return took[requests*99/100]
}

// flood has clients try passwords of numbers that nobody has, each as fast as it is answered. stop ends it and gives the tries.
func (s *service) flood(b *testing.B, clients int) (stop func() int) {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var mu sync.Mutex
	var running, begun sync.WaitGroup
	tried, number := 0, 0
	next := func() string {
		mu.Lock()
		defer mu.Unlock()
		tried++
		for {
			number++
			if pid, ok := synthetic(number); ok {
				return pid
			}
		}
	}
	for range clients {
		begun.Add(1)
		person := s.person(b, "")
		running.Go(func() {
			person.get("/minid")
			begun.Done()
			for ctx.Err() == nil {
				if !strings.Contains(person.body, `action="/login/password"`) {
					person.get("/minid") // turned away for a while
					continue
				}
				person.submit("/login/password", "pid", next(), "password", "not the password")
			}
		})
	}
	begun.Wait()
	return func() int {
		cancel()
		running.Wait()
		return tried
	}
}

// synthetic gives the n-th number of a synthetic person, where there is one.
func synthetic(n int) (string, bool) {
	pid := fmt.Sprintf("%02d%02d80%03d", 1+n%28, 81+n/28%12, 100+n/336%400)
	for check := range 100 {
		if whole := fmt.Sprintf("%s%02d", pid, check); valid(whole) {
			return whole, true
		}
	}
	return "", false
}

func valid(pid string) bool {
	_, err := fnr.Parse(pid)
	return err == nil
}
