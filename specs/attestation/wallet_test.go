package attestation

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

func goodWallet(t testing.TB) (provider, object, object) {
	t.Helper()
	p := newProvider(t, "Provider")
	header := object{"typ": WalletTyp, "alg": "ES256", "x5c": p.x5c()}
	claims := object{
		"sub": "https://wallet.example", "exp": now.Add(time.Hour).Unix(), "iat": now.Unix(),
		"cnf": object{"jwk": jwkOf(t, &newKey(t).PublicKey)}, "wallet_name": "Wallet", "unknown": object{"x": 1},
		"client_status": object{"status": listed(7, "https://provider.example/lists/1"), "exp": now.Add(40 * day).Unix()},
	}
	return p, header, claims
}

func TestVerifyWallet(t *testing.T) {
	p, header, claims := goodWallet(t)
	other := newProvider(t, "Stranger")
	key := newKey(t)
	selfSigned := newProvider(t, "Alone")
	tests := []struct {
		rule           string
		signer         provider
		header, claims object
		want           error
	}{
		{"ABCA 4: as -10 has it", p, header, claims, nil},
		{"ABCA -07 5.1: iss is there", p, header, p.with(claims, "iss", "https://provider.example"), nil},
		{"ABCA 4: iat is optional", p, header, p.with(claims, "iat", nil), nil},
		{"OpenID4VCI E: no status", p, header, p.with(claims, "client_status", nil), nil},
		{"OpenID4VCI E: status", p, header, p.with(claims, "client_status", nil, "status", listed(7, "https://x.example/1")), nil},
		{"typ is another", p, p.with(header, "typ", "JWT"), claims, ErrType},
		{"typ is absent", p, p.with(header, "typ", nil), claims, ErrType},
		{"alg none", p, p.with(header, "alg", "none"), claims, ErrMalformed},
		{"alg of a MAC", p, p.with(header, "alg", "HS256"), claims, ErrMalformed},
		{"crit", p, p.with(header, "crit", []string{"exp"}), claims, ErrMalformed},
		{"HAIP 4.4.1: no x5c", p, p.with(header, "x5c", nil), claims, ErrNoChain},
		{"HAIP 4.4.1: another provider", other, p.with(header, "x5c", other.x5c()), claims, ErrUntrusted},
		{"HAIP 4.4.1: the anchor in the chain", p, p.with(header, "x5c", append(p.x5c(), provider{chain: p.anchor()}.x5c()...)), claims, ErrUntrusted},
		{"HAIP 4.4.1: self-signed leaf", selfSigned, p.with(header, "x5c", provider{chain: selfSigned.anchor()}.x5c()), claims, ErrUntrusted},
		{"signed by another than the leaf", other, header, claims, ErrSignature},
		{"ABCA 4: no sub", p, header, p.with(claims, "sub", nil), ErrClaims},
		{"ABCA 4: no exp", p, header, p.with(claims, "exp", nil), ErrClaims},
		{"ABCA 4: no cnf", p, header, p.with(claims, "cnf", nil), ErrClaims},
		{"ABCA 4: cnf without jwk", p, header, p.with(claims, "cnf", object{"kid": "1"}), ErrClaims},
		{"ABCA 7.1: a private key in cnf", p, header, p.with(claims, "cnf", object{"jwk": privateJWK(t, key)}), ErrKey},
		{"a key off its curve", p, header, p.with(claims, "cnf", object{"jwk": p.with(jwkOf(t, &key.PublicKey), "y", jwkOf(t, &newKey(t).PublicKey)["y"])}), ErrKey},
		{"sub is a number", p, header, p.with(claims, "sub", 7), ErrClaims},
		{"expired this second", p, header, p.with(claims, "exp", now.Unix()), ErrExpired},
		{"TS3 2.2.1.1: lives for two days", p, header, p.with(claims, "exp", now.Add(2*day).Unix()), ErrTooLong},
		{"exp beyond all clocks", p, header, p.with(claims, "exp", 1e300), ErrTooLong},
		{"made tomorrow", p, header, p.with(claims, "iat", now.Add(day).Unix()), ErrFuture},
		{"valid from tomorrow", p, header, p.with(claims, "nbf", now.Add(day).Unix()), ErrFuture},
		{"TS3 2.3.1: client_status without exp", p, header, p.with(claims, "client_status", object{"status": listed(7, "https://x.example/1")}), ErrStatus},
		{"status without idx", p, header, p.with(claims, "client_status", nil, "status", listed(nil, "https://x.example/1")), ErrStatus},
		{"status with an idx below zero", p, header, p.with(claims, "client_status", nil, "status", listed(-1, "https://x.example/1")), ErrStatus},
		{"status of an unknown mechanism", p, header, p.with(claims, "client_status", nil, "status", object{"crl": 1}), ErrStatus},
		{"status with no URL", p, header, p.with(claims, "client_status", nil, "status", listed(7, "x")), ErrStatus},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			_, err := VerifyWallet(forge(t, tt.signer.key, tt.header, tt.claims), p.expect())
			if !errors.Is(err, tt.want) || (tt.want == nil) != (err == nil) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestUntrustedTellsWhoIsTrustedAndWhoCame(t *testing.T) {
	p, header, claims := goodWallet(t)
	other := newProvider(t, "Stranger")
	_, err := VerifyWallet(forge(t, other.key, p.with(header, "x5c", other.x5c()), claims), p.expect())
	for _, part := range []string{"trusted are [Provider]", "came [Stranger signer] issued by [Stranger]"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v does not say %q", err, part)
		}
	}
}

func TestWalletIsReadAsItWasSigned(t *testing.T) {
	p := newProvider(t, "Provider")
	want := Wallet{
		ClientID: "wallet", Issuer: "https://provider.example", Key: &newKey(t).PublicKey, IssuedAt: now, Expires: now.Add(time.Hour),
		Name: "Name", Version: "1", Link: "https://wallet.example", Certification: "none",
		Status: &Status{Index: 1 << 40, URI: "https://provider.example/lists/1", Until: now.Add(31 * day)}, Chain: p.chain,
	}
	for _, status := range []*Status{want.Status, {Index: 0, URI: "https://provider.example/lists/2"}, nil} {
		want.Status = status
		jwt, err := want.Sign(p.key)
		check(t, err)
		got, err := VerifyWallet(jwt, p.expect())
		check(t, err)
		if got.ClientID != want.ClientID || got.Issuer != want.Issuer || !got.Key.Equal(want.Key) || !got.Expires.Equal(want.Expires) ||
			!got.IssuedAt.Equal(now) || got.Name != want.Name || got.Version != want.Version || got.Link != want.Link ||
			!got.Chain[0].Equal(p.chain[0]) || (status == nil) != (got.Status == nil) || status != nil && *got.Status != *status {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	if _, err := (Wallet{ClientID: "wallet", Key: want.Key, Expires: now}).Sign(p.key); !errors.Is(err, ErrNoChain) {
		t.Errorf("without a chain: %v", err)
	}
	if _, err := (Wallet{Key: want.Key, Expires: now, Chain: p.chain}).Sign(p.key); !errors.Is(err, ErrClaims) {
		t.Errorf("without a client: %v", err)
	}
}

func TestReadHeaders(t *testing.T) {
	tests := []struct {
		rule   string
		header http.Header
		want   *Headers
		err    error
	}{
		{"neither", http.Header{}, nil, nil},
		{"both", http.Header{"Oauth-Client-Attestation": {"a"}, "Oauth-Client-Attestation-Pop": {"p"}}, &Headers{"a", "p"}, nil},
		{"combined mode", http.Header{"Oauth-Client-Attestation": {"a"}}, &Headers{"a", ""}, nil},
		{"two attestations", http.Header{"Oauth-Client-Attestation": {"a", "b"}, "Oauth-Client-Attestation-Pop": {"p"}}, nil, ErrHeaders},
		{"two proofs", http.Header{"Oauth-Client-Attestation": {"a"}, "Oauth-Client-Attestation-Pop": {"p", "q"}}, nil, ErrHeaders},
		{"a proof alone", http.Header{"Oauth-Client-Attestation-Pop": {"p"}}, nil, ErrHeaders},
	}
	for _, tt := range tests {
		got, err := ReadHeaders(tt.header)
		if !errors.Is(err, tt.err) || (got == nil) != (tt.want == nil) || got != nil && *got != *tt.want {
			t.Errorf("%s: got %v, %v", tt.rule, got, err)
		}
	}
}

func TestVerifyPoP(t *testing.T) {
	const server = "https://as.example"
	key, other := newKey(t), newKey(t)
	wallet := &Wallet{ClientID: "wallet", Key: &key.PublicKey}
	header := object{"typ": PoPTyp, "alg": "ES256"}
	claims := object{"aud": server, "jti": "j", "iat": now.Unix(), "challenge": "c"}
	var p provider
	tests := []struct {
		rule           string
		header, claims object
		want           error
	}{
		{"ABCA 5.1: as -10 has it", header, claims, nil},
		{"ABCA -07 5.2: iss", header, p.with(claims, "iss", "wallet"), nil},
		{"no challenge", header, p.with(claims, "challenge", nil), nil},
		{"exp, as before -06", header, p.with(claims, "exp", now.Add(time.Minute).Unix()), nil},
		{"a minute old", header, p.with(claims, "iat", now.Add(-time.Minute).Unix()), nil},
		{"typ is another", p.with(header, "typ", "dpop+jwt"), claims, ErrPoPType},
		{"alg none", p.with(header, "alg", "none"), claims, ErrPoP},
		{"a key of its own", p.with(header, "jwk", jwkOf(t, &other.PublicKey)), claims, ErrPoP},
		{"iss is another", header, p.with(claims, "iss", "other"), ErrPoPIssuer},
		{"aud is another", header, p.with(claims, "aud", "https://other.example"), ErrAudience},
		{"aud is the token endpoint", header, p.with(claims, "aud", server+"/token"), ErrAudience},
		{"aud is a list", header, p.with(claims, "aud", []string{server}), ErrAudience},
		{"no aud", header, p.with(claims, "aud", nil), ErrAudience},
		{"no jti", header, p.with(claims, "jti", nil), ErrJTI},
		{"a jti of 129", header, p.with(claims, "jti", strings.Repeat("j", 129)), ErrJTI},
		{"no iat", header, p.with(claims, "iat", nil), ErrPoP},
		{"too old", header, p.with(claims, "iat", now.Add(-61*time.Second).Unix()), ErrPoPTime},
		{"from the future", header, p.with(claims, "iat", now.Add(11*time.Second).Unix()), ErrPoPTime},
		{"exp has passed", header, p.with(claims, "exp", now.Add(-time.Minute).Unix()), ErrPoPTime},
		{"challenge is a number", header, p.with(claims, "challenge", 7), ErrPoP},
	}
	for _, tt := range tests {
		t.Run(tt.rule, func(t *testing.T) {
			got, err := VerifyPoP(forge(t, key, tt.header, tt.claims), wallet, ExpectPoP{Audience: server, At: now})
			if !errors.Is(err, tt.want) || (tt.want == nil) != (err == nil) {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if challenge, _ := tt.claims["challenge"].(string); err == nil && (got.JTI != "j" || got.Challenge != challenge) {
				t.Errorf("read %+v", got)
			}
		})
	}
	if _, err := VerifyPoP(forge(t, other, header, claims), wallet, ExpectPoP{Audience: server, At: now}); !errors.Is(err, ErrPoPSignature) {
		t.Errorf("by another key: %v", err)
	}
	if _, err := VerifyPoP(forge(t, key, header, p.with(claims, "aud", "")), wallet, ExpectPoP{At: now}); !errors.Is(err, ErrAudience) {
		t.Errorf("a server without a name: %v", err)
	}
}

func TestSignPoPVerifiesAndIsNeverTheSame(t *testing.T) {
	key := newKey(t)
	wallet := &Wallet{ClientID: "wallet", Key: &key.PublicKey}
	seen := map[string]bool{}
	for _, challenge := range []string{"", "c"} {
		jwt, err := SignPoP(key, "wallet", "https://as.example", challenge, now)
		check(t, err)
		got, err := VerifyPoP(jwt, wallet, ExpectPoP{Audience: "https://as.example", At: now})
		check(t, err)
		if got.Challenge != challenge || seen[got.JTI] || !got.IssuedAt.Equal(now) {
			t.Errorf("read %+v", got)
		}
		seen[got.JTI] = true
	}
}
