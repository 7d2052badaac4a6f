package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"lommebok.example/wallet-sim/browser"
	"lommebok.example/wallet-sim/wallet"
)

// What the caller should have written otherwise is exit code 2, in words or in JSON.
func TestUsage(t *testing.T) {
	data := t.TempDir()
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"no such command":         {[]string{"fly"}, "unknown command"},
		"a noun alone":            {[]string{"credential"}, "credential --help"},
		"a wallet's name":         {[]string{"credential", "list", "--wallet", "../x"}, "--wallet"},
		"no such flag":            {[]string{"credential", "list", "--fast"}, "unknown flag"},
		"no such verb":            {[]string{"credential", "fly"}, "expected one of list, show"},
		"no argument":             {[]string{"offer", "accept"}, "expected <offer or issuer>"},
		"two arguments":           {[]string{"decode", "a", "b"}, "quotes"},
		"an argument too many":    {[]string{"credential", "list", "x"}, `got "x"`},
		"no link":                 {[]string{"request", "answer", "x", "--yes"}, `no file "x"`},
		"no link in a file":       {[]string{"offer", "accept", "cli_test.go"}, "a link in the file cli_test.go"},
		"no picture":              {[]string{"scan", "none.png"}, `no file "none.png"`},
		"no credential":           {[]string{"verify", "none.txt", "--anchor", "../wallet-sim/testdata/none.pem"}, "--anchor"},
		"nothing to decode":       {[]string{"decode", "none.txt"}, `no file "none.txt"`},
		"nothing at all":          {[]string{"decode", ""}, "it is empty"},
		"no such credential":      {[]string{"credential", "show", "x"}, "wallet-sim credential list"},
		"nothing pending":         {[]string{"credential", "collect", "x"}, "wallet-sim credential pending"},
		"an address that is none": {[]string{"credential", "list", "--url", "nonsense"}, "--url"},
		"a proof type":            {[]string{"credential", "list", "--proof-type", "x"}, "attestation"},
		"http":                    {[]string{"offer", "accept", "http://localhost:1", "--type", "x", "--pid", "1", "--password", "x"}, "--insecure-allow-http"},
		"a MinID that is none":    {[]string{"app", "pair", "X", "--yes", "--minid", "x"}, "--minid"},
		"nobody to sign in":       {[]string{"offer", "accept", "https://issuer.example", "--type", "x"}, "who signs in"},
		"person beyond the end":   {[]string{"offer", "accept", "https://issuer.example", "--type", "x", "--person", "1"}, "0 test people"},
		"nobody on stdin":         {[]string{"request", "answer", "-"}, "nobody to ask"},
		"yes and no":              {[]string{"request", "answer", "x", "--yes", "--no"}, "exclude each other"},
		"nobody to ask":           {[]string{"request", "answer", "x", "--json"}, "nobody to ask"},
		"no such authority":       {[]string{"credential", "list", "--ca", data + "/none.pem"}, "--ca"},
		"address with a path":     {[]string{"serve", "--url", "http://localhost:1/x"}, "--url"},
	} {
		var out, errs bytes.Buffer
		code := run(t.Context(), append(c.args, "--data", data), nil, &out, &errs, time.Now)
		if code != exitUsage || !strings.Contains(out.String()+errs.String(), c.says) {
			t.Errorf("%s: exit %d, %s%s", name, code, &out, &errs)
		}
	}
}

func TestUsageInJSON(t *testing.T) {
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{"request", "answer", "x", "--json", "--data", t.TempDir()}, nil, &out, &errs, time.Now)
	var answer struct{ Error, Message string }
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil || code != exitUsage || answer.Error != "usage" || errs.Len() != 0 {
		t.Errorf("exit %d, %s, %v", code, &out, err)
	}
}

// With --json the output is one JSON document however it ends, also when the arguments could not be read.
func TestErrorsInJSON(t *testing.T) {
	data := t.TempDir()
	for name, args := range map[string][]string{
		"nothing to do": {"--json"}, "no such command": {"--json", "fly"}, "no such flag": {"credential", "list", "--fast", "--json"},
		"no such verb": {"credential", "fly", "--json"}, "no argument": {"decode", "--json"}, "of a check": {"check", "issuer", "--json", "https://issuer.example", "--profile", "x", "--pid", "1", "--password", "x"},
		"of a load": {"load", "--json"}, "of a file": {"fault", "run", "none", "--json"},
	} {
		code, out, errs := ran(t, "", append(args, "--data", data)...)
		var told struct{ Error, Message string }
		if err := json.Unmarshal([]byte(out), &told); err != nil || code != exitUsage || told.Error != "usage" || told.Message == "" || errs != "" {
			t.Errorf("%s: exit %d, %v, %s%s", name, code, err, out, errs)
		}
	}
}

