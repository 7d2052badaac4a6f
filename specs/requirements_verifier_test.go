package specs

var presentationRequests = []requirement{
	{"VP 5, HAIP 5: typ oauth-authz-req+jwt, x509_hash, a chain without anchor, no leaf signed by itself", []string{"verifier/server.TestRequestObject", "specs/openid4vp.TestSection593WhoSigned#5 typ JWT", "specs/openid4vp.TestSection593WhoSigned#the anchor in the chain", "specs/openid4vp.TestSignerRefusals"}},
	{"VP 5.8: aud is that of static discovery", []string{"specs/openid4vp.TestSection5Refusals#5.8 no aud", "specs/openid4vp.TestSection5Refusals#5.8 another aud"}},
	{"VP 5.6, HAIP 5: response_type vp_token", []string{"specs/openid4vp.TestSection5Refusals#5.6 response_type code"}},
	{"VP 8, HAIP 5.1: direct_post.jwt, and direct_post only where one Ask chooses so", []string{"specs/openid4vp.TestSection5Refusals#HAIP 5.1 direct_post", "specs/openid4vp.TestEachPrefixAndModeReadsBack", "wallet-sim/phone.TestAskedInEveryWay"}},
	{"VP 5.10.1: client_id, whole, the same in link and request object", []string{"specs/openid4vp.TestSection5Refusals#5.10.1 another client_id", "specs/openid4vp.TestSection593WhoSigned#a link without prefix"}},
	{"VP 5.2, 14.1: a nonce of its own in each request, of 32 random bytes", []string{"verifier/server.TestRequestObject", "specs/openid4vp.TestSection5Refusals#5.2 no nonce"}},
	{"VP 5.3: a fresh state of 128 bits or more, demanded without holder binding", []string{"verifier/server.TestRequestObject", "specs/openid4vp.TestSection5Refusals#5.3 no state, no holder binding"}},
	{"VP 5.1: exactly one of dcql_query and scope", []string{"specs/openid4vp.TestSection5Refusals#5.1 both", "specs/openid4vp.TestSection5Refusals#5.1 neither dcql_query nor scope"}},
	{"VP 5.1, 8.3: jwks with kid and alg, each kid once", []string{"specs/openid4vp.TestSection83EncryptionKey#no alg is passed by", "specs/openid4vp.TestSection83EncryptionKey#no kid is passed by"}},
	{"HAIP 5: A128GCM and A256GCM, an ephemeral P-256 key a request", []string{"verifier/server.TestRequestObject"}},
	{"VP 5.1, B.2.2, B.3.4: vp_formats_supported", []string{"specs/openid4vp.TestSection5Refusals#5.1 no formats", "verifier/server.TestRequestObject"}},
	{"VP 5.10: request_uri_method get or post, in this case of letters", []string{"specs/openid4vp.TestSection51LinkRules#method in another case", "verifier/server.TestRequestByPost"}},
	{"VP 5.10.1: the media type of a request object; it may be fetched again", []string{"verifier/server.TestRequestMayBeFetchedAgainUntilItIsAnswered", "verifier/server.TestRequestByPost"}},
	{"VP 5.10: the wallet_nonce comes back, unknown parameters are ignored", []string{"verifier/server.TestRequestByPost#a nonce", "verifier/server.TestRequestByPost#unknown parameters", "wallet-sim/wallet.TestRequestByPostBringsTheWalletNonceBack"}},
	{"VP 5.10: the request object is encrypted to the wallet's key", []string{"verifier/server.TestRequestObjectEncrypted", "specs/openid4vp.TestSection510KeyForTheRequestObject"}},
	{"VP 8.5, 10: a wallet without the formats is told vp_formats_not_supported; malformed metadata invalid_request", []string{"verifier/server.TestRequestByPost#a wallet that has SD-JWT VC only", "verifier/server.TestRequestByPost#metadata that are no JSON", "specs/openid4vp.TestSection510WalletMetadata"}},
	{"VP 5.1, 8.4, B.3.3: transaction_data, base64url of an object with type and credential_ids, bound by a key", []string{"specs/openid4vp.TestSection84TransactionData", "verifier/server.TestAsksThatAreRefused#of an unknown credential"}},
	{"VP 5.1: of several credentials one authorizes, and one must come", []string{"verifier/server.TestTransactionThatNobodyAuthorizes", "verifier/server.TestTransactionsAgreedTo", "wallet-sim/wallet.TestTransactionsAreSignedByOneCredential"}},
	{"VP 5.11, ARF RPRC_19: verifier_info, a registration certificate by value", []string{"verifier/server.TestWhatComesWithARequest", "specs/openid4vp.TestAppendixAEachProtocolReadsBack"}},
	{"VP 8.2: no redirect_uri beside response_uri", []string{"specs/openid4vp.TestSection5Refusals#8.2 redirect_uri"}},
	{"VP 13.1.2, HAIP 5.1: openid4vp://, haip-vp://, https", []string{"specs/openid4vp.TestSection510LinkReadsBack", "wallet-sim/phone.TestAskedInEveryWay", "verifier/server.TestAsksThatAreRefused#a scheme that runs"}},
}

