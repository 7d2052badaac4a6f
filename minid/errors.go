package minid

import (
	"errors"
	"fmt"
	"time"
)

// What a sign-in can answer. None of them tells whether a person exists.
var (
	// ErrWrong: the identity number or the password is wrong, or the person may not sign in.
	ErrWrong = errors.New("minid: wrong identity number or password")
	// ErrWrongCode: the code is wrong, used before, or the factor is no longer in use.
	ErrWrongCode = errors.New("minid: wrong code")
	// ErrExpired: the sign-in is unknown, over, or rests on a session that has ended.
	ErrExpired = errors.New("minid: the sign-in is over")
	// ErrStep: the sign-in is at another step.
	ErrStep = errors.New("minid: not the step the sign-in is at")
	// ErrNoSession: there is no such session, or it has ended.
	ErrNoSession = errors.New("minid: no session")
	// ErrSessionTooLow: the session's level is below what the action needs.
	ErrSessionTooLow = errors.New("minid: the session's level is too low")
	// ErrSessionTooOld: the login is older than the action allows.
	ErrSessionTooOld = errors.New("minid: the login is too old")
	// ErrPairAtDesk: the app would reach a higher level than the session has, so its pairing code is handed over in person.
	ErrPairAtDesk = errors.New("minid: the pairing code is handed over at the service desk")
	// ErrPairingCode: the pairing code is unknown, used or expired.
	ErrPairingCode = errors.New("minid: pairing code is unknown, used or expired")
	// ErrAttempt: the login attempt is unknown, answered or expired, or belongs to another person.
	ErrAttempt = errors.New("minid: login attempt is unknown, answered or expired")
	// ErrWrongNumber: the number typed in the app was wrong, and the attempt is dead.
	ErrWrongNumber = errors.New("minid: wrong number, the login attempt is rejected")
	// ErrLastFactor: it is the last second factor that works, and stays.
	ErrLastFactor = errors.New("minid: the last second factor stays")
	// ErrName: a name is longer than 40 characters or is not text.
	ErrName = errors.New("minid: not a name for a factor")
	// ErrNotSent: a message could not be sent.
	ErrNotSent = errors.New("minid: message not sent")
	// ErrEmail: not an address for mail.
	ErrEmail = errors.New("minid: not an address for mail")
	// ErrNoLetters: letters cannot be ordered here.
	ErrNoLetters = errors.New("minid: activation letters are not sent from here")
	// ErrPushGone: the push service knows the subscription no more.
	ErrPushGone = errors.New("minid: push subscription is gone")
	// ErrPush: notices by push are not offered here, or the subscription is none.
	ErrPush = errors.New("minid: not a push subscription, or push is not offered")
	// ErrDevice: no person is paired with the device.
	ErrDevice = errors.New("minid: device is not paired")
)

// What registering a person can answer.
var (
	ErrPersonExists   = errors.New("minid: a person with this identity number is registered")
	ErrIdentityNumber = errors.New("minid: not an identity number that is accepted here")
	ErrBirthDate      = errors.New("minid: birth date is not YYYY-MM-DD")
	ErrBasis          = errors.New("minid: basis of proofing is worth no level")
	ErrPassword       = errors.New("minid: password or its record is unusable")
	ErrPhone          = errors.New("minid: not a phone number with country code")
	ErrTOTPSecret     = errors.New("minid: TOTP secret is shorter than 128 bits")
)

// ErrNotFound is a Store's answer when there is no such row.
var ErrNotFound = errors.New("minid: not found")

// ErrQuarantined: too many wrong passwords for this identity number, known or not. RetryAfter is when the next
// password will be looked at.
type ErrQuarantined struct{ RetryAfter time.Duration }

func (e ErrQuarantined) Error() string {
	return fmt.Sprintf("minid: quarantined for %s", e.RetryAfter)
}

// ErrBusy: the queue for password hashing is full.
type ErrBusy struct{ RetryAfter time.Duration }

func (e ErrBusy) Error() string { return fmt.Sprintf("minid: busy, retry after %s", e.RetryAfter) }

// ErrTooManyAttempts: the app has been asked too often without an answer, or its person said that it was somebody else.
type ErrTooManyAttempts struct{ RetryAfter time.Duration }

func (e ErrTooManyAttempts) Error() string {
	return fmt.Sprintf("minid: the app is not asked now, retry after %s", e.RetryAfter)
}
