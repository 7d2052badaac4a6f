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
	"lommebok.example/specs/jose"
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
	session string
	url     string
	phone   *app.Client
}

func newWorld(t *testing.T) *world {
	t.Helper()
	gin.SetMode(gin.TestMode)
	w := &world{t: t, now: time.Date(2025, 11, 24, 12, 0, 0, 0, time.UTC)}
	db, err := database.Open(t.Context(), dbtest.SQLite(t))
	must(t, err)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	w.core = newCore(t, db, func() time.Time { return w.now })
	router := gin.New()
	server := &app.Server{Core: w.core}
	server.Mount(router)
	listener := httptest.NewServer(router)
	t.Cleanup(listener.Close)
	server.Base, w.url = listener.URL, listener.URL
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
	_, err := w.core.Register(ctx, minid.Registration{
		PID: pid, BirthDate: "1953-06-12", Password: password, TOTPSecret: secret,
		Proofing: minid.Proofing{Basis: minid.BasisInPerson, At: w.now},
	})
	must(w.t, err)
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

func (w *world) code() string {
	w.t.Helper()
	code, _, err := w.core.StartPairing(w.t.Context(), w.session)
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

// message signs claims as a hand-made device would.
func message(t *testing.T, key *ecdsa.PrivateKey, typ string, whole bool, claims map[string]any) string {
	t.Helper()
	h := jose.Header{Typ: typ, Kid: jose.Thumbprint(&key.PublicKey)}
	if whole {
		h = jose.Header{Typ: typ, JWK: &key.PublicKey}
	}
	s, err := jose.NewSigner(key, h)
	must(t, err)
	out, err := s.SignJSON(claims)
	must(t, err)
	return out
}

func (w *world) post(path, kind, body string) (int, string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, w.url+path, strings.NewReader(body))
	must(w.t, err)
	req.Header.Set("Content-Type", kind)
	res, err := http.DefaultClient.Do(req)
	must(w.t, err)
	raw, err := io.ReadAll(res.Body)
	must(w.t, errors.Join(err, res.Body.Close()))
	var e struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	must(w.t, json.Unmarshal(raw, &e))
	if e.Error != "" && e.Description == "" {
		w.t.Errorf("%s: an error without a description", path)
	}
	return res.StatusCode, e.Error
}

// Each check of a message, broken by itself.
func TestRequestsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	w.pair()
	key, ok := w.phone.Key.(*ecdsa.PrivateKey)
	if !ok {
		t.Fatal("the phone's key is no ECDSA key")
	}
	const typ = "minid-app-request+jwt"
	at := w.now.Unix()
	claims := func(change func(map[string]any)) map[string]any {
		m := map[string]any{"aud": w.url, "iat": at, "exp": at + 60}
		change(m)
		return m
	}
	fine := func(map[string]any) {}
	other, p384 := newKey(t, elliptic.P256()), newKey(t, elliptic.P384())
	good := message(t, key, typ, false, claims(fine))
	forged := good[:strings.LastIndex(good, ".")+1] + strings.Split(message(t, other, typ, false, claims(fine)), ".")[2]
	for name, c := range map[string]struct {
		jws    string
		status int
	}{
		"good":            {good, 200},
		"another's key":   {message(t, other, typ, false, claims(fine)), 401},
		"forged":          {forged, 400},
		"whole key":       {message(t, key, typ, true, claims(fine)), 400},
		"an answer":       {message(t, key, "minid-app-answer+jwt", false, claims(fine)), 400},
		"other curve":     {message(t, p384, typ, false, claims(fine)), 400},
		"another service": {message(t, key, typ, false, claims(func(m map[string]any) { m["aud"] = "https://else" })), 400},
		"no service":      {message(t, key, typ, false, claims(func(m map[string]any) { delete(m, "aud") })), 400},
		"long-lived":      {message(t, key, typ, false, claims(func(m map[string]any) { m["exp"] = at + 61 })), 400},
		"expired":         {message(t, key, typ, false, claims(func(m map[string]any) { m["iat"], m["exp"] = at-60, at })), 400},
		"from the future": {message(t, key, typ, false, claims(func(m map[string]any) { m["iat"], m["exp"] = at+11, at+60 })), 400},
		"a bit ahead":     {message(t, key, typ, false, claims(func(m map[string]any) { m["iat"], m["exp"] = at+10, at+60 })), 200},
		"no times":        {message(t, key, typ, false, map[string]any{"aud": w.url}), 400},
		"no exp":          {message(t, key, typ, false, claims(func(m map[string]any) { delete(m, "exp") })), 400},
		"far from iat":    {message(t, key, typ, false, claims(func(m map[string]any) { delete(m, "iat") })), 400},
		"not a JWS":       {"x", 400},
		"empty":           {"", 400},
	} {
		body, err := json.Marshal(map[string]string{"request": c.jws})
		must(t, err)
		if status, code := w.post("/minid/app/attempts", "application/json", string(body)); status != c.status {
			t.Errorf("%s: %d %s, want %d", name, status, code, c.status)
		}
	}
}

