package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/serve"
	"lommebok.example/verifier/presentation"
)

// Times are those of who waits. Zero values mean half a second, 15 s and 10 s.
type Times struct {
	Poll  time.Duration // between two questions to the database: an answer may come in at another replica
	Beat  time.Duration // between two signs of life of a stream where there is no news
	Write time.Duration // for one write to a slow reader
}

func (t Times) orDefault() Times {
	for field, value := range map[*time.Duration]time.Duration{
		&t.Poll: 500 * time.Millisecond, &t.Beat: 15 * time.Second, &t.Write: 10 * time.Second,
	} {
		if *field == 0 {
			*field = value
		}
	}
	return t
}

const (
	maxWait    = 30  // seconds of a long poll
	maxWaiting = 512 // long polls and streams of a process
	maxOfParty = 64  // of these, those of one party
)

// places bounds who waits.
type places struct {
	mu  sync.Mutex
	all int
	of  map[string]int // by the id of the party
}

// enter takes a place of the party: errPartyWaiting, errWaiting.
func (p *places) enter(party string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.of[party] == maxOfParty:
		return errPartyWaiting
	case p.all == maxWaiting:
		return errWaiting
	case p.of == nil:
		p.of = map[string]int{}
	}
	p.of[party]++
	p.all++
	return nil
}

func (p *places) leave(party string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.of[party]--
	p.all--
}

// await looks at a presentation, and with wait= again and again until it is as wanted or the time is up; then it tells. wanted is
// asked with the state at the beginning and the one now.
func (a *API) await(c *gin.Context, wanted func(then, now presentation.State) bool, tell func(*stateBody, *presentation.Result)) {
	told, r, err := a.waitFor(c, wanted)
	err = serve.Within(c.Writer, a.Times.orDefault().Write, func() error {
		if err != nil {
			a.refuse(c, err)
		} else {
			tell(told, r)
		}
		return nil
	})
	if err != nil {
		a.Log.DebugContext(c.Request.Context(), "long poll", "cause", err.Error())
	}
}

func (a *API) waitFor(c *gin.Context, wanted func(then, now presentation.State) bool) (*stateBody, *presentation.Result, error) {
	p, secret := found(c)
	wait, err := seconds(c.Query("wait"))
	if err != nil {
		return nil, nil, err
	}
	told, r, err := a.look(c.Request.Context(), p, secret)
	if err != nil || wait == 0 || wanted(told.State, told.State) {
		return told, r, err
	}
	if err := a.waiting.enter(p.Party); err != nil {
		return nil, nil, err
	}
	defer a.waiting.leave(p.Party)
	if err := drain(c); err != nil {
		return nil, nil, err
	}
	// The limits of the server are those of a short answer.
	rc := http.NewResponseController(c.Writer)
	if err := errors.Join(rc.SetReadDeadline(time.Time{}), rc.SetWriteDeadline(time.Time{})); err != nil {
		return nil, nil, err
	}
	then := told.State
	up := time.NewTimer(wait)
	defer up.Stop()
	ticker := time.NewTicker(a.Times.orDefault().Poll)
	defer ticker.Stop()
	for seen := ""; ; {
		select {
		case <-ticker.C:
		case <-up.C:
			return told, r, nil
		case <-a.closed:
			return told, r, nil
		case <-c.Request.Context().Done():
			return told, r, nil
		}
		now, result, err := a.lookAgain(c, &seen)
		if err != nil {
			return nil, nil, err
		}
		if now != nil {
			told, r = now, result
		}
		if wanted(then, told.State) {
			return told, r, nil
		}
	}
}

// drain reads a body to its end, while the server's limit for it holds: until then it is not seen that the client goes, and
// afterwards the server would wait for the rest of it without end.
func drain(c *gin.Context) error {
	if _, err := io.Copy(io.Discard, http.MaxBytesReader(c.Writer, c.Request.Body, maxBody)); err != nil {
		return invalid("", "body", "none, or a whole one of at most 65536 bytes", "a part of one, or more")
	}
	return nil
}

// lookAgain is look with what is kept by now: it may have been cancelled, or be gone. Nothing is looked at, and nil is given, when
// it stands as it did at the look before; seen is how it stood then, "" at first.
func (a *API) lookAgain(c *gin.Context, seen *string) (*stateBody, *presentation.Result, error) {
	ctx := c.Request.Context()
	p, secret := found(c)
	mark, err := a.Store.Mark(ctx, p.ID)
	if err != nil {
		return nil, nil, err
	}
	mark += fmt.Sprint(a.expired(p), a.Now().Before(p.Gone))
	if mark == *seen {
		return nil, nil, nil
	}
	*seen = mark
	p, err = a.Store.Presentation(ctx, p.ID, p.Party, p.Handle, a.Now())
	if err != nil {
		return nil, nil, err
	}
	return a.look(ctx, p, secret)
}

func seconds(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > maxWait {
		return 0, invalid("", "wait", "whole seconds, at most "+strconv.Itoa(maxWait), "another")
	}
	return time.Duration(n) * time.Second, nil
}

// events tells each state as it comes, until the last.
func (a *API) events(c *gin.Context) {
	p, _ := found(c)
	if err := a.waiting.enter(p.Party); err != nil {
		a.refuse(c, err)
		return
	}
	defer a.waiting.leave(p.Party)
	if err := drain(c); err != nil {
		a.refuse(c, err)
		return
	}
	seen := ""
	told, _, err := a.lookAgain(c, &seen)
	if err != nil {
		a.refuse(c, err)
		return
	}
	out, err := serve.NewStream(c.Writer, a.Times.orDefault().Write)
	if err == nil {
		err = a.follow(c, out, told, seen)
	}
	if err != nil {
		a.Log.DebugContext(c.Request.Context(), "stream", "cause", err.Error())
	}
}

// follow tells the states; told is the first, and seen its mark.
func (a *API) follow(c *gin.Context, out *serve.Stream, told *stateBody, seen string) error {
	t := a.Times.orDefault()
	ticker := time.NewTicker(t.Poll)
	defer ticker.Stop()
	beats := time.NewTicker(t.Beat)
	defer beats.Stop()
	for last := presentation.State(""); ; {
		if told != nil && told.State != last {
			last = told.State
			data, err := json.Marshal(told)
			if err != nil {
				return err
			}
			if err := out.Event("state", data); err != nil || final(last) {
				return err
			}
		}
		var err error
		select {
		case <-c.Request.Context().Done():
			return nil
		case <-a.closed:
			return nil
		case <-beats.C:
			err = out.Beat()
		case <-ticker.C:
			told, _, err = a.lookAgain(c, &seen)
		}
		if err != nil {
			return err
		}
	}
}
