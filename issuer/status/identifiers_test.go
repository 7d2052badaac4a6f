package status

import (
	"bytes"
	"net/http"
	"testing"

	"lommebok.example/specs/statuslist"
	"lommebok.example/specs/x5c"
)

// named reads an identifier list and checks what a verifier checks.
func (b *bench) named(t *testing.T, headers ...string) *statuslist.Identifiers {
	t.Helper()
	rec := b.ask("/identifierlists/L1", headers...)
	if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != statuslist.MediaTypeIdentifiers {
		t.Fatalf("%d %v %s", rec.Code, rec.Header(), rec.Body)
	}
	l, err := statuslist.ParseIdentifiers(rec.Body.Bytes())
	check(t, err)
	check(t, l.Check(issuerURL+"/identifierlists/L1", b.at))
	_, err = b.anchors.Verify(l.Chain, x5c.StatusSigner, b.at)
	check(t, err)
	return l
}

// ISO/IEC 18013-5, second edition, 12.3.6: the list names what is revoked, and what is revoked now.
func TestIdentifierList(t *testing.T) {
	b := newBench(t)
	b.list.Seed = bytes.Repeat([]byte{9}, 32)
	has := func(l *statuslist.Identifiers, index uint64) bool {
		id := b.list.Identifier(index)
		return l.Has(id[:])
	}
	if l := b.named(t); l.Len() != 0 || l.TTL != TTL || !l.Expires.Equal(b.at.Add(lifetime)) {
		t.Errorf("%d named, %+v", l.Len(), l.About)
	}
	reads := b.reads
	b.named(t)
	if b.reads != reads {
		t.Error("made anew without a change")
	}
	b.invalid, b.list.Version = []uint64{7, 4711}, 2
	l := b.named(t)
	if !has(l, 7) || !has(l, 4711) || has(l, 8) || l.Len() < 2 || l.Len() > 4 {
		t.Errorf("%d named", l.Len())
	}
	// The status list beside it is another list, and its ready bytes are others.
	if token := b.token(t, b.get("/statuslists/L1", statuslist.MediaTypeCWT)); token.List == nil {
		t.Error("no status list")
	}
	b.named(t)

	rec := b.ask("/identifierlists/L1", "Accept-Encoding", "gzip")
	h := rec.Header()
	if h.Get("Content-Encoding") != "" || h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Cache-Control") != "public, max-age=60" || h.Get("ETag") == "" {
		t.Errorf("%v", h)
	}
	if again := b.ask("/identifierlists/L1", "If-None-Match", h.Get("ETag")); again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("who has it: %d", again.Code)
	}
	b.at = b.at.Add(lifetime / 2)
	if l := b.named(t); !l.IssuedAt.Equal(b.at) {
		t.Error("not made anew when half its life is over")
	}
}

// Decoys are named as what is revoked is, so that who counts names learns as little as from a status list.
func TestDecoysAreNamed(t *testing.T) {
	b := newBench(t)
	b.list.Seed, b.list.Version = bytes.Repeat([]byte{9}, 32), 50
	decoys, named := b.list.Decoys(), 0
	l := b.named(t)
	for _, i := range decoys {
		if id := b.list.Identifier(i); l.Has(id[:]) {
			named++
		}
	}
	if named == 0 || named != l.Len() {
		t.Errorf("%d decoys of %d named", named, l.Len())
	}
}

// What has no names is no identifier list: a list that may hold suspended entries, which would pass for valid, and one without a seed.
func TestListsWithoutNames(t *testing.T) {
	b := newBench(t)
	seed := bytes.Repeat([]byte{9}, 32)
	for name, list := range map[string]List{
		"two bits": {ID: "L1", Bits: 2, Size: 1 << 12, Version: 1, Seed: seed},
		"no seed":  {ID: "L1", Bits: 1, Size: 1 << 12, Version: 1},
		"unknown":  {ID: "L2", Bits: 1, Size: 1 << 12, Version: 1, Seed: seed},
	} {
		b.list = list
		if rec := b.ask("/identifierlists/L1"); rec.Code != http.StatusNotFound {
			t.Errorf("%s: %d", name, rec.Code)
		}
		if name != "unknown" && list.Identifier(1) != (Identifier{}) {
			t.Errorf("%s: has a name", name)
		}
	}
}

// Names differ by index and by list. That they follow from both is what TestIndicesAreNamed of package store relies on.
func TestNames(t *testing.T) {
	one := List{Bits: 1, Seed: bytes.Repeat([]byte{9}, 32)}
	two := List{Bits: 1, Seed: bytes.Repeat([]byte{8}, 32)}
	seen := map[Identifier]bool{}
	for i := range uint64(1 << 12) {
		if seen[one.Identifier(i)] || seen[two.Identifier(i)] || one.Identifier(i) == (Identifier{}) {
			t.Fatalf("index %d", i)
		}
		seen[one.Identifier(i)], seen[two.Identifier(i)] = true, true
	}
}
