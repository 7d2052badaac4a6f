package provider

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"lommebok.example/specs/attestation"
	"lommebok.example/specs/statuslist"
	"lommebok.example/specs/x5c"
)

const url = "https://wallet.example/wallet-provider"

var at = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func now() time.Time { return at }

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	return key
}

func (p *Provider) expect() attestation.Expect {
	return attestation.Expect{Providers: x5c.NewAnchors(p.root), At: at, MaxLife: attestation.MaxWalletLife}
}

// wallet gives what was attested of a unit at an issuer.
func (p *Provider) wallet(t testing.TB, unit, issuer string) *attestation.Wallet {
	t.Helper()
	key := newKey(t)
	jwt, err := p.AttestWallet(unit, "wallet-sim", issuer, &key.PublicKey)
	check(t, err)
	w, err := attestation.VerifyWallet(jwt, p.expect())
	check(t, err)
	if w.ClientID != "wallet-sim" || !w.Key.Equal(&key.PublicKey) || w.Status.Until.Before(at.Add(31*day)) {
		t.Errorf("attested %+v", w)
	}
	return w
}

// list fetches a status list.
func (p *Provider) fetched(t testing.TB, path string) *statuslist.List {
	t.Helper()
	rec := httptest.NewRecorder()
	p.Handler(slog.New(slog.DiscardHandler)).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
	token, err := statuslist.ParseJWT(rec.Body.String())
	check(t, err)
	check(t, token.Check(url+path, at))
	_, err = x5c.NewAnchors(p.root).Verify(token.Chain, x5c.WalletProvider, at)
	check(t, err)
	return token.List
}

func TestUnitIsRevokedAtEveryIssuer(t *testing.T) {
	p, err := Open(t.TempDir(), url, now)
	check(t, err)
	mine, other := NewUnit(), NewUnit()
	first, again, elsewhere := p.wallet(t, mine, "a").Status.Index, p.wallet(t, mine, "a").Status.Index, p.wallet(t, mine, "b").Status.Index
	theirs := p.wallet(t, other, "a").Status.Index
	if first != again || first == elsewhere || first == theirs || elsewhere == theirs {
		t.Errorf("places %d, %d, %d and %d", first, again, elsewhere, theirs)
	}
	check(t, p.Revoke(mine))
	list := p.fetched(t, unitsPath)
	for index, want := range map[uint64]statuslist.Status{first: 1, elsewhere: 1, theirs: 0} {
		if got, err := list.Get(index); err != nil || got != want {
			t.Errorf("place %d: %v, %v, want %v", index, got, err, want)
		}
	}
	if list.Len() < 10000 {
		t.Errorf("a list of %d", list.Len())
	}
	if _, err := p.AttestWallet(mine, "wallet-sim", "c", &newKey(t).PublicKey); !errors.Is(err, ErrRevoked) {
		t.Errorf("a revoked unit is attested: %v", err)
	}
	if _, err := p.AttestKeys(mine, "", []*ecdsa.PublicKey{&newKey(t).PublicKey}, nil, nil); !errors.Is(err, ErrRevoked) {
		t.Errorf("keys of a revoked unit are attested: %v", err)
	}
	for _, unit := range []string{"", "..", "a/b", "../x"} {
		if err := p.Revoke(unit); err == nil {
			t.Errorf("%q was revoked", unit)
		}
	}
}

func TestKeysAreAttested(t *testing.T) {
	p, err := Open(t.TempDir(), url, now)
	check(t, err)
	one, two := newKey(t), newKey(t)
	jwt, err := p.AttestKeys(NewUnit(), "n", []*ecdsa.PublicKey{&one.PublicKey, &two.PublicKey}, []string{attestation.High}, []string{attestation.High})
	check(t, err)
	k, err := attestation.VerifyKeys(jwt, true, p.expect())
	check(t, err)
	check(t, k.Meets([]string{attestation.High}, []string{attestation.High}))
	if len(k.Attested) != 2 || k.Nonce != "n" || k.Status.URI != url+keysPath {
		t.Errorf("attested %+v", k)
	}
	if got, err := p.fetched(t, keysPath).Get(k.Status.Index); err != nil || got != statuslist.Valid {
		t.Errorf("status %v, %v", got, err)
	}
}

func TestProviderIsKeptAndPublished(t *testing.T) {
	dir, trust := t.TempDir(), t.TempDir()
	p, err := Open(dir, url, now)
	check(t, err)
	again, err := Open(dir, url, now)
	check(t, err)
	if !p.root.Equal(again.root) || !p.chain[0].Equal(again.chain[0]) {
		t.Error("made anew at the second start")
	}
	check(t, again.Publish(trust))
	anchors, err := x5c.LoadAnchors(filepath.Join(trust, "wallet-providers"))
	check(t, err)
	if len(anchors.All()) != 1 || !anchors.All()[0].Equal(p.root) {
		t.Errorf("published %v", anchors.All())
	}
}

// Several processes may share a folder: no two units get one place.
func TestSixteenUnitsAtOnceHavePlacesOfTheirOwn(t *testing.T) {
	p, err := Open(t.TempDir(), url, now)
	check(t, err)
	var mu sync.Mutex
	seen := map[uint64]bool{}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			index, err := p.entry(NewUnit(), "a")
			mu.Lock()
			defer mu.Unlock()
			if err != nil || seen[index] {
				t.Errorf("place %d, %v", index, err)
			}
			seen[index] = true
		})
	}
	wg.Wait()
}
