// Package authserver is the OAuth 2.0 authorization server in front of the Credential Issuer: it takes a wallet's
// pushed request, has the person sign in and say yes or no, and gives the wallet a DPoP-bound access token. It is also the
// OpenID Provider of registered services, which log people in by the same phases and get an ID token. Who the
// person is and how sure we are is decided by package minid behind the interface SignIn; what can be asked for, and at
// which level, by the issuer behind the interface Catalog; rows are kept by minid/store behind the interface Store.
//
//	route                                           section
//	GET  /.well-known/oauth-authorization-server    RFC 8414 section 3, with the issuer's path inserted behind it
//	POST /par                                       RFC 9126 section 2, OpenID4VCI 1.0 section 5.1.4
//	GET  /authorize                                 RFC 9126 section 4
//	GET  /authorize/consent/:id                     the person's page: what is asked, and by which wallet
//	POST /authorize/consent/:id                     yes or no; answers by RFC 6749 section 4.1.2 and RFC 9207
//	GET  /authorize/cancel/:id                      where a sign-in ends that was cancelled or cannot reach the level
//	POST /token                                     RFC 6749 sections 4.1.3 and 6, RFC 7636, RFC 9449, OpenID4VCI 1.0 section 6
//	POST /challenge                                 ABCA section 6.1, where wallet attestations are taken
//
// and, with a Server's OpenID:
//
//	GET  /.well-known/openid-configuration          OpenID Connect Discovery 1.0 section 4
//	GET  /jwks.json                                 RFC 7517 section 5
//	GET, POST /userinfo                             OpenID Connect Core 1.0 section 5.3
//	POST /tokeninfo                                 RFC 7662 section 2
//	POST /revoke                                    RFC 7009 section 2
//	GET, POST /endsession                           RP-Initiated Logout 1.0 section 2
//	GET, POST /endsession/person                    the person's part of it; tells the other services by Front-Channel
//	                                                Logout 1.0 section 3 and Back-Channel Logout 1.0 section 2.5
//
// One transaction takes these steps; what may be used once is taken by one statement of the store:
//
//  1. PushRequest     the request is kept under the hash of its request_uri, 90 s
//  2. ClaimRequest    the first browser that brings the request_uri owns it, until it is answered
//  3. SignIn          the level that the asked credentials demand
//  4. ApproveRequest  the request ends; a grant with a code is kept, 60 s (or RefuseRequest: it ends with an error)
//  5. RedeemCode      the code ends; an access token is kept, 10 min
//  6. Access          each use of the token, with a DPoP proof that is taken once
//
// A wallet authenticates itself in steps 1 and 5 by a wallet attestation of a provider that is trusted (ABCA is
// draft-ietf-oauth-attestation-based-client-auth-10; HAIP 1.0 section 4.4.1), whose proof of possession is taken once, or by an
// assertion that a registered key signed. The code is bound to the instance that attested itself in step 1, and the grant
// keeps what the attestation of step 5 said, so that the issuer can ask the provider again later. A public client is served
// only with InsecureAllowAnyClient.
//
// Two ways lead past steps 1 to 4; both end in step 5's phases, which stand once in token.go, and in step 6:
//
// A pre-authorized code (OpenID4VCI 1.0 section 3.5) is made by who is signed in at the issuer's page, for what the Catalog allows; it lives
// 5 min, its offer can be fetched for 3, and it ends with the sign-in's session. A try at its transaction code is counted before it is
// compared, three are. Codes, references and transaction codes are derived from the offer's id, so that nothing that opens anything is kept.
//
// A refresh token lets the wallet have a credential issued again, in copies that nobody has seen, without a sign-in. It is of the DPoP key
// and of the wallet instance that the grant is of, and is not exchanged (FAPI 2.0 section 5.3.2.1): a lost answer costs nothing, a stolen token is
// worth nothing without both keys. Level and auth_time stay those of the sign-in, so max_auth_age could never hold again; how long after
// the sign-in a credential may be issued again is said by its type (Resource.Reissue), and is asked here and before the signature. It
// ends with that time; when the account is not in order or was proofed anew; when the wallet's provider revokes the unit; when
// its code is used twice; and when the person revokes a credential of that wallet, which is a consent taken back. It does
// not end with the browser's session: the wallet is the person's, the browser may be a library's.
//
// issuer_state comes from a stranger (section 5.1.3): it holds the request to the credentials of the offer, and says nothing about who
// signs in.
//
// Without a Catalog services alone are served: there is no metadata of RFC 8414, and no question to the person. That is how a
// provider without accounts uses it, which knows people by what they show. A Session then names no account, and sub follows the
// national identity number.
//
// A service authenticates itself in steps 1 and 5, by a secret or by an assertion whose jti is taken once. There is no
// question to the person in step 4, and step 5 gives an ID token beside an access token, 2 min, that opens userinfo.
package authserver
