// Package journal keeps what a wallet sent and what it got, in the wallet's folder, so that each command and the pages can tell of it.
// An entry is a line of JSON, decoded and masked by package transaction before it comes here: the file holds no token, and nothing of a
// person. It stands in log.jsonl, the one before it in log.1.jsonl beside it.
package journal

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"lommebok.example/transaction"
)

const (
	current = "log.jsonl"
	older   = "log.1.jsonl"
	maxSize = 8 << 20
)

// Journal is that of one wallet.
type Journal struct{ Dir string }

// Line is an entry as it stands in the file, with its end of line.
type Line struct {
	At   int64 // where it begins
	Text string
}

// Entry reads the line.
func (l Line) Entry() (*transaction.Entry, error) {
	e := &transaction.Entry{}
	if err := json.Unmarshal([]byte(l.Text), e); err != nil {
		return nil, fmt.Errorf("journal: %s at %d: %w", current, l.At, err)
	}
	return e, nil
}

// Write adds an entry.
func (j Journal) Write(e *transaction.Entry) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(j.Dir, 0o700); err != nil {
		return err
	}
	path := filepath.Join(j.Dir, current)
	if info, err := os.Stat(path); err == nil && info.Size() > maxSize {
		if err := os.Rename(path, filepath.Join(j.Dir, older)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	return errors.Join(err, f.Close())
}

// Last gives the last n lines, the oldest first, and where the next one begins.
func (j Journal) Last(n int) ([]Line, int64, error) {
	lines, end, err := j.From(0)
	return lines[max(0, len(lines)-n):], end, err
}

// From gives the lines behind offset, the oldest first, and where the next one begins. An entry that is being written comes with the
// next ones. A file that became shorter is another one, and is read from its beginning.
func (j Journal) From(offset int64) (lines []Line, end int64, err error) {
	f, err := os.Open(filepath.Join(j.Dir, current))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, offset, err
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return nil, offset, err
	}
	if info.Size() < offset {
		offset = 0
	}
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		return nil, offset, err
	}
	for r := bufio.NewReader(f); ; {
		text, err := r.ReadString('\n')
		if errors.Is(err, io.EOF) {
			return lines, offset, nil
		}
		if err != nil {
			return lines, offset, err
		}
		lines = append(lines, Line{offset, text})
		offset += int64(len(text))
	}
}
