package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
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
)

// await looks at a presentation, and with wait= again and again until it is as wanted or the time is up. wanted is asked with
// the state at the beginning and the one now.
func (a *API) await(c *gin.Context, wanted func(then, now presentation.State) bool) (*stateBody, *presentation.Result, error) {
	p, secret := found(c)
	wait, err := seconds(c.Query("wait"))
	if err != nil {
		return nil, nil, err
	}
	told, r, err := a.look(c.Request.Context(), p, secret)
	if err != nil || wait == 0 || wanted(told.State, told.State) {
		return told, r, err
	}
	if !a.enter() {
		return nil, nil, errWaiting
	}
	defer a.leave()
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
	for {
		select {
		case <-ticker.C:
		case <-up.C:
			return told, r, nil
		case <-a.closed:
			return told, r, nil
		case <-c.Request.Context().Done():
			return told, r, nil
		}
		if told, r, err = a.lookAgain(c); err != nil || wanted(then, told.State) {
			return told, r, err
		}
	}
}

// lookAgain is look with what is kept by now: it may have been cancelled, or be gone.
func (a *API) lookAgain(c *gin.Context) (*stateBody, *presentation.Result, error) {
	p, secret := found(c)
	p, err := a.Store.Presentation(c.Request.Context(), p.ID, p.Party, p.Handle, a.Now())
	if err != nil {
		return nil, nil, err
	}
	return a.look(c.Request.Context(), p, secret)
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

func (a *API) enter() bool {
	select {
	case a.waiting <- struct{}{}:
		return true
	default:
		return false
	}
}

func (a *API) leave() { <-a.waiting }

// events tells each state as it comes, until the last.
func (a *API) events(c *gin.Context) {
	if !a.enter() {
		a.refuse(c, errWaiting)
		return
	}
	defer a.leave()
	told, _, err := a.lookAgain(c)
	if err != nil {
		a.refuse(c, err)
		return
	}
	out, err := serve.NewStream(c.Writer, a.Times.orDefault().Write)
	if err == nil {
		err = a.follow(c, out, told)
	}
	if err != nil {
		a.Log.DebugContext(c.Request.Context(), "stream", "cause", err.Error())
	}
}

func (a *API) follow(c *gin.Context, out *serve.Stream, told *stateBody) error {
	t := a.Times.orDefault()
	ticker := time.NewTicker(t.Poll)
	defer ticker.Stop()
	beats := time.NewTicker(t.Beat)
	defer beats.Stop()
	for last := presentation.State(""); ; {
		if told.State != last {
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
			told, _, err = a.lookAgain(c)
		}
		if err != nil {
			return err
		}
	}
}
