package fnr

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The numbers Skatteetaten published with the description of the 2032 format.
var official2032 = []string{"02013299997", "02013299903", "02013299806", "30108299920", "30108299939"}

// Published synthetic test people of Digdir's sandbox.
var testPeople = []string{
	"12865398148", "10876698493", "28926899513", "04897399712", "19877296701",
	"06815896732", "11853349366", "29917398036", "29836599118", "14846599313",
}

// number makes the eleven digits of day, month, year and individual number with
// control digits that leave the given rest in the first sum. ok is false when a
// control digit would need two digits.
func number(day, month, year, individual, rest int) (string, bool) {
	s := fmt.Sprintf("%02d%02d%02d%03d", day, month, year, individual)
	for i, weights := range [][]int{weights1[:9], weights2[:10]} {
		sum := 0
		for j, w := range weights {
			sum += w * int(s[j]-'0')
		}
		want := 0
		if i == 0 {
			want = rest
		}
		k := ((want-sum)%11 + 11) % 11
		if k == 10 {
			return "", false
		}
		s += string(rune('0' + k))
	}
	return s, true
}

func mustNumber(t *testing.T, day, month int) string {
	t.Helper()
	for individual := range 1000 {
		if s, ok := number(day, month, 70, individual, 0); ok {
			return s
		}
	}
	t.Fatal("no individual number gives control digits")
	return ""
}

func TestOfficial2032Examples(t *testing.T) {
	for _, s := range official2032 {
		n, err := Parse(s)
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		if n.Series() != Ordinary || n.Digits() != s {
			t.Errorf("%s: series %v, digits %s", s, n.Series(), n.Digits())
		}
		if _, err := (Policy{}).Parse(s); !errors.Is(err, ErrRealNumber) {
			t.Errorf("%s: the default policy says %v, want ErrRealNumber", s, err)
		}
	}
}

func TestTestPeopleAreAcceptedByDefault(t *testing.T) {
	for _, s := range testPeople {
		n, err := (Policy{}).Parse(s)
		if err != nil || n.Series() != Skatteetaten || n.IsDNumber() {
			t.Errorf("%s: %v, series %v, D-number %v", s, err, n.Series(), n.IsDNumber())
		}
	}
}

func TestPublishedDNumbersInTheSyntheticSeries(t *testing.T) {
	for _, s := range []string{"47906701517", "50917500484"} {
		n, err := (Policy{}).Parse(s)
		if err != nil || !n.IsDNumber() || n.Series() != Skatteetaten {
			t.Errorf("%s: %v, series %v, D-number %v", s, err, n.Series(), n.IsDNumber())
		}
	}
}

