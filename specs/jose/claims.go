package jose

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Claims are the registered claims of a JWT (RFC 7519 section 4.1) and nonce
// (OpenID Connect Core). Times are in seconds since 1970. Which of them a token
// must carry is for the token's specification to say.
type Claims struct {
	Iss   string   `json:"iss,omitempty"`
	Sub   string   `json:"sub,omitempty"`
	Aud   Audience `json:"aud,omitempty"`
	Exp   int64    `json:"exp,omitempty"`
	Nbf   int64    `json:"nbf,omitempty"`
	Iat   int64    `json:"iat,omitempty"`
	Jti   string   `json:"jti,omitempty"`
	Nonce string   `json:"nonce,omitempty"`
}

// Audience is the aud claim, on the wire a string or an array of strings
// (RFC 7519 section 4.1.3). One value is written as a string.
type Audience []string

// Contains tells whether the token is meant for the one named.
func (a Audience) Contains(who string) bool {
	return slices.Contains(a, who)
}

// MarshalJSON writes a string, or an array when there is not exactly one value.
func (a Audience) MarshalJSON() ([]byte, error) {
	if len(a) == 1 {
		return json.Marshal(a[0])
	}
	return json.Marshal([]string(a))
}

// UnmarshalJSON reads a string or a non-empty array of strings.
func (a *Audience) UnmarshalJSON(raw []byte) error {
	if len(raw) > 0 && raw[0] == '"' {
		var one string
		if err := json.Unmarshal(raw, &one); err != nil {
			return fmt.Errorf("%w: aud: %w", ErrJSON, err)
		}
		*a = Audience{one}
		return nil
	}
	var many []*string
	if err := json.Unmarshal(raw, &many); err != nil || len(many) == 0 {
		return fmt.Errorf("%w: aud: expected a string or an array of strings", ErrJSON)
	}
	read := make(Audience, len(many))
	for i, one := range many {
		if one == nil {
			return fmt.Errorf("%w: aud: expected a string or an array of strings", ErrJSON)
		}
		read[i] = *one
	}
	*a = read
	return nil
}
