package app_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid"
	"lommebok.example/minid/app"
	"lommebok.example/minid/store"
	"lommebok.example/specs/oauth2"
)

const (
	pid      = "12865398148"
	password = "bekk-kano-fjell-laks-482"
)

// world is a service with one person, who is signed in, and a phone.
type world struct {
	t       *testing.T
	core    *minid.Core
	now     time.Time
	person  string // opaque identifier
	session string
	url     string
	phone   *app.Client

	server   *app.Server
	listener *httptest.Server
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldOn(t, dbtest.Open(t, dbtest.SQLite(t)))
}

func newWorldOn(t *testing.T, db *database.DB) *world {
	t.Helper()
	gin.SetMode(gin.TestMode)
	w := &world{t: t, now: time.Date(2025, 11, 24, 12, 0, 0, 0, time.UTC)}
	w.core = newCore(t, db, func() time.Time { return w.now })
	router := gin.New()
	w.server = &app.Server{Core: w.core, Times: app.Times{Poll: 5 * time.Millisecond, Beat: 10 * time.Millisecond}}
	w.server.Mount(router)
	w.listener = httptest.NewServer(router)
	t.Cleanup(w.listener.Close)
	w.server.Base, w.url = w.listener.URL, w.listener.URL
	w.phone = w.newPhone()
	w.register()
	return w
}

func newCore(t *testing.T, db *database.DB, now func() time.Time) *minid.Core {
	t.Helper()
	st, err := store.New(t.Context(), db)
	must(t, err)
	pool, err := minid.NewPasswordPool(minid.PasswordConfig{
		Pepper: bytes.Repeat([]byte{1}, 32), Argon2: minid.Argon2{Memory: 8, Time: 1, Parallelism: 1},
	})
	must(t, err)
	seal, err := minid.NewSealer(bytes.Repeat([]byte{2}, 32))
	must(t, err)
	return &minid.Core{Store: st, Passwords: pool, Seal: seal, Now: now}
}

func newKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	must(t, err)
	return key
}

func (w *world) newPhone() *app.Client {
	return &app.Client{
		Base: w.url, Key: newKey(w.t, elliptic.P256()), HTTP: http.DefaultClient, Now: func() time.Time { return w.now },
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// register makes the person and signs them in with TOTP.
func (w *world) register() {
	w.t.Helper()
	ctx, secret := w.t.Context(), bytes.Repeat([]byte{3}, 20)
	p, err := w.core.Register(ctx, minid.Registration{
		PID: pid, BirthDate: "1953-06-12", Password: password, TOTPSecret: secret,
		Proofing: minid.Proofing{Basis: minid.BasisInPerson, At: w.now},
	})
	must(w.t, err)
	w.person = p.ID
	in, _, err := w.core.Begin(ctx, minid.Need{Service: "MinID", Level: minid.LevelSubstantial}, "")
	must(w.t, err)
	_, err = w.core.Password(ctx, in, pid, password)
	must(w.t, err)
	code, err := minid.TOTPConfig{}.TOTPCode(minid.EncodeTOTPSecret(secret), w.now)
	must(w.t, err)
	_, err = w.core.TOTP(ctx, in, code)
	must(w.t, err)
	w.session, _, err = w.core.Finish(ctx, in)
	must(w.t, err)
}

func (w *world) pair() {
	w.t.Helper()
	_, err := w.phone.Pair(w.t.Context(), w.code())
	must(w.t, err)
}

// code is what the person got at the service desk.
func (w *world) code() string {
	w.t.Helper()
	code, _, err := w.core.HandOutPairingCode(w.t.Context(), w.person)
	must(w.t, err)
	return code
}

// ask is a sign-in that asks the app.
func (w *world) ask() (string, *minid.View) {
	w.t.Helper()
	in, v, err := w.core.Begin(w.t.Context(), minid.Need{Service: "Utsteder", Level: minid.LevelHigh}, w.session)
	must(w.t, err)
	if v.Step != minid.StepApp {
		w.t.Fatalf("at step %s", v.Step)
	}
	return in, v
}

func (w *world) step(in string) minid.Step {
	w.t.Helper()
	v, err := w.core.View(w.t.Context(), in)
	must(w.t, err)
	return v.Step
}

func wantRefusal(t *testing.T, err error, status int, code string) {
	t.Helper()
	var e *oauth2.Error
	if !errors.As(err, &e) || e.Status != status || e.Code != code {
		t.Errorf("got %v, want %d %s", err, status, code)
	}
}

func TestPairAndApprove(t *testing.T) {
	w := newWorld(t)
	w.pair()
	in, v := w.ask()
	list, err := w.phone.Pending(t.Context())
	must(t, err)
	if len(list) != 1 || list[0].Service != "Utsteder" || list[0].CreatedAt != "2025-11-24T12:00:00Z" ||
		list[0].ExpiresAt != "2025-11-24T12:03:00Z" {
		t.Fatalf("pending %+v", list)
	}
	state, err := w.phone.Answer(t.Context(), list[0], v.App.Number, true)
	must(t, err)
	if state != minid.AttemptApproved || w.step(in) != minid.StepDone {
		t.Errorf("state %s, step %s", state, w.step(in))
	}
	_, s, err := w.core.Finish(t.Context(), in)
	must(t, err)
	if s.Level != minid.LevelHigh {
		t.Errorf("level %s", s.Level)
	}
	_, err = w.phone.Answer(t.Context(), list[0], v.App.Number, true)
	wantRefusal(t, err, http.StatusNotFound, app.UnknownAttempt)
}

func TestRejectAndWrongNumber(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(w *world, a app.PendingAttempt, number string) error
		code   string
	}{
		"rejected": {func(w *world, a app.PendingAttempt, number string) error {
			_, err := w.phone.Answer(w.t.Context(), a, number, false)
			return err
		}, ""},
		"wrong number": {func(w *world, a app.PendingAttempt, number string) error {
			wrong := "10"
			if number == wrong {
				wrong = "11"
			}
			_, err := w.phone.Answer(w.t.Context(), a, wrong, true)
			return err
		}, app.WrongNumber},
		"another service": {func(w *world, a app.PendingAttempt, number string) error {
			a.Service = "Banken"
			_, err := w.phone.Answer(w.t.Context(), a, number, true)
			return err
		}, app.WrongNumber},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.pair()
			in, v := w.ask()
			list, err := w.phone.Pending(t.Context())
			must(t, err)
			err = c.answer(w, list[0], v.App.Number)
			if c.code != "" {
				wantRefusal(t, err, http.StatusForbidden, c.code)
			} else {
				must(t, err)
			}
			_, err = w.phone.Answer(t.Context(), list[0], v.App.Number, true)
			wantRefusal(t, err, http.StatusNotFound, app.UnknownAttempt)
			if w.step(in) != minid.StepApp {
				t.Errorf("step %s", w.step(in))
			}
		})
	}
}

