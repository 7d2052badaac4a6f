package signing

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"lommebok.example/issuer/credentials"
	"lommebok.example/issuer/status"
)

// lintBatch looks at what is to be said, before there are bytes of it.
func (s *Signers) lintBatch(b *Batch, now time.Time) error {
	if b.Type == nil || !s.scheme() {
		return fmt.Errorf("%w: no type, or the issuer is not https", ErrLint)
	}
	switch {
	case len(b.Holders) == 0 || len(b.Indices) != len(b.Holders):
		return fmt.Errorf("%w: %d holder keys and %d status indices", ErrLint, len(b.Holders), len(b.Indices))
	case len(b.Holders) > b.Type.Batch:
		return fmt.Errorf("%w: %d copies, at most %d", ErrLint, len(b.Holders), b.Type.Batch)
	case b.Life.From.After(now) || !b.Life.Until.After(now):
		return fmt.Errorf("%w: valid from %s until %s is not now", ErrLint, b.Life.From, b.Life.Until)
	case b.Life.Until.Sub(b.Life.From) != b.Type.Validity:
		return fmt.Errorf("%w: the validity is not that of the type", ErrLint)
	case b.Life.Until.After(s.cfg.Until):
		return fmt.Errorf("%w: %w: it ends %s", ErrLint, ErrCertificate, s.cfg.Until)
	case len(b.Values) == 0:
		return fmt.Errorf("%w: no claims", ErrLint)
	}
	return errors.Join(lintHolders(b.Holders), s.lintIndices(b.Type, b.Indices), lintValues(b.Type, b.Values))
}

func (s *Signers) scheme() bool {
	return strings.HasPrefix(s.cfg.Issuer, "https://") || s.cfg.InsecureAllowHTTP && strings.HasPrefix(s.cfg.Issuer, "http://")
}

// holderCurves are those of the algorithms that the metadata name for key proofs.
var holderCurves = []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()}

func lintHolders(holders []*ecdsa.PublicKey) error {
	for n, key := range holders {
		if key == nil || !slices.Contains(holderCurves, key.Curve) {
			return fmt.Errorf("%w: a holder key is not on P-256, P-384 or P-521", ErrLint)
		}
		if slices.ContainsFunc(holders[:n], func(other *ecdsa.PublicKey) bool { return key.Equal(other) }) {
			return fmt.Errorf("%w: two copies for one holder key", ErrLint)
		}
	}
	return nil
}

func (s *Signers) lintIndices(t *credentials.Type, indices []status.Index) error {
	for n, i := range indices {
		if slices.ContainsFunc(indices[:n], func(other status.Index) bool { return other.List == i.List && other.Index == i.Index }) {
			return fmt.Errorf("%w: two copies with one status index", ErrLint)
		}
		if !strings.HasPrefix(s.address(t, i.List), s.cfg.Issuer+"/") {
			return fmt.Errorf("%w: the status list is not the issuer's", ErrLint)
		}
		if t.Identifiers && i.Identifier == (status.Identifier{}) {
			return fmt.Errorf("%w: a copy without an identifier", ErrLint)
		}
	}
	return nil
}

// lintValues looks at each value, and that each claim is one of the type's, no claim is there twice, and none of the type's
// mandatory ones is missing.
func lintValues(t *credentials.Type, values []Value) error {
	seen := make(map[string]bool, len(values))
	for _, v := range values {
		path := strings.Join(v.Claim.Path, ".")
		if seen[path] {
			return fmt.Errorf("%w: claim %s twice", ErrLint, path)
		}
		seen[path] = true
		if err := credentials.CheckValue(v.Is); err != nil {
			return fmt.Errorf("%w: claim %s: %w", ErrLint, path, err)
		}
	}
	known := 0
	for _, claim := range t.Claims {
		there := seen[strings.Join(claim.Path, ".")]
		if claim.Mandatory && !there {
			return fmt.Errorf("%w: no claim %s", ErrLint, strings.Join(claim.Path, "."))
		}
		if there {
			known++
		}
	}
	if known != len(values) {
		return fmt.Errorf("%w: a claim that the type does not have", ErrLint)
	}
	return nil
}
