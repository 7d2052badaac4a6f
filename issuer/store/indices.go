package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"sync"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/issuer/status"
)

// open is the list that indices are drawn from at the moment, with those that are known to be taken. It only makes a draw
// that is taken rare: whether an index is free is decided by the row that takes it.
type open struct {
	mu    sync.Mutex
	id    string
	size  uint64
	taken []uint64 // a bit an entry
}

// Candidates draws n random indices of one list that nobody is known to have. Nothing is written of them; Begin takes them.
// A list is made when none has room, and that is all that may be left behind when nothing comes of it.
func (s *Store) Candidates(ctx context.Context, n int, at time.Time) ([]status.Index, error) {
	s.open.mu.Lock()
	defer s.open.mu.Unlock()
	if s.open.id == "" {
		if err := s.findList(ctx, n, at); err != nil {
			return nil, err
		}
	}
	return s.open.draw(n)
}

// errNoIndex ends a search that by chance alone ends once in 2^64 times.
var errNoIndex = errors.New("store: no free status index found")

// draw gives different indices that are not known to be taken.
func (o *open) draw(n int) ([]status.Index, error) {
	drawn := make([]status.Index, 0, n)
	random := make([]byte, 8*n)
	for range 64 {
		_, _ = rand.Read(random) // never fails (Go 1.24 and later)
		for part := random; len(part) > 0 && len(drawn) < n; part = part[8:] {
			// Scaling 64 random bits to the size errs by less than the size in 2^64.
			i, _ := bits.Mul64(binary.BigEndian.Uint64(part), o.size)
			if o.has(i) || holds(drawn, i) {
				continue
			}
			drawn = append(drawn, status.Index{List: o.id, Index: i})
		}
		if len(drawn) == n {
			return drawn, nil
		}
	}
	return nil, errNoIndex
}

func holds(drawn []status.Index, i uint64) bool {
	for _, d := range drawn {
		if d.Index == i {
			return true
		}
	}
	return false
}

func (o *open) has(i uint64) bool { return o.taken[i/64]&(1<<(i%64)) != 0 }

// tookIndices remembers what Begin has taken; forgetList has the next draw look anew at what is there.
func (s *Store) tookIndices(indices []status.Index) {
	s.open.mu.Lock()
	defer s.open.mu.Unlock()
	for _, i := range indices {
		if i.List == s.open.id {
			s.open.taken[i.Index/64] |= 1 << (i.Index % 64)
		}
	}
}

func (s *Store) forgetList() {
	s.open.mu.Lock()
	defer s.open.mu.Unlock()
	s.open.id = ""
}

// findList looks for the fullest list that has room, or makes one.
func (s *Store) findList(ctx context.Context, n int, at time.Time) error {
	id, size, err := s.roomy(ctx, n)
	if errors.Is(err, sql.ErrNoRows) {
		if err = s.makeList(ctx, n, at); err == nil {
			id, size, err = s.roomy(ctx, n)
		}
	}
	if err != nil {
		return fmt.Errorf("store: choosing a status list: %w", err)
	}
	var taken []int64
	if err := s.db.R.WithContext(ctx).Raw("SELECT idx FROM issuer_status_entries WHERE list_id = ?", id).Scan(&taken).Error; err != nil {
		return fmt.Errorf("store: reading a status list: %w", err)
	}
	s.open.id, s.open.size, s.open.taken = id, uint64(size), make([]uint64, (size+63)/64)
	for _, i := range taken {
		s.open.taken[i/64] |= 1 << (i % 64)
	}
	return nil
}

func (s *Store) roomy(ctx context.Context, n int) (id string, size int64, err error) {
	err = s.db.Row(ctx, `SELECT id, size FROM issuer_status_lists WHERE (allocated + ?) * 2 <= size
		ORDER BY allocated DESC, id LIMIT 1`, []any{n}, &id, &size)
	return id, size, err
}

// makeList makes a list unless somebody else has meanwhile.
func (s *Store) makeList(ctx context.Context, n int, at time.Time) error {
	return s.db.Write(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(`INSERT INTO issuer_status_lists (id, size, allocated, version, created_at)
			SELECT CAST(? AS TEXT), CAST(? AS BIGINT), 0, 1, CAST(? AS BIGINT)
			WHERE NOT EXISTS (SELECT 1 FROM issuer_status_lists WHERE (allocated + ?) * 2 <= size)`,
			rand.Text(), s.ListSize, at.Unix(), n)
		return err
	})
}
