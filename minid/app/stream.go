package app

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/serve"
	"lommebok.example/minid"
	"lommebok.example/specs/oauth2"
)

// Times are those of the streams. Zero values mean half a second, 15 s and 10 s.
type Times struct {
	Poll  time.Duration // between two questions to the database
	Beat  time.Duration // between two signs of life where there is no news
	Write time.Duration // for one write to a slow phone
}

func (t Times) orDefault() Times {
	for field, value := range map[*time.Duration]time.Duration{
		&t.Poll: 500 * time.Millisecond, &t.Beat: beat, &t.Write: 10 * time.Second,
	} {
		if *field == 0 {
			*field = value
		}
	}
	return t
}

const beat = 15 * time.Second

// events serves server-sent events (HTML Living Standard section 9.2) to a device, until it is paired no more, opened
// newer streams, or has listened for the life of a stream.
func (s *Server) events(c *gin.Context) {
	var body struct {
		Request string `json:"request"`
	}
	if !s.read(c, &body) {
		return
	}
	d, _, err := s.fromDevice(c.Request.Context(), body.Request, typRequest)
	if err != nil {
		s.write(c, http.StatusOK, err, nil)
		return
	}
	one, err := s.hub.open(d.ID, func(wake <-chan struct{}) { go s.ask(wake) })
	if err != nil {
		c.Header("Retry-After", "5")
		s.write(c, http.StatusOK, oauth2.NewError(http.StatusServiceUnavailable, TooManyStreams, "no more streams are served here now"), nil)
		return
	}
	defer s.hub.leave(one)
	if err := s.serve(c, one); err != nil && s.Log != nil {
		s.Log.DebugContext(c.Request.Context(), "stream", "cause", err.Error())
	}
}

// serve writes what the hub brings, and a comment when there is nothing for a while.
func (s *Server) serve(c *gin.Context, one *stream) error {
	t := s.Times.orDefault()
	out, err := serve.NewStream(c.Writer, t.Write)
	if err != nil {
		return err
	}
	beats := time.NewTicker(t.Beat)
	defer beats.Stop()
	life := time.NewTimer(s.Core.StreamLife())
	defer life.Stop()
	for {
		select {
		case <-c.Request.Context().Done():
			return nil
		case <-one.over:
			return nil
		case <-life.C:
			return nil
		case <-beats.C:
			err = out.Beat()
		case attempts := <-one.news:
			err = s.tell(c, out, attempts)
		}
		if err != nil {
			return err
		}
	}
}

// tell writes the list. Only then are its attempts sent.
func (s *Server) tell(c *gin.Context, out *serve.Stream, attempts []minid.Attempt) error {
	list, err := json.Marshal(attemptsBody{Attempts: shown(attempts)})
	if err != nil {
		return err
	}
	if err := out.Event("attempts", list); err != nil {
		return err
	}
	return s.Core.MarkSent(c.Request.Context(), attempts)
}
