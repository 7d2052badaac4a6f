package check

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"lommebok.example/transaction"
)

// reports holds that a report says the same in each form, and no secret.
func (w *town) reports(t *testing.T, r *Report) {
	t.Helper()
	raw, err := json.Marshal(r)
	must(t, err)
	var back Report
	must(t, json.Unmarshal(raw, &back))
	if len(back.Results) != len(r.Results) || back.Results[0].ID != r.Results[0].ID {
		t.Errorf("JSON reads back as %d results", len(back.Results))
	}
	var page bytes.Buffer
	must(t, r.HTML(&page))
	for _, one := range r.Results {
		if !strings.Contains(page.String(), `id="`+one.ID+`"`) {
			t.Errorf("the page does not have %s", one.ID)
		}
	}
	for form, text := range map[string]string{"JSON": string(raw), "HTML": page.String()} {
		for _, secret := range []string{"Stjerne", "FLAT", "~WyJ"} { // names of the person, and disclosures
			if strings.Contains(text, secret) {
				t.Errorf("%s shows %s", form, secret)
			}
		}
	}
}

const nasty = `<script>alert("x")</script>&'`

func sample() *Report {
	entry := &transaction.Entry{
		Request:  transaction.Request{Method: "GET", Path: "/" + nasty, Headers: []transaction.Field{{Name: "Accept", Value: nasty}}},
		Response: transaction.Response{Status: 200, Parts: []transaction.Part{{Name: "body", Media: nasty, Text: nasty}}},
	}
	return &Report{Kind: "issuer", Address: "https://issuer.example", At: time.Unix(1_800_000_000, 0).UTC(), Millis: 1500, Results: []Result{
		{Requirement: Requirement{"VCI-1-a", OpenID4VCI, "section 1", "One."}, Outcome: Held, Exchanges: []*transaction.Entry{entry}, Millis: 20},
		{Requirement: Requirement{"VCI-1-b", OpenID4VCI, "section 1", "Two."}, Outcome: Failed, Expected: nasty, Found: nasty + "\x01", Exchanges: []*transaction.Entry{entry}, Millis: 3},
		{Requirement: Requirement{"HAIP-1-c", HAIP, "section 1", "Three."}, Outcome: NotTested, Why: nasty},
	}}
}

// A page holds what came as text, runs nothing and fetches nothing.
func TestHTML(t *testing.T) {
	var out bytes.Buffer
	must(t, sample().HTML(&out))
	document, err := html.Parse(&out)
	must(t, err)
	seen := map[string]int{}
	var words strings.Builder
	for n := range document.Descendants() {
		if n.Type == html.TextNode {
			words.WriteString(n.Data)
		}
		if n.Type == html.ElementNode {
			seen[n.Data]++
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") || a.Key == "src" || a.Key == "href" && !strings.HasPrefix(a.Val, "#") {
					t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
				}
			}
		}
	}
	if seen["script"] != 0 || seen["link"] != 0 || seen["h1"] != 1 || seen["details"] != 2 || seen["li"] != 4 {
		t.Errorf("elements: %v", seen)
	}
	if n := strings.Count(words.String(), nasty); n < 6 {
		t.Errorf("%q stands there %d times", nasty, n)
	}
}

// A long text stands on the page once, and every other place leads to it.
func TestHTMLShowsALongTextOnce(t *testing.T) {
	r, text := sample(), strings.Repeat("long", 100)
	r.Results[0].Exchanges[0].Response.Parts[0].Text = text
	for range 2 { // the second page does not lean on the first
		var out bytes.Buffer
		must(t, r.HTML(&out))
		page := out.String()
		if strings.Count(page, text) != 1 || strings.Count(page, `<pre id="body-1">`) != 1 || strings.Count(page, `<a href="#body-1">`) != 1 {
			t.Errorf("the text stands there %d times: %s", strings.Count(page, text), page)
		}
	}
}

// JUnit XML reads back with a suite a profile and a case a requirement, whatever the other side sent.
func TestJUnit(t *testing.T) {
	var out bytes.Buffer
	must(t, sample().JUnit(&out))
	var got junitSuites
	must(t, xml.Unmarshal(out.Bytes(), &got))
	if got.Tests != 3 || got.Failures != 1 || got.Skipped != 1 || got.Time != "1.500" || len(got.Suites) != 2 {
		t.Fatalf("%+v", got)
	}
	vci, haip := got.Suites[0], got.Suites[1]
	if vci.Name != OpenID4VCI || vci.Tests != 2 || vci.Failures != 1 || len(vci.Cases) != 2 || haip.Skipped != 1 || len(haip.Cases) != 1 {
		t.Fatalf("%+v", got)
	}
	held, failed, skipped := vci.Cases[0], vci.Cases[1], haip.Cases[0]
	switch {
	case held.Name != "VCI-1-a" || held.ClassName != "issuer.OpenID4VCI" || held.Failure != nil || held.Skipped != nil:
		t.Errorf("%+v", held)
	case failed.Failure == nil || !strings.Contains(failed.Failure.Message, nasty) || !strings.Contains(failed.SystemOut, `"method": "GET"`):
		t.Errorf("%+v", failed)
	case skipped.Skipped == nil || skipped.Skipped.Message != nasty:
		t.Errorf("%+v", skipped)
	}
}

// A configuration is what the example shows, and a mistake in one is told.
func TestConfig(t *testing.T) {
	c, err := ParseConfig([]byte(ConfigExample))
	must(t, err)
	if len(c.Login) != 3 || c.Login[0].Fields["username"] != "alice" || c.Login[1].Code != "otp" || c.Login[2].Press["consent"] != "yes" || c.Request.Form != "/start" || c.Pause {
		t.Errorf("%+v", c)
	}
	for text, why := range map[string]string{
		"logn: []": "logn", "login: [{}]": "expected fields", "login: [{code: otp}]": "totp_secret", "request: {page: a, command: [b]}": "not both",
	} {
		if _, err := ParseConfig([]byte(text)); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if empty, err := ParseConfig([]byte("pause: true")); err != nil || !reflect.DeepEqual(*empty, Config{Pause: true}) {
		t.Errorf("%+v, %v", empty, err)
	}
}
