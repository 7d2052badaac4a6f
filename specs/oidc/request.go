package oidc

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Scopes.
const (
	ScopeOpenID  = "openid"  // Core section 3.1.2.1
	ScopeProfile = "profile" // Core section 5.4
)

// Prompt is what a relying party says of asking the person (Core section 3.1.2.1).
type Prompt string

// The values that ID-porten knows; "" is none given.
const (
	PromptNone  Prompt = "none"  // no page may be shown
	PromptLogin Prompt = "login" // the person signs in anew
)

// ParsePrompt reads the parameter prompt: one of none and login. Errors: ErrParameter.
func ParsePrompt(s string) (Prompt, error) {
	switch p := Prompt(s); p {
	case "", PromptNone, PromptLogin:
		return p, nil
	}
	return "", fmt.Errorf("%w: prompt: expected none or login (OpenID Connect Core 1.0 section 3.1.2.1)", ErrParameter)
}

// longestMaxAge keeps a max_age within what a time.Duration holds; older logins than this are none.
const longestMaxAge = 10 * 365 * 24 * 3600

// ParseMaxAge reads the parameter max_age, in seconds; given is false for "". Errors: ErrParameter.
func ParseMaxAge(s string) (age time.Duration, given bool, err error) {
	if s == "" {
		return 0, false, nil
	}
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return 0, false, fmt.Errorf("%w: max_age: expected a number of seconds (OpenID Connect Core 1.0 section 3.1.2.1)", ErrParameter)
	}
	return time.Duration(min(n, longestMaxAge)) * time.Second, true, nil
}

// ParseACRValues reads the parameter acr_values and gives the lowest of the levels in it, since each of them will do; ""
// for "". Values that are no levels are passed by, as long as one is left. Errors: ErrParameter.
func ParseACRValues(s string) (string, error) {
	values := strings.Fields(s)
	if len(values) == 0 {
		return "", nil
	}
	for _, acr := range ACRs() {
		if slices.Contains(values, acr) {
			return acr, nil
		}
	}
	return "", fmt.Errorf("%w: acr_values: expected one of %s (OpenID Connect Core 1.0 section 3.1.2.1)", ErrParameter, strings.Join(ACRs(), ", "))
}

// ParseUILocales gives the first language of the parameter ui_locales that is one of supported, "" when none is. A
// region is passed by: nb-NO is nb. no stands for nb.
func ParseUILocales(s string, supported []string) string {
	for tag := range strings.FieldsSeq(s) {
		primary, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if primary == "no" {
			primary = "nb"
		}
		if slices.Contains(supported, primary) {
			return primary
		}
	}
	return ""
}
