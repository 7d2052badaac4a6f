package transaction

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// Curl writes the request of an entry as a command of curl, for the service at base. What is masked stays so: whoever runs the command
// puts their own values in its place. A header that holds a JWT has its name alone.
func Curl(base string, e *Entry) string {
	address := base + e.Request.Path
	query := url.Values{}
	for _, f := range e.Request.Query {
		query.Add(f.Name, f.Value)
	}
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	words := []string{"curl -i -X " + e.Request.Method + " " + quoted(address)}
	for _, h := range e.Request.Headers {
		words = append(words, "-H "+quoted(h.Name+": "+h.Value))
	}
	for _, p := range e.Request.Parts {
		if p.Name != "body" {
			words = append(words, "-H "+quoted(p.Name+": (a JWT, hidden)"))
			continue
		}
		words = append(words, dataOf(p)...)
	}
	return strings.Join(words, " \\\n  ")
}

// dataOf gives a form parameter by parameter, and any other body as it is shown.
func dataOf(p Part) []string {
	var form map[string]any
	if !strings.HasPrefix(p.Media, "application/x-www-form-urlencoded") || json.Unmarshal([]byte(p.Text), &form) != nil {
		return []string{"--data-raw " + quoted(p.Text)}
	}
	var words []string
	for _, name := range slices.Sorted(maps.Keys(form)) {
		text, plain := form[name].(string)
		if !plain {
			raw, err := json.Marshal(form[name])
			if err != nil {
				continue // json.Unmarshal gives nothing that cannot be written
			}
			text = string(raw)
		}
		words = append(words, "--data-urlencode "+quoted(name+"="+text))
	}
	return words
}

// quoted makes one word of a POSIX shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
