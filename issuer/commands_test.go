package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/issuer/issuance"
	"lommebok.example/issuer/store"
	"lommebok.example/minid"
)

var noon = time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)

func issuerCommand(args ...string) (int, string) {
	var out bytes.Buffer
	code := command(context.Background(), args, &out, &out, func() time.Time { return noon })
	return code, out.String()
}

// issued is a database with one issuance, as the environment names it.
func issued(t *testing.T) *database.DB {
	t.Helper()
	dir, ctx := t.TempDir(), context.Background()
	dsn := "sqlite:" + filepath.Join(dir, "issuer.db")
	t.Setenv("ISSUER_DATABASE", dsn)
	t.Setenv("ISSUER_DATA", dir)
	db, err := database.Open(ctx, dsn)
	check(t, err)
	t.Cleanup(func() { check(t, db.Close()) })
	st, err := store.New(ctx, db)
	check(t, err)
	in := issuance.Intent{
		ID: "one", PersonID: "anna", ClientID: "wallet", ConfigurationID: "proof_of_age", Level: minid.LevelSubstantial,
		IssuedAt: noon, ExpiresAt: time.Date(2026, time.December, 23, 0, 0, 0, 0, time.UTC),
	}
	in.Indices, err = st.Candidates(ctx, 1, 2, noon)
	check(t, err)
	check(t, st.Begin(ctx, in))
	check(t, st.Finish(ctx, in, issuance.StateIssued, noon))
	return db
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestCheckCredentials(t *testing.T) {
	db := issued(t)
	if code, out := issuerCommand("check-credentials"); code != 0 || out != "0 amiss\n" {
		t.Errorf("%d %s", code, out)
	}
	check(t, db.W.Exec("UPDATE issuer_issuances SET state = 'intent', issued_at = 5").Error)
	code, out := issuerCommand("check-credentials")
	if code != 1 || !strings.Contains(out, "intent never finished\tone\t") || !strings.Contains(out, "expired wrongly\tone\t") {
		t.Errorf("%d %s", code, out)
	}
	t.Setenv("ISSUER_DATABASE", "mysql://x")
	if code, out := issuerCommand("check-credentials"); code != 1 || !strings.Contains(out, "the address must begin with") {
		t.Errorf("%d %s", code, out)
	}
}

func TestAuditExportAndVerify(t *testing.T) {
	issued(t)
	file := filepath.Join(t.TempDir(), "audit.jsonl")
	if code, out := issuerCommand("audit", "export", file); code != 0 || out != "" {
		t.Fatalf("%d %s", code, out)
	}
	if code, out := issuerCommand("audit", "export", file); code != 1 {
		t.Errorf("a copy was written over: %d %s", code, out)
	}
	code, piped := issuerCommand("audit", "export")
	raw, err := os.ReadFile(file)
	check(t, err)
	if lines := strings.Count(piped, "\n"); code != 0 || lines != 4 || strings.Split(piped, "\n")[1] != strings.Split(string(raw), "\n")[1] {
		t.Errorf("%d\n%s", code, piped)
	}
	// No database from here on.
	t.Setenv("ISSUER_DATABASE", "mysql://x")
	if code, out := issuerCommand("audit", "verify", file); code != 0 || !strings.Contains(out, "holds: 2 entries") {
		t.Errorf("%d %s", code, out)
	}
	if code, out := issuerCommand("audit", "verify", file, "--key", "x"); code != 1 || !strings.Contains(out, "another key") {
		t.Errorf("%d %s", code, out)
	}
	check(t, os.WriteFile(file, bytes.Replace(raw, []byte(`"issued"`), []byte(`"failed"`), 1), 0o600))
	if code, out := issuerCommand("audit", "verify", file); code != 1 || !strings.Contains(out, "line 3: the entry was altered") {
		t.Errorf("%d %s", code, out)
	}
	if code, _ := issuerCommand("audit", "verify", file+"x"); code != 1 {
		t.Errorf("a file that is not there: %d", code)
	}
	if code, _ := issuerCommand("nonsense"); code != 1 {
		t.Errorf("a command that there is not: %d", code)
	}
}
