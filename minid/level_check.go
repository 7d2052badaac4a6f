package minid

import (
	"errors"
	"fmt"
	"slices"
)

// ErrLevels: a level table says something it must not, or does not say all.
var ErrLevels = errors.New("minid: level table")

// bases and levelFactors are what a level table speaks of. FactorReset is not among them: it is worth no level.
var (
	bases        = []Basis{BasisLetter, BasisSchool, BasisInPerson, BasisPassport}
	levelFactors = []Factor{FactorPassword, FactorTOTP, FactorSMS, FactorRecovery, FactorApp}
)

// unseen are the bases in which nobody held a person against an identity document.
var unseen = []Basis{BasisLetter, BasisSchool}

// Check tells whether the table keeps to CIR (EU) 2015/1502: ErrLevels, with the line that does not and why.
func (t LevelTable) Check() error {
	if err := t.checkProofing(); err != nil {
		return err
	}
	if len(t.Authentication) == 0 {
		return fmt.Errorf("%w: authentication: expected at least one rule", ErrLevels)
	}
	for i, rule := range t.Authentication {
		if err := rule.check(); err != nil {
			return fmt.Errorf("%w: authentication, rule %d: %w", ErrLevels, i+1, err)
		}
		for _, earlier := range t.Authentication[:i] {
			if len(earlier.Factors) == len(rule.Factors) && containsAll(earlier.Factors, rule.Factors) {
				return fmt.Errorf("%w: authentication, rule %d: the same factors have a rule already", ErrLevels, i+1)
			}
		}
	}
	return nil
}

func (t LevelTable) checkProofing() error {
	for b := range t.Proofing {
		if !slices.Contains(bases, b) {
			return fmt.Errorf("%w: proofing: expected bases of %v, got %q", ErrLevels, bases, b)
		}
	}
	for _, b := range bases {
		level, named := t.Proofing[b]
		switch {
		case !named:
			return fmt.Errorf("%w: proofing: %s is missing; name every basis, with none for what is worth nothing", ErrLevels, b)
		case level < LevelNone || level > LevelHigh:
			return fmt.Errorf("%w: proofing: %s has %s, which is no level", ErrLevels, b, level)
		case level == LevelHigh && slices.Contains(unseen, b):
			return fmt.Errorf("%w: proofing: %s cannot be high: nobody held the person against an identity document (CIR 2015/1502 annex 2.1.2)", ErrLevels, b)
		}
	}
	return nil
}

// check gives the reason alone: the caller says which rule it is.
func (r AuthRule) check() error {
	seen := map[Factor]bool{}
	for _, f := range r.Factors {
		if !slices.Contains(levelFactors, f) {
			return fmt.Errorf("expected factors of %v, got %q", levelFactors, f)
		}
		if seen[f] {
			return fmt.Errorf("%s stands there twice", f)
		}
		seen[f] = true
	}
	switch {
	case r.Level < LevelLow || r.Level > LevelHigh:
		return fmt.Errorf("expected low, substantial or high, got %s", r.Level)
	case !seen[FactorPassword]:
		return errors.New("expected the password among the factors: every sign-in begins with it")
	case r.Level >= LevelSubstantial && len(r.Factors) < 2:
		return errors.New("substantial takes two factors of different kinds (CIR 2015/1502 annex 2.2.1)")
	case r.Level == LevelHigh && !seen[FactorApp]:
		return errors.New("high takes the app: SMS and TOTP can carry substantial, not high, since they are not protected against duplication and high attack potential (CIR 2015/1502 annex 2.2.1)")
	}
	return nil
}
