// Package pages is the browser's side of MinID in schools, over school.Core, which alone decides. Templates and texts stand in
// web (school_*).
//
//	     /school/owner…                        the school owner (minid.RoleSchoolOwner)
//	GET  /school/owner                         the owner's schools
//	GET  /school/owner/:school                 who may vouch, and for which classes
//	POST /school/owner/:school/authorise, …/withdraw
//	GET  /school/owner/:school/:class          who vouched for whom
//	     /school/enrolments/:id/revoke         GET asks, POST takes an enrolment back
//	     /school…                              the teacher
//	GET  /school                               the teacher's classes
//	GET  /school/classes/:school/:class        the pupils of one
//	POST /school/classes/:school/:class        vouches for a pupil: a code
//	GET  /school/codes/:id                     the code as QR and text, until the pupil is registered
//	GET  /school/codes/:id/state               how it stands, for the script
//	POST /school/codes/:id/renew, …/cancel
//	     /enrol…                               the pupil
//	GET  /enrol                                the step at hand; the code comes in the fragment of the address
//	POST /enrol                                code and number
//	POST /enrol/details, …/confirm, …/back     password and factor; the factor's first code; one step back
//	POST /enrol/strength                       advice on a password, for the script
//
// The code stands in the fragment of the QR's address, which no server sees: a script moves it to the form. Without the
// script the pupil types it from the teacher's screen.
//
// # Cookies
//
//	enrolment      secret of the enrolment under way, in the pupil's browser
//	enrol_code     the code that was sent with a wrong number, so that it need not be typed again
//	school_notice  what was wrong with the last form, as a code and a number
package pages
