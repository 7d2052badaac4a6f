package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lommebok.example/minid"
)

type codeRow struct {
	ID, Who, Receiver, Purpose, PersonID, BoundTo, Code string
	Payload                                             []byte
	Tries                                               int64
	State                                               string
	CreatedAt                                           int64 `gorm:"autoCreateTime:false"`
	ExpiresAt                                           int64
}

func (codeRow) TableName() string { return "minid_codes" }

// StartCode is documented at minid.Store, as are the other verbs. Whoever sends to the same person or the same receiver
// takes turns by a row of each, in one order, so that sends are counted one after another.
func (s *Store) StartCode(ctx context.Context, c minid.Code, windows []minid.Window) (again time.Time, err error) {
	err = s.write(ctx).Transaction(func(tx *gorm.DB) error {
		for _, name := range []string{min(c.Who, c.To), max(c.Who, c.To)} {
			if err := takeTurn(tx, name); err != nil {
				return err
			}
		}
		if again, err = nextSend(tx, c, windows); err != nil || !again.IsZero() {
			return err
		}
		if err := tx.Exec("UPDATE minid_codes SET state = 'dead' WHERE who = ? AND purpose = ? AND state = 'live'",
			c.Who, string(c.Purpose)).Error; err != nil {
			return err
		}
		return tx.Create(&codeRow{
			ID: c.ID, Who: c.Who, Receiver: c.To, Purpose: string(c.Purpose), PersonID: c.PersonID, BoundTo: c.Bound,
			Code: c.Code, Payload: c.Payload, State: string(c.State), CreatedAt: millis(c.Created), ExpiresAt: millis(c.Expires),
		}).Error
	})
	return again, err
}

// nextSend is zero when the code may be sent now. When a window is full, it opens when the oldest of its last most
// sends leaves it.
func nextSend(tx *gorm.DB, c minid.Code, windows []minid.Window) (time.Time, error) {
	var again time.Time
	for _, column := range []struct{ name, value string }{{"who", c.Who}, {"receiver", c.To}} {
		for _, w := range windows {
			var sent []int64
			err := tx.Model(&codeRow{}).Where(column.name+" = ? AND created_at > ?", column.value, millis(c.Created.Add(-w.Span))).
				Order("created_at DESC").Limit(w.Most).Pluck("created_at", &sent).Error
			if err != nil {
				return time.Time{}, err
			}
			if len(sent) < w.Most {
				continue
			}
			if opens := instant(sent[len(sent)-1]).Add(w.Span); opens.After(again) {
				again = opens
			}
		}
	}
	return again, nil
}

// LastCode finds the newest; of two in the same millisecond, the one that can be used.
func (s *Store) LastCode(ctx context.Context, bound string, p minid.Purpose) (*minid.Code, error) {
	var row codeRow
	err := s.read(ctx).Where("bound_to = ? AND purpose = ?", bound, string(p)).
		Order("created_at DESC, CASE state WHEN 'live' THEN 0 ELSE 1 END").Take(&row).Error
	if err != nil {
		return nil, found(err)
	}
	return &minid.Code{
		ID: row.ID, Who: row.Who, To: row.Receiver, Purpose: minid.Purpose(row.Purpose), PersonID: row.PersonID,
		Bound: row.BoundTo, Code: row.Code, Payload: row.Payload, Tries: int(row.Tries), State: minid.CodeState(row.State),
		Created: instant(row.CreatedAt), Expires: instant(row.ExpiresAt),
	}, nil
}

// FailCode ends it.
func (s *Store) FailCode(ctx context.Context, id string) error {
	return s.write(ctx).Exec("UPDATE minid_codes SET state = 'failed' WHERE id = ? AND state = 'live'", id).Error
}

// RaiseCodeTries counts in one statement, up to most.
func (s *Store) RaiseCodeTries(ctx context.Context, bound string, purposes []minid.Purpose, most int, at time.Time) (int, error) {
	tx := s.write(ctx).Exec(`UPDATE minid_codes SET tries = tries + 1
		WHERE bound_to = ? AND purpose IN ? AND state = 'live' AND tries < ? AND expires_at > ?`, bound, purposes, most, millis(at))
	return int(tx.RowsAffected), tx.Error
}

// spendCode spends a live code of one person and one purpose.
func spendCode(tx *gorm.DB, bound, personID string, p minid.Purpose, code string, at time.Time) error {
	return one(tx.Exec(`UPDATE minid_codes SET state = 'used'
		WHERE bound_to = ? AND purpose = ? AND person_id = ? AND code = ? AND state = 'live' AND expires_at > ?`,
		bound, string(p), personID, code, millis(at)), minid.ErrWrongCode)
}

// PassCode spends and passes.
func (s *Store) PassCode(ctx context.Context, signInID, personID, code string, at time.Time) error {
	return s.write(ctx).Transaction(func(tx *gorm.DB) error {
		if err := spendCode(tx, signInID, personID, minid.PurposeLogin, code, at); err != nil {
			return err
		}
		if err := tx.Exec("UPDATE minid_sms SET failures = 0 WHERE person_id = ?", personID).Error; err != nil {
			return err
		}
		return passFactor(tx, signInID, personID, minid.FactorSMS, at, minid.ErrStep)
	})
}

// RaiseSMSFailure counts in one statement, up to most.
func (s *Store) RaiseSMSFailure(ctx context.Context, personID string, most int) (bool, error) {
	tx := s.write(ctx).Exec("UPDATE minid_sms SET failures = failures + 1 WHERE person_id = ? AND failures < ?", personID, most)
	return tx.RowsAffected == 1, tx.Error
}

// addSMS makes codes by SMS a factor, in working order.
func addSMS(tx *gorm.DB, personID string) error {
	return tx.Exec(`INSERT INTO minid_sms (person_id, failures) VALUES (?, 0)
		ON CONFLICT (person_id) DO UPDATE SET failures = 0`, personID).Error
}

// TakeInvitation lets the next invitation only move forward.
func (s *Store) TakeInvitation(ctx context.Context, personID string, at, next time.Time) (bool, error) {
	tx := s.write(ctx).Exec("UPDATE minid_people SET invite_after = ? WHERE id = ? AND invite_after <= ?",
		millis(next), personID, millis(at))
	return tx.RowsAffected == 1, tx.Error
}

type messageRow struct {
	ID        string
	Sealed    []byte
	CreatedAt int64 `gorm:"autoCreateTime:false"`
}

func (messageRow) TableName() string { return "minid_outbox" }

// PutMessage keeps a message of an outbox.
func (s *Store) PutMessage(ctx context.Context, m minid.SealedMessage) error {
	return s.write(ctx).Create(&messageRow{ID: m.ID, Sealed: m.Sealed, CreatedAt: millis(m.At)}).Error
}

// Messages gives the newest messages of an outbox, newest first.
func (s *Store) Messages(ctx context.Context, most int) ([]minid.SealedMessage, error) {
	var rows []messageRow
	err := s.read(ctx).Order("created_at DESC, id").Limit(most).Find(&rows).Error
	messages := make([]minid.SealedMessage, 0, len(rows))
	for _, row := range rows {
		messages = append(messages, minid.SealedMessage{ID: row.ID, Sealed: row.Sealed, At: instant(row.CreatedAt)})
	}
	return messages, err
}
