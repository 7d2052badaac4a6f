package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"lommebok.example/internal/leftout"
	"lommebok.example/specs/oauth2"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/x5c"
	"lommebok.example/wallet-sim/browser"
	"lommebok.example/wallet-sim/phone"
	"lommebok.example/wallet-sim/wallet"
)

// Each command says in --help what it is for, and shows how it is called.
func TestEveryCommandHasExamples(t *testing.T) {
	c := &cli{}
	var visit func(*cobra.Command)
	seen := 0
	visit = func(cmd *cobra.Command) {
		seen++
		if cmd.Short == "" || !strings.Contains(cmd.Example, cmd.CommandPath()) {
			t.Errorf("%s: expected examples, got %q", cmd.CommandPath(), cmd.Example)
		}
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(c.root())
	if seen < 25 {
		t.Errorf("only %d commands were seen", seen)
	}
}

// The exit codes are those that --help and README.md tell.
func TestExitCodes(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	must(t, err)
	for code, words := range map[int]string{exitDone: "done", exitFailed: "it could not be done", exitUsage: "wrong usage", exitRefused: "the other side refused", exitWalletRefused: "the wallet"} {
		if !strings.Contains(exitCodes, fmt.Sprintf("  %d  %s", code, words)) || !strings.Contains(string(readme), fmt.Sprintf("%d %s", code, words)) {
			t.Errorf("%d is not told as %q", code, words)
		}
	}
	for name, one := range map[string]struct {
		err  error
		want int
	}{
		"nothing": {nil, exitDone}, "a file": {os.ErrPermission, exitFailed}, "an argument": {usage("x"), exitUsage},
		"no such credential": {wallet.ErrNotFound, exitUsage}, "a server's answer": {&wallet.Refusal{}, exitRefused},
		"a server's answer behind ours": {errors.Join(wallet.ErrCredential, &wallet.Refusal{}), exitRefused},
		"MinID's answer":                {&oauth2.Error{}, exitRefused}, "a page": {browser.ErrPage, exitRefused}, "no login waits": {phone.ErrNoAttempt, exitRefused},
		"a credential": {wallet.ErrCredential, exitWalletRefused}, "a request": {&openid4vp.Error{}, exitWalletRefused}, "a chain": {x5c.ErrUntrusted, exitWalletRefused},
		"nothing that fits": {wallet.ErrNoMatch, exitWalletRefused}, "a check": {&told{errRefused}, exitWalletRefused},
	} {
		if got := (&cli{running: true}).exitCode(one.err); got != one.want {
			t.Errorf("%s: %d, expected %d", name, got, one.want)
		}
	}
	if got := (&cli{}).exitCode(os.ErrPermission); got != exitUsage {
		t.Errorf("arguments that could not be read: %d", got)
	}
}

func TestColours(t *testing.T) {
	if got := painter(&bytes.Buffer{}, "")(red, "x"); got != "x" {
		t.Errorf("no terminal: %q", got)
	}
	if got := coloured(red, "x"); got != "\x1b[31mx\x1b[0m" {
		t.Errorf("%q", got)
	}
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		leftout.For(t, "there are no terminals on this machine")
	}
	defer func() { must(t, terminal.Close()) }()
	for noColor, want := range map[string]painted{"": coloured(red, "x"), "1": "x"} {
		if got := painter(terminal, noColor)(red, "x"); got != want {
			t.Errorf("NO_COLOR=%q: %q", noColor, got)
		}
	}
}

// ran calls a command in this process.
func ran(t *testing.T, in string, args ...string) (code int, out, errs string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(in), &stdout, &stderr, time.Now)
	return code, stdout.String(), stderr.String()
}

// What a command reads comes as it is, from a file or on standard input.
func TestInput(t *testing.T) {
	file := filepath.Join(t.TempDir(), "offer.txt")
	const link = "openid-credential-offer://?credential_offer=%7B%22credential_issuer%22%3A%22https%3A%2F%2Fissuer.example%22%2C%22credential_configuration_ids%22%3A%5B%22card%22%5D%7D"
	must(t, os.WriteFile(file, []byte(link+"\n"), 0o600))
	for name, one := range map[string]struct{ in, arg string }{"itself": {"", link}, "a file": {"", file}, "standard input": {link, "-"}} {
		code, out, errs := ran(t, one.in, "decode", one.arg, "--json")
		var found struct{ Kind, State string }
		if err := json.Unmarshal([]byte(out), &found); err != nil || code != 0 || found.Kind != "credential offer link" || found.State != "not verified" {
			t.Errorf("%s: exit %d, %s%s", name, code, out, errs)
		}
	}
	if code, out, _ := ran(t, "", "decode", "nothing", "--json"); code != exitUsage || !strings.Contains(out, `"usage"`) {
		t.Errorf("nothing: exit %d, %s", code, out)
	}
	if code, _, errs := ran(t, strings.Repeat("x", maxInput+1), "decode", "-"); code != exitUsage || !strings.Contains(errs, "at most") {
		t.Errorf("too much: exit %d, %s", code, errs)
	}
	if code, _, errs := ran(t, "x", "scan", "-"); code != exitUsage || !strings.Contains(errs, "picture") {
		t.Errorf("no picture: exit %d, %s", code, errs)
	}
}

