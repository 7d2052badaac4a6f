package store

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"lommebok.example/minid"
)

type letterOrderRow struct {
	ID, Number, State string
	Sealed            []byte
	ExpiresAt         int64
}

func (letterOrderRow) TableName() string { return "minid_letter_orders" }

func (r letterOrderRow) order() minid.LetterOrder {
	return minid.LetterOrder{ID: r.ID, Number: r.Number, Sealed: r.Sealed, State: minid.OrderState(r.State), Expires: instant(r.ExpiresAt)}
}

type letterRow struct {
	ID, Number, Code, State, ClaimedBy string
	Sealed, Unsent                     []byte
	Tries                              int64
	CreatedAt                          int64 `gorm:"autoCreateTime:false"`
	ExpiresAt                          int64
}

func (letterRow) TableName() string { return "minid_letters" }

// AddLetterOrder is documented at minid.LetterStore, as are the other verbs.
func (s *Store) AddLetterOrder(ctx context.Context, o minid.LetterOrder) error {
	return s.write(ctx).Create(&letterOrderRow{
		ID: o.ID, Number: o.Number, Sealed: o.Sealed, State: string(o.State), ExpiresAt: millis(o.Expires),
	}).Error
}

// LetterOrder finds by the hash of its secret.
func (s *Store) LetterOrder(ctx context.Context, id string) (*minid.LetterOrder, error) {
	var row letterOrderRow
	if err := s.read(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
		return nil, found(err)
	}
	o := row.order()
	return &o, nil
}

// ConfirmLetterOrder spends and confirms. The code is of nobody: whose the number is, is not asked yet.
func (s *Store) ConfirmLetterOrder(ctx context.Context, id, code string, at time.Time) error {
	return s.write(ctx).Transaction(func(tx *gorm.DB) error {
		if err := spendCode(tx, id, "", minid.PurposeLetter, code, at); err != nil {
			return err
		}
		return one(tx.Exec("UPDATE minid_letter_orders SET state = 'confirmed' WHERE id = ? AND state = 'open' AND expires_at > ?",
			id, millis(at)), minid.ErrWrongCode)
	})
}

// ConfirmedLetterOrders wait.
func (s *Store) ConfirmedLetterOrders(ctx context.Context, most int) ([]minid.LetterOrder, error) {
	var rows []letterOrderRow
	err := s.read(ctx).Where("state = 'confirmed'").Order("expires_at, id").Limit(most).Find(&rows).Error
	orders := make([]minid.LetterOrder, 0, len(rows))
	for _, r := range rows {
		orders = append(orders, r.order())
	}
	return orders, err
}

// SettleLetterOrder is won by whoever settles; that a number has one live letter is the index's word.
func (s *Store) SettleLetterOrder(ctx context.Context, id string, l *minid.LetterRecord, tries int) (added bool, err error) {
	err = s.write(ctx).Transaction(func(tx *gorm.DB) error {
		settled := tx.Exec("UPDATE minid_letter_orders SET state = 'settled' WHERE id = ? AND state = 'confirmed'", id)
		if err := one(settled, minid.ErrNotFound); err != nil || l == nil {
			return err
		}
		if err := tx.Exec("UPDATE minid_letters SET state = 'dead' WHERE number = ? AND state = 'live' AND (expires_at <= ? OR tries >= ?)",
			l.Number, millis(l.Created), tries).Error; err != nil {
			return err
		}
		add := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&letterRow{
			ID: l.ID, Number: l.Number, Code: l.Code, Sealed: l.Sealed, Unsent: l.Unsent, State: "live",
			CreatedAt: millis(l.Created), ExpiresAt: millis(l.Expires),
		})
		added = add.RowsAffected == 1
		return add.Error
	})
	return added && err == nil, err
}

// UnsentLetters are those that nobody has taken on their way.
func (s *Store) UnsentLetters(ctx context.Context, before time.Time, most int) ([]minid.LetterRecord, error) {
	var rows []letterRow
	err := s.read(ctx).Where("unsent IS NOT NULL AND state = 'live' AND created_at <= ?", millis(before)).
		Order("created_at, id").Limit(most).Find(&rows).Error
	letters := make([]minid.LetterRecord, 0, len(rows))
	for _, r := range rows {
		letters = append(letters, minid.LetterRecord{
			ID: r.ID, Number: r.Number, Code: r.Code, Sealed: r.Sealed, Unsent: r.Unsent,
			Created: instant(r.CreatedAt), Expires: instant(r.ExpiresAt),
		})
	}
	return letters, err
}

// LetterSent forgets the printed letter.
func (s *Store) LetterSent(ctx context.Context, id string) error {
	return s.write(ctx).Exec("UPDATE minid_letters SET unsent = NULL WHERE id = ?", id).Error
}

type letterOutboxRow struct {
	ID        string
	Sealed    []byte
	CreatedAt int64 `gorm:"autoCreateTime:false"`
}

func (letterOutboxRow) TableName() string { return "minid_letter_outbox" }

// PutLetter keeps a letter of an outbox; the same one again is kept once.
func (s *Store) PutLetter(ctx context.Context, m minid.SealedMessage) error {
	return s.write(ctx).Clauses(clause.OnConflict{DoNothing: true}).
		Create(&letterOutboxRow{ID: m.ID, Sealed: m.Sealed, CreatedAt: millis(m.At)}).Error
}

// PostedLetters gives the newest letters of an outbox, newest first.
func (s *Store) PostedLetters(ctx context.Context, most int) ([]minid.SealedMessage, error) {
	var rows []letterOutboxRow
	err := s.read(ctx).Order("created_at DESC, id").Limit(most).Find(&rows).Error
	letters := make([]minid.SealedMessage, 0, len(rows))
	for _, row := range rows {
		letters = append(letters, minid.SealedMessage{ID: row.ID, Sealed: row.Sealed, At: instant(row.CreatedAt)})
	}
	return letters, err
}