// A refusal without a code or words has no empty lines for them, and a code of ours in JSON.
func TestARefusalWithoutACode(t *testing.T) {
	var out, errs bytes.Buffer
	c := &cli{out: &out, errs: &errs, running: true}
	c.explain(&wallet.Refusal{Step: "x", Endpoint: "GET https://x.example", Status: 404})
	if strings.Contains(errs.String(), "description") || strings.Contains(errs.String(), "error ") || !strings.Contains(errs.String(), "404") {
		t.Error(errs.String())
	}
	c.json = true
	c.explain(&wallet.Refusal{Step: "x", Status: 404})
	if !strings.Contains(out.String(), `"error":"refused"`) {
		t.Error(out.String())
	}
}

// What was stored before an error is told with it.
func TestWhatWasStoredBeforeAnErrorIsTold(t *testing.T) {
	got := accepted{Stored: []listed{{ID: "first"}}}
	refusal := &wallet.Refusal{Step: "x", Status: 400, Code: "invalid_proof"}
	for _, inJSON := range []bool{false, true} {
		var out, errs bytes.Buffer
		c := &cli{out: &out, errs: &errs, running: true, json: inJSON}
		err := c.tellAccepted(got, refusal)
		c.explain(err)
		if code := c.exitCode(err); code != exitRefused || strings.Count(out.String(), "first") != 1 || !strings.Contains(out.String()+errs.String(), "invalid_proof") || inJSON && !json.Valid(out.Bytes()) {
			t.Errorf("exit %d, %s%s", code, &out, &errs)
		}
	}
}

// That nobody answers is no answer, and neither consent nor refusal is made of it.
func TestNobodyAnswers(t *testing.T) {
	for in, want := range map[string]bool{"": false, "n\n": false, "\n": false, "y\n": true, "Y": true} {
		c := &cli{in: strings.NewReader(in), out: &bytes.Buffer{}}
		if got, err := c.agrees("Share? "); got != want || errors.Is(err, errUsage) != (in == "") {
			t.Errorf("%q: %t, %v", in, got, err)
		}
	}
}

func TestHTTPIsRefusedUnlessAllowed(t *testing.T) {
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{"offer", "accept", "http://localhost:1", "--type", "x", "--pid", "1", "--password", "x", "--data", t.TempDir()}, nil, &out, &errs, time.Now)
	if code != exitUsage || !strings.Contains(errs.String(), "https") {
		t.Errorf("exit %d, %s", code, &errs)
	}
}

func TestARefusalInWords(t *testing.T) {
	var errs bytes.Buffer
	c := &cli{errs: &errs, running: true}
	c.explain(errors.Join(errors.New("outer"), &wallet.Refusal{
		Step: "token request", Endpoint: "POST https://x.example/token", Sent: []string{"client_id=w", "code=(not shown)"},
		Status: 400, Code: "invalid_grant", Description: "too late",
	}))
	for _, words := range []string{"token request", "POST https://x.example/token", "client_id=w", "code=(not shown)", "400", "invalid_grant", "too late"} {
		if !strings.Contains(errs.String(), words) {
			t.Errorf("does not say %q:\n%s", words, &errs)
		}
	}
}

func TestTailIsWholeLines(t *testing.T) {
	file := t.TempDir() + "/log"
	var text strings.Builder
	for range 300 {
		text.WriteString("0123456789\n")
	}
	must(t, os.WriteFile(file, []byte(text.String()), 0o600))
	got := tail(file)
	if len(got) > tailBytes || !strings.HasPrefix(got, "0123456789\n") || !strings.HasSuffix(got, "0123456789") {
		t.Errorf("%q", got[:20])
	}
}

