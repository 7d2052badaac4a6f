package web

import "fmt"

// steps is how far a person has come in a flow, for the partial "steps".
type steps struct {
	At, Of int    // from 1
	Now    string // name of the step at hand
	All    []step
}

// A step is Done, the one at hand (Now), or to come.
type step struct {
	Name      string
	Done, Now bool
}

// steps names the steps of a flow by the keys of their texts, the one at hand by its number from 1.
func (c *contents) steps(lang string, at int, keys []string) (steps, error) {
	if at < 1 || at > len(keys) {
		return steps{}, fmt.Errorf("web: step %d of %d", at, len(keys))
	}
	v := steps{At: at, Of: len(keys)}
	for i, key := range keys {
		name, err := c.texts.get(lang, key)
		if err != nil {
			return steps{}, err
		}
		v.All = append(v.All, step{Name: name, Done: i+1 < at, Now: i+1 == at})
	}
	v.Now = v.All[at-1].Name
	return v, nil
}
