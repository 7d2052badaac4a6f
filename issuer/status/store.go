package status

import (
	"context"
	"errors"
)

// ErrUnknownList is returned for a list that does not exist.
var ErrUnknownList = errors.New("status: no such list")

// Index is the place of one credential: a list and a position on it.
type Index struct {
	List  string
	Index uint64
}

// List is a status list without its entries. Version rises each time the status of an entry changes.
type List struct {
	ID      string
	Size    int
	Version int64
}

// Store is what the lists are read from.
type Store interface {
	List(ctx context.Context, id string) (List, error)        // ErrUnknownList
	Invalid(ctx context.Context, id string) ([]uint64, error) // the indices whose status is invalid
}
