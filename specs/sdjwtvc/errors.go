package sdjwtvc

import "errors"

// One sentinel per reason. Those of package sdjwt come through as they are.
var (
	// Making a credential.
	ErrTemplate     = errors.New("sdjwtvc: the template cannot become a credential")
	ErrNotSelective = errors.New("sdjwtvc: a claim that must stand in the open is marked as selectively disclosable")
	ErrCertificate  = errors.New("sdjwtvc: the certificate chain does not suit the credential")

	// Reading a credential.
	ErrToken      = errors.New("sdjwtvc: not a JWT of the demanded form")
	ErrType       = errors.New("sdjwtvc: typ is not dc+sd-jwt")
	ErrChain      = errors.New("sdjwtvc: no usable certificate chain in x5c")
	ErrSignature  = errors.New("sdjwtvc: the issuer's signature does not hold")
	ErrUnverified = errors.New("sdjwtvc: the issuer's signature has not been verified")
	ErrClaims     = errors.New("sdjwtvc: a claim is missing or malformed")
	ErrHidden     = errors.New("sdjwtvc: a claim that must stand in the open is in a disclosure")
	ErrHolderKey  = errors.New("sdjwtvc: no usable holder key in cnf")
	ErrKeyBinding = errors.New("sdjwtvc: an issued credential came with a Key Binding JWT")

	ErrExpired     = errors.New("sdjwtvc: expired")
	ErrNotYetValid = errors.New("sdjwtvc: not yet valid")
	ErrNoExpiry    = errors.New("sdjwtvc: exp is missing")

	// Type metadata.
	ErrTypeMetadata = errors.New("sdjwtvc: the type metadata is malformed")
	ErrIntegrity    = errors.New("sdjwtvc: a document is not the one that its integrity value names")
	ErrExtends      = errors.New("sdjwtvc: the type extends another against the rules")
	ErrTypeClaims   = errors.New("sdjwtvc: the credential does not keep the rules of its type")

	ErrIssuerMetadata = errors.New("sdjwtvc: the JWT VC Issuer Metadata is malformed or another issuer's")
)
