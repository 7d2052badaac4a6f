// Package cose owns CBOR in its strict form, and the three COSE structures the
// wallet formats are built of. It is the only importer of fxamacker/cbor.
//
// It knows nothing of what is signed: the mdoc is [lommebok.example/specs/mdoc],
// the status list token is specs/statuslist, and whether a certificate chain is
// to be trusted is for the caller and specs/x5c to say.
//
//	Part                            Specification
//	Marshal, Append…                RFC 8949 section 4.2.1, core deterministic encoding
//	Check, Unmarshal, Reader        RFC 8949 section 4.1 and 5.3, strict reading
//	Encoded (tag 24)                RFC 8949 section 3.4.5.1
//	TDate (tag 0)                   RFC 8949 section 3.4.1, narrowed by ISO/IEC 18013-5
//	FullDate (tag 1004)             RFC 8943 section 1
//	Header                          RFC 9052 section 3.1, RFC 9360 (x5chain), RFC 9596 (typ)
//	Sign1, Signer                   RFC 9052 section 4.2 to 4.4
//	Mac0 (reading only)             RFC 9052 section 6.2 and 6.3
//	MarshalKey, ParseKey            RFC 9053 section 7.1.1, EC2 public keys
//	ES256, ES384, ES512             RFC 9053 section 2.1
//	ESP256                          RFC 9864 section 2.1
//
// Everything that is read goes through [Check] first. It walks the bytes once and
// allocates nothing by a declared length, so that what follows works on an item
// known to be whole.
package cose
