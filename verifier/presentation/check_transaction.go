package presentation

import (
	"crypto"
	_ "crypto/sha512" // registers SHA-384 and SHA-512
	"errors"
	"fmt"
	"slices"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/sdjwtvc"
)

var (
	errAgreementMissing = errors.New("the Key Binding JWT carries no transaction_data_hashes")
	errAgreementHash    = errors.New("transaction_data_hashes are not those of the transactions that were sent")
	errAgreementAlg     = errors.New("transaction_data_hashes_alg is not one that was sent")
)

var agreementReasons = []reason{
	{errAgreementMissing, "transaction_data_missing"}, {errAgreementHash, "transaction_data_hash"},
	{errAgreementAlg, "transaction_data_algorithm"},
}

var hashNames = map[string]crypto.Hash{openid4vp.HashSHA256: crypto.SHA256, "sha-384": crypto.SHA384, "sha-512": crypto.SHA512}

// orSHA256 are the algorithms that may be named where these were sent (appendix B.3.3.1).
func orSHA256(algs []string) []string {
	if algs == nil {
		return []string{openid4vp.HashSHA256}
	}
	return algs
}

// hashOf is over the text as it was sent, which is not decoded.
func hashOf(hash crypto.Hash, text string) string {
	h := hash.New()
	h.Write([]byte(text))
	return jose.EncodeBase64URL(h.Sum(nil))
}

// checkAgreement looks for the hash of each transaction that was sent, over the text as it was sent. Whether the key
// binding that carries them holds is another check.
func (b binding) checkAgreement(c *sdjwtvc.Credential) error {
	claims, err := c.SDJWT().KeyBindingClaims()
	if err != nil {
		return fmt.Errorf("%w: %w", errAgreementMissing, err)
	}
	came, ok := claims["transaction_data_hashes"].([]any)
	if !ok {
		return errAgreementMissing
	}
	hash, err := b.agreementHash(claims["transaction_data_hashes_alg"])
	if err != nil {
		return err
	}
	var want []any
	for _, text := range b.transactionData {
		want = append(want, hashOf(hash, text))
	}
	for _, w := range want {
		if !slices.Contains(came, w) {
			return errAgreementHash
		}
	}
	if len(came) != len(want) {
		return fmt.Errorf("%w: expected %d, got %d", errAgreementHash, len(want), len(came))
	}
	return nil
}

// agreementHash is the hash that the wallet names. It names one when it was given a choice, and sha-256 is meant otherwise.
func (b binding) agreementHash(named any) (crypto.Hash, error) {
	if b.transactionDataAlgs == nil && named == nil {
		return crypto.SHA256, nil
	}
	name, _ := named.(string)
	allowed := orSHA256(b.transactionDataAlgs)
	hash, known := hashNames[name]
	if !known || !slices.Contains(allowed, name) {
		return 0, fmt.Errorf("%w: expected one of %q", errAgreementAlg, allowed)
	}
	return hash, nil
}
