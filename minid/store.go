package minid

import (
	"context"
	"time"
)

// Store keeps the core's state. Every verb that takes, accepts, answers or finishes is one statement with its
// binding in the WHERE, so that of any number of callers one wins. Secrets come hashed or sealed.
type Store interface {
	// AddPerson adds a person with credentials: all or nothing, ErrPersonExists when the identity number is taken.
	AddPerson(ctx context.Context, p NewPerson) error
	// Person finds by opaque identifier, PersonByPID by identity number: ErrNotFound.
	Person(ctx context.Context, id string) (*Person, error)
	PersonByPID(ctx context.Context, pid string) (*Person, error)

	// PasswordRecord is the person's PHC record, empty when there is none.
	PasswordRecord(ctx context.Context, personID string) (string, error)
	// ReplacePasswordRecord does nothing when the record is no longer old.
	ReplacePasswordRecord(ctx context.Context, personID, old, record string) error
	// RaisePasswordFailure counts one more failure of a recognised number, unless it is in quarantine.
	RaisePasswordFailure(ctx context.Context, number string, at time.Time, q Quarantine) (PasswordTry, error)
	ClearPasswordFailures(ctx context.Context, number string) error

	// SecondFactors are the person's factors beside the password that are in working order.
	SecondFactors(ctx context.Context, personID string, totpFailures int) ([]Factor, error)
	// TOTPSecret is the sealed secret: ErrNotFound.
	TOTPSecret(ctx context.Context, personID string) ([]byte, error)
	// RaiseTOTPFailure counts one more failure; false when there is no factor or it is disabled.
	RaiseTOTPFailure(ctx context.Context, personID string, most int) (bool, error)
	// AcceptTOTPStep sets the last accepted step and the failures to none; false unless step is above the last one.
	AcceptTOTPStep(ctx context.Context, personID string, step int64) (bool, error)

	AddSignIn(ctx context.Context, s SignIn) error
	// SignIn finds by the hash of its secret: ErrNotFound.
	SignIn(ctx context.Context, id string) (*SignIn, error)
	// PassPassword makes the sign-in the person's; ErrStep when it is somebody's, ended or expired.
	PassPassword(ctx context.Context, id, personID string, at time.Time) error
	// PassFactor adds a factor to a live sign-in of the person; ErrStep otherwise.
	PassFactor(ctx context.Context, id, personID string, f Factor, at time.Time) error
	// ChooseFactor notes the choice in a live sign-in and cancels its unanswered login attempts; ErrStep otherwise.
	ChooseFactor(ctx context.Context, id string, f Factor, at time.Time) error
	// CancelSignIn ends a live sign-in and cancels its unanswered login attempts.
	CancelSignIn(ctx context.Context, id string, at time.Time) error
	// FinishSignIn ends the sign-in, ends the browser's earlier session and starts the new one: all or nothing.
	// ErrStep when the sign-in is not live, or no longer what s says; ErrExpired when it rests on a session that
	// has ended or has been taken over.
	FinishSignIn(ctx context.Context, s SignIn, session SessionRecord, at time.Time) error

	// Session finds by the hash of its secret: ErrNotFound.
	Session(ctx context.Context, id string) (*SessionRecord, error)
	// TouchSession moves the last use forward.
	TouchSession(ctx context.Context, id string, at time.Time) error
	EndSession(ctx context.Context, id string) error

	// PutPairingCode replaces the person's earlier codes.
	PutPairingCode(ctx context.Context, code, personID string, expires time.Time) error
	// TakePairingCode spends a live code and pairs the device with the code's person. Earlier pairings of the
	// person and of the device end. ErrPairingCode.
	TakePairingCode(ctx context.Context, code string, at time.Time, d Device) (personID string, err error)
	// Device finds by key thumbprint: ErrNotFound.
	Device(ctx context.Context, thumbprint string) (*Device, error)

	// StartAttempt adds a login attempt and cancels the sign-in's earlier unanswered ones. When the person has most
	// attempts without approval since the given time, nothing is added and the time of the oldest of them is the
	// answer; otherwise that time is zero.
	StartAttempt(ctx context.Context, a Attempt, since time.Time, most int) (oldest time.Time, err error)
	// LastAttempt is the sign-in's newest attempt: ErrNotFound.
	LastAttempt(ctx context.Context, signInID string) (*Attempt, error)
	// PendingAttempts are the person's unanswered attempts, newest first.
	PendingAttempts(ctx context.Context, personID string, at time.Time) ([]Attempt, error)
	// AnswerAttempt settles an unanswered attempt of the device's person, and passes the app factor in its sign-in
	// when everything agrees; otherwise the attempt is rejected. ErrAttempt when there is nothing to settle.
	AnswerAttempt(ctx context.Context, deviceID string, a Answer, at time.Time) (AttemptState, error)

	DeleteExpired(ctx context.Context, e Expiry) error
}

// PasswordTry is the answer of RaisePasswordFailure.
type PasswordTry struct {
	Allowed  bool      // the password may be compared
	Failures int       // in a row, this one included
	Until    time.Time // end of the quarantine, when not allowed
}

// Expiry says what DeleteExpired may delete.
type Expiry struct {
	At             time.Time // everything that expired before
	SessionSeen    time.Time // sessions last used before
	AttemptCreated time.Time // login attempts made before
}