// The passphrase comes from the environment: without a terminal nobody is asked.
func TestPassphraseOnTheCommandLine(t *testing.T) {
	data := t.TempDir()
	t.Setenv(newPassphraseVariable, "first")
	if code, out, errs := ran(t, "", "wallet", "protect", "--wallet", "second", "--data", data); code != 0 || !strings.Contains(out, "protected by a passphrase") {
		t.Fatalf("exit %d, %s%s", code, out, errs)
	}
	list := []string{"credential", "list", "--wallet", "second", "--data", data}
	if code, _, errs := ran(t, "", list...); code != exitUsage || !strings.Contains(errs, passphraseVariable) {
		t.Errorf("without: exit %d, %s", code, errs)
	}
	t.Setenv(passphraseVariable, "other")
	if code, _, _ := ran(t, "", list...); code != exitWalletRefused {
		t.Errorf("wrong: exit %d", code)
	}
	t.Setenv(passphraseVariable, "first")
	if code, out, errs := ran(t, "", list...); code != 0 {
		t.Errorf("right: exit %d, %s%s", code, out, errs)
	}
	code, out, _ := ran(t, "", "wallet", "list", "--json", "--data", data)
	var all []walletState
	if err := json.Unmarshal([]byte(out), &all); err != nil || code != 0 || len(all) != 2 || all[0].Protected || !all[1].Protected || all[1].Name != "second" {
		t.Errorf("exit %d, %s", code, out)
	}
	if code, out, _ := ran(t, "", "wallet", "unprotect", "--wallet", "second", "--data", data); code != 0 || !strings.Contains(out, "not protected") {
		t.Errorf("unprotect: exit %d, %s", code, out)
	}
}

// The app is paired, approves and rejects, by commands, while a browser logs in. What the wallet sent stands in its log, without secrets.
func TestAppAndLogOnTheCommandLine(t *testing.T) {
	i := newTryIssuer(t)
	people, err := phone.ReadPeople(filepath.Join(i.data, "issuer", "test-people.json"))
	must(t, err)
	if code, says := i.run(t, "app", "approve", "42"); code != exitUsage {
		t.Errorf("nothing paired: exit %d, %s", code, says)
	}
	if code, says := i.run(t, "app", "pair", "AAAA-AAAA-AAAA", "--minid", i.url, "--yes"); code != exitRefused {
		t.Errorf("a code of nobody: exit %d, %s", code, says)
	}
	if code, says := i.run(t, "app", "pair", people[0].AppCode, "--minid", i.url, "--owner", "me", "--yes"); code != 0 || !strings.Contains(says, "paired") {
		t.Fatalf("pair: exit %d, %s", code, says)
	}
	if code, says := i.run(t, "app", "reject"); code != exitRefused {
		t.Errorf("nothing waits: exit %d, %s", code, says)
	}
	for name, answer := range map[string]func(number string) []string{
		"approve": func(number string) []string { return []string{"app", "approve", number, "--owner", "me"} },
		"reject":  func(string) []string { return []string{"app", "reject"} },
	} {
		b, err := browser.New(nil, browser.Person{PID: people[0].PID, Password: people[0].Password, Approve: func(_ context.Context, number string) error {
			if _, says := i.run(t, "app", "list"); !strings.Contains(says, "waits: me logs in") {
				t.Errorf("list: %s", says)
			}
			if code, says := i.run(t, answer(number)...); code != 0 {
				t.Errorf("%s: exit %d, %s", name, code, says)
			}
			return nil
		}}, time.Now)
		must(t, err)
		page, _, err := b.SignIn(t.Context(), i.url+"/minid")
		if in := err == nil && page.FormTo("/logout") != nil; in != (name == "approve") {
			t.Errorf("%s: logged in %t, %v", name, in, err)
		}
	}
	if code, says := i.run(t, "offer", "accept", i.url, "--type", configMinID, "--person", "10"); code != 0 {
		t.Fatalf("exit %d, %s", code, says)
	}
	code, says := i.run(t, "log", "--json", "--last", "100")
	if code != 0 || strings.Count(says, "\n") < 6 || !strings.Contains(says, `"step":"token request"`) || !strings.Contains(says, "OpenID4VCI 1.0 section 8.2") || strings.Contains(says, people[9].PID) {
		t.Errorf("log: exit %d, %s", code, says)
	}
	i.follows(t)
}

