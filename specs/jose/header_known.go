package jose

import (
	"crypto/x509"
	"slices"
	"strings"
	"sync"
)

// Bounds of the headers remembered; together some megabytes at most.
const (
	maxKnown     = 64
	maxKnownText = 16 << 10
)

// knownHeader is what a header with x5c was read to, before any rule was applied:
// an issuer signs thousands of tokens under one header, and reading its
// certificates costs as much as a tenth of a signature.
type knownHeader struct {
	list []member
	x5c  []*x509.Certificate
}

// chain is a slice of the caller's own; the certificates are never written to.
func (k knownHeader) chain() []*x509.Certificate {
	return slices.Clone(k.x5c)
}

// known remembers headers by the text they were sent as. It says nothing of trust:
// the same text is read to the same members, whoever sent it. A stranger can push
// others out, which costs time and nothing else.
type known struct {
	mu     sync.RWMutex
	byText map[string]knownHeader
}

var knownHeaders known

func (k *known) find(text string) knownHeader {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.byText[text]
}

// keep makes room by dropping any other.
func (k *known) keep(text string, h knownHeader) {
	if len(text) > maxKnownText {
		return
	}
	h.x5c = h.chain()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.byText == nil {
		k.byText = make(map[string]knownHeader)
	}
	for old := range k.byText {
		if len(k.byText) < maxKnown {
			break
		}
		delete(k.byText, old)
	}
	k.byText[strings.Clone(text)] = h // the text is a part of something larger
}
