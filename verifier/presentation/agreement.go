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

// agreement is what one presentation is to authorize: entries of transaction_data as they were sent, and what was sent as their
// transaction_data_hashes_alg, nil when nothing was.
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
		chosen := max(0, slices.IndexFunc(ids, func(id string) bool { return names(came[id][0], openid4vp.TransactionHash(t.Text)) }))
		one := out[ids[chosen]]
		one.data = append(one.data, t.Text)
		one.algs = append(one.algs, t.HashAlgs...)
		out[ids[chosen]] = one
	}
	return out, nil
}

// names tells whether the key binding of a presentation mentions a hash.
func names(presentation, hash string) bool {
	keyBinding := presentation[strings.LastIndexByte(presentation, '~')+1:]
	jwt, err := jose.Parse(keyBinding, jose.Rules{Typ: sdjwt.TypKeyBinding, Algs: []jose.Alg{jose.ES256, jose.ES384, jose.ES512}, Allow: []string{"kid"}})
	if err != nil {
		return false
	}
	var claims struct {
		Hashes []string `json:"transaction_data_hashes"`
	}
	return json.Unmarshal(jwt.UnsafePayload(), &claims) == nil && slices.Contains(claims.Hashes, hash)
}
