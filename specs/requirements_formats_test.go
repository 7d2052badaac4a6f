package specs

var selectiveDisclosure = []requirement{
	{"RFC 9901 4: parts between tildes, one at the end without key binding", []string{"specs/sdjwt.TestParseRefuses#no final tilde", "specs/sdjwt.TestVectors"}},
	{"RFC 9901 4.2: salts of 128 bits, once each", []string{"specs/sdjwt.TestSaltsAreUniqueAnd128Bits", "issuer/signing.TestLintDisclosures#short salt"}},
	{"RFC 9901 4.2.3: the digest is of the text that was sent", []string{"specs/sdjwt.TestVectors", "specs/sdjwt.TestEncodeThenProcessIsTheOriginal"}},
	{"RFC 9901 4.2.4 to 4.2.6: order that tells nothing, elements, decoys, recursion", []string{"specs/sdjwt.TestDigestsAreSorted", "specs/sdjwt.TestDecoys", "specs/sdjwt.TestProcess#recursive", "specs/sdjwt.TestProcess#array element"}},
	{"RFC 9901 4.1.1, HAIP 8: _sd_alg at the top alone, sha-256 by default", []string{"specs/sdjwt.TestProcessRefuses#_sd_alg below the top", "specs/sdjwt.TestProcessRefuses#unknown _sd_alg"}},
	{"RFC 9901 4.2.1, 7.1: _sd and ... are no names of claims", []string{"specs/sdjwt.TestEncodeRefuses#claim named _sd", "specs/sdjwt.TestProcessRefuses#... as the value of a claim"}},
	{"RFC 9901 7.1: digests twice, disclosures of nothing, names that exist, wrong lengths", []string{"specs/sdjwt.TestProcessRefuses#digest twice in one _sd", "specs/sdjwt.TestProcessRefuses#disclosure added", "specs/sdjwt.TestProcessRefuses#name exists in the open", "specs/sdjwt.TestParseRefuses#disclosure of four elements"}},
	{"RFC 9901 7.1: what is not disclosed, and _sd, are taken away", []string{"specs/sdjwt.TestProcess#undisclosed element", "specs/sdjwt.TestProcess#undisclosed claim"}},
	{"RFC 9901 7.3, 9.5: the verifier decides on key binding, not what was sent", []string{"specs/sdjwt.TestKeyBindingRefuses#stripped", "verifier/server.TestSDJWTRefused"}},
	{"RFC 9901 4.3: typ, iat, aud, nonce and sd_hash of the key binding", []string{"specs/sdjwt.TestKeyBindingForm#no typ", "specs/sdjwt.TestKeyBindingForm#iat missing", "specs/sdjwt.TestKeyBindingForm#aud missing", "specs/sdjwt.TestKeyBindingForm#nonce missing", "specs/sdjwt.TestKeyBindingForm#sd_hash missing"}},
	{"RFC 9901 4.3: sd_hash is of all before it, with the last tilde", []string{"specs/sdjwt.TestKeyBindingRefuses#disclosure removed", "specs/sdjwt.TestKeyBindingRefuses#disclosure added", "specs/sdjwt.TestHashFollowsSDAlg"}},
	{"RFC 9901 9.7: what the validity hangs on is in the open", []string{"specs/sdjwtvc.TestHiddenClaimsAreRefused", "issuer/signing.TestLintDisclosures#exp"}},
}

