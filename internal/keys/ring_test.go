package keys

import (
	"crypto/ecdsa"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

var noon = time.Date(2026, time.November, 28, 12, 0, 0, 0, time.UTC)

// clock is the time of a test.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func ids(all []Key) []string {
	var out []string
	for _, k := range all {
		out = append(out, k.ID)
	}
	return out
}

func TestRingOverTime(t *testing.T) {
	c := &clock{noon}
	ring, err := OpenRing(RingConfig{
		Purpose: "openid", Vault: Files{t.TempDir()}, Now: c.now, Keep: 24 * time.Hour, Every: 30 * 24 * time.Hour, Lead: 2 * time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	const first, second = "20261128T120000Z", "20261228T120000Z"
	for _, step := range []struct {
		at      time.Time
		current string
		live    []string
	}{
		{noon, first, []string{first}},
		{noon.Add(30*24*time.Hour - 2*time.Hour - time.Second), first, []string{first}},
		{noon.Add(30*24*time.Hour - 2*time.Hour), first, []string{second, first}},
		{noon.Add(30 * 24 * time.Hour), second, []string{second, first}},
		{noon.Add(31*24*time.Hour - time.Second), second, []string{second, first}},
		{noon.Add(31 * 24 * time.Hour), second, []string{second}},
		// Half a year of standing still: the next one comes with its lead, and not in the past.
		{noon.Add(200 * 24 * time.Hour), second, []string{"20270616T140000Z", second}},
	} {
		c.at = step.at
		if err := ring.Refresh(); err != nil {
			t.Fatal(err)
		}
		if got := ring.Current().ID; got != step.current || !slices.Equal(ids(ring.Live()), step.live) {
			t.Errorf("%s: %s signs, live %v", step.at, got, ids(ring.Live()))
		}
	}
}

func TestRotationIsSeenByTheOtherReplica(t *testing.T) {
	c, vault := &clock{noon}, Files{t.TempDir()}
	cfg := RingConfig{Purpose: "status", Vault: vault, Now: c.now, Keep: time.Hour}
	one, err := OpenRing(cfg)
	if err != nil {
		t.Fatal(err)
	}
	other, err := OpenRing(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if one.Current().ID != other.Current().ID || !samePublic(one.Current(), other.Current()) {
		t.Fatal("two replicas began with two keys")
	}
	c.at = noon.Add(time.Minute)
	made, err := one.Rotate(time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if one.Current().ID == made.ID {
		t.Error("a key signs before its time")
	}
	c.at = noon.Add(2 * time.Minute)
	if one.Current().ID != made.ID || other.Current().ID == made.ID {
		t.Errorf("%s and %s sign", one.Current().ID, other.Current().ID)
	}
	if err := other.Refresh(); err != nil {
		t.Fatal(err)
	}
	if !samePublic(one.Current(), other.Current()) || len(other.Live()) != 2 {
		t.Error("the other replica does not see the new key")
	}
}

func samePublic(a, b Key) bool {
	return a.Signer.Public().(*ecdsa.PublicKey).Equal(b.Signer.Public())
}

// A vault that fails later leaves the ring as it was; one that fails at the start is told.
func TestRingKeepsWhatItHas(t *testing.T) {
	c, dir := &clock{noon}, t.TempDir()
	ring, err := OpenRing(RingConfig{Purpose: "p", Vault: Files{dir}, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	before := ring.Current().ID
	if err := os.WriteFile(filepath.Join(dir, "p", "yesterday.key.pem"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := ring.Refresh(); !errors.Is(err, ErrFile) {
		t.Errorf("a file that is no key: %v", err)
	}
	if ring.Current().ID != before {
		t.Error("the ring lost its key")
	}
	if _, err := OpenRing(RingConfig{Purpose: "p", Vault: Files{dir}, Now: c.now}); !errors.Is(err, ErrFile) {
		t.Errorf("opened over a file that is no key: %v", err)
	}
}

// When the next key takes over is known once it is made, and before that where keys are made by time.
func TestRingTellsWhoIsNext(t *testing.T) {
	at := time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)
	vault := Files{Dir: t.TempDir()}
	open := func(every time.Duration) *Ring {
		r, err := OpenRing(RingConfig{Purpose: "next", Vault: vault, Now: func() time.Time { return at }, Every: every})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if from, made := open(0).Next(); !from.IsZero() || made {
		t.Errorf("without a plan: %s %v", from, made)
	}
	if from, made := open(time.Hour).Next(); !from.Equal(at.Add(time.Hour)) || made {
		t.Errorf("by time: %s %v", from, made)
	}
	r := open(time.Hour)
	for _, after := range []time.Duration{20 * time.Minute, 10 * time.Minute} {
		if _, err := r.Rotate(after); err != nil {
			t.Fatal(err)
		}
	}
	if from, made := r.Next(); !from.Equal(at.Add(10*time.Minute)) || !made {
		t.Errorf("made: %s %v", from, made)
	}
}
