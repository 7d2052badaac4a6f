// Package trust knows whom the verifier trusts, and for which types of credentials: to be known is not to be entitled.
//
// It owns the set of trust anchors with their types, and the three places that anchors come from. How a chain is judged
// belongs to specs/x5c; what a verdict says of it belongs to package presentation.
//
//	TRUST_DIR/issuers/NAME.pem   a certificate authority; NAME.yaml beside it names the types, see Folder
//	TRUST_DIR/lists/NAME.pem     the certificate that signs a trust list; NAME.yaml beside it has its address, see Lists
//	a certificate that is pinned  one leaf and no chain, for a test partner, see Set.Pin
//
// A trust list is of our own form (ParseList) or by ETSI TS 119 602 (parseLoTE).
package trust
