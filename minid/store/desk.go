package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"lommebok.example/internal/audit"
	"lommebok.example/internal/database"
	"lommebok.example/minid"
)

type deskRow struct {
	ID, Organisation, PersonID, State string
	Document, Reference               string
	Lost                              int64
	Reason                            string
	OpenedBy, DecidedBy, HandedBy     string
	OpenedAt, ProposedAt              int64
	DecidedAt, HandedAt               int64
	ExpiresAt                         int64
	PID                               string `gorm:"column:pid;->"`
	OpenedName, DecidedName           string `gorm:"->"`
}

func (deskRow) TableName() string { return "minid_desk_cases" }

func (r deskRow) deskCase() minid.DeskCase {
	return minid.DeskCase{
		ID: r.ID, Organisation: r.Organisation, PersonID: r.PersonID, PID: r.PID, State: minid.DeskState(r.State),
		Document: minid.DeskDocument(r.Document), Reference: r.Reference, Lost: fromBits(r.Lost), Reason: r.Reason,
		OpenedBy: r.OpenedBy, DecidedBy: r.DecidedBy, HandedBy: r.HandedBy, OpenedName: r.OpenedName, DecidedName: r.DecidedName,
		Opened: instant(r.OpenedAt), Proposed: instant(r.ProposedAt), Decided: instant(r.DecidedAt), HandedAt: instant(r.HandedAt),
		Expires: instant(r.ExpiresAt),
	}
}

// deskTurn lets one clerk's acts follow each other, and tells whether there is room for one more.
func deskTurn(tx *gorm.DB, clerk, by, at string, now time.Time, w minid.Window) error {
	if err := tx.Exec(`INSERT INTO minid_turns (name, turns) VALUES (?, 1)
		ON CONFLICT (name) DO UPDATE SET turns = minid_turns.turns + 1`, "desk "+clerk).Error; err != nil {
		return err
	}
	var acts []int64
	err := tx.Model(&deskRow{}).Where(by+" = ? AND "+at+" > ?", clerk, millis(now.Add(-w.Span))).
		Order(at+" DESC").Limit(w.Most).Pluck(at, &acts).Error
	if err != nil || len(acts) < w.Most {
		return err
	}
	return minid.ErrTooManyAttempts{RetryAfter: instant(acts[len(acts)-1]).Add(w.Span).Sub(now)}
}

// OpenDeskCase is documented at minid.DeskStore, as are the other verbs.
func (s *Store) OpenDeskCase(ctx context.Context, d minid.DeskCase, w minid.Window) error {
	return s.write(ctx).Transaction(func(tx *gorm.DB) error {
		if err := deskTurn(tx, d.OpenedBy, "opened_by", "opened_at", d.Opened, w); err != nil {
			return err
		}
		return tx.Create(&deskRow{
			ID: d.ID, Organisation: d.Organisation, PersonID: d.PersonID, State: string(d.State), OpenedBy: d.OpenedBy,
			OpenedAt: millis(d.Opened), ExpiresAt: millis(d.Expires),
		}).Error
	})
}

// deskCases reads cases with the number of their person and the names of the clerks, or their identifiers where an account
// has no name.
func (s *Store) deskCases(ctx context.Context, organisation string) *gorm.DB {
	return s.read(ctx).Model(&deskRow{}).
		Select(`minid_desk_cases.*, person.pid AS pid, COALESCE(NULLIF(opener.name, ''), opener.id) AS opened_name,
			COALESCE(NULLIF(decider.name, ''), decider.id, '') AS decided_name`).
		Joins("JOIN minid_people person ON person.id = minid_desk_cases.person_id").
		Joins("JOIN minid_people opener ON opener.id = minid_desk_cases.opened_by").
		Joins("LEFT JOIN minid_people decider ON decider.id = minid_desk_cases.decided_by").
		Where("minid_desk_cases.organisation = ?", organisation)
}

// DeskCase finds one.
func (s *Store) DeskCase(ctx context.Context, organisation, id string) (*minid.DeskCase, error) {
	var row deskRow
	if err := s.deskCases(ctx, organisation).Where("minid_desk_cases.id = ?", id).Take(&row).Error; err != nil {
		return nil, found(err)
	}
	d := row.deskCase()
	return &d, nil
}

// DeskCases finds the newest.
func (s *Store) DeskCases(ctx context.Context, organisation string, most int) ([]minid.DeskCase, error) {
	var rows []deskRow
	err := s.deskCases(ctx, organisation).Order("opened_at DESC, minid_desk_cases.id").Limit(most).Find(&rows).Error
	cases := make([]minid.DeskCase, 0, len(rows))
	for _, r := range rows {
		cases = append(cases, r.deskCase())
	}
	return cases, err
}

// ProposeDeskCase leaves it to an index that one case of a person waits at a time; one that waited too long is closed first.
func (s *Store) ProposeDeskCase(ctx context.Context, organisation, id, clerk string, p minid.DeskProposal, at, expires time.Time) error {
	err := s.write(ctx).Transaction(func(tx *gorm.DB) error {
		if err := tx.Exec(`UPDATE minid_desk_cases SET state = 'expired' WHERE state = 'proposed' AND expires_at <= ?
			AND person_id = (SELECT person_id FROM minid_desk_cases WHERE id = ?)`, millis(at), id).Error; err != nil {
			return err
		}
		return one(tx.Exec(`UPDATE minid_desk_cases
			SET state = 'proposed', document = ?, reference = ?, lost = ?, proposed_at = ?, expires_at = ?
			WHERE id = ? AND organisation = ? AND state = 'opened' AND expires_at > ? AND opened_by = ? AND person_id <> ?`,
			string(p.Document), p.Reference, toBits(p.Lost...), millis(at), millis(expires),
			id, organisation, millis(at), clerk, clerk), minid.ErrDeskCase)
	})
	if database.IsDuplicate(err) {
		return minid.ErrDeskOpen
	}
	return err
}