var verifiableCredentials = []requirement{
	{"SD-JWT VC 2.2.1: typ dc+sd-jwt", []string{"specs/sdjwtvc.TestIssuedCredential", "specs/sdjwtvc.TestParseRefuses#typ vc+sd-jwt"}},
	{"SD-JWT VC 2.2.2.1: vct", []string{"specs/sdjwtvc.TestPrepareRefuses#no vct", "specs/sdjwtvc.TestMalformedClaimsAreRefused#vct missing"}},
	{"SD-JWT VC 2.2.2.3: iss, nbf, exp, cnf, vct, its integrity, aka_vcts and status are in the open, and their parts", []string{"specs/sdjwtvc.TestHiddenClaimsAreRefused", "specs/sdjwtvc.TestPrepareRefuses#mark deep inside cnf"}},
	{"SD-JWT VC 2.5, HAIP 6.1.1: x5c in the protected header, leaf first, without anchor, not signed by itself", []string{"specs/sdjwtvc.TestIssuedCredential", "specs/sdjwtvc.TestNewSignerRefuses#anchor in the chain", "specs/sdjwtvc.TestNewSignerRefuses#self-signed leaf", "specs/sdjwtvc.TestParseRefuses#no x5c"}},
	{"SD-JWT VC 4: keys at /.well-known/jwt-vc-issuer are those that sign", []string{"issuer/server.TestIssuerKeysAndTypes", "issuer/issuance.TestJWTVCIssuerMetadata", "specs/sdjwtvc.TestParseIssuerMetadata"}},
	{"HAIP 6.1: cnf.jwk is the holder's key", []string{"issuer/issuance.TestEachAlgorithmOfProofsIsTaken", "specs/sdjwtvc.TestHolderKey", "specs/sdjwtvc.TestPrepareRefuses#no holder key"}},
	{"HAIP 6.1: exp and status", []string{"issuer/issuance.TestCopiesOfABatchDoNotLink", "specs/sdjwtvc.TestPrepareRefuses#no exp"}},
	{"SD-JWT VC 2.2.2.3: status_list with idx and uri, whose token is a JWT", []string{"issuer/server.TestRevocationIsSeenInBothForms", "specs/sdjwtvc.TestMalformedClaimsAreRefused#status_list without idx"}},
	{"SD-JWT VC 2.2.2.5: without marks there is no _sd, and still a tilde", []string{"specs/sdjwtvc.TestCredentialWithoutMarks"}},
	{"SD-JWT VC 5: type metadata, which the credentials keep", []string{"issuer/issuance.TestCredentialsKeepTheirTypeMetadata", "specs/sdjwtvc.TestTypeMetadataRefused", "specs/sdjwtvc.TestCheckType"}},
	{"SD-JWT VC 6: integrity is verified where it is told", []string{"specs/sdjwtvc.TestIntegrity", "issuer/server.TestIssuerKeysAndTypes", "specs/sdjwtvc.TestResolveType#another document"}},
	{"SD-JWT VC 7.1, 7.4: fetched by https, within limits, not from inside, not in a circle", []string{"internal/fetch.TestGuardRefusesBeforeAnyConnection", "internal/fetch.TestRefusals#too large", "specs/sdjwtvc.TestResolveType#in a circle"}},
	{"SD-JWT VC 5.6.3: what is not disclosed is not missed", []string{"specs/sdjwtvc.TestCheckType#mandatory and absent"}},
	{"SD-JWT VC 2.4: signature before anything is told, then times", []string{"specs/sdjwtvc.TestNothingIsToldBeforeTheSignature", "specs/sdjwtvc.TestVerifyValidity"}},
}

var statusLists = []requirement{
	{"TSL 4.1: 1, 2, 4 or 8 bits, the first in the low bits", []string{"specs/statuslist.TestSpecificationExamples", "specs/statuslist.TestBitOrder", "specs/statuslist.TestDecompressRefuses#3 bits"}},
	{"TSL 4.1: DEFLATE in zlib", []string{"specs/statuslist.TestDecompressRefuses#raw DEFLATE, no zlib", "specs/statuslist.TestDecompressRefuses#gzip"}},
	{"TSL 5.1: typ statuslist+jwt, sub, iat, bits and lst; exp and ttl", []string{"specs/statuslist.TestParseJWTRefuses#typ JWT", "specs/statuslist.TestParseJWTRefuses#sub missing", "specs/statuslist.TestParseJWTRefuses#ttl zero", "specs/statuslist.TestTokensComeBack"}},
	{"TSL 5.2: CWT as COSE_Sign1 under tag 18 alone, with its type protected", []string{"specs/statuslist.TestParseCWTRefuses#not tagged", "specs/statuslist.TestParseCWTRefuses#tagged twice, as CWT", "specs/statuslist.TestParseCWTRefuses#type unprotected"}},
	{"ISO 18013-5 12.3.6: x5chain protected in the CWT, and exp", []string{"specs/statuslist.TestParseCWTRefuses#x5chain unprotected", "specs/statuslist.TestSignRefuses#no exp"}},
	{"HAIP 6.1: x5c without anchor", []string{"specs/statuslist.TestParseJWTRefuses#no x5c", "specs/statuslist.TestSignRefuses#anchor in the chain"}},
	{"TSL 6: the reference, in JSON and in CBOR", []string{"specs/sdjwtvc.TestMalformedClaimsAreRefused#status_list without uri", "specs/mdoc.TestIssuedForm"}},
	{"TSL 7.1: valid, invalid, suspended", []string{"issuer/server.TestAPersonPutsACredentialOnHold", "verifier/server.TestStatusRefused#suspended"}},
	{"TSL 8.1, 8.2: by GET in either form, with CORS and gzip for the JWT", []string{"issuer/status.TestListInTheFormThatIsAskedFor", "issuer/status.TestContentEncoding"}},
	{"TSL 8.2: exp and ttl win over what HTTP says", []string{"issuer/wallets.TestListsAreKeptAsLongAsTheyAllow", "verifier/server.TestStatusListIsKeptForItsTTL"}},
	{"TSL 8.3: sub is the address, the index within, the list not expired; else refused", []string{"specs/statuslist.TestCheck#another list", "specs/statuslist.TestCheck#expired", "verifier/server.TestStatusRefused#index out of range"}},
	{"TSL 8.3: the credential is verified first", []string{"verifier/server.TestStatusOfAStrangerIsNotFetched"}},
	{"TSL 11.1: a bomb stops at the limit", []string{"specs/statuslist.TestBombStopsAtTheLimit"}},
	{"TSL 8.4: a list as it was", []string{"issuer/status.TestTime", "issuer/store.TestTheListAsItWas"}},
	{"TSL 9: aggregation, from the list and from the metadata", []string{"issuer/status.TestAggregation", "issuer/server.TestEveryEndpointThatIsNamedIsThere"}},
	{"TSL 13.2, 13.3, HAIP 6.1: indices that nobody guesses, none twice, decoys", []string{"issuer/store.TestIndicesOfTenThousandHaveNoOrder", "issuer/store.TestIndicesAreUniqueAmongRacers", "issuer/status.TestDecoys"}},
}

