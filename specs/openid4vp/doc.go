// Package openid4vp holds the messages of OpenID for Verifiable Presentations 1.0 in
// the profile of HAIP 1.0 section 5.1: signed request objects by reference, the client
// identifier prefix x509_hash, DCQL, and encrypted answers by direct_post.jwt.
//
//	section   message                                    where
//	5.1, 5.8  request object, wallet's and verifier's    RequestObject, ParseRequest, Signer
//	5.9       client identifier prefixes                 X509HashClientID, Prefix
//	5.10, 9   the link that invokes a wallet             RequestURI, ParseRequestURI
//	5.1, 8.3  client metadata, encryption key            ClientMetadata, EncryptionKey
//	8.1, 8.3  the answer, encrypted                      Response, EncryptResponse, ParseResponse
//	8.2       what is posted, and the answer to that     Post, ParsePost, PostAnswer
//	8.5       error codes                                Error, ErrorResponse
//	B.2.6     session transcript of an mdoc              SessionTranscript, SessionTranscriptDCAPI
//
// The query inside a request is dcql's. The presentations inside an answer are
// sdjwtvc's and mdoc's, and so is every check of them. Fetching, posting, sessions and
// the single use of nonce and state belong to the services.
package openid4vp
