package transaction

// treatment is what is kept of a value.
type treatment int

const (
	hide       treatment = iota // its kind and length; members of an object by their own names. For all that is not in the table
	show                        // all of it
	begin                       // of a secret or an identifier, the first six characters
	link                        // as begin, and it links requests
	address                     // an address: without what its query says
	client                      // a client_id: all of it, unless it is an address
	seconds                     // a time, in seconds since 1970
	token                       // a JWT, taken apart
	nested                      // JSON in a string
	jwk                         // a public key: its kind and thumbprint
	chain                       // certificates
	names                       // names of claims
	credential                  // an issued credential: what is claimed, not the values
	presented                   // presentations, by the ids of what was asked for: as credential, with the proof of the holder
	sealed                      // a JWE, taken apart, and what is in it
	encoded                     // JSON in base64url
	query                       // a DCQL query
	agreed                      // transaction data in base64url
)

// fields says what is kept of each parameter, member and claim, by its name in the specification.
var fields = map[string]treatment{
	// RFC 6749, 7636, 8707, 9126, 9396: requests
	"response_type": show, "response_mode": show, "client_id": client, "redirect_uri": address, "scope": show, "state": begin,
	"code_challenge": begin, "code_challenge_method": show, "code_verifier": begin, "resource": address, "grant_type": show,
	"code": link, "refresh_token": link, "request_uri": link, "request": token, "prompt": show, "max_age": show, "acr_values": show,
	"ui_locales": show, "dpop_jkt": begin, "authorization_details": nested, "type": show, "locations": address,
	"client_secret": hide, "client_assertion": token, "client_assertion_type": show,
	// RFC 6749, 6750, 9126, 9207: answers
	"access_token": link, "token_type": show, "expires_in": show, "error": show, "error_description": show, "error_uri": hide,
	"iss": address, "attestation_challenge": begin, "trace_id": show,
	// OpenID4VCI 1.0 section 4.1: the offer
	"credential_issuer": address, "credential_configuration_ids": show, "grants": hide, "authorization_code": hide, "issuer_state": link,
	"authorization_server": address, "urn:ietf:params:oauth:grant-type:pre-authorized_code": hide, "pre-authorized_code": link,
	"input_mode": show, "length": show, "tx_code": hide, "credential_offer_uri": begin,
	// OpenID4VCI 1.0 sections 5.1.1, 6, 7, 8, 9, 11
	"credential_configuration_id": show, "credential_identifier": show, "credential_identifiers": show, "claims": hide, "path": names,
	"mandatory": show, "c_nonce": link, "proofs": hide, "proof": hide, "proof_type": show, "jwt": token, "attestation": token, "format": show, "vct": show,
	"doctype": show, "credential_response_encryption": hide, "credentials": hide, "credential": credential, "notification_id": begin,
	"transaction_id": begin, "interval": show, "event": show, "event_description": hide,
	// RFC 7515, 7516, 7517: headers of JWTs
	"alg": show, "typ": show, "enc": show, "zip": show, "kid": begin, "jwk": jwk, "x5c": chain, "epk": jwk, "crit": show, "cty": show, "b64": show,
	"key_attestation": token,
	// RFC 7519, 7800, 9449; attestation-based client authentication; OpenID4VCI 1.0 appendices D, E, F
	"sub": show, "aud": address, "iat": seconds, "exp": seconds, "nbf": seconds, "auth_time": seconds, "jti": begin, "nonce": begin,
	"challenge": begin, "htm": show, "htu": address, "ath": begin, "cnf": hide, "attested_keys": jwk, "key_storage": show,
	"user_authentication": show, "certification": address, "wallet_name": show, "wallet_version": show, "wallet_link": address,
	"status": hide, "status_list": hide, "uri": address, "idx": hide,
	// OpenID4VP 1.0 sections 5, 8, A: requests, answers, and what wallets tell of themselves
	"response": sealed, "vp_token": presented, "response_uri": address, "wallet_nonce": begin, "wallet_metadata": nested, "dcql_query": query,
	"client_metadata": nested, "transaction_data": agreed, "verifier_info": hide, "data": token, "expected_origins": address, "protocol": show,
	"payload": encoded, "protected": encoded, "signatures": hide, "signature": hide, "header": hide, "requests": hide, "issuer": address,
	"authorization_endpoint": address, "jwks": hide, "keys": jwk, "vp_formats_supported": hide, "dc+sd-jwt": hide, "mso_mdoc": hide,
	"sd-jwt_alg_values": show, "kb-jwt_alg_values": show, "issuerauth_alg_values": show, "deviceauth_alg_values": show,
	"encrypted_response_enc_values_supported": show, "client_id_prefixes_supported": show, "response_types_supported": show,
	"response_modes_supported": show, "request_object_signing_alg_values_supported": show, "request_object_encryption_alg_values_supported": show,
	"request_object_encryption_enc_values_supported": show, "authorization_encryption_alg_values_supported": show,
	"authorization_encryption_enc_values_supported": show,
	// RFC 8414 and what builds on it; OpenID4VCI 1.0 section 12.2.4: what servers publish of themselves
	"token_endpoint": address, "pushed_authorization_request_endpoint": address, "challenge_endpoint": address, "jwks_uri": address,
	"credential_endpoint": address, "nonce_endpoint": address, "deferred_credential_endpoint": address, "notification_endpoint": address,
	"authorization_servers": address, "status_list_aggregation_endpoint": address, "scopes_supported": show, "grant_types_supported": show,
	"token_endpoint_auth_methods_supported": show, "code_challenge_methods_supported": show, "ui_locales_supported": show,
	"require_pushed_authorization_requests": show, "authorization_response_iss_parameter_supported": show,
	"authorization_details_types_supported": show, "dpop_signing_alg_values_supported": show, "client_attestation_signing_alg_values_supported": show,
	"client_attestation_pop_signing_alg_values_supported": show, "client_attestation_pop_methods_supported": show,
	"pre-authorized_grant_anonymous_access_supported": show, "preferred_client_status_period": show, "batch_size": show, "encryption_required": show,
	"alg_values_supported": show, "enc_values_supported": show, "zip_values_supported": show, "credential_signing_alg_values_supported": show,
	"cryptographic_binding_methods_supported": show, "proof_signing_alg_values_supported": show, "key_attestations_required": hide,
}

