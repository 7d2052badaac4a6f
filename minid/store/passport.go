package store

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"

	"lommebok.example/minid"
)

// PutPassportCheck is documented at minid.PassportStore, as are the other verbs.
func (s *Store) PutPassportCheck(ctx context.Context, id, personID string, expires time.Time) error {
	return s.write(ctx).Exec(`INSERT INTO minid_passport_checks (person_id, id, expires_at) VALUES (?, ?, ?)
		ON CONFLICT (person_id) DO UPDATE SET id = excluded.id, expires_at = excluded.expires_at`, personID, id, millis(expires)).Error
}

// TakePassportCheck is won by whoever deletes the check.
func (s *Store) TakePassportCheck(ctx context.Context, id string, was *minid.Person, p minid.Proofing, endTheApp bool, most int, sms bool) error {
	return s.write(ctx).Transaction(func(tx *gorm.DB) error {
		taken := tx.Exec("DELETE FROM minid_passport_checks WHERE id = ? AND person_id = ? AND expires_at > ?", id, was.ID, millis(p.At))
		if err := one(taken, minid.ErrPassport); err != nil {
			return err
		}
		if err := asProofed(tx, was, minid.ErrPassport); err != nil {
			return err
		}
		if err := proof(tx, was.ID, p, minid.ErrPassport); err != nil {
			return err
		}
		if endTheApp {
			if err := endAppUnlessLast(tx, was.ID, most, sms); err != nil {
				return err
			}
		}
		return s.record(tx, byOwner(minid.KindProofed, was.ID, string(p.Basis), p.At))
	})
}

// endAppUnlessLast ends the transaction with minid.ErrLastFactor, and so undoes all, when no other second factor works.
func endAppUnlessLast(tx *gorm.DB, personID string, most int, sms bool) error {
	if _, err := endApp(tx, personID); err != nil {
		return err
	}
	left, err := secondFactors(tx, personID, most)
	if err == nil && !slices.ContainsFunc(left, func(f minid.Factor) bool { return sms || f != minid.FactorSMS }) {
		return minid.ErrLastFactor
	}
	return err
}

// asProofed holds the row of a person who is proofed as they were read.
func asProofed(tx *gorm.DB, was *minid.Person, otherwise error) error {
	return one(tx.Exec("UPDATE minid_people SET app_asks = app_asks + 1 WHERE id = ? AND basis = ? AND proofed_at = ?",
		was.ID, string(was.Proofing.Basis), millis(was.Proofing.At)), otherwise)
}
