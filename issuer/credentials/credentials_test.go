package credentials

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"lommebok.example/issuer/source"
	"lommebok.example/minid"
)

func TestEmbeddedTypes(t *testing.T) {
	set, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		id, format, name string
		level            minid.Level
		validity         time.Duration
	}{
		{"pid_sd_jwt_vc", SDJWT, "urn:eudi:pid:1", minid.LevelHigh, 14 * 24 * time.Hour},
		{"pid_mso_mdoc", MDoc, "eu.europa.ec.eudi.pid.1", minid.LevelHigh, 14 * 24 * time.Hour},
		{"no.minid.mpid_sd_jwt_vc", SDJWT, "no:minid:mpid:1", minid.LevelSubstantial, 30 * 24 * time.Hour},
		{"no.sikt.elevbevis_sd_jwt_vc", SDJWT, "no.sikt.elevbevis.1", minid.LevelSubstantial, 365 * 24 * time.Hour},
		{"proof_of_age", MDoc, "eu.europa.ec.av.1", minid.LevelSubstantial, 30 * 24 * time.Hour},
	}
	for _, tt := range tests {
		typ, ok := set.ByID(tt.id)
		if !ok {
			t.Errorf("%s is missing", tt.id)
			continue
		}
		if typ.Format != tt.format || typ.VCT+typ.DocType != tt.name || typ.Level != tt.level || typ.Validity != tt.validity {
			t.Errorf("%s: %s %s%s %s %s", tt.id, typ.Format, typ.VCT, typ.DocType, typ.Level, typ.Validity)
		}
		if by, ok := set.ByScope(typ.Scope); !ok || by != typ {
			t.Errorf("%s: its scope leads to %v", tt.id, by)
		}
	}
	if set.LongestValidity() != 365*24*time.Hour {
		t.Errorf("longest validity %s", set.LongestValidity())
	}
}

// The PID Rulebook 1.7 chapters 3 and 4 name what both forms must hold.
func TestPIDHasItsMandatoryClaims(t *testing.T) {
	set, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	for id, names := range map[string]string{
		"pid_sd_jwt_vc": "family_name given_name birthdate place_of_birth nationalities issuing_authority issuing_country",
		"pid_mso_mdoc":  "family_name given_name birth_date place_of_birth nationality issuing_authority issuing_country",
	} {
		typ, _ := set.ByID(id)
		has := map[string]bool{}
		for _, c := range typ.Claims {
			has[c.Path[len(c.Path)-1]] = c.Mandatory
		}
		for name := range strings.FieldsSeq(names) {
			if !has[name] {
				t.Errorf("%s lacks %s, or it is not mandatory", id, name)
			}
		}
	}
}

