// Package presentation asks a wallet for a presentation and judges what comes: OpenID4VP 1.0, in the profile of HAIP 1.0
// sections 5.1 and 5.2 unless an Ask chooses otherwise. Which service asks, and with which query, is package relyingparty's; the
// pages are package server's.
//
//	GET  /requests/:id    the signed request object                       OpenID4VP 5.10
//	POST /requests/:id    the same, for a wallet that tells of itself     OpenID4VP 5.10
//	POST /responses/:id   the wallet's answer, direct_post(.jwt)          OpenID4VP 8.2, 8.3.1
//
// A transaction is one question by one browser. It has three requests: one behind the QR code for another device, one
// behind the link for the same device, and one for the Digital Credentials API of the browser; each has its own nonce, state and
// encryption key. The first well-formed answer to any is taken, once, together with its verdict, in one statement. While
// nobody answers, the page that stays open gets new requests a few times.
//
// A wallet knows of a transaction what stands in its request, and not its id nor the secret of the browser, which are what
// the result is released to (OpenID4VP 13.3).
//
// A verdict lists each check with its outcome, and goes on after a failure as far as that has a meaning. It accepts only
// when every check holds, and only then the claims that were asked for are kept, until the transaction is deleted. Codes
// lists what a check can say; verifier/corpus holds a presentation for each of it but one that is too large.
package presentation
