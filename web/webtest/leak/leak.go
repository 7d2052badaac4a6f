// Package leak searches what a service wrote (its log, metrics, addresses, errors) for what must not be there: valid national
// identity numbers, whoever they belong to, and the secrets that a test knows of (rule N17 of the project's security rules).
// Every harness writes its log into a Log, which is searched at the end of every test.
package leak

import (
	"bytes"
	"fmt"
	"regexp"
	"sort"
	"strings"
	"sync"
	"testing"

	"lommebok.example/specs/fnr"
)

// elevenDigits are eleven digits, as a number is written, with or without a blank after the date. What is part of a longer
// word is an identifier that happens to have digits.
var elevenDigits = regexp.MustCompile(`(?:^|[^0-9A-Za-z_-])([0-9]{6}(?: |%20|\+)?[0-9]{5})(?:$|[^0-9A-Za-z_-])`)

// digits are what a code is made of: found only where it stands by itself, since it is short.
var digits = regexp.MustCompile(`^[0-9]{4,10}$`)

// Found tells what must not be in text: each finding names its kind, and never repeats it. known are the test's secrets by
// what they are; those of fewer than four bytes are words as well, and not searched for.
func Found(text string, known map[string]string) []string {
	var findings []string
	for at := 0; at < len(text); {
		m := elevenDigits.FindStringSubmatchIndex(text[at:])
		if m == nil {
			break
		}
		number := strings.NewReplacer(" ", "", "%20", "", "+", "").Replace(text[at+m[2] : at+m[3]])
		if _, err := fnr.Parse(number); err == nil {
			findings = append(findings, "a valid identity number")
		}
		at += m[3] // the byte after it may begin the next
	}
	for what, secret := range known {
		if holds(text, secret) {
			findings = append(findings, what)
		}
	}
	sort.Strings(findings)
	return findings
}

func holds(text, secret string) bool {
	switch {
	case len(secret) < 4:
		return false
	case digits.MatchString(secret):
		return regexp.MustCompile(`(?:^|[^0-9A-Za-z_.-])` + secret + `(?:$|[^0-9A-Za-z_.-])`).MatchString(text)
	}
	return strings.Contains(text, secret)
}

// Search fails the test for each finding.
func Search(t testing.TB, where, text string, known map[string]string) {
	t.Helper()
	for _, what := range Found(text, known) {
		t.Errorf("%s holds %s", where, what)
	}
}

// Log takes a service's log, and is searched when the test ends. It is safe for concurrent use.
type Log struct {
	mu    sync.Mutex
	b     bytes.Buffer
	known map[string]string
}

// NewLog gives a log that is searched at the end of the test.
func NewLog(t testing.TB) *Log {
	t.Helper()
	l := &Log{known: map[string]string{}}
	t.Cleanup(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		Search(t, "the log", l.b.String(), l.known)
	})
	return l
}

// Know adds secrets to search for. Two of one kind are told apart by a number.
func (l *Log) Know(what string, secrets ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, secret := range secrets {
		l.known[fmt.Sprintf("%s (%d)", what, len(l.known)+1)] = secret
	}
}

// Write is for slog.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String is what was written so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Known are the secrets so far, for Search.
func (l *Log) Known() map[string]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := make(map[string]string, len(l.known))
	for what, secret := range l.known {
		known[what] = secret
	}
	return known
}
