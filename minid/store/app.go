package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lommebok.example/internal/audit"
	"lommebok.example/minid"
)

type deviceRow struct {
	ID, PersonID, Thumbprint string
	PublicKey, Push          []byte
	PairedAt, UsedAt         int64
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
		ON CONFLICT (person_id) DO UPDATE SET code = excluded.code, expires_at = excluded.expires_at, thumbprint = ''`,
		code, personID, millis(expires)).Error
}

// LookAtPairingCode is won by the first device, and by that one again.
func (s *Store) LookAtPairingCode(ctx context.Context, code, thumbprint string, at time.Time) (string, error) {
	var row struct{ PersonID string }
	looked := s.write(ctx).Raw(`UPDATE minid_pairing_codes SET thumbprint = ?
		WHERE code = ? AND expires_at > ? AND thumbprint IN ('', ?) RETURNING person_id`,
		thumbprint, code, millis(at), thumbprint).Scan(&row)
	return row.PersonID, one(looked, minid.ErrPairingCode)
}

// PairingCodeWaits looks and changes nothing.
func (s *Store) PairingCodeWaits(ctx context.Context, code string, at time.Time) (bool, error) {
	var n int64
	err := s.read(ctx).Raw("SELECT COUNT(*) FROM minid_pairing_codes WHERE code = ? AND expires_at > ?", code, millis(at)).Scan(&n).Error
	return n == 1, err
}

// TakePairingCode is won by whoever deletes the code.
func (s *Store) TakePairingCode(ctx context.Context, code string, at time.Time, d minid.Device) (string, error) {
	var person struct{ PersonID string }
	err := s.write(ctx).Transaction(func(tx *gorm.DB) error {
		taken := tx.Raw(`DELETE FROM minid_pairing_codes WHERE code = ? AND expires_at > ? AND thumbprint IN ('', ?)
			RETURNING person_id`, code, millis(at), d.Thumbprint).Scan(&person)
		if err := one(taken, minid.ErrPairingCode); err != nil {
			return err
		}
		var earlier []struct{ PersonID string }
		if err := tx.Raw("DELETE FROM minid_devices WHERE person_id = ? OR thumbprint = ? RETURNING person_id",
			person.PersonID, d.Thumbprint).Scan(&earlier).Error; err != nil {
			return err
		}
		err := tx.Create(&deviceRow{
			ID: d.ID, PersonID: person.PersonID, Thumbprint: d.Thumbprint, PublicKey: d.Key, PairedAt: millis(d.Paired),
		}).Error
		if err != nil {
			return err
		}
		for _, e := range earlier {
			if e.PersonID == person.PersonID {
				continue
			}
			if err := s.record(tx, audit.Event{
				At: at, Kind: minid.KindFactorRemoved, Actor: audit.Person(person.PersonID), Subject: audit.Person(e.PersonID), Outcome: string(minid.FactorApp),
			}); err != nil {
				return err
			}
		}
		return s.record(tx, byOwner(minid.KindAppPaired, person.PersonID, "done", at))
	})
	if err != nil {
		return "", err
	}
	return person.PersonID, nil
}

// LoseApp holds the person's row first, as RemoveFactor does, and records last.
func (s *Store) LoseApp(ctx context.Context, personID string, at time.Time, also func(ctx context.Context) error) (ended bool, err error) {
	err = s.write(ctx).Transaction(func(tx *gorm.DB) error {
		if err := one(tx.Exec("UPDATE minid_people SET app_asks = app_asks + 1 WHERE id = ?", personID), minid.ErrNotFound); err != nil {
			return err
		}
		if ended, err = endApp(tx, personID); err != nil {
			return err
		}
		if err := also(s.db.Joined(tx)); err != nil || !ended {
			return err
		}
		return s.record(tx, byOwner(minid.KindAppLost, personID, "done", at))
	})
	return ended && err == nil, err
}

// Device finds by key thumbprint.
func (s *Store) Device(ctx context.Context, thumbprint string) (*minid.Device, error) {
	return s.device(ctx, "thumbprint = ?", thumbprint)
}

// DeviceOf finds by person.
func (s *Store) DeviceOf(ctx context.Context, personID string) (*minid.Device, error) {
	return s.device(ctx, "person_id = ?", personID)
}

func (s *Store) device(ctx context.Context, where, value string) (*minid.Device, error) {
	var row deviceRow
	if err := s.read(ctx).Where(where, value).Take(&row).Error; err != nil {
		return nil, found(err)
	}
	d := &minid.Device{
		ID: row.ID, PersonID: row.PersonID, Thumbprint: row.Thumbprint, Key: row.PublicKey, Paired: instant(row.PairedAt),
		Push: len(row.Push) > 0,
	}
	if row.UsedAt > 0 {
		d.Used = instant(row.UsedAt)
	}
	return d, nil
}

// StartAttempt first writes the person's row, so that attempts of one person are counted one after another.
func (s *Store) StartAttempt(ctx context.Context, a minid.Attempt, recent, day minid.Window) (again time.Time, err error) {
	err = s.write(ctx).Transaction(func(tx *gorm.DB) error {
		var person struct{ AppBlockedUntil int64 }
		turn := tx.Raw("UPDATE minid_people SET app_asks = app_asks + 1 WHERE id = ? RETURNING app_blocked_until", a.PersonID).Scan(&person)
		if err := one(turn, minid.ErrNotFound); err != nil {
			return err
		}
		if again, err = nextAttempt(tx, a, recent, day); err != nil {
			return err
		}
		if closed := instant(person.AppBlockedUntil); closed.After(a.Created) && closed.After(again) {
			again = closed
		}
		if !again.IsZero() {
			return nil
		}
		if err := cancelAttempts(tx, a.SignInID); err != nil {
			return err
		}
		return tx.Create(&attemptRow{
			ID: a.ID, SignInID: a.SignInID, PersonID: a.PersonID, Service: a.Service, Number: a.Number,
			State: string(a.State), CreatedAt: millis(a.Created), ExpiresAt: millis(a.Expires),
		}).Error
	})
	return again, err
}

// nextAttempt is zero when the app may be asked now. A full window opens when the oldest of its last most attempts
// leaves it. An attempt that was approved does not count, and for the day forgets those before it.
func nextAttempt(tx *gorm.DB, a minid.Attempt, recent, day minid.Window) (again time.Time, err error) {
	var success int64
	err = tx.Raw("SELECT COALESCE(MAX(created_at), 0) FROM minid_attempts WHERE person_id = ? AND state = 'approved'", a.PersonID).
		Scan(&success).Error
	if err != nil {
		return time.Time{}, err
	}
	for _, w := range []struct {
		minid.Window
		after int64
	}{{recent, 0}, {day, success}} {
		var asked []int64
		err := tx.Model(&attemptRow{}).Where("person_id = ? AND created_at > ? AND state <> 'approved'",
			a.PersonID, max(w.after, millis(a.Created.Add(-w.Span)))).Order("created_at DESC").Limit(w.Most).Pluck("created_at", &asked).Error
		if err != nil {
			return time.Time{}, err
		}
		if len(asked) < w.Most {
			continue
		}
		if opens := instant(asked[len(asked)-1]).Add(w.Span); opens.After(again) {
			again = opens
		}
	}
	return again, nil
}

func cancelAttempts(tx *gorm.DB, signInID string) error {
	return tx.Exec("UPDATE minid_attempts SET state = 'cancelled' WHERE sign_in_id = ? AND state IN ('created', 'sent')", signInID).Error
}

// LastAttempt finds the newest; of two in the same millisecond, the one that can be answered.
func (s *Store) LastAttempt(ctx context.Context, signInID string) (*minid.Attempt, error) {
	var row attemptRow
	err := s.read(ctx).Where("sign_in_id = ?", signInID).
		Order("created_at DESC, CASE WHEN state IN ('created', 'sent') THEN 0 ELSE 1 END").Take(&row).Error
	if err != nil {
		return nil, found(err)
	}
	a := row.attempt()
	return &a, nil
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
			WHERE id = ? AND state IN ('created', 'sent') AND expires_at > ?
				AND person_id = (SELECT person_id FROM minid_devices WHERE id = ?)
			RETURNING state, sign_in_id, person_id`,
			number, a.Service, a.AttemptID, millis(at), deviceID).Scan(&row)
		if err := one(settled, minid.ErrAttempt); err != nil {
			return err
		}
		if err := useDevice(tx, deviceID, at); err != nil || row.State != string(minid.AttemptApproved) {
			return err
		}
		return passFactor(tx, row.SignInID, row.PersonID, minid.FactorApp, at, minid.ErrAttempt)
	})
	if err != nil {
		return "", err
	}
	return minid.AttemptState(row.State), nil
}

func useDevice(tx *gorm.DB, id string, at time.Time) error {
	return tx.Exec("UPDATE minid_devices SET used_at = ? WHERE id = ?", millis(at), id).Error
}
