package transaction

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

// What a wallet sent is kept as what a service got: decoded, and without what opens anything.
func TestWhatWasSentIsMasked(t *testing.T) {
	const secret = "Zq7secretsecretsecretsecret"
	req, err := http.NewRequest(http.MethodPost, "https://issuer.example/token", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", "DPoP "+secret)
	x := Exchanged{
		Step: Step{Name: "token request", Section: "OpenID4VCI 1.0 section 6.1"}, Begun: time.Unix(1, 0), Took: time.Second, Request: req,
		Sent: []byte("grant_type=authorization_code&code=" + secret), Status: http.StatusBadRequest,
		Headers: http.Header{"Content-Type": {"application/json"}}, Got: []byte(`{"error":"invalid_grant","error_description":"expected another code"}`),
	}
	e := x.Entry()
	raw, err := json.Marshal(e)
	if err != nil || strings.Contains(string(raw), secret) {
		t.Errorf("%v: %s", err, raw)
	}
	if e.Step != "token request" || e.Request.Path != "https://issuer.example/token" || e.Response.Status != 400 || e.Refusal == nil || e.Refusal.Code != "invalid_grant" ||
		!strings.Contains(e.Request.Parts[0].Text, "authorization_code") {
		t.Errorf("%s", raw)
	}
}
