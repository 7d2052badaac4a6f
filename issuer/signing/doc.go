// Package signing makes credentials of what is to be said, and signs none that has not been linted: the keys are in a
// Signers, whose only use is to lint, and what passed is a Linted, whose only use is to be signed. Nothing else reaches a
// key. Lint reads the bytes that are going to be signed, as a verifier would, and compares them with what was meant; they
// cannot change afterwards.
//
//	step               refuses
//	Lint, the batch    copies without holder key or with the same, an index twice, a life that is not the type's or not now,
//	                   a certificate that ends before the credential, values that are not issued
//	Lint, SD-JWT VC    iss, vct, cnf, status, times that are not the batch's; an open claim that the type does not have; a
//	                   claim held back that may not be (RFC 9901 section 9.7), short salts (section 9.3), digests without
//	                   disclosure and the reverse, too few or many decoys, other values
//	Lint, mdoc         docType, deviceKey, status, validityInfo that are not the batch's, a digestID twice or that fits no item
//	                   (ISO/IEC 18013-5 9.1.2.4), elements or values that are not the batch's
//	Sign               only what Lint gave
package signing