var clientIdentifiers = []requirement{
	{"VP 5.9.2: no prefix is a client registered beforehand", []string{"specs/openid4vp.TestSection593WhoSigned#no prefix"}},
	{"VP 5.9.3: redirect_uri is never signed, and is where the answer goes", []string{"specs/openid4vp.TestSection593RefusalsOfPrefixes#redirect_uri signed", "specs/openid4vp.TestSection593UnsignedRequest#another address"}},
	{"VP 5.9.3: x509_san_dns is a dNSName, and the host of the answer; not of HAIP", []string{"specs/openid4vp.TestSection593RefusalsOfPrefixes#x509_san_dns of no dNSName", "specs/openid4vp.TestSection593RefusalsOfPrefixes#x509_san_dns, answer to another host", "specs/openid4vp.TestSection593WhoSigned#x509_san_dns"}},
	{"VP 5.9.3: x509_hash is the hash of the leaf", []string{"specs/openid4vp.TestSection593WhoSigned#the certificate of another"}},
	{"VP 5.9.3, 12: verifier_attestation: sub, cnf, exp, redirect_uris, an attester that is trusted", []string{"specs/openid4vp.TestSection593RefusalsOfPrefixes#verifier_attestation of another", "specs/openid4vp.TestSection593RefusalsOfPrefixes#verifier_attestation of another key", "specs/openid4vp.TestSection593RefusalsOfPrefixes#verifier_attestation expired", "specs/openid4vp.TestSection593RefusalsOfPrefixes#verifier_attestation with other addresses", "specs/openid4vp.TestSection593RefusalsOfPrefixes#verifier_attestation of an unknown attester"}},
	{"VP 5.9.3: origin is refused in requests", []string{"specs/openid4vp.TestSection593RefusalsOfPrefixes#origin"}},
	{"VP 5.9.3: each prefix that is served is answered", []string{"wallet-sim/phone.TestAskedInEveryWay", "specs/openid4vp.TestEachPrefixAndModeReadsBack"}},
}

var credentialQueries = []requirement{
	{"VP 6: a query by its grammar, unknown members ignored", []string{"specs/dcql.TestSection6EveryMember", "specs/dcql.TestSection6Refusals"}},
	{"VP 6.1: multiple", []string{"verifier/server.TestWhatIsAskedByDCQL#two for one", "verifier/server.TestWhatIsAskedByDCQL#two for multiple", "wallet-sim/phone.TestEveryTypeIsShownByEveryMode"}},
	{"VP 6.1.1, HAIP 5: trusted_authorities by aki; what is not known matches nothing", []string{"verifier/server.TestWhatIsAskedByDCQL#of another authority", "verifier/server.TestWhatIsAskedByDCQL#authorities of a kind not known"}},
	{"VP 6.2, 6.4.2: credential_sets, required and not", []string{"verifier/server.TestWhatIsAskedByDCQL#a set that is not satisfied", "verifier/server.TestWhatIsAskedByDCQL#a set that may be left out", "wallet-sim/phone.TestEveryTypeIsShownByEveryMode"}},
	{"VP 6.2, 15.3: the purpose is shown before the request is sent", []string{"verifier/server.TestDemonstrationsOnTheAPI"}},
	{"VP 6.4.2: without sets every credential is required", []string{"verifier/server.TestWhatIsAskedByDCQL#a second credential, not optional"}},
}

