package school_test

import (
	"errors"
	"net/netip"
	"testing"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/minid"
	"lommebok.example/minid/school"
)

// Row A03: guesses of codes count for the address they come from. Who sits elsewhere is not held up, and what was right never
// counts: a whole class may share one address.
func TestGuessesOfCodesCountForTheAddress(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		w := newWorldOn(t, db)
		from := func(address string) func(code, pid string) error {
			ctx := minid.FromAddress(t.Context(), netip.MustParseAddr(address))
			return func(code, pid string) error { _, err := w.Claim(ctx, code, pid); return err }
		}
		guesser, room := from("192.0.2.7"), from("198.51.100.9")
		w.authorise("10A")
		_, code := w.offer(pupil)
		most := minid.DefaultLimits().AddressFailures
		for range most {
			if err := guesser("AAAAAAAA", pupil); !errors.Is(err, school.ErrCode) {
				t.Fatal(err)
			}
		}
		var refused minid.ErrAddress
		if err := guesser(code, pupil); !errors.As(err, &refused) || refused.RetryAfter <= 0 {
			t.Errorf("after %d guesses: %v", most, err)
		}
		if err := room(code, pupil); err != nil {
			t.Errorf("from the classroom: %v", err)
		}
	})
}
