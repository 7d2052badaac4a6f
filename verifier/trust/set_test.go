package trust_test

import (
	"testing"

	"lommebok.example/specs/x5c"
	"lommebok.example/verifier/trust"
)

// An authority is its name and key: one certificate of it does not hide what is said of another.
func TestAnAuthorityIsItsNameAndKey(t *testing.T) {
	a := newAuthority(t, "first")
	again, err := x5c.NewRoot(a.key, x5c.Subject{Country: "NO", CommonName: "first", URI: "https://issuer.example"}, noon.Add(-2*day), 800*day)
	check(t, err)
	good := trust.Anchor{Name: "good", Certificate: a.root, Types: []string{pid}}
	for what, other := range map[string]trust.Source{
		"a source that is over":      {Until: noon.Add(-hour), Anchors: []trust.Anchor{{Name: "over", Certificate: again, Types: []string{pid}}}},
		"a source without its types": {Anchors: []trust.Anchor{{Name: "bare", Certificate: again}}},
	} {
		for _, names := range [][2]string{{"a", "b"}, {"b", "a"}} {
			s := trust.NewSet()
			s.Put(names[0], other)
			s.Put(names[1], trust.Source{Anchors: []trust.Anchor{good}})
			wantErr(t, "beside "+what, entitled(s, a, pid, noon), nil)
		}
	}
	for _, anchors := range [][]trust.Anchor{{{Certificate: again}, good}, {good, {Certificate: again}}} {
		s := trust.NewSet()
		s.Put("one", trust.Source{Anchors: anchors})
		wantErr(t, "in one source", entitled(s, a, pid, noon), nil)
	}
}

// What a source says of an authority in the middle of a chain hides nothing of what another says of its end.
func TestASourceThatIsOverHidesNothing(t *testing.T) {
	a := newAuthorityBetween(t)
	s := trust.NewSet()
	s.Put("good", trust.Source{Anchors: []trust.Anchor{{Certificate: a.root, Types: []string{pid}}}})
	wantErr(t, "alone", entitled(s, a, pid, noon), nil)
	s.Put("over", trust.Source{Until: noon.Add(-hour), Anchors: []trust.Anchor{{Certificate: a.chain[1], Types: []string{pid}}}})
	wantErr(t, "beside a list that is over", entitled(s, a, pid, noon), nil)
	s.Drop("good")
	wantErr(t, "the anchor stays out of the chain", entitled(s, a, pid, noon), x5c.ErrUntrusted)
	wantErr(t, "on a list that is over", entitled(s, &authority{chain: a.chain[:1]}, pid, noon), trust.ErrListOver)
}
