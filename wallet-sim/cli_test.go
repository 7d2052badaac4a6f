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
		"no such command":       {[]string{"fly"}, "unknown command"},
		"a noun alone":          {[]string{"credential"}, "credential --help"},
		"a wallet's name":       {[]string{"credential", "list", "--wallet", "../x"}, "--wallet"},
		"no such flag":          {[]string{"credential", "list", "--fast"}, "unknown flag"},
		"no argument":           {[]string{"offer", "accept"}, "accepts 1 arg"},
		"nobody to sign in":     {[]string{"offer", "accept", "https://issuer.example", "--type", "x"}, "who signs in"},
		"person beyond the end": {[]string{"offer", "accept", "https://issuer.example", "--type", "x", "--person", "1"}, "0 test people"},
		"nobody on stdin":       {[]string{"request", "answer", "-"}, "nobody to ask"},
		"yes and no":            {[]string{"request", "answer", "x", "--yes", "--no"}, "exclude each other"},
		"nobody to ask":         {[]string{"request", "answer", "x", "--json"}, "nobody to ask"},
		"no such authority":     {[]string{"credential", "list", "--ca", data + "/none.pem"}, "--ca"},
		"address with a path":   {[]string{"serve", "--url", "http://localhost:1/x"}, "--url"},
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
	c.ask(&wallet.Request{
		Verifier:     wallet.Verifier{Name: evil + "verifier", Organization: evil + "organization", Host: evil + "host"},
		Shares:       []wallet.Share{{Credential: credential, Claims: []wallet.Claim{{Path: []any{evil + "label"}, Value: evil + "value"}}}},
		Transactions: []wallet.Transaction{{Type: evil + "type", Details: []wallet.Detail{{Name: "amount", Value: evil + "amount"}, {Name: "payee", Value: "x\nShare? [y/N] payee"}}}},
	})
	c.tellAnswer(presented{
		Verifier: wallet.Verifier{Name: evil + "answered"}, RedirectURI: evil + "redirect",
		Shared: []shared{{Query: evil + "query", Type: evil + "sharedtype", Claims: map[string]string{evil + "key": evil + "claim"}}},
	})
	c.tellNotices([]browser.Notice{{Heading: evil + "heading", Texts: []string{evil + "text"}}})
	c.explain(&wallet.Refusal{Step: "x", Code: evil + "code", Description: evil + "description", Sent: []string{evil + "sent"}})
	c.explain(fmt.Errorf("%w: %s", wallet.ErrCredential, evil+"error"))
	c.agrees(evil + "question")
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
