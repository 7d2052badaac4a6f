package minid

import (
	"fmt"
	"slices"
)

// Level is a level of assurance in the words of Commission Implementing Regulation (EU) 2015/1502.
type Level int

// The levels, ordered: a higher one meets the need for a lower one.
const (
	LevelNone Level = iota
	LevelLow
	LevelSubstantial
	LevelHigh
)

var levelNames = [...]string{"none", "low", "substantial", "high"}

// String gives "none", "low", "substantial" or "high".
func (l Level) String() string {
	if l < LevelNone || l > LevelHigh {
		return fmt.Sprintf("level(%d)", int(l))
	}
	return levelNames[l]
}

// ParseLevel reads what String writes.
func ParseLevel(s string) (Level, error) {
	if i := slices.Index(levelNames[:], s); i >= 0 {
		return Level(i), nil
	}
	return LevelNone, fmt.Errorf("minid: unknown level of assurance %q", s)
}

// MarshalText writes the level's name.
func (l Level) MarshalText() ([]byte, error) {
	if l < LevelNone || l > LevelHigh {
		return nil, fmt.Errorf("minid: level %d has no name", int(l))
	}
	return []byte(l.String()), nil
}

// UnmarshalText reads the level's name.
func (l *Level) UnmarshalText(text []byte) error {
	parsed, err := ParseLevel(string(text))
	if err != nil {
		return err
	}
	*l = parsed
	return nil
}

// Factor is one thing a person proves in a sign-in.
type Factor string

// The factors that are built.
const (
	FactorPassword Factor = "password"
	FactorTOTP     Factor = "totp"
	FactorApp      Factor = "app"
	FactorSMS      Factor = "sms"
	// FactorRecovery is a recovery code: what a person without phone has on paper.
	FactorRecovery Factor = "recovery"
	// FactorReset stands for the codes that lead to a new password. It is worth no level.
	FactorReset Factor = "reset"
)

// Basis is how a person's identity was proofed when the account was made.
type Basis string

// The bases of proofing.
const (
	BasisLetter   Basis = "letter"    // activation letter to the registered address
	BasisSchool   Basis = "school"    // vouched for by a teacher, face to face
	BasisInPerson Basis = "in_person" // showed up with identity document
	BasisPassport Basis = "passport"  // passport chip with a live picture of the face
)

// LevelTable says what each axis is worth. The zero table is replaced by DefaultLevels.
type LevelTable struct {
	Proofing       map[Basis]Level
	Authentication []AuthRule
}

// AuthRule gives a level to whoever has passed all its factors.
type AuthRule struct {
	Factors []Factor
	Level   Level
}

// DefaultLevels is the table of today's MinID: a letter, a school or a passport makes substantial, showing up makes
// high; a password with TOTP, a code by SMS or a recovery code makes substantial, a password with the paired app makes high.
func DefaultLevels() LevelTable {
	return LevelTable{
		Proofing: map[Basis]Level{
			BasisLetter: LevelSubstantial, BasisSchool: LevelSubstantial,
			BasisPassport: LevelSubstantial, BasisInPerson: LevelHigh,
		},
		Authentication: []AuthRule{
			{[]Factor{FactorPassword}, LevelLow},
			{[]Factor{FactorPassword, FactorTOTP}, LevelSubstantial},
			{[]Factor{FactorPassword, FactorSMS}, LevelSubstantial},
			{[]Factor{FactorPassword, FactorRecovery}, LevelSubstantial},
			{[]Factor{FactorPassword, FactorApp}, LevelHigh},
		},
	}
}

// OfBasis is the level of the proofing axis; an unknown basis is worth nothing.
func (t LevelTable) OfBasis(b Basis) Level { return t.Proofing[b] }

// OfFactors is the level of the authentication axis: the best rule whose factors have all been passed.
func (t LevelTable) OfFactors(passed []Factor) Level {
	best := LevelNone
	for _, rule := range t.Authentication {
		if rule.Level > best && containsAll(passed, rule.Factors) {
			best = rule.Level
		}
	}
	return best
}

// OfSession is the lower of the two axes.
func (t LevelTable) OfSession(b Basis, passed []Factor) Level {
	return min(t.OfBasis(b), t.OfFactors(passed))
}

func containsAll(have, want []Factor) bool {
	for _, f := range want {
		if !slices.Contains(have, f) {
			return false
		}
	}
	return len(want) > 0
}

// amrNames are ID-porten's words for the second factors. It has none for a recovery code.
var amrNames = map[Factor]string{FactorTOTP: "Minid-TOTP", FactorApp: "Minid-APP", FactorSMS: "Minid-OTC"}

// AMR gives the authentication methods references of the factors, as ID-porten spells them. A password alone has no
// name there.
func AMR(passed []Factor) []string {
	var names []string
	for _, f := range passed {
		if name, ok := amrNames[f]; ok {
			names = append(names, name)
		}
	}
	return names
}
