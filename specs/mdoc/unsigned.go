package mdoc

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"
	"sync"
	"time"

	"lommebok.example/specs/cose"
)

const (
	randomLen   = 32                // bytes of random in each item; the standard asks for 16
	shuffleLen  = 8                 // bytes of randomness for one step of the shuffle
	itemDepth   = cose.MaxDepth - 1 // an element value stands inside the map of its item
	version1    = "1.0"
	sha256Name  = "SHA-256"
	digestIDEnd = 1 << 31   // digestID is below this, 9.1.2.5
	digestIDMax = 1<<32 - 1 // the highest that is read: there are issuers that draw 32 bits, and nothing rests on the bound
)

// Unsigned is an mdoc that lacks only the issuer's signature: its bytes are final, so
// that what is looked at before signing is what is signed. It signs once or often.
type Unsigned struct {
	nameSpaces         []byte // IssuerNameSpaces
	payload            []byte // MobileSecurityObjectBytes, #6.24(bstr .cbor MobileSecurityObject)
	signed, validUntil time.Time
}

// Prepare encodes the items with fresh randoms and digestIDs and the mobile security
// object over them. It refuses, with ErrTemplate, ErrElement, ErrTimes or ErrKey, what
// must not be issued whoever signs.
func Prepare(t Template) (*Unsigned, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	groups, err := t.groups()
	if err != nil {
		return nil, err
	}
	e := encoders.Get().(*encoder)
	defer e.free()
	if err := e.randomize(len(t.Elements)); err != nil {
		return nil, err
	}
	if err := e.nameSpaces(groups); err != nil {
		return nil, err
	}
	if err := e.mobileSecurityObject(&t); err != nil {
		return nil, err
	}
	return &Unsigned{
		nameSpaces: bytes.Clone(e.items), payload: cose.Encoded(e.object).Bytes(),
		signed: seconds(t.Signed), validUntil: seconds(t.ValidUntil),
	}, nil
}

// View reads IssuerNameSpaces and MobileSecurityObjectBytes as a reader would. As what it
// gives has no issuerAuth, VerifySignature of it fails.
func View(nameSpaces, payload []byte) (*IssuerSigned, error) {
	i := new(IssuerSigned)
	r := cose.NewReader(nameSpaces)
	i.parseNameSpaces(r)
	if r.Err() != nil {
		return nil, r.Err()
	}
	if err := i.parseMSO(payload); err != nil {
		return nil, err
	}
	return i, nil
}

// View reads the bytes that will be signed.
func (u *Unsigned) View() (*IssuerSigned, error) { return View(u.nameSpaces, u.payload) }

// NameSpaces is IssuerNameSpaces.
func (u *Unsigned) NameSpaces() []byte { return append([]byte(nil), u.nameSpaces...) }

// Payload is MobileSecurityObjectBytes, the payload of issuerAuth.
func (u *Unsigned) Payload() []byte { return append([]byte(nil), u.payload...) }

// encoder writes the two halves of an mdoc and keeps the digests that join them. Its
// memory lasts no longer than a call.
type encoder struct {
	drawn   []byte // all the randomness of one document
	random  []byte // the part of it not yet used
	items   []byte // IssuerNameSpaces
	digests []byte // valueDigests
	object  []byte // MobileSecurityObject
	scratch []byte // one item
	ids     []uint64
	sums    [][sha256.Size]byte
}

var encoders = sync.Pool{New: func() any { return new(encoder) }}

// maxKept is the largest memory that is kept for the next document.
const maxKept = 256 << 10

// free wipes the memory, since elements are personal, and keeps it for the next document.
func (e *encoder) free() {
	if cap(e.items)+cap(e.scratch) > maxKept {
		return
	}
	for _, b := range []*[]byte{&e.drawn, &e.items, &e.digests, &e.object, &e.scratch} {
		clear((*b)[:cap(*b)])
		*b = (*b)[:0]
	}
	e.random = nil
	encoders.Put(e)
}

// randomize draws what n elements need, in one read.
func (e *encoder) randomize(n int) error {
	e.drawn = slices.Grow(e.drawn, (randomLen+shuffleLen)*n)[:(randomLen+shuffleLen)*n]
	if _, err := rand.Read(e.drawn); err != nil {
		return fmt.Errorf("mdoc: random: %w", err)
	}
	e.random = e.drawn
	return nil
}

func (e *encoder) take(n int) []byte {
	b := e.random[:n]
	e.random = e.random[n:]
	return b
}

func (e *encoder) nameSpaces(groups []*group) error {
	e.items = cose.AppendMap(e.items, len(groups))
	e.digests = cose.AppendMap(e.digests, len(groups))
	for _, g := range groups {
		if err := e.group(g); err != nil {
			return err
		}
	}
	return nil
}