// decideDeskCase is won by the first clerk who is neither the case's first nor its person.
func decideDeskCase(tx *gorm.DB, a minid.DeskDecision, state minid.DeskState, reason string) error {
	if err := deskTurn(tx, a.Clerk, "decided_by", "decided_at", a.At, a.Window); err != nil {
		return err
	}
	return one(tx.Exec(`UPDATE minid_desk_cases SET state = ?, reason = ?, decided_by = ?, decided_at = ?, expires_at = ?
		WHERE id = ? AND organisation = ? AND state = 'proposed' AND expires_at > ? AND opened_by <> ? AND person_id <> ?`,
		string(state), reason, a.Clerk, millis(a.At), millis(a.Expires),
		a.CaseID, a.Organisation, millis(a.At), a.Clerk, a.Clerk), minid.ErrDeskCase)
}

// RefuseDeskCase decides and does nothing else.
func (s *Store) RefuseDeskCase(ctx context.Context, a minid.DeskDecision, reason string) error {
	return s.write(ctx).Transaction(func(tx *gorm.DB) error {
		return decideDeskCase(tx, a, minid.DeskRefused, reason)
	})
}

// ApproveDeskCase decides, and then proofs the person.
func (s *Store) ApproveDeskCase(ctx context.Context, a minid.DeskDecision, p minid.Proofing, number string) error {
	return s.write(ctx).Transaction(func(tx *gorm.DB) error {
		if err := decideDeskCase(tx, a, minid.DeskApproved, ""); err != nil {
			return err
		}
		var row deskRow
		if err := tx.Select("person_id", "lost").Where("id = ?", a.CaseID).Take(&row).Error; err != nil {
			return err
		}
		if err := proof(tx, row.PersonID, p, minid.ErrDeskCase); err != nil {
			return err
		}
		if _, err := endApp(tx, row.PersonID); err != nil {
			return err
		}
		for _, f := range fromBits(row.Lost) {
			if _, err := dropFactor(tx, row.PersonID, f); err != nil {
				return err
			}
		}
		if err := tx.Exec("DELETE FROM minid_password_failures WHERE number = ?", number).Error; err != nil {
			return err
		}
		return s.record(tx, audit.Event{
			At: a.At, Kind: minid.KindProofed, Actor: audit.Person(a.Clerk), Subject: audit.Person(row.PersonID), Object: a.CaseID, Outcome: string(p.Basis),
		})
	})
}

// proof writes how a person was identified, in one statement, and ends what rests on how they were before.
func proof(tx *gorm.DB, personID string, p minid.Proofing, otherwise error) error {
	proofed := tx.Exec("UPDATE minid_people SET basis = ?, proofed_at = ?, evidence = ? WHERE id = ? AND state = ?",
		string(p.Basis), millis(p.At), p.Evidence, personID, string(minid.StateNormal))
	if err := one(proofed, otherwise); err != nil {
		return err
	}
	return endAll(tx, personID, "")
}

// endApp ends pairing codes before devices: who is spending a code holds its row until the device stands. It tells whether there was a
// device.
func endApp(tx *gorm.DB, personID string) (had bool, err error) {
	if err := tx.Exec("DELETE FROM minid_pairing_codes WHERE person_id = ?", personID).Error; err != nil {
		return false, err
	}
	return dropFactor(tx, personID, minid.FactorApp)
}

// dropFactor takes a factor away with its name and the wish for it, also when it is the last, and tells whether it was there.
func dropFactor(tx *gorm.DB, personID string, f minid.Factor) (had bool, err error) {
	dropped := tx.Exec("DELETE FROM "+tables[f]+" WHERE person_id = ?", personID)
	if dropped.Error != nil {
		return false, dropped.Error
	}
	if err := tx.Exec("DELETE FROM minid_factor_names WHERE person_id = ? AND factor = ?", personID, string(f)).Error; err != nil {
		return false, err
	}
	return dropped.RowsAffected > 0, tx.Exec("UPDATE minid_people SET preferred = '' WHERE id = ? AND preferred = ?", personID, string(f)).Error
}

// HandOutDeskCode is won by whoever notes it first.
func (s *Store) HandOutDeskCode(ctx context.Context, organisation, id, clerk, code string, codeExpires, at time.Time) error {
	return s.write(ctx).Transaction(func(tx *gorm.DB) error {
		var row struct{ PersonID string }
		handed := tx.Raw(`UPDATE minid_desk_cases SET handed_by = ?, handed_at = ?
			WHERE id = ? AND organisation = ? AND state = 'approved' AND handed_at = 0 AND expires_at > ?
			AND (opened_by = ? OR decided_by = ?) RETURNING person_id`,
			clerk, millis(at), id, organisation, millis(at), clerk, clerk).Scan(&row)
		if err := one(handed, minid.ErrDeskCase); err != nil {
			return err
		}
		return putPairingCode(tx, code, row.PersonID, codeExpires)
	})
}

// PutOwnPairingCode holds the person's row until the code stands: a new proofing comes before it or ends it.
func (s *Store) PutOwnPairingCode(ctx context.Context, code string, p *minid.Person, expires time.Time) error {
	return s.write(ctx).Transaction(func(tx *gorm.DB) error {
		if err := asProofed(tx, p, minid.ErrPairAtDesk); err != nil {
			return err
		}
		return putPairingCode(tx, code, p.ID, expires)
	})
}
