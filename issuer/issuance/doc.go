// Package issuance is the Credential Issuer of OpenID4VCI 1.0: what it offers, the nonces for key proofs, and the
// credentials themselves. Who the person is and which access token speaks for them is package authserver; what is
// true of them is package source; which types there are is package credentials; where it is written down is a Store.
//
//	route                                      section
//	GET  /.well-known/openid-credential-issuer 12.2, as JSON
//	POST /nonce                                7
//	POST /credential                           8
//
// A credential request goes through these phases, in this order; the first that fails ends it:
//
//	1 access token, DPoP proof                 401, RFC 6750 and RFC 9449
//	2 form of the request                      invalid_credential_request
//	3 which configuration                      unknown_credential_configuration, unknown_credential_identifier, insufficient_scope
//	4 level, age of the sign-in, account       insufficient_scope, credential_request_denied
//	5 wallet unit, key proofs and attestations invalid_proof, invalid_nonce, credential_request_denied
//	6 facts about the person                   credential_request_denied
//	7 nonces taken, status indices allocated, intent written, in one transaction
//	8 lint, then sign each copy, then record the result
package issuance
