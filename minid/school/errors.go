package school

import (
	"errors"
	"fmt"
	"time"

	"lommebok.example/minid"
)

var (
	// ErrNotFound: there is no such school, class, authorisation or enrolment, or it is another's. It is minid.ErrNotFound.
	ErrNotFound = minid.ErrNotFound
	// ErrLogin: who acts is not logged in at substantial, or logged in too long ago.
	ErrLogin = errors.New("school: log in anew at level substantial")
	// ErrForbidden: not the person's school or class, or no authorisation that holds now.
	ErrForbidden = errors.New("school: no authorisation for this")
	// ErrPupil: the pupil cannot be enrolled here. Why is not told.
	ErrPupil = errors.New("school: the pupil cannot be enrolled here")
	// ErrPresence: the teacher has not said to know the pupil and have them in the room.
	ErrPresence = errors.New("school: the teacher must vouch for the pupil")
	// ErrOrder: an authorisation that is ordered names no employee, no class, or no day that can be.
	ErrOrder = errors.New("school: expected an employee, classes, and a last day within a year")
	// ErrCode: the code and the number do not belong together, or the code is used, expired or cancelled. Which, is not told.
	ErrCode = fmt.Errorf("school: code or number: %w", minid.ErrGuess)
	// ErrHasAccount: the pupil, who has shown to be one, has an account, and it is not touched.
	ErrHasAccount = errors.New("school: the person has an account")
	// ErrOver: the enrolment under way has ended.
	ErrOver = errors.New("school: the enrolment is over")
	// ErrEmail: not an address for mail.
	ErrEmail = errors.New("school: not an address for mail")
	// ErrFactor: neither of the second factors that can be chosen.
	ErrFactor = errors.New("school: choose TOTP or SMS")
)

// ErrTooMany: the teacher has made too many codes in an hour, or too many were made for the pupil.
type ErrTooMany struct{ RetryAfter time.Duration }

func (e ErrTooMany) Error() string {
	return fmt.Sprintf("school: too many enrolments, retry after %s", e.RetryAfter)
}
