// Package inspect tells what something is by looking at it, and whether it holds.
//
// Decode opens what it is given and verifies nothing: what it shows may have been written by anybody. It reads on where a strict reader
// stops, and says what that one would refuse.
//
//	links            credential offer, presentation request          OpenID4VCI 1.0 section 4.1; OpenID4VP 1.0 section 5
//	SD-JWT           credential, presentation with key binding        RFC 9901; SD-JWT VC
//	JWT              by typ: request object, attestations, proofs,    the specification of each
//	                 status list token, signed metadata
//	JWE              its header                                       RFC 7516
//	CBOR             IssuerSigned, DeviceResponse, status list and    ISO/IEC 18013-5; Token Status List section 5.2
//	                 identifier list as CWT, in hexadecimal digits, base64, base64url or bytes
//	JSON, PEM        offer, metadata, keys; certificates
//
// Verify makes every check of a credential or a presentation that can be made with what it is told, and names each with its outcome and
// section.
package inspect
