package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Hash is the hash of an entry. As text it is base64url.
type Hash [sha256.Size]byte

// MarshalText implements encoding.TextMarshaler.
func (h Hash) MarshalText() ([]byte, error) {
	return base64.RawURLEncoding.AppendEncode(nil, h[:]), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hash) UnmarshalText(text []byte) error {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(string(text))
	if err != nil || len(raw) != len(h) || len(text) != base64.RawURLEncoding.EncodedLen(len(h)) { // line breaks are skipped
		return errors.New("audit: not a hash")
	}
	copy(h[:], raw)
	return nil
}

// Party is who did something or whom it is about: a person, or something that is none. The zero Party is nobody.
type Party struct{ person, name string }

// Person is a person by the opaque identifier, which does not get into the log.
func Person(id string) Party { return Party{person: id} }

// Service is something that is no person.
func Service(name string) Party { return Party{name: name} }

// PersonID gives the identifier of a person; false for what is none.
func (p Party) PersonID() (string, bool) { return p.person, p.person != "" }

// As gives the words of the log: for a person with the key of that person.
func (p Party) As(key []byte) string {
	switch {
	case p.person != "":
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(p.person))
		return "p:" + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:16])
	case p.name != "":
		return "s:" + p.name
	default:
		return ""
	}
}

// Event is what a service tells the log.
type Event struct {
	At             time.Time
	Kind           string
	Actor, Subject Party
	Object         string
	Outcome        string
	Details        map[string]string // nothing personal
}

// Entry is an event in its place of the chain.
type Entry struct {
	Seq     int64             `json:"seq"`
	At      int64             `json:"at"` // milliseconds since 1970, UTC
	Kind    string            `json:"kind"`
	Actor   string            `json:"actor"`
	Subject string            `json:"subject,omitempty"`
	Object  string            `json:"object,omitempty"`
	Outcome string            `json:"outcome"`
	Details map[string]string `json:"details,omitempty"`
	Prev    Hash              `json:"prev"`
	Hash    Hash              `json:"hash"`
}

// Head is the end of a chain. The zero Head is that of an empty one.
type Head struct {
	Seq  int64
	Hash Hash
}

// Next gives the entry of an event behind the head, with the words for its parties.
func (h Head) Next(e Event, actor, subject string) Entry {
	next := Entry{
		Seq: h.Seq + 1, At: e.At.UnixMilli(), Kind: e.Kind, Actor: actor, Subject: subject, Object: e.Object,
		Outcome: e.Outcome, Details: e.Details, Prev: h.Hash,
	}
	next.Hash = next.computed()
	return next
}

// What can be wrong with an entry.
var (
	ErrMissing = errors.New("an entry is missing")
	ErrOrder   = errors.New("the entry is out of order")
	ErrAltered = errors.New("the entry was altered")
	ErrBroken  = errors.New("the entry does not carry the hash of the one before")
)

// Follow gives the head after an entry, if it is the entry that follows.
func (h Head) Follow(e Entry) (Head, error) {
	switch {
	case e.Seq > h.Seq+1:
		return h, fmt.Errorf("%w: after %d comes %d", ErrMissing, h.Seq, e.Seq)
	case e.Seq <= h.Seq:
		return h, fmt.Errorf("%w: after %d comes %d", ErrOrder, h.Seq, e.Seq)
	case e.computed() != e.Hash:
		return h, fmt.Errorf("%w: %d", ErrAltered, e.Seq)
	case e.Prev != h.Hash:
		return h, fmt.Errorf("%w: %d, or %d was altered", ErrBroken, e.Seq, h.Seq)
	}
	return Head{e.Seq, e.Hash}, nil
}

// version begins what is hashed, so that it is no other text of this service.
const version = "lommebok-audit-1"

// computed is the hash of the package comment.
func (e Entry) computed() Hash {
	var few [512]byte
	b := appendText(few[:0], version)
	b = binary.BigEndian.AppendUint64(b, uint64(e.Seq))
	b = binary.BigEndian.AppendUint64(b, uint64(e.At))
	for _, text := range [...]string{e.Kind, e.Actor, e.Subject, e.Object, e.Outcome} {
		b = appendText(b, text)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(e.Details)))
	for _, name := range slices.Sorted(maps.Keys(e.Details)) {
		b = appendText(appendText(b, name), e.Details[name])
	}
	return sha256.Sum256(append(b, e.Prev[:]...))
}

func appendText(b []byte, text string) []byte {
	return append(binary.BigEndian.AppendUint32(b, uint32(len(text))), text...)
}
