package attestation

import (
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"reflect"
	"testing"
	"time"
)

// anchor is the root in place of a chain.
func (p provider) anchor() []*x509.Certificate { return []*x509.Certificate{p.root} }

func TestVerifyKeys(t *testing.T) {
	p, other := newProvider(t, "Provider"), newProvider(t, "Stranger")
	one, two := newKey(t), newKey(t)
	a, b := jwkOf(t, &one.PublicKey), jwkOf(t, &two.PublicKey)
	header := object{"typ": KeysTyp, "alg": "ES256", "x5c": p.x5c()}
	claims := object{
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "attested_keys": []object{a, b}, "key_storage": []string{High},
		"user_authentication": []string{High, Moderate}, "certification": "https://cert.example", "nonce": "n",
		"key_storage_status": object{"status": listed(3, "https://provider.example/lists/2"), "exp": now.Add(40 * day).Unix()},
	}
	tests := []struct {
		rule           string
		signer         provider
		header, claims object
		want           error
	}{
		{"D.1: whole", p, header, claims, nil},
		{"D.1: the optional ones left out", p, header, p.with(claims, "key_storage", nil, "user_authentication", nil, "certification", nil, "nonce", nil, "key_storage_status", nil), nil},
		{"D.1: iss of the example", p, header, p.with(claims, "iss", "https://provider.example"), nil},
		{"typ without hyphen, of the drafts", p, p.with(header, "typ", "keyattestation+jwt"), claims, ErrType},
		{"typ of a key proof", p, p.with(header, "typ", "openid4vci-proof+jwt"), claims, ErrType},
		{"alg none", p, p.with(header, "alg", "none"), claims, ErrMalformed},
		{"HAIP 4.5.1: no x5c", p, p.with(header, "x5c", nil), claims, ErrNoChain},
		{"HAIP 4.5.1: another provider", other, p.with(header, "x5c", other.x5c()), claims, ErrUntrusted},
		{"HAIP 4.5.1: the anchor signs", p, p.with(header, "x5c", provider{chain: p.anchor()}.x5c()), claims, ErrUntrusted},
		{"signed by another than the leaf", other, header, claims, ErrSignature},
		{"D.1: no iat", p, header, p.with(claims, "iat", nil), ErrClaims},
		{"D.1: no exp with jwt", p, header, p.with(claims, "exp", nil), ErrNoExpiry},
		{"expired", p, header, p.with(claims, "exp", now.Unix()), ErrExpired},
		{"made tomorrow", p, header, p.with(claims, "iat", now.Add(day).Unix()), ErrFuture},
		{"D.1: no attested_keys", p, header, p.with(claims, "attested_keys", nil), ErrNoKeys},
		{"D.1: attested_keys is empty", p, header, p.with(claims, "attested_keys", []object{}), ErrNoKeys},
		{"a key twice", p, header, p.with(claims, "attested_keys", []object{a, b, a}), ErrNoKeys},
		{"a private key", p, header, p.with(claims, "attested_keys", []object{privateJWK(t, one)}), ErrKey},
		{"a symmetric key", p, header, p.with(claims, "attested_keys", []object{{"kty": "oct", "k": "AAAA"}}), ErrKey},
		{"key_storage is no list", p, header, p.with(claims, "key_storage", High), ErrClaims},
		{"certification is an object", p, header, p.with(claims, "certification", object{}), ErrClaims},
		{"TS3 2.3.2: key_storage_status without exp", p, header, p.with(claims, "key_storage_status", object{"status": listed(3, "https://x.example")}), ErrStatus},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			got, err := VerifyKeys(forge(t, tt.signer.key, tt.header, tt.claims), true, Expect{Providers: p.expect().Providers, At: now})
			if !errors.Is(err, tt.want) || (tt.want == nil) != (err == nil) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if err == nil && (len(got.Attested) != 2 || !got.Attested[0].Equal(&one.PublicKey) || !got.Attested[1].Equal(&two.PublicKey)) {
				t.Errorf("attested_keys %v", got.Attested)
			}
		})
	}
	if _, err := VerifyKeys(forge(t, p.key, header, p.with(claims, "exp", nil)), false, p.expect()); err != nil {
		t.Errorf("F.3: no exp with the attestation proof type: %v", err)
	}
}

