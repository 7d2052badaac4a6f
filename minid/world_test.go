package minid_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid"
	"lommebok.example/minid/store"
	"lommebok.example/web/webtest/leak"
)

const (
	pidA     = "12865398148"
	pidB     = "10876698493"
	pidC     = "28926899513"
	unknown  = "14846599313"
	password = "bekk-kano-fjell-laks-482"
)

// clock is moved by hand.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// world is a core on an SQLite file, with a clock and what the core logs.
type world struct {
	t testing.TB
	*minid.Core
	clock *clock
	db    *database.DB
	logs  *leak.Log
	log   *slog.Logger // of all replicas: it takes one line at a time
}

var (
	pepper    = bytes.Repeat([]byte{1}, 32)
	sealKey   = bytes.Repeat([]byte{2}, 32)
	secretTOT = bytes.Repeat([]byte{3}, 20)
	cheap     = minid.Argon2{Memory: 8, Time: 1, Parallelism: 1}
)

func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldOn(t, dbtest.Open(t, dbtest.SQLite(t)))
}

func newWorldOn(t testing.TB, db *database.DB) *world {
	t.Helper()
	w := &world{t: t, clock: &clock{at: time.Date(2025, 11, 24, 12, 0, 0, 0, time.UTC)}, db: db, logs: leak.NewLog(t)}
	w.logs.Know("the password", password)
	w.logs.Know("the secret of codes", minid.EncodeTOTPSecret(secretTOT))
	w.log = slog.New(slog.NewTextHandler(w.logs, nil))
	w.Core = w.replica(cheap)
	return w
}

// replica is another core on the same database.
func (w *world) replica(cost minid.Argon2) *minid.Core {
	w.t.Helper()
	st, err := store.New(context.Background(), w.db)
	must(w.t, err)
	pool, err := minid.NewPasswordPool(minid.PasswordConfig{Pepper: pepper, Argon2: cost})
	must(w.t, err)
	seal, err := minid.NewSealer(sealKey)
	must(w.t, err)
	return &minid.Core{
		Store: st, Passwords: pool, Seal: seal, Now: w.clock.Now, Log: w.log,
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func ctx() context.Context { return context.Background() }

// person registers somebody with password and TOTP.
func (w *world) person(pid string, basis minid.Basis) *minid.Person {
	w.t.Helper()
	p, err := w.Register(ctx(), registration(pid, basis))
	must(w.t, err)
	return p
}

func registration(pid string, basis minid.Basis) minid.Registration {
	return minid.Registration{
		PID: pid, BirthDate: "1966-07-10", Password: password, TOTPSecret: secretTOT,
		Proofing: minid.Proofing{Basis: basis, At: time.Date(2025, 1, 2, 0, 0, 0, 0, time.UTC), Evidence: "brev 1"},
	}
}

func (w *world) begin(level minid.Level, session string) (string, *minid.View) {
	w.t.Helper()
	secret, v, err := w.Begin(ctx(), minid.Need{Service: "Utsteder", Level: level, ReturnTo: "/a", CancelTo: "/b"}, session)
	must(w.t, err)
	return secret, v
}

// code is what the person's authenticator shows now; next moves to a fresh step first.
func (w *world) code() string {
	w.t.Helper()
	return w.codeAt(w.clock.Now())
}

func (w *world) nextCode() string {
	w.clock.add(30 * time.Second)
	return w.code()
}

func (w *world) codeAt(at time.Time) string {
	w.t.Helper()
	code, err := minid.TOTPConfig{}.TOTPCode(minid.EncodeTOTPSecret(secretTOT), at)
	must(w.t, err)
	return code
}

// wrongCode is six digits that no step near now has.
func (w *world) wrongCode() string {
	w.t.Helper()
	for _, candidate := range []string{"000000", "111111", "222222", "333333"} {
		near := false
		for i := -3; i <= 3; i++ {
			near = near || w.codeAt(w.clock.Now().Add(time.Duration(i)*30*time.Second)) == candidate
		}
		if !near {
			return candidate
		}
	}
	w.t.Fatal("no wrong code")
	return ""
}

// signIn goes all the way with password and TOTP.
func (w *world) signIn(pid string) (string, *minid.Session) {
	w.t.Helper()
	in, _ := w.begin(minid.LevelSubstantial, "")
	_, err := w.Password(ctx(), in, pid, password)
	must(w.t, err)
	_, err = w.TOTP(ctx(), in, w.nextCode())
	must(w.t, err)
	secret, s, err := w.Finish(ctx(), in)
	must(w.t, err)
	return secret, s
}

// pair pairs a device for the session's person.
func (w *world) pair(session, thumbprint string) *minid.Device {
	w.t.Helper()
	code, _, err := w.StartPairing(ctx(), session)
	must(w.t, err)
	d, err := w.Pair(ctx(), code, thumbprint, []byte("key"))
	must(w.t, err)
	return d
}

// pairFromDesk pairs a device with a code that was handed over at the service desk.
func (w *world) pairFromDesk(personID, thumbprint string) *minid.Device {
	w.t.Helper()
	code, _, err := w.HandOutPairingCode(ctx(), personID)
	must(w.t, err)
	d, err := w.Pair(ctx(), code, thumbprint, []byte("key"))
	must(w.t, err)
	return d
}

// approve answers the view's attempt as the device of its person.
func (w *world) approve(d *minid.Device, v *minid.View) {
	w.t.Helper()
	list, err := w.PendingAttempts(ctx(), d)
	must(w.t, err)
	if len(list) != 1 {
		w.t.Fatalf("%d attempts are pending, want 1", len(list))
	}
	_, err = w.AnswerAttempt(ctx(), d, minid.Answer{
		AttemptID: list[0].ID, Service: list[0].Service, Number: v.App.Number, Approve: true,
	})
	must(w.t, err)
}

func wantErr(t testing.TB, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

func wantStep(t testing.TB, v *minid.View, want minid.Step) {
	t.Helper()
	if v == nil || v.Step != want {
		t.Fatalf("got %+v, want step %s", v, want)
	}
}

func (w *world) setState(personID string, s minid.State) {
	w.t.Helper()
	must(w.t, w.db.W.Exec("UPDATE minid_people SET state = ? WHERE id = ?", string(s), personID).Error)
}

// wantNothingPersonalInLogs searches what was logged so far; every test searches at its end.
func (w *world) wantNothingPersonalInLogs() {
	w.t.Helper()
	leak.Search(w.t, "the log", w.logs.String(), w.logs.Known())
}

// signInID is how a sign-in is stored: the hash of its secret.
func signInID(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
