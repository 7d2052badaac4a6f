package fnr

import (
	"errors"
	"fmt"
	"slices"
)

// Why a well-formed number is refused by a Policy.
var (
	ErrRealNumber = errors.New("fnr: ordinary numbers are not accepted here")
	ErrSeries     = errors.New("fnr: numbers of this synthetic series are not accepted here")
)

// Policy tells which numbers a service takes in. The zero Policy accepts the
// synthetic numbers of Skatteetaten and nothing else.
type Policy struct {
	// Synthetic are the accepted series; empty means Skatteetaten alone. NAV lets
	// H-numbers in as well, and those may belong to real patients.
	Synthetic []Series
	// AllowRealNumbers accepts ordinary numbers, which belong to real people. Only
	// for a service that is approved to hold them.
	AllowRealNumbers bool
	// RefuseSynthetic accepts no synthetic number at all, whatever Synthetic says.
	RefuseSynthetic bool
}

// Parse reads a number and checks it against the policy.
func (p Policy) Parse(s string) (Number, error) {
	n, err := Parse(s)
	if err != nil {
		return Number{}, err
	}
	if err := p.Check(n); err != nil {
		return Number{}, err
	}
	return n, nil
}

// Check tells whether the policy lets n in: nil, ErrRealNumber or ErrSeries.
// D-numbers follow the series of their month.
func (p Policy) Check(n Number) error {
	if n.IsZero() {
		return ErrLength
	}
	if !n.series.Synthetic() {
		if p.AllowRealNumbers {
			return nil
		}
		return ErrRealNumber
	}
	if p.RefuseSynthetic || !slices.Contains(p.accepted(), n.series) {
		return fmt.Errorf("%w: %s", ErrSeries, n.series)
	}
	return nil
}

func (p Policy) accepted() []Series {
	if len(p.Synthetic) == 0 {
		return []Series{Skatteetaten}
	}
	return p.Synthetic
}
