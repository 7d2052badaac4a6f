package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"

	"lommebok.example/internal/database"
	"lommebok.example/minid"
)

var _ minid.Store = (*Store)(nil)

type personRow struct {
	ID        string
	PID       string `gorm:"column:pid"`
	BirthDate string
	Phone     string
	Email     string
	State     string
	Basis     string
	ProofedAt int64
	Evidence  string
	Password  string
	AppAsks   int64
	CreatedAt int64 `gorm:"autoCreateTime:false"`

	Name       string
	PINDropped bool `gorm:"column:pin_dropped"`
	Preferred  string

	ContactAfter int64
}

func (personRow) TableName() string { return "minid_people" }

type totpRow struct {
	PersonID string
	Secret   []byte
	LastStep int64
	Failures int64
}

func (totpRow) TableName() string { return "minid_totp" }

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// found turns gorm's missing row into the domain's.
func found(err error) error {
	if database.IsNotFound(err) {
		return minid.ErrNotFound
	}
	return err
}

// one makes an error of a statement that did not touch exactly one row.
func one(tx *gorm.DB, otherwise error) error {
	if tx.Error != nil {
		return tx.Error
	}
	if tx.RowsAffected != 1 {
		return otherwise
	}
	return nil
}

func (s *Store) read(ctx context.Context) *gorm.DB  { return s.db.R.WithContext(ctx) }
func (s *Store) write(ctx context.Context) *gorm.DB { return s.db.W.WithContext(ctx) }

// AddPerson is documented at minid.Store, as are the other verbs.
func (s *Store) AddPerson(ctx context.Context, p minid.NewPerson) error {
	return s.write(ctx).Transaction(func(tx *gorm.DB) error { return addPerson(tx, p) })
}

// addPerson adds the person with credentials: minid.ErrPersonExists ends the transaction.
func addPerson(tx *gorm.DB, p minid.NewPerson) error {
	err := tx.Create(&personRow{
		ID: p.ID, PID: p.PID, BirthDate: p.BirthDate, Phone: p.Phone, Email: p.Email, State: string(p.State),
		Basis: string(p.Proofing.Basis), ProofedAt: millis(p.Proofing.At), Evidence: p.Proofing.Evidence,
		Password: p.PasswordRecord, CreatedAt: millis(p.Created), Name: p.Name, PINDropped: p.PINDropped, Preferred: string(p.Preferred),
		ContactAfter: millis(p.ContactAfter),
	}).Error
	if database.IsDuplicate(err) {
		return minid.ErrPersonExists
	}
	if err == nil && p.SMS {
		err = addSMS(tx, p.ID)
	}
	if err == nil && len(p.TOTPSecret) > 0 {
		err = tx.Create(&totpRow{PersonID: p.ID, Secret: p.TOTPSecret, LastStep: -1}).Error
	}
	return err
}

// Person finds by opaque identifier.
func (s *Store) Person(ctx context.Context, id string) (*minid.Person, error) {
	return s.person(ctx, "id = ?", id)
}

// PersonByPID finds by identity number.
func (s *Store) PersonByPID(ctx context.Context, pid string) (*minid.Person, error) {
	return s.person(ctx, "pid = ?", pid)
}

func (s *Store) person(ctx context.Context, where, value string) (*minid.Person, error) {
	var row personRow
	if err := s.read(ctx).Where(where, value).Take(&row).Error; err != nil {
		return nil, found(err)
	}
	return &minid.Person{
		ID: row.ID, PID: row.PID, BirthDate: row.BirthDate, Phone: row.Phone, Email: row.Email,
		State: minid.State(row.State),
		Proofing: minid.Proofing{
			Basis: minid.Basis(row.Basis), At: instant(row.ProofedAt), Evidence: row.Evidence,
		},
		Created: instant(row.CreatedAt), Name: row.Name, PINDropped: row.PINDropped, Preferred: minid.Factor(row.Preferred),
	}, nil
}

// PasswordRecord reads the person's PHC record.
func (s *Store) PasswordRecord(ctx context.Context, personID string) (string, error) {
	var row personRow
	err := s.read(ctx).Select("password").Where("id = ?", personID).Take(&row).Error
	return row.Password, found(err)
}

// ReplacePasswordRecord swaps the record when it is still the old one.
func (s *Store) ReplacePasswordRecord(ctx context.Context, personID, old, record string) error {
	return s.write(ctx).Model(&personRow{}).Where("id = ? AND password = ?", personID, old).
		Update("password", record).Error
}

