package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lommebok.example/minid"
)

type deviceRow struct {
	ID, PersonID, Thumbprint string
	PublicKey                []byte
	PairedAt                 int64
}

func (deviceRow) TableName() string { return "minid_devices" }

type attemptRow struct {
	ID, SignInID, PersonID, Service, Number, State string
	CreatedAt                                      int64 `gorm:"autoCreateTime:false"`
	ExpiresAt                                      int64
}

func (attemptRow) TableName() string { return "minid_attempts" }

func (r attemptRow) attempt() minid.Attempt {
	return minid.Attempt{
		ID: r.ID, SignInID: r.SignInID, PersonID: r.PersonID, Service: r.Service, Number: r.Number,
		State: minid.AttemptState(r.State), Created: instant(r.CreatedAt), Expires: instant(r.ExpiresAt),
	}
}

// PutPairingCode is documented at minid.Store, as are the other verbs.
func (s *Store) PutPairingCode(ctx context.Context, code, personID string, expires time.Time) error {
	return putPairingCode(s.write(ctx), code, personID, expires)
}

func putPairingCode(tx *gorm.DB, code, personID string, expires time.Time) error {
	return tx.Exec(`INSERT INTO minid_pairing_codes (code, person_id, expires_at) VALUES (?, ?, ?)
		ON CONFLICT (person_id) DO UPDATE SET code = excluded.code, expires_at = excluded.expires_at`,
		code, personID, millis(expires)).Error
}

// TakePairingCode is won by whoever deletes the code.
func (s *Store) TakePairingCode(ctx context.Context, code string, at time.Time, d minid.Device) (string, error) {
	var person struct{ PersonID string }
	err := s.write(ctx).Transaction(func(tx *gorm.DB) error {
		taken := tx.Raw(`DELETE FROM minid_pairing_codes WHERE code = ? AND expires_at > ? RETURNING person_id`,
			code, millis(at)).Scan(&person)
		if err := one(taken, minid.ErrPairingCode); err != nil {
			return err
		}
		if err := tx.Exec("DELETE FROM minid_devices WHERE person_id = ? OR thumbprint = ?",
			person.PersonID, d.Thumbprint).Error; err != nil {
			return err
		}
		return tx.Create(&deviceRow{
			ID: d.ID, PersonID: person.PersonID, Thumbprint: d.Thumbprint, PublicKey: d.Key, PairedAt: millis(d.Paired),
		}).Error
	})
	if err != nil {
		return "", err
	}
	return person.PersonID, nil
}

// Device finds by key thumbprint.
func (s *Store) Device(ctx context.Context, thumbprint string) (*minid.Device, error) {
	var row deviceRow
	if err := s.read(ctx).Where("thumbprint = ?", thumbprint).Take(&row).Error; err != nil {
		return nil, found(err)
	}
	return &minid.Device{
		ID: row.ID, PersonID: row.PersonID, Thumbprint: row.Thumbprint, Key: row.PublicKey, Paired: instant(row.PairedAt),
	}, nil
}

// StartAttempt first writes the person's row, so that attempts of one person are counted one after another.
func (s *Store) StartAttempt(ctx context.Context, a minid.Attempt, since time.Time, most int) (time.Time, error) {
	var unapproved struct{ Number, Oldest int64 }
	err := s.write(ctx).Transaction(func(tx *gorm.DB) error {
		turn := tx.Model(&personRow{}).Where("id = ?", a.PersonID).Update("app_asks", gorm.Expr("app_asks + 1"))
		if err := one(turn, minid.ErrNotFound); err != nil {
			return err
		}
		if err := cancelAttempts(tx, a.SignInID); err != nil {
			return err
		}
		err := tx.Raw(`SELECT COUNT(*) AS number, COALESCE(MIN(created_at), 0) AS oldest FROM minid_attempts
			WHERE person_id = ? AND created_at > ? AND state <> ?`,
			a.PersonID, millis(since), string(minid.AttemptApproved)).Scan(&unapproved).Error
		if err != nil || unapproved.Number >= int64(most) {
			return err
		}
		return tx.Create(&attemptRow{
			ID: a.ID, SignInID: a.SignInID, PersonID: a.PersonID, Service: a.Service, Number: a.Number,
			State: string(a.State), CreatedAt: millis(a.Created), ExpiresAt: millis(a.Expires),
		}).Error
	})
	if err != nil || unapproved.Number < int64(most) {
		return time.Time{}, err
	}
	return instant(unapproved.Oldest), nil
}

func cancelAttempts(tx *gorm.DB, signInID string) error {
	return tx.Model(&attemptRow{}).Where("sign_in_id = ? AND state = ?", signInID, string(minid.AttemptCreated)).
		Update("state", string(minid.AttemptCancelled)).Error
}

// LastAttempt finds the newest; of two in the same millisecond, the one that can be answered.
func (s *Store) LastAttempt(ctx context.Context, signInID string) (*minid.Attempt, error) {
	var row attemptRow
	err := s.read(ctx).Where("sign_in_id = ?", signInID).
		Order("created_at DESC, CASE state WHEN 'created' THEN 0 ELSE 1 END").Take(&row).Error
	if err != nil {
		return nil, found(err)
	}
	a := row.attempt()
	return &a, nil
}

// PendingAttempts lists what can be answered.
func (s *Store) PendingAttempts(ctx context.Context, personID string, at time.Time) ([]minid.Attempt, error) {
	var rows []attemptRow
	err := s.read(ctx).Where("person_id = ? AND state = ? AND expires_at > ?", personID,
		string(minid.AttemptCreated), millis(at)).Order("created_at DESC").Find(&rows).Error
	attempts := make([]minid.Attempt, 0, len(rows))
	for _, row := range rows {
		attempts = append(attempts, row.attempt())
	}
	return attempts, err
}

// AnswerAttempt settles in one statement: a wrong number kills the attempt in the same breath as it is compared.
func (s *Store) AnswerAttempt(ctx context.Context, deviceID string, a minid.Answer, at time.Time) (minid.AttemptState, error) {
	var row struct{ State, SignInID, PersonID string }
	err := s.write(ctx).Transaction(func(tx *gorm.DB) error {
		number := a.Number
		if !a.Approve {
			number = "" // no attempt has it
		}
		settled := tx.Raw(`UPDATE minid_attempts
			SET state = CASE WHEN number = ? AND service = ? THEN 'approved' ELSE 'rejected' END
			WHERE id = ? AND state = 'created' AND expires_at > ?
				AND person_id = (SELECT person_id FROM minid_devices WHERE id = ?)
			RETURNING state, sign_in_id, person_id`,
			number, a.Service, a.AttemptID, millis(at), deviceID).Scan(&row)
		if err := one(settled, minid.ErrAttempt); err != nil {
			return err
		}
		if row.State != string(minid.AttemptApproved) {
			return nil
		}
		return passFactor(tx, row.SignInID, row.PersonID, minid.FactorApp, at, minid.ErrAttempt)
	})
	if err != nil {
		return "", err
	}
	return minid.AttemptState(row.State), nil
}
