package keys

import (
	"crypto"
	"errors"
	"fmt"
	"time"
)

// ErrUnavailable: the vault cannot sign now, and may be able to later. Nothing was signed.
var ErrUnavailable = errors.New("keys: the vault cannot be used now")

// Key is one key of a purpose. It is used from From until the next one's From; ID is From in UTC, to the second.
type Key struct {
	ID     string
	From   time.Time
	Signer crypto.Signer
}

// Vault keeps P-256 keys by purpose. A purpose is of small letters, digits and hyphens.
type Vault interface {
	// Keys are the purpose's, oldest first. ErrUnavailable, ErrFile.
	Keys(purpose string) ([]Key, error)
	// Make makes the key that is used from a time; when there is one already, it is the answer. ErrUnavailable, ErrFile.
	Make(purpose string, from time.Time) (Key, error)
	Close() error
}

// idForm is an ID's: a time in UTC, such as 20261127T230000Z.
const idForm = "20060102T150405Z"

func newKeyID(from time.Time) string { return from.UTC().Format(idForm) }

func parseKeyID(id string) (time.Time, error) {
	from, err := time.Parse(idForm, id)
	if err != nil || newKeyID(from) != id {
		return time.Time{}, fmt.Errorf("%w: %q is no time such as %s", ErrFile, id, idForm)
	}
	return from, nil
}
