package audit

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// CheckpointTyp is the typ of a checkpoint's JWS.
const CheckpointTyp = "lommebok-audit-checkpoint+jwt"

// Checkpoint says what the hash of an entry was.
type Checkpoint struct {
	Log  string `json:"log"` // whose log it is
	Seq  int64  `json:"seq"`
	Hash Hash   `json:"hash"`
	At   int64  `json:"at"` // milliseconds since 1970, UTC
}

// Sealer signs checkpoints.
type Sealer interface {
	Seal(payload []byte) (jws string, err error)
	Key() json.RawMessage // the public key as a JWK
}

// Seal signs a checkpoint.
func (c Checkpoint) Seal(s Sealer) (string, error) {
	payload, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	return s.Seal(payload)
}

// Opener verifies the JWS of checkpoints, typ and all, and gives the payload.
type Opener func(key json.RawMessage) (func(jws string) ([]byte, error), error)

type line struct {
	Key        json.RawMessage `json:"key,omitempty"`
	Entry      *Entry          `json:"entry,omitempty"`
	Checkpoint string          `json:"checkpoint,omitempty"`
}

// Writer writes a copy.
type Writer struct{ to *json.Encoder }

// NewWriter begins a copy whose checkpoints are verified with key.
func NewWriter(to io.Writer, key json.RawMessage) (*Writer, error) {
	w := &Writer{json.NewEncoder(to)}
	return w, w.to.Encode(line{Key: key})
}

// Entry writes an entry as it is kept.
func (w *Writer) Entry(e Entry) error { return w.to.Encode(line{Entry: &e}) }

// Checkpoint writes a signed checkpoint. The last line must be one.
func (w *Writer) Checkpoint(jws string) error { return w.to.Encode(line{Checkpoint: jws}) }

// What can be wrong with a copy beside its entries.
var (
	ErrCheckpoint = errors.New("the checkpoint does not hold")
	ErrTruncated  = errors.New("the copy ends without a checkpoint of its last entry: lines at its end are missing")
	ErrForm       = errors.New("the line is no key, entry or checkpoint")
)

// Bad is the first line of a copy that is wrong.
type Bad struct {
	Line int
	Err  error
}

// Error tells the line.
func (b *Bad) Error() string { return fmt.Sprintf("line %d: %v", b.Line, b.Err) }

// Unwrap gives what is wrong.
func (b *Bad) Unwrap() error { return b.Err }

// Verified is what a good copy holds.
type Verified struct {
	Key         json.RawMessage
	Last        Checkpoint
	Checkpoints int
}

// maxLine bounds a line of a copy.
const maxLine = 1 << 20

// Verify reads a copy to its end. Its error is a Bad, or that of reading.
func Verify(from io.Reader, open Opener) (Verified, error) {
	v := verifier{open: open}
	lines := bufio.NewScanner(from)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	n := 0
	for lines.Scan() {
		n++
		if err := v.line(lines.Bytes()); err != nil {
			return Verified{}, &Bad{n, err}
		}
	}
	if err := lines.Err(); err != nil {
		return Verified{}, &Bad{n + 1, err}
	}
	if v.told.Checkpoints == 0 || v.told.Last.Seq != v.head.Seq {
		return Verified{}, &Bad{n + 1, ErrTruncated}
	}
	return v.told, nil
}

type verifier struct {
	open  Opener
	check func(jws string) ([]byte, error)
	head  Head
	told  Verified
}

func (v *verifier) line(text []byte) error {
	var l line
	if err := strict(text, &l); err != nil {
		return fmt.Errorf("%w: %w", ErrForm, err)
	}
	switch {
	case v.check == nil && l.Key != nil && l.Entry == nil && l.Checkpoint == "":
		check, err := v.open(l.Key)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrForm, err)
		}
		v.check, v.told.Key = check, l.Key
		return nil
	case v.check == nil || l.Key != nil || (l.Entry == nil) == (l.Checkpoint == ""):
		return ErrForm
	case l.Entry != nil:
		head, err := v.head.Follow(*l.Entry)
		v.head = head
		return err
	}
	return v.checkpoint(l.Checkpoint)
}

func (v *verifier) checkpoint(jws string) error {
	payload, err := v.check(jws)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	var c Checkpoint
	if err := strict(payload, &c); err != nil {
		return fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	switch {
	case v.told.Checkpoints > 0 && c.Log != v.told.Last.Log:
		return fmt.Errorf("%w: it is of the log of %s", ErrCheckpoint, c.Log)
	case c.Seq != v.head.Seq:
		return fmt.Errorf("%w: it is of entry %d, and stands behind %d", ErrCheckpoint, c.Seq, v.head.Seq)
	case c.Hash != v.head.Hash:
		return fmt.Errorf("%w: entries after %d were altered with their hashes", ErrCheckpoint, v.told.Last.Seq)
	}
	v.told.Last = c
	v.told.Checkpoints++
	return nil
}

// strict reads one JSON value without unknown members and with nothing behind it.
func strict(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something stands behind the value")
	}
	return nil
}
