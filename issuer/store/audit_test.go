package store

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/audit"
	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/issuer/issuance"
)

// mark stands in for a signature.
type mark struct{}

func (mark) Seal(payload []byte) (string, error) { return "signed" + string(payload), nil }
func (mark) Key() json.RawMessage                { return json.RawMessage(`"key"`) }

func openMark(json.RawMessage) (func(string) ([]byte, error), error) {
	return func(jws string) ([]byte, error) { return []byte(strings.TrimPrefix(jws, "signed")), nil }, nil
}

func export(t *testing.T, s *Store) string {
	t.Helper()
	var b bytes.Buffer
	w, err := audit.NewWriter(&b, mark{}.Key())
	if err == nil {
		err = s.ExportAudit(ctx, w, "log", noon, mark{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func verified(t *testing.T, s *Store) audit.Verified {
	t.Helper()
	v, err := audit.Verify(strings.NewReader(export(t, s)), openMark)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func event(person string) audit.Event {
	p := audit.Person(person)
	return audit.Event{At: noon, Kind: "test", Actor: p, Subject: p, Object: rand.Text(), Outcome: "ok", Details: map[string]string{"æ": "ø"}}
}

func TestSixteenWritersMakeOneChain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		other, err := New(ctx, db) // as another replica
		if err != nil {
			t.Fatal(err)
		}
		const rounds = 8
		for round := range rounds {
			for _, err := range race(func(i int) error {
				switch i % 4 {
				case 0:
					return other.Record(ctx, event(fmt.Sprint("new", round))) // each round somebody nobody has spoken of
				case 1:
					return db.Together(ctx, func(ctx context.Context) error {
						if err := s.Record(ctx, event("anna")); err != nil {
							return err
						}
						return s.Record(ctx, event("anna"))
					})
				case 2:
					in := intent("bo", 1)
					if _, err := tryBegin(other, in); err != nil {
						return err
					}
					return other.Finish(ctx, in.Intent, issuance.StateIssued, noon)
				default:
					return s.Record(ctx, event("anna"))
				}
			}) {
				if err != nil {
					t.Fatal(err)
				}
			}
			if _, err := s.Checkpoint(ctx, "log", noon, mark{}); err != nil {
				t.Fatal(err)
			}
		}
		if v := verified(t, s); v.Last.Seq != rounds*(4+8+8+4) || v.Checkpoints != rounds+1 {
			t.Errorf("%+v", v)
		}
	})
}

func TestTamperingInTheTableIsFound(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		for range 6 {
			if err := s.Record(ctx, event("anna")); err != nil {
				t.Fatal(err)
			}
		}
		if c, err := s.Checkpoint(ctx, "log", noon, mark{}); err != nil || c.Seq != 6 {
			t.Fatal(c, err)
		}
		if c, err := s.Checkpoint(ctx, "log", noon, mark{}); err != nil || c.Seq != 0 {
			t.Errorf("a checkpoint of nothing new: %+v %v", c, err)
		}
		for range 2 {
			if err := s.Record(ctx, event("bo")); err != nil {
				t.Fatal(err)
			}
		}
		gone, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := s.VerifyAudit(gone, "log", noon, mark{}, openMark); !errors.Is(err, ErrNotVerified) || !errors.Is(err, context.Canceled) {
			t.Errorf("reading was broken off: %v", err)
		}
		s.verifying.Lock()
		if _, err := s.VerifyAudit(ctx, "log", noon, mark{}, openMark); !errors.Is(err, ErrNotVerified) {
			t.Errorf("while somebody else verifies: %v", err)
		}
		s.verifying.Unlock()
		look := func() error {
			_, err := s.VerifyAudit(ctx, "log", noon, mark{}, openMark)
			return err
		}
		if v, err := s.VerifyAudit(ctx, "log", noon, mark{}, openMark); err != nil || v.Last.Seq != 8 || v.Checkpoints != 2 {
			t.Errorf("whole: %+v %v", v, err)
		}
		if err := db.W.Exec("UPDATE issuer_audit_entries SET outcome = 'x' WHERE seq = 7").Error; err != nil {
			t.Fatal(err)
		}
		if _, err := s.Checkpoint(ctx, "log", noon, mark{}); !errors.Is(err, audit.ErrAltered) {
			t.Errorf("signed what was altered: %v", err)
		}
		if err := look(); !errors.Is(err, audit.ErrAltered) {
			t.Errorf("altered, and verified: %v", err)
		}
		var bad *audit.Bad
		if _, err := audit.Verify(strings.NewReader(export(t, s)), openMark); !errors.As(err, &bad) || bad.Line != 9 {
			t.Errorf("got %v, want line 9", err)
		}
		if err := db.W.Exec("UPDATE issuer_audit_entries SET details = '{' WHERE seq = 3").Error; err != nil {
			t.Fatal(err)
		}
		if _, err := audit.Verify(strings.NewReader(export(t, s)), openMark); !errors.As(err, &bad) || bad.Line != 4 || !errors.Is(err, audit.ErrAltered) {
			t.Errorf("got %v, want line 4", err)
		}
		if err := db.W.Exec("DELETE FROM issuer_audit_entries WHERE seq >= 6").Error; err != nil {
			t.Fatal(err)
		}
		if _, err := s.Checkpoint(ctx, "log", noon, mark{}); !errors.Is(err, audit.ErrMissing) {
			t.Errorf("signed what was cut off: %v", err)
		}
		if err := db.W.Exec("DELETE FROM issuer_audit_entries WHERE seq >= 3").Error; err != nil {
			t.Fatal(err)
		}
		if err := look(); !errors.Is(err, ErrCutOff) {
			t.Errorf("cut off, and verified: %v", err)
		}
	})
}