// follows expects an entry that is written while log --follow runs.
func (i *tryIssuer) follows(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	in, out, err := os.Pipe()
	must(t, err)
	ended := make(chan int, 1)
	go func() {
		code := run(ctx, []string{"log", "-f", "--last", "1", "--json", "--data", i.data}, nil, out, out, time.Now)
		_ = out.Close()
		ended <- code
	}()
	lines := json.NewDecoder(in)
	var e struct{ Step string }
	must(t, lines.Decode(&e)) // the last that there was: the log is being followed
	if code, says := i.run(t, "offer", "accept", i.url, "--person", "10"); code != exitUsage || !strings.Contains(says, configMinID) {
		t.Errorf("exit %d, %s", code, says)
	}
	must(t, lines.Decode(&e))
	if e.Step != "issuer metadata" {
		t.Errorf("followed %q", e.Step)
	}
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("exit %d", code)
	}
}

// The doctor finds what is missing, and says who would refuse whom.
func TestDoctor(t *testing.T) {
	i := newTryIssuer(t)
	flags := []string{"doctor", "--json", "--issuer", i.url, "--verifier", ""}
	code, says := i.run(t, flags...)
	if code != exitFailed {
		t.Errorf("no verifiers and wallet providers are trusted: exit %d, %s", code, says)
	}
	state := func(says, name string) string {
		var all []finding
		must(t, json.Unmarshal([]byte(says), &all))
		for _, f := range all {
			if f.Name == name {
				return f.State
			}
		}
		return "not looked at"
	}
	for name, want := range map[string]string{
		"issuer": good, "issuer's clock": good, "issuer's metadata": good, "wallet and verifier trust the issuer": good,
		"trust anchors: issuers": good, "trust anchors: verifiers": bad, "trust anchors: wallet-providers": bad, "the issuer trusts the wallet provider": warning,
		"verifier": "not looked at",
	} {
		if got := state(says, name); got != want {
			t.Errorf("%s: %s, expected %s", name, got, want)
		}
	}
	fresh := filepath.Join(t.TempDir(), "data")
	looking := append(flags, "--data", fresh, "--trust", filepath.Join(i.data, "trust"), "--insecure-allow-http")
	if _, says, _ := ran(t, "", looking...); state(says, "issuer's metadata") != good {
		t.Errorf("a fresh folder: %s", says)
	}
	if _, err := os.Stat(fresh); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the doctor made %s: %v", fresh, err)
	}
	must(t, os.MkdirAll(filepath.Join(fresh, "wallet-provider"), 0o700))
	t.Setenv(newPassphraseVariable, "first")
	if code, out, errs := ran(t, "", "wallet", "protect", "--data", fresh); code != 0 {
		t.Fatalf("exit %d, %s%s", code, out, errs)
	}
	before := tree(t, fresh)
	_, says, _ = ran(t, "", looking...)
	if state(says, "issuer's metadata") != good || state(says, "wallet") != good || state(says, "the issuer trusts the wallet provider") != warning {
		t.Errorf("a protected wallet: %s", says)
	}
	if after := tree(t, fresh); after != before {
		t.Errorf("the doctor changed\n%s\nto\n%s", before, after)
	}
	must(t, os.RemoveAll(filepath.Join(i.data, "trust", "issuers")))
	_, says = i.run(t, flags...)
	for _, name := range []string{"issuer's metadata", "wallet and verifier trust the issuer", "trust anchors: issuers"} {
		if got := state(says, name); got != bad {
			t.Errorf("nobody is trusted: %s: %s", name, got)
		}
	}
	if _, says = i.run(t, "doctor", "--json", "--issuer", "http://localhost:1", "--verifier", ""); state(says, "issuer") != bad {
		t.Errorf("nobody answers: %s", says)
	}
}

// tree lists what is in a folder, with size and time.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		fmt.Fprintln(&all, path, info.Size(), info.ModTime())
		return err
	}))
	return all.String()
}
