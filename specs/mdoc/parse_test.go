package mdoc

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"lommebok.example/specs/cose"
)

// spoiledItem is an item whose bytes are what text says where the value stands.
func spoiledItem(t testing.TB, value []byte) cose.Encoded {
	t.Helper()
	whole := encode(t, forgedItem(3, "family_name", "?"))
	return cose.Encoded(bytes.Replace(whole, []byte("\x61?"), value, 1))
}

func without(members map[string]any, name string) map[string]any {
	delete(members, name)
	return members
}

func TestParseIssuerSignedRefusesItems(t *testing.T) {
	w := newWorld(t)
	plain := func() map[string]any { return forgedItem(3, "family_name", "Ås") }
	with := func(name string, value any) map[string]any {
		m := plain()
		m[name] = value
		return m
	}
	for _, c := range []struct {
		rule  string
		items []any
		want  error
	}{
		{"no digestID", []any{without(plain(), "digestID")}, ErrMalformed},
		{"no random", []any{without(plain(), "random")}, ErrMalformed},
		{"no elementIdentifier", []any{without(plain(), "elementIdentifier")}, ErrMalformed},
		{"no elementValue", []any{without(plain(), "elementValue")}, ErrMalformed},
		{"a fifth member", []any{with("remark", "x")}, ErrMalformed},
		{"elementIdentifier empty", []any{with("elementIdentifier", "")}, ErrMalformed},
		{"digestID of 33 bits", []any{with("digestID", uint64(1)<<32)}, ErrMalformed},
		{"digestID negative", []any{with("digestID", -1)}, cose.ErrType},
		{"random of 15 bytes", []any{with("random", make([]byte, 15))}, ErrMalformed},
		{"element twice", []any{plain(), forgedItem(4, "family_name", "Øs")}, ErrMalformed},
		{"digestID twice", []any{plain(), forgedItem(3, "given_name", "Ola")}, ErrMalformed},
		{"no items in a namespace", []any{}, ErrMalformed},
		{"item is an array", []any{cose.Encoded{0x80}}, cose.ErrType},
		{"item empty", []any{cose.Encoded{}}, cose.ErrMalformed},
		{"item under tag 24 twice", []any{cose.Encoded(cose.Encoded(encode(t, plain())).Bytes())}, cose.ErrType},
		{"item with bytes after it", []any{cose.Encoded(append(encode(t, plain()), 0))}, cose.ErrTrailing},
		{"value of indefinite length", []any{spoiledItem(t, []byte("\x7f\x61a\xff"))}, cose.ErrIndefinite},
		{"value with a duplicate key", []any{spoiledItem(t, []byte("\xa2\x01\x00\x01\x00"))}, cose.ErrDuplicateKey},
		{"value not UTF-8", []any{spoiledItem(t, []byte("\x61\xff"))}, cose.ErrUTF8},
		{"value not shortest", []any{spoiledItem(t, []byte("\x18\x01"))}, cose.ErrNotShortest},
		{"value of huge declared length", []any{spoiledItem(t, []byte("\x5b\x7f\xff\xff\xff\xff\xff\xff\xff"))}, cose.ErrMalformed},
		{"value too deep", []any{spoiledItem(t, []byte(strings.Repeat("\x81", 16)+"\x00"))}, cose.ErrDepth},
		{"value a date that is none", []any{spoiledItem(t, []byte("\xd9\x03\xec\x6a2026-02-30"))}, cose.ErrDate},
		{"value a map with keys of bytes", []any{spoiledItem(t, []byte("\xa1\x41\x01\x00"))}, cose.ErrType},
	} {
		t.Run(c.rule, func(t *testing.T) {
			b := w.forge(t, func(f *forgery) { f.items[testNS] = c.items })
			if _, err := ParseIssuerSigned(b); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	t.Run("an opaque tag 24 inside a value is not walked into", func(t *testing.T) {
		inner := cose.Encoded{0x01}
		for range 40 {
			inner = inner.Bytes()
		}
		parse(t, w.forge(t, func(f *forgery) { f.items[testNS] = []any{forgedItem(1, "matryoshka", inner)} }))
	})
}

func TestParseIssuerSignedRefusesSecurityObjects(t *testing.T) {
	w := newWorld(t)
	set := func(name string, value any) func(map[string]any) {
		return func(mso map[string]any) { mso[name] = value }
	}
	drop := func(name string) func(map[string]any) {
		return func(mso map[string]any) { delete(mso, name) }
	}
	status := func(list any) func(map[string]any) {
		return set("status", map[string]any{"status_list": list})
	}
	named := func(list any) func(map[string]any) {
		return set("status", map[string]any{"identifier_list": list})
	}
	broken := validity(testSigned, testSigned, testUntil)
	broken["validUntil"] = cose.Tag{Number: 0, Content: "2026-03-15T00:00:00.5Z"}
	for _, c := range []struct {
		rule string
		edit func(map[string]any)
		want error
	}{
		{"no version", drop("version"), ErrVersion},
		{"version 2.0", set("version", "2.0"), ErrVersion},
		{"no digestAlgorithm", drop("digestAlgorithm"), ErrAlgorithm},
		{"digestAlgorithm SHA-1", set("digestAlgorithm", "SHA-1"), ErrAlgorithm},
		{"digestAlgorithm in small letters", set("digestAlgorithm", "sha-256"), ErrAlgorithm},
		{"no valueDigests", drop("valueDigests"), ErrMalformed},
		{"digest as text", set("valueDigests", map[string]any{testNS: map[uint64]string{1: "x"}}), cose.ErrType},
		{"digestID as text", set("valueDigests", map[string]any{testNS: map[string][]byte{"1": {1}}}), cose.ErrType},
		{"no docType", drop("docType"), ErrMalformed},
		{"no deviceKeyInfo", drop("deviceKeyInfo"), ErrMalformed},
		{"no deviceKey", set("deviceKeyInfo", map[string]any{}), ErrMalformed},
		{"no validityInfo", drop("validityInfo"), ErrMalformed},
		{"no validUntil", set("validityInfo", without(validity(testSigned, testSigned, testUntil), "validUntil")), ErrMalformed},
		{"time with a fraction", set("validityInfo", broken), cose.ErrDate},
		{"status_list without idx", status(map[string]any{"uri": "https://x"}), ErrMalformed},
		{"status_list without uri", status(map[string]any{"idx": 1}), ErrMalformed},
		{"status_list with negative idx", status(map[string]any{"idx": -1, "uri": "https://x"}), cose.ErrType},
		{"status_list as text", status("https://x"), cose.ErrType},
		{"identifier_list without id", named(map[string]any{"uri": "https://x"}), ErrMalformed},
		{"identifier_list with an empty id", named(map[string]any{"id": []byte{}, "uri": "https://x"}), ErrMalformed},
		{"identifier_list without uri", named(map[string]any{"id": []byte{1}}), ErrMalformed},
		{"identifier_list with an id of text", named(map[string]any{"id": "1", "uri": "https://x"}), cose.ErrType},
		{"identifier_list as text", named("https://x"), cose.ErrType},
	} {
		t.Run(c.rule, func(t *testing.T) {
			b := w.forge(t, func(f *forgery) { f.editMSO = c.edit })
			if _, err := ParseIssuerSigned(b); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	t.Run("what a later edition adds is ignored", func(t *testing.T) {
		i := parse(t, w.forge(t, func(f *forgery) {
			f.editMSO = func(mso map[string]any) {
				mso["status"] = map[string]any{"status_tree": map[string]any{"id": []byte{1}, "uri": "https://x"}}
				mso["validityInfo"].(map[string]any)["expectedUpdate"] = cose.TDate(testUntil)
				mso["deviceKeyInfo"].(map[string]any)["keyInfo"] = map[int64]any{1: 2}
				mso["later"] = 1
			}
		}))
		if i.Status() != nil || i.Identifier() != nil || !i.MSO().StatusUnread {
			t.Errorf("status %+v, %+v", i.Status(), i.Identifier())
		}
	})
	t.Run("each mechanism that is known is read", func(t *testing.T) {
		i := parse(t, w.forge(t, func(f *forgery) {
			f.editMSO = set("status", map[string]any{
				"identifier_list": map[string]any{"id": []byte{1, 2}, "uri": "https://x", "certificate": []byte{1}},
				"status_list":     map[string]any{"idx": 7, "uri": "https://y"}, "status_tree": 1,
			})
		}))
		id, s := i.Identifier(), i.Status()
		if id == nil || !bytes.Equal(id.ID, []byte{1, 2}) || id.URI != "https://x" || s == nil || s.Index != 7 || i.MSO().StatusUnread {
			t.Errorf("%+v, %+v", id, s)
		}
	})
	t.Run("status list with a certificate", func(t *testing.T) {
		i := parse(t, w.forge(t, func(f *forgery) {
			f.editMSO = status(map[string]any{"idx": 0, "uri": "https://x", "certificate": []byte{1}})
		}))
		if s := i.Status(); s == nil || s.Index != 0 || s.URI != "https://x" {
			t.Errorf("status %+v", s)
		}
	})
}

func TestParseIssuerSignedRefusesFrames(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		rule string
		edit func(*forgery)
		want error
	}{
		{"no issuerAuth", func(f *forgery) { f.outer = func(i map[string]any) { delete(i, "issuerAuth") } }, ErrMalformed},
		{"issuerAuth under tag 18", func(f *forgery) {
			f.auth = func(a *cose.Sign1) any { return cose.Tag{Number: 18, Content: a} }
		}, cose.ErrType},
		{"issuerAuth detached", func(f *forgery) { f.auth = func(a *cose.Sign1) any { a.Payload = nil; return a } }, ErrMalformed},
		{"issuerAuth with crit", func(f *forgery) {
			f.auth = func(a *cose.Sign1) any {
				return []any{[]byte("\xa2\x01\x26\x02\x81\x01"), map[int64]any{}, a.Payload, a.Signature}
			}
		}, cose.ErrCrit},
		{"x5chain in both headers", func(f *forgery) {
			f.auth = func(a *cose.Sign1) any {
				chain := map[int64]any{33: w.chain[0].Raw}
				return []any{encode(t, chain), chain, a.Payload, a.Signature}
			}
		}, cose.ErrHeader},
		{"nameSpaces empty", func(f *forgery) { f.outer = func(i map[string]any) { i["nameSpaces"] = map[string]any{} } }, ErrMalformed},
		{"nameSpaces an array", func(f *forgery) { f.outer = func(i map[string]any) { i["nameSpaces"] = []any{} } }, cose.ErrType},
		{"namespace a map", func(f *forgery) {
			f.outer = func(i map[string]any) { i["nameSpaces"] = map[string]any{testNS: map[string]any{}} }
		}, cose.ErrType},
		{"item without tag 24", func(f *forgery) {
			f.outer = func(i map[string]any) { i["nameSpaces"] = map[string]any{testNS: []any{[]byte{0xa0}}} }
		}, cose.ErrType},
		{"payload without tag 24", func(f *forgery) { f.payload = func(mso []byte) []byte { return mso } }, cose.ErrType},
		{"payload under tag 24 twice", func(f *forgery) {
			f.payload = func(mso []byte) []byte { return cose.Encoded(cose.Encoded(mso).Bytes()).Bytes() }
		}, cose.ErrType},
		{"payload with bytes after it", func(f *forgery) {
			f.payload = func(mso []byte) []byte { return append(cose.Encoded(mso).Bytes(), 0) }
		}, cose.ErrTrailing},
		{"security object with bytes after it", func(f *forgery) {
			f.payload = func(mso []byte) []byte { return cose.Encoded(append(mso, 0)).Bytes() }
		}, cose.ErrTrailing},
	} {
		t.Run(c.rule, func(t *testing.T) {
			if _, err := ParseIssuerSigned(w.forge(t, c.edit)); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	for rule, b := range map[string][]byte{"nothing": nil, "half": w.issue(t)[:300], "one byte more": append(w.issue(t), 0), "too large": make([]byte, cose.MaxBytes+1)} {
		if _, err := ParseIssuerSigned(b); err == nil {
			t.Errorf("%s: accepted", rule)
		}
		if _, err := ParseDeviceResponse(b); err == nil {
			t.Errorf("%s as response: accepted", rule)
		}
	}
}

func TestParseDeviceResponseRefuses(t *testing.T) {
	w := newWorld(t)
	issued := w.issue(t)
	type maps = map[string]any
	signature := w.deviceSignature(t, testDocType, cose.Encoded{0xa0}, true)
	mac := []any{[]byte{0xa1, 1, 5}, maps{}, nil, make([]byte, 32)}
	auth := func(a any) func(_, _, s maps) { return func(_, _, s maps) { s["deviceAuth"] = a } }
	for _, c := range []struct {
		rule string
		edit func(response, document, deviceSigned maps)
		want error
	}{
		{"no version", func(r, _, _ maps) { delete(r, "version") }, ErrVersion},
		{"version 2.0", func(r, _, _ maps) { r["version"] = "2.0" }, ErrVersion},
		{"no status", func(r, _, _ maps) { delete(r, "status") }, ErrMalformed},
		{"status negative", func(r, _, _ maps) { r["status"] = -1 }, cose.ErrType},
		{"documents empty", func(r, _, _ maps) { r["documents"] = []any{} }, ErrMalformed},
		{"documents a map", func(r, _, _ maps) { r["documents"] = maps{} }, cose.ErrType},
		{"no docType", func(_, d, _ maps) { delete(d, "docType") }, ErrMalformed},
		{"no issuerSigned", func(_, d, _ maps) { delete(d, "issuerSigned") }, ErrMalformed},
		{"no deviceSigned", func(_, d, _ maps) { delete(d, "deviceSigned") }, ErrMalformed},
		{"issuerSigned of nothing", func(_, d, _ maps) { d["issuerSigned"] = maps{} }, ErrMalformed},
		{"no device namespaces", func(_, _, s maps) { delete(s, "nameSpaces") }, ErrMalformed},
		{"device namespaces without tag 24", func(_, _, s maps) { s["nameSpaces"] = maps{} }, cose.ErrType},
		{"device namespaces not a map", func(_, _, s maps) { s["nameSpaces"] = cose.Encoded{0x80} }, cose.ErrType},
		{"device namespaces empty bytes", func(_, _, s maps) { s["nameSpaces"] = cose.Encoded{} }, cose.ErrMalformed},
		{"no deviceAuth", func(_, _, s maps) { delete(s, "deviceAuth") }, ErrMalformed},
		{"deviceAuth empty", auth(maps{}), ErrMalformed},
		{"deviceAuth of both kinds", auth(maps{"deviceSignature": signature, "deviceMac": mac}), ErrMalformed},
		{"deviceAuth of another kind", auth(maps{"deviceOath": signature}), ErrMalformed},
		{"deviceSignature tagged", auth(maps{"deviceSignature": cose.Tag{Number: 18, Content: signature}}), cose.ErrType},
		{"deviceMac of three parts", auth(maps{"deviceMac": mac[:3]}), cose.ErrType},
	} {
		t.Run(c.rule, func(t *testing.T) {
			if _, err := ParseDeviceResponse(w.response(t, issued, c.edit)); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	t.Run("no documents and a status", func(t *testing.T) {
		r, err := ParseDeviceResponse(encode(t, maps{"version": "1.0", "status": 10, "documentErrors": []any{maps{"x": 0}}}))
		if err != nil || r.Status != 10 || len(r.Documents) != 0 {
			t.Errorf("got %+v, %v", r, err)
		}
	})
	t.Run("two documents", func(t *testing.T) {
		b := w.response(t, issued, func(r, d, _ maps) { r["documents"] = []any{d, d} })
		if r, err := ParseDeviceResponse(b); err != nil || len(r.Documents) != 2 {
			t.Errorf("got %+v, %v", r, err)
		}
	})
}

// What was parsed does not change when the caller uses its buffer again.
func TestParsedKeepsItsOwnCopy(t *testing.T) {
	w := newWorld(t)
	response := w.present(t, map[string][]string{testNS: {"family_name"}})
	doc := parseOne(t, response)
	issued := w.issue(t)
	i := parse(t, issued)
	clear(response)
	clear(issued)
	if err := errors.Join(doc.IssuerSigned.VerifyDigests(), doc.IssuerSigned.VerifySignature(), doc.VerifyDevice(w.transcript), i.VerifyDigests(), i.VerifySignature()); err != nil {
		t.Error(err)
	}
}
