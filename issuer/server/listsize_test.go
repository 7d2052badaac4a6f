package server_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"lommebok.example/internal/database"
	"lommebok.example/issuer/server"
)

func TestStatusListSize(t *testing.T) {
	s := newService(t)
	folder := t.TempDir()
	check(t, os.WriteFile(filepath.Join(folder, "klubbkort.yaml"), []byte(clubCard), 0o600))
	for _, c := range []struct {
		size   int
		folder string
		want   error
	}{
		{0, "", nil}, {10_000, "", nil}, {1 << 20, "", nil}, {1 << 17, folder, nil}, {0, folder, nil},
		{9_999, "", server.ErrConfig}, {1<<20 + 1, "", server.ErrConfig}, {-1, "", server.ErrConfig}, {1<<17 + 1, folder, server.ErrConfig},
	} {
		cfg := s.cfg
		cfg.StatusListSize, cfg.CredentialsDir = c.size, c.folder
		if _, err := server.New(t.Context(), cfg, server.Deps{DB: s.db, Now: s.now, Log: slog.New(slog.DiscardHandler)}); !errors.Is(err, c.want) {
			t.Errorf("%d entries, types in %q: %v", c.size, c.folder, err)
		}
	}
}

// Lists are made of the size that is set, and one that is larger is given up.
func TestStatusListsAreAsLargeAsIsSet(t *testing.T) {
	each(t, func(t *testing.T, db *database.DB) {
		s := newServiceOn(t, db)
		p, w := s.person(t, stjerne), s.wallet(t)
		token := w.token(p, byScope("eudiw:no:aldersbevis"), p.signInWithCode)
		sizes := func(want ...int64) {
			t.Helper()
			_, _ = w.credentials(token.AccessToken, "credential_configuration_id", "proof_of_age", 1)
			var got []int64
			check(t, db.R.Raw("SELECT size FROM issuer_status_lists ORDER BY size").Scan(&got).Error)
			if len(got) != len(want) || got[0] != want[0] || got[len(got)-1] != want[len(want)-1] {
				t.Errorf("lists of %v entries, want %v", got, want)
			}
		}
		sizes(1 << 17)
		s.cfg.StatusListSize = 20_000
		s.start(t)
		sizes(20_000, 1<<17)
		sizes(20_000, 1<<17)
	})
}
