package sdjwt

import (
	"crypto/sha512"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"lommebok.example/specs/jose"
)

func TestProcess(t *testing.T) {
	name := disclosure("[\"salt\",\t\"name\", \"value\"]") // the text as received is hashed, white space and all
	element := disclosure(`["salt","second"]`)
	inner := disclosure(`["salt","inner",1]`)
	outer := disclosure(fmt.Sprintf(`["salt","outer",{"_sd":["%s"],"open":true}]`, digest(inner)))
	sum384, sum512 := sha512.Sum384([]byte(name)), sha512.Sum512([]byte(name))
	for rule, c := range map[string]struct {
		payload     string
		disclosures []string
		want        string
	}{
		"no disclosures":       {`{"a":1}`, nil, `{"a":1}`},
		"claim":                {`{"_sd":["` + digest(name) + `"],"a":1}`, []string{name}, `{"a":1,"name":"value"}`},
		"undisclosed claim":    {`{"_sd":["` + digest(name) + `"],"a":1}`, nil, `{"a":1}`},
		"only decoys":          {`{"_sd":["decoy","other"],"_sd_alg":"sha-256"}`, nil, `{}`},
		"array element":        {`{"a":["first",{"...":"` + digest(element) + `"},"third"]}`, []string{element}, `{"a":["first","second","third"]}`},
		"undisclosed element":  {`{"a":["first",{"...":"` + digest(element) + `"},"third"]}`, nil, `{"a":["first","third"]}`},
		"all elements removed": {`{"a":[{"...":"decoy"}]}`, nil, `{"a":[]}`},
		"recursive":            {`{"_sd":["` + digest(outer) + `"]}`, []string{inner, outer}, `{"outer":{"inner":1,"open":true}}`},
		"inner undisclosed":    {`{"_sd":["` + digest(outer) + `"]}`, []string{outer}, `{"outer":{"open":true}}`},
		"nested object":        {`{"a":{"_sd":["` + digest(name) + `"]},"b":[[{"_sd":[]}]]}`, []string{name}, `{"a":{"name":"value"},"b":[[{}]]}`},
		"sha-384":              {`{"_sd":["` + jose.EncodeBase64URL(sum384[:]) + `"],"_sd_alg":"sha-384"}`, []string{name}, `{"name":"value"}`},
		"sha-512":              {`{"_sd":["` + jose.EncodeBase64URL(sum512[:]) + `"],"_sd_alg":"sha-512"}`, []string{name}, `{"name":"value"}`},
	} {
		got, err := process(c.payload, c.disclosures...)
		if err != nil || !reflect.DeepEqual(got, object(t, c.want)) {
			t.Errorf("%s: %v, %v", rule, got, err)
		}
	}
}

func TestProcessRefuses(t *testing.T) {
	name, element := disclosure(`["salt","name","value"]`), disclosure(`["salt","value"]`)
	again := disclosure(`["other salt","name","value"]`)
	inner := disclosure(`["salt","inner",1]`)
	outer := disclosure(fmt.Sprintf(`["salt","outer",{"_sd":["%s"]}]`, digest(inner)))
	twice := disclosure(fmt.Sprintf(`["salt","twice",{"_sd":["%s"]}]`, digest(name)))
	hidden := func(text string) (string, []string) {
		d := disclosure(text)
		return `{"_sd":["` + digest(d) + `"]}`, []string{d}
	}
	type sdjwt struct {
		payload     string
		disclosures []string
		want        error
	}
	cases := map[string]sdjwt{
		"disclosure added":               {`{"a":1}`, []string{name}, ErrUnreferenced},
		"disclosure added to others":     {`{"_sd":["` + digest(name) + `"]}`, []string{name, again}, ErrUnreferenced},
		"disclosure doubled":             {`{"_sd":["` + digest(name) + `"]}`, []string{name, name}, ErrDuplicateDigest},
		"digest twice in one _sd":        {`{"_sd":["` + digest(name) + `","` + digest(name) + `"]}`, []string{name}, ErrDuplicateDigest},
		"digest twice, undisclosed":      {`{"_sd":["decoy"],"a":{"_sd":["decoy"]}}`, nil, ErrDuplicateDigest},
		"digest in object and array":     {`{"_sd":["decoy"],"a":[{"...":"decoy"}]}`, nil, ErrDuplicateDigest},
		"digest again in a disclosure":   {`{"_sd":["` + digest(twice) + `","` + digest(name) + `"]}`, []string{twice, name}, ErrDuplicateDigest},
		"parent not disclosed":           {`{"_sd":["` + digest(outer) + `"]}`, []string{inner}, ErrUnreferenced},
		"array element in _sd":           {`{"_sd":["` + digest(element) + `"]}`, []string{element}, ErrPosition},
		"claim in an array":              {`{"a":[{"...":"` + digest(name) + `"}]}`, []string{name}, ErrPosition},
		"name exists in the open":        {`{"_sd":["` + digest(name) + `"],"name":"x"}`, []string{name}, ErrCollision},
		"name disclosed twice":           {`{"_sd":["` + digest(name) + `","` + digest(again) + `"]}`, []string{name, again}, ErrCollision},
		"unknown _sd_alg":                {`{"_sd_alg":"sha-1"}`, nil, ErrHashAlg},
		"_sd_alg in capitals":            {`{"_sd_alg":"SHA-256"}`, nil, ErrHashAlg},
		"_sd_alg null":                   {`{"_sd_alg":null}`, nil, ErrHashAlg},
		"_sd_alg names another hash":     {`{"_sd":["` + digest(name) + `"],"_sd_alg":"sha-512"}`, []string{name}, ErrUnreferenced},
		"_sd_alg below the top":          {`{"a":{"_sd_alg":"sha-256"}}`, nil, ErrReservedName},
		"_sd is a string":                {`{"_sd":"x"}`, nil, ErrDigest},
		"_sd is null":                    {`{"_sd":null}`, nil, ErrDigest},
		"digest is a number":             {`{"_sd":[1]}`, nil, ErrDigest},
		"digest of an element is null":   {`{"a":[{"...":null}]}`, nil, ErrDigest},
		"... in an object":               {`{"...":"x"}`, nil, ErrReservedName},
		"... with another member":        {`{"a":[{"...":"x","b":1}]}`, nil, ErrReservedName},
		"... as the value of a claim":    {`{"a":{"...":"x"}}`, nil, ErrReservedName},
		"payload with trailing data":     {`{} {}`, nil, ErrJSON},
		"payload with duplicate members": {`{"a":1,"a":2}`, nil, ErrJSON},
		"payload is an array":            {`[]`, nil, ErrJSON},
	}
	for _, reserved := range []string{"_sd", "...", "_sd_alg"} {
		payload, disclosures := hidden(`["salt","` + reserved + `",["x"]]`)
		cases["disclosure with the name "+reserved] = sdjwt{payload, disclosures, ErrReservedName}
	}
	payload, disclosures := hidden(`["salt","name",{"_sd":"x"}]`)
	cases["_sd of the wrong form in a disclosure"] = sdjwt{payload, disclosures, ErrDigest}
	payload, disclosures = deep(MaxDepth)
	cases["disclosures nested too deeply"] = sdjwt{payload, disclosures, ErrDepth}
	for rule, c := range cases {
		if got, err := process(c.payload, c.disclosures...); !errors.Is(err, c.want) {
			t.Errorf("%s: expected %v, got %v, %v", rule, c.want, got, err)
		}
	}
	payload, disclosures = deep(MaxDepth - 1)
	if _, err := process(payload, disclosures...); err != nil {
		t.Errorf("the deepest that is allowed: %v", err)
	}
}

