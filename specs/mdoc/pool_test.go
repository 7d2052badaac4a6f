package mdoc

import (
	"bytes"
	"strings"
	"sync"
	"testing"
)

// The memory that documents are encoded in is used again: what one has given away must not change when another is made.
func TestWhatWasPreparedStays(t *testing.T) {
	w := newWorld(t)
	var wg sync.WaitGroup
	for _, letter := range []string{"a", "b"} {
		wg.Go(func() {
			for range 50 {
				template := w.twenty()
				for i := range template.Elements {
					template.Elements[i].Value = strings.Repeat(letter, 200)
				}
				u, err := Prepare(template)
				if err != nil {
					t.Error(err)
					return
				}
				nameSpaces, payload := bytes.Clone(u.nameSpaces), bytes.Clone(u.payload)
				if _, err := Prepare(w.twenty()); err != nil {
					t.Error(err)
				}
				if !bytes.Equal(u.nameSpaces, nameSpaces) || !bytes.Equal(u.payload, payload) {
					t.Error("what was prepared has changed")
					return
				}
			}
		})
	}
	wg.Wait()
}