func TestMeets(t *testing.T) {
	k := Keys{KeyStorage: []string{High}, UserAuthentication: []string{High, Moderate}}
	tests := []struct {
		rule                   string
		keys                   Keys
		storage, authenticated []string
		want                   error
	}{
		{"nothing demanded", Keys{}, nil, nil, nil},
		{"both as demanded", k, []string{High}, []string{High}, nil},
		{"one of several", k, []string{Moderate, High}, []string{Basic, Moderate}, nil},
		{"storage too weak", Keys{KeyStorage: []string{Moderate}}, []string{High}, nil, ErrKeyStorage},
		{"storage not told", Keys{}, []string{High}, nil, ErrKeyStorage},
		{"authentication too weak", Keys{KeyStorage: []string{High}, UserAuthentication: []string{Basic}}, []string{High}, []string{High}, ErrUserAuthentication},
		{"case is significant", Keys{KeyStorage: []string{"ISO_18045_HIGH"}}, []string{High}, nil, ErrKeyStorage},
	}
	for _, tt := range tests {
		if err := tt.keys.Meets(tt.storage, tt.authenticated); !errors.Is(err, tt.want) || (tt.want == nil) != (err == nil) {
			t.Errorf("%s: got %v, want %v", tt.rule, err, tt.want)
		}
	}
}

func TestKeysAreReadAsTheyWereSigned(t *testing.T) {
	p := newProvider(t, "Provider")
	want := Keys{
		Alg: "ES256", IssuedAt: now, Expires: now.Add(time.Hour), Attested: []*ecdsa.PublicKey{&newKey(t).PublicKey, &newKey(t).PublicKey},
		KeyStorage: []string{High}, UserAuthentication: []string{Moderate}, Certification: "https://cert.example", Nonce: "n",
		Status: &Status{Index: 3, URI: "https://provider.example/lists/2", Until: now.Add(31 * day)}, Chain: p.chain,
	}
	jwt, err := want.Sign(p.key)
	check(t, err)
	got, err := VerifyKeys(jwt, true, p.expect())
	check(t, err)
	if !reflect.DeepEqual(*got, want) {
		t.Errorf("got  %+v\nwant %+v", *got, want)
	}
	if _, err := (Keys{IssuedAt: now, Chain: p.chain}).Sign(p.key); !errors.Is(err, ErrNoKeys) {
		t.Errorf("without keys: %v", err)
	}
	if _, err := (Keys{Attested: want.Attested, IssuedAt: now}).Sign(p.key); !errors.Is(err, ErrNoChain) {
		t.Errorf("without a chain: %v", err)
	}
}

// Whatever a stranger sends is refused with a reason of this package.
func FuzzVerify(f *testing.F) {
	p, header, claims := goodWallet(f)
	f.Add(forge(f, p.key, header, claims))
	f.Add(forge(f, p.key, p.with(header, "typ", KeysTyp), object{"iat": now.Unix(), "attested_keys": []object{jwkOf(f, &p.key.PublicKey)}}))
	f.Add(forge(f, p.key, object{"typ": PoPTyp, "alg": "ES256"}, object{"aud": "a", "jti": "j", "iat": now.Unix()}))
	f.Add("..")
	key := newKey(f)
	f.Fuzz(func(t *testing.T, jwt string) {
		if w, err := VerifyWallet(jwt, p.expect()); (err == nil) != (w != nil && w.ClientID != "" && w.Key != nil) {
			t.Errorf("wallet %+v, %v", w, err)
		}
		if k, err := VerifyKeys(jwt, false, p.expect()); (err == nil) != (k != nil && len(k.Attested) > 0) {
			t.Errorf("keys %+v, %v", k, err)
		}
		if _, err := VerifyPoP(jwt, &Wallet{ClientID: "w", Key: &key.PublicKey}, ExpectPoP{Audience: "a", At: now}); err == nil {
			t.Error("a proof by nobody's key holds")
		}
	})
}
