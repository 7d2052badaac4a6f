package authclient

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/oidc"
)

// How long what was read of the provider is good for. Keys are read again soon, so that a new one is known. Where that fails, what
// was read before is good for a while longer, and nobody tries again at once.
const (
	metadataLife = time.Hour
	keysLife     = time.Minute
	staleLife    = 10 * time.Minute
	failureLife  = 5 * time.Second
)

// provider is what is known of the OpenID Provider. One caller at a time reads anew, and nobody waits for it who can do without.
type provider struct {
	once sync.Once
	turn chan struct{} // whose it is to read
	now  atomic.Pointer[known]
}

// known is never changed, only replaced.
type known struct {
	metadata           *oidc.ProviderMetadata // nil before the first time
	keys               jose.JWKS
	metadataAt, keysAt time.Time
	failure            error // of the last attempt
	failedAt           time.Time
}

// good tells whether all is younger than its life, and so much more.
func (k *known) good(at time.Time, more time.Duration) bool {
	return k.metadata != nil && len(k.keys.Keys) > 0 && at.Sub(k.metadataAt) <= metadataLife+more && at.Sub(k.keysAt) <= keysLife+more
}

// settled tells that there is nothing to read at this time.
func (k *known) settled(at time.Time) bool {
	return k.good(at, 0) || k.failure != nil && at.Sub(k.failedAt) < failureLife
}

// Provider gives the provider's metadata and keys. Errors: ErrProvider.
func (c *Client) Provider(ctx context.Context) (*oidc.ProviderMetadata, jose.JWKS, error) {
	p := &c.provider
	p.once.Do(func() {
		p.turn = make(chan struct{}, 1)
		p.now.Store(&known{})
	})
	k, at := p.now.Load(), c.Now()
	if !k.settled(at) {
		var err error
		if k, err = c.reread(ctx, k.good(at, staleLife)); err != nil {
			return nil, jose.JWKS{}, err
		}
	}
	if !k.good(at, staleLife) {
		return nil, jose.JWKS{}, fmt.Errorf("%w: %w", ErrProvider, k.failure)
	}
	return k.metadata, k.keys, nil
}

// reread reads what is due when it is the caller's turn. Who has what will do does not wait for that.
func (c *Client) reread(ctx context.Context, willDo bool) (*known, error) {
	p := &c.provider
	if willDo {
		select {
		case p.turn <- struct{}{}:
		default:
			return p.now.Load(), nil
		}
	} else {
		select {
		case p.turn <- struct{}{}:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", ErrProvider, ctx.Err())
		}
	}
	defer func() { <-p.turn }()
	k := p.now.Load()
	if !k.settled(c.Now()) { // nobody has read meanwhile
		k = c.read(context.WithoutCancel(ctx), *k) // for the others too, so it does not end when this caller leaves
		p.now.Store(k)
	}
	return k, nil
}

// read makes of what is known what is known now. What cannot be read stays as it was.
func (c *Client) read(ctx context.Context, k known) *known {
	at := c.Now()
	k.failure = nil
	if k.metadata == nil || at.Sub(k.metadataAt) > metadataLife {
		metadata, err := c.readMetadata(ctx)
		if err != nil {
			k.failure, k.failedAt = err, c.Now()
			return &k
		}
		k.metadata, k.metadataAt = metadata, at
	}
	keys, err := c.readKeys(ctx, k.metadata.JWKSURI)
	if err != nil {
		k.failure, k.failedAt = err, c.Now()
		return &k
	}
	k.keys, k.keysAt = keys, at
	return &k
}

func (c *Client) readMetadata(ctx context.Context) (*oidc.ProviderMetadata, error) {
	answer, err := c.Fetch.Get(ctx, c.Issuer+oidc.ConfigurationPath, "application/json")
	if err != nil {
		return nil, fmt.Errorf("discovery: %w", err)
	}
	return oidc.ParseProvider(answer.Body, c.Issuer, c.InsecureAllowHTTP)
}

func (c *Client) readKeys(ctx context.Context, address string) (keys jose.JWKS, err error) {
	answer, err := c.Fetch.Get(ctx, address, "application/json")
	if err == nil {
		err = jose.Unmarshal(answer.Body, &keys)
	}
	switch {
	case err != nil:
		return jose.JWKS{}, fmt.Errorf("keys: %w", err)
	case len(keys.Keys) == 0:
		return jose.JWKS{}, fmt.Errorf("keys: expected a JWK Set with at least one key (RFC 7517 section 5.1)")
	}
	return keys, nil
}
