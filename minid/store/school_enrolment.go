package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lommebok.example/internal/audit"
	"lommebok.example/minid"
	"lommebok.example/minid/school"
)

type schoolEnrolmentRow struct {
	ID, AuthorisationID, Organisation, School, Class string
	TeacherID, Pupil, PersonID, Code, Browser        string
	Shown, Draft                                     []byte
	Tries                                            int64
	State                                            string
	CreatedAt                                        int64 `gorm:"autoCreateTime:false"`
	ExpiresAt, EndedAt                               int64
	RevokedBy                                        string
}

func (schoolEnrolmentRow) TableName() string { return "minid_school_enrolments" }

func (r schoolEnrolmentRow) enrolment() school.Enrolment {
	return school.Enrolment{
		ID: r.ID, Authorisation: r.AuthorisationID, Organisation: r.Organisation, School: r.School, Class: r.Class,
		TeacherID: r.TeacherID, Pupil: r.Pupil, PersonID: r.PersonID, Code: r.Code, Browser: r.Browser,
		Shown: r.Shown, Draft: r.Draft, Tries: int(r.Tries), State: school.State(r.State),
		Created: instant(r.CreatedAt), Expires: instant(r.ExpiresAt), Ended: instant(r.EndedAt),
	}
}

func enrolmentRow(e school.Enrolment) *schoolEnrolmentRow {
	return &schoolEnrolmentRow{
		ID: e.ID, AuthorisationID: e.Authorisation, Organisation: e.Organisation, School: e.School, Class: e.Class,
		TeacherID: e.TeacherID, Pupil: e.Pupil, PersonID: e.PersonID, Code: e.Code, Browser: e.Browser,
		Shown: bytesOf(e.Shown), Draft: bytesOf(e.Draft), Tries: int64(e.Tries), State: string(e.State),
		CreatedAt: millis(e.Created), ExpiresAt: millis(e.Expires), EndedAt: millis(e.Ended),
	}
}

