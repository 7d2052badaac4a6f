package statuslist

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"lommebok.example/specs/cose"
	"lommebok.example/specs/x5c"
)

func TestIdentifiersComeBack(t *testing.T) {
	key, chain, root := newSigner(t)
	ids := [][]byte{{9, 9}, {1, 2, 3}, {1, 2}, {9, 9}}
	raw, err := SignIdentifiers(key, chain, ids, uri, noon, noon.Add(day), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	l, err := ParseIdentifiers(raw)
	if err != nil {
		t.Fatal(err)
	}
	if l.URI != uri || !l.IssuedAt.Equal(noon) || !l.Expires.Equal(noon.Add(day)) || l.TTL != time.Hour || l.Len() != 3 {
		t.Errorf("%+v", l)
	}
	if !l.Has([]byte{9, 9}) || !l.Has([]byte{1, 2, 3}) || !l.Has([]byte{1, 2}) || l.Has([]byte{1}) || l.Has(nil) || l.Has([]byte{1, 2, 3, 4}) {
		t.Error("names what it does not hold, or does not name what it holds")
	}
	if !errors.Is(l.Check(uri+"x", noon), ErrSubject) || !errors.Is(l.Check(uri, noon.Add(day)), ErrExpired) || l.Check(uri, noon) != nil {
		t.Error("Check")
	}
	if _, err := x5c.NewAnchors(root).Verify(l.Chain, x5c.StatusSigner, noon); err != nil {
		t.Error(err)
	}
	// In the order of their bytes, each once: nothing is told of the order in which they were given.
	if want := unhex(t, "6b6964656e74696669657273a3420102a0420909a043010203a0"); !bytes.Contains(raw, want) {
		t.Errorf("%x does not hold %x", raw, want)
	}
	if empty, err := SignIdentifiers(key, chain, nil, uri, noon, noon.Add(day), time.Hour); err != nil {
		t.Error(err)
	} else if l, err := ParseIdentifiers(empty); err != nil || l.Len() != 0 {
		t.Errorf("an empty list: %v", err)
	}
}

// As many as an issuer has that revokes all of a list of 131 072 entries, half of which are taken: more items than any other input may
// hold.
func TestIdentifiersOfAWholeList(t *testing.T) {
	key, chain, _ := newSigner(t)
	ids := make([][]byte, 1<<16+1<<11)
	for i := range ids {
		ids[i] = binary.BigEndian.AppendUint64(make([]byte, 4, 12), uint64(i))
	}
	raw, err := SignIdentifiers(key, chain, ids, uri, noon, noon.Add(day), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if l, err := ParseIdentifiers(raw); err != nil || l.Len() != len(ids) {
		t.Errorf("%d bytes: %v", len(raw), err)
	}
	if _, err := SignIdentifiers(key, chain, append(ids, make([]byte, cose.MaxBytes)), uri, noon, noon.Add(day), time.Hour); !errors.Is(err, cose.ErrTooLarge) {
		t.Errorf("larger than a reader takes: %v", err)
	}
}

func TestSignIdentifiersRefuses(t *testing.T) {
	key, chain, root := newSigner(t)
	for rule, c := range map[string]struct {
		key   *ecdsa.PrivateKey
		chain []*x509.Certificate
		uri   string
		ids   [][]byte
		exp   time.Time
		want  error
	}{
		"no chain":            {key, nil, uri, nil, noon.Add(day), ErrChain},
		"another key":         {newKey(t), chain, uri, nil, noon.Add(day), ErrChain},
		"anchor in the chain": {key, append(chain[:1:1], root), uri, nil, noon.Add(day), ErrChain},
		"no uri":              {key, chain, "", nil, noon.Add(day), ErrClaims},
		"no exp":              {key, chain, uri, nil, time.Time{}, ErrClaims},
		"an empty identifier": {key, chain, uri, [][]byte{{1}, {}}, noon.Add(day), ErrClaims},
	} {
		if _, err := SignIdentifiers(c.key, c.chain, c.ids, c.uri, noon, c.exp, time.Hour); !errors.Is(err, c.want) {
			t.Errorf("%s: expected %v, got %v", rule, c.want, err)
		}
	}
}

func TestParseIdentifiersRefuses(t *testing.T) {
	key, chain, _ := newSigner(t)
	header := cose.Header{Type: MediaTypeIdentifiers, X5Chain: chain}
	list := cose.RawMessage(unhex(t, "a16b6964656e74696669657273a14101a0"))
	with := func(label int, v any) map[int]any {
		m := map[int]any{2: "u", 4: 2, 6: 1, 65534: 3, 65530: list}
		if m[label] = v; v == nil {
			delete(m, label)
		}
		return m
	}
	good := signCBOR(t, key, header, cose.Header{}, with(4, 2))
	if l, err := ParseIdentifiers(good); err != nil || !l.Has([]byte{1}) {
		t.Fatal(err)
	}
	named := func(hex string) map[int]any { return with(65530, cose.RawMessage(unhex(t, hex))) }
	for rule, c := range map[string]struct {
		payload any
		want    error
	}{
		"sub missing":           {with(2, nil), ErrClaims},
		"sub empty":             {with(2, ""), ErrClaims},
		"sub bytes":             {with(2, []byte("u")), ErrClaims},
		"iat missing":           {with(6, nil), ErrClaims},
		"exp missing":           {with(4, nil), ErrClaims},
		"exp text":              {with(4, "2"), ErrClaims},
		"ttl zero":              {with(65534, 0), ErrClaims},
		"list missing":          {with(65530, nil), ErrClaims},
		"list text":             {with(65530, "x"), ErrClaims},
		"no identifiers":        {named("a1617801"), ErrClaims},
		"identifiers an array":  {named("a16b6964656e74696669657273814101"), ErrClaims},
		"identifier as text":    {named("a16b6964656e74696669657273a16161a0"), ErrClaims},
		"identifier empty":      {named("a16b6964656e74696669657273a140a0"), ErrClaims},
		"what stands by no map": {named("a16b6964656e74696669657273a1410101"), ErrClaims},
		"a status list":         {map[int]any{2: "u", 4: 2, 6: 1, 65533: map[string]any{"bits": 1, "lst": unhex(t, "78dadbb918000217015d")}}, ErrClaims},
		"labels as text":        {map[string]any{"2": "u", "6": 1, "65530": list}, ErrClaims},
		"payload is an array":   {[]any{1}, ErrClaims},
	} {
		if _, err := ParseIdentifiers(signCBOR(t, key, header, cose.Header{}, c.payload)); !errors.Is(err, c.want) {
			t.Errorf("%s: expected %v, got %v", rule, c.want, err)
		}
	}
	changed := bytes.Clone(good)
	changed[len(changed)-1] ^= 1
	for rule, c := range map[string]struct {
		raw  []byte
		want error
	}{
		"empty":                   {nil, ErrToken},
		"not tagged":              {good[1:], ErrToken},
		"trailing byte":           {append(bytes.Clone(good), 0), ErrToken},
		"signature changed":       {changed, ErrSignature},
		"type of a status list":   {signCBOR(t, key, cose.Header{Type: MediaTypeCWT, X5Chain: chain}, cose.Header{}, with(4, 2)), ErrType},
		"no type":                 {signCBOR(t, key, cose.Header{X5Chain: chain}, cose.Header{}, with(4, 2)), ErrType},
		"x5chain unprotected":     {signCBOR(t, key, cose.Header{Type: MediaTypeIdentifiers}, cose.Header{X5Chain: chain}, with(4, 2)), ErrChain},
		"signed by another key":   {signCBOR(t, newKey(t), header, cose.Header{}, with(4, 2)), ErrSignature},
		"larger than the limit":   {make([]byte, cose.MaxBytes+1), ErrTooLarge},
		"an identifier twice":     {signRaw(t, key, header, cose.Header{}, unhex(t, "a402617504020601"+"19fffaa16b6964656e74696669657273a24101a04101a0")), ErrClaims},
		"identifiers twice":       {signRaw(t, key, header, cose.Header{}, unhex(t, "a402617504020601"+"19fffaa26b6964656e74696669657273a16b6964656e74696669657273a0")), ErrClaims},
		"a list of nothing named": {signRaw(t, key, header, cose.Header{}, unhex(t, "a402617504020601"+"19fffaa0")), ErrClaims},
	} {
		if _, err := ParseIdentifiers(c.raw); !errors.Is(err, c.want) {
			t.Errorf("%s: expected %v, got %v", rule, c.want, err)
		}
	}
	if l, err := ParseIdentifiers(signRaw(t, key, header, cose.Header{}, unhex(t, "a5617801"+"02617504020601"+"19fffaa26b6964656e74696669657273a14101a161780161786178"))); err != nil || !l.Has([]byte{1}) {
		t.Errorf("with members that are not known: %v", err)
	}
}

func FuzzReadIdentifiers(f *testing.F) {
	f.Add(unhex(f, "a402617504020601"+"19fffaa16b6964656e74696669657273a14101a0"))
	f.Add([]byte{0xa0})
	f.Fuzz(func(t *testing.T, payload []byte) {
		l, err := readIdentifiers(payload, nil)
		if err == nil && (l.URI == "" || l.Expires.IsZero() || l.TTL < 0 || l.Has(nil)) {
			t.Fatalf("%+v", l)
		}
	})
}
