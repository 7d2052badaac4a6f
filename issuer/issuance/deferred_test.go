package issuance_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/internal/keys"
	"lommebok.example/issuer/credentials"
	"lommebok.example/issuer/signing"
	"lommebok.example/issuer/source"
	"lommebok.example/minid"
	"lommebok.example/specs/attestation"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/sdjwtvc"
)

const diploma = "no.sikt.vitnemal_sd_jwt_vc"

// archive is how long the source takes for a diploma.
const archive = 3 * time.Second

func (b *bench) pickUp(id string) *httptest.ResponseRecorder {
	return b.postDeferred(`{"transaction_id":"` + id + `"}`)
}

func (b *bench) postDeferred(text string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/deferred-credential", strings.NewReader(text))
	r.Header.Set("Content-Type", "application/json")
	return b.do(r)
}

// deferred reads an answer with status 202.
func (b *bench) deferred(t testing.TB, rec *httptest.ResponseRecorder) *openid4vci.CredentialResponse {
	t.Helper()
	if rec.Code != http.StatusAccepted || rec.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("status %d %v: %s\n%s", rec.Code, rec.Header(), rec.Body, b.log)
	}
	answer, err := openid4vci.ParseCredentialResponse(rec.Code, rec.Body.Bytes(), 1)
	check(t, err)
	return answer
}

// order asks for diplomas and gives the keys and the transaction.
func (b *bench) order(t testing.TB, n int) ([]*ecdsa.PrivateKey, *openid4vci.CredentialResponse) {
	t.Helper()
	text, keys := b.asking(t, diploma, n)
	return keys, b.deferred(t, b.post(text))
}

func (b *bench) waiting(t testing.TB) int64 {
	t.Helper()
	var n int64
	check(t, b.db.R.Raw("SELECT count(*) FROM issuer_deferred").Scan(&n).Error)
	return n
}

// Section 9: 202 with the same transaction until the facts are there, then the credentials, each for one of the keys; then the
// transaction is over.
func TestSection9FromOrderToCredential(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBenchOn(t, db)
		keys, first := b.order(t, 3)
		if first.Interval != 3 {
			t.Errorf("interval %d", first.Interval)
		}
		if r := b.rows(t); r.Issuances != 0 || r.Entries != 0 || r.Nonces != 1 {
			t.Errorf("%+v: something is issued already, or the nonce is not spent", r)
		}
		b.at = b.at.Add(archive - 500*time.Millisecond)
		again := b.deferred(t, b.pickUp(first.TransactionID))
		if again.TransactionID != first.TransactionID || again.Interval != 1 {
			t.Errorf("%+v", again)
		}
		b.at = b.at.Add(500 * time.Millisecond)
		rec := b.pickUp(first.TransactionID)
		texts := b.credentials(t, rec, 3)
		for n, text := range texts {
			_, claims := b.sdjwt(t, text, keys[n])
			if claims["programme"] != "Allmennfag" || claims["general_study_competence"] != true {
				t.Errorf("%v", claims)
			}
		}
		answer, err := openid4vci.ParseCredentialResponse(rec.Code, rec.Body.Bytes(), 3)
		check(t, err)
		if r := b.tell("application/json", told(answer.NotificationID, openid4vci.CredentialAccepted)); r.Code != http.StatusNoContent {
			t.Errorf("notification: %d %s", r.Code, r.Body)
		}
		before := b.rows(t)
		b.refused(t, b.pickUp(first.TransactionID), before, 400, openid4vci.InvalidTransactionID)
		if b.waiting(t) != 0 {
			t.Error("the keys are still there")
		}
	})
}

// What is kept while somebody waits is sealed: neither a key nor a signature can be read from the database.
func TestSection9NothingReadableWaits(t *testing.T) {
	b := newBench(t)
	keys, _ := b.order(t, 1)
	var row struct {
		Sealed []byte
		Rest   string
	}
	check(t, b.db.R.Raw("SELECT sealed, id || grant_id || person_id || client_id || configuration_id AS rest FROM issuer_deferred").Scan(&row).Error)
	jwk := jose.PublicJWK(&keys[0].PublicKey)
	for _, part := range []string{jwk.X, jwk.Y, karies, "eyJ"} {
		if strings.Contains(string(row.Sealed)+row.Rest, part) {
			t.Errorf("%q can be read", part)
		}
	}
}