// bytesOf makes no bytes of nil, which would be NULL.
func bytesOf(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// StartEnrolment writes the authorisation's row first, so that it holds until the enrolment stands; those who enrol the same
// pupil take turns by a row, so that codes are counted one after another.
func (s *Store) StartEnrolment(ctx context.Context, e school.Enrolment, teacher, pupil minid.Window) (again time.Time, err error) {
	err = s.write(ctx).Transaction(func(tx *gorm.DB) error {
		holds := tx.Exec(`UPDATE minid_school_authorisations SET uses = uses + 1 WHERE id = ? AND revoked_at = 0 AND until_at > ?`,
			e.Authorisation, millis(e.Created))
		if err := one(holds, school.ErrForbidden); err != nil {
			return err
		}
		for _, name := range []string{"school teacher " + e.TeacherID, "school pupil " + e.Pupil} {
			if err := takeTurn(tx, name); err != nil {
				return err
			}
		}
		for _, w := range []struct {
			column, value string
			minid.Window
		}{{"teacher_id", e.TeacherID, teacher}, {"pupil", e.Pupil, pupil}} {
			opens, err := nextEnrolment(tx, w.column, w.value, w.Window, e.Created)
			if err != nil {
				return err
			}
			if opens.After(again) {
				again = opens
			}
		}
		if !again.IsZero() {
			return nil
		}
		if err := endEnrolments(tx, school.StateCancelled, e.Created, "pupil = ?", e.Pupil); err != nil {
			return err
		}
		return tx.Create(enrolmentRow(e)).Error
	})
	return again, err
}

func takeTurn(tx *gorm.DB, name string) error {
	return tx.Exec(`INSERT INTO minid_turns (name, turns) VALUES (?, 1)
		ON CONFLICT (name) DO UPDATE SET turns = minid_turns.turns + 1`, name).Error
}

// nextEnrolment is zero when one may be made now. A full window opens when the oldest of its last most leaves it.
func nextEnrolment(tx *gorm.DB, column, value string, w minid.Window, at time.Time) (time.Time, error) {
	var made []int64
	err := tx.Model(&schoolEnrolmentRow{}).Where(column+" = ? AND state <> 'refused' AND created_at > ?", value, millis(at.Add(-w.Span))).
		Order("created_at DESC").Limit(w.Most).Pluck("created_at", &made).Error
	if err != nil || len(made) < w.Most {
		return time.Time{}, err
	}
	return instant(made[len(made)-1]).Add(w.Span), nil
}

// mostRefused bounds what somebody who is logged in can fill the table with, in an hour.
const mostRefused = 100

// AddRefused keeps up to mostRefused.
func (s *Store) AddRefused(ctx context.Context, e school.Enrolment) error {
	return s.write(ctx).Transaction(func(tx *gorm.DB) error {
		var n int64
		err := tx.Model(&schoolEnrolmentRow{}).Where("teacher_id = ? AND state = 'refused' AND created_at > ?",
			e.TeacherID, millis(e.Created.Add(-time.Hour))).Count(&n).Error
		if err != nil || n >= mostRefused {
			return err
		}
		return tx.Create(enrolmentRow(e)).Error
	})
}

// Enrolment finds by identifier.
func (s *Store) Enrolment(ctx context.Context, id string) (*school.Enrolment, error) {
	return s.enrolment(ctx, "id = ?", id)
}

// EnrolmentOf finds by the pupil's secret.
func (s *Store) EnrolmentOf(ctx context.Context, browser string) (*school.Enrolment, error) {
	return s.enrolment(ctx, "browser = ?", browser)
}

func (s *Store) enrolment(ctx context.Context, where, value string) (*school.Enrolment, error) {
	var row schoolEnrolmentRow
	if err := s.read(ctx).Where(where, value).Take(&row).Error; err != nil {
		return nil, found(err)
	}
	e := row.enrolment()
	return &e, nil
}

// Enrolments are newest first.
func (s *Store) Enrolments(ctx context.Context, organisation, number, class string) ([]school.Enrolment, error) {
	var rows []schoolEnrolmentRow
	err := s.read(ctx).Where("organisation = ? AND school = ? AND class = ? AND state IN ('finished', 'revoked', 'refused')",
		organisation, number, class).Order("created_at DESC, id").Find(&rows).Error
	list := make([]school.Enrolment, 0, len(rows))
	for _, r := range rows {
		list = append(list, r.enrolment())
	}
	return list, err
}

// EndEnrolment moves it once.
func (s *Store) EndEnrolment(ctx context.Context, id string, to school.State, at time.Time) error {
	return one(s.write(ctx).Model(&schoolEnrolmentRow{}).Where("id = ? AND state IN ('offered', 'claimed')", id).
		Updates(ended(to, at)), school.ErrOver)
}

// RaiseClaimTries counts in one statement, up to most.
func (s *Store) RaiseClaimTries(ctx context.Context, code string, most int, at time.Time) (bool, error) {
	tx := s.write(ctx).Exec(`UPDATE minid_school_enrolments SET tries = tries + 1
		WHERE code = ? AND state = 'offered' AND tries < ? AND expires_at > ?`, code, most, millis(at))
	return tx.RowsAffected == 1, tx.Error
}

// ClaimEnrolment is won by whoever moves it.
func (s *Store) ClaimEnrolment(ctx context.Context, code, pupil, browser string, at, expires time.Time) (*school.Enrolment, error) {
	var row schoolEnrolmentRow
	tx := s.write(ctx).Raw(`UPDATE minid_school_enrolments SET state = 'claimed', browser = ?, shown = ?, tries = 0, expires_at = ?
		WHERE code = ? AND pupil = ? AND state = 'offered' AND expires_at > ? RETURNING *`,
		browser, []byte{}, millis(expires), code, pupil, millis(at)).Scan(&row)
	if err := one(tx, school.ErrCode); err != nil {
		return nil, err
	}
	e := row.enrolment()
	return &e, nil
}

// PutDraft compares what was read.
func (s *Store) PutDraft(ctx context.Context, e *school.Enrolment, draft []byte, at time.Time) error {
	return one(s.write(ctx).Exec(`UPDATE minid_school_enrolments SET draft = ?
		WHERE id = ? AND browser = ? AND draft = ? AND state = 'claimed' AND expires_at > ?`,
		draft, e.ID, e.Browser, bytesOf(e.Draft), millis(at)), school.ErrOver)
}

// RaiseTries counts in one statement, up to most.
func (s *Store) RaiseTries(ctx context.Context, id string, most int, at time.Time) (bool, error) {
	tx := s.write(ctx).Exec(`UPDATE minid_school_enrolments SET tries = tries + 1
		WHERE id = ? AND state = 'claimed' AND tries < ? AND expires_at > ?`, id, most, millis(at))
	return tx.RowsAffected == 1, tx.Error
}

// FinishEnrolment is won by whoever moves it; the code is spent and the person added with it, or nothing is.
func (s *Store) FinishEnrolment(ctx context.Context, f school.Finish) error {
	return s.write(ctx).Transaction(func(tx *gorm.DB) error {
		fields := ended(school.StateFinished, f.At)
		fields["person_id"] = f.Person.ID
		moved := tx.Model(&schoolEnrolmentRow{}).
			Where("id = ? AND browser = ? AND draft = ? AND state = 'claimed' AND expires_at > ?",
				f.Enrolment.ID, f.Enrolment.Browser, bytesOf(f.Enrolment.Draft), millis(f.At)).Updates(fields)
		if err := one(moved, school.ErrOver); err != nil {
			return err
		}
		if f.Code != "" {
			if err := spendCode(tx, f.Enrolment.ID, "", minid.PurposePhone, f.Code, f.At); err != nil {
				return err
			}
		}
		if err := addPerson(tx, f.Person); err != nil {
			return err
		}
		if err := tx.Model(&totpRow{}).Where("person_id = ?", f.Person.ID).Update("last_step", f.Step).Error; err != nil {
			return err
		}
		return s.record(tx, byOwner(minid.KindProofed, f.Person.ID, string(f.Person.Proofing.Basis), f.At))
	})
}

// RevokeEnrolment is won by whoever moves it.
func (s *Store) RevokeEnrolment(ctx context.Context, organisation, id, by string, at time.Time) (personID string, err error) {
	err = s.write(ctx).Transaction(func(tx *gorm.DB) error {
		var row struct{ PersonID string }
		moved := tx.Raw(`UPDATE minid_school_enrolments SET state = 'revoked', revoked_by = ?, ended_at = ?
			WHERE id = ? AND organisation = ? AND state = 'finished' RETURNING person_id`, by, millis(at), id, organisation).Scan(&row)
		if err := one(moved, school.ErrNotFound); err != nil {
			return err
		}
		closed := tx.Exec("UPDATE minid_people SET state = ? WHERE id = ? AND basis = ? AND evidence = ? AND state <> ?",
			string(minid.StateQuarantined), row.PersonID, string(minid.BasisSchool), id, string(minid.StateClosed))
		if closed.Error != nil || closed.RowsAffected == 0 {
			return closed.Error
		}
		personID = row.PersonID
		if err := endAll(tx, row.PersonID, ""); err != nil {
			return err
		}
		return s.record(tx, audit.Event{
			At: at, Kind: minid.KindState, Actor: audit.Person(by), Subject: audit.Person(row.PersonID), Object: id, Outcome: string(minid.StateQuarantined),
		})
	})
	if err != nil {
		return "", err
	}
	return personID, nil
}

// SweepEnrolments keeps what was finished, revoked or refused.
func (s *Store) SweepEnrolments(ctx context.Context, at, before time.Time) error {
	err := s.write(ctx).Model(&schoolEnrolmentRow{}).Where("state IN ('offered', 'claimed') AND expires_at <= ?", millis(at)).
		Updates(map[string]any{"shown": []byte{}, "draft": []byte{}}).Error
	if err != nil {
		return err
	}
	return s.write(ctx).Exec(`DELETE FROM minid_school_enrolments
		WHERE state IN ('offered', 'claimed', 'cancelled', 'void') AND expires_at <= ?`, millis(before)).Error
}
