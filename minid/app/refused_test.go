package app_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"lommebok.example/minid"
	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
)

// message signs claims as a hand-made device would.
func message(t *testing.T, key *ecdsa.PrivateKey, typ string, whole bool, claims map[string]any) string {
	t.Helper()
	h := jose.Header{Typ: typ, Kid: jose.Thumbprint(&key.PublicKey)}
	if whole {
		h = jose.Header{Typ: typ, JWK: &key.PublicKey}
	}
	return signed(t, key, h, claims)
}

func signed(t *testing.T, key *ecdsa.PrivateKey, h jose.Header, claims map[string]any) string {
	t.Helper()
	s, err := jose.NewSigner(key, h)
	must(t, err)
	out, err := s.SignJSON(claims)
	must(t, err)
	return out
}

func (w *world) post(path, kind, body string) (int, string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, w.url+path, strings.NewReader(body))
	must(w.t, err)
	req.Header.Set("Content-Type", kind)
	res, err := http.DefaultClient.Do(req)
	must(w.t, err)
	raw, err := io.ReadAll(res.Body)
	must(w.t, errors.Join(err, res.Body.Close()))
	var e struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	must(w.t, json.Unmarshal(raw, &e))
	if e.Error != "" && e.Description == "" {
		w.t.Errorf("%s: an error without a description", path)
	}
	return res.StatusCode, e.Error
}

// Each check of a message, broken by itself.
func TestRequestsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	w.pair()
	key, ok := w.phone.Key.(*ecdsa.PrivateKey)
	if !ok {
		t.Fatal("the phone's key is no ECDSA key")
	}
	const typ = "minid-app-request+jwt"
	at := w.now.Unix()
	claims := func(change func(map[string]any)) map[string]any {
		m := map[string]any{"aud": w.url, "iat": at, "exp": at + 60}
		change(m)
		return m
	}
	fine := func(map[string]any) {}
	other, p384 := newKey(t, elliptic.P256()), newKey(t, elliptic.P384())
	good := message(t, key, typ, false, claims(fine))
	forged := good[:strings.LastIndex(good, ".")+1] + strings.Split(message(t, other, typ, false, claims(fine)), ".")[2]
	for name, c := range map[string]struct {
		jws    string
		status int
	}{
		"good":            {good, 200},
		"another's key":   {message(t, other, typ, false, claims(fine)), 401},
		"forged":          {forged, 400},
		"no key named":    {signed(t, key, jose.Header{Typ: typ}, claims(fine)), 400},
		"whole key":       {message(t, key, typ, true, claims(fine)), 400},
		"an answer":       {message(t, key, "minid-app-answer+jwt", false, claims(fine)), 400},
		"other curve":     {message(t, p384, typ, false, claims(fine)), 400},
		"another service": {message(t, key, typ, false, claims(func(m map[string]any) { m["aud"] = "https://else" })), 400},
		"no service":      {message(t, key, typ, false, claims(func(m map[string]any) { delete(m, "aud") })), 400},
		"long-lived":      {message(t, key, typ, false, claims(func(m map[string]any) { m["exp"] = at + 61 })), 400},
		"expired":         {message(t, key, typ, false, claims(func(m map[string]any) { m["iat"], m["exp"] = at-60, at })), 400},
		"from the future": {message(t, key, typ, false, claims(func(m map[string]any) { m["iat"], m["exp"] = at+11, at+60 })), 400},
		"a bit ahead":     {message(t, key, typ, false, claims(func(m map[string]any) { m["iat"], m["exp"] = at+10, at+60 })), 200},
		"no times":        {message(t, key, typ, false, map[string]any{"aud": w.url}), 400},
		"no exp":          {message(t, key, typ, false, claims(func(m map[string]any) { delete(m, "exp") })), 400},
		"far from iat":    {message(t, key, typ, false, claims(func(m map[string]any) { delete(m, "iat") })), 400},
		"not a JWS":       {"x", 400},
		"empty":           {"", 400},
	} {
		body, err := json.Marshal(map[string]string{"request": c.jws})
		must(t, err)
		if status, code := w.post("/minid/app/attempts", "application/json", string(body)); status != c.status {
			t.Errorf("%s: %d %s, want %d", name, status, code, c.status)
		}
	}
}

