package minid

import (
	_ "embed"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Length of a password that is chosen, in characters after NFC.
const (
	minChosen = 12
	maxChosen = 128
)

// leastCost is how many things an attacker with the blocklist must guess at least: a word, a run of keys, a year or a
// repetition is one thing, any other character is one.
const leastCost = 6

// PasswordRule is a rule that a chosen password broke.
type PasswordRule string

// The rules. There are none of composition: they make passwords that people forget and machines guess.
const (
	RuleShort   PasswordRule = "short"
	RuleLong    PasswordRule = "long"
	RuleCommon  PasswordRule = "common"  // made of common words and patterns
	RuleContext PasswordRule = "context" // holds the service's name, or what others know of the person
	RuleText    PasswordRule = "text"    // not text: control characters, or not UTF-8
)

// ErrPasswordRule: a chosen password breaks a rule. It is an ErrPassword.
type ErrPasswordRule struct{ Rule PasswordRule }

func (e ErrPasswordRule) Error() string {
	return "minid: the chosen password breaks the rule " + string(e.Rule)
}

// Is makes the rule one of the ways a password can be unusable.
func (e ErrPasswordRule) Is(target error) bool { return target == ErrPassword }

//go:embed blocklist.txt
var blocklistText string

var blockedWords, longestBlocked = func() (map[string]bool, int) {
	words, longest := map[string]bool{}, 0
	for _, w := range strings.Fields(blocklistText) {
		w = fold(w)
		words[w] = true
		longest = max(longest, len([]rune(w)))
	}
	return words, longest
}()

// keyRuns are the orders in which keys and letters are run through.
var keyRuns = []string{"abcdefghijklmnopqrstuvwxyzæøå", "01234567890", "qwertyuiopå", "asdfghjkløæ", "zxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn"}

// CheckPassword holds a chosen password against the rules, with what is known of the person: nil or ErrPasswordRule.
func CheckPassword(password string, p *Person) error {
	if !utf8.ValidString(password) || strings.ContainsFunc(password, unicode.IsControl) {
		return ErrPasswordRule{RuleText}
	}
	text := norm.NFC.String(password)
	switch n := utf8.RuneCountInString(text); {
	case n < minChosen:
		return ErrPasswordRule{RuleShort}
	case n > maxChosen:
		return ErrPasswordRule{RuleLong}
	}
	if holdsContext(text, p) {
		return ErrPasswordRule{RuleContext}
	}
	if guesses([]rune(fold(text))) < leastCost || guesses([]rune(strings.ToLower(text))) < leastCost {
		return ErrPasswordRule{RuleCommon}
	}
	return nil
}

// holdsContext looks for the words with and without what may stand between letters.
func holdsContext(text string, p *Person) bool {
	tight := onlyLettersAndDigits(strings.ToLower(text))
	loose := onlyLettersAndDigits(fold(text))
	for _, word := range contextWords(p) {
		if strings.Contains(tight, word) || strings.Contains(loose, fold(word)) {
			return true
		}
	}
	return false
}

// contextWords are the service's names, the number and its date, the birth date as people write it, the parts of the
// name that are long enough to be no accident, and phone and address for mail.
func contextWords(p *Person) []string {
	words := []string{"minid", "idporten"}
	if p == nil {
		return words
	}
	if len(p.PID) == 11 {
		words = append(words, p.PID[:6], p.PID[6:])
	}
	if d, err := time.Parse(time.DateOnly, p.BirthDate); err == nil {
		for _, form := range []string{"02012006", "20060102", "020106", "060102"} {
			words = append(words, d.Format(form))
		}
	}
	name, _, _ := strings.Cut(p.Email, "@")
	for _, part := range strings.FieldsFunc(strings.ToLower(p.Name+" "+name), notLetterOrDigit) {
		if utf8.RuneCountInString(part) >= 4 {
			words = append(words, part)
		}
	}
	if n := len(p.Phone); n >= 8 {
		words = append(words, p.Phone[n-8:])
	}
	return words
}

// PasswordContext are the words a measure of strength should count as known.
func PasswordContext(p *Person) []string { return contextWords(p) }

func notLetterOrDigit(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

func onlyLettersAndDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if notLetterOrDigit(r) {
			return -1
		}
		return r
	}, s)
}

// fold makes one of the ways in which a word is dressed up: case, and signs that stand for letters.
func fold(s string) string {
	return strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "@", "a", "5", "s", "$", "s", "7", "t", "!", "i").
		Replace(strings.ToLower(s))
}

// guesses is the least number of things the text is made of, see leastCost. A text that is one block over and over is
// that block and the idea of repeating it.
func guesses(text []rune) int {
	extra := 0
	if block := blockOf(text); len(block) < len(text) {
		text, extra = block, 1
	}
	cost := make([]int, len(text)+1)
	for end := 1; end <= len(text); end++ {
		cost[end] = cost[end-1] + 1
		for from := max(0, end-max(longestBlocked, 24)); from < end-1; from++ {
			if cost[from]+1 < cost[end] && isOneThing(text[from:end]) {
				cost[end] = cost[from] + 1
			}
		}
	}
	return cost[len(text)] + extra
}

func blockOf(text []rune) []rune {
	for n := 1; n <= len(text)/2; n++ {
		same := true
		for i := n; i < len(text) && same; i++ {
			same = text[i] == text[i-n]
		}
		if same {
			return text[:n]
		}
	}
	return text
}

func isOneThing(part []rune) bool {
	s := string(part)
	if blockedWords[s] || len(part) >= 2 && len(blockOf(part)) == 1 {
		return true
	}
	if len(part) == 4 && (part[0] == '1' && part[1] == '9' || part[0] == '2' && part[1] == '0') && unicode.IsDigit(part[2]) && unicode.IsDigit(part[3]) {
		return true
	}
	if len(part) < 3 {
		return false
	}
	for _, run := range keyRuns {
		if strings.Contains(run, s) || strings.Contains(run, reversed(part)) {
			return true
		}
	}
	return false
}

func reversed(part []rune) string {
	back := make([]rune, len(part))
	for i, r := range part {
		back[len(part)-1-i] = r
	}
	return string(back)
}
