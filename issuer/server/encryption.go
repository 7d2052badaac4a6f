package server

import (
	"crypto/ecdsa"
	"fmt"

	"lommebok.example/internal/keys"
	"lommebok.example/issuer/issuance"
)

// newEncryption reads the keys that open credential requests, and open nothing else. To replace the key, rename
// credential-request.key.pem to credential-request-<when>.key.pem and start again; an hour later no wallet has the old metadata
// any more, and the renamed file can go.
func newEncryption(cfg Config) (*issuance.Encryption, error) {
	signers, err := keys.Signers(cfg.DataDir, "credential-request")
	if err != nil {
		return nil, err
	}
	opens := make([]*ecdsa.PrivateKey, len(signers))
	for n, signer := range signers {
		key, ok := signer.(*ecdsa.PrivateKey)
		if !ok {
			return nil, fmt.Errorf("server: the key for credential requests is a %T", signer)
		}
		opens[n] = key
	}
	return issuance.NewEncryption(opens, cfg.EncryptionRequired), nil
}
