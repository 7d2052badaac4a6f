// Package dcql reads and answers queries of the Digital Credentials Query Language,
// OpenID4VP 1.0 sections 6 and 7.
//
//	section        what                                         where
//	6              the query as a whole                         Query, Parse
//	6.1, B         Credential Query, meta of SD-JWT VC and mdoc CredentialQuery, Meta
//	6.1.1          trusted authorities                          TrustedAuthority
//	6.2            alternatives and optional credentials        CredentialSetQuery
//	6.3            claims and their values                      ClaimsQuery
//	6.4.1          the wallet chooses the claims                CredentialQuery.Match
//	6.4.2          the wallet chooses the credentials           Query.Select
//	7              claims path pointer                          Resolve
//	8.6            the verifier: does it satisfy the query      Query.Check
//
// The package sees credentials as their claims and a few facts (format, type, key
// identifiers of the authorities). It verifies no signature and decides no trust:
// that is done by sdjwtvc, mdoc and x5c before Check, and trusted_authorities never
// stands in for it. The request that carries a query is openid4vp's.
package dcql
