package phone

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid/app"
	"lommebok.example/web"
)

// noteEvery is how often the page is told how long the codes stand.
const noteEvery = 5 * time.Second

// events tells the page of the telephone what has changed, as server-sent events: changed with the id of a part of the
// page, which the script then asks for anew, added with the id of a list that has more, and note with a web.PollAnswer. It follows the MinID apps as long as
// somebody looks.
func (f *Face) events(c *gin.Context) {
	devices, err := f.Devices.List()
	if err != nil {
		f.site.Failure(c, err)
		return
	}
	ctx, cancel := context.WithCancel(c.Request.Context())
	defer cancel()
	waiting := make(chan int, 1)
	for _, one := range devices {
		go f.follow(ctx, one, waiting)
	}
	if !f.streams(c) {
		return
	}
	if err := f.tellPage(ctx, c, waiting); err != nil {
		f.Log.Debug("the page has gone", "cause", err.Error())
	}
}

// follow counts what waits for a device. Why it ended, such as that MinID no longer knows the device, is seen on the page.
func (f *Face) follow(ctx context.Context, one *Device, waiting chan<- int) {
	_ = f.Devices.Follow(ctx, one, func(list []app.PendingAttempt) {
		select {
		case waiting <- len(list):
		case <-ctx.Done():
		}
	})
	if ctx.Err() == nil {
		select {
		case waiting <- 0:
		case <-ctx.Done():
		}
	}
}

func (f *Face) tellPage(ctx context.Context, c *gin.Context, waiting <-chan int) error {
	lang := web.Lang(c)
	note := func(text string) error {
		raw, err := json.Marshal(web.PollAnswer{Text: text, Note: f.left(lang, secondsLeft(f.Now()))})
		if err != nil {
			return err
		}
		return event(c, "note", string(raw))
	}
	text := f.site.T(lang, "wallet.phone.live")
	notes := time.NewTicker(noteEvery)
	defer notes.Stop()
	codes := time.NewTimer(time.Duration(secondsLeft(f.Now())) * time.Second)
	defer codes.Stop()
	grown := f.grown(ctx, c.Query("from"))
	for err := errors.Join(event(c, "changed", "codes"), note(text)); ; { // who comes back to the page has old codes
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-f.stopped:
			return nil
		case <-grown:
			err = event(c, "added", "timeline")
		case <-notes.C:
			err = note(text)
		case <-codes.C:
			codes.Reset(time.Duration(secondsLeft(f.Now())) * time.Second)
			err = event(c, "changed", "codes")
		case n := <-waiting:
			if text = f.site.T(lang, "wallet.phone.live"); n > 0 {
				text = f.site.T(lang, "phone.waits")
			}
			err = errors.Join(event(c, "changed", "app"), note(text))
		}
	}
}

// Close ends what has no end of its own, when the simulator stops.
func (f *Face) Close() { f.closing.Do(func() { close(f.stopped) }) }
