package store

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"

	"lommebok.example/minid"
)

// devicesAtOnce is how many devices one statement asks about: both databases bound the number of arguments.
const devicesAtOnce = 500

// OpenAttempts is documented at minid.AppStore, as are the other verbs. One statement tells which devices are paired and
// what waits for them, over the primary key of devices and the index of open attempts.
func (s *Store) OpenAttempts(ctx context.Context, devices []string, at time.Time) (map[string][]minid.Attempt, error) {
	open := make(map[string][]minid.Attempt, len(devices))
	for some := range slices.Chunk(devices, devicesAtOnce) {
		var rows []struct {
			Device  string
			Attempt attemptRow `gorm:"embedded"`
		}
		err := s.read(ctx).Raw(`SELECT d.id AS device, COALESCE(a.id, '') AS id, COALESCE(a.sign_in_id, '') AS sign_in_id,
				d.person_id, COALESCE(a.service, '') AS service, COALESCE(a.number, '') AS number, COALESCE(a.state, '') AS state,
				COALESCE(a.created_at, 0) AS created_at, COALESCE(a.expires_at, 0) AS expires_at
			FROM minid_devices d
			LEFT JOIN minid_attempts a ON a.person_id = d.person_id AND a.state IN ('created', 'sent') AND a.expires_at > ?
			WHERE d.id IN ? ORDER BY 8 DESC, 2`, millis(at), some).Scan(&rows).Error
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if r.Attempt.ID == "" {
				open[r.Device] = nil
				continue
			}
			open[r.Device] = append(open[r.Device], r.Attempt.attempt())
		}
	}
	return open, nil
}

// MarkSent leaves alone what has been answered in the meantime.
func (s *Store) MarkSent(ctx context.Context, ids []string) error {
	return s.write(ctx).Exec("UPDATE minid_attempts SET state = 'sent' WHERE id IN ? AND state = 'created'", ids).Error
}

// RejectAll is won by whoever settles the attempt.
func (s *Store) RejectAll(ctx context.Context, deviceID, attemptID string, at, until time.Time) (string, error) {
	var row struct{ PersonID string }
	err := s.write(ctx).Transaction(func(tx *gorm.DB) error {
		settled := tx.Raw(`UPDATE minid_attempts SET state = 'rejected' WHERE id = ? AND state IN ('created', 'sent') AND expires_at > ?
			AND person_id = (SELECT person_id FROM minid_devices WHERE id = ?) RETURNING person_id`,
			attemptID, millis(at), deviceID).Scan(&row)
		if err := one(settled, minid.ErrAttempt); err != nil {
			return err
		}
		others := tx.Exec("UPDATE minid_attempts SET state = 'rejected' WHERE person_id = ? AND state IN ('created', 'sent')", row.PersonID)
		if others.Error != nil {
			return others.Error
		}
		if err := tx.Exec("UPDATE minid_people SET app_blocked_until = ? WHERE id = ?", millis(until), row.PersonID).Error; err != nil {
			return err
		}
		return useDevice(tx, deviceID, at)
	})
	return row.PersonID, err
}

// PutPush keeps it in the device's row: it goes with the device.
func (s *Store) PutPush(ctx context.Context, deviceID string, sealed []byte) error {
	return s.write(ctx).Model(&deviceRow{}).Where("id = ?", deviceID).Update("push", sealed).Error
}

// Push reads it.
func (s *Store) Push(ctx context.Context, personID string) (string, []byte, error) {
	var row deviceRow
	err := s.read(ctx).Where("person_id = ? AND push IS NOT NULL", personID).Take(&row).Error
	return row.ID, row.Push, found(err)
}

// openApp ends what "it was not me" closed: who knew the password knows it no more.
func openApp(tx *gorm.DB, personID string) error {
	return tx.Exec("UPDATE minid_people SET app_blocked_until = 0 WHERE id = ?", personID).Error
}
