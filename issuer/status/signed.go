package status

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/specs/statuslist"
)

// signed is a list as ready bytes, in each form in which it may be asked for.
type signed struct {
	version        int64
	renew          time.Time
	jwt, gzip, cwt form
}

// form is the body of an answer with its entity tag.
type form struct {
	body []byte
	etag string
}

func newForm(body []byte) form {
	sum := sha256.Sum256(body)
	return form{body, `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`}
}

// sign makes all forms of a list that is so from iat until exp.
func (s *Service) sign(list List, entries []Entry, iat, exp time.Time) (*signed, error) {
	bits, err := list.packed(entries)
	if err != nil {
		return nil, err
	}
	bits.AggregationURI = s.AggregationURI()
	uri := s.URI(list.ID)
	key, chain := s.Signer()
	jwt, err := statuslist.SignJWT(key, chain, bits, uri, iat, exp, TTL)
	if err != nil {
		return nil, err
	}
	cwt, err := statuslist.SignCWT(key, chain, bits, uri, iat, exp, TTL)
	if err != nil {
		return nil, err
	}
	packed, err := zipped(jwt)
	if err != nil {
		return nil, err
	}
	return &signed{
		version: list.Version, renew: iat.Add(lifetime / 2), jwt: newForm([]byte(jwt)), gzip: newForm(packed), cwt: newForm(cwt),
	}, nil
}

// packed is the list with its entries and decoys.
func (l List) packed(entries []Entry) (*statuslist.List, error) {
	bits := statuslist.New(l.Bits, l.Size)
	if err := l.set(bits); err != nil {
		return nil, fmt.Errorf("status: decoys of list %s: %w", l.ID, err)
	}
	for _, e := range entries {
		if err := bits.Set(e.Index, e.Status); err != nil {
			return nil, fmt.Errorf("status: entry %d of list %s: %w", e.Index, l.ID, err)
		}
	}
	return bits, nil
}

// zipped takes back what base64 adds to what is compressed already.
func zipped(text string) ([]byte, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		return nil, err
	}
	err := w.Close()
	return b.Bytes(), err
}

// write sends the form that is asked for (section 8.2).
func (l *signed) write(c *gin.Context) {
	h := c.Writer.Header()
	h.Set("Vary", "Accept, Accept-Encoding")
	is, media := l.jwt, statuslist.MediaTypeJWT
	switch {
	case wantsCWT(c.GetHeader("Accept")):
		is, media = l.cwt, statuslist.MediaTypeCWT
	case takesGzip(c.GetHeader("Accept-Encoding")):
		is = l.gzip
		h.Set("Content-Encoding", "gzip")
	}
	is.write(c, media)
}

// write sends a form, or 304 to whoever has it.
func (f form) write(c *gin.Context, media string) {
	h := c.Writer.Header()
	h.Set("Cache-Control", cacheControl)
	h.Set("ETag", f.etag)
	if matches(c.GetHeader("If-None-Match"), f.etag) {
		h.Del("Content-Encoding")
		c.Status(http.StatusNotModified)
		return
	}
	c.Data(http.StatusOK, media, f.body)
}

// matches compares entity tags weakly (RFC 9110 section 13.1.2).
func matches(header, etag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		if part = strings.TrimSpace(part); part == "*" || strings.TrimPrefix(part, "W/") == etag {
			return true
		}
	}
	return false
}