func TestSection93Refused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		for _, tt := range []struct {
			name   string
			change func(t *testing.T, b *bench)
			body   string // with %s for the transaction
			code   string
			ends   bool // the transaction
		}{
			{"not JSON", nil, "{", openid4vci.InvalidCredentialRequest, false},
			{"no transaction", nil, `{}`, openid4vci.InvalidCredentialRequest, false},
			{"not a text", nil, `{"transaction_id":7}`, openid4vci.InvalidCredentialRequest, false},
			{"unknown", nil, `{"transaction_id":"x"}`, openid4vci.InvalidTransactionID, false},
			{"with a NUL", nil, `{"transaction_id":"\u0000"}`, openid4vci.InvalidTransactionID, false},
			{"response encryption in a plain request", nil, `{"transaction_id":"%s","credential_response_encryption":{}}`, openid4vci.InvalidEncryptionParameters, false},
			{"of another grant", func(_ *testing.T, b *bench) { b.access.GrantID = "other" }, `{"transaction_id":"%s"}`, openid4vci.InvalidTransactionID, false},
			{"of no grant", func(_ *testing.T, b *bench) { b.access.GrantID = "" }, `{"transaction_id":"%s"}`, openid4vci.InvalidTransactionID, false},
			{"ended", func(_ *testing.T, b *bench) { b.at = b.access.AuthTime.Add(90 * 24 * time.Hour) }, `{"transaction_id":"%s"}`, openid4vci.InvalidTransactionID, false},
			{"account locked", func(_ *testing.T, b *bench) { b.state = minid.StateLocked }, `{"transaction_id":"%s"}`, openid4vci.CredentialRequestDenied, true},
			{"level too low", func(_ *testing.T, b *bench) { b.access.Level = minid.LevelLow }, `{"transaction_id":"%s"}`, openid4vci.CredentialRequestDenied, true},
			{"the archive has none", func(_ *testing.T, b *bench) {
				b.at = b.at.Add(archive)
				b.Source = empty{}
			}, `{"transaction_id":"%s"}`, openid4vci.CredentialRequestDenied, true},
		} {
			t.Run(tt.name, func(t *testing.T) {
				b := newBenchOn(t, db)
				_, first := b.order(t, 1)
				if tt.change != nil {
					tt.change(t, b)
				}
				before := b.rows(t)
				if tt.ends {
					before.Audit++
				}
				spent, waiting := b.spent, b.waiting(t)
				b.refused(t, b.postDeferred(strings.ReplaceAll(tt.body, "%s", first.TransactionID)), before, 400, tt.code)
				if b.spent != spent+1 {
					t.Errorf("the DPoP proof was spent %d times", b.spent-spent)
				}
				if (b.waiting(t) == waiting-1) != tt.ends {
					t.Errorf("%d wait, before %d", b.waiting(t), waiting)
				}
			})
		}
	})
}

// empty is an archive that finds nothing, and needs its time for that.
type empty struct{}

func (empty) Facts(_ context.Context, _ string) (*source.Facts, error) {
	f := source.NewFacts(map[string]any{}, source.Date{Year: 1953, Month: 6, Day: 12}, time.Now())
	f.Later(archive, source.DiplomaDate)
	return f, nil
}

// Section 9.1: how the answer is encrypted is asked for anew; without it the answer is plain.
func TestSection91EncryptionIsAskedForAnew(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBenchOn(t, db)
		m := b.metadata(t)
		if m.DeferredCredentialEndpoint != issuerURL+"/deferred-credential" {
			t.Errorf("deferred_credential_endpoint %q", m.DeferredCredentialEndpoint)
		}
		own := newKey(t)
		ask := func(id string, key *ecdsa.PrivateKey) (*httptest.ResponseRecorder, *openid4vci.ResponseEncryptionKey) {
			request := openid4vci.DeferredRequest{TransactionID: id}
			if key != nil {
				var err error
				request.ResponseEncryption, err = m.CredentialResponseEncryption.Asks(&key.PublicKey)
				check(t, err)
			}
			compact, err := request.Encrypt(m.CredentialRequestEncryption)
			check(t, err)
			r := httptest.NewRequest(http.MethodPost, "/deferred-credential", strings.NewReader(compact))
			r.Header.Set("Content-Type", "application/jwt")
			return b.do(r), request.ResponseEncryption
		}
		_, first := b.order(t, 1) // plain
		rec, asked := ask(first.TransactionID, own)
		raw, err := openid4vci.OpenCredentialResponse(rec.Body.String(), asked, own)
		check(t, err)
		if pending, err := openid4vci.ParseCredentialResponse(rec.Code, raw, 1); err != nil || pending.TransactionID != first.TransactionID {
			t.Errorf("%s: %v", raw, err)
		}
		b.at = b.at.Add(archive)
		rec, _ = ask(first.TransactionID, nil)
		b.credentials(t, rec, 1)

		b.encrypting(t, true, newKey(t))
		m = b.metadata(t)
		before := b.rows(t)
		b.refused(t, b.pickUp(first.TransactionID), before, 400, openid4vci.InvalidEncryptionParameters)
		rec, _ = ask(first.TransactionID, nil)
		b.refused(t, rec, before, 400, openid4vci.InvalidEncryptionParameters)
	})
}

