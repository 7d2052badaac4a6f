package school_test

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid"
	"lommebok.example/minid/school"
	"lommebok.example/minid/store"
)

// Synthetic people, see schools.yaml.
const (
	owner   = "29917398036"
	teacher = "11853349366"
	other   = "28926899513" // works at the school, and is not authorised
	pupil   = "07831161080" // 10A
	second  = "19851173326" // 10A
	away    = "02891164192" // 10B
	young   = "11821465526" // 8A
	adult   = "03848812160" // goes to no school

	lillevik = "314600568"
	kommune  = "314600630"

	password = "kaktus i vinduskarmen"
)

// population is everybody, by number.
type population map[string]minid.Resident

func (p population) Resident(_ context.Context, pid string) (*minid.Resident, error) {
	r, ok := p[pid]
	if !ok {
		return nil, minid.ErrNotFound
	}
	return &r, nil
}

func everybody() population {
	p := population{}
	for pid, born := range map[string]string{
		owner: "1973-11-29", teacher: "1933-05-11", other: "1968-12-28", pupil: "2011-03-07", second: "2011-05-19",
		"14861157750": "2011-06-14", "30911180320": "2011-11-30", away: "2011-09-02", "25921191858": "2011-12-25",
		young: "2014-02-11", adult: "1988-04-03", "21887921013": "1979-08-21",
	} {
		p[pid] = minid.Resident{PID: pid, Name: "Navn " + pid[:3], BirthDate: born}
	}
	return p
}

// post keeps what was sent.
type post struct {
	mu   sync.Mutex
	sent []minid.Message
	fail error
}

func (p *post) Send(_ context.Context, m minid.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, m)
	return p.fail
}

func (p *post) last(t testing.TB, kind minid.MessageKind) minid.Message {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range slices.Backward(p.sent) {
		if m.Kind == kind {
			return m
		}
	}
	t.Fatalf("no message of kind %s among %d", kind, len(p.sent))
	return minid.Message{}
}

type world struct {
	*school.Core
	t    testing.TB
	mu   sync.Mutex
	at   time.Time
	post *post
	log  *bytes.Buffer
	db   *database.DB
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) add(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldOn(t, dbtest.Open(t, dbtest.SQLite(t)))
}

func newWorldOn(t testing.TB, db *database.DB) *world {
	t.Helper()
	w := &world{t: t, at: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), post: &post{}, log: &bytes.Buffer{}, db: db}
	st, err := store.New(context.Background(), db)
	must(t, err)
	pool, err := minid.NewPasswordPool(minid.PasswordConfig{Pepper: bytes.Repeat([]byte{1}, 32), Argon2: minid.Argon2{Memory: 8, Time: 1, Parallelism: 1}})
	must(t, err)
	seal, err := minid.NewSealer(bytes.Repeat([]byte{2}, 32))
	must(t, err)
	schools, err := school.BuiltIn()
	must(t, err)
	core := &minid.Core{
		Store: st, Passwords: pool, Seal: seal, Now: w.now, Sender: w.post, Population: everybody(),
		Log:   slog.New(slog.NewTextHandler(&lockedWriter{w: w.log}, nil)),
		Staff: []minid.Staff{{PID: owner, Roles: []minid.Role{minid.RoleSchoolOwner}, Organisation: kommune}},
	}
	for _, pid := range []string{owner, teacher, other} {
		_, err := core.Register(context.Background(), minid.Registration{
			PID: pid, Name: "Navn " + pid[:3], BirthDate: "1960-01-01", Password: password, TOTPSecret: bytes.Repeat([]byte{3}, 20),
			Proofing: minid.Proofing{Basis: minid.BasisLetter, At: w.at},
		})
		must(t, err)
	}
	w.Core = &school.Core{MinID: core, Store: st, Registry: schools}
	t.Cleanup(func() {
		for pid := range everybody() {
			if strings.Contains(w.log.String(), pid) {
				t.Error("the log holds an identity number")
			}
		}
	})
	return w
}

type lockedWriter struct {
	mu sync.Mutex
	w  *bytes.Buffer
}

func (l *lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// session is one at level substantial of somebody who logged in just now.
func (w *world) session(pid string) *minid.Session {
	w.t.Helper()
	p, err := w.MinID.Store.PersonByPID(w.t.Context(), pid)
	must(w.t, err)
	return &minid.Session{PersonID: p.ID, PID: pid, Level: minid.LevelSubstantial, AuthTime: w.now()}
}

// authorise lets the teacher vouch in classes of Lillevik.
func (w *world) authorise(classes ...string) {
	w.t.Helper()
	must(w.t, w.Authorise(w.t.Context(), w.session(owner), school.Order{
		School: lillevik, Teacher: w.key(teacher), Classes: classes, Until: "2027-06-30",
	}))
}

// key is how forms name a person.
func (w *world) key(pid string) string { return w.MinID.Seal.Recognise("school person", pid) }

// offer vouches for a pupil of 10A and gives the code.
func (w *world) offer(pid string) (id, code string) {
	w.t.Helper()
	id, err := w.Vouch(w.t.Context(), w.session(teacher), lillevik, "10A", w.key(pid), true)
	must(w.t, err)
	o, err := w.Offer(w.t.Context(), w.session(teacher), id)
	must(w.t, err)
	if o.State != school.StateOffered || len(o.Code) != 8 {
		w.t.Fatalf("%+v", o)
	}
	return id, o.Code
}

func (w *world) state(id string) school.State {
	w.t.Helper()
	o, err := w.Offer(w.t.Context(), w.session(teacher), id)
	must(w.t, err)
	return o.State
}

// enrol goes the whole way with a code by SMS.
func (w *world) enrol(pid string) (enrolment string) {
	w.t.Helper()
	id, code := w.offer(pid)
	secret, err := w.Claim(w.t.Context(), code, pid)
	must(w.t, err)
	must(w.t, w.Details(w.t.Context(), secret, school.Details{Password: password, Factor: minid.FactorSMS, Phone: "999 00 123", Email: "elev@example.com"}))
	must(w.t, w.Confirm(w.t.Context(), secret, w.post.last(w.t, minid.MessagePhone).Code))
	return id
}