// Nothing that another wrote reaches the terminal as an order to it, or as a line of its own: not in the dialogue that asks for consent,
// and not in what is told of an answer.
func TestNoOrdersToTheTerminal(t *testing.T) {
	const evil, mark = "999999\x1b[6D100\x1b[K", "\ufffd"
	var out, errs bytes.Buffer
	c := &cli{in: strings.NewReader("n\n"), out: &out, errs: &errs, paint: painter(&out, "")}
	credential := &wallet.Credential{Type: evil + "credential"}
	agreed, err := c.ask(&wallet.Request{
		Verifier:     wallet.Verifier{Name: evil + "verifier", Organization: evil + "organization", Host: evil + "host"},
		Shares:       []wallet.Share{{Credential: credential, Claims: []wallet.Claim{{Path: []any{evil + "label"}, Value: evil + "value"}}}},
		Transactions: []wallet.Transaction{{Type: evil + "type", Details: []wallet.Detail{{Name: "amount", Value: evil + "amount"}, {Name: "payee", Value: "x\nShare? [y/N] payee"}}}},
	})
	if agreed || err != nil {
		t.Errorf("no is taken for %t, %v", agreed, err)
	}
	c.tellAnswer(presented{
		Verifier: wallet.Verifier{Name: evil + "answered"}, RedirectURI: evil + "redirect",
		Shared: []shared{{Query: evil + "query", Type: evil + "sharedtype", Claims: map[string]string{evil + "key": evil + "claim"}}},
	})
	c.tellNotices([]browser.Notice{{Heading: evil + "heading", Texts: []string{evil + "text"}}})
	c.explain(&wallet.Refusal{Step: "x", Code: evil + "code", Description: evil + "description", Sent: []string{evil + "sent"}})
	c.explain(fmt.Errorf("%w: %s", wallet.ErrCredential, evil+"error"))
	_, err = c.agrees(evil + "question")
	if !errors.Is(err, errUsage) {
		t.Errorf("nobody is there: %v", err)
	}
	all := out.String() + errs.String()
	if strings.ContainsFunc(all, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) || strings.Contains(all, "\nShare? [y/N] payee") {
		t.Errorf("%q", all)
	}
	const kept = "999999" + mark + "[6D100" + mark + "[K"
	for _, word := range strings.Fields("verifier organization host credential label value type amount answered redirect query sharedtype key claim heading text " +
		"code description sent error question") {
		if !strings.Contains(all, kept+word) {
			t.Errorf("%s is not told", word)
		}
	}
	if !strings.Contains(all, "x"+mark+"Share? [y/N] payee") {
		t.Errorf("%q", all)
	}
}

// The help of every command keeps to the width of a terminal, but for examples and for what is indented, and has examples.
func TestHelpFitsATerminal(t *testing.T) {
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
		var out bytes.Buffer
		cmd.SetOut(&out)
		must(t, cmd.Help())
		text, example := out.String(), false
		for line := range strings.Lines(text) {
			line = strings.TrimRight(line, "\n")
			example = strings.HasPrefix(line, "Examples:") || example && line != ""
			if len([]rune(line)) > helpWidth && !example {
				t.Errorf("%s --help: %d characters: %s", cmd.CommandPath(), len([]rune(line)), line)
			}
		}
		if !strings.Contains(text, "Examples:") && cmd.Name() != "help" && !strings.Contains(cmd.CommandPath(), "completion") {
			t.Errorf("%s --help has no example", cmd.CommandPath())
		}
	}
	walk((&cli{}).root())
}

// A paragraph is broken anew, what is indented is not.
func TestFit(t *testing.T) {
	long := strings.Repeat("word ", 30)
	got := fit("one\ntwo\n\n" + long + "\n  " + long)
	if lines := strings.Split(got, "\n"); len(lines) != 5 || lines[0] != "one two" || lines[1] != "" || len(lines[2]) > helpWidth || lines[4] != "  "+long {
		t.Errorf("%q", got)
	}
}

// The shell is told what there is, without the network.
func TestCompletion(t *testing.T) {
	data := t.TempDir()
	must(t, os.MkdirAll(data+"/wallets/second", 0o700))
	must(t, os.MkdirAll(data+"/wallet/phone", 0o700))
	for want, args := range map[string][]string{
		"second":                {"credential", "list", "--wallet", ""},
		"dpop_htm_get\t":        {"fault", "show", "dpop_h"},
		"token_code_twice\t":    {"fault", "run", "token_code"},
		"HAIP":                  {"check", "issuer", "https://issuer.example", "--profile", ""},
		"VCI-12.2.2-well-known": {"check", "issuer", "https://issuer.example", "--only", "VCI-12"},
		"refresh=1":             {"load", "--flow", ""},
		"attestation":           {"offer", "accept", "--proof-type", ""},
	} {
		if code, out, _ := ran(t, "", append([]string{"__complete", "--data", data}, args...)...); code != exitDone || !strings.Contains(out, want) {
			t.Errorf("%v: exit %d, %s", args, code, out)
		}
	}
}

// A text that is too long for a terminal is shortened for people.
func TestDecodeShortensForPeople(t *testing.T) {
	long := strings.Repeat("A", 300)
	_, words, _ := ran(t, "", "decode", `{"x":"`+long+`"}`)
	_, all, _ := ran(t, "", "decode", "--json", `{"x":"`+long+`"}`)
	if strings.Contains(words, long) || !strings.Contains(words, `"AAAAAA… (300 characters)"`) || !strings.Contains(all, long) {
		t.Error(words, all)
	}
}