var presentationResponses = []requirement{
	{"VP 8.2: vp_token as a form in the clear, where that was asked for", []string{"specs/openid4vp.TestSection82PostInTheClear", "wallet-sim/phone.TestAskedInEveryWay"}},
	{"VP 8.3.1: response as a JWE, and nothing in the clear", []string{"specs/openid4vp.TestSection82Post#in the clear"}},
	{"VP 8, A: each credential type by each response mode, on the same device and across", []string{"wallet-sim/phone.TestEveryTypeIsShownByEveryMode"}},
	{"VP 8.3: the kid names the key of the request", []string{"verifier/server.TestUnreadableAnswerTakesNothing"}},
	{"VP 8.2: 200 and JSON to an answer that holds and to a refusal", []string{"verifier/server.TestWalletRefuses", "verifier/server.TestSDJWTFromAnotherDevice"}},
	{"VP 8.6: a wallet is told the first check that did not hold, and the answer is spent", []string{"verifier/server.TestWalletIsToldWhatDoesNotHold"}},
	{"VP 8.2, 13.3, HAIP 5.1: redirect_uri with a response_code, once, in the browser that asked", []string{"verifier/server.TestMdocFromTheSameDevice", "verifier/server.TestCodeThatIsNotBroughtBack", "verifier/store.TestOneResponseCodeWins"}},
	{"VP 13.3: the wallet does not learn the id that the result is found by", []string{"wallet-sim/phone.TestAskedInEveryWay"}},
	{"VP 14.3.2: an answer to what is unknown, over or taken is refused", []string{"verifier/server.TestTimeIsUp", "verifier/server.TestSixteenAnswersOneIsTaken"}},
	{"VP 14.1.2: one wrong nonce refuses the whole", []string{"verifier/server.TestWalletIsToldWhatDoesNotHold#another nonce"}},
	{"VP 5.10.1: what has expired is not fetched, and a page that is open gets new requests", []string{"verifier/server.TestThePageGetsNewLinksSomeTimes", "verifier/store.TestOneRenewalWins"}},
}

var digitalCredentials = []requirement{
	{"VP A.1, HAIP 5.2: unsigned, signed and multi-signed requests, dc_api.jwt", []string{"specs/openid4vp.TestAppendixAEachProtocolReadsBack", "wallet-sim/phone.TestAskedInEveryWay", "wallet-sim/phone.TestPagesInABrowser"}},
	{"VP A.2: expected_origins, and no other origin", []string{"specs/openid4vp.TestAppendixARefusals", "wallet-sim/phone.TestAskedInEveryWay#signed, handed on by a thief"}},
	{"VP A.2: no state, no response_uri, no client_id in unsigned requests", []string{"wallet-sim/phone.TestAskedInEveryWay#the Digital Credentials API"}},
	{"VP A.2: a wallet ignores client_id, expected_origins and state in an unsigned request", []string{"specs/openid4vp.TestAppendixARefusals#a client_id is let by", "specs/openid4vp.TestAppendixARefusals#expected_origins are let by", "specs/openid4vp.TestAppendixARefusals#a state is let by"}},
	{"VP A.3.2.2: client_id and verifier_info in the header of each signature", []string{"specs/openid4vp.TestAppendixAEachProtocolReadsBack"}},
	{"VP A.4: the audience is the origin, also when the request is signed", []string{"wallet-sim/phone.TestAskedInEveryWay#unsigned, handed on by a thief"}},
	{"VP A.4: an error is data, and the promise is kept", []string{"specs/openid4vp.TestAppendixAAnswer#error", "wallet-sim/phone.TestAskedInEveryWay#the person says no"}},
	{"VP B.2.6.2: the session transcript over the API", []string{"specs/openid4vp.TestAppendixB262DCAPI", "wallet-sim/phone.TestAskedInEveryWay"}},
}
