package openid4vci

import (
	"encoding/json"
	"errors"
	"net/url"
	"reflect"
	"strings"
	"testing"
)

const wholeOffer = `{
 "credential_issuer": "https://issuer.example/tenant",
 "credential_configuration_ids": ["student", "org.iso.18013.5.1.mDL"],
 "grants": {
  "authorization_code": {"issuer_state": "s+/ 1", "authorization_server": "https://as.example"},
  "urn:ietf:params:oauth:grant-type:pre-authorized_code": {
   "pre-authorized_code": "p", "tx_code": {"input_mode": "text", "length": 6, "description": "Koden står i brevet."}},
  "urn:example:later": {"x": 1}},
 "later": null}`

func TestSection411Offer(t *testing.T) {
	o, err := ParseOffer([]byte(wholeOffer), Rules{})
	if err != nil {
		t.Fatal(err)
	}
	want := &Offer{CredentialIssuer: issuerID, CredentialConfigurationIDs: []string{"student", "org.iso.18013.5.1.mDL"},
		Grants: &Grants{
			AuthorizationCode: &AuthorizationCodeGrant{IssuerState: "s+/ 1", AuthorizationServer: "https://as.example"},
			PreAuthorizedCode: &PreAuthorizedCodeGrant{PreAuthorizedCode: "p", TxCode: &TxCode{InputMode: InputText, Length: 6, Description: "Koden står i brevet."}}}}
	if !reflect.DeepEqual(o, want) {
		t.Fatalf("got %+v", o)
	}
}

func TestSection411EmptyTxCodeIsRequired(t *testing.T) {
	raw := `{"credential_issuer":"https://i.example","credential_configuration_ids":["c"],"grants":{"urn:ietf:params:oauth:grant-type:pre-authorized_code":{"pre-authorized_code":"p","tx_code":{}}}}`
	o, err := ParseOffer([]byte(raw), Rules{})
	if err != nil || o.Grants.PreAuthorizedCode.TxCode == nil {
		t.Fatalf("%+v, %v", o, err)
	}
	out, err := o.Encode(Rules{})
	if err != nil || string(out) != raw {
		t.Fatalf("%s, %v", out, err)
	}
}

func TestSection411Refusals(t *testing.T) {
	ids := `"credential_configuration_ids":["c"]`
	with := func(grants string) string {
		return `{"credential_issuer":"https://i.example",` + ids + `,"grants":` + grants + `}`
	}
	pre := func(members string) string {
		return with(`{"urn:ietf:params:oauth:grant-type:pre-authorized_code":{` + members + `}}`)
	}
	cases := []struct {
		name, raw string
		want      error
	}{
		{"not JSON", `x`, ErrOffer},
		{"no issuer", `{` + ids + `}`, ErrIssuer},
		{"issuer by http", `{"credential_issuer":"http://i.example",` + ids + `}`, ErrIssuer},
		{"issuer with a query", `{"credential_issuer":"https://i.example?x=1",` + ids + `}`, ErrIssuer},
		{"issuer with an empty query", `{"credential_issuer":"https://i.example?",` + ids + `}`, ErrIssuer},
		{"issuer with a fragment", `{"credential_issuer":"https://i.example#x",` + ids + `}`, ErrIssuer},
		{"issuer with a user", `{"credential_issuer":"https://u@i.example",` + ids + `}`, ErrIssuer},
		{"issuer without host", `{"credential_issuer":"https:///x",` + ids + `}`, ErrIssuer},
		{"no ids", `{"credential_issuer":"https://i.example"}`, ErrOffer},
		{"ids empty", `{"credential_issuer":"https://i.example","credential_configuration_ids":[]}`, ErrOffer},
		{"an id twice", `{"credential_issuer":"https://i.example","credential_configuration_ids":["c","c"]}`, ErrOffer},
		{"an id empty", `{"credential_issuer":"https://i.example","credential_configuration_ids":[""]}`, ErrOffer},
		{"an id null", `{"credential_issuer":"https://i.example","credential_configuration_ids":[null]}`, ErrOffer},
		{"a draft's credentials", `{"credential_issuer":"https://i.example","credentials":["c"]}`, ErrOffer},
		{"grants an array", with(`[]`), ErrOffer},
		{"no code", pre(``), ErrOffer},
		{"code empty", pre(`"pre-authorized_code":""`), ErrOffer},
		{"tx_code true", pre(`"pre-authorized_code":"p","tx_code":true`), ErrOffer},
		{"input_mode", pre(`"pre-authorized_code":"p","tx_code":{"input_mode":"Numeric"}`), ErrOffer},
		{"length negative", pre(`"pre-authorized_code":"p","tx_code":{"length":-1}`), ErrOffer},
		{"length text", pre(`"pre-authorized_code":"p","tx_code":{"length":"6"}`), ErrOffer},
		{"description of 301 characters", pre(`"pre-authorized_code":"p","tx_code":{"description":"` + strings.Repeat("å", 301) + `"}`), ErrOffer},
		{"pre-authorized: server not a URL", pre(`"pre-authorized_code":"p","authorization_server":"as"`), ErrOffer},
		{"code: server by http", with(`{"authorization_code":{"authorization_server":"http://as.example"}}`), ErrOffer},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o, err := ParseOffer([]byte(c.raw), Rules{})
			if !errors.Is(err, c.want) || o != nil {
				t.Fatalf("got %v, want %v", err, c.want)
			}
		})
	}
	if _, err := ParseOffer([]byte(pre(`"pre-authorized_code":"p","tx_code":{"description":"`+strings.Repeat("å", 300)+`"}`)), Rules{}); err != nil {
		t.Errorf("300 characters: %v", err)
	}
	if _, err := ParseOffer([]byte(`{"credential_issuer":"http://localhost:8080",`+ids+`}`), Rules{InsecureAllowHTTP: true}); err != nil {
		t.Errorf("http where it is allowed: %v", err)
	}
}