func TestFormRefused(t *testing.T) {
	good := testPeople[0]
	cases := []struct {
		name, text string
		want       error
	}{
		{"empty", "", ErrLength},
		{"ten digits", good[:10], ErrLength},
		{"twelve digits", good + "0", ErrLength},
		{"space inside", "128653 98148", ErrDigits},
		{"space after", good + " ", ErrDigits},
		{"letter", "1286539814x", ErrDigits},
		{"Arabic digits", "١٢٨٦٥٣٩٨١٤٨", ErrDigits},
		{"full-width digit", "\uff112865398148", ErrDigits},
		{"sign", "+2865398148", ErrDigits},
		{"NUL", good + "\x00", ErrDigits},
		{"first control digit off by one", "12865398158", ErrChecksum},
		{"second control digit off by one", "12865398149", ErrChecksum},
		{"all zero", "00000000000", ErrDate},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			n, err := Parse(c.text)
			if !errors.Is(err, c.want) || !n.IsZero() {
				t.Fatalf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestRestOfTheFirstSum(t *testing.T) {
	for rest := range 11 {
		for individual := range 1000 {
			s, ok := number(15, 86, 70, individual, rest)
			if !ok {
				continue
			}
			_, err := Parse(s)
			if want := rest <= 3; (err == nil) != want {
				t.Fatalf("rest %d: %v, accepted wanted: %v", rest, err, want)
			}
		}
	}
}

func TestDaysAndMonths(t *testing.T) {
	series := func(month int) (Series, bool) {
		switch {
		case month >= 1 && month <= 12:
			return Ordinary, true
		case month >= 21 && month <= 32:
			return Digdir, true
		case month >= 41 && month <= 52:
			return NAV, true
		case month >= 66 && month <= 77:
			return NHN, true
		case month >= 81 && month <= 92:
			return Skatteetaten, true
		}
		return 0, false
	}
	for day := range 100 {
		for month := range 100 {
			want, monthOK := series(month)
			plainDay := day >= 1 && day <= 31
			dDay := day >= 41 && day <= 71
			n, err := Parse(mustNumber(t, day, month))
			if ok := monthOK && (plainDay || dDay); !ok {
				if !errors.Is(err, ErrDate) {
					t.Fatalf("day %d month %d: %v, want ErrDate", day, month, err)
				}
				continue
			}
			if err != nil || n.Series() != want || n.IsDNumber() != dDay {
				t.Fatalf("day %d month %d: %v, series %v, D-number %v", day, month, err, n.Series(), n.IsDNumber())
			}
		}
	}
}

func TestEveryWayOfPrintingIsRedacted(t *testing.T) {
	secret := testPeople[0]
	n, err := Parse(secret)
	if err != nil {
		t.Fatal(err)
	}
	type person struct {
		Open   Number
		hidden Number
	}
	p := person{n, n}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		for _, value := range []any{n, p, &p, []person{p}, map[Number]int{n: 1}} {
			_, _ = fmt.Fprintf(&out, verb, value)
		}
	}
	out.WriteString(n.String() + n.GoString())
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("sign-in", "number", n, "person", p, "list", []Number{n})
	}
	encoded, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(encoded)
	if strings.Contains(out.String(), secret) || strings.Contains(out.String(), fmt.Sprintf("%x", secret)) {
		t.Fatalf("the digits are printed:\n%s", out.String())
	}
	if !strings.Contains(out.String(), redacted) {
		t.Fatal("nothing says that a number stood there")
	}
}

func TestNumbersCompare(t *testing.T) {
	a, _ := Parse(testPeople[0])
	b, _ := Parse(strings.Clone(testPeople[0]))
	c, _ := Parse(testPeople[1])
	if a != b || a == c {
		t.Fatal("numbers must be equal exactly when their digits are")
	}
	if (Number{}).Digits() != "" || !(Number{}).IsZero() || a.IsZero() {
		t.Fatal("only the zero Number is zero")
	}
}

func TestPolicy(t *testing.T) {
	byMonth := map[Series]string{}
	for s, add := range additions {
		byMonth[Series(s)] = mustNumber(t, 15, 6+add)
	}
	all := []Series{Digdir, NAV, NHN, Skatteetaten}
	cases := []struct {
		name   string
		policy Policy
		in     []Series
	}{
		{"zero value", Policy{}, []Series{Skatteetaten}},
		{"one series", Policy{Synthetic: []Series{NHN}}, []Series{NHN}},
		{"all series", Policy{Synthetic: all}, all},
		{"real and default", Policy{AllowRealNumbers: true}, []Series{Ordinary, Skatteetaten}},
		{"real only", Policy{AllowRealNumbers: true, RefuseSynthetic: true, Synthetic: all}, []Series{Ordinary}},
		{"Ordinary is no synthetic series", Policy{Synthetic: []Series{Ordinary}}, nil},
		{"nothing", Policy{RefuseSynthetic: true}, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for s, digits := range byMonth {
				want := false
				for _, in := range c.in {
					want = want || in == s
				}
				n, err := c.policy.Parse(digits)
				if (err == nil) != want {
					t.Errorf("%v: %v", s, err)
				}
				if err != nil && (!n.IsZero() || strings.Contains(err.Error(), digits)) {
					t.Errorf("%v: a refusal must give no number and not print it", s)
				}
			}
		})
	}
	if err := (Policy{}).Check(Number{}); err == nil {
		t.Error("the zero Number was let in")
	}
	if _, err := (Policy{}).Parse("1"); !errors.Is(err, ErrLength) {
		t.Errorf("got %v, want ErrLength", err)
	}
}

func TestSeriesNames(t *testing.T) {
	for s := Digdir; s <= Skatteetaten; s++ {
		if got, err := ParseSeries(s.String()); err != nil || got != s || !s.Synthetic() {
			t.Errorf("%v: %v, %v", s, got, err)
		}
	}
	for _, name := range []string{"", "ordinary", "NAV", "tenor"} {
		if s, err := ParseSeries(name); err == nil {
			t.Errorf("%q was read as %v", name, s)
		}
	}
	if Ordinary.Synthetic() || Series(9).Synthetic() || Series(9).String() != "series 9" {
		t.Error("an unknown or ordinary series is not synthetic")
	}
}

// One wrong digit never passes, within one format: the sums are modulo a prime. A
// wrong digit may turn a number of one rest into one of another, so the test keeps to
// the second sum, which has a single rest.
func TestOneWrongDigitChangesTheSecondSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := []byte(rapid.SampledFrom(testPeople).Draw(t, "number"))
		i := rapid.IntRange(0, Length-1).Draw(t, "place")
		d := byte('0' + rapid.IntRange(0, 9).Draw(t, "digit"))
		if d == s[i] {
			return
		}
		s[i] = d
		if _, err := Parse(string(s)); err == nil {
			t.Fatalf("accepted with a wrong digit at %d", i)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range append(append([]string{"", "1286539814", "\uff112865398148"}, official2032...), testPeople...) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := Parse(s)
		if err != nil {
			if !n.IsZero() {
				t.Fatal("an error came with a number")
			}
			return
		}
		if len(s) != Length || n.Digits() != s {
			t.Fatalf("%q was read as %q", s, n.Digits())
		}
		again, err := Parse(n.Digits())
		if err != nil || again != n {
			t.Fatal("the digits do not read back to the same number")
		}
	})
}
