package issuance_test

import (
	"fmt"
	"reflect"
	"testing"

	"lommebok.example/specs/cose"
)

// The table of the PID Rulebook 1.7, chapters 2 to 4: how each attribute is called in each format, its type, and what a PID of
// Eksakt Karies says. Attributes that the register does not have are not issued.
var rulebook = []struct {
	attribute        string
	mandatory        bool
	element, claim   string
	inMDoc, inSDJWT  any // the value as it is read; nil: not issued
	mdocType, inJSON string
}{
	{"family_name", true, "family_name", "family_name", "Karies", "Karies", "string", "string"},
	{"given_name", true, "given_name", "given_name", "Eksakt", "Eksakt", "string", "string"},
	{"birth_date", true, "birth_date", "birthdate", cose.FullDate("1953-06-12"), "1953-06-12", "cose.FullDate", "string"},
	{"birth_place", true, "place_of_birth", "place_of_birth", birthPlace, birthPlace, "map[string]interface {}", "map[string]interface {}"},
	{"nationality", true, "nationality", "nationalities", []any{"NO"}, []any{"NO"}, "[]interface {}", "[]interface {}"},
	{"issuing_authority", true, "issuing_authority", "issuing_authority", "Lommebok demonstrasjon", "Lommebok demonstrasjon", "string", "string"},
	{"issuing_country", true, "issuing_country", "issuing_country", "NO", "NO", "string", "string"},
	{"personal_administrative_number", false, "personal_administrative_number", "personal_administrative_number", karies, karies, "string", "string"},
	{"expiry_date", false, "expiry_date", "date_of_expiry", cose.FullDate("2026-12-07"), "2026-12-07", "cose.FullDate", "string"},
	{"issuance_date", false, "issuance_date", "date_of_issuance", cose.FullDate("2026-11-23"), "2026-11-23", "cose.FullDate", "string"},
	{"portrait", false, "portrait", "picture", nil, nil, "", ""},
	{"family_name_birth", false, "family_name_birth", "birth_family_name", nil, nil, "", ""},
	{"given_name_birth", false, "given_name_birth", "birth_given_name", nil, nil, "", ""},
	{"sex", false, "sex", "sex", nil, nil, "", ""},
	{"email_address", false, "email_address", "email", nil, nil, "", ""},
	{"mobile_phone_number", false, "mobile_phone_number", "phone_number", nil, nil, "", ""},
	{"resident_address", false, "resident_address", "address", homeText, home, "string", "map[string]interface {}"},
	{"resident_street", false, "resident_street", "", "Kaivegen 21", nil, "string", ""},
	{"resident_postal_code", false, "resident_postal_code", "", "9999", nil, "string", ""},
	{"resident_city", false, "resident_city", "", "Bergen", nil, "string", ""},
	{"resident_country", false, "resident_country", "", "NO", nil, "string", ""},
	{"resident_state", false, "resident_state", "", nil, nil, "", ""},
	{"document_number", false, "document_number", "document_number", nil, nil, "", ""},
	{"issuing_jurisdiction", false, "issuing_jurisdiction", "issuing_jurisdiction", nil, nil, "", ""},
	{"trust_anchor", false, "trust_anchor", "trust_anchor", nil, nil, "", ""},
	{"attestation_legal_category", false, "attestation_legal_category", "attestation_legal_category", "PID", "PID", "string", "string"},
}

// What mdoc has as elements, SD-JWT VC has as the properties of one claim.
var (
	homeText = "Kaivegen 21, 9999 Bergen"
	home     = map[string]any{"formatted": homeText, "street_address": "Kaivegen 21", "postal_code": "9999", "locality": "Bergen", "country": "NO"}
)

var birthPlace = map[string]any{"country": "NO", "region": "Vestland", "locality": "Bergen"}

func TestPIDRulebook(t *testing.T) {
	b := newBench(t)
	texts, keys := b.batch(t, "pid_mso_mdoc", 1)
	m := b.mdoc(t, texts[0], keys[0])
	elements := map[string]any{}
	for _, e := range m.Elements() {
		if e.Namespace != "eu.europa.ec.eudi.pid.1" {
			t.Errorf("name space %s", e.Namespace)
		}
		elements[e.Identifier] = e.Value
	}
	texts, keys = b.batch(t, "pid_sd_jwt_vc", 1)
	c, claims := b.sdjwt(t, texts[0], keys[0])
	for _, name := range []string{"iss", "iat", "nbf", "exp", "cnf", "vct", "vct#integrity", "status"} {
		if claims[name] == nil {
			t.Errorf("the SD-JWT VC has no %s", name)
		}
		delete(claims, name)
	}
	for _, r := range rulebook {
		e, there := elements[r.element]
		if !reflect.DeepEqual(e, r.inMDoc) || there != (r.inMDoc != nil) || there && fmt.Sprintf("%T", e) != r.mdocType {
			t.Errorf("%s: the element %s is %T %v", r.attribute, r.element, e, e)
		}
		v, there := claims[r.claim]
		if !reflect.DeepEqual(v, r.inSDJWT) || there != (r.inSDJWT != nil) || there && fmt.Sprintf("%T", v) != r.inJSON {
			t.Errorf("%s: the claim %s is %T %v", r.attribute, r.claim, v, v)
		}
		if r.mandatory && r.inMDoc == nil {
			t.Errorf("%s is mandatory", r.attribute)
		}
		delete(elements, r.element)
		delete(claims, r.claim)
	}
	if len(elements)+len(claims) > 0 {
		t.Errorf("beside the rulebook: %v %v", elements, claims)
	}
	// PID_21: each claim, property and element by itself. 12 claims, 3 and 5 properties, 1 element.
	names := map[string]bool{}
	for _, d := range c.SDJWT().Disclosures {
		names[d.Name] = true
	}
	if n := len(c.SDJWT().Disclosures); n != 21 || !names["country"] || !names["locality"] {
		t.Errorf("%d disclosures", n)
	}
}
