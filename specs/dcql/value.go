package dcql

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// matches tells whether a claim equals one of the wanted values in type and value
// (section 6.3).
func matches(claim any, wanted []any) bool {
	have, ok := scalarOf(claim)
	return ok && slices.ContainsFunc(wanted, func(w any) bool {
		want, ok := scalarOf(w)
		return ok && want == have
	})
}

// scalar is a string, boolean or integer of JSON, the kinds that values may hold.
type scalar struct {
	kind byte // 's', 'b', 'i'
	text string
}

// scalarOf brings a value of JSON or CBOR to its JSON scalar; CBOR by RFC 8949
// section 6.1: bytes as base64url, tagged content as its content. ok is false for
// everything that values cannot match.
func scalarOf(v any) (s scalar, ok bool) {
	switch v := v.(type) {
	case json.Number:
		return integer(v.String())
	case []byte:
		return scalar{'s', base64.RawURLEncoding.EncodeToString(v)}, true
	}
	r := reflect.ValueOf(v)
	switch {
	case !r.IsValid():
		return scalar{}, false
	case r.Kind() == reflect.String:
		return scalar{'s', r.String()}, true
	case r.Kind() == reflect.Bool:
		return scalar{'b', strconv.FormatBool(r.Bool())}, true
	case r.CanInt():
		return scalar{'i', strconv.FormatInt(r.Int(), 10)}, true
	case r.CanUint():
		return scalar{'i', strconv.FormatUint(r.Uint(), 10)}, true
	case r.CanFloat():
		return wholeFloat(r.Float())
	case r.CanConvert(reflect.TypeFor[time.Time]()):
		at := r.Convert(reflect.TypeFor[time.Time]()).Interface().(time.Time)
		return scalar{'s', at.UTC().Format(time.RFC3339)}, true
	}
	return scalar{}, false
}

func integer(text string) (scalar, bool) {
	if strings.ContainsAny(text, ".eE") {
		return scalar{}, false
	}
	if text == "-0" {
		text = "0"
	}
	return scalar{'i', text}, true
}

// wholeFloat takes in integers of a credential that was decoded without
// json.Decoder.UseNumber, as far as a float64 counts them exactly.
func wholeFloat(f float64) (scalar, bool) {
	if f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return scalar{}, false
	}
	return scalar{'i', strconv.FormatInt(int64(f), 10)}, true
}
