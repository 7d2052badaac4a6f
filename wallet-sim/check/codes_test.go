package check

import (
	"slices"
	"testing"

	"lommebok.example/wallet-sim/faults"
)

// eachForItsReason holds that each fault of the library is refused for what is wrong with it, and not for something else: by the check that
// it expects, or before any is made.
func eachForItsReason(t *testing.T, r *Report) {
	t.Helper()
	for _, f := range faults.Answers(library(t), true) {
		i := slices.IndexFunc(r.Results, func(one Result) bool { return one.ID == f.Name })
		if i < 0 {
			t.Errorf("%s is not in the report", f.Name)
			continue
		}
		codes := f.Expect.Check
		if codes == nil {
			codes = []string{"invalid_request"}
		}
		one := r.Results[i]
		switch last := len(one.Exchanges) - 1; {
		case last < 0 || one.Exchanges[last].Refusal == nil:
			t.Errorf("%s: no refusal: %s %s", one.ID, one.Why, one.Found)
		case !slices.Contains(codes, one.Exchanges[last].Refusal.Code):
			t.Errorf("%s: %q, expected one of %q: %s", one.ID, one.Exchanges[last].Refusal.Code, codes, one.Exchanges[last].Refusal.Description)
		}
	}
}