// When we cannot sign, nothing is lost: the wallet asks again.
func TestSection9WhatCouldNotBeSignedIsPutBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBenchOn(t, db)
		_, first := b.order(t, 1)
		b.at = b.at.Add(archive)
		good, broken := b.Signers, b.config
		var err error
		broken.SDJWT, err = sdjwtvc.NewSigner(failing{b.key}, b.chain)
		check(t, err)
		b.Signers = unchanging(signing.New(broken))
		if rec := b.pickUp(first.TransactionID); rec.Code < 500 {
			t.Fatalf("%d %s", rec.Code, rec.Body)
		}
		b.Signers = good
		b.credentials(t, b.pickUp(first.TransactionID), 1)
	})
}

// Of sixteen that pick up the same transaction one gets the credentials.
func TestSection9OneOfSixteenPicksUp(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBenchOn(t, db)
		_, first := b.order(t, 2)
		b.at = b.at.Add(archive)
		answers := make([]*httptest.ResponseRecorder, 16)
		var wg sync.WaitGroup
		for i := range answers {
			wg.Go(func() { answers[i] = b.pickUp(first.TransactionID) })
		}
		wg.Wait()
		served := 0
		for _, rec := range answers {
			var e struct {
				Code string `json:"error"`
			}
			check(t, json.Unmarshal(rec.Body.Bytes(), &e))
			switch {
			case rec.Code == http.StatusOK:
				served++
			case e.Code != openid4vci.InvalidTransactionID:
				t.Errorf("%d %s", rec.Code, rec.Body)
			}
		}
		if r := b.rows(t); served != 1 || r.Issuances != 1 || r.Entries != 2 {
			t.Errorf("%d served, %+v", served, r)
		}
	})
}

// slow is an archive that needs longer than the grant lives.
type slow struct{ source.Source }

func (s slow) Facts(ctx context.Context, pid string) (*source.Facts, error) {
	f, err := s.Source.Facts(ctx, pid)
	if err == nil {
		f.Later(90*24*time.Hour, source.DiplomaDate)
	}
	return f, err
}

// Section 9: the access token must be good still when the credential comes, so nothing is ordered that nobody could pick up.
func TestSection9NothingIsOrderedThatComesTooLate(t *testing.T) {
	b := newBench(t)
	b.Source = slow{b.Source}
	text, _ := b.asking(t, diploma, 1)
	before := b.rows(t)
	b.refused(t, b.post(text), before, 400, openid4vci.CredentialRequestDenied)
	if b.waiting(t) != 0 {
		t.Error("it is ordered all the same")
	}
}

// failing cannot sign.
type failing struct{ crypto.Signer }

func (failing) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, keys.ErrUnavailable
}

// The status of the wallet unit is looked up again at the pick-up, for types that live and die with it.
func TestSection9AWalletRevokedMeanwhile(t *testing.T) {
	b := newBench(t)
	raw, err := os.ReadFile("../credentials/pid_sd_jwt_vc.yaml")
	check(t, err)
	late := string(raw) + "  - path: [diploma]\n    source: diploma_date\n    label: {nb: V, nn: V, en: D}\n"
	b.Types, err = credentials.Load(fstest.MapFS{"pid.yaml": {Data: []byte(late)}})
	check(t, err)
	b.handler = mounted(t, b)
	order := func() *openid4vci.CredentialResponse {
		text, _ := b.asking(t, "pid_sd_jwt_vc", 1)
		return b.deferred(t, b.post(text))
	}
	first, second := order(), order()
	b.at = b.at.Add(archive)
	b.credentials(t, b.pickUp(first.TransactionID), 1)
	b.status[unitsURL] = attestation.ErrRevoked
	before := b.rows(t)
	before.Audit++
	b.refused(t, b.pickUp(second.TransactionID), before, 400, openid4vci.CredentialRequestDenied)
}
