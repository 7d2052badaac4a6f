// Package mdoc owns the mobile document of ISO/IEC 18013-5: issuing it, taking it apart,
// presenting a part of it, and each check that a reader makes.
//
// Whether the certificate chain leads to a trusted issuer is for specs/x5c, what is in a
// SessionTranscript for specs/openid4vp, whether the credential is revoked for
// specs/statuslist. CBOR and COSE are [lommebok.example/specs/cose].
//
//	Part                                ISO/IEC 18013-5:2021
//	Signer.Issue, Prepare, Unsigned     9.1.2.4 mobile security object, 9.1.2.5 digests
//	ParseIssuerSigned, IssuerSigned     8.3.2.1.2.2 issuer-signed data
//	ParseDeviceResponse, Document       8.3.2.1.2.2 device retrieval response
//	Present                             9.1.3 device authentication
//	VerifySignature                     9.3.1 steps 1 and 2, without trust
//	VerifyDigests                       9.3.1 step 3
//	VerifyDocType                       9.3.1 step 4
//	VerifyValidity                      9.3.1 step 5
//	VerifyDevice, VerifyDeviceMAC       9.3.3, 9.1.3.6, 9.1.3.5
//	StatusRef                           second edition 12.3.6.2, Token Status List section 6
//	IdentifierRef                       second edition 12.3.6.2
//
// The digests stand over bytes, so an IssuerSignedItem is encoded once in its life, when
// issued. It is kept and passed on as it was received.
package mdoc
