package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lommebok.example/minid"
)

// RaiseLetterTries is documented at minid.ActivationStore, as are the other verbs.
func (s *Store) RaiseLetterTries(ctx context.Context, number string, at time.Time) error {
	return s.write(ctx).Exec("UPDATE minid_letters SET tries = tries + 1 WHERE number = ? AND state = 'live' AND expires_at > ?",
		number, millis(at)).Error
}

// ClaimLetter is won by whoever claims last: the letter can be spent by the activation that it names.
func (s *Store) ClaimLetter(ctx context.Context, a minid.Activation, code string, most int, at time.Time) error {
	return s.write(ctx).Transaction(func(tx *gorm.DB) error {
		var row struct{ ID string }
		claimed := tx.Raw(`UPDATE minid_letters SET claimed_by = ?, tries = 0
			WHERE number = ? AND code = ? AND state = 'live' AND tries <= ? AND expires_at > ? RETURNING id`,
			a.ID, a.Number, code, most, millis(at)).Scan(&row)
		if err := one(claimed, minid.ErrWrongCode); err != nil {
			return err
		}
		return tx.Exec(`INSERT INTO minid_activations (id, letter_id, password, phone_passed, expires_at, ended)
			VALUES (?, ?, '', ?, ?, ?)`, a.ID, row.ID, false, millis(a.Expires), false).Error
	})
}

// Activation reads it with its letter.
func (s *Store) Activation(ctx context.Context, id string) (*minid.Activation, error) {
	var row struct {
		LetterID, Number, Password, State, ClaimedBy string
		Sealed, Email                                []byte
		PhonePassed, Ended                           bool
		ExpiresAt                                    int64
	}
	tx := s.read(ctx).Raw(`SELECT a.letter_id, a.password, a.phone_passed, a.email, a.expires_at, a.ended,
		l.number, l.sealed, l.state, l.claimed_by
		FROM minid_activations a JOIN minid_letters l ON l.id = a.letter_id WHERE a.id = ?`, id).Scan(&row)
	if err := one(tx, minid.ErrNotFound); err != nil {
		return nil, err
	}
	return &minid.Activation{
		ID: id, LetterID: row.LetterID, Number: row.Number, Letter: row.Sealed, Password: row.Password, PhonePassed: row.PhonePassed,
		Email: row.Email, Expires: instant(row.ExpiresAt), Ended: row.Ended || row.State != "live" || row.ClaimedBy != id,
	}, nil
}

// liveActivation narrows to one that is under way and whose letter no other has claimed.
func liveActivation(tx *gorm.DB, id string, at time.Time) *gorm.DB {
	return tx.Table("minid_activations").Where(`id = ? AND ended = ? AND expires_at > ? AND EXISTS (SELECT 1 FROM minid_letters l
		WHERE l.id = minid_activations.letter_id AND l.state = 'live' AND l.claimed_by = minid_activations.id)`, id, false, millis(at))
}

// ChooseActivationPassword takes the first that is chosen.
func (s *Store) ChooseActivationPassword(ctx context.Context, id, record string, at time.Time) error {
	return one(liveActivation(s.write(ctx), id, at).Where("password = ''").Update("password", record), minid.ErrStep)
}

// PassActivationPhone spends and passes.
func (s *Store) PassActivationPhone(ctx context.Context, id, code string, at time.Time) error {
	return s.write(ctx).Transaction(func(tx *gorm.DB) error {
		if err := spendCode(tx, id, "", minid.PurposeActivatePhone, code, at); err != nil {
			return err
		}
		return one(liveActivation(tx, id, at).Where("password <> '' AND phone_passed = ?", false).Update("phone_passed", true), minid.ErrStep)
	})
}

// PassActivationEmail spends and keeps.
func (s *Store) PassActivationEmail(ctx context.Context, id, code string, email []byte, at time.Time) error {
	return s.write(ctx).Transaction(func(tx *gorm.DB) error {
		if err := spendCode(tx, id, "", minid.PurposeActivateEmail, code, at); err != nil {
			return err
		}
		return one(liveActivation(tx, id, at).Where("phone_passed = ? AND email IS NULL", true).Update("email", email), minid.ErrStep)
	})
}

// CancelLetter ends it, and with it the activation.
func (s *Store) CancelLetter(ctx context.Context, id string, at time.Time) error {
	return one(s.write(ctx).Exec(`UPDATE minid_letters SET state = 'refused', unsent = NULL WHERE state = 'live' AND claimed_by = ?
		AND EXISTS (SELECT 1 FROM minid_activations WHERE id = ? AND ended = ? AND expires_at > ?)`, id, id, false, millis(at)), minid.ErrStep)
}

// FinishActivation is won by whoever ends the activation as it was read, and then the letter that it claimed.
func (s *Store) FinishActivation(ctx context.Context, a minid.Activation, p minid.NewPerson, number string, at time.Time) error {
	return s.write(ctx).Transaction(func(tx *gorm.DB) error {
		ended := tx.Exec(`UPDATE minid_activations SET ended = ? WHERE id = ? AND letter_id = ? AND ended = ? AND expires_at > ?
			AND password = ? AND password <> '' AND phone_passed = ? AND email IS NOT NULL`,
			true, a.ID, a.LetterID, false, millis(at), a.Password, true)
		if err := one(ended, minid.ErrStep); err != nil {
			return err
		}
		spent := tx.Exec("UPDATE minid_letters SET state = 'used', unsent = NULL WHERE id = ? AND state = 'live' AND claimed_by = ?",
			a.LetterID, a.ID)
		if err := one(spent, minid.ErrStep); err != nil {
			return err
		}
		if err := tx.Exec("DELETE FROM minid_password_failures WHERE number = ?", number).Error; err != nil {
			return err
		}
		id, err := openAgain(tx, p)
		if err != nil {
			return err
		}
		return s.record(tx, byOwner(minid.KindProofed, id, string(p.Proofing.Basis), at))
	})
}

// openAgain gives the account of the number what p says, or makes one, and tells which it is.
func openAgain(tx *gorm.DB, p minid.NewPerson) (id string, err error) {
	var row struct{ ID string }
	opened := tx.Raw(`UPDATE minid_people SET name = ?, birth_date = ?, phone = ?, email = ?, state = ?, basis = ?, proofed_at = ?,
		evidence = ?, password = ?, pin_dropped = ?, preferred = '', contact_after = ? WHERE pid = ? AND state <> ? RETURNING id`,
		p.Name, p.BirthDate, p.Phone, p.Email, string(p.State), string(p.Proofing.Basis), millis(p.Proofing.At), p.Proofing.Evidence,
		p.PasswordRecord, false, millis(p.ContactAfter), p.PID, string(minid.StateQuarantined)).Scan(&row)
	if opened.Error != nil {
		return "", opened.Error
	}
	if opened.RowsAffected == 0 {
		return p.ID, addPerson(tx, p)
	}
	if err := forget(tx, row.ID); err != nil {
		return "", err
	}
	return row.ID, addSMS(tx, row.ID)
}
