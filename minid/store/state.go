package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lommebok.example/internal/audit"
	"lommebok.example/minid"
)

// SetState is documented at minid.StateStore, as are the other verbs.
func (s *Store) SetState(ctx context.Context, personID string, from []minid.State, to minid.State, by audit.Party, at time.Time) (bool, error) {
	moved := false
	err := s.write(ctx).Transaction(func(tx *gorm.DB) error {
		set := tx.Exec("UPDATE minid_people SET state = ? WHERE id = ? AND state IN ?", string(to), personID, from)
		if moved = set.RowsAffected == 1; !moved || set.Error != nil {
			return set.Error
		}
		if to == minid.StateQuarantined {
			if err := endAll(tx, personID, ""); err != nil {
				return err
			}
		}
		return s.record(tx, audit.Event{At: at, Kind: minid.KindState, Actor: by, Subject: audit.Person(personID), Outcome: string(to)})
	})
	return moved && err == nil, err
}

// ClosePerson keeps the number, the birth date and the proofing.
func (s *Store) ClosePerson(ctx context.Context, personID string, at time.Time) error {
	return s.write(ctx).Transaction(func(tx *gorm.DB) error {
		closed := tx.Exec(`UPDATE minid_people SET state = ?, name = '', phone = '', email = '', password = '', preferred = '',
			pin_dropped = ? WHERE id = ? AND state = ?`, string(minid.StateClosed), false, personID, string(minid.StateNormal))
		if err := one(closed, minid.ErrNoSession); err != nil {
			return err
		}
		if err := forget(tx, personID); err != nil {
			return err
		}
		if err := tx.Exec("DELETE FROM minid_logins WHERE person_id = ?", personID).Error; err != nil {
			return err
		}
		return s.record(tx, byOwner(minid.KindState, personID, string(minid.StateClosed), at))
	})
}

// forget takes from a person all that signs in beside the password, and ends their sessions and sign-ins.
func forget(tx *gorm.DB, personID string) error {
	for _, table := range []string{"minid_totp", "minid_totp_pending", "minid_sms", "minid_devices", "minid_pairing_codes", "minid_factor_names", "minid_attempts",
		"minid_passport_checks"} {
		if err := tx.Exec("DELETE FROM "+table+" WHERE person_id = ?", personID).Error; err != nil {
			return err
		}
	}
	return endAll(tx, personID, "")
}

// ChangeEmail is documented at minid.ContactStore.
func (s *Store) ChangeEmail(ctx context.Context, bound, personID, code, email string, at time.Time) error {
	return s.write(ctx).Transaction(func(tx *gorm.DB) error {
		if err := spendCode(tx, bound, personID, minid.PurposeEmail, code, at); err != nil {
			return err
		}
		return tx.Exec("UPDATE minid_people SET email = ? WHERE id = ?", email, personID).Error
	})
}

// TakeContactCheck lets the next question only move forward.
func (s *Store) TakeContactCheck(ctx context.Context, personID string, at, next time.Time) (bool, error) {
	tx := s.write(ctx).Exec("UPDATE minid_people SET contact_after = ? WHERE id = ? AND contact_after <= ?", millis(next), personID, millis(at))
	return tx.RowsAffected == 1, tx.Error
}

// ConfirmContact sets when the next question is due.
func (s *Store) ConfirmContact(ctx context.Context, personID string, next time.Time) error {
	return s.write(ctx).Exec("UPDATE minid_people SET contact_after = ? WHERE id = ?", millis(next), personID).Error
}
