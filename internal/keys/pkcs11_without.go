//go:build !pkcs11

package keys

import "errors"

// OpenPKCS11 opens a token, in a program that was built with the tag pkcs11.
func OpenPKCS11(PKCS11Config) (Vault, error) {
	return nil, errors.New("keys: this program was built without PKCS#11: build it with -tags pkcs11")
}
