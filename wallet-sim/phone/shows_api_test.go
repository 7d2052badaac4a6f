package phone_test

import (
	"errors"
	"maps"
	"net/url"
	"strings"
	"testing"

	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/openid4vp"
	"lommebok.example/verifier/apiclient"
	"lommebok.example/wallet-sim/wallet"
)

// ask asks by the API, and gives what the wallet would answer.
func (s *shows) ask(t *testing.T, q apiclient.Question, same bool) (string, *wallet.Request, error) {
	t.Helper()
	q.Purpose = "test"
	if same {
		q.RedirectURI = s.home + "/back"
	}
	asked, err := s.api.Ask(t.Context(), q)
	check(t, err)
	link := asked.Links.CrossDevice
	if same {
		link = asked.Links.SameDevice
	}
	r, err := s.face.Wallet.Request(t.Context(), link)
	return asked.Handle, r, err
}

// result lets the wallet answer, and gets the result.
func (s *shows) result(t *testing.T, q apiclient.Question, same bool) *verdict {
	t.Helper()
	handle, r, err := s.ask(t, q, same)
	check(t, err)
	if len(r.Shares) == 0 {
		t.Fatalf("not held: %v", r.Missing)
	}
	redirect, err := s.face.Wallet.Share(t.Context(), r)
	check(t, err)
	var got apiclient.Result
	if same {
		to, e := url.Parse(redirect)
		check(t, e)
		got, err = s.api.Redeem(t.Context(), handle, to.Query().Get("response_code"))
	} else {
		got, err = s.api.Wait(t.Context(), handle)
	}
	check(t, err)
	if !got.Accepted {
		t.Fatalf("refused: %+v", got.Reasons)
	}
	v := &verdict{Accepted: true}
	for _, c := range got.Verdict.Credentials {
		v.Credentials = append(v.Credentials, shown{c.Query, c.Type, c.Format, c.Claims})
	}
	return v
}

// asked asks for a type by the API of relying parties.
func (s *shows) asked(t *testing.T, id string) {
	t.Helper()
	for _, mode := range []string{openid4vp.ResponseModeDirectPostJWT, openid4vp.ResponseModeDirectPost} {
		for _, same := range []bool{false, true} {
			v := s.result(t, apiclient.Question{Query: one(s.query("q", id)), ResponseMode: mode}, same)
			s.wantClaims(t, "API, "+mode, v, id)
		}
	}
}

// nobodys asks for a type of a person whose credential the wallet does not hold.
func (s *shows) nobodys(id, configuration string) map[string]any {
	q := s.query(id, configuration)
	q["claims"] = []any{map[string]any{"path": []string{"given_name"}, "values": []string{"Nobody"}}}
	return q
}

const (
	pid     = "pid_sd_jwt_vc"
	student = "no.sikt.elevbevis_sd_jwt_vc"
	age     = "proof_of_age"
)

// sets asks for one credential or another, for what may be missing, for several of a kind, and for all at once.
func (s *shows) sets(t *testing.T) {
	with := func(q map[string]any, member string, value any) map[string]any { q[member] = value; return q }
	set := func(required bool, options ...[]string) map[string]any {
		return map[string]any{"required": required, "options": options}
	}
	all, every := map[string]any{}, map[string]int{}
	var credentials []map[string]any
	for _, id := range s.ids {
		credentials, every[serviceOf(id)] = append(credentials, s.query(serviceOf(id), id)), 1
	}
	all["credentials"] = credentials
	either := s.query("a", pid)
	either["claims"] = []any{
		map[string]any{"id": "x", "path": []string{"given_name"}, "values": []string{"Nobody"}}, map[string]any{"id": "y", "path": []string{"family_name"}},
	}
	for name, c := range map[string]struct {
		query map[string]any
		want  map[string]int
	}{
		"one of two, which are both held": {with(one(s.query("a", pid), s.query("b", mpid)), "credential_sets", []any{set(true, []string{"a"}, []string{"b"})}), map[string]int{"a": 1}},
		"one of two, the second is held":  {with(one(s.nobodys("a", pid), s.query("b", mpid)), "credential_sets", []any{set(true, []string{"a"}, []string{"b"})}), map[string]int{"b": 1}},
		"one of two, with another": {
			with(one(s.nobodys("a", pid), s.query("b", mpid), s.query("c", student)), "credential_sets", []any{set(true, []string{"a"}, []string{"b"}), set(true, []string{"c"})}),
			map[string]int{"b": 1, "c": 1},
		},
		"an option of two, SD-JWT VC and mdoc": {with(one(s.query("a", pid), s.query("b", age)), "credential_sets", []any{set(true, []string{"a", "b"})}), map[string]int{"a": 1, "b": 1}},
		"optional, and missing":                {with(one(s.query("a", age), s.nobodys("b", mpid)), "credential_sets", []any{set(true, []string{"a"}), set(false, []string{"b"})}), map[string]int{"a": 1}},
		"optional, and held":                   {with(one(s.query("a", age), s.query("b", mpid)), "credential_sets", []any{set(true, []string{"a"}), set(false, []string{"b"})}), map[string]int{"a": 1, "b": 1}},
		"multiple":                             {one(with(s.query("a", mpid), "multiple", true)), map[string]int{"a": 2}},
		"claim sets, the second is held":       {one(with(either, "claim_sets", [][]string{{"x"}, {"y"}})), map[string]int{"a": 1}},
		"all at once":                          {all, every},
	} {
		t.Run(name, func(t *testing.T) {
			for _, same := range []bool{false, true} {
				got := map[string]int{}
				for _, c := range s.result(t, apiclient.Question{Query: c.query}, same).Credentials {
					if len(c.Claims) == 0 {
						t.Errorf("%s without claims", c.Query)
					}
					got[c.Query]++
				}
				if !maps.Equal(got, c.want) {
					t.Errorf("same device %t: %v, want %v", same, got, c.want)
				}
			}
		})
	}
}

// transactions asks for consent with each type that can sign it: each SD-JWT VC but the PID, whose key the wallet lets sign none.
func (s *shows) transactions(t *testing.T) {
	for _, id := range s.ids {
		if s.types[id].Format != openid4vci.FormatSDJWTVC {
			continue
		}
		t.Run("transaction data, "+id, func(t *testing.T) {
			for _, mode := range []string{openid4vp.ResponseModeDirectPostJWT, openid4vp.ResponseModeDirectPost} {
				for _, same := range []bool{false, true} {
					q := apiclient.Question{Query: one(s.query("q", id)), ResponseMode: mode, TransactionData: []any{
						map[string]any{"type": "urn:lommebok:payment:1", "credential_ids": []string{"q"}, "payee": "Lånekassen", "amount": "100", "currency": "NOK"},
					}}
					if strings.HasPrefix(id, "pid") {
						if _, _, err := s.ask(t, q, same); !errors.Is(err, wallet.ErrPIDKey) {
							t.Errorf("the key of a PID: %v", err)
						}
						continue
					}
					s.wantClaims(t, mode, s.result(t, q, same), id)
				}
			}
		})
	}
}
