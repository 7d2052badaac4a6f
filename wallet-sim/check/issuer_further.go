package check

import (
	"encoding/json"
	"net/http"
	"strings"

	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/transaction"
	"lommebok.example/wallet-sim/faults"
)

// attestedKeys counts the keys in the key attestation that is a proof, or stands in one; 0 when there is none.
func attestedKeys(proofType, jwt string) int {
	header, claims, err := faults.ReadJWT(jwt)
	if err != nil {
		return 0
	}
	if proofType == openid4vci.ProofTypeJWT {
		inner, _ := header["key_attestation"].(string)
		if _, claims, err = faults.ReadJWT(inner); err != nil {
			return 0
		}
	}
	keys, _ := claims["attested_keys"].([]any)
	return len(keys)
}

// The requirements that take a flow of their own.
const (
	idEncrypted = "VCI-10-encrypted"
	idRefresh   = "RFC6749-6-refresh"
)

// furtherRules are about what an issuer may offer besides.
func furtherRules() []issuerRule {
	return []issuerRule{
		vci("3-issuance", "3.3", "A wallet that keeps the rules gets a credential of each configuration.", issuancesEnd),
		vci("3.5-pre-authorized", "3.5, 6.1", "The offer with a pre-authorized code gives the credential that it names.", func(s *issuerSeen) verdict {
			if s.offered == nil {
				return untested("no offer was given (--offer)")
			}
			return s.offered.ended()
		}),
		vci("9.2-pending", "9.2", "Until the credential is there, a deferred request is answered with status 202, the same transaction_id and an interval.", later(202)),
		vci("9.2-issued", "9.2", "When the credential is there, a deferred request is answered with status 200.", later(200)),
		rfc(idEncrypted, OpenID4VCI, "OpenID4VCI 1.0 section 10", "A response that was asked to be encrypted is of type application/jwt, and opens with the key that was given.", func(s *issuerSeen) verdict {
			if s.encrypted == nil {
				return untested("the metadata have no credential_response_encryption, or no credential was issued before")
			}
			if x := s.encrypted.seen.at(stepAsk); x != nil && media(x) != "application/jwt" {
				return failed(x, "Content-Type application/jwt", "%q", x.Headers.Get("Content-Type"))
			}
			return s.encrypted.ended()
		}),
		vci("11.2-notification", "11.2", "A notification is answered with a status of success, 204 without a body.", each(stepNotify, func(_ *issuance, x *transaction.Exchanged) verdict {
			return whether(x.Status/100 == 2 && (x.Status != 204 || len(x.Got) == 0), x, "a status from 200 to 299", "status %d", x.Status)
		})),
		{Requirement{idRefresh, OpenID4VCI, "RFC 6749 section 6; OpenID4VCI 1.0 section 13.5", "A refresh token gives the credential again without a sign-in."}, func(s *issuerSeen) verdict {
			if s.renewed == nil {
				return untested("the issuer gave no refresh token, or no credential was issued before")
			}
			return s.renewed.ended()
		}},
	}
}

// refusalRules are about how faults were refused, whichever.
func refusalRules() []issuerRule {
	return []issuerRule{
		rfc("RFC6749-5.2-error_description", OpenID4VCI, "RFC 6749 section 5.2; OpenID4VCI 1.0 section 8.3.1.2", "Refusals say error and error_description in printable ASCII, without quotes and backslashes.", func(s *issuerSeen) verdict {
			var all []verdict
			for _, x := range s.refused {
				var e oauth2.Error
				if json.Unmarshal(x.Got, &e) != nil {
					continue // no JSON, where a challenge tells the code
				}
				all = append(all, whether(speakable(e.Code) && speakable(e.Description), x, "characters of %x20-21, %x23-5B and %x5D-7E", "%q, %q", e.Code, e.Description))
			}
			if len(all) == 0 {
				return untested("nothing was refused with words")
			}
			return worst(all)
		}),
	}
}

// speakable tells whether a text has the characters of error and error_description alone.
func speakable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 || r > 0x7e || r == '"' || r == '\\' })
}

// ended judges that the flow went to its end.
func (n *issuance) ended() verdict {
	if n.refusedHere() {
		return untested("the person was refused: %v", n.err)
	}
	if n.err != nil {
		v := failed(nil, "a credential", "%v", n.err)
		v.by = n.seen
		return v
	}
	return held(n.seen...)
}

func issuancesEnd(s *issuerSeen) verdict {
	if s.metadata == nil {
		return untested("the metadata could not be read: %v", s.metadataErr)
	}
	var all []verdict
	var without []string
	for _, n := range s.issuances {
		v := n.ended()
		switch v.outcome {
		case Failed:
			v.found = n.id + ": " + v.found
		case NotTested:
			without = append(without, n.id)
		}
		all = append(all, v)
	}
	if len(all) == 0 {
		return untested("there was no issuance%s", s.whyNone())
	}
	joined := worst(all)
	if joined.outcome == Held && len(without) > 0 {
		joined.why = "The person was refused " + strings.Join(without, ", ") + "."
	}
	return joined
}

// later judges the deferred responses with a status.
func later(status int) func(*issuerSeen) verdict {
	return func(s *issuerSeen) verdict {
		if s.metadata == nil || s.metadata.DeferredCredentialEndpoint == "" {
			return untested("the issuer has no deferred_credential_endpoint")
		}
		var all []verdict
		for _, n := range s.issuances {
			for _, x := range n.seen {
				if n.refusedHere() && x.Status == http.StatusBadRequest {
					continue
				}
				if x.Step.Name == stepLater && (x.Status == status || !answersLater(x)) {
					all = append(all, deferred(x))
				}
			}
		}
		if len(all) == 0 {
			return untested("nothing came later, or not in the time that was waited")
		}
		return worst(all)
	}
}

// answersLater tells whether a deferred request was answered with a status that is one of its answers.
func answersLater(x *transaction.Exchanged) bool {
	return x.Status == http.StatusOK || x.Status == http.StatusAccepted
}

func deferred(x *transaction.Exchanged) verdict {
	if !answersLater(x) {
		return failed(x, "status 200 or 202", "status %d", x.Status)
	}
	if media(x) == "application/jwt" {
		return held(x)
	}
	answer, err := openid4vci.ParseCredentialResponse(x.Status, x.Got, 1<<10)
	if err != nil {
		return failed(x, "a Deferred Credential Response", "%v", err)
	}
	same := answer.TransactionID == "" || strings.Contains(string(x.Sent), answer.TransactionID)
	return whether(same, x, "the transaction_id that was sent", "another")
}