// group writes the items in the order of the template and their digests in the order of
// digestID. The digestIDs are 0 to n-1 in random order, so that copies of one document
// cannot be told to belong together, nor an element guessed from its number.
func (e *encoder) group(g *group) error {
	ids := e.shuffle(len(g.elements))
	e.sums = slices.Grow(e.sums[:0], len(ids))[:len(ids)]
	sums := e.sums
	e.items = cose.AppendArray(cose.AppendText(e.items, g.namespace), len(g.elements))
	for n, element := range g.elements {
		if err := e.item(ids[n], element); err != nil {
			return err
		}
		start := len(e.items)
		e.items = cose.AppendEncoded(e.items, e.scratch)
		sums[ids[n]] = sha256.Sum256(e.items[start:])
	}
	e.digests = cose.AppendMap(cose.AppendText(e.digests, g.namespace), len(sums))
	for id := range sums {
		e.digests = cose.AppendBytes(cose.AppendUint(e.digests, uint64(id)), sums[id][:])
	}
	return nil
}

// shuffle is that of Fisher and Yates. Scaling 64 random bits to the range errs by less
// than the range in 2^64.
func (e *encoder) shuffle(n int) []uint64 {
	e.ids = slices.Grow(e.ids[:0], n)[:n]
	ids := e.ids
	for i := range ids {
		j, _ := bits.Mul64(binary.BigEndian.Uint64(e.take(shuffleLen)), uint64(i+1))
		ids[i] = ids[j]
		ids[j] = uint64(i)
	}
	return ids
}

// item writes an IssuerSignedItem into scratch, 8.3.2.1.2.2:
//
//	{"digestID": uint, "random": bstr, "elementIdentifier": tstr, "elementValue": any}
func (e *encoder) item(id uint64, element *Element) error {
	b := cose.AppendMap(e.scratch[:0], 4)
	b = cose.AppendUint(cose.AppendText(b, "digestID"), id)
	b = cose.AppendBytes(cose.AppendText(b, "random"), e.take(randomLen))
	b = cose.AppendText(cose.AppendText(b, "elementIdentifier"), element.Identifier)
	b, err := cose.AppendValue(cose.AppendText(b, "elementValue"), element.Value, itemDepth)
	if err != nil {
		return fmt.Errorf("%s in %s: %w", element.Identifier, element.Namespace, err)
	}
	e.scratch = b
	return nil
}

// mobileSecurityObject writes a MobileSecurityObject, 9.1.2.4:
//
//	{"version", "digestAlgorithm", "valueDigests", "deviceKeyInfo", "docType",
//	 "validityInfo", ? "status"}
func (e *encoder) mobileSecurityObject(t *Template) error {
	members := 6
	if t.Status != nil || t.Identifier != nil {
		members++
	}
	b := cose.AppendMap(e.object, members)
	b = cose.AppendText(cose.AppendText(b, "version"), version1)
	b = cose.AppendText(cose.AppendText(b, "digestAlgorithm"), sha256Name)
	b = append(cose.AppendText(b, "valueDigests"), e.digests...)
	b = cose.AppendText(cose.AppendMap(cose.AppendText(b, "deviceKeyInfo"), 1), "deviceKey")
	b, err := cose.AppendKey(b, t.DeviceKey)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrKey, err)
	}
	b = cose.AppendText(cose.AppendText(b, "docType"), t.DocType)
	b, err = appendValidity(cose.AppendText(b, "validityInfo"), t)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrTimes, err)
	}
	e.object = appendStatus(b, t)
	return nil
}

func appendStatus(b []byte, t *Template) []byte {
	switch {
	case t.Status != nil:
		b = cose.AppendText(cose.AppendMap(cose.AppendText(b, "status"), 1), "status_list")
		b = cose.AppendUint(cose.AppendText(cose.AppendMap(b, 2), "idx"), t.Status.Index)
		b = cose.AppendText(cose.AppendText(b, "uri"), t.Status.URI)
	case t.Identifier != nil:
		b = cose.AppendText(cose.AppendMap(cose.AppendText(b, "status"), 1), "identifier_list")
		b = cose.AppendBytes(cose.AppendText(cose.AppendMap(b, 2), "id"), t.Identifier.ID)
		b = cose.AppendText(cose.AppendText(b, "uri"), t.Identifier.URI)
	}
	return b
}

func appendValidity(b []byte, t *Template) ([]byte, error) {
	b = cose.AppendMap(b, 3)
	var err error
	for _, m := range []struct {
		name string
		at   time.Time
	}{{"signed", t.Signed}, {"validFrom", t.ValidFrom}, {"validUntil", t.ValidUntil}} {
		if b, err = cose.AppendTDate(cose.AppendText(b, m.name), m.at); err != nil {
			return nil, err
		}
	}
	return b, nil
}
