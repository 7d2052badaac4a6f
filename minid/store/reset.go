package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lommebok.example/minid"
)

// StartReset is documented at minid.Store, as are the other verbs.
func (s *Store) StartReset(ctx context.Context, id string, at time.Time) error {
	return one(live(s.write(ctx), id, at).Where("person_id = ''").Update("resetting", true), minid.ErrStep)
}

// PassReset spends both codes or none. A code of nobody is never right.
func (s *Store) PassReset(ctx context.Context, id, sms, email string, at time.Time) error {
	return s.write(ctx).Transaction(func(tx *gorm.DB) error {
		var row struct{ PersonID string }
		spent := tx.Raw(`UPDATE minid_codes SET state = 'used' WHERE bound_to = ? AND purpose = ? AND code = ?
			AND person_id <> '' AND state = 'live' AND expires_at > ? RETURNING person_id`,
			id, string(minid.PurposeResetSMS), sms, millis(at)).Scan(&row)
		if err := one(spent, minid.ErrWrongCode); err != nil {
			return err
		}
		if err := spendCode(tx, id, row.PersonID, minid.PurposeResetEmail, email, at); err != nil {
			return err
		}
		return one(live(tx, id, at).Where("person_id = '' AND resetting = ?", true).Updates(map[string]any{
			"person_id": row.PersonID, "passed": toBits(minid.FactorReset), "resetting": false,
		}), minid.ErrStep)
	})
}

// ResetPassword is won by whoever takes the sign-in back to its beginning.
func (s *Store) ResetPassword(ctx context.Context, in minid.SignIn, record, number string, at time.Time) error {
	return s.write(ctx).Transaction(func(tx *gorm.DB) error {
		back := live(tx, in.ID, at).Where("person_id = ? AND passed = ?", in.PersonID, toBits(in.Passed...)).
			Updates(map[string]any{"person_id": "", "passed": 0, "auth_time": 0, "chosen": ""})
		if err := one(back, minid.ErrStep); err != nil {
			return err
		}
		changed := tx.Exec("UPDATE minid_people SET password = ? WHERE id = ? AND state IN ?", record, in.PersonID,
			[]minid.State{minid.StateNormal, minid.StateLocked, minid.StateTemporaryPassword})
		if err := one(changed, minid.ErrStep); err != nil {
			return err
		}
		opened := tx.Exec("UPDATE minid_people SET state = ? WHERE id = ? AND state <> ?", string(minid.StateNormal), in.PersonID, string(minid.StateNormal))
		if opened.Error != nil {
			return opened.Error
		}
		if err := tx.Exec("DELETE FROM minid_password_failures WHERE number = ?", number).Error; err != nil {
			return err
		}
		if err := openApp(tx, in.PersonID); err != nil {
			return err
		}
		if err := endAll(tx, in.PersonID, ""); err != nil || opened.RowsAffected == 0 {
			return err
		}
		return s.record(tx, byOwner(minid.KindState, in.PersonID, string(minid.StateNormal), at))
	})
}
