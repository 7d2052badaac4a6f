package openid4vci

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestSection82Request(t *testing.T) {
	cases := []struct {
		name, raw, code string
		want            error // nil: accepted
	}{
		{"configuration", `{"credential_configuration_id":"c"}`, "", nil},
		{"identifier", `{"credential_identifier":"i"}`, "", nil},
		{"proofs", `{"credential_configuration_id":"c","proofs":{"jwt":["a.b.c","d.e.f"]}}`, "", nil},
		{"attestation", `{"credential_configuration_id":"c","proofs":{"attestation":["a.b.c"]}}`, "", nil},
		{"unknown members", `{"credential_configuration_id":"c","format":"x","issuer_state":[1]}`, "", nil},
		{"not JSON", `{`, InvalidCredentialRequest, ErrRequest},
		{"empty", ``, InvalidCredentialRequest, ErrRequest},
		{"array", `[]`, InvalidCredentialRequest, ErrRequest},
		{"trailing data", `{"credential_configuration_id":"c"}x`, InvalidCredentialRequest, ErrRequest},
		{"member twice", `{"credential_configuration_id":"c","credential_configuration_id":"d"}`, InvalidCredentialRequest, ErrRequest},
		{"member in another case", `{"Credential_Configuration_ID":"c"}`, InvalidCredentialRequest, ErrRequest},
		{"wrong type", `{"credential_configuration_id":1}`, InvalidCredentialRequest, ErrRequest},
		{"neither", `{}`, InvalidCredentialRequest, ErrIdentifier},
		{"null", `null`, InvalidCredentialRequest, ErrIdentifier},
		{"both", `{"credential_configuration_id":"c","credential_identifier":"i"}`, InvalidCredentialRequest, ErrIdentifier},
		{"both, one empty", `{"credential_configuration_id":"c","credential_identifier":""}`, InvalidCredentialRequest, ErrIdentifier},
		{"empty identifier", `{"credential_identifier":""}`, InvalidCredentialRequest, ErrIdentifier},
		{"proofs empty", `{"credential_configuration_id":"c","proofs":{}}`, InvalidProof, ErrProofs},
		{"proofs null", `{"credential_configuration_id":"c","proofs":null}`, InvalidProof, ErrProofs},
		{"proofs array", `{"credential_configuration_id":"c","proofs":["a.b.c"]}`, InvalidProof, ErrProofs},
		{"two types", `{"credential_configuration_id":"c","proofs":{"jwt":["a"],"attestation":["b"]}}`, InvalidProof, ErrProofs},
		{"a type twice", `{"credential_configuration_id":"c","proofs":{"jwt":["a"],"jwt":["b"]}}`, InvalidCredentialRequest, ErrRequest},
		{"unsupported type", `{"credential_configuration_id":"c","proofs":{"di_vp":[{}]}}`, InvalidProof, ErrProofs},
		{"no proof", `{"credential_configuration_id":"c","proofs":{"jwt":[]}}`, InvalidProof, ErrProofs},
		{"proof a string", `{"credential_configuration_id":"c","proofs":{"jwt":"a.b.c"}}`, InvalidProof, ErrProofs},
		{"proof an object", `{"credential_configuration_id":"c","proofs":{"jwt":[{}]}}`, InvalidProof, ErrProofs},
		{"proof empty", `{"credential_configuration_id":"c","proofs":{"jwt":[""]}}`, InvalidProof, ErrProofs},
		{"proof null", `{"credential_configuration_id":"c","proofs":{"jwt":[null]}}`, InvalidProof, ErrProofs},
		{"two attestations (F.3)", `{"credential_configuration_id":"c","proofs":{"attestation":["a","b"]}}`, InvalidProof, ErrProofs},
		{"response encryption in a plain request", `{"credential_configuration_id":"c","credential_response_encryption":{}}`, InvalidEncryptionParameters, ErrResponseEncryption},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r, err := ParseCredentialRequest([]byte(c.raw))
			checkRefusal(t, err, c.code, c.want)
			if (r == nil) != (c.want != nil) {
				t.Fatalf("got %+v", r)
			}
		})
	}
}

