package journal

import (
	"os"
	"path/filepath"
	"testing"

	"lommebok.example/transaction"
)

// What is read goes on where it ended, waits for a line that is being written, and begins anew in a new file.
func TestTheJournalGoesOn(t *testing.T) {
	j := Journal{Dir: t.TempDir()}
	file := filepath.Join(j.Dir, current)
	write := func(step string) {
		t.Helper()
		if err := j.Write(&transaction.Entry{Step: step}); err != nil {
			t.Fatal(err)
		}
	}
	reads := func(from int64, steps ...string) (next int64) {
		t.Helper()
		lines, next, err := j.From(from)
		if err != nil || len(lines) != len(steps) {
			t.Fatalf("%d lines, %v, want %v", len(lines), err, steps)
		}
		for i, line := range lines {
			if e, err := line.Entry(); err != nil || e.Step != steps[i] {
				t.Errorf("%v, %v, want %s", e, err, steps[i])
			}
		}
		return next
	}
	next := reads(0)
	write("a")
	write("b")
	next = reads(next, "a", "b")
	next = reads(next)
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString(`{"step":`)
	next = reads(next)
	_, more := f.WriteString("\"c\"}\n")
	if err != nil || more != nil || f.Close() != nil {
		t.Fatal(err, more)
	}
	next = reads(next, "c")
	if lines, _, err := j.Last(2); err != nil || len(lines) != 2 || lines[1].Text != "{\"step\":\"c\"}\n" {
		t.Errorf("%v, %v", lines, err)
	}
	if err := os.Truncate(file, maxSize+1); err != nil {
		t.Fatal(err)
	}
	write("d")
	reads(next, "d")
	if _, err := os.Stat(filepath.Join(j.Dir, older)); err != nil {
		t.Error(err)
	}
}
