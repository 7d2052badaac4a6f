package mdoc

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/ecdsa"
	_ "crypto/sha512" // registers SHA-384 and SHA-512
	"fmt"
	"slices"
	"time"

	"lommebok.example/specs/cose"
)

// MSO is the mobile security object, 9.1.2.4, as far as it is used here. Members not
// named are ignored.
type MSO struct {
	Version         string
	DigestAlgorithm string // "SHA-256", "SHA-384" or "SHA-512"
	DocType         string
	Signed          time.Time
	ValidFrom       time.Time
	ValidUntil      time.Time
	Status          *StatusRef     // nil when there is no status_list
	Identifier      *IdentifierRef // nil when there is no identifier_list
	StatusUnread    bool           // there is a status by neither mechanism: it cannot be known from here

	hash         crypto.Hash
	digests      map[string][]valueDigest
	deviceKey    *ecdsa.PublicKey
	deviceKeyErr error // kept, so that a bad key hides no other check
}

var hashes = map[string]crypto.Hash{sha256Name: crypto.SHA256, "SHA-384": crypto.SHA384, "SHA-512": crypto.SHA512}

// parseMSO reads MobileSecurityObjectBytes: #6.24(bstr .cbor MobileSecurityObject).
func parseMSO(payload []byte) (*MSO, error) {
	outer := cose.NewReader(payload)
	content := outer.Encoded()
	if outer.Err() != nil {
		return nil, fmt.Errorf("mobile security object: %w", outer.Err())
	}
	m := new(MSO)
	r := cose.NewReader(content)
	var deviceKey cose.RawMessage
	for range r.Map() {
		switch r.Text() {
		case "version":
			m.Version = r.Text()
		case "digestAlgorithm":
			m.DigestAlgorithm = r.Text()
		case "valueDigests":
			m.parseDigests(r)
		case "deviceKeyInfo":
			deviceKey = member(r, "deviceKey")
		case "docType":
			m.DocType = r.Text()
		case "validityInfo":
			m.parseValidity(r)
		case "status":
			m.parseStatus(r)
		default:
			r.Skip()
		}
	}
	if r.Err() != nil {
		return nil, fmt.Errorf("mobile security object: %w", r.Err())
	}
	return m, m.check(deviceKey)
}

// member reads a map with text keys and gives the one member asked for, or nil.
func member(r *cose.Reader, name string) cose.RawMessage {
	var found cose.RawMessage
	for range r.Map() {
		key, raw := r.Text(), r.Raw()
		if key == name {
			found = raw
		}
	}
	return found
}

// valueDigest is one entry of valueDigests.
type valueDigest struct {
	id  uint64
	sum []byte
}

func byID(a, b valueDigest) int { return cmp.Compare(a.id, b.id) }

func (m *MSO) parseDigests(r *cose.Reader) {
	n := r.Map()
	m.digests = make(map[string][]valueDigest, n)
	for range n {
		ns := r.Text()
		count := r.Map()
		digests := make([]valueDigest, 0, count)
		for range count {
			digests = append(digests, valueDigest{id: r.Uint(), sum: r.Bytes()})
		}
		slices.SortFunc(digests, byID)
		m.digests[ns] = digests
	}
}

// Digests is the number of digests in all namespaces.
func (m *MSO) Digests() int {
	n := 0
	for _, digests := range m.digests {
		n += len(digests)
	}
	return n
}

// lookup gives the digest of an item, or nil when the issuer vouched for none.
func (m *MSO) lookup(ns string, id uint64) []byte {
	digests := m.digests[ns]
	at, found := slices.BinarySearchFunc(digests, valueDigest{id: id}, byID)
	if !found {
		return nil
	}
	return digests[at].sum
}

func (m *MSO) parseValidity(r *cose.Reader) {
	for range r.Map() {
		switch r.Text() {
		case "signed":
			m.Signed = r.TDate()
		case "validFrom":
			m.ValidFrom = r.TDate()
		case "validUntil":
			m.ValidUntil = r.TDate()
		default:
			r.Skip()
		}
	}
}

// parseStatus reads the mechanisms that are known; what says more than one is to be asked by each.
func (m *MSO) parseStatus(r *cose.Reader) {
	m.StatusUnread = true
	for range r.Map() {
		switch r.Text() {
		case "status_list":
			m.StatusUnread = false
			m.parseStatusList(r)
		case "identifier_list":
			m.StatusUnread = false
			m.parseIdentifierList(r)
		default:
			r.Skip()
		}
	}
}

func (m *MSO) parseIdentifierList(r *cose.Reader) {
	ref := new(IdentifierRef)
	for range r.Map() {
		switch r.Text() {
		case "id":
			ref.ID = bytes.Clone(r.Bytes())
		case "uri":
			ref.URI = r.Text()
		default:
			r.Skip()
		}
	}
	if len(ref.ID) == 0 || ref.URI == "" {
		r.Fail(fmt.Errorf("%w: identifier_list without id or uri", ErrMalformed))
	}
	m.Identifier = ref
}

func (m *MSO) parseStatusList(r *cose.Reader) {
	status := new(StatusRef)
	index := false
	for range r.Map() {
		switch r.Text() {
		case "idx":
			status.Index = r.Uint()
			index = true
		case "uri":
			status.URI = r.Text()
		default:
			r.Skip()
		}
	}
	if !index || status.URI == "" {
		r.Fail(fmt.Errorf("%w: status_list without idx or uri", ErrMalformed))
	}
	m.Status = status
}

func (m *MSO) check(deviceKey cose.RawMessage) error {
	if m.Version != version1 {
		return fmt.Errorf("%w: mobile security object", ErrVersion)
	}
	hash, known := hashes[m.DigestAlgorithm]
	if !known {
		return ErrAlgorithm
	}
	m.hash = hash
	if m.DocType == "" || len(m.digests) == 0 || deviceKey == nil {
		return fmt.Errorf("%w: mobile security object without docType, valueDigests or deviceKey", ErrMalformed)
	}
	if m.Signed.IsZero() || m.ValidFrom.IsZero() || m.ValidUntil.IsZero() {
		return fmt.Errorf("%w: validityInfo without signed, validFrom or validUntil", ErrMalformed)
	}
	m.deviceKey, m.deviceKeyErr = cose.ParseKey(deviceKey)
	return nil
}
