package minid

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"
)

func smallPool(t testing.TB, slots, queue int) *PasswordPool {
	t.Helper()
	p, err := NewPasswordPool(PasswordConfig{
		Pepper: bytes.Repeat([]byte{1}, 32), Argon2: Argon2{Memory: 8, Time: 1, Parallelism: 1}, Slots: slots, Queue: queue,
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestFullQueueIsBusy(t *testing.T) {
	p := smallPool(t, 1, 1)
	release, err := p.acquire(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(context.Background())
	waited := make(chan error)
	go func() {
		_, err := p.Hash(ctx, "waits")
		waited <- err
	}()
	for len(p.line) < 2 { // until the other one stands in the queue
		runtime.Gosched()
	}
	var busy ErrBusy
	if _, err := p.acquire(context.Background()); !errors.As(err, &busy) {
		t.Fatalf("got %v, want ErrBusy", err)
	}
	if busy.RetryAfter < 2*time.Second || busy.RetryAfter > 4*time.Second {
		t.Errorf("retry after %s", busy.RetryAfter)
	}
	leave()
	if err := <-waited; !errors.Is(err, context.Canceled) {
		t.Errorf("the one who left: %v", err)
	}
	release()
	if _, err := p.Hash(context.Background(), "fits"); err != nil {
		t.Errorf("after the rush: %v", err)
	}
}

// G12: who waits too long for a slot is sent away while there is still time to say so, and steps aside while waiting.
func TestNobodyWaitsTooLongForASlot(t *testing.T) {
	p := smallPool(t, 1, 4)
	p.wait = time.Millisecond
	aside := 0
	ctx := WhileWaiting(context.Background(), func() { aside++ })
	release, err := p.acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var busy ErrBusy
	if _, err := p.acquire(ctx); !errors.As(err, &busy) {
		t.Fatalf("got %v, want ErrBusy", err)
	}
	if len(p.line) != 1 || aside != 2 {
		t.Errorf("%d in line, stepped aside %d times, want 1 and 2", len(p.line), aside)
	}
	release()
}

func TestPoolRefusesBadConfiguration(t *testing.T) {
	pepper := bytes.Repeat([]byte{1}, 32)
	for name, cfg := range map[string]PasswordConfig{
		"no pepper":       {},
		"short pepper":    {Pepper: pepper[:31]},
		"too much memory": {Pepper: pepper, Argon2: Argon2{Memory: 1 << 20, Time: 1, Parallelism: 1}},
		"no passes":       {Pepper: pepper, Argon2: Argon2{Memory: 8, Parallelism: 1}},
		"too little":      {Pepper: pepper, Argon2: Argon2{Memory: 8, Time: 1, Parallelism: 2}},
		"negative slots":  {Pepper: pepper, Slots: -1},
	} {
		if _, err := NewPasswordPool(cfg); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestDefaultCost(t *testing.T) {
	p, err := NewPasswordPool(PasswordConfig{Pepper: bytes.Repeat([]byte{1}, 32)})
	if err != nil {
		t.Fatal(err)
	}
	record, err := p.Hash(context.Background(), "bekk-kano")
	if err != nil || !strings.HasPrefix(record, "$argon2id$v=19$m=19456,t=2,p=1$") || p.outdated(record) {
		t.Errorf("%.31s %v", record, err)
	}
	if !p.verify(record, "bekk-kano") || p.verify(record, "bekk-kani") || p.verify("", "") {
		t.Error("verify is wrong")
	}
	if again, err := p.Hash(context.Background(), "bekk-kano"); err != nil || again == record {
		t.Errorf("the salt was used again (%v)", err)
	}
}

func TestDecoyIsNobodysPassword(t *testing.T) {
	p := smallPool(t, 1, 1)
	if p.verify("not a record", "anything") {
		t.Error("a broken record was verified")
	}
	// Even one who knows the decoy's password gets nowhere: there is no record behind it.
	p.decoy.hash = p.derive("known", p.decoy)
	if p.verify("", "known") {
		t.Error("the decoy was verified")
	}
}

var goodRecord = "$argon2id$v=19$m=8,t=1,p=1$" + strings.Repeat("A", 22) + "$" + strings.Repeat("A", 43)

func TestParsePHC(t *testing.T) {
	if _, err := parsePHC(goodRecord); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"other function":     {"argon2id", "argon2i"},
		"other version":      {"v=19", "v=16"},
		"a gibibyte":         {"m=8", "m=1048576"},
		"no passes":          {"t=1", "t=0"},
		"leading zero":       {"m=8", "m=08"},
		"order":              {"m=8,t=1", "t=1,m=8"},
		"trailing":           {"p=1", "p=1,x=2"},
		"short hash":         {"$" + strings.Repeat("A", 43), "$AAAA"},
		"no salt":            {"$" + strings.Repeat("A", 22) + "$", "$$"},
		"bits beyond":        {strings.Repeat("A", 43), strings.Repeat("A", 42) + "B"},
		"something in front": {"$argon2id", "x$argon2id"},
	} {
		bad := strings.Replace(goodRecord, change[0], change[1], 1)
		if bad == goodRecord {
			t.Fatalf("%s changes nothing", name)
		}
		if _, err := parsePHC(bad); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}

func FuzzParsePHC(f *testing.F) {
	f.Add(goodRecord)
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$AAAA")
	f.Add("$argon2id$v=19$m=+8,t=1,p=1$$")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := parsePHC(s)
		if err == nil && (r.String() != s || !r.cost.usable()) {
			t.Errorf("%q was read as %q", s, r.String())
		}
	})
}

func TestSealer(t *testing.T) {
	s, err := NewSealer(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	secret := []byte("twenty bytes of truth")
	sealed := s.Seal(secret, "totp", "anna")
	if open, err := s.Open(sealed, "totp", "anna"); err != nil || !bytes.Equal(open, secret) {
		t.Errorf("%q %v", open, err)
	}
	if bytes.Equal(sealed, s.Seal(secret, "totp", "anna")) {
		t.Error("the nonce was used again")
	}
	other, err := NewSealer(bytes.Repeat([]byte{2}, 32))
	if err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func() ([]byte, error){
		"another owner": func() ([]byte, error) { return s.Open(sealed, "totp", "bert") },
		"another use":   func() ([]byte, error) { return s.Open(sealed, "mail", "anna") },
		"shifted":       func() ([]byte, error) { return s.Open(sealed, "totpa", "nna") },
		"another key":   func() ([]byte, error) { return other.Open(sealed, "totp", "anna") },
		"cut":           func() ([]byte, error) { return s.Open(sealed[:11], "totp", "anna") },
		"empty":         func() ([]byte, error) { return s.Open(nil, "totp", "anna") },
	} {
		if _, err := open(); !errors.Is(err, ErrSealed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	first, again := s.Recognise("n", "1"), s.Recognise("n", "1")
	if first != again || s.Recognise("n", "1") == s.Recognise("n", "2") ||
		s.Recognise("n", "1") == other.Recognise("n", "1") || s.Recognise("n", "1") == s.Recognise("m", "1") {
		t.Error("recognition is wrong")
	}
	if _, err := NewSealer(make([]byte, 16)); err == nil {
		t.Error("a short key was taken")
	}
}

// BenchmarkPassword is one hash at the cost the service runs with.
func BenchmarkPassword(b *testing.B) {
	p, err := NewPasswordPool(PasswordConfig{Pepper: bytes.Repeat([]byte{1}, 32)})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		p.verify("", "bekk-kano-fjell-laks-482")
	}
}
