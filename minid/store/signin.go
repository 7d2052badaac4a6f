package store

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"

	"lommebok.example/internal/database"
	"lommebok.example/minid"
)

type signInRow struct {
	ID, Service        string
	Level, MaxAge      int64
	ReturnTo, CancelTo string
	Onward             string
	PersonID           string
	Passed             int64
	Chosen, Remember   string
	AuthTime           int64
	Prior              string
	Carried, Resetting bool
	StartedAt          int64
	ExpiresAt          int64
	Ended              bool
}

func (signInRow) TableName() string { return "minid_sign_ins" }

// factorBits are how sets of factors are stored.
var factorBits = []struct {
	factor minid.Factor
	bit    int64
}{{minid.FactorPassword, 1}, {minid.FactorTOTP, 2}, {minid.FactorApp, 4}, {minid.FactorSMS, 8}, {minid.FactorReset, 16}, {minid.FactorRecovery, 32}}

func toBits(factors ...minid.Factor) int64 {
	var bits int64
	for _, f := range factors {
		for _, b := range factorBits {
			if b.factor == f {
				bits |= b.bit
			}
		}
	}
	return bits
}

func fromBits(bits int64) []minid.Factor {
	var factors []minid.Factor
	for _, b := range factorBits {
		if bits&b.bit != 0 {
			factors = append(factors, b.factor)
		}
	}
	return factors
}

// AddSignIn is documented at minid.Store, as are the other verbs.
func (s *Store) AddSignIn(ctx context.Context, in minid.SignIn) error {
	return s.write(ctx).Create(&signInRow{
		ID: in.ID, Service: in.Need.Service, Level: int64(in.Need.Level), MaxAge: in.Need.MaxAge.Milliseconds(),
		ReturnTo: in.Need.ReturnTo, CancelTo: in.Need.CancelTo, Onward: in.Need.Onward, PersonID: in.PersonID, Passed: toBits(in.Passed...),
		Chosen: string(in.Chosen), AuthTime: millis(in.AuthTime), Prior: in.Prior, Carried: in.Carried,
		StartedAt: millis(in.Started), ExpiresAt: millis(in.Expires),
	}).Error
}

// SignIn finds by the hash of its secret.
func (s *Store) SignIn(ctx context.Context, id string) (*minid.SignIn, error) {
	var row signInRow
	if err := s.read(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
		return nil, found(err)
	}
	return &minid.SignIn{
		ID: row.ID,
		Need: minid.Need{
			Service: row.Service, Level: minid.Level(row.Level), MaxAge: time.Duration(row.MaxAge) * time.Millisecond,
			ReturnTo: row.ReturnTo, CancelTo: row.CancelTo, Onward: row.Onward,
		},
		PersonID: row.PersonID, Passed: fromBits(row.Passed), Chosen: minid.Factor(row.Chosen), Remember: minid.Factor(row.Remember),
		AuthTime: instant(row.AuthTime), Prior: row.Prior, Carried: row.Carried, Resetting: row.Resetting,
		Started: instant(row.StartedAt), Expires: instant(row.ExpiresAt), Ended: row.Ended,
	}, nil
}

// live narrows to a sign-in that is under way.
func live(tx *gorm.DB, id string, at time.Time) *gorm.DB {
	return tx.Model(&signInRow{}).Where("id = ? AND ended = ? AND expires_at > ?", id, false, millis(at))
}

// PassPassword takes a sign-in that is nobody's yet.
func (s *Store) PassPassword(ctx context.Context, id, personID string, at time.Time) error {
	return one(live(s.write(ctx), id, at).Where("person_id = ''").Updates(map[string]any{
		"person_id": personID, "passed": toBits(minid.FactorPassword), "auth_time": millis(at),
	}), minid.ErrStep)
}

// PassFactor adds to what the person passed.
func (s *Store) PassFactor(ctx context.Context, id, personID string, f minid.Factor, at time.Time) error {
	return passFactor(s.write(ctx), id, personID, f, at, minid.ErrStep)
}

// passFactor keeps the time of the login from which other factors were carried.
func passFactor(tx *gorm.DB, id, personID string, f minid.Factor, at time.Time, otherwise error) error {
	return one(live(tx, id, at).Where("person_id = ? AND person_id <> ''", personID).Updates(map[string]any{
		"passed":    gorm.Expr("passed | ?", toBits(f)),
		"auth_time": gorm.Expr("CASE WHEN carried THEN auth_time ELSE CAST(? AS BIGINT) END", millis(at)),
	}), otherwise)
}

