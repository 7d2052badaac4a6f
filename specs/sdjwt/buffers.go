package sdjwt

import (
	"crypto/sha256"
	"sync"
)

// buffers is memory that an encoder or a hash works in, no longer than a call.
type buffers struct {
	payload, disclosures []byte

	digests [32][sha256.Size]byte // 32 disclosures are enough for most credentials
	random  [32 * saltSize]byte
	ends    [32]int
}

// maxKept is the largest memory that is kept for the next call.
const maxKept = 64 << 10

var pool = sync.Pool{New: func() any {
	return &buffers{payload: make([]byte, 0, 4<<10), disclosures: make([]byte, 0, 4<<10)}
}}

func newBuffers() *buffers { return pool.Get().(*buffers) }

// free wipes the memory, since claims are personal, and keeps it for the next call.
func (b *buffers) free() {
	if cap(b.payload) > maxKept || cap(b.disclosures) > maxKept {
		return
	}
	clear(b.payload[:cap(b.payload)])
	clear(b.disclosures[:cap(b.disclosures)])
	clear(b.random[:])
	b.payload, b.disclosures = b.payload[:0], b.disclosures[:0]
	pool.Put(b)
}
