package issuance_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/database"
	"lommebok.example/internal/database/dbtest"
	"lommebok.example/specs/attestation"
	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/x5c"
)

const (
	unitsURL = "https://provider.example/units"
	keysURL  = "https://provider.example/keys"
	pidSD    = "pid_sd_jwt_vc"
)

// maker is a wallet provider that a test can bend.
type maker struct {
	root  *x509.Certificate
	key   *ecdsa.PrivateKey
	chain []*x509.Certificate
}

func newMaker(t testing.TB, at time.Time) *maker {
	t.Helper()
	rootKey, m := newKey(t), &maker{key: newKey(t)}
	subject := x5c.Subject{Country: "NO", CommonName: "Provider", URI: "https://provider.example"}
	begin := at.Add(-48 * time.Hour)
	var err error
	m.root, err = x5c.NewRoot(rootKey, subject, begin, 3*365*24*time.Hour)
	check(t, err)
	subject.CommonName = "Provider signer"
	leaf, err := x5c.Issue(x5c.WalletProvider, m.root, rootKey, m.key.Public(), subject, begin, 365*24*time.Hour)
	check(t, err)
	m.chain = []*x509.Certificate{leaf}
	return m
}

// Anchors are those of the trusted wallet provider.
func (b *bench) Anchors() *x5c.Anchors { return x5c.NewAnchors(b.makers.root) }

// Check says what the test has set, and that all is well of everything else.
func (b *bench) Check(_ context.Context, s *attestation.Status, _ time.Time) error {
	return b.status[s.URI]
}

// keysOf is what a good wallet provider says of keys.
func (b *bench) keysOf(keys ...*ecdsa.PrivateKey) attestation.Keys {
	k := attestation.Keys{
		IssuedAt: b.at, Expires: b.at.Add(time.Hour), KeyStorage: []string{attestation.High}, UserAuthentication: []string{attestation.High},
		Status: &attestation.Status{Index: 3, URI: keysURL, Until: b.at.Add(60 * 24 * time.Hour)}, Chain: b.makers.chain,
	}
	for _, key := range keys {
		k.Attested = append(k.Attested, &key.PublicKey)
	}
	return k
}

func (b *bench) signed(t testing.TB, k attestation.Keys, m *maker) string {
	t.Helper()
	text, err := k.Sign(m.key)
	check(t, err)
	return text
}

func (b *bench) attestedProof(t testing.TB, key *ecdsa.PrivateKey, k attestation.Keys, nonce string) string {
	t.Helper()
	text, err := openid4vci.SignAttestedProof(key, b.signed(t, k, b.makers), issuerURL, nonce, "wallet", b.at)
	check(t, err)
	return text
}

