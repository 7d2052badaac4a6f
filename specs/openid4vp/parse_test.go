package openid4vp

import (
	"errors"
	"testing"
)

func TestAuthenticRefusalsMayBePosted(t *testing.T) {
	v := newVerifier(t)
	header := `{"alg":"ES256","typ":"oauth-authz-req+jwt","x5c":` + x5cText(v.chain) + `}`
	cases := []struct {
		name       string
		changes    []string
		uri, state string
	}{
		{"both", []string{"nonce", `"x"`}, responseURI, "st-ate_1"},
		{"wrong type elsewhere", []string{"nonce", `1`}, responseURI, "st-ate_1"},
		{"no state", []string{"nonce", `"x"`, "state", ``}, responseURI, ""},
		{"a bad state", []string{"state", `"a b"`}, responseURI, ""},
		{"a bad response_uri", []string{"response_uri", `"http://x.example"`}, "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := ParseRequest(rawJWS(t, v.key, header, payloadOf(t, v, c.changes...)), v.anchors, now, v.id, Rules{})
			var refusal *Error
			if !errors.As(err, &refusal) || refusal.ResponseURI != c.uri || refusal.State != c.state {
				t.Fatalf("got %+v", refusal)
			}
			if p, err := ParsePost(refusal.Response().Form(), ResponseModeDirectPostJWT); err != nil || p.Error.Code != InvalidRequest || p.Error.State != c.state {
				t.Fatalf("%+v, %v", p, err)
			}
		})
	}
}

func TestSection5101WalletNonce(t *testing.T) {
	v := newVerifier(t)
	header := `{"alg":"ES256","typ":"oauth-authz-req+jwt","x5c":` + x5cText(v.chain) + `}`
	for _, c := range []struct {
		name, echoed, sent string
		want               error
	}{
		{"comes back", `"abc"`, "abc", nil},
		{"does not come back", ``, "abc", ErrWalletNonce},
		{"another comes back", `"abd"`, "abc", ErrWalletNonce},
		{"not sent, and one comes", `"abc"`, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := ParseRequest(rawJWS(t, v.key, header, payloadOf(t, v, "wallet_nonce", c.echoed)), v.anchors, now, v.id, Rules{WalletNonce: c.sent})
			checkRefusal(t, err, InvalidRequest, c.want)
		})
	}
}

func TestInsecureAllowHTTP(t *testing.T) {
	v := newVerifier(t)
	s, err := NewSigner(v.key, v.chain)
	if err != nil {
		t.Fatal(err)
	}
	o := goodRequest(t)
	o.ResponseURI = "http://localhost:8081/response/1"
	if _, err := s.SignRequest(o, Rules{}); !errors.Is(err, ErrResponseURI) {
		t.Errorf("http was signed: %v", err)
	}
	jwt, err := s.SignRequest(o, Rules{InsecureAllowHTTP: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := ParseRequest(jwt, v.anchors, now, v.id, Rules{}); !errors.Is(err, ErrResponseURI) {
		t.Errorf("http was read: %v", err)
	}
	if _, _, err := ParseRequest(jwt, v.anchors, now, v.id, Rules{InsecureAllowHTTP: true}); err != nil {
		t.Error(err)
	}
}

func FuzzParseRequest(f *testing.F) {
	v := newVerifier(f)
	header := `{"alg":"ES256","typ":"oauth-authz-req+jwt","x5c":` + x5cText(v.chain) + `}`
	f.Add(header, payloadOf(f, v))
	f.Add(header, payloadOf(f, v, "nonce", ``))
	f.Add(`{"alg":"none"}`, `{}`)
	f.Fuzz(func(t *testing.T, header, payload string) {
		jwt := rawJWS(t, v.key, header, payload)
		o, _, err := ParseRequest(jwt, v.anchors, now, v.id, Rules{})
		var refusal *Error
		if err != nil && (!errors.As(err, &refusal) || refusal.Code == "" || !isErrorText(refusal.Description, maxDescription)) {
			t.Fatalf("%v", err)
		}
		if err == nil && (o.ClientID != v.id || len(o.Nonce) < minNonce || o.ClientMetadata == nil) {
			t.Fatalf("got %+v", o)
		}
	})
}
