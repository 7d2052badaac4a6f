package status

import (
	"math/rand/v2"

	"lommebok.example/specs/statuslist"
)

// decoyShare is the number of entries a decoy stands among.
const decoyShare = 64

// Decoys gives the entries of a list that no credential has (Token Status List sections 13.2 and 13.3). Some of them become invalid
// when the status of a credential changes, so that who compares lists cannot tell for certain which of the entries that changed are
// credentials. They follow from the seed alone: every replica has the same, and so has the list as it was.
func (l List) Decoys() []uint64 {
	if len(l.Seed) != 32 {
		return nil
	}
	random := generator([32]byte(l.Seed))
	n := l.Size / decoyShare
	seen, decoys := make(map[uint64]bool, n), make([]uint64, 0, n)
	for len(decoys) < n {
		if i := random.Uint64N(uint64(l.Size)); !seen[i] {
			seen[i] = true
			decoys = append(decoys, i)
		}
	}
	return decoys
}

// set makes invalid what decoys are invalid at the version of the list: with each change none, one or two more.
func (l List) set(bits *statuslist.List) error {
	decoys := l.Decoys()
	if len(decoys) == 0 {
		return nil
	}
	seed := [32]byte(l.Seed)
	seed[0] ^= 0xff
	random := generator(seed)
	n := 0
	for version := int64(1); version < l.Version && n < len(decoys); version++ {
		n += random.IntN(3)
	}
	for _, i := range decoys[:min(n, len(decoys))] {
		if err := bits.Set(i, statuslist.Invalid); err != nil {
			return err
		}
	}
	return nil
}

// generator gives the same numbers for the same seed, for good. The seed itself is of crypto/rand.
func generator(seed [32]byte) *rand.Rand {
	return rand.New(rand.NewChaCha8(seed)) //nolint:gosec // G404: ChaCha8 cannot be foreseen without its seed
}
