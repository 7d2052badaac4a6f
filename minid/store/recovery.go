package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lommebok.example/minid"
)

type recoveryCodeRow struct{ PersonID, Code string }

func (recoveryCodeRow) TableName() string { return "minid_recovery_codes" }

// PutRecoveryCodes is documented at minid.RecoveryStore, as are the other verbs. It takes its turn by the person's row.
func (s *Store) PutRecoveryCodes(ctx context.Context, personID string, codes []string, at time.Time) error {
	rows := make([]recoveryCodeRow, 0, len(codes))
	for _, code := range codes {
		rows = append(rows, recoveryCodeRow{personID, code})
	}
	return s.write(ctx).Transaction(func(tx *gorm.DB) error {
		if err := tx.Exec(`INSERT INTO minid_recovery (person_id, failures) VALUES (?, 0)
			ON CONFLICT (person_id) DO UPDATE SET failures = 0`, personID).Error; err != nil {
			return err
		}
		if err := tx.Exec("DELETE FROM minid_recovery_codes WHERE person_id = ?", personID).Error; err != nil {
			return err
		}
		if err := tx.Create(&rows).Error; err != nil {
			return err
		}
		return s.record(tx, byOwner(minid.KindFactorAdded, personID, string(minid.FactorRecovery), at))
	})
}

// RecoveryLeft counts.
func (s *Store) RecoveryLeft(ctx context.Context, personID string, most int) (int, error) {
	var left int64
	err := s.read(ctx).Raw(`SELECT COUNT(*) FROM minid_recovery_codes c JOIN minid_recovery r ON r.person_id = c.person_id
		WHERE c.person_id = ? AND r.failures < ?`, personID, most).Scan(&left).Error
	return int(left), err
}

// RaiseRecoveryFailure counts in one statement, up to most.
func (s *Store) RaiseRecoveryFailure(ctx context.Context, personID string, most int) (bool, error) {
	tx := s.write(ctx).Exec("UPDATE minid_recovery SET failures = failures + 1 WHERE person_id = ? AND failures < ?", personID, most)
	return tx.RowsAffected == 1, tx.Error
}

// PassRecovery is won by whoever deletes the code.
func (s *Store) PassRecovery(ctx context.Context, signInID, personID, code string, at time.Time) error {
	return s.write(ctx).Transaction(func(tx *gorm.DB) error {
		taken := tx.Exec("DELETE FROM minid_recovery_codes WHERE person_id = ? AND code = ?", personID, code)
		if err := one(taken, minid.ErrWrongCode); err != nil {
			return err
		}
		if err := tx.Exec("UPDATE minid_recovery SET failures = 0 WHERE person_id = ?", personID).Error; err != nil {
			return err
		}
		return passFactor(tx, signInID, personID, minid.FactorRecovery, at, minid.ErrStep)
	})
}
