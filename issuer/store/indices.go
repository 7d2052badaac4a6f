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
	"lommebok.example/specs/statuslist"
)

// opened is the lists that indices are drawn from at the moment, by their number of bits.
type opened struct {
	mu    sync.Mutex
	lists map[statuslist.Bits]*open
}

// open is one of them, with the indices that are known to be taken, decoys among them. It only makes a draw that is taken rare:
// whether an index is free is decided by the row that takes it.
type open struct {
	id    string
	size  uint64
	taken []uint64 // a bit an entry
	name  func(index uint64) status.Identifier
}

// Candidates draws n random indices of one list with so many bits that nobody is known to have. Nothing is written of them; Begin
// takes them. A list is made when none has room, and that is all that may be left behind when nothing comes of it.
func (s *Store) Candidates(ctx context.Context, bits statuslist.Bits, n int, at time.Time) ([]status.Index, error) {
	s.open.mu.Lock()
	defer s.open.mu.Unlock()
	list := s.open.lists[bits]
	if list == nil {
		var err error
		if list, err = s.findList(ctx, bits, n, at); err != nil {
			return nil, err
		}
		if s.open.lists == nil {
			s.open.lists = map[statuslist.Bits]*open{}
		}
		s.open.lists[bits] = list
	}
	return list.draw(n)
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
			drawn = append(drawn, status.Index{List: o.id, Index: i, Identifier: o.name(i)})
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

// tookIndices remembers what Begin has taken; forgetLists has the next draw look anew at what is there.
func (s *Store) tookIndices(indices []status.Index) {
	s.open.mu.Lock()
	defer s.open.mu.Unlock()
	for _, list := range s.open.lists {
		for _, i := range indices {
			if i.List == list.id {
				list.take(i.Index)
			}
		}
	}
}

func (o *open) take(i uint64) { o.taken[i/64] |= 1 << (i % 64) }

func (s *Store) forgetLists(indices []status.Index) {
	s.open.mu.Lock()
	defer s.open.mu.Unlock()
	for bits, list := range s.open.lists {
		for _, i := range indices {
			if i.List == list.id {
				delete(s.open.lists, bits)
			}
		}
	}
}

// findList looks for the fullest list that has room, or makes one. A list of before there were seeds is given up: it has neither
// decoys nor identifiers; so is one that is larger than lists are made now.
func (s *Store) findList(ctx context.Context, bits statuslist.Bits, n int, at time.Time) (*open, error) {
	id, err := s.roomy(ctx, bits, n)
	if errors.Is(err, sql.ErrNoRows) {
		if err = s.makeList(ctx, bits, n, at); err == nil {
			id, err = s.roomy(ctx, bits, n)
		}
	}
	var list status.List
	if err == nil {
		list, err = s.List(ctx, id)
	}
	if err != nil {
		return nil, fmt.Errorf("store: choosing a status list: %w", err)
	}
	var taken []int64
	if err := s.db.R.WithContext(ctx).Raw("SELECT idx FROM issuer_status_entries WHERE list_id = ?", id).Scan(&taken).Error; err != nil {
		return nil, fmt.Errorf("store: reading a status list: %w", err)
	}
	o := &open{id: id, size: uint64(list.Size), taken: make([]uint64, (list.Size+63)/64), name: list.Identifier}
	for _, i := range taken {
		o.take(uint64(i))
	}
	for _, i := range list.Decoys() {
		o.take(i)
	}
	return o, nil
}

func (s *Store) roomy(ctx context.Context, bits statuslist.Bits, n int) (id string, err error) {
	err = s.db.Row(ctx, `SELECT id FROM issuer_status_lists WHERE bits = ? AND (allocated + ?) * 2 <= size AND decoy_seed IS NOT NULL AND size <= ?
		ORDER BY allocated DESC, id LIMIT 1`, []any{int64(bits), n, s.ListSize}, &id)
	return id, err
}

// makeList makes a list unless somebody else has meanwhile.
func (s *Store) makeList(ctx context.Context, bits statuslist.Bits, n int, at time.Time) error {
	seed := make([]byte, 32)
	_, _ = rand.Read(seed) // never fails (Go 1.24 and later)
	return s.db.Write(ctx, func(tx *database.Tx) error {
		_, err := tx.Exec(`INSERT INTO issuer_status_lists (id, bits, size, decoy_seed, allocated, version, created_at)
			SELECT CAST(? AS TEXT), CAST(? AS BIGINT), CAST(? AS BIGINT), ?, 0, 1, CAST(? AS BIGINT)
			WHERE NOT EXISTS (SELECT 1 FROM issuer_status_lists WHERE bits = ? AND (allocated + ?) * 2 <= size AND decoy_seed IS NOT NULL AND size <= ?)`,
			rand.Text(), int64(bits), s.ListSize, seed, at.Unix(), int64(bits), n, s.ListSize)
		return err
	})
}
