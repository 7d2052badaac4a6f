// Package sdjwtvc is the SD-JWT VC credential format (draft-ietf-oauth-sd-jwt-vc), in the profile of HAIP 1.0: what an
// SD-JWT needs to be a verifiable credential, for the Issuer that makes it, the Holder that shows it and the Verifier.
//
// Disclosures and key binding are package sdjwt, JWS is package jose. Whether the chain in x5c is trusted, and for this
// vct, is for the caller and package x5c; what the status list says is package statuslist.
//
//	section          subject                                 here
//	2.2.1            typ dc+sd-jwt, x5c in the header        NewSigner, Parse
//	2.2.2.1          vct                                     Template.VCT, Credential.VCT
//	2.2.2.3          claims that are never in a disclosure   Prepare, Credential.Claims
//	2.2.2.3          status.status_list{idx, uri}            StatusRef, Credential.Status
//	2.5              verification                            Credential.VerifySignature and its neighbours
//	4                JWT VC Issuer Metadata                  IssuerMetadata, ParseIssuerMetadata
//	5                type metadata                           TypeMetadata, ResolveType, Credential.CheckType
//	6                integrity                               Integrity, VerifyIntegrity
//	HAIP 6.1, 6.1.1  cnf.jwk, x5c without the anchor         Prepare, NewSigner, Credential.HolderKey
//	RFC 9901 7.2     a Holder refuses a foreign KB-JWT       ParseIssued
//	RFC 9901 9.7     exp is demanded                         Credential.VerifyValidity
//
// The older typ vc+sd-jwt is refused. A credential is never verified with keys published under /.well-known/jwt-vc-issuer:
// trust comes from x5c. Documents are fetched by the caller, who bounds the call. Sections are those of draft -19.
package sdjwtvc
