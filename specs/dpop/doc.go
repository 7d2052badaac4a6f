// Package dpop makes and verifies DPoP proofs (RFC 9449): who sends a request
// holds the key that the token is bound to.
//
// It owns the proof and the server's nonces. What is stateful stays with the
// caller: that a jti comes once, that a nonce is demanded, and that a token's
// jkt is the proof's. The error codes on the wire stand in oauth2.
//
//	section 4.2  the proof's syntax           Prover
//	section 4.3  checking proofs              Verify
//	section 6.1  thumbprint of the key        Proof.JKT
//	section 7    ath, for protected resources Expect.AccessToken
//	section 8    nonces of the server         Nonces
package dpop