var mobileDocuments = []requirement{
	{"ISO 18013-5 10.3, 12.3.5: IssuerSigned, items under tag 24, randoms of 16 bytes or more", []string{"specs/mdoc.TestIssuedForm", "specs/mdoc.TestParseIssuerSignedRefusesItems#random of 15 bytes", "specs/mdoc.TestParseIssuerSignedRefusesItems#digestID twice"}},
	{"ISO 18013-5 12.3.4: COSE_Sign1 untagged, alg protected, x5chain unprotected, payload under tag 24", []string{"specs/mdoc.TestIssuedForm", "specs/mdoc.TestParseIssuerSignedRefusesFrames#issuerAuth under tag 18", "specs/mdoc.TestIssuerChecksRefuse#alg only unprotected"}},
	{"ISO 18013-5 12.3.4: x5chain is read from either header", []string{"specs/mdoc.TestChainInEitherHeader"}},
	{"ISO 18013-5 12.3.4: the members of the security object, with status", []string{"specs/mdoc.TestIssuedForm", "specs/mdoc.TestParseIssuerSignedRefusesSecurityObjects"}},
	{"ISO 18013-5 12.3.5: the digest is of the bytes under the tag, and these are never encoded again", []string{"specs/mdoc.TestIssuedForm", "specs/mdoc.TestPresentedBytesAreThoseIssued", "specs/cose.TestEncodedBytesAreThoseReceived"}},
	{"ISO 18013-5 12.3.4: times to the second in UTC, in order, within the certificate's", []string{"specs/mdoc.TestTimesAreWrittenToTheSecondInUTC", "specs/mdoc.TestIssueRefuses#validFrom before signed", "specs/mdoc.TestIssueRefuses#validUntil after the certificate's end"}},
	{"RFC 8943: full-date under tag 1004", []string{"specs/cose.TestTagsWithTypesOfTheirOwn#full-date under tag 0", "issuer/issuance.TestPIDRulebook"}},
	{"ISO 18013-5 8.3, PID Rulebook 3.1.2: shortest forms, definite lengths", []string{"specs/cose.TestCheckRefuses", "specs/cose.TestMarshalIsDeterministic"}},
	{"ISO 18013-5 12.3.4: digestIDs of two copies tell nothing", []string{"specs/mdoc.TestCopiesShareNoRandomsAndNoOrder", "specs/mdoc.TestShuffleIsEven"}},
	{"ARF VCR_01b, VCR_12, ISO 18013-5 12.3.6: an mdoc can be revoked by an identifier list too", []string{"issuer/server.TestATypeOnAnIdentifierList", "verifier/server.TestIdentifierList#revoked", "verifier/server.TestStatusByBothMechanisms", "specs/statuslist.TestParseIdentifiersRefuses#exp missing", "specs/statuslist.TestParseIdentifiersRefuses#x5chain unprotected"}},
	{"ISO 18013-5 12.3.6: a status by a mechanism that is not known is none that holds", []string{"verifier/server.TestStatusByAnotherMechanism"}},
	{"ISO 18013-5 12.4.4: device authentication by signature or MAC", []string{"specs/mdoc.TestAnnexDEveryCheckHolds", "specs/mdoc.TestDeviceChecksRefuse#a MAC where a signature is wanted", "specs/mdoc.TestParseDeviceResponseRefuses#deviceAuth of both kinds"}},
	{"ISO 18013-5 10.3: the members of DeviceResponse", []string{"specs/mdoc.TestParseDeviceResponseRefuses"}},
	{"ISO 18013-5 12.8: issuing_country is the country of the certificate", []string{"verifier/presentation.TestCorpus"}},
	{"ISO 18013-5 12.8: chain, signature, digests, document type, validity, device", []string{"specs/mdoc.TestIssuerChecksRefuse", "specs/mdoc.TestAnnexDTampered", "verifier/server.TestMdocRefused"}},
	{"RFC 9053 2.1: signatures are r and s, of their length", []string{"specs/cose.TestVerifyRefuses#DER", "specs/cose.TestVerifyRefuses#63 bytes", "specs/mdoc.TestIssuedIsVerifiedByTheOracle"}},
	{"ISO 18013-5 7.2.1: the mandatory elements of a driving licence", []string{"issuer/server.TestDrivingLicence"}},
	{"all of these: each type is verified by implementations that are not ours", []string{"wallet-sim/phone.TestEveryTypeByEveryWay"}},
}

