// Package minid is the authentication core: who a person is, and how sure we are of it.
//
// It owns people with the basis of their proofing, passwords, TOTP, the paired MinID app, sign-ins and sessions.
// It knows no HTTP and no SQL: pages stand in minid/login, the app's wire in minid/app, tables in minid/store,
// OAuth in minid/authserver.
//
// Two axes give the level of assurance, and the lower of them is the session's level:
//
//	proofing        how the person was identified when the account was made (Basis)
//	authentication  which factors were passed in this sign-in (Factor)
//
//	file          what stands there
//	level.go      Level, Basis, Factor and the table between them
//	level_check.go  what no table may say
//	person.go     people, and how one is registered
//	password.go   argon2id in a bounded pool, with pepper
//	legacy.go     records of older schemes: read, and replaced at the next login
//	policy.go     what a chosen password must be
//	strength.go   advice on a password's strength
//	limits.go     lifetimes, counters and the quarantine's schedule
//	address.go    limits by network address, budgets of messages, alarms
//	seal.go       secrets at rest: AES-256-GCM and keyed hashes
//	totp.go       RFC 6238 codes
//	signin.go     Begin, View, Cancel, Finish
//	factor.go     Password, TOTP, ChooseFactor
//	message.go    what is told to a person by SMS and mail, and who sends it
//	code.go       one-time codes, and SMS as a second factor
//	txcode.go     the transaction code of a credential offer by SMS, and whether an account still stands
//	preference.go what a person likes to log in with, and the invitation to something safer
//	account.go    what people see and change of their own MinID
//	reset.go      a new password for who has forgotten the old one
//	state.go      what an account is in, and who moves it
//	contact.go    the address for mail, and whether it and the phone still hold
//	letter.go     the order of an activation letter; letter_post.go writes it and takes it on its way
//	activation.go a registration by letter: its steps and the one function that chooses among them
//	step.go       the one function that chooses the next step
//	session.go    sessions
//	device.go     the MinID app: pairing a device, by oneself or with a code from the service desk
//	desk.go       the service desk: two clerks identify a person in person, and hand out the app's pairing code
//	passport.go   a check of passport and face elsewhere, where one is configured
//	attempt.go    the MinID app: approving a sign-in
//	population.go who there is, by the population register
//	role.go       who acts for the service
//	newcomer.go   what those stand on who make accounts by a proofing of their own
//	delivery.go   the MinID app: how an attempt gets to the device, by stream or by Web Push, and "it was not me"
//	recovery.go   recovery codes, for who has lost the phone
//	store.go      what the core asks of its storage
//
// # States of an account
//
// The second column is the reference's name. Whatever the state, the answers at the login are the same.
//
//	state               reference  what may be done                        how it is left
//	(no account)        NEW_USER   a live letter waits: register           registration by letter
//	normal              NORMAL     everything                              to each of the others
//	temporary_password  TEMP_PWD   a new password, after a second factor   the new password; a letter
//	locked              LOCKED     sessions live on; no password is right  a new password (Glemt passord?); a letter
//	quarantined         QUARANTINED  nothing                               an operator releases it
//	closed              CLOSED     nothing; phone, mail, factors are gone  a letter
//
// An account becomes temporary_password when it is imported with one, locked by the hundredth wrong password in a row,
// quarantined by an operator, and closed by its person. QUARANTINED_NEW_USER of the reference is a number whose activation
// codes were wrong too often: it waits, and is no state.
package minid
