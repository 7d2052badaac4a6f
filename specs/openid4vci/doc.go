// Package openid4vci holds the messages of OpenID for Verifiable Credential Issuance
// 1.0, for the Credential Issuer and for the wallet.
//
//	section     message                                  where
//	4.1         credential offer, by value or reference  Offer, ParseOffer, ParseOfferLink
//	7           nonce response                           NonceResponse
//	8.2         credential request                       CredentialRequest
//	8.3         credential response                      CredentialResponse
//	8.3.1.2,    error codes                              InvalidProof, InvalidNonce and the others
//	9.3, 11.3
//	12.2.1-2    issuer identifier, well-known address    CheckIssuer, WellKnown
//	12.2.3      signed metadata                          SignMetadata, ParseSignedMetadata
//	12.2.4, B   issuer metadata, claims descriptions     IssuerMetadata, Configuration
//	F.1, F.4    key proof of type jwt                    VerifyProof, SignProof
//
// Authorization, tokens and authorization_details are oauth2's and dpop's; the formats
// of credentials are sdjwtvc's and mdoc's. Whether a nonce is fresh, a configuration
// known or a person entitled is for the issuing service to say. Encrypted requests and
// responses (section 10), deferred issuance and key attestations are not read here.
package openid4vci
