// Package presentation asks a wallet for a presentation and judges what comes: OpenID4VP 1.0 in the profile of HAIP 1.0
// section 5.1. Which service asks, and with which query, is package relyingparty's; the pages are package server's.
//
//	GET  /requests/:id    the signed request object                       OpenID4VP 5.10
//	POST /responses/:id   the wallet's answer, direct_post.jwt            OpenID4VP 8.2, 8.3.1
//
// A transaction is one question by one browser. It has two requests, one behind the QR code for another device and one
// behind the link for the same device; each has its own nonce, state and encryption key. The first good answer to
// either is taken, once, together with its verdict, in one statement.
//
// A verdict lists each check with its outcome, and goes on after a failure as far as that has a meaning. It accepts only
// when every check holds, and only then the claims that were asked for are kept, until the transaction is deleted. Codes
// lists what a check can say; verifier/corpus holds a presentation for each of it.
package presentation
