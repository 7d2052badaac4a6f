package status

import (
	"context"
	"errors"
	"time"

	"lommebok.example/specs/statuslist"
)

// ErrUnknownList is returned for a list that does not exist.
var ErrUnknownList = errors.New("status: no such list")

// ErrNoHistory is returned for a time at which a list is not known any more, or not yet.
var ErrNoHistory = errors.New("status: the list is not known at that time")

// Index is the place of one credential: a list and a position on it, and the name that stands for the position on an identifier list.
type Index struct {
	List       string
	Index      uint64
	Identifier Identifier
}

// List is a status list without its entries. Version rises each time the status of an entry changes, and is 1 at first.
type List struct {
	ID      string
	Bits    statuslist.Bits
	Size    int
	Version int64
	Seed    []byte // of its decoys and identifiers, 32 bytes; nil for none
}

// Entry is an entry that is not valid.
type Entry struct {
	Index  uint64
	Status statuslist.Status
}

// Past is a list as it was: from From until, but not at, Until, which is zero for the list as it is now.
type Past struct {
	List
	Entries     []Entry
	From, Until time.Time
}

// Store is what the lists are read from.
type Store interface {
	List(ctx context.Context, id string) (List, error)                  // ErrUnknownList
	Entries(ctx context.Context, id string) ([]Entry, error)            // those that are not valid
	At(ctx context.Context, id string, at, now time.Time) (Past, error) // ErrUnknownList, ErrNoHistory
	Lists(ctx context.Context) ([]string, error)                        // all that credentials stand on
}