func TestSection412LinkReadsBack(t *testing.T) {
	o, err := ParseOffer([]byte(wholeOffer), Rules{})
	if err != nil {
		t.Fatal(err)
	}
	for _, endpoint := range []string{OfferEndpoint, OfferEndpointHAIP, "https://wallet.example/offer", "https://wallet.example/offer?x=1"} {
		address, err := OfferURI(endpoint, *o, Rules{})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(address, "+") || !strings.HasPrefix(address, endpoint) {
			t.Errorf("got %s", address)
		}
		got, reference, err := ParseOfferLink(address, Rules{})
		if err != nil || reference != "" || !reflect.DeepEqual(got, o) {
			t.Errorf("%s: %+v, %q, %v", endpoint, got, reference, err)
		}
	}
	if _, err := OfferURI(OfferEndpoint, Offer{}, Rules{}); !errors.Is(err, ErrIssuer) {
		t.Errorf("an empty offer: %v", err)
	}
	for _, endpoint := range []string{"", "openid-credential-offer", "https://w.example/#x", "://"} {
		if address, err := OfferURI(endpoint, *o, Rules{}); !errors.Is(err, ErrLink) {
			t.Errorf("%q gives %s, %v", endpoint, address, err)
		}
	}
}

func TestSection413Reference(t *testing.T) {
	const offer = "https://issuer.example/offers/a+b?x=1&y=2"
	address, err := OfferReferenceURI(OfferEndpoint, offer, Rules{})
	if err != nil {
		t.Fatal(err)
	}
	got, reference, err := ParseOfferLink(address, Rules{})
	if err != nil || got != nil || reference != offer {
		t.Fatalf("%+v, %q, %v", got, reference, err)
	}
	if _, err := OfferReferenceURI(OfferEndpoint, "http://issuer.example/o", Rules{}); !errors.Is(err, ErrLink) {
		t.Errorf("by http: %v", err)
	}
}

func TestSection41LinkRefusals(t *testing.T) {
	value := url.QueryEscape(`{"credential_issuer":"https://i.example","credential_configuration_ids":["c"]}`)
	cases := []struct {
		name, address string
		want          error
	}{
		{"no scheme", "?credential_offer=" + value, ErrLink},
		{"neither", "openid-credential-offer://?x=1", ErrLink},
		{"both", "openid-credential-offer://?credential_offer=" + value + "&credential_offer_uri=https%3A%2F%2Fi.example", ErrLink},
		{"by value twice", "openid-credential-offer://?credential_offer=" + value + "&credential_offer=" + value, ErrLink},
		{"by reference twice", "openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fa.example&credential_offer_uri=https%3A%2F%2Fb.example", ErrLink},
		{"reference by http", "openid-credential-offer://?credential_offer_uri=http%3A%2F%2Fi.example", ErrLink},
		{"reference to a file", "openid-credential-offer://?credential_offer_uri=file%3A%2F%2F%2Fetc", ErrLink},
		{"offer not JSON", "openid-credential-offer://?credential_offer=x", ErrOffer},
		{"bad escape", "openid-credential-offer://?credential_offer=%zz", ErrLink},
		{"too long", "openid-credential-offer://?credential_offer=" + strings.Repeat("x", maxLink), ErrLink},
		{"control character", "openid-credential-offer://\x00?credential_offer=" + value, ErrLink},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if o, reference, err := ParseOfferLink(c.address, Rules{}); !errors.Is(err, c.want) || o != nil || reference != "" {
				t.Fatalf("got %+v, %q, %v", o, reference, err)
			}
		})
	}
}

func FuzzParseOfferLink(f *testing.F) {
	f.Add("openid-credential-offer://?credential_offer=" + url.QueryEscape(wholeOffer))
	f.Add("openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fi.example")
	f.Fuzz(func(t *testing.T, address string) {
		o, reference, err := ParseOfferLink(address, Rules{})
		if err != nil {
			return
		}
		if (o == nil) == (reference == "") {
			t.Fatal("not exactly one of offer and reference")
		}
		if o == nil {
			return
		}
		again, err := OfferURI(OfferEndpoint, *o, Rules{})
		if err != nil {
			t.Fatal(err)
		}
		back, _, err := ParseOfferLink(again, Rules{})
		if err != nil {
			if len(again) > maxLink {
				return
			}
			t.Fatal(err)
		}
		a, errA := json.Marshal(o)
		b, errB := json.Marshal(back)
		if errA != nil || errB != nil || string(a) != string(b) {
			t.Fatalf("%s\n%s", a, b)
		}
	})
}
