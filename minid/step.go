package minid

import "slices"

// Step is where a sign-in stands.
type Step string

// The steps of a sign-in.
const (
	StepPassword    Step = "password"
	StepTOTP        Step = "totp"
	StepApp         Step = "app"
	StepSMS         Step = "sms"
	StepRecovery    Step = "recovery"     // a recovery code
	StepReset       Step = "reset"        // codes by SMS and mail, for a new password
	StepNewPassword Step = "new_password" // of somebody who passed them
	StepDone        Step = "done"         // Finish may be called
	StepUnreachable Step = "unreachable"  // the person cannot reach the level that is needed
	StepEnded       Step = "ended"        // finished, cancelled or expired
)

// Unreachable names the axis that keeps a person below the level that is needed.
type Unreachable string

// The axes.
const (
	UnreachableProofing Unreachable = "proofing" // however they sign in, they were not identified well enough
	UnreachableFactor   Unreachable = "factor"   // they lack a second factor that is strong enough
)

var stepOf = map[Factor]Step{FactorTOTP: StepTOTP, FactorApp: StepApp, FactorSMS: StepSMS, FactorRecovery: StepRecovery}

// standing is all that the next step depends on.
type standing struct {
	need   Level
	basis  Basis    // known with the password
	passed []Factor // in this sign-in, or kept from the session
	second []Factor // the person's second factors in working order
	chosen Factor   // the person's choice, or empty
	liked  Factor   // what they logged in with and wanted to keep, or empty
	reset  bool     // a new password was asked for

	recovery bool // the person has recovery codes that work
}

// decision is the next step.
type decision struct {
	step        Step
	factor      Factor   // asked for in this step
	others      []Factor // which could be asked for instead
	reached     Level
	unreachable Unreachable
	person      *Person // filled by the caller, nil before the password
}

// another is a way to take the person to without being asked: none that is used up by it.
func (d decision) another() (Factor, bool) {
	for _, f := range d.others {
		if f != FactorRecovery {
			return f, true
		}
	}
	return "", false
}

// next chooses the step. That a level cannot be reached is told only to somebody who has passed the best that the
// person has: nobody learns how a person was proofed from a password alone, unless there is nothing beside it.
func (t LevelTable) next(s standing) decision { return t.withRecovery(s, t.withoutRecovery(s)) }

func (t LevelTable) withoutRecovery(s standing) decision {
	if slices.Contains(s.passed, FactorReset) {
		return nextOfReset(s)
	}
	if s.reset {
		return decision{step: StepReset}
	}
	if !slices.Contains(s.passed, FactorPassword) {
		return decision{step: StepPassword, factor: FactorPassword}
	}
	d := decision{reached: t.OfSession(s.basis, s.passed)}
	if d.reached >= s.need {
		d.step = StepDone
		return d
	}
	ways := t.ways(s)
	if len(ways) == 0 {
		d.step, d.unreachable = StepUnreachable, t.axis(s)
		return d
	}
	d.factor = ways[0]
	for _, wish := range []Factor{s.liked, s.chosen} {
		if slices.Contains(ways, wish) {
			d.factor = wish
		}
	}
	d.step = stepOf[d.factor]
	d.others = slices.DeleteFunc(ways, func(f Factor) bool { return f == d.factor })
	return d
}

// ways are the second factors worth asking for, in the order to ask. When the need can be met: those that meet it,
// the weakest first, so that nobody is asked for more than needed. When it cannot: those that bring the person to
// the best they can reach, the strongest first.
func (t LevelTable) ways(s standing) []Factor {
	best := t.OfSession(s.basis, slices.Concat(s.passed, s.second))
	goal := min(s.need, best)
	if t.OfSession(s.basis, s.passed) >= goal && len(s.passed) > 1 {
		return nil
	}
	left := slices.DeleteFunc(slices.Clone(s.second), func(f Factor) bool { return slices.Contains(s.passed, f) })
	worth := func(f Factor) Level { return t.OfFactors(append(slices.Clone(s.passed), f)) }
	enough := slices.DeleteFunc(slices.Clone(left), func(f Factor) bool { return min(worth(f), t.OfBasis(s.basis)) < goal })
	if len(enough) == 0 {
		enough = left // several are needed together
	}
	slices.SortStableFunc(enough, func(a, b Factor) int {
		if best < s.need {
			a, b = b, a
		}
		return int(worth(a)) - int(worth(b))
	})
	return enough
}

// axis is the one to tell of: proofing when it alone is too low, since no factor would help.
func (t LevelTable) axis(s standing) Unreachable {
	if t.OfBasis(s.basis) < s.need {
		return UnreachableProofing
	}
	return UnreachableFactor
}
