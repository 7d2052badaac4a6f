package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"time"

	"gorm.io/gorm"

	"lommebok.example/internal/database"
	"lommebok.example/issuer/issuance"
	"lommebok.example/issuer/status"
	"lommebok.example/specs/statuslist"
)

type list struct {
	ID   string
	Size int64
}

// openList gives a list with room for n more entries and counts them as taken. The count stands in the WHERE again,
// because PostgreSQL looks a second time at a row it had to wait for.
func (s *Store) openList(tx *gorm.DB, n int, at time.Time) (list, error) {
	var found []list
	err := tx.Raw(`UPDATE issuer_status_lists SET allocated = allocated + ?
		WHERE id = (SELECT id FROM issuer_status_lists WHERE (allocated + ?) * 2 <= size ORDER BY allocated DESC, id LIMIT 1)
		AND (allocated + ?) * 2 <= size RETURNING id, size`, n, n, n).Scan(&found).Error
	if err != nil {
		return list{}, fmt.Errorf("store: choosing a status list: %w", err)
	}
	if len(found) == 1 {
		return found[0], nil
	}
	fresh := list{ID: rand.Text(), Size: int64(s.ListSize)}
	err = tx.Exec("INSERT INTO issuer_status_lists (id, size, allocated, version, created_at) VALUES (?, ?, ?, 1, ?)",
		fresh.ID, fresh.Size, n, at.Unix()).Error
	if err != nil {
		return list{}, fmt.Errorf("store: making a status list: %w", err)
	}
	return fresh, nil
}

// errNoIndex ends a search that by chance alone ends once in 2^64 times.
var errNoIndex = errors.New("store: no free status index found")

// allocate gives n random indices of the list that nobody has. An index that is taken is left out by the insert, and
// another is drawn for it.
func allocate(tx *gorm.DB, l list, issuanceID string, n int) ([]status.Index, error) {
	got := make([]status.Index, 0, n)
	for range 64 {
		drawn, err := draw(n-len(got), l.Size)
		if err != nil {
			return nil, err
		}
		taken, err := insertEntries(tx, l.ID, issuanceID, drawn)
		if err != nil {
			return nil, err
		}
		for _, idx := range taken {
			got = append(got, status.Index{List: l.ID, Index: uint64(idx)})
		}
		if len(got) == n {
			return shuffle(got)
		}
	}
	return nil, errNoIndex
}

func insertEntries(tx *gorm.DB, listID, issuanceID string, drawn []int64) ([]int64, error) {
	args := make([]any, 0, 3*len(drawn))
	for _, idx := range drawn {
		args = append(args, listID, idx, issuanceID)
	}
	var taken []int64
	err := tx.Raw("INSERT INTO issuer_status_entries (list_id, idx, issuance_id, status) VALUES "+
		placeholders(len(drawn), "(?, ?, ?, 0)")+" ON CONFLICT DO NOTHING RETURNING idx", args...).Scan(&taken).Error
	if err != nil {
		return nil, fmt.Errorf("store: allocating status indices: %w", err)
	}
	return taken, nil
}

func draw(n int, size int64) ([]int64, error) {
	limit := big.NewInt(size)
	out := make([]int64, n)
	for i := range out {
		r, err := rand.Int(rand.Reader, limit)
		if err != nil {
			return nil, err
		}
		out[i] = r.Int64()
	}
	return out, nil
}

// shuffle takes away the order in which the database hands the rows back.
func shuffle(x []status.Index) ([]status.Index, error) {
	for i := len(x) - 1; i > 0; i-- {
		j, err := rand.Int(rand.Reader, big.NewInt(int64(i+1)))
		if err != nil {
			return nil, err
		}
		x[i], x[j.Int64()] = x[j.Int64()], x[i]
	}
	return x, nil
}

// List implements status.Store.
func (s *Store) List(ctx context.Context, id string) (status.List, error) {
	var rows []struct {
		ID            string
		Size, Version int64
	}
	err := s.db.R.WithContext(ctx).Raw("SELECT id, size, version FROM issuer_status_lists WHERE id = ?", database.Storable(id)).Scan(&rows).Error
	if err != nil {
		return status.List{}, fmt.Errorf("store: reading a status list: %w", err)
	}
	if len(rows) != 1 {
		return status.List{}, status.ErrUnknownList
	}
	return status.List{ID: rows[0].ID, Size: int(rows[0].Size), Version: rows[0].Version}, nil
}

// Invalid implements status.Store.
func (s *Store) Invalid(ctx context.Context, id string) ([]uint64, error) {
	var indices []uint64
	err := s.db.R.WithContext(ctx).Raw("SELECT idx FROM issuer_status_entries WHERE list_id = ? AND status <> 0", id).Scan(&indices).Error
	if err != nil {
		return nil, fmt.Errorf("store: reading status entries: %w", err)
	}
	return indices, nil
}

// Revoke sets the status of every copy of an issuance to invalid, for good. issuance.ErrNotFound when the person has
// no such issuance, when it is revoked already and when it has expired.
func (s *Store) Revoke(ctx context.Context, personID, id string, at time.Time) error {
	return s.db.W.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		return revoke(tx, at, "id = ? AND person_id = ?", database.Storable(id), personID)
	})
}

// revoke revokes the issuance that which names, its id first.
func revoke(tx *gorm.DB, at time.Time, which string, id string, more ...any) error {
	args := append([]any{at.Unix(), id}, more...)
	taken := tx.Exec("UPDATE issuer_issuances SET revoked_at = ? WHERE "+which+" AND state = ? AND revoked_at = 0 AND expires_at > ?",
		append(args, string(issuance.StateIssued), at.Unix())...)
	if err := exactlyOne(taken); err != nil {
		return err
	}
	err := tx.Exec("UPDATE issuer_status_entries SET status = ? WHERE issuance_id = ?", int64(statuslist.Invalid), id).Error
	if err != nil {
		return fmt.Errorf("store: setting the status: %w", err)
	}
	err = tx.Exec(`UPDATE issuer_status_lists SET version = version + 1
		WHERE id IN (SELECT list_id FROM issuer_status_entries WHERE issuance_id = ?)`, id).Error
	if err != nil {
		return fmt.Errorf("store: marking the status list as changed: %w", err)
	}
	return nil
}
