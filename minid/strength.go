package minid

import (
	"unicode/utf8"

	"github.com/nbutton23/zxcvbn-go"
	"github.com/nbutton23/zxcvbn-go/matching"
	"golang.org/x/text/unicode/norm"
)

// measured is how many bytes of a password are measured: more makes no weak password strong, and the work grows fast.
const measured = 48

// Strength measures a password from 0, guessed at once, to 4, out of reach. It is advice and no rule: it knows English
// words best. known are words an attacker would try first.
func Strength(password string, known []string) int {
	password = norm.NFC.String(password)
	if len(password) > measured {
		n := measured
		for n > 0 && !utf8.RuneStart(password[n]) {
			n--
		}
		password = password[:n]
	}
	if password == "" {
		return 0
	}
	return min(score(password, known), score(fold(password), known))
}

// score leaves the matcher of letters dressed as signs out: its work doubles with each sign, so it is done by fold.
func score(password string, known []string) int {
	return zxcvbn.PasswordStrength(password, known, matching.FilterL33tMatcher).Score
}
