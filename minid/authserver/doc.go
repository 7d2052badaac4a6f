// Package authserver is the OAuth 2.0 authorization server in front of the Credential Issuer: it takes a wallet's
// pushed request, has the person sign in and say yes or no, and gives the wallet a DPoP-bound access token. Who the
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
//
// One transaction takes these steps; what may be used once is taken by one statement of the store:
//
//  1. PushRequest     the request is kept under the hash of its request_uri, 90 s
//  2. ClaimRequest    the first browser that brings the request_uri owns it, until it is answered
//  3. SignIn          the level that the asked credentials demand
//  4. ApproveRequest  the request ends; a grant with a code is kept, 60 s (or RefuseRequest: it ends with an error)
//  5. RedeemCode      the code ends; an access token is kept, 10 min
//  6. Access          each use of the token, with a DPoP proof that is taken once
package authserver
