package minid

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"runtime"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

const (
	maxPassword = 1024 // bytes, as typed
	saltBytes   = 16
	hashBytes   = 32
	pepperBytes = 32
)

// Argon2 are the cost parameters of argon2id (RFC 9106). Memory is in KiB.
type Argon2 struct {
	Memory, Time uint32
	Parallelism  uint8
}

// DefaultArgon2 is 19 MiB, two passes, one lane.
func DefaultArgon2() Argon2 { return Argon2{Memory: 19 * 1024, Time: 2, Parallelism: 1} }

// usable bounds what a record may ask for, so that a row changed in the database cannot eat the machine.
func (a Argon2) usable() bool {
	return a.Time >= 1 && a.Time <= 16 && a.Parallelism >= 1 && a.Parallelism <= 8 &&
		a.Memory >= 8*uint32(a.Parallelism) && a.Memory <= 256*1024
}

// PasswordConfig sets up a PasswordPool. Pepper is a secret of at least 32 bytes from outside the database. Zero
// Argon2 is DefaultArgon2; zero Slots is one less than the cores, at least one; zero Queue is 256 waiting callers, and zero
// Wait five seconds: a server ends an answer after ten, and a caller who is sent away in time comes back.
type PasswordConfig struct {
	Pepper []byte
	Argon2 Argon2
	Slots  int
	Queue  int
	Wait   time.Duration // for a slot
}

// PasswordPool hashes passwords, few at a time: a storm of logins must leave cores for other work.
type PasswordPool struct {
	cost   Argon2
	pepper []byte
	slots  chan struct{} // held while hashing
	line   chan struct{} // held while hashing or waiting
	wait   time.Duration // for a slot, at most
	decoy  phc           // no password has this hash
}

// NewPasswordPool checks the configuration.
func NewPasswordPool(cfg PasswordConfig) (*PasswordPool, error) {
	fill(&cfg.Argon2, DefaultArgon2())
	fill(&cfg.Slots, max(1, runtime.GOMAXPROCS(0)-1))
	fill(&cfg.Queue, 256)
	fill(&cfg.Wait, 5*time.Second)
	switch {
	case len(cfg.Pepper) < pepperBytes:
		return nil, fmt.Errorf("minid: the pepper must have at least %d bytes, has %d", pepperBytes, len(cfg.Pepper))
	case !cfg.Argon2.usable():
		return nil, fmt.Errorf("minid: argon2 parameters %+v are outside what is usable", cfg.Argon2)
	case cfg.Slots < 1 || cfg.Queue < 0:
		return nil, errors.New("minid: the pool needs at least one slot, and a queue that is not negative")
	}
	return &PasswordPool{
		cost: cfg.Argon2, pepper: cfg.Pepper,
		slots: make(chan struct{}, cfg.Slots), line: make(chan struct{}, cfg.Slots+cfg.Queue),
		wait:  cfg.Wait,
		decoy: phc{cost: cfg.Argon2, salt: randomBytes(saltBytes), hash: randomBytes(hashBytes)},
	}, nil
}

// Hash makes a PHC record. The password is normalised to NFC, so that the same letters typed on another keyboard
// are the same password; nothing is cut off. ErrPassword, ErrBusy.
func (p *PasswordPool) Hash(ctx context.Context, password string) (string, error) {
	if password == "" || len(password) > maxPassword {
		return "", ErrPassword
	}
	release, err := p.acquire(ctx)
	if err != nil {
		return "", err
	}
	defer release()
	return p.record(password), nil
}

// record hashes with a new salt. The caller holds a slot.
func (p *PasswordPool) record(password string) string {
	r := phc{cost: p.cost, salt: randomBytes(saltBytes)}
	r.hash = p.derive(password, r)
	return r.String()
}

