// Package statuslist is the Token Status List (draft-ietf-oauth-status-list): the packed list of statuses, its
// compression, and the signed Status List Token around it in both forms, made and read.
//
// Where a list is published, fetched and cached belongs to the services, and so does the choice of indices. Whether the
// signer's chain is trusted is for the caller and package x5c to say. The reference from a credential to its place in a
// list is read by packages sdjwtvc and mdoc.
//
//	section  subject                                          here
//	4.1      packed array, least significant bit first; zlib  List, List.Compress, Decompress
//	4.2      JSON form {"bits", "lst"}                        SignJWT, ParseJWT
//	4.3      CBOR form {"bits", "lst"}                        SignCWT, ParseCWT
//	5.1      token as JWT, typ statuslist+jwt                 SignJWT, ParseJWT
//	5.2      token as CWT, COSE_Sign1 under tag 18            SignCWT, ParseCWT
//	7.1      status types                                     Valid, Invalid, Suspended
//	8.4      valid at a time in the past                      Token.Check with that time
//	9        aggregation                                      Aggregation, List.AggregationURI
//	8.3      validation                                       Token.Check, then List.Get
//
// Beside it stands the identifier list of ISO/IEC 18013-5, second edition, 12.3.6: a CWT that names what is revoked, instead of a bit
// for each credential. SignIdentifiers, ParseIdentifiers, Identifiers.Has.
//
// HAIP 1.0 section 6.1 adds the certificate chain, x5c for the JWT; the chain of a CWT stands in the protected header.
package statuslist
