package minid

import (
	"context"
	"time"
)

// Store keeps the core's state. Every verb that takes, accepts, answers or finishes is one statement with its
// binding in the WHERE, so that of any number of callers one wins. Secrets come hashed or sealed.
type Store interface {
	DeskStore
	PassportStore
	LetterStore
	ActivationStore
	StateStore
	ContactStore
	AppStore
	RecoveryStore
	TallyStore

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

	// SecondFactors are the person's factors beside the password that are in working order: TOTP and SMS with fewer
	// failures than most, SMS when there is a phone. In the order TOTP, SMS, app.
	SecondFactors(ctx context.Context, personID string, most int) ([]Factor, error)
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
	// has ended or has been taken over. The login is recorded, and counted by day under the factor counted.
	FinishSignIn(ctx context.Context, s SignIn, session SessionRecord, counted Factor, at time.Time) error

	// Session finds by the hash of its secret: ErrNotFound.
	Session(ctx context.Context, id string) (*SessionRecord, error)
	// TouchSession moves the last use forward.
	TouchSession(ctx context.Context, id string, at time.Time) error
	EndSession(ctx context.Context, id string) error

	// PutPairingCode replaces the person's earlier codes. LookAtPairingCode binds a live code to the first device that
	// looks at it: ErrPairingCode. PairingCodeWaits says whether a code is live.
	LookAtPairingCode(ctx context.Context, code, thumbprint string, at time.Time) (personID string, err error)
	PairingCodeWaits(ctx context.Context, code string, at time.Time) (bool, error)
	PutPairingCode(ctx context.Context, code, personID string, expires time.Time) error
	// TakePairingCode spends a live code, of this device or of none, and pairs the device with the code's person, which is recorded. Earlier pairings of the
	// person and of the device end. ErrPairingCode.
	TakePairingCode(ctx context.Context, code string, at time.Time, d Device) (personID string, err error)
	// LoseApp ends the person's pairing codes and device, runs also in the same transaction, and records KindAppLost: all or nothing. It
	// tells whether there was a device; without one nothing is recorded.
	LoseApp(ctx context.Context, personID string, at time.Time, also func(ctx context.Context) error) (ended bool, err error)
	// Device finds by key thumbprint, DeviceOf by person: ErrNotFound.
	DeviceOf(ctx context.Context, personID string) (*Device, error)
	Device(ctx context.Context, thumbprint string) (*Device, error)

	// StartCode adds a code and ends the live ones of the same Who and Purpose. When Who, or To, has had a window's most
	// codes within its span, nothing is changed and the time when the next may be sent is the answer; otherwise that time
	// is zero.
	StartCode(ctx context.Context, c Code, windows []Window) (again time.Time, err error)
	// LastCode is the newest of what it is bound to: ErrNotFound.
	LastCode(ctx context.Context, bound string, p Purpose) (*Code, error)
	// FailCode notes that a live code could not be sent.
	FailCode(ctx context.Context, id string) error
	// RaiseCodeTries counts one more try of the live codes of these purposes, and says how many there were.
	RaiseCodeTries(ctx context.Context, bound string, purposes []Purpose, most int, at time.Time) (int, error)
	// RaiseSMSFailure counts one more failure; false when SMS is no factor or is disabled.
	RaiseSMSFailure(ctx context.Context, personID string, most int) (bool, error)
	// PassCode spends a live login code of the sign-in, forgets the failures, and passes SMS: all or nothing.
	// ErrWrongCode when there is no such code.
	PassCode(ctx context.Context, signInID, personID, code string, at time.Time) error
	// RememberFactor notes in a live sign-in what to prefer when it is finished; ErrStep otherwise.
	RememberFactor(ctx context.Context, id string, f Factor, at time.Time) error
	// TakeInvitation puts off the next invitation; false when it is not due.
	TakeInvitation(ctx context.Context, personID string, at, next time.Time) (bool, error)

	// Logins are the person's newest, newest first. LoginCounts are how many there were since a day, newest first.
	Logins(ctx context.Context, personID string, most int) ([]Login, error)
	LoginCounts(ctx context.Context, since time.Time) ([]LoginCount, error)
	// Sessions are the person's that were used since seen and began since started.
	Sessions(ctx context.Context, personID string, seen, started time.Time) ([]SessionRecord, error)
	EndSessionOf(ctx context.Context, personID, public string) error
	PutPendingTOTP(ctx context.Context, personID string, sealed []byte, expires time.Time) error
	// PendingTOTP is the sealed secret: ErrNotFound. RaisePendingTOTP counts a try as well, up to most.
	PendingTOTP(ctx context.Context, personID string, at time.Time) ([]byte, error)
	RaisePendingTOTP(ctx context.Context, personID string, most int, at time.Time) ([]byte, error)
	// ConfirmTOTP makes the pending secret the person's, and records KindFactorAdded; ErrWrongCode when it is pending no more.
	ConfirmTOTP(ctx context.Context, personID string, sealed []byte, step int64, at time.Time) error
	// RemoveFactor leaves the last one that works, by SecondFactors and, for SMS, whether it can be sent: ErrLastFactor.
	// ErrNotFound when the person does not have it. It records KindFactorRemoved.
	RemoveFactor(ctx context.Context, personID string, f Factor, most int, sms bool, at time.Time) error
	FactorNames(ctx context.Context, personID string) (map[Factor]string, error)
	RenameFactor(ctx context.Context, personID string, f Factor, name string) error
	PreferFactor(ctx context.Context, personID string, f Factor) error
	// ChangePhone spends the code and makes the phone the person's, with SMS as factor. ErrWrongCode.
	ChangePhone(ctx context.Context, bound, personID, code, phone string, at time.Time) error
	// ChangePassword replaces the old record, and ends the person's sessions but keep and their sign-ins under way.
	// ErrWrong when the record is no longer old.
	ChangePassword(ctx context.Context, personID, old, record, keep string) error

	// StartReset notes in a live sign-in of nobody that a new password was asked for; ErrStep otherwise.
	StartReset(ctx context.Context, id string, at time.Time) error
	// PassReset spends the codes by SMS and mail and makes the sign-in the person's: all or nothing. ErrWrongCode, ErrStep.
	PassReset(ctx context.Context, id, sms, email string, at time.Time) error
	// ResetPassword takes a live sign-in, as it was read, back to its beginning, replaces the password, forgets the
	// failures of the number, and ends the person's sessions and sign-ins: all or nothing. An account that was locked, or had a temporary
	// password, is in StateNormal then, and KindState is recorded. ErrStep.
	ResetPassword(ctx context.Context, s SignIn, record, number string, at time.Time) error

	// StartAttempt adds a login attempt and cancels the sign-in's earlier unanswered ones. When the person has had the
	// most of recent without approval, or the most of day since the last one that was approved, or said that it was
	// somebody else, nothing is changed and the time when the next may be made is the answer; otherwise it is zero.
	StartAttempt(ctx context.Context, a Attempt, recent, day Window) (again time.Time, err error)
	// LastAttempt is the sign-in's newest attempt: ErrNotFound.
	LastAttempt(ctx context.Context, signInID string) (*Attempt, error)
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

// LoginCount is how many logged in with a factor on a day (YYYY-MM-DD, UTC).
type LoginCount struct {
	Day    string
	Factor Factor
	Logins int
}

// Expiry says what DeleteExpired may delete.
type Expiry struct {
	At             time.Time // everything that expired before
	SessionSeen    time.Time // sessions last used before
	AttemptCreated time.Time // login attempts made before
	CodeCreated    time.Time // codes made before
	Message        time.Time // messages kept since before
	Login          time.Time // logins before
	Failure        time.Time // wrong passwords of numbers without a newer one
}
