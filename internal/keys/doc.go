// Package keys makes the keys of a service and keeps them: in files that only its user can read, or in a hardware security
// module over PKCS#11. What a key is for, and the certificate that says so, is its owner's business.
//
//	keys.go         one key or secret in a file, made at the first start
//	certificate.go  certificates in files
//	vault.go        Vault: keys by purpose, several of each, wherever they are kept
//	files.go        a vault of files
//	pkcs11.go       a vault in a token, with the build tag pkcs11
//	ring.go         Ring: the keys of one purpose in the order in which they come into use, changed while serving
//
// A key has no name but its purpose and the time from which it is used. So whoever adds a key decides in the same breath
// when it takes over, and every replica that sees the vault agrees about it.
package keys
