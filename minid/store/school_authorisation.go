package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lommebok.example/minid/school"
)

var _ school.Store = (*Store)(nil)

type schoolAuthorisationRow struct {
	ID, Organisation, School, Class, Teacher, ByID string
	Uses                                           int64
	CreatedAt                                      int64 `gorm:"autoCreateTime:false"`
	UntilAt, RevokedAt                             int64
	RevokedBy                                      string
}

func (schoolAuthorisationRow) TableName() string { return "minid_school_authorisations" }

// Authorise is documented at school.Store, as are the other verbs.
func (s *Store) Authorise(ctx context.Context, a school.Authorisation) error {
	return s.write(ctx).Exec(`INSERT INTO minid_school_authorisations
			(id, organisation, school, class, teacher, by_id, uses, created_at, until_at, revoked_at, revoked_by)
		VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, 0, '')
		ON CONFLICT (teacher, school, class) WHERE revoked_at = 0
			DO UPDATE SET organisation = excluded.organisation, by_id = excluded.by_id, until_at = excluded.until_at`,
		a.ID, a.Organisation, a.School, a.Class, a.Teacher, a.By, millis(a.Created), millis(a.Until)).Error
}

// Authorisations are in the order of school and class.
func (s *Store) Authorisations(ctx context.Context, organisation string) ([]school.Authorisation, error) {
	return authorisations(s.read(ctx).Where("organisation = ? AND revoked_at = 0", organisation))
}

// AuthorisationsOf are in the same order.
func (s *Store) AuthorisationsOf(ctx context.Context, teacher string, at time.Time) ([]school.Authorisation, error) {
	return authorisations(s.read(ctx).Where("teacher = ? AND revoked_at = 0 AND until_at > ?", teacher, millis(at)))
}

func authorisations(tx *gorm.DB) ([]school.Authorisation, error) {
	var rows []schoolAuthorisationRow
	err := tx.Order("school, class, created_at, id").Find(&rows).Error
	list := make([]school.Authorisation, 0, len(rows))
	for _, r := range rows {
		list = append(list, school.Authorisation{
			ID: r.ID, Organisation: r.Organisation, School: r.School, Class: r.Class, Teacher: r.Teacher, By: r.ByID,
			Created: instant(r.CreatedAt), Until: instant(r.UntilAt),
		})
	}
	return list, err
}

// RevokeAuthorisation writes the authorisation's row first, as StartEnrolment does: what is offered beside it is seen and
// cancelled, or is not offered.
func (s *Store) RevokeAuthorisation(ctx context.Context, organisation, id, by string, at time.Time) error {
	return s.write(ctx).Transaction(func(tx *gorm.DB) error {
		revoked := tx.Exec(`UPDATE minid_school_authorisations SET revoked_at = ?, revoked_by = ?
			WHERE id = ? AND organisation = ? AND revoked_at = 0`, millis(at), by, id, organisation)
		if err := one(revoked, school.ErrNotFound); err != nil {
			return err
		}
		return endEnrolments(tx, school.StateCancelled, at, "authorisation_id = ?", id)
	})
}

// endEnrolments ends those under way, and deletes what they kept on the way.
func endEnrolments(tx *gorm.DB, to school.State, at time.Time, where string, args ...any) error {
	return tx.Model(&schoolEnrolmentRow{}).Where("state IN ('offered', 'claimed')").Where(where, args...).
		Updates(ended(to, at)).Error
}

func ended(to school.State, at time.Time) map[string]any {
	return map[string]any{"state": string(to), "ended_at": millis(at), "shown": []byte{}, "draft": []byte{}}
}
