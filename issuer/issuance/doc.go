// Package issuance is the Credential Issuer of OpenID4VCI 1.0: what it offers, the nonces for key proofs, and the
// credentials themselves. Who the person is and which access token speaks for them is package authserver; what is
// true of them is package source; which types there are is package credentials; where it is written down is a Store.
//
//	route                                      section
//	GET  /.well-known/openid-credential-issuer 12.2, as JSON or signed (Accept), in nb, nn, en (Accept-Language)
//	GET  /.well-known/jwt-vc-issuer            SD-JWT VC 4, the keys of SD-JWT VCs
//	GET  /types/*vct                           SD-JWT VC 5, type metadata, made of the types' files
//	POST /nonce                                7
//	POST /credential                           8
//	POST /deferred-credential                  9
//	POST /notification                         11
//
// A credential request goes through these phases, in this order; the first that fails ends it:
//
//	1 access token, DPoP proof                 401, RFC 6750 and RFC 9449
//	2 form of the request, its encryption      invalid_credential_request, invalid_encryption_parameters
//	3 which configuration                      unknown_credential_configuration, unknown_credential_identifier, insufficient_scope
//	4 level, age of the sign-in, account       insufficient_scope, credential_request_denied
//	5 wallet unit, key proofs and attestations invalid_proof, invalid_nonce, credential_request_denied
//	6 facts about the person                   credential_request_denied
//	7 random status indices drawn
//	8 lint of the bytes, which package signing makes and which name their index
//	9 in one transaction: the DPoP proof's jti and the nonces spent, the indices taken, the intent and its audit entry written;
//	  when somebody else has taken an index in between, 7 to 9 once more
//	10 each copy signed, the result and its audit entry written, then the answer
//
// So nothing is signed that is not written down, and what fails before 9 leaves no trace of itself but the proof's jti. A c_nonce
// is spent at 9 and not before: a client whose request was refused, or met a fault of ours, can mend it and use the same
// nonce, and no nonce was good for two issuances, since both would have to pass 9.
//
// Facts that the source does not have yet end phase 6 with a transaction (section 9): the proof's jti and the nonces are spent and
// what was ordered is written down, with the holder's public keys, sealed and only until the transaction ends. It is of the grant:
// any access token of the grant, also one by a refresh token, asks for it. Each time phases 1, 2, 6 and the level, the account and
// the status of the wallet unit are gone through again; the age of the sign-in is not, because it was young enough when the
// person asked. When the facts are there, phases 7 to 10 follow, where 9 takes the transaction, once. No signed credential waits
// for anybody. A transaction that can never be served is denied once and then unknown; when we could not sign, it is put back.
// One that is asked for again before its interval is over is told the same again, which costs us little.
//
// A client whose answer was lost cannot have it again: neither the credentials nor the holder keys are kept, and to sign anew
// for the same nonce would make a second credential with the same status index, or let one key proof be used twice (section
// 8.3.1.2). A repeat of the request gets invalid_nonce, and with another nonce the client gets new credentials. What was lost is
// on the person's page like everything else, and can be revoked there.
//
// Request and response may be encrypted besides (section 10), so that who ends TLS does not read them. A request is a JWE for the
// key in the metadata; a response is one when the wallet asks for it there. Refusals are never encrypted, and nothing of a
// request is repeated in them but names.
//
// A notification names the issuance by its ID, which is the notification_id of the answer, and is heard from the grant alone
// that the credential went to. It is for the person's page and the audit log; nothing else depends on it (section 11).
package issuance
