package specs

// relyingParties is about the API by which services use the verifier.
var relyingParties = []requirement{
	{"RFC 6749 4.4, 2.3.1: client credentials, by client_secret_basic", []string{"verifier/server.TestRelyingPartyAsksAnotherDevice", "verifier/server.TestTokenRefusals"}},
	{"RFC 6749 5.2: errors of the token endpoint", []string{"verifier/server.TestTokenRefusals"}},
	{"RFC 7523 3: a client assertion is for us, in time, and used once", []string{"verifier/server.TestRelyingPartyWithPrivateKeyJWT", "verifier/store.TestAPITokensAndProofs"}},
	{"RFC 6750 3.1: invalid_token with WWW-Authenticate", []string{"verifier/server.TestTokenRefusals"}},
	{"RFC 8414 3: metadata between host and path", []string{"verifier/server.TestTokenMetadata"}},
	{"RFC 9700 4.1.3: the browser comes back to a registered address, character by character", []string{"verifier/server.TestRelyingPartyAsksTooMuch"}},
	{"HAIP 5.1: a verdict from the same device for its response_code alone", []string{"verifier/server.TestRelyingPartyAsksTheSameDevice", "verifier/server.TestDemonstrationsOnTheAPI"}},
	{"VP 5.9.3: each relying party asks by its own certificate", []string{"verifier/server.TestRelyingPartyAsksTheSameDevice", "verifier/server.TestAccessCertificateOfAParty"}},
}
