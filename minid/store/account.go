package store

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"

	"lommebok.example/minid"
)

type loginRow struct {
	ID, PersonID, Service string
	Level, Factors        int64
	At                    int64
}

func (loginRow) TableName() string { return "minid_logins" }

// recordLogin keeps who logged in, for the person, and how many did with which factor, for the operator.
func recordLogin(tx *gorm.DB, l minid.Login, counted minid.Factor) error {
	row := loginRow{ID: l.ID, PersonID: l.PersonID, Service: l.Service, Level: int64(l.Level), Factors: toBits(l.Factors...), At: millis(l.At)}
	if err := tx.Create(&row).Error; err != nil {
		return err
	}
	return tx.Exec(`INSERT INTO minid_login_counts (day, factor, logins) VALUES (?, ?, 1)
		ON CONFLICT (day, factor) DO UPDATE SET logins = minid_login_counts.logins + 1`,
		l.At.UTC().Format(time.DateOnly), string(counted)).Error
}

// Logins is documented at minid.Store, as are the other verbs.
func (s *Store) Logins(ctx context.Context, personID string, most int) ([]minid.Login, error) {
	var rows []loginRow
	err := s.read(ctx).Where("person_id = ?", personID).Order("at DESC, id").Limit(most).Find(&rows).Error
	logins := make([]minid.Login, 0, len(rows))
	for _, r := range rows {
		logins = append(logins, minid.Login{
			ID: r.ID, PersonID: r.PersonID, Service: r.Service, Level: minid.Level(r.Level), Factors: fromBits(r.Factors), At: instant(r.At),
		})
	}
	return logins, err
}

// LoginCounts adds nothing up: one row for each day and factor.
func (s *Store) LoginCounts(ctx context.Context, since time.Time) ([]minid.LoginCount, error) {
	var rows []struct {
		Day, Factor string
		Logins      int64
	}
	err := s.read(ctx).Raw("SELECT day, factor, logins FROM minid_login_counts WHERE day >= ? ORDER BY day DESC, factor",
		since.UTC().Format(time.DateOnly)).Scan(&rows).Error
	counts := make([]minid.LoginCount, 0, len(rows))
	for _, r := range rows {
		counts = append(counts, minid.LoginCount{Day: r.Day, Factor: minid.Factor(r.Factor), Logins: int(r.Logins)})
	}
	return counts, err
}

// Sessions are those that live on.
func (s *Store) Sessions(ctx context.Context, personID string, seen, started time.Time) ([]minid.SessionRecord, error) {
	var rows []sessionRow
	err := s.read(ctx).Where("person_id = ? AND seen_at > ? AND started_at > ?", personID, millis(seen), millis(started)).
		Order("seen_at DESC, public_id").Find(&rows).Error
	sessions := make([]minid.SessionRecord, 0, len(rows))
	for _, r := range rows {
		sessions = append(sessions, r.record())
	}
	return sessions, err
}

// EndSessionOf ends one by what is shown of it.
func (s *Store) EndSessionOf(ctx context.Context, personID, public string) error {
	return s.write(ctx).Exec("DELETE FROM minid_sessions WHERE person_id = ? AND public_id = ?", personID, public).Error
}

// PutPendingTOTP replaces an earlier one.
func (s *Store) PutPendingTOTP(ctx context.Context, personID string, sealed []byte, expires time.Time) error {
	return s.write(ctx).Exec(`INSERT INTO minid_totp_pending (person_id, secret, tries, expires_at) VALUES (?, ?, 0, ?)
		ON CONFLICT (person_id) DO UPDATE SET secret = excluded.secret, tries = 0, expires_at = excluded.expires_at`,
		personID, sealed, millis(expires)).Error
}

// PendingTOTP reads the sealed secret.
func (s *Store) PendingTOTP(ctx context.Context, personID string, at time.Time) ([]byte, error) {
	var row struct{ Secret []byte }
	tx := s.read(ctx).Raw("SELECT secret FROM minid_totp_pending WHERE person_id = ? AND expires_at > ?", personID, millis(at)).Scan(&row)
	return row.Secret, one(tx, minid.ErrNotFound)
}

// RaisePendingTOTP counts and reads in one statement.
func (s *Store) RaisePendingTOTP(ctx context.Context, personID string, most int, at time.Time) ([]byte, error) {
	var row struct{ Secret []byte }
	tx := s.write(ctx).Raw(`UPDATE minid_totp_pending SET tries = tries + 1
		WHERE person_id = ? AND tries < ? AND expires_at > ? RETURNING secret`, personID, most, millis(at)).Scan(&row)
	return row.Secret, one(tx, minid.ErrNotFound)
}