func read(t testing.TB, name string) string {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestParseRefuses(t *testing.T) {
	sd, md := read(t, "minid_sd_jwt_vc.yaml"), read(t, "proof_of_age_mso_mdoc.yaml")
	tests := []struct{ name, from, old, new, says string }{
		{"unknown key", sd, "batch: 10", "batch: 10\nlogo: x", "logo"},
		{"unknown key in a claim", sd, "    mandatory: true", "    obligatory: true", "obligatory"},
		{"key twice", sd, "batch: 10", "batch: 10\nbatch: 9", "batch"},
		{"no id", sd, "id: no.minid.mpid_sd_jwt_vc", "id: \"\"", "id"},
		{"id with a slash", sd, "id: no.minid", "id: no/minid", "id"},
		{"unknown format", sd, "format: dc+sd-jwt", "format: vc+sd-jwt", "format"},
		{"SD-JWT VC without vct", sd, "vct: no:minid:mpid:1\n", "", "vct"},
		{"SD-JWT VC with doctype", sd, "vct:", "doctype: x\nvct:", "doctype"},
		{"mdoc without doctype", md, "doctype: eu.europa.ec.av.1\n", "", "doctype"},
		{"mdoc with disclosure", md, "    mandatory: true", "    disclosure: whole", "disclosure"},
		{"mdoc path of one part", md, "path: [eu.europa.ec.av.1, age_over_18]", "path: [age_over_18]", "path"},
		{"status of three bits", sd, "status_bits: 2", "status_bits: 3", "status_bits"},
		{"mdoc that can be suspended", md, "batch:", "status_bits: 2\nbatch:", "status_bits"},
		{"status by an unknown mechanism", md, "batch:", "status: status_tree\nbatch:", "status"},
		{"identifier list of an SD-JWT VC", sd, "batch:", "status: identifier_list\nbatch:", "identifier_list is for mso_mdoc"},
		{"no scope", sd, "scope: eudiw:no:minid:mpid", "scope: \"\"", "scope"},
		{"two scopes", sd, "scope: eudiw:no:minid:mpid", "scope: a b", "scope"},
		{"unknown level", sd, "level: substantial", "level: betydelig", "level"},
		{"level none", sd, "level: substantial", "level: none", "level"},
		{"no max_auth_age", sd, "max_auth_age: 15m", "max_auth_age: 0s", "max_auth_age"},
		{"validity in hours", sd, "validity: 30d", "validity: 720h", "validity"},
		{"validity longer than a signer's", sd, "validity: 30d", "validity: 500d", "validity"},
		{"batch of none", sd, "batch: 10", "batch: 0", "batch"},
		{"batch too large", sd, "batch: 10", "batch: 11", "batch"},
		{"pre-authorized at level high", sd, "level: substantial", "level: high", "grants"},
		{"pre-authorized with attested keys", sd, "batch: 10", "batch: 10\nkey_attestation: {key_storage: [iso_18045_high], user_authentication: [iso_18045_high]}", "grants"},
		{"unknown grant", sd, "pre_authorized_code", "implicit", "grants"},
		{"a grant twice", sd, "pre_authorized_code", "authorization_code", "grants"},
		{"no authorization code", sd, "[authorization_code, pre_authorized_code]", "[pre_authorized_code]", "HAIP"},
		{"tx_code of nothing", sd, "grants: [authorization_code, pre_authorized_code]", "tx_code: false", "tx_code"},
		{"reissued for ever", sd, "reissue_within: 90d", "reissue_within: 401d", "reissue_within"},
		{"reissued by the hour", sd, "reissue_within: 90d", "reissue_within: 5h", "reissue_within"},
		{"unknown level of key storage", sd, "batch: 10", "batch: 10\nkey_attestation: {key_storage: [high], user_authentication: [iso_18045_high]}", "key_attestation"},
		{"key attestation without levels", sd, "batch: 10", "batch: 10\nkey_attestation: {key_storage: [iso_18045_high]}", "key_attestation"},
		{"colour by name", sd, "\"#afcee9\"", "blue", "color"},
		{"name not in nynorsk", sd, "    nn: MinID-bevis\n", "", "name"},
		{"label not in English", sd, ", en: \"Issued\"", "", "label"},
		{"claim that is ours", sd, "path: [issuance_date]", "path: [cnf]", "issuer's own"},
		{"claim inside one that is ours", sd, "path: [issuance_date]", "path: [status, x]", "issuer's own"},
		{"claim twice", sd, "path: [issuance_date]", "path: [expiry_date]", "stands at or inside"},
		{"claim inside another", sd, "path: [issuance_date]", "path: [expiry_date, day]", "stands at or inside"},
		{"unknown disclosure", sd, "    source: birth_date", "    source: birth_date\n    disclosure: maybe", "disclosure"},
		{"no source", sd, "    source: birth_date\n", "", "source"},
		{"source and value", sd, "    source: birth_date", "    source: birth_date\n    value: x", "source"},
		{"unknown fact", sd, "source: birth_date", "source: shoe_size", "no fact"},
		{"value that is a list", sd, "    source: birth_date", "    value: [1]", "value"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			raw := strings.Replace(tt.from, tt.old, tt.new, 1)
			if raw == tt.from {
				t.Fatal("the file was not changed")
			}
			_, err := Parse([]byte(raw))
			if !errors.Is(err, ErrType) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want a refusal that says %q", err, tt.says)
			}
		})
	}
}

func TestLoadRefuses(t *testing.T) {
	sd := read(t, "minid_sd_jwt_vc.yaml")
	other := strings.Replace(sd, "id: no.minid", "id: other", 1)
	tests := []struct {
		name  string
		files fstest.MapFS
		says  string
	}{
		{"empty folder", fstest.MapFS{}, "no *.yaml"},
		{"an id twice", fstest.MapFS{"a.yaml": {Data: []byte(sd)}, "b.yaml": {Data: []byte(sd)}}, "b.yaml"},
		{"a scope twice", fstest.MapFS{"a.yaml": {Data: []byte(sd)}, "b.yaml": {Data: []byte(other)}}, "scope"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Load(tt.files); !errors.Is(err, ErrType) || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %q", err, tt.says)
			}
		})
	}
}

