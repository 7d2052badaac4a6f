package fnr

import "fmt"

// Series tells, by the addition to the month, who allocates the number.
type Series int

// The ranges of the month do not overlap, but for one: 41-52 is used both for NAV's
// synthetic numbers and for H-numbers, which hospitals give to real patients. The
// number alone cannot tell them apart, so a service that accepts NAV also accepts
// H-numbers.
const (
	Ordinary     Series = iota // month 01-12: the population register; a real person
	Digdir                     // month 21-32
	NAV                        // month 41-52; also H-numbers
	NHN                        // month 66-77: Norsk helsenett
	Skatteetaten               // month 81-92: Test-Norge and Tenor
)

var seriesNames = [...]string{"ordinary", "digdir", "nav", "nhn", "skatteetaten"}

// additions are what each series adds to the month, by Series.
var additions = [...]int{0, 20, 40, 65, 80}

// String gives the name that ParseSeries reads.
func (s Series) String() string {
	if s < 0 || int(s) >= len(seriesNames) {
		return fmt.Sprintf("series %d", int(s))
	}
	return seriesNames[s]
}

// Synthetic tells that numbers of the series are made for tests. For NAV that is
// true of its own numbers only; see the constants.
func (s Series) Synthetic() bool { return s > Ordinary && int(s) < len(additions) }

// ParseSeries reads the name of a synthetic series from a setting: digdir, nav, nhn
// or skatteetaten. Ordinary numbers are no series to ask for by name; see
// Policy.AllowRealNumbers.
func ParseSeries(name string) (Series, error) {
	for s := Digdir; s <= Skatteetaten; s++ {
		if name == s.String() {
			return s, nil
		}
	}
	return 0, fmt.Errorf("fnr: %q is no synthetic series; known are digdir, nav, nhn, skatteetaten", name)
}

// splitMonth takes the addition off. A month outside every range comes back as it is.
func splitMonth(month int) (plain int, s Series) {
	for s := Skatteetaten; s > Ordinary; s-- {
		if plain := month - additions[s]; plain >= 1 && plain <= 12 {
			return plain, s
		}
	}
	return month, Ordinary
}
