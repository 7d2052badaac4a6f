package presentation

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/specs/dcql"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/specs/statuslist"
	"lommebok.example/verifier/trust"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func query(t testing.TB, text string) *dcql.Query {
	t.Helper()
	q, err := dcql.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func TestSettle(t *testing.T) {
	good, bad := Check{Name: "a", OK: true}, Check{Name: "b"}
	claims := map[string]any{"x": 1}
	for name, c := range map[string]struct {
		verdict Verdict
		want    bool
	}{
		"all hold":                   {Verdict{Checks: []Check{good}, Credentials: []Credential{{Checks: []Check{good}, Claims: claims}}}, true},
		"a check of the answer":      {Verdict{Checks: []Check{good, bad}, Credentials: []Credential{{Checks: []Check{good}, Claims: claims}}}, false},
		"a check of a credential":    {Verdict{Checks: []Check{good}, Credentials: []Credential{{Checks: []Check{good}, Claims: claims}, {Checks: []Check{good, bad}}}}, false},
		"no credential":              {Verdict{Checks: []Check{good}}, false},
		"no check of the answer":     {Verdict{Credentials: []Credential{{Checks: []Check{good}, Claims: claims}}}, false},
		"a credential without check": {Verdict{Checks: []Check{good}, Credentials: []Credential{{Claims: claims}}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			v := c.verdict
			v.settle()
			if v.Accepted != c.want {
				t.Errorf("accepted %v", v.Accepted)
			}
			for _, credential := range v.Credentials {
				if len(credential.Claims) > 0 != c.want {
					t.Errorf("claims %v", credential.Claims)
				}
			}
		})
	}
}

func TestChecklistCodes(t *testing.T) {
	first, second := errors.New("first"), errors.New("second")
	r := rule{"name", "section 1", "what was expected"}
	for _, c := range []struct {
		err  error
		code string
		ok   bool
	}{
		{nil, "ok", true},
		{errors.Join(second, first), "one", false},
		{second, "two", false},
		{errors.New("third"), "name_failed", false},
	} {
		var l checklist
		if got := l.add(r, c.err, reason{first, "one"}, reason{second, "two"}); got != c.ok {
			t.Errorf("%v: %v", c.err, got)
		}
		want := Check{Name: "name", OK: c.ok, Expected: r.expected, Section: r.section, Code: c.code}
		if c.err != nil {
			want.Got = c.err.Error()
		}
		if l[0] != want {
			t.Errorf("%+v, want %+v", l[0], want)
		}
	}
}

func TestAskedKeepsWhatTheQueryNames(t *testing.T) {
	q := query(t, `{"credentials":[{"id":"a","format":"dc+sd-jwt","meta":{"vct_values":["x"]},
		"claims":[{"path":["name"]},{"path":["places",null,"town"]},{"path":["places",0,"town"]},{"path":["missing"]}]}]}`)
	claims := map[string]any{
		"name": "n", "secret": "s",
		"places": []any{map[string]any{"town": "one", "road": "r"}, map[string]any{"town": "two"}},
	}
	got := asked(q, "a", claims)
	want := map[string]any{"name": "n", "places.*.town": []any{"one", "two"}, "places.0.town": "one"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := asked(q, "b", claims); got != nil {
		t.Errorf("under another id: %v", got)
	}
	if got := ClaimPaths(q, "a"); !reflect.DeepEqual(got, []string{"name", "places.*.town", "places.0.town", "missing"}) {
		t.Errorf("paths %v", got)
	}
}

func TestBrowserSecrets(t *testing.T) {
	first, second := NewBrowser(), NewBrowser()
	if !IsBrowser(first) || first == second {
		t.Errorf("%q, %q", first, second)
	}
	for _, value := range []string{"", first[1:], first + "A", first + "=", strings.Repeat("!", 43)} {
		if IsBrowser(value) {
			t.Errorf("%q was taken", value)
		}
	}
	if owner("a", first) == owner("b", first) || owner("a", first) == owner("a", second) {
		t.Error("owners are alike")
	}
}

// A service that trusts nobody: whatever comes is judged to its end and never accepted.
func FuzzJudge(f *testing.F) {
	const dc, iso = `{"credentials":[{"id":"a","format":"dc+sd-jwt","meta":{"vct_values":["x"]}}]}`, `{"credentials":[{"id":"a","format":"mso_mdoc","meta":{"doctype_value":"x"}}]}`
	nobody := trust.NewSet()
	s := &Service{Trust: nobody, Status: &StatusLists{Fetch: fetch.New(fetch.Config{}), Trust: nobody}, Log: slog.New(slog.DiscardHandler)}
	queries := []*dcql.Query{query(f, dc), query(f, iso)}
	f.Add("")
	f.Add("~")
	f.Add("eyJhbGciOiJub25lIn0.e30.~")
	f.Add("eyJ0eXAiOiJkYytzZC1qd3QiLCJhbGciOiJFUzI1NiIsIng1YyI6W119.e30.AA~WyJhIiwiYiIsMV0~")
	f.Add("o2d2ZXJzaW9uYzEuMGlkb2N1bWVudHOAZnN0YXR1cwA")
	f.Fuzz(func(t *testing.T, text string) {
		for _, q := range queries {
			r := &openid4vp.Response{VPToken: map[string][]string{"a": {text}}, State: "s"}
			v := s.judgeAnswer(context.Background(), q, "s", r, binding{audience: "x509_hash:x", nonce: "n", at: noon})
			if v.Accepted || len(v.Failed()) == 0 || len(v.Credentials) != 1 || v.Credentials[0].Claims != nil {
				t.Errorf("%+v", v)
			}
		}
	})
}

func TestFullMemoryIsEmptied(t *testing.T) {
	s := &StatusLists{MaxAge: time.Hour, kept: map[keptKey]keptList{}}
	short := list{about: &statuslist.About{TTL: time.Minute}}
	for i := range maxLists {
		s.keep(keptKey{uri: strings.Repeat("x", i+1)}, short, noon)
	}
	if len(s.kept) != maxLists {
		t.Fatalf("%d lists", len(s.kept))
	}
	s.keep(keptKey{uri: "one more"}, short, noon)
	if len(s.kept) != 1 {
		t.Errorf("%d lists", len(s.kept))
	}
	s.keep(keptKey{uri: "no ttl"}, list{about: &statuslist.About{}}, noon)
	if len(s.kept) != 1 {
		t.Error("a list without ttl was kept")
	}
}

// What somebody else signed is not kept in the place of what the issuer says, and what the issuer signed is asked for once.
func TestAListIsKeptWhenItsSignerHolds(t *testing.T) {
	b := newBench(t)
	const address = "https://issuer.example/statuslists/1"
	asked := &counted{Getter: b.Status.Fetch}
	b.Status.Fetch = asked
	ref := statusRef{index: 7, uri: address, form: formJWT, kind: "urn:eudi:pid:1"}
	look := func(what string, want error, times int) {
		t.Helper()
		if _, err := b.Status.lookUp(t.Context(), ref, b.at); !errors.Is(err, want) || want == nil && err != nil || asked.times != times {
			t.Errorf("%s: got %v after %d fetches, want %v after %d", what, err, asked.times, want, times)
		}
	}
	trusted := b.Status.Trust
	b.Status.Trust = trust.NewSet()
	look("a signer that nobody trusts", errStatusSigner, 1)
	if len(b.Status.kept) != 0 {
		t.Error("the list was kept")
	}
	look("again", errStatusSigner, 2)
	b.Status.Trust = trusted
	look("a signer that is trusted", nil, 3)
	look("what was kept", nil, 3)
	b.Status.Trust = trust.NewSet()
	look("what was kept, of a signer that was thrown out", errStatusSigner, 4)
}

// counted counts what is fetched.
type counted struct {
	Getter
	times int
}

func (c *counted) Get(ctx context.Context, address string, accept ...string) (*fetch.Answer, error) {
	c.times++
	return c.Getter.Get(ctx, address, accept...)
}