func TestSection82CheckProofs(t *testing.T) {
	bound := Configuration{ProofTypesSupported: map[string]ProofType{"jwt": {}}}
	cases := []struct {
		name, raw string
		c         Configuration
		batch     int
		word      string // of the refusal; "" : accepted
	}{
		{"one proof", `"proofs":{"jwt":["a"]}`, bound, 0, ""},
		{"none needed, none there", `"x":1`, Configuration{}, 0, ""},
		{"a draft's proof where none is needed", `"proof":{}`, Configuration{}, 0, ""},
		{"a full batch", `"proofs":{"jwt":["a","b","c"]}`, bound, 3, ""},
		{"none there", `"x":1`, bound, 0, "required"},
		{"a draft's proof", `"proof":{"proof_type":"jwt","jwt":"a"}`, bound, 0, "earlier draft"},
		{"none needed", `"proofs":{"jwt":["a"]}`, Configuration{}, 0, "not bound"},
		{"two without batch", `"proofs":{"jwt":["a","b"]}`, bound, 0, "at most 1"},
		{"too many", `"proofs":{"jwt":["a","b","c"]}`, bound, 2, "at most 2"},
		{"a type that the configuration has not", `"proofs":{"attestation":["a"]}`, bound, 0, "attestation"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r, err := ParseCredentialRequest([]byte(`{"credential_configuration_id":"c",` + c.raw + `}`))
			if err != nil {
				t.Fatal(err)
			}
			err = c.c.CheckProofs(r, c.batch)
			if c.word == "" {
				checkRefusal(t, err, "", nil)
				return
			}
			checkRefusal(t, err, InvalidProof, ErrProofs)
			if !strings.Contains(err.Error(), c.word) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func FuzzParseCredentialRequest(f *testing.F) {
	f.Add([]byte(`{"credential_configuration_id":"c","proofs":{"jwt":["a.b.c"]}}`))
	f.Add([]byte(`{"credential_identifier":"i","proofs":{"attestation":["a"]}}`))
	f.Add([]byte(`{"proof":{}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := ParseCredentialRequest(raw)
		if err != nil {
			return
		}
		out, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseCredentialRequest(out)
		if err != nil {
			t.Fatal(err)
		}
		again.legacyProof = r.legacyProof
		if !reflect.DeepEqual(again, r) {
			t.Fatalf("%s", out)
		}
	})
}

func TestSection7And83Responses(t *testing.T) {
	cases := []struct {
		name, raw string
		status    int
		keys      int
		ok        bool
	}{
		{"one credential", `{"credentials":[{"credential":"a~"}]}`, 200, 1, true},
		{"one without keys", `{"credentials":[{"credential":"a~"}]}`, 200, 0, true},
		{"a batch and a notification", `{"credentials":[{"credential":"a"},{"credential":"b"}],"notification_id":"n","x":1}`, 200, 3, true},
		{"deferred", `{"transaction_id":"t","interval":5}`, 202, 1, true},
		{"more than keys", `{"credentials":[{"credential":"a"},{"credential":"b"}]}`, 200, 1, false},
		{"deferred with 200", `{"transaction_id":"t","interval":5}`, 200, 1, false},
		{"credential with 202", `{"credentials":[{"credential":"a"}]}`, 202, 1, false},
		{"neither", `{}`, 200, 1, false},
		{"both", `{"credentials":[{"credential":"a"}],"transaction_id":"t","interval":5}`, 202, 1, false},
		{"no interval", `{"transaction_id":"t"}`, 202, 1, false},
		{"interval negative", `{"transaction_id":"t","interval":-1}`, 202, 1, false},
		{"interval beside credentials", `{"credentials":[{"credential":"a"}],"interval":5}`, 200, 1, false},
		{"deferred with a notification", `{"transaction_id":"t","interval":5,"notification_id":"n"}`, 202, 1, false},
		{"credential empty", `{"credentials":[{}]}`, 200, 1, false},
		{"credentials empty", `{"credentials":[]}`, 200, 1, false},
		{"a draft's credential", `{"credential":"a"}`, 200, 1, false},
		{"strings instead of objects", `{"credentials":["a"]}`, 200, 1, false},
		{"not JSON", `x`, 200, 1, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseCredentialResponse(c.status, []byte(c.raw), c.keys)
			if (err == nil) != c.ok {
				t.Fatalf("%+v, %v", got, err)
			}
		})
	}
	if n, err := ParseNonceResponse([]byte(`{"c_nonce":"abc","x":1}`)); err != nil || n.CNonce != "abc" {
		t.Errorf("%+v, %v", n, err)
	}
	for _, raw := range []string{`{}`, `{"c_nonce":""}`, `{"c_nonce":1}`, `[]`, ``} {
		if n, err := ParseNonceResponse([]byte(raw)); err == nil {
			t.Errorf("%s was read as %+v", raw, n)
		}
	}
}

func FuzzParseCredentialResponse(f *testing.F) {
	f.Add(200, []byte(`{"credentials":[{"credential":"a~"}]}`))
	f.Add(202, []byte(`{"transaction_id":"t","interval":5}`))
	f.Fuzz(func(t *testing.T, status int, raw []byte) {
		c, err := ParseCredentialResponse(status, raw, 4)
		if err == nil && (len(c.Credentials) > 0) == (c.TransactionID != "") {
			t.Fatalf("got %+v", c)
		}
	})
}
