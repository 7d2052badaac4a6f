// Package login is the browser's side of a sign-in: pages, forms and cookies over minid.Core, which alone decides what is
// right and what comes next. Templates and texts stand in web (login_*); the MinID app's own wire stands in minid/app; what
// a service may do with a session is the service's matter.
//
//	GET  /login            the step at hand: password, code, MinID app, or that the level cannot be reached
//	POST /login/password   identity number and password
//	POST /login/totp       code from an authenticator app
//	POST /login/sms        code by SMS
//	POST /login/method     another second factor, the MinID app once more, or a new code by SMS
//	GET  /login/invitation to a safer factor, after a sign-in with SMS; the way on to the service stands on it
//	GET  /login/app        the state of the approval, as JSON for the script
//	POST /login/app/again  another notice, for who did not get the first
//	POST /login/recovery   recovery code
//	     /login/forgot     who has forgotten the password: GET asks for the number, POST sends codes by SMS and mail
//	POST /login/reset      both codes
//	POST /login/new-password  the new password; the sign-in then begins again
//	GET  /operator/logins  how many logged in, by day and factor (Operator)
//	GET  /operator/metrics what the service counts, for Prometheus (Operator)
//	GET  /login/cancel     ends the sign-in and goes back to the service
//	GET  /login/help       what to do without password or code
//	GET  /login/desk       where and when people are identified in person, and what to bring
//	     /desk             the service desk (RoleServiceDesk): cases, POST …/find, GET …/cases/:id, POST …/propose, …/approve,
//	                       …/refuse by another clerk, and …/code, whose answer shows the pairing code once
//	     /minid/passport   a check of the passport elsewhere, where one is configured: GET tells, POST leads there, GET …/return
//	POST /logout           ends the session
//	GET  /minid            who is signed in, and pairing of the MinID app
//	POST /minid/pair       makes a pairing code, or tells that it is given at the service desk
//	     /minid/totp       a new authenticator app: POST makes a secret, GET shows it, POST …/confirm takes its first code
//	POST /minid/factor/…   remove, rename, prefer
//	     /minid/recovery   recovery codes: POST makes ten, GET shows them once, and later how many are left
//	     /minid/phone      a new number: POST sends a code there, GET asks for it, POST …/confirm takes it
//	     /minid/password   a new password; POST …/strength is advice for the script while it is typed
//	     /minid/email      a new address for mail, as /minid/phone
//	     /minid/close      closes the account
//	     /login/contact    once a year: do phone and address for mail still hold? The way on stands on it
//	     /letter           orders an activation letter: number and phone, the code by SMS, and that it is ordered
//	     /register         registers with one: number and activation code, password, code by SMS, mail and its code
//	     /operator/accounts  quarantines an account, and releases it (RoleOperator)
//	POST /minid/sessions/end  ends a session in another browser
//
// # Cookies
//
//	signin    secret of the sign-in under way; its forms carry a token that only this secret makes
//	session   secret of the session; the forms of /minid and /logout carry a token of it
//	notice    what was wrong with the last form, as a code and a number; shown until the next form
//	order, registration  secrets of the order of a letter and of the registration with one
//	onward    where the service wants the person, while the invitation is shown
//	pairing   the pairing code that was just made and its end, for as long as it can be used
//	start     where the last sign-in was for: the way on when it is over
//	recovery  recovery codes that were just made, until they have been shown
//
// Every form is answered with 303, except when it is refused for what it is (403, 413) or nobody can take it now (503), and
// except the one that shows a pairing code at the service desk, which no other page may show again.
//
// Cancelling is a link and no form: a service sends the browser on to the wallet, and Chromium holds the form-action of
// the page with the form against that address too. A link from another site is not followed.
package login
