// Package walletlogin offers a login with the digital wallet beside MinID, to people who log in at services: the issuer's OpenID
// Provider, which plays ID-porten to them, is itself a service of the provider where people show who they are with their wallets.
//
//	route                          section
//	GET /wallet-login/callback     the other provider's answer (RFC 6749 section 4.1.2, RFC 9207, OpenID Connect Core 1.0 section 3.1.3)
//
// The choice stands in the authorization request, at the address where that goes on, and has no address of its own. Whoever comes back
// with an ID token has logged in for that request alone, in the browser that began it, once: no session begins, and the person needs
// no account here. Who has one that an operator has put in quarantine, or that they have closed, is not logged in (Gateway.Barred): a
// credential that was issued before is still in the wallet, and does not tell.
//
// It is not offered where a wallet asks for a credential. That login is MinID's, which the credential's level rests on: a credential that
// was issued on the strength of another would outlive its revocation, and a wallet could beget credentials out of its own.
package walletlogin