// ConfirmTOTP is won by whoever takes the pending secret away.
func (s *Store) ConfirmTOTP(ctx context.Context, personID string, sealed []byte, step int64, at time.Time) error {
	return s.write(ctx).Transaction(func(tx *gorm.DB) error {
		taken := tx.Exec("DELETE FROM minid_totp_pending WHERE person_id = ? AND secret = ?", personID, sealed)
		if err := one(taken, minid.ErrWrongCode); err != nil {
			return err
		}
		err := tx.Exec(`INSERT INTO minid_totp (person_id, secret, last_step, failures) VALUES (?, ?, ?, 0)
			ON CONFLICT (person_id) DO UPDATE SET secret = excluded.secret, last_step = excluded.last_step, failures = 0`,
			personID, sealed, step).Error
		if err != nil {
			return err
		}
		return s.record(tx, byOwner(minid.KindFactorAdded, personID, string(minid.FactorTOTP), at))
	})
}

// tables are where a second factor stands.
var tables = map[minid.Factor]string{minid.FactorTOTP: "minid_totp", minid.FactorSMS: "minid_sms", minid.FactorApp: "minid_devices"}

// RemoveFactor first writes the person's row, so that removals of one person see each other.
func (s *Store) RemoveFactor(ctx context.Context, personID string, f minid.Factor, most int, sms bool, at time.Time) error {
	table, ok := tables[f]
	if !ok {
		return minid.ErrNotFound
	}
	return s.write(ctx).Transaction(func(tx *gorm.DB) error {
		turn := tx.Exec(`UPDATE minid_people SET app_asks = app_asks + 1,
			preferred = CASE WHEN preferred = ? THEN '' ELSE preferred END WHERE id = ?`, string(f), personID)
		if err := one(turn, minid.ErrNotFound); err != nil {
			return err
		}
		if err := one(tx.Exec("DELETE FROM "+table+" WHERE person_id = ?", personID), minid.ErrNotFound); err != nil {
			return err
		}
		left, err := secondFactors(tx, personID, most)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(left, func(l minid.Factor) bool { return sms || l != minid.FactorSMS }) {
			return minid.ErrLastFactor // and all is undone
		}
		if err := tx.Exec("DELETE FROM minid_factor_names WHERE person_id = ? AND factor = ?", personID, string(f)).Error; err != nil {
			return err
		}
		return s.record(tx, byOwner(minid.KindFactorRemoved, personID, string(f), at))
	})
}

// FactorNames are those that were given.
func (s *Store) FactorNames(ctx context.Context, personID string) (map[minid.Factor]string, error) {
	var rows []struct{ Factor, Name string }
	err := s.read(ctx).Raw("SELECT factor, name FROM minid_factor_names WHERE person_id = ?", personID).Scan(&rows).Error
	names := map[minid.Factor]string{}
	for _, r := range rows {
		names[minid.Factor(r.Factor)] = r.Name
	}
	return names, err
}

// RenameFactor sets the name.
func (s *Store) RenameFactor(ctx context.Context, personID string, f minid.Factor, name string) error {
	return s.write(ctx).Exec(`INSERT INTO minid_factor_names (person_id, factor, name) VALUES (?, ?, ?)
		ON CONFLICT (person_id, factor) DO UPDATE SET name = excluded.name`, personID, string(f), name).Error
}

// PreferFactor sets the wish.
func (s *Store) PreferFactor(ctx context.Context, personID string, f minid.Factor) error {
	return s.write(ctx).Exec("UPDATE minid_people SET preferred = ? WHERE id = ?", string(f), personID).Error
}

// ChangePhone spends and changes.
func (s *Store) ChangePhone(ctx context.Context, bound, personID, code, phone string, at time.Time) error {
	return s.write(ctx).Transaction(func(tx *gorm.DB) error {
		if err := spendCode(tx, bound, personID, minid.PurposePhone, code, at); err != nil {
			return err
		}
		if err := tx.Exec("UPDATE minid_people SET phone = ? WHERE id = ?", phone, personID).Error; err != nil {
			return err
		}
		if err := addSMS(tx, personID); err != nil {
			return err
		}
		return s.record(tx, byOwner(minid.KindPhone, personID, "done", at))
	})
}

// ChangePassword is won by whoever replaces the old record.
func (s *Store) ChangePassword(ctx context.Context, personID, old, record, keep string) error {
	return s.write(ctx).Transaction(func(tx *gorm.DB) error {
		changed := tx.Exec("UPDATE minid_people SET password = ? WHERE id = ? AND password = ?", record, personID, old)
		if err := one(changed, minid.ErrWrong); err != nil {
			return err
		}
		if err := openApp(tx, personID); err != nil {
			return err
		}
		return endAll(tx, personID, keep)
	})
}

// endAll ends the person's sessions but one, and the sign-ins under way.
func endAll(tx *gorm.DB, personID, keep string) error {
	if err := tx.Exec("DELETE FROM minid_sessions WHERE person_id = ? AND id <> ?", personID, keep).Error; err != nil {
		return err
	}
	return tx.Exec("UPDATE minid_sign_ins SET ended = ? WHERE person_id = ? AND ended = ?", true, personID, false).Error
}
