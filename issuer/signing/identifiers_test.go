package signing

import (
	"bytes"
	"encoding/base64"
	"errors"
	"testing"

	"lommebok.example/issuer/status"
	"lommebok.example/specs/cose"
	"lommebok.example/specs/mdoc"
)

// namedBatch is two copies of a type whose status stands on an identifier list.
func namedBatch(t *testing.T) *Batch {
	t.Helper()
	b := goodBatch(t, "proof_of_age")
	typ := *b.Type
	typ.Identifiers = true
	b.Type = &typ
	b.Indices[0].Identifier, b.Indices[1].Identifier = status.Identifier{1}, status.Identifier{2}
	return b
}

// onBoth adds a status list to a mobile security object with an identifier list; a template takes one alone.
func onBoth(payload []byte) []byte {
	list := cose.AppendUint(cose.AppendText(cose.AppendMap(cose.AppendText(nil, "status_list"), 2), "idx"), 1)
	return withStatus(payload, cose.AppendText(cose.AppendText(list, "uri"), "https://x"))
}

func withStatus(payload, mechanism []byte) []byte {
	const one, two = "\x66status\xa1", "\x66status\xa2"
	mso := cose.NewReader(payload).Encoded()
	return cose.AppendEncoded(nil, bytes.Replace(mso, []byte(one), append([]byte(two), mechanism...), 1))
}

// A type that chooses the identifier list has each copy named there, and says nothing of an index.
func TestIdentifiersAreSigned(t *testing.T) {
	s, _ := signers(t)
	b := namedBatch(t)
	linted, err := s.Lint(b, noon)
	check(t, err)
	texts, err := linted.Sign()
	check(t, err)
	for n, text := range texts {
		raw, err := base64.RawURLEncoding.DecodeString(text)
		check(t, err)
		m, err := mdoc.ParseIssuerSigned(raw)
		check(t, err)
		ref := m.Identifier()
		if m.Status() != nil || ref == nil || status.Identifier(ref.ID) != b.Indices[n].Identifier || ref.URI != "https://issuer.example/identifierlists/a" {
			t.Errorf("copy %d: %+v, %+v", n, m.Status(), ref)
		}
	}
}

func TestLintOfIdentifiers(t *testing.T) {
	s, used := signers(t)
	b := namedBatch(t)
	b.Indices[1].Identifier = status.Identifier{}
	if _, err := s.Lint(b, noon); !errors.Is(err, ErrLint) {
		t.Errorf("a copy without an identifier: %v", err)
	}
	b = namedBatch(t)
	b.Indices[1].Index = b.Indices[0].Index
	if _, err := s.Lint(b, noon); !errors.Is(err, ErrLint) {
		t.Errorf("one index twice: %v", err)
	}

	b = namedBatch(t)
	want := first(s, b)
	want.list = s.address(b.Type, "a")
	made, err := s.prepare(want)
	check(t, err)
	check(t, made.lint(want))
	plain := *b.Type
	plain.Identifiers = false
	for name, change := range map[string]func(*copied){
		"the identifier of another":    func(c *copied) { c.index.Identifier = status.Identifier{3} },
		"another list":                 func(c *copied) { c.list += "x" },
		"by the other mechanism":       func(c *copied) { c.Batch = &Batch{Type: &plain, Life: b.Life} },
		"a status list, and its index": func(c *copied) { c.Batch, c.list = &Batch{Type: &plain, Life: b.Life}, s.address(&plain, "a") },
	} {
		other := *want
		change(&other)
		if made.lint(&other) == nil {
			t.Errorf("%s was not seen", name)
		}
	}
	u, err := mdoc.Prepare(mdoc.Template{
		DocType: b.Type.DocType, Elements: want.elements, DeviceKey: want.holder, Signed: b.Life.From, ValidFrom: b.Life.From, ValidUntil: b.Life.Until,
		Identifier: &mdoc.IdentifierRef{ID: want.index.Identifier[:], URI: want.list},
	})
	check(t, err)
	check(t, lintMDoc(u.NameSpaces(), u.Payload(), want))
	if lintMDoc(u.NameSpaces(), onBoth(u.Payload()), want) == nil {
		t.Error("a status list beside the identifier list was not seen")
	}
	want.Batch = &Batch{Type: &plain, Life: b.Life}
	indexed, err := s.prepare(want)
	check(t, err)
	check(t, indexed.lint(want))
	v, ok := indexed.(mdocCopy)
	name := cose.AppendBytes(cose.AppendText(cose.AppendMap(cose.AppendText(nil, "identifier_list"), 2), "id"), []byte{1})
	if !ok || lintMDoc(v.NameSpaces(), withStatus(v.Payload(), cose.AppendText(cose.AppendText(name, "uri"), "https://x")), want) == nil {
		t.Error("an identifier list beside the status list was not seen")
	}
	want.Batch = b
	if indexed.lint(want) == nil {
		t.Error("a status list for a type of identifiers was not seen")
	}
	if *used != 0 {
		t.Errorf("%d signatures", *used)
	}
}
