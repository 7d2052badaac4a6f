package school

import (
	"context"
	"time"

	"lommebok.example/minid"
)

// Store keeps authorisations and enrolments. Every verb that moves an enrolment is one statement with its binding in the
// WHERE, so that of any number of callers one wins.
type Store interface {
	// Authorise adds an authorisation; a teacher who has one for the class gets its last day changed.
	Authorise(ctx context.Context, a Authorisation) error
	// Authorisations are those of an organisation that were not revoked, AuthorisationsOf those of a teacher that hold now.
	Authorisations(ctx context.Context, organisation string) ([]Authorisation, error)
	AuthorisationsOf(ctx context.Context, teacher string, at time.Time) ([]Authorisation, error)
	// RevokeAuthorisation ends one of an organisation, and cancels the enrolments under way that rest on it: ErrNotFound.
	RevokeAuthorisation(ctx context.Context, organisation, id, by string, at time.Time) error

	// StartEnrolment adds an enrolment and cancels those under way of the same pupil. ErrForbidden when its authorisation does
	// not hold. When the teacher or the pupil has had the window's most, nothing is changed and the time when the next may be
	// made is the answer; otherwise that time is zero.
	StartEnrolment(ctx context.Context, e Enrolment, teacher, pupil minid.Window) (again time.Time, err error)
	// AddRefused keeps what was refused.
	AddRefused(ctx context.Context, e Enrolment) error
	// Enrolment finds by identifier, EnrolmentOf by the hash of the pupil's secret: ErrNotFound.
	Enrolment(ctx context.Context, id string) (*Enrolment, error)
	EnrolmentOf(ctx context.Context, browser string) (*Enrolment, error)
	// Enrolments are those of a class that were finished, revoked or refused, newest first.
	Enrolments(ctx context.Context, organisation, school, class string) ([]Enrolment, error)
	// EndEnrolment moves one from offered or claimed, and deletes what it kept on the way: ErrOver when it is in another state.
	EndEnrolment(ctx context.Context, id string, to State, at time.Time) error

	// RaiseClaimTries counts one more try of an offered code, up to most: false when there is none that takes a try.
	RaiseClaimTries(ctx context.Context, code string, most int, at time.Time) (bool, error)
	// ClaimEnrolment gives an offered enrolment to a browser, when code and pupil belong together: ErrCode.
	ClaimEnrolment(ctx context.Context, code, pupil, browser string, at, expires time.Time) (*Enrolment, error)
	// PutDraft replaces the draft of a claimed enrolment: ErrOver when it is not what it was.
	PutDraft(ctx context.Context, e *Enrolment, draft []byte, at time.Time) error
	// RaiseTries counts one more try of a claimed enrolment's confirmation, up to most: false when it takes none.
	RaiseTries(ctx context.Context, id string, most int, at time.Time) (bool, error)
	// FinishEnrolment ends a claimed enrolment, as it was read, spends the code by SMS, and adds the person: all or nothing.
	// ErrOver, minid.ErrWrongCode, minid.ErrPersonExists.
	FinishEnrolment(ctx context.Context, f Finish) error
	// RevokeEnrolment ends a finished one of an organisation. An account that rests on it still goes into quarantine, and its
	// sessions and sign-ins end; personID is empty when the account rests on something else by now. ErrNotFound.
	RevokeEnrolment(ctx context.Context, organisation, id, by string, at time.Time) (personID string, err error)

	// SweepEnrolments deletes what expired enrolments kept on the way, and those that were made before and never finished.
	SweepEnrolments(ctx context.Context, at, before time.Time) error
}

// Finish is what FinishEnrolment takes. Code is the hash of the code by SMS, empty for none; Step is the step of the TOTP
// code that was shown.
type Finish struct {
	Enrolment *Enrolment
	Person    minid.NewPerson
	Code      string
	Step      int64
	At        time.Time
}
