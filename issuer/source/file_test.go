package source

import (
	"bytes"
	"context"
	"errors"
	"image/jpeg"
	"reflect"
	"testing"
)

func TestFileAddsFacts(t *testing.T) {
	f, err := NewFile(NewRegister(at("2026-11-23T12:00:00Z")), []byte(`
"14846599313":
  card_number: "40017"
  valid_until: 2027-05-01
  grown_up: true
  branches: [Sentrum, Øst]
  address: {street: Furuveien, since: "2020-01-31"}
`))
	if err != nil {
		t.Fatal(err)
	}
	facts, err := f.Facts(context.Background(), "14846599313")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"facts.card_number": "40017", "facts.valid_until": day(2027, 5, 1), "facts.grown_up": true, "facts.branches": []any{"Sentrum", "Øst"},
		"facts.address": map[string]any{"street": "Furuveien", "since": day(2020, 1, 31)}, GivenName: "Flat", "age_over_18": true,
	} {
		if got, ok := facts.Value(name); !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	other, err := f.Facts(context.Background(), "12865398148")
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := other.Value("facts.card_number"); ok {
		t.Errorf("another person has %v", v)
	}
	if _, err := f.Facts(context.Background(), "00000000000"); !errors.Is(err, ErrUnknownPerson) {
		t.Errorf("unknown person: %v", err)
	}
	for name, want := range map[string]bool{"facts.card_number": true, "facts.": false, "facts.Card": false, "facts.a.b": false} {
		if Known(name) != want {
			t.Errorf("Known(%q) = %v", name, !want)
		}
	}
}

func TestFileRefused(t *testing.T) {
	for name, raw := range map[string]string{
		"not YAML": `[`, "a list": `[1]`, "not a number": "kari: {a: x}", "a number with a wrong digit": `"14846599314": {a: x}`,
		"a name in capitals": `"14846599313": {A: x}`, "an empty text": `"14846599313": {a: ""}`, "a number": `"14846599313": {a: 1}`,
		"an empty list": `"14846599313": {a: []}`, "null in a map": `"14846599313": {a: {b: null}}`, "a person twice": "\"14846599313\": {a: x}\n\"14846599313\": {b: x}",
	} {
		if _, err := NewFile(nil, []byte(raw)); !errors.Is(err, ErrFile) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzNewFile(f *testing.F) {
	f.Add([]byte("\"14846599313\":\n  a: [x, {b: 2020-01-01}]"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if file, err := NewFile(nil, raw); (file == nil) != (err != nil) {
			t.Errorf("%v, %v", file, err)
		}
	})
}

func TestLicencesFitTheirPeople(t *testing.T) {
	r := NewRegister(at("2026-11-23T12:00:00Z"))
	for pid, l := range licences {
		facts, err := r.Facts(context.Background(), pid)
		if err != nil {
			t.Fatal(err)
		}
		birth, _ := facts.Value(BirthDate)
		for _, p := range l.privileges {
			if birth.(Date).Age(p.issued) < 16 || p.expires.String() > l.expires.String() || p.issued.String() > l.issued.String() {
				t.Errorf("%s: category %s from %s to %s", pid, p.category, p.issued, p.expires)
			}
		}
	}
	facts, err := r.Facts(context.Background(), "10876698493")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{LicenceNumber, Portrait, DrivingPrivileges} {
		if v, ok := facts.Value(name); ok {
			t.Errorf("a person without a licence has %s %v", name, v)
		}
	}
}

func TestPortraitIsASmallJPEG(t *testing.T) {
	img, err := jpeg.Decode(bytes.NewReader(drawnPortrait()))
	if err != nil || img.Bounds().Dx() != 180 || len(drawnPortrait()) > 8<<10 {
		t.Errorf("%v, %d bytes", err, len(drawnPortrait()))
	}
}
