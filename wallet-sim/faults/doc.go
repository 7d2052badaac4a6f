// Package faults makes a wallet do one thing wrong, so that a server can show that it notices.
//
// A fault is a YAML document:
//
//	name: dpop_proof_for_another_endpoint
//	breaks: RFC 9449 section 4.3
//	at: token request            # a step of the wallet, as wallet.StepOf names it
//	do:
//	  - in: header DPoP          # method, body, header NAME, form NAME, or json a.b.0
//	    jwt: claims.htu          # within a JWT that stands there: header.NAME, claims.NAME, signature
//	    set: https://elsewhere.example/token
//	expect:
//	  error: [invalid_dpop_proof]
//	  status: 400                # any, when it is not said
//	  at: credential request     # the step at which it is noticed, when that is a later one
//
// A change is one of
//
//	set: VALUE         another value
//	drop: true         nothing there
//	repeat: true       the same once more: a header, a parameter, an element of an array
//	flip: true         the last character but three is another one, so that it decodes to something else
//	shift: -1h         a time moved
//	earlier: true      what stood there in an issuance that went well before: something that was used
//	encode: base64     in another encoding: base64 (with padding and + and /), or hex
//	reverse: true      the elements of an array in the other order
//
// and signs the JWT that it changes as sign says: with the wallet's own key (wallet, the default), with a key of nobody (stranger), or
// not at all (kept: the old signature; none: an empty one). A fault may change the message itself instead of something in it:
//
//	message: drop | repeat | delay 2s
//
// A message that was dropped never comes, which is expected as lost: true in place of an error: it tests a wallet, not a server. The answer
// to one that was repeated is the second.
package faults
