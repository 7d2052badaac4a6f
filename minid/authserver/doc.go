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
//	POST /token                                     RFC 6749 section 4.1.3, RFC 7636, RFC 9449, OpenID4VCI 1.0 section 6
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
// A service authenticates itself in steps 1 and 5, by a secret or by an assertion whose jti is taken once. There is no
// question to the person in step 4, and step 5 gives an ID token beside an access token, 2 min, that opens userinfo.
package authserver
