package attestation

import (
	"encoding/json"
	"fmt"
	"net/url"
	"time"
)

// Status is where a wallet provider tells whether a wallet or a key storage is still good (Token Status List section 6.1),
// and until when it keeps telling (EUDI TS3 section 2.4.1): zero when it does not say.
type Status struct {
	Index uint64    `json:"idx"`
	URI   string    `json:"uri"`
	Until time.Time `json:"until,omitzero"`
}

// maxURI bounds the address of a status list.
const maxURI = 512

// statusClaim is the claim status of OpenID4VCI appendices D.1 and E.
//
//	{"status_list": {"idx": 7, "uri": "https://…"}}
type statusClaim struct {
	List *struct {
		Index *uint64 `json:"idx"`
		URI   string  `json:"uri"`
	} `json:"status_list"`
}

// maintained is client_status and key_storage_status of TS3, a status with the end of its keeping.
//
//	{"status": {"status_list": {…}}, "exp": 1303497780}
type maintained struct {
	Status *statusClaim `json:"status"`
	Expiry *int64       `json:"exp"`
}

// readStatus prefers the claim of TS3 to the plain one; nil when there is neither. A mechanism beside status_list that is
// not known, alone, is a status that cannot be looked up, and refused.
func readStatus(kept *maintained, plain *statusClaim) (*Status, error) {
	claim, until := plain, time.Time{}
	if kept != nil {
		if kept.Status == nil || kept.Expiry == nil {
			return nil, fmt.Errorf("%w: expected status and exp (EUDI TS3 sections 2.3.1, 2.3.2)", ErrStatus)
		}
		claim, until = kept.Status, time.Unix(*kept.Expiry, 0).UTC()
	}
	if claim == nil {
		return nil, nil
	}
	if claim.List == nil || claim.List.Index == nil {
		return nil, fmt.Errorf("%w: expected status_list with idx and uri (Token Status List section 6.1)", ErrStatus)
	}
	s := &Status{Index: *claim.List.Index, URI: claim.List.URI, Until: until}
	if u, err := url.Parse(s.URI); err != nil || u.Host == "" || u.User != nil || len(s.URI) > maxURI || !ascii(s.URI) {
		return nil, fmt.Errorf("%w: uri: expected a URL of at most %d characters", ErrStatus, maxURI)
	}
	return s, nil
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// claim writes a status; nil for none.
func (s *Status) claim() any {
	if s == nil {
		return nil
	}
	return map[string]any{"status_list": map[string]any{"idx": s.Index, "uri": s.URI}}
}

// addTo writes the status into claims: by the name of TS3 when it says until when it is kept, else as status.
func (s *Status) addTo(claims map[string]any, name string) {
	switch {
	case s == nil:
	case s.Until.IsZero():
		claims["status"] = s.claim()
	default:
		claims[name] = map[string]any{"status": s.claim(), "exp": s.Until.Unix()}
	}
}

// optional is a claim that need not be there; null is none.
func optional[T any](raw json.RawMessage) (*T, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	v := new(T)
	if err := json.Unmarshal(raw, v); err != nil {
		return nil, err
	}
	return v, nil
}
