package openid4vp

import (
	"crypto/x509"
	"strings"

	"lommebok.example/specs/x5c"
)

// The client identifier prefixes (section 5.9.3). HAIP 1.0 section 5 names x509_hash alone for signed requests; x509_san_dns,
// redirect_uri and verifier_attestation take Rules.BeyondHAIP; the others are not supported.
const (
	PrefixX509Hash                = "x509_hash"
	PrefixX509SANDNS              = "x509_san_dns"
	PrefixRedirectURI             = "redirect_uri" // never signed
	PrefixVerifierAttestation     = "verifier_attestation"
	PrefixDecentralizedIdentifier = "decentralized_identifier"
	PrefixOpenIDFederation        = "openid_federation"
	PrefixOrigin                  = "origin" // never in a request
)

// Prefix splits a client identifier at its first colon. Without colon the identifier
// is that of a client registered beforehand, and prefix is "" (section 5.9.2).
func Prefix(clientID string) (prefix, original string) {
	prefix, original, found := strings.Cut(clientID, ":")
	if !found {
		return "", clientID
	}
	return prefix, original
}

// X509HashClientID is the client identifier of a verifier by its access certificate:
// x509_hash: and base64url(SHA-256(DER)).
func X509HashClientID(leaf *x509.Certificate) string {
	return PrefixX509Hash + ":" + x5c.Hash(leaf)
}

// RedirectURIClientID is the client identifier of a verifier that signs nothing: the address that the answer goes to.
func RedirectURIClientID(responseURI string) string { return PrefixRedirectURI + ":" + responseURI }

// OriginAudience is the audience of what is presented over the Digital Credentials API (appendix A.4).
func OriginAudience(origin string) string { return PrefixOrigin + ":" + origin }
