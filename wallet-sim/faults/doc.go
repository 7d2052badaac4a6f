// Package faults makes a wallet do one thing wrong, so that a server can show that it notices.
//
// A fault is a YAML document:
//
//	name: dpop_proof_for_another_endpoint
//	breaks: RFC 9449 section 4.3
//	at: token request            # a step of the wallet, as wallet.StepOf names it
//	sign_in: true                # what is broken is the authorization code, or takes the keys of another sign-in; false when left out
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
//
// A fault at the authorization response is done to what a verifier gets, before it is signed, bound and encrypted, so that nothing else
// is wrong with it:
//
//	name: presentation_sdjwt_nonce_other
//	breaks: RFC 9901 section 7.3
//	says: whose key binding has another nonce
//	at: authorization response
//	do:
//	  - {in: kb-jwt, jwt: claims.nonce, set: another}
//	expect:                      # {} for any status from 400 to 499: OpenID4VP names no code for most
//	  check: [key_binding_nonce] # the check that breaks first, of a verifier that tells it by the codes of the library; others go by the status
//
// There in is one of
//
//	json a.b.0            what is encrypted: vp_token and state; * stands for the first query
//	form NAME             a parameter; * for each
//	jwe                   as a whole: drop sends it in the clear
//	jwe kid, jwe key      which key it says that it is encrypted to (set or drop), and another key (set: stranger)
//	jwe header.NAME       a member of its header; jwe encrypted_key, iv, ciphertext, tag: its other parts. It is not encrypted again
//	kb-jwt                with jwt; drop leaves it away. ${nonce}, ${client_id} and ${client_id without prefix} are those of the request
//	issuer-jwt            with jwt, and sign: kept, none, or stranger for an issuer whom nobody trusts; the holder binds it anew
//	disclosure 0          the first; new is one more, of [salt, name, value]
//	claims                drop withholds the last
//	credential            set: other shows one of another type that the wallet holds in the same format, without a claim
//	time                  shift: when the key binding is made
//	transcript NAME       nonce, client_id, response_uri or thumbprint that a device signs for
//	mdoc                  the DeviceResponse as a text: encode, flip
//	mdoc a.b.0            in it, where * is the first member of a map; nothing is signed again. It may begin with document, elements (those of
//	                      the first namespace, such as elements.0.elementValue), issuerAuth, mso, deviceSigned or deviceSignature
//	device-auth           flip: its signature; set: stranger with sign: stranger for another key
//	issuer-auth           flip: the issuer's signature; set: stranger with sign: stranger
//
// What cannot be done at a place is no fault, and one that finds nothing to change is told as not done.
package faults
