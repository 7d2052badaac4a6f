package minid

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"lommebok.example/specs/fnr"
)

// Core signs people in. Store, Passwords, Seal and Now must be set; zero Levels, TOTPConfig and Limits take their
// defaults, and without Log nothing is logged. Numbers says who may be registered: the zero policy takes synthetic
// numbers only.
type Core struct {
	Store      Store
	Passwords  *PasswordPool
	Levels     LevelTable
	TOTPConfig TOTPConfig
	Limits     Limits
	Numbers    fnr.Policy
	Seal       *Sealer
	Sender     Sender       // of SMS and mail; without one, SMS is nobody's factor
	Letters    LetterSender // of activation letters; without one none can be ordered
	Population Population
	Passport   PassportCheck // nil: nobody is proofed by passport
	Staff      []Staff       // who acts for the service, by configuration
	Pusher     Pusher        // of notices to the app; without one, the app's own stream is the only way
	Now        func() time.Time
	Later      func(work func()) // what can wait until the answer is given; nil: at once, beside it
	Log        *slog.Logger
	Meter      func(event, detail string) // counts what happens, without who; nil for nobody
}

// Sweep deletes what can no longer be used, such as sign-ins, sessions, codes and letters, and sends the letters that
// could not be sent before.
func (c *Core) Sweep(ctx context.Context) error {
	l, now := c.limits(), c.now()
	if err := c.postLetters(ctx); err != nil {
		return err
	}
	return c.Store.DeleteExpired(ctx, Expiry{
		At: now, SessionSeen: now.Add(-l.SessionIdle), AttemptCreated: now.Add(-max(l.AttemptsSpan, l.AttemptsDay) - l.Attempt),
		CodeCreated: now.Add(-l.CodeDay), Message: now.Add(-time.Hour), Login: now.Add(-l.History),
		Failure: now.Add(-l.Failures),
	})
}

// now is cut to the millisecond, the resolution of the storage.
func (c *Core) now() time.Time { return c.Now().UTC().Truncate(time.Millisecond) }

func (c *Core) limits() Limits { return c.Limits.orDefault() }

func (c *Core) levels() LevelTable {
	if c.Levels.Proofing == nil && c.Levels.Authentication == nil {
		return DefaultLevels()
	}
	return c.Levels
}

// event logs what happened to whom. personID is the opaque identifier, never the identity number.
func (c *Core) event(ctx context.Context, what, personID string) {
	if c.Log != nil {
		c.Log.InfoContext(ctx, what, slog.String("person", personID))
	}
}

// newSecret is 32 random bytes as base64url, for a cookie.
func newSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// newID is an opaque identifier of 16 random bytes, as hex.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(b[:])
}

// hashSecret is what is stored of a secret. A secret has 256 random bits, so a plain SHA-256 cannot be searched.
func hashSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// storable is the text as a database takes it, or empty: no NUL, nothing that is not UTF-8. Nothing stored is empty
// where it is used, so what was typed for mischief finds nothing instead of failing.
func storable(s string) string {
	if strings.ContainsRune(s, 0) || !utf8.ValidString(s) {
		return ""
	}
	return s
}
