// Package wallet is the wallet without a face: it gets credentials by OpenID4VCI 1.0, keeps them as files, and shows them
// by OpenID4VP 1.0, in the profile of HAIP 1.0. Who looks at pages and answers them stands outside: package browser drives
// them by itself, package phone shows them to a person.
//
//	OpenID4VCI 4, 12.2    offer, metadata, who is who        Wallet.Resolve
//	OpenID4VCI 5          pushed authorization request       Wallet.Begin
//	OpenID4VCI 6, 7, 8    token, c_nonce, key proofs         Wallet.Finish
//	OpenID4VCI 3.5        pre-authorized code                Wallet.Redeem
//	RFC 6749 6            refresh token                      Wallet.Renew
//	RFC 9901 7.2          verification before storing        Wallet.Finish
//	OpenID4VCI 9          what the issuer gives later        Wallet.PickUp, Wallet.Await
//	OpenID4VCI 10         encryption where the issuer can    Wallet.Finish
//	OpenID4VCI 11         what became of the credential      Wallet.Finish
//	OpenID4VP 5, 6        request object, choice             Wallet.Request
//	OpenID4VP 8           answer or refusal                  Wallet.Share, Wallet.Decline
//
// The folder of a wallet holds, readable for its user alone:
//
//	credentials/<id>.json   a credential with its copies, each with its key
//	grants/<id>.json        a refresh token with the keys that it is bound to
//	pending/<id>.json       a credential that the issuer gives later
//	flows/<id>.json         an issuance or a presentation under way
//	protection.json         of a wallet with a passphrase: the key of the files above, encrypted
//
// The folder of trust anchors holds issuers/*.pem and verifiers/*.pem; a file that is added is seen at the next use.
package wallet