// byAttestation is a request with the proof type attestation.
func byAttestation(configuration, jwt string) string {
	raw, err := json.Marshal(map[string]any{"credential_configuration_id": configuration, "proofs": map[string]any{"attestation": []string{jwt}}})
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func (b *bench) newKeys(t testing.TB, n int) []*ecdsa.PrivateKey {
	t.Helper()
	keys := make([]*ecdsa.PrivateKey, n)
	for i := range keys {
		keys[i] = newKey(t)
	}
	return keys
}

// One key attestation brings a credential for each attested key (F.1, F.3), and no more than the batch (TS3 2.2.2.1).
func TestOneCredentialPerAttestedKey(t *testing.T) {
	b := newBench(t)
	for _, n := range []int{1, 3, 10, 12} {
		keys := b.newKeys(t, n)
		k := b.keysOf(keys...)
		want := min(n, 10)
		byJWT := b.credentials(t, b.post(body(pidSD, b.attestedProof(t, keys[0], k, b.Nonces.New()))), want)
		k.Nonce = b.Nonces.New()
		byKA := b.credentials(t, b.post(byAttestation(pidSD, b.signed(t, k, b.makers))), want)
		for i := range want {
			b.sdjwt(t, byJWT[i], keys[i])
			b.sdjwt(t, byKA[i], keys[i])
		}
	}
	keys := b.newKeys(t, 2)
	k := b.keysOf(keys...)
	k.Expires, k.Nonce = time.Time{}, b.Nonces.New()
	b.credentials(t, b.post(byAttestation(pidSD, b.signed(t, k, b.makers))), 2) // F.3: exp is optional
	// The same key attestation in two proofs, each by a key of it, brings each key once; where no attestation is demanded, any may sign.
	shared := b.keysOf(keys...)
	nonce := b.Nonces.New()
	b.credentials(t, b.post(body(mpid, b.attestedProof(t, keys[0], shared, nonce), b.attestedProof(t, keys[1], shared, nonce))), 2)
	// A plain wallet gets what demands no attestation.
	b.credentials(t, b.post(body(mpid, b.proofs(t, 2)...)), 2)
	plain := b.keysOf(keys...)
	plain.KeyStorage, plain.UserAuthentication, plain.Status, plain.Nonce = nil, nil, nil, b.Nonces.New()
	b.credentials(t, b.post(byAttestation(mpid, b.signed(t, plain, b.makers))), 2)
}

// C04 and C06: what is wrong with a key attestation, in both proof types.
func TestBadKeyAttestationsRefused(t *testing.T) {
	cases := map[string]struct {
		change func(b *bench, k *attestation.Keys, m **maker)
		code   string
		status int // 0: 400
		says   string
	}{
		"expired": {change: func(b *bench, k *attestation.Keys, _ **maker) { k.Expires = b.at }, code: "invalid_proof", says: "expired"},
		"made tomorrow": {change: func(b *bench, k *attestation.Keys, _ **maker) {
			k.IssuedAt = b.at.Add(24 * time.Hour)
			k.Expires = b.at.Add(48 * time.Hour)
		}, code: "invalid_proof"},
		"untrusted":                   {change: func(b *bench, k *attestation.Keys, m **maker) { *m = newMaker(t, b.at); k.Chain = (*m).chain }, code: "invalid_proof", says: "trusted are"},
		"another nonce":               {change: func(_ *bench, k *attestation.Keys, _ **maker) { k.Nonce = "another" }, code: "invalid_nonce", says: "c_nonce"},
		"key storage moderate":        {change: func(_ *bench, k *attestation.Keys, _ **maker) { k.KeyStorage = []string{attestation.Moderate} }, code: "invalid_proof", says: "expected one of [iso_18045_high], got [iso_18045_moderate]"},
		"key storage not told":        {change: func(_ *bench, k *attestation.Keys, _ **maker) { k.KeyStorage = nil }, code: "invalid_proof"},
		"user authentication basic":   {change: func(_ *bench, k *attestation.Keys, _ **maker) { k.UserAuthentication = []string{attestation.Basic} }, code: "invalid_proof"},
		"no status":                   {change: func(_ *bench, k *attestation.Keys, _ **maker) { k.Status = nil }, code: "invalid_proof", says: "key_storage_status"},
		"status ends before the PID":  {change: func(b *bench, k *attestation.Keys, _ **maker) { k.Status.Until = b.at.Add(13 * 24 * time.Hour) }, code: "invalid_proof", says: "exp after"},
		"status without end":          {change: func(_ *bench, k *attestation.Keys, _ **maker) { k.Status.Until = time.Time{} }, code: "invalid_proof"},
		"key storage revoked":         {change: func(b *bench, _ *attestation.Keys, _ **maker) { b.status[keysURL] = attestation.ErrRevoked }, code: "invalid_proof", says: "revoked"},
		"key storage suspended":       {change: func(b *bench, _ *attestation.Keys, _ **maker) { b.status[keysURL] = attestation.ErrSuspended }, code: "invalid_proof"},
		"its list cannot be had":      {change: func(b *bench, _ *attestation.Keys, _ **maker) { b.status[keysURL] = attestation.ErrStatusUnknown }, code: "temporarily_unavailable", status: http.StatusServiceUnavailable},
		"wallet unit revoked":         {change: func(b *bench, _ *attestation.Keys, _ **maker) { b.status[unitsURL] = attestation.ErrRevoked }, code: "credential_request_denied"},
		"wallet that is not attested": {change: func(b *bench, _ *attestation.Keys, _ **maker) { b.access.Unit = nil }, code: "credential_request_denied", says: "wallet attestation"},
		"wallet without a status":     {change: func(b *bench, _ *attestation.Keys, _ **maker) { b.access.Unit.Status = nil }, code: "credential_request_denied"},
		"wallet's status ends first": {change: func(b *bench, _ *attestation.Keys, _ **maker) {
			b.access.Unit.Status.Until = b.at.Add(13 * 24 * time.Hour)
		}, code: "credential_request_denied"},
	}
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBenchOn(t, db)
		unit := *b.access.Unit
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				fresh, status := unit, *unit.Status
				fresh.Status = &status
				b.access.Unit, b.status = &fresh, map[string]error{}
				keys := b.newKeys(t, 2)
				k, m := b.keysOf(keys...), b.makers
				k.Nonce = b.Nonces.New()
				c.change(b, &k, &m)
				jwt := b.signed(t, k, m)
				proof, err := openid4vci.SignAttestedProof(keys[0], jwt, issuerURL, b.Nonces.New(), "wallet", b.at)
				check(t, err)
				if c.status == 0 {
					c.status = http.StatusBadRequest
				}
				for _, text := range []string{body(pidSD, proof), byAttestation(pidSD, jwt)} {
					b.log.Reset()
					before := b.rows(t)
					rec := b.post(text)
					b.refused(t, rec, before, c.status, c.code)
					if !strings.Contains(rec.Body.String(), c.says) {
						t.Errorf("%s does not say %q", rec.Body, c.says)
					}
				}
			})
		}
	})
}

func TestBadUseOfAKeyAttestationRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBenchOn(t, db)
		keys, stranger := b.newKeys(t, 2), newKey(t)
		noExp, noNonce := b.keysOf(keys...), b.keysOf(keys...)
		noExp.Expires = time.Time{}
		used := b.keysOf(keys...)
		used.Nonce = b.Nonces.New()
		b.credentials(t, b.post(byAttestation(pidSD, b.signed(t, used, b.makers))), 2)
		for name, c := range map[string]struct{ text, code string }{
			"D.1: jwt proof, no exp":                    {body(pidSD, b.attestedProof(t, keys[0], noExp, b.Nonces.New())), "invalid_proof"},
			"F.3: attestation proof, no nonce":          {byAttestation(pidSD, b.signed(t, noNonce, b.makers)), "invalid_proof"},
			"F.3: attestation proof, nonce used before": {byAttestation(pidSD, b.signed(t, used, b.makers)), "invalid_nonce"},
			"D.1: key not in attested_keys":             {body(pidSD, b.attestedProof(t, stranger, b.keysOf(keys...), b.Nonces.New())), "invalid_proof"},
			"D.1: not even where none is demanded":      {body(mpid, b.attestedProof(t, stranger, b.keysOf(keys...), b.Nonces.New())), "invalid_proof"},
			"TS3 2.2.2.2: the second signs":             {body(pidSD, b.attestedProof(t, keys[1], b.keysOf(keys...), b.Nonces.New())), "invalid_proof"},
			"12.2.4: no key attestation":                {body(pidSD, b.proofs(t, 1)...), "invalid_proof"},
			"12.2.4: in one proof of two":               {body(pidSD, b.attestedProof(t, keys[0], b.keysOf(keys...), b.Nonces.New()), b.proof(t, b.Nonces.New())), "invalid_proof"},
			"F.1: c_nonce of the proof is no nonce":     {body(pidSD, b.attestedProof(t, keys[0], b.keysOf(keys...), "x")), "invalid_nonce"},
			"a key proof in place of an attestation":    {byAttestation(pidSD, b.proof(t, b.Nonces.New())), "invalid_proof"},
		} {
			t.Run(name, func(t *testing.T) {
				b.log.Reset()
				b.refused(t, b.post(c.text), b.rows(t), 400, c.code)
			})
		}
	})
}

func TestWhatAPIDHangsOnIsWatched(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, db *database.DB) {
		b := newBenchOn(t, db)
		b.batch(t, mpid, 1) // not watched
		b.batch(t, pidSD, 2)
		var rows []struct {
			URI string
			Idx int64
		}
		check(t, db.R.Raw("SELECT uri, idx FROM issuer_watched ORDER BY uri").Scan(&rows).Error)
		if len(rows) != 2 || rows[0].URI != keysURL || rows[0].Idx != 3 || rows[1].URI != unitsURL || rows[1].Idx != 7 {
			t.Errorf("watched %v", rows)
		}
	})
}

func TestMetadataTellsWhatIsDemanded(t *testing.T) {
	m := newBench(t).metadataOf(t)
	const days15 = 15 * 24 * 3600
	if m.PreferredClientStatusPeriod != days15 {
		t.Errorf("preferred_client_status_period %d", m.PreferredClientStatusPeriod)
	}
	for id, c := range m.CredentialConfigurationsSupported {
		jwt, attested := c.ProofTypesSupported[openid4vci.ProofTypeJWT], c.ProofTypesSupported[openid4vci.ProofTypeAttestation]
		if strings.Join(jwt.ProofSigningAlgValuesSupported, " ") != "ES256 ES384 ES512" || attested.KeyAttestationsRequired == nil {
			t.Errorf("%s: %+v %+v", id, jwt, attested)
			continue
		}
		if !strings.HasPrefix(id, "pid_") {
			if r := attested.KeyAttestationsRequired; jwt.KeyAttestationsRequired != nil || r.KeyStorage != nil || r.UserAuthentication != nil {
				t.Errorf("%s demands more than a plain wallet has", id)
			}
			continue
		}
		for _, r := range []*openid4vci.KeyAttestationsRequired{jwt.KeyAttestationsRequired, attested.KeyAttestationsRequired} {
			if r == nil || strings.Join(r.KeyStorage, "") != attestation.High || strings.Join(r.UserAuthentication, "") != attestation.High || r.PreferredKeyStorageStatusPeriod != days15 {
				t.Errorf("%s: %+v", id, r)
			}
		}
	}
}

func (b *bench) metadataOf(t testing.TB) *openid4vci.IssuerMetadata {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, "/.well-known/openid-credential-issuer", nil)
	check(t, err)
	m, err := openid4vci.ParseIssuerMetadata(b.do(r).Body.Bytes(), issuerURL, openid4vci.Rules{})
	check(t, err)
	return m
}