var certificates = []requirement{
	{"ISO 18013-5 B.1.2: what an IACA certificate holds, 20 years at most", []string{"specs/x5c.TestNewRoot", "specs/x5c.TestMakersRefuse#root for more than 20 years", "issuer/server.TestCertificates"}},
	{"ISO 18013-5 B.1.4: what a document signer holds, 457 days at most, of the same country", []string{"specs/x5c.TestIssueDocumentSigner", "specs/x5c.TestProfileRefuses#document signer of 458 days", "specs/x5c.TestMakersRefuse#document signer of another country"}},
	{"ISO 18013-5 B.1: nobody who signs status lists lives for more than 1187 days", []string{"issuer/server.TestCertificates"}},
	{"ISO 18013-5 B.1.4: its extended key usage", []string{"specs/x5c.TestProfileRefuses#document signer without EKU", "specs/x5c.TestProfileRefuses#document signer, another EKU"}},
	{"ISO 18013-5 B.1.2, B.1.4, B.2: the list of what is revoked is where the certificates say", []string{"issuer/server.TestRevokedCertificatesAreListed", "specs/x5c.TestCRL"}},
	{"HAIP 4.1, 6.1: no anchor in a chain, no leaf signed by itself", []string{"specs/x5c.TestVerifyRefuses#anchor at the end", "specs/x5c.TestVerifyRefuses#leaf self-signed"}},
	{"RFC 5280: times, path length, usage, critical extensions", []string{"specs/x5c.TestVerifyRefuses#leaf expired", "specs/x5c.TestVerifyRefuses#path length exceeded", "specs/x5c.TestVerifyRefuses#unknown critical extension"}},
}

var personIdentification = []requirement{
	{"PID Rulebook 2 to 4: names and types of the attributes in both formats, the mandatory ones", []string{"issuer/issuance.TestPIDRulebook", "issuer/credentials.TestPIDHasItsMandatoryClaims"}},
	{"PID Rulebook 3, 4: vct, document type and name space", []string{"issuer/issuance.TestPIDAsSDJWTVC", "issuer/issuance.TestPIDRulebook"}},
	{"PID Rulebook 3: no text of more than 150 characters", []string{"issuer/credentials.TestCheckValue"}},
	{"ARF PID_21: each claim, property and element is disclosed by itself", []string{"issuer/issuance.TestPIDRulebook", "issuer/issuance.TestTypeMetadataSayWhatIsDisclosedByItself"}},
	{"PID Rulebook 1.7: nothing of ages", []string{"issuer/issuance.TestPIDRulebook"}},
	{"PID Rulebook 3, 4: the technical claims: vct, cnf, status, x5c and times; deviceKey and status", []string{"issuer/issuance.TestPIDRulebook", "issuer/issuance.TestPIDAsMDoc"}},
	{"CIR 2015/1502: level high, by a proofing in person and the app", []string{"issuer/server.TestPIDAtLevelHigh", "issuer/server.TestPIDOutOfReach", "issuer/issuance.TestRequestRefused#level too low"}},
}
