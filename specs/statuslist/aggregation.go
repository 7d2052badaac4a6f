package statuslist

import (
	"fmt"

	"lommebok.example/specs/jose"
)

// Aggregation is the addresses of all Status List Tokens of an issuer (section 9.4), as application/json.
//
//	{"status_lists": ["https://…", "https://…"]}
type Aggregation struct {
	StatusLists []string `json:"status_lists"`
}

// ParseAggregation reads an aggregation. Unknown members are ignored. Errors: ErrToken.
func ParseAggregation(raw []byte) (*Aggregation, error) {
	var a Aggregation
	members, err := jose.ParseMembers(raw)
	if err == nil {
		err = members.Read(jose.Field{Name: "status_lists", To: &a.StatusLists})
	}
	if err != nil || a.StatusLists == nil {
		return nil, fmt.Errorf("%w: expected an object with an array status_lists (section 9.4)", ErrToken)
	}
	return &a, nil
}
