package openid4vp

import (
	"encoding/json"
	"net/url"

	"lommebok.example/specs/jose"
)

// structured are the parameters whose value in a link is JSON (section 5.4).
var structured = map[string]bool{
	"dcql_query": true, "client_metadata": true, "transaction_data": true, "verifier_info": true,
}

// linked are the parameters that a request by value may have; others are ignored.
var linked = map[string]bool{
	"response_type": true, "response_mode": true, "response_uri": true, "redirect_uri": true, "nonce": true, "state": true,
	"scope": true, "dcql_query": true, "client_metadata": true, "transaction_data": true, "verifier_info": true,
}

// unsignedLink writes the members of a request as parameters; what belongs to request objects alone stays out.
func unsignedLink(clientID string, raw []byte) (*RequestLink, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return nil, refuse(InvalidRequest, reasons(ErrRequestObject, err), "the request cannot be written")
	}
	l := &RequestLink{ClientID: clientID, Method: MethodGet, Unsigned: url.Values{}}
	for name, value := range members {
		if !linked[name] {
			continue
		}
		text := string(value)
		if !structured[name] {
			if err := json.Unmarshal(value, &text); err != nil {
				return nil, refuse(InvalidRequest, reasons(ErrRequestObject, err), "the request cannot be written")
			}
		}
		l.Unsigned.Set(name, text)
	}
	return l, nil
}

// payloadOfLink is the way back.
func payloadOfLink(l *RequestLink) ([]byte, error) {
	members := map[string]json.RawMessage{}
	for name, values := range l.Unsigned {
		if !linked[name] {
			continue
		}
		if len(values) != 1 {
			return nil, refuse(InvalidRequest, ErrLink, "the link: %s: expected once (RFC 6749 section 3.1)", name)
		}
		raw := []byte(values[0])
		if !structured[name] {
			var err error
			if raw, err = json.Marshal(values[0]); err != nil {
				return nil, refuse(InvalidRequest, ErrLink, "the link: %s: expected a text", name)
			}
		}
		var strict json.RawMessage
		if err := jose.Unmarshal(raw, &strict); err != nil {
			return nil, refuse(InvalidRequest, reasons(ErrRequestObject, err), "the link: %s: expected JSON (section 5.1)", name)
		}
		members[name] = raw
	}
	members["client_id"], _ = json.Marshal(l.ClientID) // a text is always written
	payload, err := json.Marshal(members)
	if err != nil {
		return nil, refuse(InvalidRequest, reasons(ErrRequestObject, err), "the link: expected JSON where it is due (section 5.1)")
	}
	return payload, nil
}
