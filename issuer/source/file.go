package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"time"

	"github.com/goccy/go-yaml"

	"lommebok.example/specs/fnr"
)

// ErrFile is returned for a file of facts that is none.
var ErrFile = errors.New("source: not a file of facts")

// File is a source with more facts about people that another source knows. A fact x of the file is called facts.x.
type File struct {
	Base  Source
	facts map[string]map[string]any
	takes map[string]map[string]time.Duration
}

var filedFact = regexp.MustCompile(`^facts\.[a-z][a-z0-9_]{0,60}$`)

// NewFile reads facts by identity number, in YAML. A value is a text, true or false, a list, or a map of such; a text of the
// form YYYY-MM-DD is a day.
//
//	"14846599313":
//	  card_number: "40017"
//	  valid_until: 2027-05-01
//
// A map of takes, a length of time, and perhaps value is a fact that comes that much later than it is asked for, see Facts.Takes;
// without value it is then known that there is none.
//
//	debt_free: {takes: 48h, value: true}
func NewFile(base Source, raw []byte) (*File, error) {
	var people map[string]map[string]any
	if err := yaml.NewDecoder(bytes.NewReader(raw), yaml.Strict()).Decode(&people); err != nil {
		return nil, fmt.Errorf("%w: expected facts by identity number in quotes: %s", ErrFile, yaml.FormatError(err, false, false))
	}
	f := &File{Base: base, facts: map[string]map[string]any{}, takes: map[string]map[string]time.Duration{}}
	for pid, facts := range people {
		if _, err := fnr.Parse(pid); err != nil {
			return nil, fmt.Errorf("%w: expected an identity number of 11 digits in quotes", ErrFile)
		}
		if err := f.add(pid, facts); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// add takes the facts about one person.
func (f *File) add(pid string, facts map[string]any) error {
	f.facts[pid], f.takes[pid] = map[string]any{}, map[string]time.Duration{}
	for name, v := range facts {
		full := "facts." + name
		v, takes, err := later(v)
		is, ok := filed(v)
		absent := v == nil && takes > 0
		if err != nil || !filedFact.MatchString(full) || !ok && !absent {
			return fmt.Errorf("%w: fact %q: expected a name of a-z, 0-9 and _, and a text, true or false, a list or a map; takes must be a length of time such as 48h",
				ErrFile, name)
		}
		if takes > 0 {
			f.takes[pid][full] = takes
		}
		if ok {
			f.facts[pid][full] = is
		}
	}
	return nil
}

// later gives the value of a fact, and how long it takes to get it. The value is nil when there will be none.
func later(v any) (any, time.Duration, error) {
	object, ok := v.(map[string]any)
	text, is := object["takes"].(string)
	value, has := object["value"]
	if !ok || !is || len(object) > 2 || len(object) == 2 && !has {
		return v, 0, nil
	}
	takes, err := time.ParseDuration(text)
	if err == nil && takes <= 0 {
		err = ErrFile
	}
	return value, takes, err
}

// filed turns a value of the file into one of a fact.
func filed(v any) (any, bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case string:
		if at, err := time.Parse(time.DateOnly, v); err == nil {
			return Date{Year: at.Year(), Month: at.Month(), Day: at.Day()}, true
		}
		return v, v != ""
	case []any:
		list := make([]any, len(v))
		for i := range v {
			is, ok := filed(v[i])
			if !ok {
				return nil, false
			}
			list[i] = is
		}
		return list, len(list) > 0
	case map[string]any:
		object := make(map[string]any, len(v))
		for name := range v {
			is, ok := filed(v[name])
			if !ok {
				return nil, false
			}
			object[name] = is
		}
		return object, len(object) > 0
	}
	return nil, false
}

// Facts gives what the base says and what the file says.
func (f *File) Facts(ctx context.Context, pid string) (*Facts, error) {
	facts, err := f.Base.Facts(ctx, pid)
	if err != nil || len(f.facts[pid])+len(f.takes[pid]) == 0 {
		return facts, err
	}
	values := maps.Clone(facts.values)
	maps.Copy(values, f.facts[pid])
	takes := maps.Clone(facts.takes)
	if takes == nil {
		takes = map[string]time.Duration{}
	}
	maps.Copy(takes, f.takes[pid])
	return &Facts{values: values, takes: takes, birth: facts.birth, today: facts.today}, nil
}
