package wallet

import (
	"slices"

	"lommebok.example/specs/openid4vp"
)

// TransactionTypes are the types of transaction data that this wallet knows, with their members. A request with another is
// refused: the person could not see what to consent to (OpenID4VP 1.0 section 8.4).
var TransactionTypes = openid4vp.TransactionTypes{
	"urn:lommebok:consent:1": {"text"},
	"urn:lommebok:payment:1": {"payee", "amount", "currency"},
}

// Transaction is what a person consents to by sharing: the credential of a Credential Query signs its hash.
type Transaction struct {
	Type    string   `json:"type"`
	Query   string   `json:"query"`
	Details []Detail `json:"details"` // in the order of the type

	text  string
	named bool // transaction_data_hashes_alg was asked for
}

// Detail is a member of transaction data.
type Detail struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// pidTypes are those whose keys sign no transaction data.
var pidTypes = []string{"urn:eudi:pid:1", "eu.europa.ec.eudi.pid.1"}

// agree chooses the credential that signs each transaction: the first that is named for it, is shared and is no PID.
func (r *Request) agree() error {
	if len(r.Shares) == 0 {
		return nil
	}
	all, err := r.object.Transactions()
	if err != nil {
		return err
	}
	for _, t := range all {
		named := func(s Share) bool { return slices.Contains(t.CredentialIDs, s.Query) }
		i := slices.IndexFunc(r.Shares, func(s Share) bool { return named(s) && !slices.Contains(pidTypes, s.Credential.Type) })
		switch {
		case i < 0 && slices.ContainsFunc(r.Shares, named):
			return r.refuse(openid4vp.InvalidTransactionData, ErrPIDKey)
		case i < 0:
			return r.refuse(openid4vp.InvalidTransactionData, ErrNoMatch)
		}
		one := Transaction{Type: t.Type, Query: r.Shares[i].Query, text: t.Text, named: t.HashAlgs != nil}
		for _, name := range TransactionTypes[t.Type] {
			value, _ := t.Members[name].(string) // the type has texts alone
			one.Details = append(one.Details, Detail{name, value})
		}
		r.Transactions = append(r.Transactions, one)
		r.Shares[i].agrees = append(r.Shares[i].agrees, one)
	}
	return nil
}

// agreed are the claims of a key binding that sign what a share consents to (appendix B.3.3.1).
func (s *Share) agreed() map[string]any {
	if len(s.agrees) == 0 {
		return nil
	}
	claims := map[string]any{}
	var hashes []string
	for _, t := range s.agrees {
		hashes = append(hashes, openid4vp.TransactionHash(t.text))
		if t.named {
			claims["transaction_data_hashes_alg"] = openid4vp.HashSHA256
		}
	}
	claims["transaction_data_hashes"] = hashes
	return claims
}
