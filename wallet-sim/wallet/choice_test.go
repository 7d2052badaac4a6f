package wallet

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"lommebok.example/specs/openid4vp"
)

// The rules of what a person may keep back (OpenID4VP 1.0 sections 6.2 and 6.4.1).
func TestWhatMayBeKeptBack(t *testing.T) {
	w, a := holding(t)
	card := func(claims, sets string) string {
		return `{"credentials":[{"id":"card","format":"dc+sd-jwt","meta":{"vct_values":["no:test:card"]},"claims":[` + claims + `]` + sets + `},
			{"id":"age","format":"mso_mdoc","meta":{"doctype_value":"no.test.age"},"claims":[{"path":["no.test","over_18"]}]}]`
	}
	const claims = `{"id":"g","path":["given_name"]},{"id":"f","path":["family_name"]},{"id":"b","path":["birth_date"]}`
	for name, c := range map[string]struct {
		query    string
		optional []string // in the order of the request
	}{
		"all is asked for":            {card(claims, "") + `}`, nil},
		"a set with less":             {card(claims, `,"claim_sets":[["g","f"],["g"]]`) + `}`, []string{"card.family_name"}},
		"another in its place":        {card(claims, `,"claim_sets":[["b"],["g"]]`) + `}`, nil},
		"two that need one another":   {card(claims, `,"claim_sets":[["g","f","b"],["g","f"],["g","b"]]`) + `}`, []string{"card.family_name", "card.birth_date"}},
		"a set that is not required":  {card(claims, "") + `,"credential_sets":[{"options":[["card"]]},{"options":[["age"]],"required":false}]}`, []string{"age"}},
		"an option that is not shown": {card(claims, "") + `,"credential_sets":[{"options":[["card"],["age"]]}]}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			a.query = c.query
			r, err := w.wallet.Request(t.Context(), a.link())
			check(t, err)
			var got []string
			for _, s := range r.Shares {
				if s.Optional {
					got = append(got, s.Query)
				}
				for _, claim := range s.Claims {
					if claim.Optional {
						got = append(got, s.Query+"."+claim.Key())
					}
				}
			}
			if !slices.Equal(got, c.optional) {
				t.Errorf("got %q, want %q", got, c.optional)
			}
		})
	}
}

func TestWhatIsKeptBackIsNotSent(t *testing.T) {
	w, a := holding(t)
	a.query = `{"credentials":[{"id":"card","format":"dc+sd-jwt","meta":{"vct_values":["no:test:card"]},
		"claims":[{"id":"g","path":["given_name"]},{"id":"f","path":["family_name"]},{"id":"b","path":["birth_date"]}],
		"claim_sets":[["g","f","b"],["g","f"],["g","b"]]}]}`
	r, err := w.wallet.Request(t.Context(), a.link())
	check(t, err)
	for _, back := range [][]Kept{{{"card", "given_name"}}, {{"card", "family_name"}, {"card", "birth_date"}}, {{"card", ""}}} {
		if err := r.Keep(back); !errors.Is(err, ErrKept) {
			t.Errorf("%v: %v", back, err)
		}
	}
	check(t, r.Keep([]Kept{{"card", "family_name"}}))
	_, err = w.wallet.Share(t.Context(), r)
	check(t, err)
	answer, err := openid4vp.ParseResponse(a.open(a.post.Get("response")))
	check(t, err)
	shown, err := readPresented(answer.VPToken["card"][0])
	check(t, err)
	if shown["given_name"] != "Flat" || shown["birth_date"] == nil || shown["family_name"] != nil {
		t.Errorf("shown %v", shown)
	}
}

func readPresented(text string) (map[string]any, error) {
	r, err := readSDJWT(text[:strings.LastIndexByte(text, '~')+1])
	if err != nil {
		return nil, err
	}
	return r.claims, nil
}

// What was shared with whom is remembered, and no value of it; also in a wallet with a passphrase.
func TestHistoryHoldsNoValues(t *testing.T) {
	w, a := holding(t)
	for _, share := range []bool{true, false} {
		r, err := w.wallet.Request(t.Context(), a.link())
		check(t, err)
		w.at = w.at.Add(1)
		if share {
			_, err = w.wallet.Share(t.Context(), r)
		} else {
			_, err = w.wallet.Decline(t.Context(), r)
		}
		check(t, err)
	}
	check(t, w.wallet.Store.Protect("correct horse", Argon2{KiB: 64, Passes: 1, Lanes: 1}))
	all, err := w.wallet.Store.History()
	check(t, err)
	if len(all) != 2 || all[0].Given != nil || len(all[1].Given) != 1 || all[1].Verifier.Name != "Prøvetjeneste" {
		t.Fatalf("%+v", all)
	}
	given := all[1].Given[0]
	if given.Claims[0].Label("nb") != "Fornavn" || given.Claims[0].Key() != "given_name" || given.Type != "no:test:card" {
		t.Errorf("%+v", given)
	}
	if raw, err := json.Marshal(all); err != nil || strings.Contains(string(raw), "Flat") {
		t.Errorf("%v: a value is remembered: %s", err, raw)
	}
}
