package serve

import (
	"errors"
	"net/http"
	"time"
)

// Stream writes server-sent events (HTML Living Standard section 9.2) to one reader. The limits of the server are those of a
// short answer, so it has its own.
type Stream struct {
	w     http.ResponseWriter
	rc    *http.ResponseController
	limit time.Duration
}

// TakesLong takes away the limits of the server, which are those of a short answer: at the one for writing nothing could be sent any more,
// and at the one for reading the request's context would end. Who answers has limits of their own.
func TakesLong(w http.ResponseWriter) error {
	rc := http.NewResponseController(w)
	return errors.Join(rc.SetReadDeadline(time.Time{}), rc.SetWriteDeadline(time.Time{}))
}

// NewStream begins the answer. limit is for one write to a slow reader.
func NewStream(w http.ResponseWriter, limit time.Duration) (*Stream, error) {
	s := &Stream{w: w, rc: http.NewResponseController(w), limit: limit}
	if err := TakesLong(w); err != nil {
		return nil, err
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // a proxy that keeps what it gets until it has more
	w.WriteHeader(http.StatusOK)
	return s, s.rc.Flush()
}

// Event writes an event with data on one line.
func (s *Stream) Event(name string, data []byte) error {
	return s.write("event: " + name + "\ndata: " + string(data) + "\n\n")
}

// Beat writes a sign of life, which readers ignore.
func (s *Stream) Beat() error { return s.write(": beat\n\n") }

func (s *Stream) write(text string) error {
	return Within(s.w, s.limit, func() error {
		_, err := s.w.Write([]byte(text))
		return err
	})
}

// Within writes to a reader who may be slow, where the limits of the server are put away. A write that takes longer than limit
// ends by a deadline in the past, which needs no clock.
func Within(w http.ResponseWriter, limit time.Duration, write func() error) error {
	rc := http.NewResponseController(w)
	late := time.AfterFunc(limit, func() { _ = rc.SetWriteDeadline(time.Unix(1, 0)) })
	defer late.Stop()
	if err := write(); err != nil {
		return err
	}
	return rc.Flush()
}