// The pseudonym is the same as long as the key is there, and says nothing without it; the chain holds all the while.
func TestForgottenPersonsAreNobody(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		record := func(person string) string {
			if err := s.Record(ctx, event(person)); err != nil {
				t.Fatal(err)
			}
			var actor string
			if err := db.R.Raw("SELECT actor FROM issuer_audit_entries ORDER BY seq DESC LIMIT 1").Scan(&actor).Error; err != nil {
				t.Fatal(err)
			}
			return actor
		}
		a, b, again := record("anna"), record("bo"), record("anna")
		if a != again || a == b {
			t.Errorf("%s %s %s", a, b, again)
		}
		if err := s.ForgetInAudit(ctx, "anna"); err != nil {
			t.Fatal(err)
		}
		if after := record("anna"); after == a {
			t.Error("the pseudonym came back")
		}
		verified(t, s)
		if text := export(t, s); strings.Contains(text, "anna") {
			t.Error("a person's identifier is in the log")
		}
	})
}

// breakAudit makes every new entry fail, and gives what mends it.
func breakAudit(t *testing.T, db *database.DB) func() {
	t.Helper()
	run := func(statements ...string) {
		for _, statement := range statements {
			if err := db.W.Exec(statement).Error; err != nil {
				t.Fatal(err)
			}
		}
	}
	if db.Dialect == database.SQLite {
		run("CREATE TRIGGER audit_full BEFORE INSERT ON issuer_audit_entries BEGIN SELECT RAISE(ABORT, 'full'); END")
		return func() { run("DROP TRIGGER audit_full") }
	}
	run("ALTER TABLE issuer_audit_entries ADD CONSTRAINT audit_full CHECK (seq < 0) NOT VALID")
	return func() { run("ALTER TABLE issuer_audit_entries DROP CONSTRAINT audit_full") }
}

// G08: no entry, no issuance; and nothing of it is left.
func TestNothingIsIssuedWithoutItsEntry(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		done, pending := intent("anna", 1), intent("anna", 1)
		issue(t, s, done)
		begin(t, s, pending)
		if err := s.AuditWritable(ctx, noon); err != nil {
			t.Fatal(err)
		}
		entries := count(t, s, "issuer_audit_entries")
		mend := breakAudit(t, db)
		if _, err := tryBegin(s, intent("anna", 1, "nonce")); err == nil {
			t.Error("an intent without its entry")
		}
		if err := s.Finish(ctx, pending.Intent, issuance.StateIssued, noon); err == nil {
			t.Error("a result without its entry")
		}
		if err := s.Revoke(ctx, "anna", done.ID, noon); err == nil {
			t.Error("a revocation without its entry")
		}
		if err := s.AuditWritable(ctx, noon); err == nil {
			t.Error("health says that the log can be written")
		}
		for table, want := range map[string]int64{"issuer_used_nonces": 0, "issuer_issuances": 2, "issuer_status_entries": 2, "issuer_audit_entries": entries} {
			if n := count(t, s, table); n != want {
				t.Errorf("%s has %d rows, want %d", table, n, want)
			}
		}
		mend()
		if err := s.AuditWritable(ctx, noon); err != nil {
			t.Errorf("mended: %v", err)
		}
		if err := s.Finish(ctx, pending.Intent, issuance.StateIssued, noon); err != nil {
			t.Error(err)
		}
		if err := s.Revoke(ctx, "anna", done.ID, noon); err != nil {
			t.Error(err)
		}
		begin(t, s, intent("anna", 1, "nonce"))
		verified(t, s)
	})
}

// A probe that finds the log in order leaves nothing behind; one after a failure does, since only what is kept shows a full disk.
func TestProbes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		s := newStore(t, db)
		for range 3 {
			if err := s.AuditWritable(ctx, noon.Add(time.Second)); err != nil {
				t.Fatal(err)
			}
		}
		if n := count(t, s, "issuer_audit_entries"); n != 0 {
			t.Errorf("%d entries", n)
		}
		s.auditFailed.Store(true)
		for range 2 {
			if err := s.AuditWritable(ctx, noon); err != nil {
				t.Fatal(err)
			}
		}
		if n := count(t, s, "issuer_audit_entries"); n != 1 {
			t.Errorf("%d entries, want the one that showed that it works again", n)
		}
	})
}
