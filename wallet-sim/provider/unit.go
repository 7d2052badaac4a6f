package provider

import "crypto/ecdsa"

// Unit is one wallet unit at its provider, under the client_id that all units of the wallet share.
type Unit struct {
	Provider *Provider
	ID       string
	ClientID string
}

// AttestWallet attests the unit to an issuer.
func (u Unit) AttestWallet(issuer string, key *ecdsa.PublicKey) (string, error) {
	return u.Provider.AttestWallet(u.ID, u.ClientID, issuer, key)
}

// AttestKeys attests keys of the unit.
func (u Unit) AttestKeys(nonce string, list []*ecdsa.PublicKey, keyStorage, userAuthentication []string) (string, error) {
	return u.Provider.AttestKeys(u.ID, nonce, list, keyStorage, userAuthentication)
}

// SigningKey is the key that the provider attests with, for who tries what an attestation may not say; nil for one that does not leave its
// place.
func (u Unit) SigningKey() *ecdsa.PrivateKey {
	key, _ := u.Provider.key.(*ecdsa.PrivateKey)
	return key
}
