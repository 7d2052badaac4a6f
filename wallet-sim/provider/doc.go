// Package provider is a stand-in wallet provider: it says of the simulator's wallets what a real one would say of its own, by
// wallet attestations, key attestations and the status lists of both, and it can revoke a wallet unit. It verifies nothing of
// what it attests: the keys are files on this machine, whatever the attestation says of them. That is for tests alone, and why
// an issuer of real credentials must not trust it.
//
// Everything is kept as files, so that several processes may share a folder. How a wallet uses what it is given belongs to
// package wallet.
//
//	provider.key.pem, provider.pem    the root, which issuers take as their trust anchor
//	signer.key.pem, signer.pem        what signs
//	entries/<index>                   the unit that a place of the status list stands for
//	revoked/<unit>                    a unit that is revoked
//
//	route below URL                   section
//	GET /status/units                 Token Status List 8.1: client_status of wallet attestations, an entry a unit and issuer
//	GET /status/keys                  key_storage_status of key attestations, an entry for all (EUDI TS3 section 2.5.2, option 1)
package provider
