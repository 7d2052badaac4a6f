package minid

import "time"

// Limits are the core's lifetimes and counters. A zero field takes the value of DefaultLimits.
type Limits struct {
	Quarantine       Quarantine
	RecoveryFailures int           // consecutive wrong recovery codes before they are disabled
	TOTPFailures     int           // consecutive wrong codes before TOTP, or SMS, is disabled
	SignIn           time.Duration // life of a sign-in
	SessionIdle      time.Duration // a session unused for so long has ended
	SessionTotal     time.Duration // a session ends so long after the login, used or not
	PairingCode      time.Duration // life of a pairing code that a signed-in person made
	DeskCode         time.Duration // life of a pairing code that was handed over at the service desk
	PairingLogin     time.Duration // how old a login may be to pair a device
	ChangeLogin      time.Duration // how old a login may be to change how a person signs in
	History          time.Duration // how long logins are kept for their person
	Attempt          time.Duration // life of a login attempt in the app
	Attempts         int           // attempts without approval within AttemptsSpan
	AttemptsSpan     time.Duration
	AttemptsADay     int // attempts within AttemptsDay since the last one that was approved
	AttemptsDay      time.Duration
	AppBlock         time.Duration // how long the app is not asked after "it was not me"
	StreamLife       time.Duration // how long one stream of events to an app is served before the app asks anew
	Code             time.Duration // life of a code by SMS or mail
	CodeTries        int           // wrong tries before a code is worth nothing
	CodeSends        int           // codes sent within CodeSpan, and CodeSendsADay within CodeDay
	CodeSpan         time.Duration
	CodeDay          time.Duration

	CodeSendsADay int

	DeskVisit       time.Duration // how long a person waits at the service desk for the next step of their case
	DeskSearches    int           // of one clerk within DeskSpan, and DeskDecisions as well
	DeskDecisions   int
	DeskSpan        time.Duration
	PassportCheck   time.Duration // life of a check of a passport
	Letter          time.Duration // how long an activation code can be used
	LetterTries     int           // wrong activation codes for a number, or against a letter: 60 bits are not found by as many
	Activation      time.Duration // life of an order, and of a registration by letter
	Contact         time.Duration // how often a person is asked whether phone and address for mail still hold
	ContactAgain    time.Duration // how soon again when they did not answer
	Failures        time.Duration // how long wrong passwords are remembered after the last
	FailureSpan     time.Duration // in which failures are counted by network address
	AddressFailures int           // of one IPv4 address, or one /64 of IPv6
	NetworkFailures int           // of one /24 of IPv4, or one /48 of IPv6
	AlarmAddresses  int           // addresses that failed within FailureSpan, for which an operator is called
	SendSpan        time.Duration // in which sends are counted by network address, and all together
	AddressSends    int
	NetworkSends    int
	AllSends        int
}

// DefaultLimits are the values the service runs with.
func DefaultLimits() Limits {
	return Limits{
		Quarantine:   Quarantine{From: 5, First: time.Minute, Longest: time.Hour, Cap: 100},
		TOTPFailures: 10,
		SignIn:       10 * time.Minute,
		SessionIdle:  30 * time.Minute, SessionTotal: 120 * time.Minute,
		PairingCode: 10 * time.Minute, DeskCode: 30 * 24 * time.Hour, PairingLogin: 5 * time.Minute,
		ChangeLogin: 5 * time.Minute, History: 365 * 24 * time.Hour,
		Attempt: 180 * time.Second, Attempts: 3, AttemptsSpan: 15 * time.Minute, AttemptsADay: 10, AttemptsDay: 24 * time.Hour,
		AppBlock: time.Hour, StreamLife: 15 * time.Minute, RecoveryFailures: 10,
		Code: 5 * time.Minute, CodeTries: 3, CodeSends: 3, CodeSpan: 15 * time.Minute, CodeSendsADay: 10, CodeDay: 24 * time.Hour,
		DeskVisit: 15 * time.Minute, DeskSearches: 30, DeskDecisions: 20, DeskSpan: time.Hour, PassportCheck: 15 * time.Minute,
		Letter: 60 * 24 * time.Hour, LetterTries: 1000, Activation: 30 * time.Minute,
		Contact: 365 * 24 * time.Hour, ContactAgain: 90 * 24 * time.Hour, Failures: 30 * 24 * time.Hour,
		FailureSpan: 5 * time.Minute, AddressFailures: 30, NetworkFailures: 300, AlarmAddresses: 500,
		SendSpan: time.Hour, AddressSends: 100, NetworkSends: 1000, AllSends: 10_000,
	}
}

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	if l.Quarantine == (Quarantine{}) {
		l.Quarantine = d.Quarantine
	}
	fill(&l.TOTPFailures, d.TOTPFailures)
	fill(&l.SignIn, d.SignIn)
	fill(&l.SessionIdle, d.SessionIdle)
	fill(&l.SessionTotal, d.SessionTotal)
	fill(&l.PairingCode, d.PairingCode)
	fill(&l.DeskCode, d.DeskCode)
	fill(&l.PairingLogin, d.PairingLogin)
	fill(&l.ChangeLogin, d.ChangeLogin)
	fill(&l.History, d.History)
	fill(&l.Attempt, d.Attempt)
	fill(&l.Attempts, d.Attempts)
	fill(&l.AttemptsSpan, d.AttemptsSpan)
	fill(&l.AttemptsADay, d.AttemptsADay)
	fill(&l.AttemptsDay, d.AttemptsDay)
	fill(&l.AppBlock, d.AppBlock)
	fill(&l.StreamLife, d.StreamLife)
	fill(&l.RecoveryFailures, d.RecoveryFailures)
	fill(&l.Code, d.Code)
	fill(&l.CodeTries, d.CodeTries)
	fill(&l.CodeSends, d.CodeSends)
	fill(&l.CodeSpan, d.CodeSpan)
	fill(&l.CodeSendsADay, d.CodeSendsADay)
	fill(&l.CodeDay, d.CodeDay)
	fill(&l.DeskVisit, d.DeskVisit)
	fill(&l.DeskSearches, d.DeskSearches)
	fill(&l.DeskDecisions, d.DeskDecisions)
	fill(&l.DeskSpan, d.DeskSpan)
	fill(&l.PassportCheck, d.PassportCheck)
	fill(&l.Letter, d.Letter)
	fill(&l.LetterTries, d.LetterTries)
	fill(&l.Activation, d.Activation)
	fill(&l.Contact, d.Contact)
	fill(&l.ContactAgain, d.ContactAgain)
	fill(&l.Failures, d.Failures)
	fill(&l.FailureSpan, d.FailureSpan)
	fill(&l.AddressFailures, d.AddressFailures)
	fill(&l.NetworkFailures, d.NetworkFailures)
	fill(&l.AlarmAddresses, d.AlarmAddresses)
	fill(&l.SendSpan, d.SendSpan)
	fill(&l.AddressSends, d.AddressSends)
	fill(&l.NetworkSends, d.NetworkSends)
	fill(&l.AllSends, d.AllSends)
	return l
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Quarantine is the schedule after wrong passwords in a row: none before the From-th, then First, doubled for each
// further failure up to Longest. After Cap failures no password is compared any more.
type Quarantine struct {
	From, Cap      int
	First, Longest time.Duration
}

// Wait is how long the failures-th wrong password in a row closes the number.
func (q Quarantine) Wait(failures int) time.Duration {
	if failures < q.From {
		return 0
	}
	wait := q.First
	for i := q.From; i < failures && wait < q.Longest; i++ {
		wait *= 2
	}
	return min(wait, q.Longest)
}