// A fault is told with its file, its line and the rule.
func TestFaultsHaveALine(t *testing.T) {
	md := read(t, "proof_of_age_mso_mdoc.yaml")
	for _, tt := range []struct{ old, new, at, says string }{
		{"validity: 30d", "validity: 500d", "validity:", "not between 1 and 400 days"},
		{"level: substantial", "level: high up", "level:", "none of low, substantial, high"},
		{"source: age_over_18", "source: shoe_size", "path: [eu.europa.ec.av.1, age_over_18]", "no fact"},
		{"[eu.europa.ec.av.1, age_over_18]", "[eu.europa.ec.av.1, age_over_15]", "source: age_over_18", "stands at or inside"},
		{"batch: 10", "batch: 10\nlogo: x", "logo: x", "logo"},
	} {
		raw := strings.Replace(md, tt.old, tt.new, 1)
		_, err := Load(fstest.MapFS{"mitt.yaml": {Data: []byte(raw)}})
		if err == nil || !strings.Contains(err.Error(), "mitt.yaml") || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: got %v", tt.new, err)
			continue
		}
		line := 0
		for n, text := range strings.Split(raw, "\n") {
			if strings.Contains(text, tt.at) {
				line = n + 1
			}
		}
		// The claim with two lines begins one line earlier.
		if tt.at == "source: age_over_18" {
			line--
		}
		if !strings.Contains(err.Error(), fmt.Sprintf("line %d:", line)) && !strings.Contains(err.Error(), fmt.Sprintf("[%d:", line)) {
			t.Errorf("%s: got %v, want line %d", tt.new, err, line)
		}
	}
}

func TestFoldersTogether(t *testing.T) {
	own := strings.NewReplacer("id: proof_of_age", "id: mine", "scope: eudiw:no:aldersbevis", "scope: mine").Replace(read(t, "proof_of_age_mso_mdoc.yaml"))
	set, err := Load(embedded, fstest.MapFS{"mine.yaml": {Data: []byte(own)}})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := set.ByID("mine"); !ok || len(set.All()) < 6 {
		t.Errorf("%d types", len(set.All()))
	}
	if _, err := Load(embedded, fstest.MapFS{"again.yaml": {Data: []byte(read(t, "proof_of_age_mso_mdoc.yaml"))}}); err == nil || !strings.Contains(err.Error(), "again.yaml") {
		t.Errorf("a built-in type again: %v", err)
	}
	vct := strings.NewReplacer("id: no.minid.mpid_sd_jwt_vc", "id: mine", "scope: eudiw:no:minid:mpid", "scope: mine").Replace(read(t, "minid_sd_jwt_vc.yaml"))
	if _, err := Load(embedded, fstest.MapFS{"vct.yaml": {Data: []byte(vct)}}); err == nil || !strings.Contains(err.Error(), "vct") {
		t.Errorf("a built-in vct again: %v", err)
	}
}

func TestCheckValue(t *testing.T) {
	long := strings.Repeat("å", 150)
	for _, good := range []any{true, int64(1), "x", long, source.Date{Year: 2024, Month: 2, Day: 29}, source.Image{1}, []any{"x", map[string]any{"a": true}}} {
		if err := CheckValue(good); err != nil {
			t.Errorf("%v: %v", good, err)
		}
	}
	for _, bad := range []any{
		nil, "", long + "x", source.Date{Year: 2023, Month: 2, Day: 29}, source.Date{}, source.Image{}, make(source.Image, maxImage+1), 1.5, int8(1),
		[]any{}, map[string]any{}, []any{""}, map[string]any{"a": []any{nil}},
	} {
		if err := CheckValue(bad); err == nil {
			t.Errorf("%v is issued", bad)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"minid_sd_jwt_vc.yaml", "proof_of_age_mso_mdoc.yaml", "pid_sd_jwt_vc.yaml"} {
		f.Add([]byte(read(f, name)))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		typ, err := Parse(raw)
		if err != nil {
			return
		}
		if err := typ.check(); err != nil || typ.Level == minid.LevelNone || len(typ.Claims) == 0 {
			t.Errorf("accepted %+v: %v", typ, err)
		}
	})
}

// An mdoc may choose its mechanism; without a choice it stands on a status list.
func TestStatusMechanism(t *testing.T) {
	md := read(t, "proof_of_age_mso_mdoc.yaml")
	for status, want := range map[string]bool{"": false, "status: status_list\n": false, "status: identifier_list\n": true} {
		typ, err := Parse([]byte(strings.Replace(md, "batch:", status+"batch:", 1)))
		if err != nil || typ.Identifiers != want {
			t.Errorf("%q: %v", status, err)
		}
	}
}
