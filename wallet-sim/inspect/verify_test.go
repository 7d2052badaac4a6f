package inspect

import (
	"crypto/x509"
	"errors"
	"strings"
	"testing"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/sdjwt"
	"lommebok.example/specs/x5c"
)

// outcomes are the names of the checks with an outcome.
func outcomes(v *Verdict, outcome Outcome) (names []string) {
	for _, c := range v.Checks {
		if c.Outcome == outcome {
			names = append(names, c.Name)
		}
		if c.Section == "" || outcome != Held && c.Outcome == outcome && c.Says == "" {
			names = append(names, "without section or reason: "+c.Name)
		}
	}
	return names
}

// Each way in which a credential or a presentation can be wrong fails by the check of that name, and by no other.
func TestVerify(t *testing.T) {
	a := newAuthority(t)
	strange := newAuthority(t)
	valid := a.sdjwt(t, 0, now.Add(day))
	parts := strings.SplitN(valid, "~", 2)
	jwt := strings.Split(parts[0], ".")
	for name, c := range map[string]struct {
		text       string
		expect     func(*Expect)
		failed     string
		notChecked string
	}{
		"credential":                           {text: valid, notChecked: ruleHolder.name},
		"presentation":                         {text: a.presented(t, valid, "n")},
		"presentation, request not known":      {text: a.presented(t, valid, "n"), expect: func(e *Expect) { e.Request = nil }, notChecked: ruleHolder.name},
		"presentation for another nonce":       {text: a.presented(t, valid, "other"), failed: ruleHolder.name},
		"signature of another":                 {text: jwt[0] + "." + jwt[1] + "." + strings.Split(a.sdjwt(t, 0, now.Add(day)), ".")[2][:86] + "~" + parts[1], failed: ruleSignature.name},
		"issuer not trusted":                   {text: strange.sdjwt(t, 0, now.Add(day)), failed: ruleTrust.name, notChecked: ruleEntitled.name + ", " + ruleHolder.name + ", " + ruleStatus.name},
		"disclosure of another":                {text: parts[0] + "~" + strings.SplitN(a.sdjwt(t, 0, now.Add(day)), "~", 2)[1], failed: ruleDigests.name, notChecked: ruleHolder.name},
		"expired":                              {text: a.sdjwt(t, 0, now.Add(-day/48)), failed: ruleValidity.name, notChecked: ruleHolder.name},
		"revoked":                              {text: a.sdjwt(t, 1, now.Add(day)), failed: ruleStatus.name, notChecked: ruleHolder.name},
		"beyond the list":                      {text: a.sdjwt(t, 99, now.Add(day)), failed: ruleStatus.name, notChecked: ruleHolder.name},
		"status not asked":                     {text: a.sdjwt(t, 1, now.Add(day)), expect: func(e *Expect) { e.Fetch = nil }, notChecked: ruleHolder.name + ", " + ruleStatus.name},
		"no SD-JWT VC":                         {text: "a.b.c~", failed: ruleForm.name},
		"mdoc":                                 {text: jose.EncodeBase64URL(a.mdoc(t, 0)), notChecked: ruleHolder.name},
		"mdoc, bytes":                          {text: string(a.mdoc(t, 0)), notChecked: ruleHolder.name},
		"mdoc, revoked":                        {text: jose.EncodeBase64URL(a.mdoc(t, 1)), failed: ruleStatus.name, notChecked: ruleHolder.name},
		"mdoc, not trusted":                    {text: jose.EncodeBase64URL(strange.mdoc(t, 0)), failed: ruleTrust.name, notChecked: ruleEntitled.name + ", " + ruleStatus.name + ", " + ruleHolder.name},
		"mdoc, later":                          {text: jose.EncodeBase64URL(a.mdoc(t, 0)), expect: func(e *Expect) { e.At = now.Add(day * 2); e.Fetch = nil }, failed: ruleValidity.name, notChecked: ruleStatus.name + ", " + ruleHolder.name},
		"device response":                      {text: jose.EncodeBase64URL(a.response(t, "n"))},
		"device response for another nonce":    {text: jose.EncodeBase64URL(a.response(t, "other")), failed: ruleHolder.name},
		"device response, request not known":   {text: jose.EncodeBase64URL(a.response(t, "n")), expect: func(e *Expect) { e.Request = nil }, notChecked: ruleHolder.name},
		"device response, sent somewhere else": {text: jose.EncodeBase64URL(a.response(t, "n")), expect: func(e *Expect) { e.Request.ResponseURI += "x" }, failed: ruleHolder.name},
	} {
		t.Run(name, func(t *testing.T) {
			e := a.expect(t)
			if c.expect != nil {
				c.expect(&e)
			}
			v, err := Verify(t.Context(), []byte(c.text), e)
			must(t, err)
			if got := strings.Join(outcomes(v, Failed), ", "); got != c.failed || v.Holds() != (c.failed == "") {
				t.Errorf("failed: %q, expected %q", got, c.failed)
			}
			if got := strings.Join(outcomes(v, NotChecked), ", "); got != c.notChecked {
				t.Errorf("not checked: %q, expected %q", got, c.notChecked)
			}
			if c.failed == "" && len(outcomes(v, Held)) < 6 {
				t.Errorf("held: %v", outcomes(v, Held))
			}
		})
	}
}

