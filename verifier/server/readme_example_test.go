package server_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Verifier is the API as a relying party sees it.
type Verifier struct{ URL, ID, Secret, token string }

// Asked is a presentation that has been asked for. Keep the handle with the person's session.
type Asked struct {
	Handle, ID string
	Links      struct {
		CrossDevice string `json:"cross_device"` // draw it as a QR code
		SameDevice  string `json:"same_device"`  // link to it
	}
}

// Result is a yes or a no, and why not. Claims are there with a yes.
type Result struct {
	State    string
	Accepted bool
	Reasons  []struct{ Code, Expected, Got, Section string }
	Verdict  struct {
		Credentials []struct {
			Query, Type string
			Claims      map[string]any
		}
	}
}

// Ask asks; Login must have been called in the last ten minutes.
func (v *Verifier) Ask(ctx context.Context, preset, purpose, back string) (asked Asked, err error) {
	body := map[string]string{"preset": preset, "purpose": purpose, "redirect_uri": back}
	_, err = v.call(ctx, http.MethodPost, "/api/presentations", body, &asked)
	return asked, err
}

// Wait waits for the answer of a wallet on another device.
func (v *Verifier) Wait(ctx context.Context, handle string) (r Result, err error) {
	for status := http.StatusAccepted; status == http.StatusAccepted && err == nil; {
		status, err = v.call(ctx, http.MethodGet, "/api/presentations/"+handle+"/result?wait=30", nil, &r)
	}
	return r, err
}

// Redeem is for a wallet on the same device: the browser has brought the response_code to your own address.
func (v *Verifier) Redeem(ctx context.Context, handle, code string) (r Result, err error) {
	_, err = v.call(ctx, http.MethodPost, "/api/presentations/"+handle+"/result", map[string]string{"response_code": code}, &r)
	return r, err
}

// Login gets an access token.
func (v *Verifier) Login(ctx context.Context) error {
	form := strings.NewReader(url.Values{"grant_type": {"client_credentials"}}.Encode())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, v.URL+"/api/token", form)
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(url.QueryEscape(v.ID), url.QueryEscape(v.Secret))
	var got struct {
		Token string `json:"access_token"`
	}
	_, err = v.send(r, &got)
	v.token = got.Token
	return err
}

func (v *Verifier) call(ctx context.Context, method, path string, body, into any) (int, error) {
	raw, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	r, err := http.NewRequestWithContext(ctx, method, v.URL+path, bytes.NewReader(raw))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+v.token)
	return v.send(r, into)
}

func (v *Verifier) send(r *http.Request, into any) (int, error) {
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode >= 300 {
		var why struct{ Code, Description, Error string }
		_ = json.NewDecoder(answer.Body).Decode(&why)
		return answer.StatusCode, fmt.Errorf("%s: %s%s: %s", answer.Status, why.Code, why.Error, why.Description)
	}
	return answer.StatusCode, json.NewDecoder(answer.Body).Decode(into)
}

// FromVerifier checks a webhook with the key whsec_…. Keep Webhook-Id for a day, and take each once.
func FromVerifier(h http.Header, body []byte, key string, now time.Time) bool {
	secret, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(key, "whsec_"))
	sent, badTime := strconv.ParseInt(h.Get("Webhook-Timestamp"), 10, 64)
	if err != nil || badTime != nil || now.Sub(time.Unix(sent, 0)).Abs() > 5*time.Minute {
		return false
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(h.Get("Webhook-Id") + "." + h.Get("Webhook-Timestamp") + "."))
	mac.Write(body)
	return hmac.Equal([]byte(h.Get("Webhook-Signature")), []byte("v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil))))
}