// RaisePasswordFailure counts and closes in one statement: of any number of tries at once, no more are allowed than
// are left before the quarantine.
func (s *Store) RaisePasswordFailure(ctx context.Context, number string, at time.Time, q minid.Quarantine) (minid.PasswordTry, error) {
	var row struct{ Failures, OpenAt int64 }
	statement := fmt.Sprintf(`INSERT INTO minid_password_failures (number, failures, open_at)
		VALUES (?, 1, CAST(? AS BIGINT) + %d)
		ON CONFLICT (number) DO UPDATE SET failures = minid_password_failures.failures + 1,
			open_at = CAST(? AS BIGINT) + %s
		WHERE minid_password_failures.open_at <= ? AND minid_password_failures.failures < ?
		RETURNING failures, open_at`, q.Wait(1).Milliseconds(), waits(q))
	now := millis(at)
	tx := s.write(ctx).Raw(statement, number, now, now, now, q.Cap).Scan(&row)
	if tx.Error != nil {
		return minid.PasswordTry{}, tx.Error
	}
	if tx.RowsAffected == 1 {
		return minid.PasswordTry{Allowed: true, Failures: int(row.Failures)}, nil
	}
	tx = s.write(ctx).Raw(`SELECT failures, open_at FROM minid_password_failures WHERE number = ?`, number).Scan(&row)
	try := minid.PasswordTry{Failures: int(row.Failures), Until: instant(row.OpenAt)}
	if !try.Until.After(at) {
		try.Until = at.Add(q.Longest) // at the cap there is no end to tell
	}
	return try, tx.Error
}

// waits is the schedule as an SQL expression over the failures counted before, in milliseconds. It is made of
// numbers from the configuration only.
func waits(q minid.Quarantine) string {
	var b strings.Builder
	b.WriteString("CASE")
	fmt.Fprintf(&b, " WHEN minid_password_failures.failures + 1 < %d THEN 0", q.From)
	for n := q.From; q.Wait(n) < q.Longest; n++ {
		fmt.Fprintf(&b, " WHEN minid_password_failures.failures + 1 = %d THEN %d", n, q.Wait(n).Milliseconds())
	}
	fmt.Fprintf(&b, " ELSE %d END", q.Longest.Milliseconds())
	return b.String()
}

// ClearPasswordFailures forgets them.
func (s *Store) ClearPasswordFailures(ctx context.Context, number string) error {
	return s.write(ctx).Exec("DELETE FROM minid_password_failures WHERE number = ?", number).Error
}

// SecondFactors reads which factors are in working order.
func (s *Store) SecondFactors(ctx context.Context, personID string, most int) ([]minid.Factor, error) {
	return secondFactors(s.read(ctx), personID, most)
}

func secondFactors(tx *gorm.DB, personID string, most int) ([]minid.Factor, error) {
	var rows []struct{ Factor string }
	err := tx.Raw(`SELECT 'totp' AS factor, 1 AS place FROM minid_totp WHERE person_id = ? AND failures < ?
		UNION ALL SELECT 'sms', 2 FROM minid_sms JOIN minid_people ON minid_people.id = minid_sms.person_id
			WHERE minid_sms.person_id = ? AND minid_sms.failures < ? AND minid_people.phone <> ''
		UNION ALL SELECT 'app', 3 FROM minid_devices WHERE person_id = ? ORDER BY place`,
		personID, most, personID, most, personID).Scan(&rows).Error
	factors := make([]minid.Factor, 0, len(rows))
	for _, row := range rows {
		factors = append(factors, minid.Factor(row.Factor))
	}
	return factors, err
}

// TOTPSecret reads the sealed secret.
func (s *Store) TOTPSecret(ctx context.Context, personID string) ([]byte, error) {
	var row totpRow
	err := s.read(ctx).Select("secret").Where("person_id = ?", personID).Take(&row).Error
	return row.Secret, found(err)
}

// RaiseTOTPFailure counts in one statement, up to most.
func (s *Store) RaiseTOTPFailure(ctx context.Context, personID string, most int) (bool, error) {
	tx := s.write(ctx).Model(&totpRow{}).Where("person_id = ? AND failures < ?", personID, most).
		Update("failures", gorm.Expr("failures + 1"))
	return tx.RowsAffected == 1, tx.Error
}

// AcceptTOTPStep lets the last step only rise.
func (s *Store) AcceptTOTPStep(ctx context.Context, personID string, step int64) (bool, error) {
	tx := s.write(ctx).Model(&totpRow{}).Where("person_id = ? AND last_step < ?", personID, step).
		Updates(map[string]any{"last_step": step, "failures": 0})
	return tx.RowsAffected == 1, tx.Error
}