// inQuery are the members of a DCQL query (OpenID4VP 1.0 section 6). What a value must be may be about a person.
var inQuery = map[string]treatment{
	"id": show, "format": show, "multiple": show, "vct_values": show, "doctype_value": show, "path": names, "claim_sets": show, "credential_sets": hide,
	"options": show, "required": show, "require_cryptographic_holder_binding": show, "trusted_authorities": hide, "type": show, "intent_to_retain": show,
}

// inAgreement are the members of transaction data (OpenID4VP 1.0 section 8.4); what a person is asked to consent to is theirs.
var inAgreement = map[string]treatment{"type": show, "credential_ids": show, "transaction_data_hashes_alg": show}

// inHolderProof are the claims of a KB-JWT (RFC 9901 section 4.3, OpenID4VP 1.0 section B.3.3).
var inHolderProof = map[string]treatment{
	"aud": client, "nonce": begin, "iat": seconds, "exp": seconds, "nbf": seconds, "sd_hash": begin, "transaction_data_hashes": begin,
	"transaction_data_hashes_alg": show,
}

// inSignedHeader are the header parameters of what issuers and holders sign (RFC 7515).
var inSignedHeader = map[string]treatment{"alg": show, "typ": show, "kid": begin, "x5c": chain, "jwk": jwk, "crit": show, "cty": show}

// within are the tables of what is masked by another than fields.
var within = map[treatment]map[string]treatment{query: inQuery, agreed: inAgreement}

// cNonce is the name of the nonce that a key proof carries (OpenID4VCI section 7).
const cNonce = "c_nonce"

// requestHeaders and responseHeaders are the headers that are kept.
var requestHeaders = map[string]treatment{
	"Accept": show, "Accept-Language": show, "Content-Type": show, "Content-Encoding": show, "User-Agent": show, "Origin": address, "Traceparent": show,
	"Dpop": token, "Oauth-Client-Attestation": token, "Oauth-Client-Attestation-Pop": token, "Authorization": begin, "Lommebok-Transaction": begin,
}

var responseHeaders = map[string]treatment{
	"Allow": show, "Cache-Control": show, "Content-Type": show, "Dpop-Nonce": begin, "Location": address, "Oauth-Client-Attestation-Challenge": begin,
	"Retry-After": show, "Trace-Id": show, "Www-Authenticate": show,
}

// inCredential are the names in an issued credential whose values are of the format, and not of the person.
var inCredential = map[string]treatment{
	"iss": address, "vct": show, "vct#integrity": begin, "iat": seconds, "nbf": seconds, "exp": seconds, "_sd_alg": show, "cnf": hide, "jwk": jwk,
	"status": hide, "status_list": hide, "uri": address,
}
