// Package oauth2 holds the words of OAuth 2.0 that the issuer's authorization
// server, the Credential Issuer and their clients share: error codes, server
// metadata, PKCE, authorization_details, and the responses of the pushed
// authorization request and token endpoints.
//
// It owns names and syntax. Flows, storage and policy belong to
// minid/authserver; proof of possession belongs to dpop; what a credential
// request may say belongs to openid4vci.
//
//	RFC 6749  error codes, token response        Error, TokenResponse
//	RFC 6750  errors of a protected resource     InvalidToken, InsufficientScope
//	RFC 7636  PKCE, S256 only                    S256, CheckVerifier, VerifyPKCE
//	RFC 8414  server metadata, well-known URI    ServerMetadata, WellKnown
//	RFC 9126  pushed authorization requests      PARResponse
//	RFC 9207  iss in the authorization response  ServerMetadata
//	RFC 9396  authorization_details              AuthorizationDetail
//	RFC 9449  DPoP                               InvalidDPoPProof, UseDPoPNonce
//	RFC 9470  step-up authentication             InsufficientUserAuthentication
//	OpenID4VCI 1.0 sections 5.1.1, 6.2, 12.3     AuthorizationDetail, ServerMetadata
package oauth2