func TestAnswersThatAreRefused(t *testing.T) {
	w := newWorld(t)
	w.pair()
	in, v := w.ask()
	list, err := w.phone.Pending(t.Context())
	must(t, err)
	key, _ := w.phone.Key.(*ecdsa.PrivateKey)
	at := w.now.Unix()
	for name, c := range map[string]struct {
		id, action, typ string
		want            string
	}{
		"for another attempt": {"other", "approve", "minid-app-answer+jwt", oauth2.InvalidRequest},
		"no action":           {list[0].ID, "", "minid-app-answer+jwt", oauth2.InvalidRequest},
		"another action":      {list[0].ID, "Approve", "minid-app-answer+jwt", oauth2.InvalidRequest},
		"a request":           {list[0].ID, "approve", "minid-app-request+jwt", oauth2.InvalidRequest},
	} {
		jws := message(t, key, c.typ, false, map[string]any{
			"aud": w.url, "iat": at, "exp": at + 60, "attempt": list[0].ID, "service": list[0].Service,
			"number": v.App.Number, "action": c.action,
		})
		status, code := w.post("/minid/app/attempts/"+c.id, "application/json", `{"answer":"`+jws+`"}`)
		if status != http.StatusBadRequest || code != c.want {
			t.Errorf("%s: %d %s", name, status, code)
		}
	}
	if w.step(in) != minid.StepApp {
		t.Fatalf("step %s", w.step(in))
	}
	if _, err := w.phone.Answer(t.Context(), list[0], v.App.Number, true); err != nil {
		t.Errorf("a message that was refused settled the attempt: %v", err)
	}
}

func TestRegistrationsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	key, at := newKey(t, elliptic.P256()), w.now.Unix()
	code := w.code()
	claims := map[string]any{"aud": w.url, "iat": at, "exp": at + 60, "pairing_code": code}
	good := message(t, key, "minid-app-registration+jwt", true, claims)
	other := strings.Split(message(t, newKey(t, elliptic.P256()), "minid-app-registration+jwt", true, claims), ".")
	for name, jws := range map[string]string{
		"thumbprint alone": message(t, key, "minid-app-registration+jwt", false, claims),
		"another kind":     message(t, key, "minid-app-request+jwt", true, claims),
		"P-384":            message(t, newKey(t, elliptic.P384()), "minid-app-registration+jwt", true, claims),
		"key not signing":  good[:strings.LastIndex(good, ".")+1] + other[2],
	} {
		if status, code := w.post("/minid/app/devices", "application/json", `{"registration":"`+jws+`"}`); status != 400 || code != oauth2.InvalidRequest {
			t.Errorf("%s: %d %s", name, status, code)
		}
	}
	if status, refusal := w.post("/minid/app/devices", "application/json", `{"registration":"`+good+`"}`); status != 201 {
		t.Errorf("a refused registration spent the code: %d %s", status, refusal)
	}
}

func TestBodies(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		kind, body string
		status     int
	}{
		"a byte too long":   {"application/json", `{"request":"` + strings.Repeat("x", 16<<10-13) + `"}`, 413},
		"as long as can be": {"application/json", `{"request":"` + strings.Repeat("x", 16<<10-14) + `"}`, 400},
		"a form":            {"application/x-www-form-urlencoded", "request=x", 415},
		"no kind":           {"", "{}", 415},
		"twice":             {"application/json", `{"request":"a","request":"b"}`, 400},
		"trailing":          {"application/json", `{"request":"a"}{}`, 400},
		"no JSON":           {"application/json", `x`, 400},
		"empty":             {"application/json", ``, 400},
		"a number":          {"application/json; charset=utf-8", `{"request":1}`, 400},
	} {
		if status, code := w.post("/minid/app/attempts", c.kind, c.body); status != c.status || code != oauth2.InvalidRequest {
			t.Errorf("%s: %d %s, want %d", name, status, code, c.status)
		}
	}
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
