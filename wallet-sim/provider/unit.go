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
