// Package wallets is what the issuer knows of wallets: which wallet providers it trusts, what they say of the status of what
// they attested, and the check each day whether the wallet units that hold live PIDs are still good (EUDI TS3 section 2.4.3).
// It issues nothing and authenticates nobody: that is for packages issuance and authserver, which ask it.
//
//	Providers  the folder of trust anchors, read again when it changes
//	Statuses   Token Status Lists of wallet providers, fetched and kept as long as they allow
//	Watch      the daily check, which revokes what was issued to a unit that its provider has revoked
package wallets
