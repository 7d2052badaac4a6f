package status

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/specs/statuslist"
)

// Identifier is the name of an entry on an identifier list (ISO/IEC 18013-5, second edition, 12.3.6). With twelve bytes a name two
// entries of a list are hardly ever alike (once in 2^63 lists of 2^17 entries), and a list that is wholly revoked stays within what
// readers take.
type Identifier [12]byte

// Identifier gives the name of an entry. It follows from the seed of the list, so that it need not be kept, every replica knows it,
// and nobody else can tell the names of a list from random ones nor find an index by a name. A list without a seed has no names; what
// comes of it then is zero.
func (l List) Identifier(index uint64) (id Identifier) {
	if !l.named() {
		return id
	}
	mac := hmac.New(sha256.New, l.Seed)
	_, _ = mac.Write(binary.BigEndian.AppendUint64([]byte("identifier"), index)) // never fails (hash.Hash)
	copy(id[:], mac.Sum(nil))
	return id
}

// named tells whether the list can be given as an identifier list, which knows nothing between valid and revoked.
func (l List) named() bool { return l.Bits == 1 && len(l.Seed) == 32 }

// IdentifiersURI gives the address of a list as an identifier list.
func (s *Service) IdentifiersURI(list string) string { return s.Issuer + "/identifierlists/" + list }

func (s *Service) getIdentifiers(c *gin.Context) {
	c.Header("Access-Control-Allow-Origin", "*")
	list, err := s.signed(c.Request.Context(), readyKey{list: c.Param("id"), identifiers: true})
	if err != nil {
		s.refuse(c, err)
		return
	}
	list.cwt.write(c, statuslist.MediaTypeIdentifiers)
}

// signIdentifiers makes the identifier list of what is revoked, and of the decoys that are.
func (s *Service) signIdentifiers(list List, entries []Entry, iat, exp time.Time) (*signed, error) {
	bits, err := list.packed(entries)
	if err != nil {
		return nil, err
	}
	var ids [][]byte
	for i := range bits.Len() {
		if is, err := bits.Get(i); err != nil {
			return nil, fmt.Errorf("status: entry %d of list %s: %w", i, list.ID, err)
		} else if is != statuslist.Valid {
			id := list.Identifier(i)
			ids = append(ids, id[:])
		}
	}
	key, chain := s.Signer()
	cwt, err := statuslist.SignIdentifiers(key, chain, ids, s.IdentifiersURI(list.ID), iat, exp, TTL)
	if err != nil {
		return nil, err
	}
	return &signed{version: list.Version, renew: iat.Add(lifetime / 2), cwt: newForm(cwt)}, nil
}