func TestAnswersThatAreRefused(t *testing.T) {
	w := newWorld(t)
	w.pair()
	in, v := w.ask()
	list, err := w.phone.Pending(t.Context())
	must(t, err)
	key, _ := w.phone.Key.(*ecdsa.PrivateKey)
	at := w.now.Unix()
	for name, c := range map[string]struct {
		id, action, typ string
		want            string
	}{
		"for another attempt": {"other", "approve", "minid-app-answer+jwt", oauth2.InvalidRequest},
		"no action":           {list[0].ID, "", "minid-app-answer+jwt", oauth2.InvalidRequest},
		"another action":      {list[0].ID, "Approve", "minid-app-answer+jwt", oauth2.InvalidRequest},
		"a request":           {list[0].ID, "approve", "minid-app-request+jwt", oauth2.InvalidRequest},
	} {
		jws := message(t, key, c.typ, false, map[string]any{
			"aud": w.url, "iat": at, "exp": at + 60, "attempt": list[0].ID, "service": list[0].Service,
			"number": v.App.Number, "action": c.action,
		})
		status, code := w.post("/minid/app/attempts/"+c.id, "application/json", `{"answer":"`+jws+`"}`)
		if status != http.StatusBadRequest || code != c.want {
			t.Errorf("%s: %d %s", name, status, code)
		}
	}
	if w.step(in) != minid.StepApp {
		t.Fatalf("step %s", w.step(in))
	}
	if _, err := w.phone.Answer(t.Context(), list[0], v.App.Number, true); err != nil {
		t.Errorf("a message that was refused settled the attempt: %v", err)
	}
}

func TestRegistrationsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	key, at := newKey(t, elliptic.P256()), w.now.Unix()
	code := w.code()
	claims := map[string]any{"aud": w.url, "iat": at, "exp": at + 60, "pairing_code": code}
	good := message(t, key, "minid-app-registration+jwt", true, claims)
	other := strings.Split(message(t, newKey(t, elliptic.P256()), "minid-app-registration+jwt", true, claims), ".")
	for name, jws := range map[string]string{
		"no key":           signed(t, key, jose.Header{Typ: "minid-app-registration+jwt"}, claims),
		"thumbprint alone": message(t, key, "minid-app-registration+jwt", false, claims),
		"another kind":     message(t, key, "minid-app-request+jwt", true, claims),
		"P-384":            message(t, newKey(t, elliptic.P384()), "minid-app-registration+jwt", true, claims),
		"key not signing":  good[:strings.LastIndex(good, ".")+1] + other[2],
	} {
		if status, code := w.post("/minid/app/devices", "application/json", `{"registration":"`+jws+`"}`); status != 400 || code != oauth2.InvalidRequest {
			t.Errorf("%s: %d %s", name, status, code)
		}
	}
	if status, refusal := w.post("/minid/app/devices", "application/json", `{"registration":"`+good+`"}`); status != 201 {
		t.Errorf("a refused registration spent the code: %d %s", status, refusal)
	}
}

func TestBodies(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		kind, body string
		status     int
	}{
		"a byte too long":   {"application/json", `{"request":"` + strings.Repeat("x", 16<<10-13) + `"}`, 413},
		"as long as can be": {"application/json", `{"request":"` + strings.Repeat("x", 16<<10-14) + `"}`, 400},
		"a form":            {"application/x-www-form-urlencoded", "request=x", 415},
		"no kind":           {"", "{}", 415},
		"too deep":          {"application/json", `{"request":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, 400},
		"twice":             {"application/json", `{"request":"a","request":"b"}`, 400},
		"trailing":          {"application/json", `{"request":"a"}{}`, 400},
		"no JSON":           {"application/json", `x`, 400},
		"empty":             {"application/json", ``, 400},
		"a number":          {"application/json; charset=utf-8", `{"request":1}`, 400},
	} {
		if status, code := w.post("/minid/app/attempts", c.kind, c.body); status != c.status || code != oauth2.InvalidRequest {
			t.Errorf("%s: %d %s, want %d", name, status, code, c.status)
		}
	}
}