// deep nests one disclosure in another, so that the innermost object stands levels below the payload.
func deep(levels int) (payload string, disclosures []string) {
	object := `{}`
	for range levels {
		d := disclosure(`["salt","a",` + object + `]`)
		disclosures = append(disclosures, d)
		object = `{"_sd":["` + digest(d) + `"]}`
	}
	return object, disclosures
}

func TestOrderOfDisclosuresDoesNotMatter(t *testing.T) {
	payload, disclosures := deep(5)
	want, err := process(payload, disclosures...)
	if err != nil {
		t.Fatal(err)
	}
	for i := range disclosures {
		turned := append(append([]string{}, disclosures[i:]...), disclosures[:i]...)
		if got, err := process(payload, turned...); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("turned by %d: %v, %v", i, got, err)
		}
	}
}

func TestProcessLeavesItsInputAlone(t *testing.T) {
	payload, disclosures := deep(3)
	s, err := Parse(unsigned(payload, disclosures...))
	if err != nil {
		t.Fatal(err)
	}
	claims := object(t, payload)
	for range 2 {
		if _, err := s.ProcessObject(claims); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(claims, object(t, payload)) {
			t.Fatal("the payload was changed")
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(unsigned(`{}`))
	f.Add(unsigned(`{"_sd":["x"]}`, disclosure(`["s","n",1]`), disclosure(`["s",[1]]`)) + "a.b.c")
	f.Add("a.b.c~~")
	f.Add("~")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse(text)
		if err != nil {
			return
		}
		if s.String() != text {
			t.Fatalf("%q became %q", text, s.String())
		}
		if strings.Count(text, "~") != len(s.Disclosures)+1 {
			t.Fatalf("%q: %d disclosures", text, len(s.Disclosures))
		}
		_ = s.Hash()
	})
}

// What Process gives holds no reserved name, whatever the payload and the disclosure.
func FuzzProcess(f *testing.F) {
	f.Add(`{"_sd":["DIGEST"],"a":[{"...":"x"}]}`, `["s","n",{"_sd":[]}]`)
	f.Add(`{"a":[{"...":"DIGEST"}],"_sd_alg":"sha-256"}`, `["s",{"...":1}]`)
	f.Add(`{"a":{"_sd":["DIGEST"]}}`, `["s","_sd",1]`)
	f.Add(`{"a":[[{"...":"DIGEST"}]]}`, `["s",[{"...":"y"}]]`)
	f.Fuzz(func(t *testing.T, payload, text string) {
		d := disclosure(text)
		payload = strings.ReplaceAll(payload, "DIGEST", digest(d))
		claims, err := process(payload, d)
		if err != nil {
			return
		}
		noReserved(t, claims)
	})
}

func noReserved(t *testing.T, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, v := range v {
			if isReserved(name) {
				t.Fatalf("%s was left in", name)
			}
			noReserved(t, v)
		}
	case []any:
		for _, v := range v {
			noReserved(t, v)
		}
	}
}
