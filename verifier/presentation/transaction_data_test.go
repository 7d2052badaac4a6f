package presentation

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/sdjwtvc"
)

// D19, OpenID4VP 1.0 appendix B.3.3.1: which hash counts depends on what was sent.
func TestHashesOfTransactionData(t *testing.T) {
	b := newBench(t)
	good := strings.TrimSpace(string(readCorpus(t, "presentations/good-sdjwt-payment.sdjwt")))
	seed := sha256.Sum256([]byte("any key: the signature is another check"))
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), seed[:])
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(key, jose.Header{Typ: "kb+jwt"})
	if err != nil {
		t.Fatal(err)
	}
	sum256, sum512 := sha256.Sum256([]byte("sent")), sha512.Sum512([]byte("sent"))
	of256, of512 := jose.EncodeBase64URL(sum256[:]), jose.EncodeBase64URL(sum512[:])
	both := []string{"sha-256", "sha-512"}
	for name, c := range map[string]struct {
		algs   []string // that were sent
		hashes any
		alg    any
		want   error
	}{
		"none was sent, none is named":          {nil, []string{of256}, nil, nil},
		"none was sent, sha-256 is named":       {nil, []string{of256}, "sha-256", nil},
		"none was sent, sha-512 is named":       {nil, []string{of512}, "sha-512", errAgreementAlg},
		"two were sent, the second is named":    {both, []string{of512}, "sha-512", nil},
		"two were sent, none is named":          {both, []string{of256}, nil, errAgreementAlg},
		"two were sent, a third is named":       {both, []string{of256}, "sha-384", errAgreementAlg},
		"one was sent that is not known":        {[]string{"sha-1"}, []string{of256}, "sha-1", errAgreementAlg},
		"the hash is that of the other":         {both, []string{of256}, "sha-512", errAgreementHash},
		"no hashes":                             {nil, nil, nil, errAgreementMissing},
		"an empty array":                        {nil, []string{}, nil, errAgreementHash},
		"a hash that is a number":               {nil, []any{1}, nil, errAgreementHash},
		"the hash, and one of nothing that was": {nil, []string{of256, of512}, nil, errAgreementHash},
	} {
		claims := map[string]any{"iat": 1, "aud": "a", "nonce": "n", "sd_hash": "h", "transaction_data_hashes": c.hashes, "transaction_data_hashes_alg": c.alg}
		for _, member := range []string{"transaction_data_hashes", "transaction_data_hashes_alg"} {
			if claims[member] == nil {
				delete(claims, member)
			}
		}
		kb, err := signer.SignJSON(claims)
		if err != nil {
			t.Fatal(err)
		}
		credential, err := sdjwtvc.Parse(good[:strings.LastIndex(good, "~")+1] + kb)
		if err != nil {
			t.Fatal(err)
		}
		expect := binding{at: b.at, transactionData: []string{"sent"}, transactionDataAlgs: c.algs}
		if got := expect.checkAgreement(credential); !errors.Is(got, c.want) || c.want == nil && got != nil {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// OpenID4VP 1.0 appendix B.3.3.1: one key binding names one algorithm for all that it authorizes.
func TestAlgorithmsOfSeveralTransactions(t *testing.T) {
	q := query(t, `{"credentials":[{"id":"a","format":"dc+sd-jwt","meta":{"vct_values":["x"]}}]}`)
	const none, both, two, three = ``, `["sha-256","sha-512"]`, `["sha-512","sha-384","sha-256"]`, `["sha-384","sha-256"]`
	for name, c := range map[string]struct {
		sent []string
		want []string
	}{
		"one that names none":          {[]string{none}, nil},
		"two that name none":           {[]string{none, none}, nil},
		"one that names two":           {[]string{both}, []string{"sha-256", "sha-512"}},
		"one names two, the next none": {[]string{both, none}, []string{"sha-256"}},
		"one names none, the next two": {[]string{none, both}, []string{"sha-256"}},
		"what both name":               {[]string{both, two}, []string{"sha-256", "sha-512"}},
		"what all three name":          {[]string{both, two, three}, []string{"sha-256"}},
	} {
		ask := &Ask{Query: q}
		for _, algs := range c.sent {
			if algs != none {
				algs = `,"transaction_data_hashes_alg":` + algs
			}
			ask.TransactionData = append(ask.TransactionData, json.RawMessage(`{"type":"t","credential_ids":["a"]`+algs+`}`))
		}
		got, err := agreements(ask, map[string][]string{"a": {"x~"}})
		if err != nil || !slices.Equal(got["a"].algs, c.want) || (got["a"].algs == nil) != (c.want == nil) || len(got["a"].data) != len(c.sent) {
			t.Errorf("%s: %d of %q, %v; want %q", name, len(got["a"].data), got["a"].algs, err, c.want)
		}
	}
}