// What an issuer is entitled to, the country that it says, and what a holder agreed to are each named: held, failed or not checked.
func TestWhatElseIsNamed(t *testing.T) {
	const held, none = Held, Outcome("")
	types := func(types []string, known bool, err error) func(*x509.Certificate) ([]string, bool, error) {
		return func(*x509.Certificate) ([]string, bool, error) { return types, known, err }
	}
	pid := authority{vct: "urn:eudi:pid:no:1", docType: "eu.europa.ec.eudi.pid.1", country: "NO"}
	foreign, silent, card := pid, pid, authority{vct: "no:test:card", docType: "no.test.age", country: "SE"}
	foreign.country, silent.country = "SE", nil
	for name, c := range map[string]struct {
		says   authority
		types  func(*x509.Certificate) ([]string, bool, error)
		agrees map[string]any

		entitled, sdjwtCountry, mdocCountry, transaction Outcome
	}{
		"a PID":                {says: pid, types: types([]string{pid.vct, pid.docType}, true, nil), entitled: held, sdjwtCountry: held, mdocCountry: held},
		"of another country":   {says: foreign, types: types([]string{pid.vct, pid.docType}, true, nil), entitled: held, sdjwtCountry: Failed, mdocCountry: Failed},
		"of no country":        {says: silent, types: types([]string{pid.vct, pid.docType}, true, nil), entitled: held, sdjwtCountry: NotChecked, mdocCountry: NotChecked},
		"not entitled":         {says: pid, types: types([]string{"another"}, true, nil), entitled: Failed, sdjwtCountry: held, mdocCountry: held},
		"entitled to nothing":  {says: pid, types: types(nil, true, nil), entitled: Failed, sdjwtCountry: held, mdocCountry: held},
		"nothing said":         {says: pid, types: types(nil, false, nil), entitled: NotChecked, sdjwtCountry: held, mdocCountry: held},
		"a file in the way":    {says: pid, types: types(nil, false, errors.New("x")), entitled: NotChecked, sdjwtCountry: held, mdocCountry: held},
		"anchors alone":        {says: pid, entitled: NotChecked, sdjwtCountry: held, mdocCountry: held},
		"a card that is no ID": {says: card, entitled: NotChecked, sdjwtCountry: none, mdocCountry: Failed},
		"a transaction": {says: pid, agrees: map[string]any{"transaction_data_hashes": []string{"x"}}, entitled: NotChecked, sdjwtCountry: held, mdocCountry: held,
			transaction: NotChecked},
	} {
		a := newAuthority(t)
		a.vct, a.docType, a.country = c.says.vct, c.says.docType, c.says.country
		e := a.expect(t)
		e.Types = c.types
		s, err := sdjwt.Parse(a.sdjwt(t, 0, now.Add(day)))
		must(t, err)
		text, err := sdjwt.SignKeyBindingWith(a.holder, s, clientID, "n", now, c.agrees)
		must(t, err)
		for of, one := range map[string]struct {
			text    string
			country Outcome
		}{"SD-JWT VC": {text, c.sdjwtCountry}, "mdoc": {string(a.mdoc(t, 0)), c.mdocCountry}} {
			v, err := Verify(t.Context(), []byte(one.text), e)
			must(t, err)
			transaction := c.transaction
			if of == "mdoc" {
				transaction = none
			}
			for r, want := range map[rule]Outcome{ruleEntitled: c.entitled, ruleCountry: one.country, ruleTransaction: transaction} {
				got := none
				for _, check := range v.Checks {
					if check.Name == r.name {
						got = check.Outcome
					}
				}
				if got != want {
					t.Errorf("%s, %s: %s: %q, expected %q", name, of, r.name, got, want)
				}
			}
		}
	}
}

// The address of a list is asked only when a trusted issuer wrote it, and the list itself must be of somebody trusted.
func TestWhoWritesTheStatusList(t *testing.T) {
	a, strange := newAuthority(t), newAuthority(t)
	v, err := Verify(t.Context(), []byte(strange.sdjwt(t, 0, now.Add(day))), a.expect(t))
	must(t, err)
	if a.asked != 0 || v.Holds() {
		t.Errorf("asked %d times", a.asked)
	}
	e := a.expect(t)
	e.Fetch = strange.expect(t).Fetch
	v, err = Verify(t.Context(), []byte(a.sdjwt(t, 0, now.Add(day))), e)
	must(t, err)
	if got := strings.Join(outcomes(v, Failed), ", "); got != ruleStatus.name {
		t.Errorf("a list of a stranger: failed %q", got)
	}
}

func TestVerifyNothing(t *testing.T) {
	for _, text := range []string{"", "x", "{}", "a.b.c", "oA"} {
		if _, err := Verify(t.Context(), []byte(text), Expect{Issuers: x5c.NewAnchors(), At: now}); !errors.Is(err, ErrNoCredential) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
