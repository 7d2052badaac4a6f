package presentation

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/sdjwt"
)

// agreement is what one presentation is to authorize: entries of transaction_data as they were sent, and the algorithms that
// the transaction_data_hashes_alg of each of them lets it choose, nil when none was sent.
type agreement struct{ data, algs []string }

var errUnauthorized = errors.New("no presentation came that could authorize a transaction (OpenID4VP 1.0 section 8.4)")

// agreements gives, by the identifier of the Credential Query, what each presentation is to authorize. Of several
// credentials the wallet chooses one (OpenID4VP 1.0 section 5.1): the one that names the hash, else the first that came, so that
// the check of its key binding tells what is missing. What a key binding says is not yet verified here, and only chooses
// who is held to it.
func agreements(ask *Ask, came map[string][]string) (map[string]agreement, error) {
	query, err := json.Marshal(ask.Query)
	if err != nil {
		return nil, err
	}
	all, err := (&openid4vp.RequestObject{DCQL: query, TransactionData: ask.transactionData()}).Transactions()
	if err != nil {
		return nil, err
	}
	out := map[string]agreement{}
	for _, t := range all {
		ids := slices.DeleteFunc(slices.Clone(t.CredentialIDs), func(id string) bool { return len(came[id]) == 0 })
		if len(ids) == 0 {
			return out, errUnauthorized
		}
		chosen := max(0, slices.IndexFunc(ids, func(id string) bool { return names(came[id][0], t.Text) }))
		out[ids[chosen]] = out[ids[chosen]].with(t)
	}
	return out, nil
}

// with adds an entry. A key binding names one algorithm for all entries, so that only what each of them lets it choose is left.
func (a agreement) with(t openid4vp.Transaction) agreement {
	switch {
	case len(a.data) == 0:
		a.algs = t.HashAlgs
	case a.algs != nil || t.HashAlgs != nil:
		sent := orSHA256(t.HashAlgs)
		a.algs = slices.DeleteFunc(slices.Clone(orSHA256(a.algs)), func(alg string) bool { return !slices.Contains(sent, alg) })
	}
	a.data = append(a.data, t.Text)
	return a
}

// names tells whether the key binding of a presentation mentions the hash of an entry, by whichever algorithm.
func names(presentation, entry string) bool {
	keyBinding := presentation[strings.LastIndexByte(presentation, '~')+1:]
	jwt, err := jose.Parse(keyBinding, jose.Rules{Typ: sdjwt.TypKeyBinding, Algs: []jose.Alg{jose.ES256, jose.ES384, jose.ES512}, Allow: []string{"kid"}})
	if err != nil {
		return false
	}
	var claims struct {
		Hashes []string `json:"transaction_data_hashes"`
	}
	if json.Unmarshal(jwt.UnsafePayload(), &claims) != nil {
		return false
	}
	for _, hash := range hashNames {
		if slices.Contains(claims.Hashes, hashOf(hash, entry)) {
			return true
		}
	}
	return false
}
