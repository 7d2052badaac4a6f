// Package measure compares the CPU time of a piece of work with the floor set by what it cannot do without, in one
// run of a benchmark. Wall time drifts on a shared machine; the ratio of two CPU times taken in turn does not.
//
// Garbage is collected before each round is measured. What a round leaves behind is collected within it, and so counted, only when it is
// as much as is held in memory: with 15 MiB held, after 300 times 50 KiB. The figures of shorter rounds are without it.
package measure

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"
)

// Rounds is how often work and floor are taken in turn, after one round to warm up; the median of the ratios is what counts.
const Rounds = 15

// Ratio prints `ratio NAME VALUE goal VALUE`, and the CPU microseconds behind it: how many times the CPU time of floor
// work takes. Both are run n times a round. It also reports the figures as benchmark metrics.
func Ratio(b *testing.B, name string, n int, goal float64, work, floor func()) {
	b.Helper()
	RatioOf(b, name, n, goal, repeated(work), floor)
}

// Works makes a round ready: n pieces of work, which run then does as it sees fit. Only run is measured. What is made ready a round at
// a time is not held in memory all along, where it would cost the work that is measured time in collecting garbage.
type Works func(n int) (run func())

// RatioOf is Ratio for work that is not one call after the other.
func RatioOf(b *testing.B, name string, n int, goal float64, works Works, floor func()) {
	b.Helper()
	for b.Loop() {
		ratio, spent, least := times(n, works, floor)
		Print(name, ratio, goal, fmt.Sprintf("%.0f us beside a floor of %.0f us", spent, least))
		b.ReportMetric(ratio, "x-floor")
		b.ReportMetric(spent, "cpu-us/op")
	}
}

// Times is how many times the CPU time of floor a piece of work takes, as RatioOf prints it.
func Times(n int, works Works, floor func()) float64 {
	ratio, _, _ := times(n, works, floor)
	return ratio
}

// TimesOf is Times beside other work, which is not one call after the other either.
func TimesOf(n int, works, others Works) float64 {
	others(n)()
	ratio, _, _ := timesOf(n, works, others)
	return ratio
}

func times(n int, works Works, floor func()) (ratio, spent, least float64) {
	floor()
	return timesOf(n, works, repeated(floor))
}

func timesOf(n int, works, others Works) (ratio, spent, least float64) {
	works(n)()
	ratios, spents, floors := make([]float64, Rounds), make([]float64, Rounds), make([]float64, Rounds)
	for i := range Rounds {
		spents[i], floors[i] = cpu(works, n), cpu(others, n)
		ratios[i] = spents[i] / floors[i]
	}
	return median(ratios), median(spents), median(floors)
}

// Print prints a line of make bench.
func Print(name string, value, goal float64, how string) {
	fmt.Printf("ratio %-44s %.2f goal %.2f (%s)\n", name, value, goal, how)
}

func repeated(f func()) Works {
	return func(n int) func() {
		return func() {
			for range n {
				f()
			}
		}
	}
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	return s[len(s)/2]
}

// cpu gives the CPU time, user and system, of one of n pieces of work in microseconds.
func cpu(works Works, n int) float64 {
	run := works(n)
	runtime.GC() // the garbage of making ready is not the work's
	before := used()
	run()
	return float64((used() - before).Nanoseconds()) / 1000 / float64(n)
}

func used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // the argument is a constant that every Unix takes
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// P256 does nothing but P-256 operations and SHA-256: the floor of a protocol step.
type P256 struct {
	key       *ecdsa.PrivateKey
	digest    [32]byte
	signature []byte
}

// NewP256 makes a key and a signature to verify.
func NewP256() (*P256, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	p := &P256{key: key, digest: sha256.Sum256([]byte("floor"))}
	p.signature, err = ecdsa.SignASN1(rand.Reader, key, p.digest[:])
	return p, err
}

// Work signs, verifies, agrees on a secret and hashes 64 bytes as often as it is told.
func (p *P256) Work(signs, verifies, agreements, hashes int) {
	for range signs {
		if _, err := ecdsa.SignASN1(rand.Reader, p.key, p.digest[:]); err != nil {
			panic(err) // a key that signed once signs again
		}
	}
	for range verifies {
		if !ecdsa.VerifyASN1(&p.key.PublicKey, p.digest[:], p.signature) {
			panic("a good signature was refused")
		}
	}
	for range agreements {
		p.agree()
	}
	for range hashes {
		block := [64]byte{1}
		_ = sha256.Sum256(block[:])
	}
}

func (p *P256) agree() {
	private, err := p.key.ECDH()
	if err != nil {
		panic(err) // the key is on P-256
	}
	if _, err := private.ECDH(private.PublicKey()); err != nil {
		panic(err)
	}
}
