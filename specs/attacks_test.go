package specs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// attacks names, for the rows A01 to C20, and some others of the project's table of attacks and faults, the tests that hold
// them, as package.Test. A row that is there twice is held at two heights.
var attacks = map[string][]string{
	"A01 hundred wrong passwords, then the right one":  {"minid.TestWrongPasswordsWithoutWaiting", "minid.TestWrongPasswordsWithWaiting", "minid.TestQuarantineTiming"},
	"A02 fifty at once on two replicas":                {"minid.TestParallelPasswordsOnTwoReplicas", "minid.TestAddressIsCountedAcrossReplicas", "minid.TestCodeIsRaced"},
	"A03 spray from one address":                       {"minid.TestSprayFromOneAddress", "minid.TestNetworksOfFailures", "minid/login.TestTooManyFailuresFromOneAddress", "minid/school.TestGuessesOfCodesCountForTheAddress"},
	"A05 forwarded headers":                            {"internal/peer.TestOf", "minid/login.TestTooManyFailuresFromOneAddress", "minid/login.TestFailuresBehindATrustedProxy", "minid/authserver.TestProofsAtTheResource"},
	"A06 locking a victim":                             {"minid.TestSessionLivesThroughQuarantine", "minid.TestVictimOfALockHelpsThemselves"},
	"A07 enumeration":                                  {"minid.TestSameAnswersWhoeverItIs", "minid/login.TestUnknownPersonGetsTheSameAnswer", "minid.TestResetTellsNothing", "minid/login.TestResetPagesAreTheSameForEverybody", "minid/app.TestPairingCodesTellNothing"},
	"A09 skipping steps":                               {"minid.TestStepsCannotBeSkipped", "minid.TestCodeOfAnotherPerson", "minid/login.TestLaterStepsBeforeTheirTime"},
	"A10 a code twice":                                 {"minid.TestTOTPStepOnlyRises", "minid.TestOneOfSixteenSignInsGetsTheCode"},
	"A11 guessing TOTP in fresh sign-ins":              {"minid.TestTOTPIsDisabledAtTheTenthWrongCode", "minid.TestRightCodeForADisabledFactor"},
	"A12 the window of TOTP":                           {"minid.TestTOTPWindow", "minid.TestTOTPText", "minid.TestTOTPVectors"},
	"A13 guessing codes by SMS":                        {"minid.TestGuessingCodesBySMS", "minid.TestSMSIsDisabledAfterTenFailures"},
	"A15 pumping SMS":                                  {"minid.TestSendBudgets", "minid.TestSendsAreLimited"},
	"A16 push bombing":                                 {"minid.TestTheAppIsNotBombed", "minid.TestAnotherWayWhenTheAppWasAskedTooOften"},
	"A18 session fixation":                             {"minid.TestNewSessionAtEachFinish"},
	"A19 forms from elsewhere":                         {"issuer/server.TestCrossSitePostToEveryRoute", "minid/login.TestFormsFromElsewhere"},
	"A20 open redirect":                                {"minid/login.TestOpenRedirect", "issuer/server.TestRedirectMutations"},
	"A21 headers of pages":                             {"issuer/server.TestHeadersOfEveryRoute", "minid/login.TestHeadersOfEveryPage"},
	"A23 changes with an old session":                  {"minid.TestChangesTakeAFreshLogin", "minid.TestPairingNeedsAFreshLogin", "minid.TestLastFactorStays", "minid/login.TestChangesAtMyMinIDTakeAFreshLogin"},
	"A24 passwords at their limits":                    {"minid.TestPasswordsAtTheirLimits", "minid.TestPasswordForms", "minid.TestTooLongPasswordIsNotHashed"},
	"A25 privacy sweep":                                {"issuer/server.TestPrivacySweep", "web/webtest/leak.TestPlantedLeaksAreFound", "web/webtest/leak.TestALeakFailsTheTest", "minid/authserver.TestNothingPersonalOrSecretIsLogged", "internal/metrics.TestMetrics"},
	"A26 log injection":                                {"issuer/server.TestLogInjection"},
	"B01 redirect_uri":                                 {"minid/authserver.TestRedirectURIOfARegisteredClientIsExact", "minid/authserver.TestRedirectURIOfAnyClient", "minid/authserver.TestTokenRefuses"},
	"B02 authorize without a pushed request":           {"minid/authserver.TestAuthorizeNeedsAPushedRequest", "minid/authserver.TestParametersBesideARequestURIAreIgnored"},
	"B03 no client authentication":                     {"minid/authserver.TestPARRefuses", "minid/authserver.TestWalletAttestationRefused"},
	"B05 request_uri pushed or foreign":                {"minid/authserver.TestPARRefuses", "minid/authserver.TestAuthorizeNeedsAPushedRequest"},
	"B06 PKCE":                                         {"minid/authserver.TestPARRefuses", "minid/authserver.TestTokenRefuses", "minid/authserver.TestVerifierMustBeWellFormed"},
	"B07 a code twice":                                 {"minid/authserver.TestCodeUsedTwiceRevokesItsTokens", "minid/authserver.TestReusedCodeEndsTheRefreshToken"},
	"B09 an old code":                                  {"minid/authserver.TestCodeLivesAMinute"},
	"B10 mix-up":                                       {"minid/authserver.TestRefusalsGoBackToTheWallet", "minid/authserver.TestYes", "minid/authclient.TestAnswersRefused", "verifier/server.TestWalletLoginAnswersRefused"},
	"B11 bad DPoP proofs":                              {"minid/authserver.TestProofsAtTheTokenEndpoint", "minid/authserver.TestProofsAtTheResource"},
	"B13 the nonce of DPoP":                            {"minid/authserver.TestProofsAtTheTokenEndpoint", "minid/authserver.TestProofsAtTheResource"},
	"B14 long and many jti":                            {"minid/authserver.TestProofsAtTheResource"},
	"B15 a code of another key":                        {"minid/authserver.TestCodeBoundToAKey"},
	"B16 a bound token as Bearer":                      {"minid/authserver.TestTokensAtTheResource"},
	"B17 tokens that are not ours":                     {"minid/authserver.TestTokensAtTheResource"},
	"B18 client assertions":                            {"issuer/server.TestClientAssertions", "minid/authserver.TestWalletAssertionRefused", "minid/authserver.TestWalletAssertionIsTakenOnce"},
	"B19 wallet attestations":                          {"minid/authserver.TestWalletAttestationRefused"},
	"B21 refresh tokens":                               {"minid/authserver.TestRefreshRefuses", "minid/authserver.TestRefreshIsOfTheInstance", "minid/authserver.TestSixteenRefreshes", "minid/authserver.TestRefreshAgainstWithdrawal", "issuer/server.TestNothingIssuedAgainAfter"},
	"B23 grants that are not served":                   {"minid/authserver.TestTokenRefuses", "minid/authserver.TestPARRefuses", "minid/authserver.TestServicesHaveNoGrantsOfWallets"},
	"B25 redirects after a POST":                       {"minid/authserver.TestYes", "minid/authserver.TestRefusalsGoBackToTheWallet"},
	"B26 acr, max_age, prompt":                         {"issuer/server.TestLoginAsAsked"},
	"B27 forwarded QR":                                 {"minid.TestForwardedQRCode", "minid.TestApprovalInTheAppIsShortAndSaysForWhat", "minid.TestRejectedExpiredAndForeignAttempts"},
	"C01 access tokens":                                {"issuer/server.TestAccessRefused", "issuer/issuance.TestRequestRefused"},
	"C02 configurations and identifiers":               {"issuer/issuance.TestRequestRefused", "issuer/server.TestAuthorizationDetailsTakeIdentifiers"},
	"C03 proofs and nonces":                            {"issuer/issuance.TestRequestRefused", "issuer/issuance.TestANonceIsUsedOnce", "issuer/server.TestOneOfSixteenRequestsGetsTheNonce"},
	"C04 bad key proofs":                               {"issuer/issuance.TestBadKeyProofsRefused", "specs/openid4vci.TestAppendixF4Header", "specs/openid4vci.TestAppendixF1Claims"},
	"C06 key attestations":                             {"issuer/issuance.TestBadKeyAttestationsRefused", "issuer/issuance.TestBadUseOfAKeyAttestationRefused"},
	"C07 a pre-authorized code twice":                  {"minid/authserver.TestPreAuthorizedCodeIsUsedOnce", "minid/authserver.TestPreAuthorizedCodeLivesFiveMinutes", "issuer/server.TestFromPageToCredential"},
	"C08 guessing transaction codes":                   {"minid/authserver.TestThreeTransactionCodes", "minid/authserver.TestGuessesAtOnce"},
	"C09 tx_code and client_id":                        {"minid/authserver.TestPreAuthorizedRefuses", "minid/authserver.TestPreAuthorizedClientAuthenticates", "issuer/server.TestAnonymousPreAuthorized"},
	"C11 an offer for somebody else":                   {"minid/authserver.TestPreAuthorizationIsOfItsSession", "issuer/server.TestOfferIsOfWhoMadeIt", "issuer/server.TestATeacherOutsideTheClassIsRefused"},
	"C12 an offer of the attacker":                     {"issuer/server.TestOfferOfAnotherInTheWallet", "minid/authserver.TestIssuerStateIsOfAnOffer", "wallet-sim/wallet.TestAuthorizationCodeIsPreferred"},
	"C14 notifications":                                {"issuer/issuance.TestSection113NotificationRefused", "issuer/issuance.TestSection11TheSameAgainIsTakenAgain", "issuer/server.TestTheWalletTellsThatItStored"},
	"C15 encryption of requests":                       {"issuer/issuance.TestSection8312EncryptionParameters", "issuer/issuance.TestSection10RefusalsAreNeverEncrypted", "issuer/issuance.TestSection91EncryptionIsAskedForAnew"},
	"C16 lint before the signature":                    {"issuer/signing.TestLintRefusesBatches", "issuer/signing.TestLintReadsThePayload", "issuer/signing.TestLintReadsTheMSO", "issuer/signing.TestTheBytesThatWereLintedAreSigned", "issuer/issuance.TestWhatFailsTheLintLeavesNothingBehind"},
	"C17 status indices":                               {"issuer/store.TestIndicesOfTenThousandHaveNoOrder", "issuer/store.TestIndicesAreUniqueAmongRacers"},
	"C20 keys out of reach":                            {"issuer/server.TestKeysOutOfReach", "issuer/issuance.TestSection9WhatCouldNotBeSignedIsPutBack"},
	"D01 an answer twice":                              {"verifier/server.TestSixteenAnswersOneIsTaken", "verifier/server.TestRequestMayBeFetchedAgainUntilItIsAnswered", "verifier/store.TestOneAnswerWins"},
	"D02 another nonce or client_id":                   {"verifier/presentation.TestCorpus", "verifier/server.TestSDJWTRefused", "verifier/server.TestMdocRefused", "verifier/server.TestWalletIsToldWhatDoesNotHold", "specs/openid4vp.TestSection593WhoSigned"},
	"D03 the KB-JWT stripped":                          {"verifier/presentation.TestCorpus", "verifier/server.TestSDJWTRefused"},
	"D04 sd_hash after a change of disclosures":        {"verifier/presentation.TestCorpus", "verifier/server.TestSDJWTRefused"},
	"D05 KB-JWT: alg, typ, iat, key":                   {"verifier/presentation.TestCorpus", "verifier/server.TestSDJWTRefused"},
	"D07 claims hidden or missing":                     {"verifier/presentation.TestCorpus", "specs/sdjwtvc.TestNothingIsToldBeforeTheSignature"},
	"D08 not entitled to the type":                     {"verifier/server.TestIssuerIsNotEntitled", "verifier/trust.TestAnAnchorCountsForItsTypesAlone", "verifier/presentation.TestCorpus"},
	"D10 mdoc: digests, types, transcript, times, alg": {"verifier/server.TestMdocRefused", "verifier/presentation.TestCorpus", "verifier/presentation.TestCorpusWithEachCheckRemoved"},
	"D11 status: revoked, out of range, wrong, old":    {"verifier/server.TestStatusRefused", "verifier/presentation.TestCorpus", "specs/statuslist.TestAppendixVectors", "specs/statuslist.TestBitOrder"},
	"D12 a bomb as a status list":                      {"specs/statuslist.TestBombStopsAtTheLimit", "verifier/presentation.TestCorpus"},
	"D13 the host of a status list":                    {"verifier/server.TestStatusRefused", "verifier/server.TestASlowStatusHost", "verifier/server.TestStatusListIsKeptNoLongerThanTheOperatorAllows", "internal/fetch.TestGuardRefusesBeforeAnyConnection"},
	"D14 the response_code":                            {"verifier/server.TestMdocFromTheSameDevice", "verifier/server.TestCodeThatIsNotBroughtBack", "verifier/store.TestOneResponseCodeWins"},
	"D16 posts to what is not there":                   {"verifier/server.TestTimeIsUp", "verifier/server.TestSixteenAnswersOneIsTaken", "verifier/store.TestUnknownIdentifiers", "wallet-sim/phone.TestAskedInEveryWay"},
	"D18 other than was asked for":                     {"verifier/presentation.TestCorpus", "verifier/server.TestAnswerRefused", "verifier/presentation.TestAskedKeepsWhatTheQueryNames", "verifier/server.TestWhatIsAskedByDCQL", "verifier/server.TestClaimsBeyondTheQueryAreDropped"},
	"D19 transaction data":                             {"verifier/presentation.TestCorpus", "verifier/presentation.TestHashesOfTransactionData"},
	"D20 request objects":                              {"verifier/server.TestRequestObject", "verifier/server.TestRequestByPost", "verifier/server.TestThePageGetsNewLinksSomeTimes"},
	"E02 a transaction code for a stranger":            {"wallet-sim/wallet.TestTransactionCodeIsAskedFor", "wallet-sim/phone.TestAnOfferWithACode"},
	"G10 slow clients":                                 {"internal/serve.TestSlowClients", "internal/serve.TestSlowReader"},
	"G11 requests without end":                         {"internal/serve.TestHeaderTooLarge", "issuer/server.TestBodyWithoutEnd"},
	"G12 ten thousand at the login":                    {"issuer.TestTenThousandLogIn"},
	"G13 wallets beside a storm of people":             {"issuer/server.TestStormOfPeopleHoldsUpNobodyElse"},
	"reading along in the record of another":           {"verifier/server.TestWhoLuresReadsNothing", "verifier/server.TestTheSameDeviceIsJoinedWhenTheBrowserIsBack", "transaction/store.TestAnInventedSecretTiesNothing"},
	"what is kept of persons and secrets in records":   {"verifier/server.TestACanaryInEveryClaimAndSecret", "transaction.TestWhatIsKept", "transaction.TestPresentationsKeepNamesAlone"},
	"login with the wallet: a level not reached":       {"verifier/server.TestLevelThatACredentialDoesNotReach", "verifier/server.TestTrustThatIsTakenBack", "verifier/login.TestPersonOfAVerdict"},
	"login with the wallet: answers of other logins":   {"verifier/server.TestAnswerOfAnotherLogin", "verifier/server.TestNoLoginByABadPresentation"},
	"login with the wallet: code and answer twice":     {"verifier/server.TestLoginWithTheWallet", "verifier/server.TestWalletLoginAnswersRefused", "issuer/store.TestWalletLoginIsTakenOnce"},
	"login with the wallet: links in other browsers":   {"verifier/server.TestStolenLinks"},
}

// A row whose test was renamed or deleted is a row that nothing holds.
func TestEveryAttackHasItsTests(t *testing.T) {
	have := tests(t)
	if len(have) < 300 {
		t.Fatalf("only %d tests were read", len(have))
	}
	for row, names := range attacks {
		if len(names) == 0 {
			t.Errorf("%s: no test", row)
		}
		for _, name := range names {
			if !have[name] {
				t.Errorf("%s: there is no test %s", row, name)
			}
		}
	}
}

// tests are the tests of the module, by package path and name.
func tests(t *testing.T) map[string]bool {
	t.Helper()
	have := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git") {
			if err == nil {
				err = fs.SkipDir
			}
			return err
		}
		if d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		folder := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), "../")
		for _, declared := range file.Decls {
			if f, ok := declared.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				have[folder+"."+f.Name.Name] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return have
}
