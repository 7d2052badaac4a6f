// Package authclient is the relying party's side of OpenID Connect, towards a provider that is known by its address alone: it
// pushes a request, sends the browser there, and turns the answer into an ID token that has been verified. What is kept between
// the two, and in whose browser, is its caller's; the ID token's own rules are package specs/oidc's.
//
//	step      section
//	Provider  OpenID Connect Discovery 1.0 section 4, RFC 7517 section 5
//	Begin     RFC 9126 section 2, RFC 7636 section 4, OpenID Connect Core 1.0 sections 3.1.2.1 and 9
//	Finish    RFC 9207 section 2.4, Core sections 3.1.3.1 and 3.1.3.7
package authclient
