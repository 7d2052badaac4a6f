package fnr

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"unique"
)

// Why a text is not an identity number. The errors never contain the text.
var (
	ErrDigits   = errors.New("fnr: a character is not one of the digits 0-9")
	ErrLength   = errors.New("fnr: not 11 digits")
	ErrDate     = errors.New("fnr: the first four digits are no day and month")
	ErrChecksum = errors.New("fnr: the control digits do not fit")
)

// Length is the number of digits of an identity number.
const Length = 11

// redacted is what every way of printing a Number gives.
const redacted = "[identity number]"

// Number is a well-formed fødselsnummer or D-number. Numbers are comparable with ==
// and fit as map keys. The zero Number is no number: Digits gives "".
//
// The digits stand behind a handle and not in a plain field, because fmt prints
// unexported fields of a surrounding struct without asking Format.
type Number struct {
	digits  unique.Handle[string]
	series  Series
	dNumber bool
}

// Parse reads exactly eleven ASCII digits, without spaces. The errors are ErrDigits,
// ErrLength, ErrDate and ErrChecksum, tested in that order.
func Parse(s string) (Number, error) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return Number{}, ErrDigits
		}
	}
	if len(s) != Length {
		return Number{}, ErrLength
	}
	day, dNumber := splitDay(pair(s, 0))
	month, series := splitMonth(pair(s, 2))
	if day < 1 || day > 31 || month < 1 || month > 12 {
		return Number{}, ErrDate
	}
	if !checksum(s) {
		return Number{}, ErrChecksum
	}
	return Number{digits: unique.Make(s), series: series, dNumber: dNumber}, nil
}

func pair(s string, i int) int { return int(s[i]-'0')*10 + int(s[i+1]-'0') }

func splitDay(day int) (plain int, dNumber bool) {
	if day > 40 {
		return day - 40, true
	}
	return day, false
}

// Digits gives the eleven digits. They are personal data: never for logs, errors or
// addresses.
func (n Number) Digits() string {
	if n.IsZero() {
		return ""
	}
	return n.digits.Value()
}

// IsZero tells that n was never parsed.
func (n Number) IsZero() bool { return n == Number{} }

// Series tells which series the month places the number in.
func (n Number) Series() Series { return n.series }

// IsDNumber tells that the number is a D-number (day + 40), given to people who are
// not registered as residents.
func (n Number) IsDNumber() bool { return n.dNumber }

// String gives a fixed text without the digits.
func (n Number) String() string { return redacted }

// GoString gives a fixed text without the digits.
func (n Number) GoString() string { return redacted }

// Format gives a fixed text without the digits for every verb, %x and %d too.
func (n Number) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue gives a fixed text without the digits.
func (n Number) LogValue() slog.Value { return slog.StringValue(redacted) }
