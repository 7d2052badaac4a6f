package transaction

import (
	"os/exec"
	"strings"
	"testing"
)

// The words that a shell makes of the command are those of the request, whatever the request says.
func TestCurlIsOneCommand(t *testing.T) {
	e := &Entry{Request: Request{
		Method: "POST", Path: "https://issuer.example/token", Query: []Field{{"a", "it's; $(x)"}}, Headers: []Field{{"Accept", "application/json"}},
		Parts: []Part{
			{Name: "DPoP", Text: "{\n  \"alg\": \"ES256\"\n}"},
			{Name: "body", Media: "application/x-www-form-urlencoded", Text: `{"grant_type": "authorization_code", "code": "abc'; rm x", "authorization_details": [{"type": "x"}]}`},
		},
	}}
	command := Curl("", e)
	got, err := exec.Command("sh", "-c", "curl() { printf '%s\n' \"$@\"; }\n"+command).Output()
	if err != nil {
		t.Fatalf("%v: %s", err, command)
	}
	want := strings.Join([]string{
		"-i", "-X", "POST", "https://issuer.example/token?a=it%27s%3B+%24%28x%29", "-H", "Accept: application/json", "-H", "DPoP: (a JWT, hidden)",
		"--data-urlencode", `authorization_details=[{"type":"x"}]`, "--data-urlencode", "code=abc'; rm x", "--data-urlencode", "grant_type=authorization_code", "",
	}, "\n")
	if string(got) != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	e.Request.Parts = []Part{{Name: "body", Media: "application/json", Text: `{"a":"'"}`}}
	if got := Curl("", e); !strings.Contains(got, `--data-raw '{"a":"'\''"}'`) {
		t.Error(got)
	}
}
