// Package x5c makes and judges the certificate chains that sign credentials,
// status lists and requests.
//
// It owns what a certificate must carry (profiles) and whether a chain leads to
// a trust anchor at a given time. How a chain travels belongs to jose (header
// x5c) and cose (header x5chain); which anchors are trusted for what belongs to
// the services.
//
//	RFC 5280                     certificates, path validation      Anchors.Verify
//	ISO/IEC 18013-5 B.1.2        IACA certificate                   NewRoot
//	ISO/IEC 18013-5 B.1.4        document signer certificate        DocumentSigner, Issue
//	ISO/IEC 18013-5 B.2          list of revoked certificates       NewCRL, CheckCRL
//	HAIP 1.0 sections 4, 5, 6    chain without its anchor           Anchors.Verify
//	HAIP 1.0 4.4.1, 4.5.1        wallet provider's certificate    WalletProvider
//	OpenID4VP 1.0 section 5.9.3  x509_hash                          Hash
//
// ISO/IEC 18013-5 Annex B demands CRL distribution points. They are written when
// Subject.CRL names one, and not asked for when verifying: Anchors.Verify calls
// nobody. CheckCRL judges a list that the caller has fetched.
package x5c
