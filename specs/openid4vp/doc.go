// Package openid4vp holds the messages of OpenID for Verifiable Presentations 1.0. Its zero Rules are the profile of HAIP 1.0
// sections 5.1 and 5.2: signed request objects by reference or over the Digital Credentials API, the client
// identifier prefix x509_hash, DCQL, and encrypted answers. Rules.BeyondHAIP takes the rest of what is here.
//
//	section   message                                    where
//	5.1, 5.8  request object, wallet's and verifier's    RequestObject, ParseRequest, Signer
//	5.4       request by value, not signed               UnsignedRequest, ParseUnsigned
//	5.9       client identifier prefixes                 Prefix, Signer, UnsignedRequest
//	5.10, 9   the link that invokes a wallet             RequestLink, ParseRequestURI
//	5.10, 10  what a wallet tells of itself              WalletMetadata
//	5.1, 8.3  client metadata, encryption key            ClientMetadata, EncryptionKey
//	8.1, 8.3  the answer, encrypted or in the clear      Response, EncryptResponse, ParseResponse
//	8.2       what is posted, and the answer to that     Post, ParsePost, PostAnswer
//	8.4       transaction data                           Transaction, TransactionHash
//	8.5       error codes                                Error, ErrorResponse
//	12        verifier attestation                       VerifierAttestation
//	A         Digital Credentials API                    DCAPIMessage, ParseDCAPI, DCAPIAnswer
//	B.2.6     session transcript of an mdoc              SessionTranscript, SessionTranscriptDCAPI
//
// The query inside a request is dcql's. The presentations inside an answer are
// sdjwtvc's and mdoc's, and so is every check of them. Fetching, posting, sessions and
// the single use of nonce and state belong to the services.
package openid4vp
