package openid4vp

import (
	"crypto/sha256"
	"encoding/json"
	"maps"
	"slices"

	"lommebok.example/specs/dcql"
	"lommebok.example/specs/jose"
)

// HashSHA256 is the one hash algorithm for transaction data here, and the default (appendix B.3.3.1).
const HashSHA256 = "sha-256"

// TransactionTypes are the types of transaction data that are known: type → names of its members, each a text and each
// required. Members beyond these are refused (section 8.5).
type TransactionTypes map[string][]string

// Transaction is an entry of transaction_data (sections 5.1 and 8.4).
type Transaction struct {
	Type          string
	CredentialIDs []string // one of which authorizes it
	// HashAlgs is transaction_data_hashes_alg; nil when it is absent, which means sha-256.
	HashAlgs []string
	Members  map[string]any // what the type adds
	Text     string         // as it was received, in base64url
}

// EncodeTransaction writes a JSON object as an entry of transaction_data.
func EncodeTransaction(object json.RawMessage) string { return jose.EncodeBase64URL(object) }

// TransactionHash is the hash of an entry with SHA-256: over the text itself, which is not decoded (appendix B.3.3.1).
func TransactionHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return jose.EncodeBase64URL(sum[:])
}

// Transactions reads transaction_data by the rules that hold for each type. The error is an *Error.
func (o *RequestObject) Transactions() ([]Transaction, error) {
	q, err := o.Query()
	if err != nil {
		return nil, refuse(InvalidRequest, reasons(ErrQuery, err), "dcql_query: %v", err)
	}
	return o.transactions(q)
}

func (o *RequestObject) transactions(q *dcql.Query) ([]Transaction, error) {
	var all []Transaction
	for _, text := range o.TransactionData {
		t, err := parseTransaction(text)
		if err != nil {
			return nil, err
		}
		for _, id := range t.CredentialIDs {
			if err := mayAuthorize(q, id); err != nil {
				return nil, err
			}
		}
		all = append(all, *t)
	}
	return all, nil
}

func parseTransaction(text string) (*Transaction, error) {
	raw, err := jose.DecodeBase64URL(text)
	if err != nil {
		return nil, refuse(InvalidTransactionData, reasons(ErrTransactionData, err), "transaction_data: expected base64url (section 5.1)")
	}
	var members map[string]any
	if err := jose.Unmarshal(raw, &members); err != nil {
		return nil, refuse(InvalidTransactionData, reasons(ErrTransactionData, err), "transaction_data: expected a JSON object (section 5.1)")
	}
	t := &Transaction{Text: text, Members: members}
	var isText, isList bool
	t.Type, isText = members["type"].(string)
	t.CredentialIDs, isList = texts(members["credential_ids"])
	if !isText || t.Type == "" || !isList {
		return nil, refuse(InvalidTransactionData, ErrTransactionData, "transaction_data: expected type and a non-empty array credential_ids (section 5.1)")
	}
	if algs, there := members["transaction_data_hashes_alg"]; there {
		if t.HashAlgs, isList = texts(algs); !isList || !slices.Contains(t.HashAlgs, HashSHA256) {
			return nil, refuse(InvalidTransactionData, ErrTransactionData, "transaction_data_hashes_alg: expected an array with %s (appendix B.3.3.1)", HashSHA256)
		}
	}
	for _, own := range []string{"type", "credential_ids", "transaction_data_hashes_alg"} {
		delete(members, own)
	}
	return t, nil
}

// texts is a non-empty array of non-empty strings.
func texts(v any) ([]string, bool) {
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return nil, false
	}
	out := make([]string, len(list))
	for i := range list {
		if out[i], ok = list[i].(string); !ok || out[i] == "" {
			return nil, false
		}
	}
	return out, true
}

// mayAuthorize tells whether a presentation under this id can carry the hash: an SD-JWT VC with a key binding
// (appendix B.3.3). No document type here lets an mdoc carry transaction data (appendix B.2.1).
func mayAuthorize(q *dcql.Query, id string) error {
	for _, c := range q.Credentials {
		if c.ID != id {
			continue
		}
		if c.Format != dcql.FormatSDJWTVC || !c.HolderBindingRequired() {
			return refuse(InvalidTransactionData, ErrTransactionData, "transaction_data: credential_ids: expected a %s with holder binding (appendix B.3.3)", dcql.FormatSDJWTVC)
		}
		return nil
	}
	return refuse(InvalidTransactionData, ErrTransactionData, "transaction_data: credential_ids: expected identifiers of the query (section 5.1)")
}

// checkTypes refuses what a wallet does not know: it would let a person consent to what it cannot show (section 8.4).
func (o *RequestObject) checkTypes(known TransactionTypes) error {
	all, err := o.Transactions()
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return refuse(InvalidTransactionData, ErrTransactionData, "transaction_data: expected a non-empty array (section 5.1)")
	}
	for _, t := range all {
		names, ok := known[t.Type]
		if !ok {
			return refuse(InvalidTransactionData, ErrTransactionData, "transaction_data: type: not one that this wallet knows (section 8.4)")
		}
		if !slices.Equal(slices.Sorted(maps.Keys(t.Members)), slices.Sorted(slices.Values(names))) {
			return refuse(InvalidTransactionData, ErrTransactionData, "transaction_data: expected the members that the type has, and no others (section 8.5)")
		}
		for _, v := range t.Members {
			if text, ok := v.(string); !ok || text == "" {
				return refuse(InvalidTransactionData, ErrTransactionData, "transaction_data: expected texts in the members of the type (section 8.5)")
			}
		}
	}
	return nil
}