func TestDeviceThatIsNotPaired(t *testing.T) {
	w := newWorld(t)
	_, err := w.phone.Pending(t.Context())
	wantRefusal(t, err, http.StatusUnauthorized, app.UnknownDevice)
	_, err = w.phone.Pair(t.Context(), "NOSUCHCODE")
	wantRefusal(t, err, http.StatusBadRequest, app.InvalidPairingCode)
	code := w.code()
	_, err = w.phone.Pair(t.Context(), code)
	must(t, err)
	_, err = w.newPhone().Pair(t.Context(), code)
	wantRefusal(t, err, http.StatusBadRequest, app.InvalidPairingCode)
	w.now = w.now.Add(time.Minute)
	stolen := w.newPhone()
	_, err = stolen.Answer(t.Context(), app.PendingAttempt{ID: "x"}, "11", true)
	wantRefusal(t, err, http.StatusUnauthorized, app.UnknownDevice)
}

// The phone is never told the number.
func TestNumberIsNotSentToThePhone(t *testing.T) {
	w := newWorld(t)
	w.pair()
	w.ask()
	var seen bytes.Buffer
	w.phone.HTTP = &http.Client{Transport: spy{&seen}}
	_, err := w.phone.Pending(t.Context())
	must(t, err)
	var answer struct{ Attempts []map[string]any }
	must(t, json.Unmarshal(seen.Bytes(), &answer))
	if len(answer.Attempts) != 1 || len(answer.Attempts[0]) != 4 || answer.Attempts[0]["number"] != nil {
		t.Errorf("the phone was told %s", seen.String())
	}
}

// spy keeps the answers' bodies.
type spy struct{ seen *bytes.Buffer }

func (s spy) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		res.Body = struct {
			io.Reader
			io.Closer
		}{io.TeeReader(res.Body, s.seen), res.Body}
	}
	return res, err
}

// A fault of the service is told without its cause.
func TestFaultIsSilent(t *testing.T) {
	w := newWorld(t)
	w.pair()
	w.core.Store = broken{w.core.Store}
	_, err := w.phone.Pending(t.Context())
	wantRefusal(t, err, http.StatusInternalServerError, oauth2.ServerError)
	if strings.Contains(err.Error(), "cable") {
		t.Errorf("the cause was told: %v", err)
	}
}

type broken struct{ minid.Store }

func (broken) Device(context.Context, string) (*minid.Device, error) {
	return nil, errors.New("cable cut")
}
