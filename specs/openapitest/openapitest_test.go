package openapitest

import (
	"net/http"
	"testing"
)

func TestTheDocumentIsValid(t *testing.T) { load(t) }

// An answer that does not fit is told of.
func TestWhatDoesNotFit(t *testing.T) {
	doc := load(t)
	for name, tt := range map[string]struct {
		method, path string
		status       int
		media, body  string
		fits         bool
	}{
		"credentials":          {"POST", "/credential", 200, "application/json", `{"credentials":[{"credential":"x"}],"notification_id":"n"}`, true},
		"encrypted":            {"POST", "/credential", 200, "application/jwt", `a.b.c.d.e`, true},
		"a refusal":            {"POST", "/credential", 400, "application/json", `{"error":"invalid_proof","error_description":"expected (section 8.2)"}`, true},
		"neither":              {"POST", "/credential", 200, "application/json", `{}`, false},
		"no interval":          {"POST", "/credential", 202, "application/json", `{"transaction_id":"t"}`, false},
		"a number":             {"POST", "/nonce", 200, "application/json", `{"c_nonce":7}`, false},
		"another status":       {"POST", "/nonce", 201, "application/json", `{"c_nonce":"7"}`, false},
		"another media type":   {"POST", "/nonce", 200, "text/plain", `{"c_nonce":"7"}`, false},
		"no JSON":              {"POST", "/nonce", 200, "application/json", `c_nonce`, false},
		"a refusal in letters": {"POST", "/token", 400, "application/json", `{"error":"invalid_grant","error_description":"på norsk"}`, false},
		"a private key":        {"GET", "/jwks.json", 200, "application/json", `{"keys":[{"kty":"EC","d":"x"}]}`, false},
	} {
		op := find(doc, "issuer", tt.method, tt.path)
		if op == nil {
			t.Fatalf("%s: no operation", name)
		}
		h := http.Header{"Content-Type": {tt.media}}
		if err := Fits(op, tt.status, h, []byte(tt.body)); (err == nil) != tt.fits {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFindTakesTheNearest(t *testing.T) {
	doc := load(t)
	for path, summary := range map[string]string{"/mine/lost": "A lost phone", "/statuslists/X": "A Status List Token; with time as it was then", "/types/a/b": "Type metadata of an SD-JWT VC"} {
		if op := find(doc, "issuer", "GET", path); op == nil || op.Summary != summary {
			t.Errorf("%s: %+v", path, op)
		}
	}
	if find(doc, "verifier", "GET", "/mine") != nil || find(doc, "issuer", "GET", "/nowhere") != nil {
		t.Error("an operation for what is not there")
	}
}
