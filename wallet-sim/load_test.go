package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lommebok.example/wallet-sim/load"
	"lommebok.example/wallet-sim/wallet"
)

// What cannot be done is told before anybody is prepared: nothing answers at the issuer's address, and that is never found out.
func TestLoadIsRefusedBeforeItBegins(t *testing.T) {
	data := t.TempDir()
	for says, args := range map[string][]string{
		"a rate of arrivals":        {"--rate", "0"},
		"a holder or more":          {"--holders", "0"},
		"issue, metadata, refresh":  {"--flow", "fly=1"},
		"--verifier":                {"--flow", "present=1"},
		"a folder that is there":    {"--chart", filepath.Join(data, "none", "load.svg")},
		"the name of a file":        {"--report", data},
		"one thing on the output":   {"--report", "-", "--chart", "-"},
		"whose credentials":         {"--issuer", ""},
		"a weight from 1":           {"--flow", "refresh"},
		"a number of arrivals":      {"--for", "0"},
		"more than 1000000 arrival": {"--rate", "1000000", "--for", "1h"},
	} {
		code, out, errs := ran(t, "", append([]string{"load", "--issuer", "http://localhost:1", "--pid", "1", "--password", "x", "--data", data, "--insecure-allow-http"}, args...)...)
		if code != exitUsage || !strings.Contains(out+errs, says) {
			t.Errorf("%v: exit %d, %s%s", args, code, out, errs)
		}
	}
}

// The holders share what was opened once: nobody is asked for the passphrase of a protected wallet a holder.
func TestLoadOpensTheWalletOnce(t *testing.T) {
	data := t.TempDir()
	s, err := wallet.OpenStore(filepath.Join(data, "wallet"), nil)
	must(t, err)
	must(t, s.Protect("a passphrase for a test", wallet.Argon2{KiB: 64, Passes: 1, Lanes: 1}))
	c := &cli{data: data, url: "http://localhost:8082", now: time.Now, in: strings.NewReader("")}
	t.Setenv(passphraseVariable, "a passphrase for a test")
	setting, err := c.setting(&loading{issuer: "https://issuer.example"}, nil, data)
	must(t, err)
	must(t, os.Unsetenv(passphraseVariable))
	one, err := setting.Wallet(0)
	must(t, err)
	two, err := setting.Wallet(1)
	must(t, err)
	if one == two || one.Store.Dir == two.Store.Dir || one.Attester == nil || one.Attester != two.Attester || one.Trust != two.Trust {
		t.Errorf("%+v, %+v", one, two)
	}
}

// What stops one holder is told once, and not for each. With --json it is the whole output.
func TestLoadTellsTheFirstErrorAlone(t *testing.T) {
	data := t.TempDir()
	people := filepath.Join(data, "people.json")
	raw, err := json.Marshal([]map[string]string{{"pid": "1", "password": "x", "totp_secret": "A"}, {"pid": "2", "password": "x", "totp_secret": "A"}, {"pid": "3", "password": "x", "totp_secret": "A"}})
	must(t, err)
	must(t, os.WriteFile(people, raw, 0o600))
	code, out, errs := ran(t, "", "load", "--issuer", "http://localhost:1", "--people", people, "--data", data, "--insecure-allow-http", "--json")
	var told struct{ Error, Message string }
	if err := json.Unmarshal([]byte(out), &told); err != nil || code != exitFailed || errs != "" || strings.Count(told.Message, "holder ") != 1 {
		t.Errorf("exit %d, %v, %s%s", code, err, out, errs)
	}
}

// A code is told with the words of the first that ended so, and what nobody was served in has no times.
func TestLoadSaysWhatFailed(t *testing.T) {
	var out strings.Builder
	c := &cli{out: &out}
	c.tellLoad(&load.Report{Total: load.Part{Arrivals: 2, Failed: 2, Codes: map[string]int{"network": 2}, Says: map[string]string{"network": "connection refused"}}})
	if !strings.Contains(out.String(), "2 times network, the first: connection refused") || strings.Contains(out.String(), "0.0, 0.0") {
		t.Error(out.String())
	}
}
