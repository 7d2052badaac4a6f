// Package sdjwt is Selective Disclosure for JWTs, RFC 9901, in the compact serialization: cutting a presentation into its
// parts, putting disclosures back into a verified payload, making payload and disclosures for an Issuer, choosing
// disclosures for a Holder, and the Key Binding JWT on both sides.
//
//	<Issuer-signed JWT>~<Disclosure 1>~…~<Disclosure n>~[<KB-JWT>]
//
// The signature of the Issuer-signed JWT belongs to the caller: [SDJWT.Process] takes a payload that has been verified.
// What a verifiable credential adds (typ, vct, x5c, cnf, status) stands in package sdjwtvc.
//
//	section  subject                                  here
//	4        compact serialization                    Parse, SDJWT.String
//	4.1.1    _sd_alg                                  sha-256 made; sha-256, sha-384, sha-512 read
//	4.2      disclosures, digests, decoys, recursion  Encode, EncodeJSON, SD
//	4.3      Key Binding JWT, sd_hash                 SignKeyBinding, SDJWT.Hash
//	7.1      verification and processing              SDJWT.Process
//	7.2      what a Holder does                       Select
//	7.3      what a Verifier does with key binding    SDJWT.VerifyKeyBinding
//
// Whether key binding is demanded is decided by the caller before anything is parsed, never by what was sent (sections
// 7.3 and 9.5): a caller that demands it always calls VerifyKeyBinding. The JSON serialization of section 8 is not here.
package sdjwt