// verify compares with a record, or does the same work in vain when there is none. The caller holds a slot. A record of
// an older scheme costs what it costs: until the person's next login, its time tells the scheme to who measures.
func (p *PasswordPool) verify(record, password string) bool {
	if old, ok := parseLegacy(record); ok {
		return old.matches(norm.NFC.Bytes([]byte(password)))
	}
	r, err := parsePHC(record)
	known := err == nil
	if !known {
		r = p.decoy
	}
	right := subtle.ConstantTimeCompare(p.derive(password, r), r.hash) == 1
	return right && known
}

// usable says that a record can be compared with.
func (p *PasswordPool) usable(record string) bool {
	if _, ok := parseLegacy(record); ok {
		return true
	}
	_, err := parsePHC(record)
	return err == nil
}

// outdated says that the record was made with another scheme or with other parameters than today's.
func (p *PasswordPool) outdated(record string) bool {
	r, err := parsePHC(record)
	return err != nil || r.cost != p.cost
}

func (p *PasswordPool) derive(password string, r phc) []byte {
	mac := hmac.New(sha256.New, p.pepper)
	mac.Write(norm.NFC.Bytes([]byte(password)))
	return argon2.IDKey(mac.Sum(nil), r.salt, r.cost.Time, r.cost.Memory, r.cost.Parallelism, hashBytes)
}

// Waiting is how many callers hash or wait for it.
func (p *PasswordPool) Waiting() int { return len(p.line) }

// acquire takes a slot, waits in the queue for one, or answers ErrBusy when the queue is full or takes too long.
func (p *PasswordPool) acquire(ctx context.Context) (release func(), err error) {
	select {
	case p.line <- struct{}{}:
	default:
		return nil, ErrBusy{RetryAfter: RetryAfter()}
	}
	stepAside(ctx)
	longest := time.NewTimer(p.wait)
	defer longest.Stop()
	select {
	case p.slots <- struct{}{}:
		return func() { <-p.slots; <-p.line }, nil
	case <-longest.C:
		err = ErrBusy{RetryAfter: RetryAfter()}
	case <-ctx.Done():
		err = ctx.Err()
	}
	<-p.line
	return nil, err
}

type waitingKey struct{}

// WhileWaiting names what to do when a call begins to wait for a slot to hash in: it is idle then, and others can have its
// place. aside is called more than once when the call waits more than once.
func WhileWaiting(ctx context.Context, aside func()) context.Context {
	return context.WithValue(ctx, waitingKey{}, aside)
}

func stepAside(ctx context.Context) {
	if aside, ok := ctx.Value(waitingKey{}).(func()); ok {
		aside()
	}
}

// RetryAfter is two seconds and up to two more, so that those who were sent away do not return together.
func RetryAfter() time.Duration {
	extra, err := rand.Int(rand.Reader, big.NewInt(2000))
	if err != nil {
		return 2 * time.Second
	}
	return 2*time.Second + time.Duration(extra.Int64())*time.Millisecond
}

// phc is a password record in the PHC string format:
//
//	$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>   (base64 without padding)
type phc struct {
	cost       Argon2
	salt, hash []byte
}

func (r phc) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, r.cost.Memory, r.cost.Time,
		r.cost.Parallelism, base64.RawStdEncoding.EncodeToString(r.salt), base64.RawStdEncoding.EncodeToString(r.hash))
}

var errPHC = errors.New("minid: not a password record")

func parsePHC(s string) (phc, error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return phc{}, errPHC
	}
	var r phc
	_, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &r.cost.Memory, &r.cost.Time, &r.cost.Parallelism)
	if err != nil || !r.cost.usable() {
		return phc{}, errPHC
	}
	if r.salt, err = base64.RawStdEncoding.Strict().DecodeString(parts[4]); err != nil || len(r.salt) < 8 {
		return phc{}, errPHC
	}
	if r.hash, err = base64.RawStdEncoding.Strict().DecodeString(parts[5]); err != nil || len(r.hash) != hashBytes {
		return phc{}, errPHC
	}
	if r.String() != s {
		return phc{}, errPHC
	}
	return r, nil
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return b
}
