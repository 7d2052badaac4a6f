// Package attestation is what a wallet provider says of a wallet: the wallet attestation, by which a wallet authenticates
// itself to an authorization server, with its proof of possession; and the key attestation, which tells a Credential
// Issuer how well keys are guarded. Made and verified side by side.
//
// Who is a trusted wallet provider is for the caller to say, with package x5c. Whether a proof of possession comes for the
// first time, and whether what a Status points to is still valid, is for the services. The key proof that carries a key
// attestation belongs to package openid4vci, the DPoP proof of the combined mode to package dpop.
//
//	ABCA: draft-ietf-oauth-attestation-based-client-auth, -07 and -08 to -10; sections are those of -10
//	ABCA 4, 7.1                     Client Attestation JWT             Wallet.Sign, VerifyWallet
//	ABCA 5.1, 7.2                   Client Attestation PoP JWT         SignPoP, VerifyPoP
//	ABCA 5.2, 7.3                   DPoP combined mode                 Wallet.Key, to be compared with the proof's
//	OpenID4VCI 1.0 appendix E       Wallet Attestation                 Wallet
//	OpenID4VCI 1.0 appendix D       key attestation                    Keys.Sign, VerifyKeys
//	HAIP 1.0 sections 4.4.1, 4.5.1  x5c without its anchor             VerifyWallet, VerifyKeys
//	EUDI TS3 1.5 sections 2.3, 2.4  client_status, key_storage_status  Status
package attestation
