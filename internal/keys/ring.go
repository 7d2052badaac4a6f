package keys

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// Ring is the keys of one purpose: one signs, the one that is to follow and those that came before are live beside it. It
// is safe for concurrent use.
type Ring struct {
	cfg RingConfig

	mu   sync.RWMutex
	keys []Key // oldest first; at least one, of which at least one is in use
}

// RingConfig is a ring's.
type RingConfig struct {
	Purpose string
	Vault   Vault
	Now     func() time.Time
	// Keep is how long an earlier key stays live after it was replaced: as long as anything that it signed must verify by
	// what is published.
	Keep time.Duration
	// Every is how long a key is used before Refresh makes the next; 0: only Rotate makes one. Lead is how long ahead it is
	// made, so that who keeps a copy of what is published has seen it before it signs.
	Every, Lead time.Duration
}

// OpenRing reads the purpose's keys, and makes the first where there is none.
func OpenRing(cfg RingConfig) (*Ring, error) {
	r := &Ring{cfg: cfg}
	if err := r.Refresh(); err != nil {
		return nil, err
	}
	return r, nil
}

// Refresh reads the vault anew, so that a key that another process made is seen, and makes the key that is due. When the
// vault cannot be read the ring stays as it is.
func (r *Ring) Refresh() error {
	all, err := r.cfg.Vault.Keys(r.cfg.Purpose)
	if err != nil {
		return fmt.Errorf("keys: %s: %w", r.cfg.Purpose, err)
	}
	now := r.cfg.Now()
	if from, due := r.due(all, now); due {
		made, err := r.cfg.Vault.Make(r.cfg.Purpose, from)
		if err != nil {
			return fmt.Errorf("keys: %s: %w", r.cfg.Purpose, err)
		}
		all = append(all, made)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keys = r.standing(all, now)
	return nil
}

// due says from when a key must be made. Its time follows from the last one's, so that all replicas make the same.
func (r *Ring) due(all []Key, now time.Time) (from time.Time, due bool) {
	if len(all) == 0 || all[0].From.After(now) {
		return now, true
	}
	if r.cfg.Every == 0 {
		return time.Time{}, false
	}
	next := all[len(all)-1].From.Add(r.cfg.Every)
	if now.Before(next.Add(-r.cfg.Lead)) {
		return time.Time{}, false
	}
	if early := now.Add(r.cfg.Lead).Truncate(time.Minute); next.Before(early) {
		next = early // the service stood still meanwhile
	}
	return next, true
}

// standing leaves out the keys that were replaced longer ago than Keep.
func (r *Ring) standing(all []Key, now time.Time) []Key {
	for len(all) > 1 && !all[1].From.Add(r.cfg.Keep).After(now) {
		all = all[1:]
	}
	return all
}

// Current is the key that signs.
func (r *Ring) Current() Key {
	r.mu.RLock()
	defer r.mu.RUnlock()
	now, current := r.cfg.Now(), r.keys[0]
	for _, k := range r.keys {
		if !k.From.After(now) {
			current = k
		}
	}
	return current
}

// Live are the keys to publish: the coming ones, the one that signs, and the earlier ones that stand; newest first.
func (r *Ring) Live() []Key {
	r.mu.RLock()
	defer r.mu.RUnlock()
	live := make([]Key, 0, len(r.keys))
	for i := len(r.keys) - 1; i >= 0; i-- {
		live = append(live, r.keys[i])
	}
	return live
}

// Next is when another key takes over, and whether it has been made; the zero time when nothing is planned.
func (r *Ring) Next() (from time.Time, made bool) {
	current := r.Current()
	for _, k := range slices.Backward(r.Live()) { // the oldest first
		if k.From.After(current.From) {
			return k.From, true
		}
	}
	if r.cfg.Every == 0 {
		return time.Time{}, false
	}
	return current.From.Add(r.cfg.Every), false
}

// Rotate makes the next key, used after a while: 0 for at once.
func (r *Ring) Rotate(after time.Duration) (Key, error) {
	made, err := r.cfg.Vault.Make(r.cfg.Purpose, r.cfg.Now().Add(after))
	if err != nil {
		return Key{}, fmt.Errorf("keys: %s: %w", r.cfg.Purpose, err)
	}
	return made, r.Refresh()
}
