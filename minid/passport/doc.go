// Package passport has passports checked by a service elsewhere, which reads the chip and compares a living face with it. It
// implements minid.PassportCheck over HTTP; whoever runs the check is configured with address, token and key.
//
//	wire                                                         answer
//	POST <url>/checks   {"client_id", "state", "return_to"}      201 {"address"}, below <url>: the person goes there
//	GET  <return_to>?state=…                                     the person comes back, in the browser
//	POST <url>/result   {"client_id", "state"}                   200, application/jwt: the result
//
// Both POSTs carry the token as bearer token. The result is a JWS with typ passport-check+jwt by the configured key (RFC
// 7515, 7519): iss is <url>, aud the client_id, nonce the state, sub the identity number, jti a reference of 1 to 64 characters, iat
// and exp at most ten minutes apart; chip and face are true. The identity number is in no address: it comes by the second POST
// alone.
package passport
