package app

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"lommebok.example/minid"
)

// hub brings login attempts to the streams of this process. One goroutine asks the database for all of them, as long as
// there is one: the attempt may have been started at another replica, and asking works alike on SQLite and PostgreSQL.
// (LISTEN and NOTIFY would spare the asking, on PostgreSQL alone, for a connection of its own and a second way to keep
// right.) What was in a stream when it broke is asked for anew by the next one, so nothing need be kept here.
type hub struct {
	mu      sync.Mutex
	streams []*stream // oldest first
	wake    chan struct{}
	closed  bool
}

// stream is one app that listens. news holds the newest list only.
type stream struct {
	device string
	news   chan []minid.Attempt
	over   chan struct{} // closed when the stream is to end
	told   string        // identifiers in the newest list; of the asking goroutine alone
	begun  bool
}

const (
	maxStreams     = 4096 // of a process
	streamsADevice = 2    // a phone that changes its network opens the next before the last is known to be dead
)

var (
	errStreams = errors.New("app: too many streams")
	errClosed  = errors.New("app: the service stops")
)

// open adds a stream. Of more than two of a device the oldest ends.
func (h *hub) open(device string, begin func(wake <-chan struct{})) (*stream, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, errClosed
	}
	if len(h.streams) >= maxStreams {
		return nil, errStreams
	}
	own := 0
	for i := len(h.streams) - 1; i >= 0; i-- {
		if h.streams[i].device != device {
			continue
		}
		if own++; own == streamsADevice {
			h.end(i)
			break
		}
	}
	s := &stream{device: device, news: make(chan []minid.Attempt, 1), over: make(chan struct{})}
	h.streams = append(h.streams, s)
	if h.wake == nil {
		h.wake = make(chan struct{}, 1)
		begin(h.wake)
	}
	select {
	case h.wake <- struct{}{}:
	default: // it is awake
	}
	return s, nil
}

// end takes the i-th stream out. The caller holds mu.
func (h *hub) end(i int) {
	close(h.streams[i].over)
	h.streams = append(h.streams[:i:i], h.streams[i+1:]...)
}

// leave is told of a stream that has ended by itself.
func (h *hub) leave(s *stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, one := range h.streams {
		if one == s {
			h.end(i)
			return
		}
	}
}

// all gives the streams, and false when there are none: then the asking ends with this call.
func (h *hub) all() ([]*stream, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.streams) == 0 {
		h.wake = nil
		return nil, false
	}
	return append([]*stream(nil), h.streams...), true
}

// Close ends all streams and takes no more: apps ask the next replica.
func (s *Server) Close() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	s.hub.closed = true
	for len(s.hub.streams) > 0 {
		s.hub.end(0)
	}
}

// ask asks until no stream is left.
func (s *Server) ask(wake <-chan struct{}) {
	ticker := time.NewTicker(s.Times.orDefault().Poll)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-wake:
		}
		streams, some := s.hub.all()
		if !some {
			return
		}
		if err := s.bring(context.Background(), streams); err != nil && s.Log != nil {
			s.Log.Error("streams", slog.String("cause", err.Error()))
		}
	}
}

// bring gives each stream the list of its device when it is another than before, and ends those whose device is paired no
// more.
func (s *Server) bring(ctx context.Context, streams []*stream) error {
	devices := make([]string, 0, len(streams))
	for _, one := range streams {
		devices = append(devices, one.device)
	}
	open, err := s.Core.OpenAttempts(ctx, devices)
	if err != nil {
		return err
	}
	for _, one := range streams {
		attempts, paired := open[one.device]
		if !paired {
			s.hub.leave(one)
			continue
		}
		one.offer(attempts)
	}
	return nil
}

// offer puts a list in place of one that was not taken yet.
func (s *stream) offer(attempts []minid.Attempt) {
	ids := make([]string, 0, len(attempts))
	for _, a := range attempts {
		ids = append(ids, a.ID)
	}
	told := strings.Join(ids, " ")
	if s.begun && told == s.told {
		return
	}
	s.begun, s.told = true, told
	select {
	case <-s.news:
	default:
	}
	s.news <- attempts
}
