package server

import (
	"fmt"
	"slices"

	"lommebok.example/issuer/credentials"
	"lommebok.example/issuer/store"
)

// Bounds of Config.StatusListSize. Among fewer credentials one could be found by its list (EUDI TS3 section 2.5.1).
const (
	minListSize = 10_000
	maxListSize = 1 << 20
)

func (cfg Config) checkListSize() error {
	size := cfg.StatusListSize
	if size == 0 {
		return nil
	}
	if size < minListSize || size > maxListSize {
		return fmt.Errorf("%w: a status list has %d to %d entries, not %d", ErrConfig, minListSize, maxListSize, size)
	}
	types, err := cfg.types()
	if err != nil {
		return err
	}
	if size > store.DefaultListSize && slices.ContainsFunc(types.All(), func(t *credentials.Type) bool { return t.Identifiers }) {
		return fmt.Errorf("%w: with a type on identifier lists a list has at most %d entries, not %d", ErrConfig, store.DefaultListSize, size)
	}
	return nil
}
