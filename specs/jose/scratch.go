package jose

import "sync"

// scratch is memory for a signing input, which lives no longer than a call.
type scratch struct{ text []byte }

// maxScratch is the largest memory that is kept for the next call.
const maxScratch = 64 << 10

var scratches = sync.Pool{New: func() any { return &scratch{text: make([]byte, 0, 4<<10)} }}

func newScratch() *scratch {
	return scratches.Get().(*scratch)
}

// free keeps the memory for the next call. What stood in it has been signed or
// verified in the open, so it need not be wiped.
func (s *scratch) free() {
	if cap(s.text) > maxScratch {
		return
	}
	s.text = s.text[:0]
	scratches.Put(s)
}
