package openid4vp

import (
	"crypto/x509"
	"strings"

	"lommebok.example/specs/x5c"
)

// The client identifier prefixes (section 5.9.3). Of these only x509_hash is supported,
// the one that HAIP 1.0 section 5 names for signed requests.
const (
	PrefixX509Hash                = "x509_hash"
	PrefixX509SANDNS              = "x509_san_dns"
	PrefixRedirectURI             = "redirect_uri"
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
