package signing

import (
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"lommebok.example/issuer/credentials"
	"lommebok.example/specs/cose"
	"lommebok.example/specs/sdjwt"
)

// forgedJWT is a payload with its disclosures that a test changes.
type forgedJWT struct {
	open        object
	disclosures []string
	w           *copied // what was meant
}

// hide adds a disclosure of a claim, with its digest.
func (f *forgedJWT) hide(salt, name string, value any) {
	raw, err := json.Marshal([]any{salt, name, value})
	if err != nil {
		panic(err)
	}
	encoded := base64.RawURLEncoding.EncodeToString(raw)
	f.disclosures = append(f.disclosures, encoded)
	f.open["_sd"] = append(f.open["_sd"].([]any), digestOf(encoded))
}

func digestOf(encoded string) string {
	sum := sha256.Sum256([]byte(encoded))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// find gives the number of the disclosure of a claim, and its parts.
func (f *forgedJWT) find(name string) (int, []any) {
	for n, encoded := range f.disclosures {
		raw, err := base64.RawURLEncoding.DecodeString(encoded)
		if err != nil {
			panic(err)
		}
		var parts []any
		if err := json.Unmarshal(raw, &parts); err != nil {
			panic(err)
		}
		if len(parts) == 3 && parts[1] == name {
			return n, parts
		}
	}
	panic("no disclosure of " + name)
}

// drop takes a disclosure and its digest out.
func (f *forgedJWT) drop(name string) []any {
	n, parts := f.find(name)
	digest := digestOf(f.disclosures[n])
	f.open["_sd"] = slices.DeleteFunc(f.open["_sd"].([]any), func(d any) bool { return d == digest })
	f.disclosures = slices.Delete(f.disclosures, n, n+1)
	return parts
}

const goodSalt = "_26bc4LT-ac6q2KI6cBW5es"

var brokenJWTs = map[string]func(f *forgedJWT){
	"no cnf":                   func(f *forgedJWT) { delete(f.open, "cnf") },
	"cnf of another":           func(f *forgedJWT) { f.w.holder = f.w.Holders[1] },
	"cnf with a kid":           func(f *forgedJWT) { f.open["cnf"].(object)["kid"] = "x" },
	"a private key in cnf":     func(f *forgedJWT) { f.open["cnf"].(object)["jwk"].(object)["d"] = "AQ" },
	"no iss":                   func(f *forgedJWT) { delete(f.open, "iss") },
	"iss of another":           func(f *forgedJWT) { f.open["iss"] = "https://other.example" },
	"no vct":                   func(f *forgedJWT) { delete(f.open, "vct") },
	"vct of another":           func(f *forgedJWT) { f.open["vct"] = "urn:other" },
	"no exp":                   func(f *forgedJWT) { delete(f.open, "exp") },
	"exp a second later":       func(f *forgedJWT) { f.open["exp"] = json.Number("1796688001") },
	"exp as text":              func(f *forgedJWT) { f.open["exp"] = fmt.Sprint(f.open["exp"]) },
	"nbf in an hour":           func(f *forgedJWT) { f.open["nbf"] = json.Number("1795824000") },
	"iat with the time of day": func(f *forgedJWT) { f.open["iat"] = json.Number("1795435509") },
	"no status":                func(f *forgedJWT) { delete(f.open, "status") },
	"status of another":        func(f *forgedJWT) { f.w.index.Index = 2 },
	"status on another list":   func(f *forgedJWT) { f.w.list += "x" },
	"status of two kinds":      func(f *forgedJWT) { f.open["status"].(object)["other"] = object{} },
	"SD on exp":                func(f *forgedJWT) { exp := f.open["exp"]; delete(f.open, "exp"); f.hide(goodSalt, "exp", exp) },
	"SD on cnf":                func(f *forgedJWT) { cnf := f.open["cnf"]; delete(f.open, "cnf"); f.hide(goodSalt, "cnf", cnf) },
	"SD on a part of cnf":      func(f *forgedJWT) { f.open["cnf"].(object)["_sd"] = []any{digestOf("x")} },
	"SD on a part of status":   func(f *forgedJWT) { f.open["status"].(object)["_sd"] = []any{digestOf("x")} },
	"short salt":               func(f *forgedJWT) { parts := f.drop("given_name"); f.hide("short", "given_name", parts[2]) },
	"the salt of another": func(f *forgedJWT) {
		_, other := f.find("family_name")
		parts := f.drop("given_name")
		f.hide(other[0].(string), "given_name", parts[2])
	},
	"another value":            func(f *forgedJWT) { f.drop("given_name"); f.hide(goodSalt, "given_name", "Somebody") },
	"null for a value":         func(f *forgedJWT) { f.drop("given_name"); f.hide(goodSalt, "given_name", nil) },
	"a claim is missing":       func(f *forgedJWT) { f.drop("given_name") },
	"a claim more":             func(f *forgedJWT) { f.hide(goodSalt, "nickname", "x") },
	"a claim for another":      func(f *forgedJWT) { parts := f.drop("given_name"); f.hide(goodSalt, "nickname", parts[2]) },
	"a claim in the open":      func(f *forgedJWT) { parts := f.drop("given_name"); f.open["given_name"] = parts[2] },
	"a claim more in the open": func(f *forgedJWT) { f.open["sub"] = "12865398148" },
	"a claim in the open and a disclosure more": func(f *forgedJWT) {
		parts := f.drop("given_name")
		f.open["given_name"] = parts[2]
		f.hide(goodSalt, "nickname", "x")
	},
	"a place shown whole": func(f *forgedJWT) {
		f.drop("place_of_birth")
		f.hide(goodSalt, "place_of_birth", object{"country": "NO", "region": "Vestland", "locality": "Bergen"})
	},
	"a digest without disclosure": func(f *forgedJWT) { f.drop("given_name"); f.open["_sd"] = append(f.open["_sd"].([]any), digestOf("x")) },
	"a disclosure without digest": func(f *forgedJWT) { d := f.open["_sd"].([]any); f.open["_sd"] = d[1:] },
	"a digest twice":              func(f *forgedJWT) { d := f.open["_sd"].([]any); f.open["_sd"] = append(d, d[0]) },
	"a disclosure twice":          func(f *forgedJWT) { f.disclosures = append(f.disclosures, f.disclosures[0]) },
	"another hash":                func(f *forgedJWT) { f.open["_sd_alg"] = "sha-512" },
	"a hash that is none":         func(f *forgedJWT) { f.open["_sd_alg"] = "md5" },
}

func forgeJWT(t *testing.T, change func(f *forgedJWT)) error {
	t.Helper()
	s, _ := signers(t)
	f := &forgedJWT{w: first(s, goodBatch(t, "pid_sd_jwt_vc"))}
	u, err := s.prepareSDJWT(f.w)
	check(t, err)
	good := u.(sdjwtCopy)
	f.open, err = sdjwt.DecodeObject(good.Payload())
	check(t, err)
	f.disclosures = good.Disclosures()
	change(f)
	payload, err := json.Marshal(f.open)
	check(t, err)
	return lintSDJWT(payload, f.disclosures, f.w)
}

func TestLintReadsThePayload(t *testing.T) {
	if err := forgeJWT(t, func(*forgedJWT) {}); err != nil {
		t.Fatalf("the good one: %v", err)
	}
	for name, change := range brokenJWTs {
		t.Run(name, func(t *testing.T) {
			if err := forgeJWT(t, change); err == nil {
				t.Error("accepted")
			}
		})
	}
	for name, payload := range map[string]string{"no JSON": "{", "a member twice": `{"iss":"a","iss":"b"}`, "no object": "[]"} {
		s, _ := signers(t)
		if err := lintSDJWT([]byte(payload), nil, first(s, goodBatch(t, "pid_sd_jwt_vc"))); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// forgedMDoc is an mdoc that a test writes.
type forgedMDoc struct {
	docType, version, algorithm string
	signed, from, until         time.Time
	items                       []forgedItem
	extra                       []uint64 // digestIDs without an item
	w                           *copied  // what was meant
}

type forgedItem struct {
	id     uint64
	random int
	name   string
	value  any
	digest func(sum []byte) []byte
}

func forgeMDoc(t *testing.T, change func(f *forgedMDoc)) error {
	t.Helper()
	s, _ := signers(t)
	w := first(s, goodBatch(t, "pid_mso_mdoc"))
	f := &forgedMDoc{
		docType: w.Type.DocType, version: "1.0", algorithm: "SHA-256", signed: w.Life.From, from: w.Life.From, until: w.Life.Until, w: w,
	}
	for n, e := range w.elements {
		f.items = append(f.items, forgedItem{id: uint64(n), random: 32, name: e.Identifier, value: e.Value})
	}
	meant := *w // what is written; the change may mean something else
	change(f)
	nameSpaces, payload := f.encode(t, &meant)
	return lintMDoc(nameSpaces, payload, f.w)
}

func (f *forgedMDoc) encode(t *testing.T, written *copied) (nameSpaces, payload []byte) {
	t.Helper()
	const space = "eu.europa.ec.eudi.pid.1"
	nameSpaces = cose.AppendArray(cose.AppendText(cose.AppendMap(nil, 1), space), len(f.items))
	digests := cose.AppendMap(cose.AppendText(cose.AppendMap(nil, 1), space), len(f.items)+len(f.extra))
	for n, it := range f.items {
		b := cose.AppendUint(cose.AppendText(cose.AppendMap(nil, 4), "digestID"), it.id)
		b = cose.AppendBytes(cose.AppendText(b, "random"), make([]byte, it.random))
		b = cose.AppendText(cose.AppendText(b, "elementIdentifier"), it.name)
		b, err := cose.AppendValue(cose.AppendText(b, "elementValue"), it.value, 8)
		check(t, err)
		start := len(nameSpaces)
		nameSpaces = cose.AppendEncoded(nameSpaces, b)
		sum := sha256.Sum256(nameSpaces[start:])
		digest := sum[:]
		if it.digest != nil {
			digest = it.digest(digest)
		}
		digests = cose.AppendBytes(cose.AppendUint(digests, uint64(n)), digest)
	}
	for _, id := range f.extra {
		digests = cose.AppendBytes(cose.AppendUint(digests, id), make([]byte, 32))
	}
	m := cose.AppendText(cose.AppendText(cose.AppendMap(nil, 7), "version"), f.version)
	m = cose.AppendText(cose.AppendText(m, "digestAlgorithm"), f.algorithm)
	m = append(cose.AppendText(m, "valueDigests"), digests...)
	m, err := cose.AppendKey(cose.AppendText(cose.AppendMap(cose.AppendText(m, "deviceKeyInfo"), 1), "deviceKey"), written.holder)
	check(t, err)
	m = cose.AppendMap(cose.AppendText(cose.AppendText(cose.AppendText(m, "docType"), f.docType), "validityInfo"), 3)
	for _, at := range []struct {
		name string
		at   time.Time
	}{{"signed", f.signed}, {"validFrom", f.from}, {"validUntil", f.until}} {
		m, err = cose.AppendTDate(cose.AppendText(m, at.name), at.at)
		check(t, err)
	}
	m = cose.AppendMap(cose.AppendText(cose.AppendMap(cose.AppendText(m, "status"), 1), "status_list"), 2)
	m = cose.AppendText(cose.AppendText(cose.AppendUint(cose.AppendText(m, "idx"), written.index.Index), "uri"), written.list)
	return nameSpaces, cose.AppendEncoded(nil, m)
}

var brokenMDocs = map[string]func(f *forgedMDoc){
	"docType mismatch":         func(f *forgedMDoc) { f.docType = "org.iso.18013.5.1.mDL" },
	"digestID twice":           func(f *forgedMDoc) { f.items[1].id = f.items[0].id },
	"digestID of another item": func(f *forgedMDoc) { f.items[0].id, f.items[1].id = 1, 0 },
	"a digest of something":    func(f *forgedMDoc) { f.items[0].digest = func(sum []byte) []byte { sum[0]++; return sum } },
	"a digest without item":    func(f *forgedMDoc) { f.extra = []uint64{40} },
	"short random":             func(f *forgedMDoc) { f.items[0].random = 15 },
	"another value":            func(f *forgedMDoc) { f.items[0].value = "Somebody" },
	"a date as text":           func(f *forgedMDoc) { untag(f) },
	"an element twice":         func(f *forgedMDoc) { f.items[1].name = f.items[0].name },
	"an element for another":   func(f *forgedMDoc) { f.items[0].name = "nickname" },
	"an element is missing":    func(f *forgedMDoc) { f.items = f.items[:len(f.items)-1] },
	"an element more": func(f *forgedMDoc) {
		f.items = append(f.items, forgedItem{id: uint64(len(f.items)), random: 32, name: "x", value: "y"})
	},
	"deviceKey of another":      func(f *forgedMDoc) { f.w.holder = f.w.Holders[1] },
	"status of another":         func(f *forgedMDoc) { f.w.index.Index = 2 },
	"status on another list":    func(f *forgedMDoc) { f.w.list += "x" },
	"signed with time of day":   func(f *forgedMDoc) { f.signed = f.signed.Add(-time.Hour) },
	"validFrom an hour later":   func(f *forgedMDoc) { f.from = f.from.Add(time.Hour) },
	"validUntil a second later": func(f *forgedMDoc) { f.until = f.until.Add(time.Second) },
	"another hash":              func(f *forgedMDoc) { f.algorithm = "SHA-512" },
	"a hash that is none":       func(f *forgedMDoc) { f.algorithm = "MD5" },
	"another version":           func(f *forgedMDoc) { f.version = "2.0" },
}

func untag(f *forgedMDoc) {
	for n, it := range f.items {
		if date, ok := it.value.(cose.FullDate); ok {
			f.items[n].value = string(date)
			return
		}
	}
	panic("no date")
}

func TestLintReadsTheMSO(t *testing.T) {
	if err := forgeMDoc(t, func(*forgedMDoc) {}); err != nil {
		t.Fatalf("the good one: %v", err)
	}
	for name, change := range brokenMDocs {
		t.Run(name, func(t *testing.T) {
			if err := forgeMDoc(t, change); err == nil {
				t.Error("accepted")
			}
		})
	}
}

// A batch that is looked at must be the one that was prepared.
func TestLintComparesWithTheBatch(t *testing.T) {
	s, _ := signers(t)
	for _, id := range formats {
		w := first(s, goodBatch(t, id))
		one, err := s.prepare(w)
		check(t, err)
		other := *w
		other.holder = holder(t, elliptic.P256())
		if one.lint(w) != nil || one.lint(&other) == nil {
			t.Errorf("%s: the holder key is not compared", id)
		}
	}
}

// As many disclosures as were meant, and together they say what was meant, but other claims stand in the open.
func TestLintTellsOpenFromHeldBack(t *testing.T) {
	s, _ := signers(t)
	b := goodBatch(t, "pid_sd_jwt_vc")
	swapped := func(in []Value) []Value {
		out := slices.Clone(in)
		for n, v := range out {
			switch v.Claim.Path[0] {
			case "given_name":
				out[n].Claim.Disclosure = credentials.Never
			case "family_name":
				out[n].Claim.Disclosure = credentials.Whole
			}
		}
		return out
	}
	for n, v := range b.Values {
		if v.Claim.Path[0] == "family_name" {
			b.Values[n].Claim.Disclosure = credentials.Never
		}
	}
	w := first(s, b)
	other, swap := *w, *b
	swap.Values = swapped(b.Values)
	other.Batch, other.meant = &swap, swap.meant()
	made, err := s.prepareSDJWT(&other)
	check(t, err)
	if made.lint(&other) != nil {
		t.Error("refused as it was meant")
	}
	if made.lint(w) == nil {
		t.Error("a claim that was meant to be held back stands in the open")
	}
}
