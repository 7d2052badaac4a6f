package transaction

import (
	"regexp"
	"strings"
)

var (
	inBrackets = regexp.MustCompile(`\s*\(([^()]*(?:[Ss]ection|[Aa]ppendix)[^()]*)\)`)
	expected   = regexp.MustCompile(`(?s)\bexpected (.+?)(?:[;,] (?:it )?got .*|; .*)?$`)
	got        = regexp.MustCompile(`(?s)[;,] (?:it )?got:? (.+)$`)
)

// refusalOf reads what was expected and what came out of the words of the service, which say it by a rule of the house. Where they
// do not name what came, it is what the request says of it.
func refusalOf(code, description string, seen map[string]string) *Refusal {
	r := &Refusal{Code: code, Description: description}
	text := description
	if m := inBrackets.FindAllStringSubmatch(text, -1); m != nil {
		r.Section = m[len(m)-1][1]
		text = inBrackets.ReplaceAllString(text, "")
	}
	if m := expected.FindStringSubmatch(text); m != nil {
		r.Expected = m[1]
	}
	if m := got.FindStringSubmatch(text); m != nil {
		r.Came = m[1]
	}
	var facts []string
	for _, name := range concerns[code] {
		name, optional := strings.CutPrefix(name, "?")
		value, sent := seen[name]
		switch {
		case !sent && optional:
			continue
		case !sent:
			value = "(absent)"
		}
		facts = append(facts, name+": "+value)
	}
	switch came := strings.Join(facts, "; "); {
	case r.Came == "" && came != "":
		r.Came = came
	case came != "":
		r.Came += "; " + came
	case r.Came == "":
		r.Came = text
	}
	return r
}

// concerns are the parts of a request that a code is about; those with a question mark may be absent.
var concerns = map[string][]string{
	"invalid_client":                   {"client_id", "client_assertion_type", "OAuth-Client-Attestation iss", "OAuth-Client-Attestation sub", "OAuth-Client-Attestation exp", "OAuth-Client-Attestation-PoP aud"},
	"invalid_client_attestation":       {"client_id", "OAuth-Client-Attestation iss", "OAuth-Client-Attestation sub", "OAuth-Client-Attestation exp", "OAuth-Client-Attestation-PoP aud", "OAuth-Client-Attestation-PoP iat"},
	"use_attestation_challenge":        {"OAuth-Client-Attestation-PoP challenge"},
	"invalid_dpop_proof":               {"DPoP typ", "DPoP alg", "DPoP htm", "DPoP htu", "DPoP iat", "DPoP nonce", "DPoP ath"},
	"use_dpop_nonce":                   {"DPoP nonce"},
	"invalid_token":                    {"Authorization", "DPoP htu"},
	"invalid_grant":                    {"grant_type", "?code", "?pre-authorized_code", "?refresh_token", "?redirect_uri", "client_id"},
	"unsupported_grant_type":           {"grant_type"},
	"invalid_scope":                    {"scope"},
	"unsupported_response_type":        {"response_type"},
	"invalid_nonce":                    {"nonce"},
	"invalid_proof":                    {"typ", "alg", "aud", "iat", "nonce"},
	"unknown_credential_configuration": {"credential_configuration_id"},
	"unknown_credential_identifier":    {"credential_identifier"},
	"invalid_transaction_id":           {"transaction_id"},
	"invalid_notification_id":          {"notification_id"},
}
