package credentials

import (
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"lommebok.example/issuer/source"
	"lommebok.example/specs/cose"
)

// maxText is the longest text a claim may have (PID Rulebook 1.7 chapter 3).
const maxText = 150

// maxImage bounds a picture, which stands in every copy.
const maxImage = 64 << 10

// CheckValue tells whether a fact can be issued: nothing in it is empty, and no text or picture too large. It never says what
// the value is: it is somebody's.
func CheckValue(is any) error {
	switch is := is.(type) {
	case bool, int64:
		return nil
	case string:
		if is == "" || len([]rune(is)) > maxText {
			return fmt.Errorf("the text is empty or longer than %d", maxText)
		}
		return nil
	case source.Date:
		if day := time.Date(is.Year, is.Month, is.Day, 0, 0, 0, 0, time.UTC); is.Year < 1 || day.Day() != is.Day {
			return errors.New("no day in the calendar")
		}
		return nil
	case source.Image:
		if len(is) == 0 || len(is) > maxImage {
			return fmt.Errorf("the picture is empty or larger than %d bytes", maxImage)
		}
		return nil
	case []any:
		return checkAll(is)
	case map[string]any:
		return checkAll(slices.Collect(maps.Values(is)))
	case []string:
		return checkAll(is)
	case map[string]string:
		return checkAll(slices.Collect(maps.Values(is)))
	}
	return fmt.Errorf("values of type %T are not issued", is)
}

func checkAll[T any](list []T) error {
	if len(list) == 0 {
		return errors.New("an empty list or map")
	}
	for _, v := range list {
		if err := CheckValue(v); err != nil {
			return err
		}
	}
	return nil
}

// JSONValue gives a fact as an SD-JWT VC has it: a day as YYYY-MM-DD, a picture as a data URL (PID Rulebook 1.7 chapter 4).
func JSONValue(is any) any {
	switch is := is.(type) {
	case source.Date:
		return is.String()
	case source.Image:
		return "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(is)
	}
	return inside(is, JSONValue)
}

// CBORValue gives a fact as an mdoc has it: a day as full-date (tag 1004, RFC 8943), a picture as a byte string.
func CBORValue(is any) any {
	switch is := is.(type) {
	case source.Date:
		return cose.FullDate(is.String())
	case source.Image:
		return []byte(is)
	}
	return inside(is, CBORValue)
}

// inside makes a list or a map anew, with what is in it turned.
func inside(is any, turn func(any) any) any {
	switch is := is.(type) {
	case []any:
		list := make([]any, len(is))
		for i, v := range is {
			list[i] = turn(v)
		}
		return list
	case []string:
		list := make([]any, len(is))
		for i, s := range is {
			list[i] = s
		}
		return list
	case map[string]any:
		object := make(map[string]any, len(is))
		for name, v := range is {
			object[name] = turn(v)
		}
		return object
	case map[string]string:
		object := make(map[string]any, len(is))
		for name, s := range is {
			object[name] = s
		}
		return object
	}
	return is
}
