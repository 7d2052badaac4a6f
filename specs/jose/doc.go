// Package jose holds what the wallet protocols use of JOSE: JWS in compact
// serialization, JWK with elliptic curves, JWE with ECDH-ES, and strict JSON.
//
// It owns syntax and cryptography. What a token must say (typ, claims, times,
// nonces) belongs to the package of the specification that defines the token;
// whether a certificate chain is trusted belongs to x5c.
//
//	RFC 7515  JWS, compact serialization          Parse, Unverified, Signer
//	RFC 7516  JWE, compact serialization          Encrypt, PeekJWE, Decrypt
//	RFC 7517  JWK, kty EC only                    JWK, JWKS, ParseJWK
//	RFC 7518  ES256, ES384, ES512; ECDH-ES; GCM   Alg, Enc
//	RFC 7519  registered claims                   Claims, Audience
//	RFC 7638  JWK thumbprint, SHA-256             Thumbprint
//	RFC 8259  JSON, narrowed as by RFC 7493       CheckJSON, Unmarshal, Members
//	RFC 8725  best current practice               Rules
//
// Narrower than the specifications, on purpose: a header member that the
// caller did not name is refused and not ignored, crit and b64 are always
// refused, base64url must be canonical, and a JWS payload is a JSON object.
package jose
