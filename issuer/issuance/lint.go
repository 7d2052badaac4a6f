package issuance

import (
	"crypto/elliptic"
	"errors"
	"fmt"
	"strings"
	"time"

	"lommebok.example/issuer/source"
	"lommebok.example/issuer/status"
	"lommebok.example/specs/jose"
)

// ErrLint: what was about to be signed breaks a rule of ours. It is a fault in this program or in a type's file, never
// in a request.
var ErrLint = errors.New("issuance: lint")

// maxText is the longest text a claim may have (PID Rulebook 1.7 chapter 3).
const maxText = 150

// lint looks at a whole batch before the first signature.
func (s *Service) lint(b *batch, now time.Time) error {
	switch {
	case len(b.keys) == 0 || len(b.indices) != len(b.keys):
		return fmt.Errorf("%w: %d holder keys and %d status indices", ErrLint, len(b.keys), len(b.indices))
	case len(b.keys) > b.typ.Batch:
		return fmt.Errorf("%w: %d copies, at most %d", ErrLint, len(b.keys), b.typ.Batch)
	case b.life.from.After(now) || !b.life.until.After(now):
		return fmt.Errorf("%w: valid from %s until %s is not now", ErrLint, b.life.from, b.life.until)
	case b.life.until.Sub(b.life.from) != b.typ.Validity:
		return fmt.Errorf("%w: the validity is not that of the type", ErrLint)
	case b.life.until.After(s.Signers.Until):
		return fmt.Errorf("%w: outlives the signer's certificate, which ends %s", ErrLint, s.Signers.Until)
	case len(b.values) == 0:
		return fmt.Errorf("%w: no claims", ErrLint)
	}
	return errors.Join(lintKeys(b), s.lintIndices(b.indices), lintValues(b.values))
}

func lintKeys(b *batch) error {
	seen := map[string]bool{}
	for _, key := range b.keys {
		if key == nil || key.Curve != elliptic.P256() {
			return fmt.Errorf("%w: a holder key is not on P-256", ErrLint)
		}
		thumbprint := jose.Thumbprint(key)
		if seen[thumbprint] {
			return fmt.Errorf("%w: two copies for one holder key", ErrLint)
		}
		seen[thumbprint] = true
	}
	return nil
}

func (s *Service) lintIndices(indices []status.Index) error {
	seen := map[status.Index]bool{}
	for _, i := range indices {
		if seen[i] {
			return fmt.Errorf("%w: two copies with one status index", ErrLint)
		}
		seen[i] = true
		if !strings.HasPrefix(s.Status.URI(i.List), s.Issuer+"/") {
			return fmt.Errorf("%w: the status list is not the issuer's", ErrLint)
		}
	}
	return nil
}

func lintValues(values []value) error {
	for _, v := range values {
		if err := lintValue(v.is); err != nil {
			return fmt.Errorf("%w: claim %s: %w", ErrLint, strings.Join(v.claim.Path, "."), err)
		}
	}
	return nil
}

// lintValue never says what the value is: it is somebody's.
func lintValue(is any) error {
	switch is := is.(type) {
	case bool:
		return nil
	case string:
		if is == "" || len([]rune(is)) > maxText {
			return fmt.Errorf("the text is empty or longer than %d", maxText)
		}
		return nil
	case source.Date:
		if day := time.Date(is.Year, is.Month, is.Day, 0, 0, 0, 0, time.UTC); is.Year < 1 || day.Day() != is.Day {
			return errors.New("no day in the calendar")
		}
		return nil
	case []string:
		return lintAll(is, len(is))
	case map[string]string:
		return lintAll(mapValues(is), len(is))
	default:
		return fmt.Errorf("values of type %T are not issued", is)
	}
}

func lintAll(texts []string, n int) error {
	if n == 0 {
		return errors.New("an empty list or map")
	}
	for _, text := range texts {
		if err := lintValue(text); err != nil {
			return err
		}
	}
	return nil
}

func mapValues(m map[string]string) []string {
	out := make([]string, 0, len(m))
	for _, v := range m {
		out = append(out, v)
	}
	return out
}