// ChooseFactor notes the choice.
func (s *Store) ChooseFactor(ctx context.Context, id string, f minid.Factor, at time.Time) error {
	return s.write(ctx).Transaction(func(tx *gorm.DB) error {
		if err := one(live(tx, id, at).Update("chosen", string(f)), minid.ErrStep); err != nil {
			return err
		}
		return cancelAttempts(tx, id)
	})
}

// RememberFactor notes the wish.
func (s *Store) RememberFactor(ctx context.Context, id string, f minid.Factor, at time.Time) error {
	return one(live(s.write(ctx), id, at).Update("remember", string(f)), minid.ErrStep)
}

// CancelSignIn ends it.
func (s *Store) CancelSignIn(ctx context.Context, id string, at time.Time) error {
	return s.write(ctx).Transaction(func(tx *gorm.DB) error {
		if err := live(tx, id, at).Update("ended", true).Error; err != nil {
			return err
		}
		return cancelAttempts(tx, id)
	})
}

// FinishSignIn is won by whoever ends the sign-in as it was read.
func (s *Store) FinishSignIn(ctx context.Context, in minid.SignIn, session minid.SessionRecord, counted minid.Factor, at time.Time) error {
	return s.write(ctx).Transaction(func(tx *gorm.DB) error {
		ended := live(tx, in.ID, at).
			Where("person_id = ? AND passed = ? AND auth_time = ?", in.PersonID, toBits(in.Passed...), millis(in.AuthTime)).
			Update("ended", true)
		if err := one(ended, minid.ErrStep); err != nil {
			return err
		}
		if in.Prior != "" {
			gone := deleteSession(tx, in.Prior)
			if err := one(gone, minid.ErrExpired); err != nil && (in.Carried || gone.Error != nil) {
				return err
			}
		}
		if slices.Contains(in.Passed, in.Remember) {
			if err := tx.Exec("UPDATE minid_people SET preferred = ? WHERE id = ?", string(in.Remember), in.PersonID).Error; err != nil {
				return err
			}
		}
		login := minid.Login{
			ID: in.ID, PersonID: in.PersonID, Service: in.Need.Service, Level: session.Level, Factors: session.Factors, At: at,
		}
		if err := recordLogin(tx, login, counted); err != nil {
			return err
		}
		row := newSessionRow(session)
		err := tx.Create(&row).Error
		if database.IsDuplicate(err) {
			return minid.ErrExpired // another sign-in of this browser took over the session in the meantime
		}
		return err
	})
}

// DeleteExpired deletes what can no longer be used.
func (s *Store) DeleteExpired(ctx context.Context, e minid.Expiry) error {
	for _, d := range []struct {
		statement string
		before    time.Time
	}{
		{"DELETE FROM minid_sign_ins WHERE expires_at <= ?", e.At},
		{"DELETE FROM minid_pairing_codes WHERE expires_at <= ?", e.At},
		{"DELETE FROM minid_passport_checks WHERE expires_at <= ?", e.At},
		{"DELETE FROM minid_sessions WHERE seen_at <= ?", e.SessionSeen},
		{"DELETE FROM minid_attempts WHERE created_at <= ?", e.AttemptCreated},
		{"DELETE FROM minid_codes WHERE created_at <= ?", e.CodeCreated},
		{"DELETE FROM minid_totp_pending WHERE expires_at <= ?", e.At},
		{"DELETE FROM minid_logins WHERE at <= ?", e.Login},
		{"DELETE FROM minid_outbox WHERE created_at <= ?", e.Message},
		{"DELETE FROM minid_letter_outbox WHERE created_at <= ?", e.Message},
		{"DELETE FROM minid_letter_orders WHERE state <> 'confirmed' AND expires_at <= ?", e.At},
		{"DELETE FROM minid_activations WHERE expires_at <= ?", e.At},
		{"DELETE FROM minid_letters WHERE expires_at <= ? AND NOT EXISTS (SELECT 1 FROM minid_activations a WHERE a.letter_id = minid_letters.id)", e.At},
		{"DELETE FROM minid_password_failures WHERE open_at <= ?", e.Failure},
		{"DELETE FROM minid_tallies WHERE ends_at <= ?", e.At},
	} {
		if err := s.write(ctx).Exec(d.statement, millis(d.before)).Error; err != nil {
			return err
		}
	}
	return nil
}
