package phone

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/transaction"
	"lommebok.example/wallet-sim/journal"
)

// timelineView is what was sent and got, the latest first.
type timelineView struct {
	Rows []rowView
	Next int64 // where the journal goes on
}

// rowView is one request with its answer.
type rowView struct {
	transaction.Entry
	ID         string
	Clock, ISO string
	Took       string
	Outcome    string // served or refused
	URL, Curl  string
}

const (
	besideRows = 15   // beside the phone
	pageRows   = 200  // on a page of their own
	maxArchive = 5000 // in a HAR
)

// timeline is the latest of the journal.
func (f *Face) timeline(rows int) (timelineView, error) {
	lines, next, err := f.Journal.Last(rows)
	if err != nil {
		return timelineView{}, err
	}
	v := timelineView{Next: next}
	for _, line := range slices.Backward(lines) {
		e, err := line.Entry()
		if err != nil {
			return v, err
		}
		v.Rows = append(v.Rows, rowOf(line, e))
	}
	return v, nil
}

func rowOf(line journal.Line, e *transaction.Entry) rowView {
	v := rowView{
		Entry: *e, ID: fmt.Sprintf("e%d-%d", line.At, e.At.Unix()), Clock: e.At.Local().Format("15:04:05"), ISO: e.At.UTC().Format(time.RFC3339Nano),
		Took: fmt.Sprintf("%.1f ms", float64(e.Micros)/1000), Outcome: "served", URL: e.Request.Path, Curl: transaction.Curl("", e),
	}
	if e.Refusal != nil || e.Failed != "" {
		v.Outcome = "refused"
	}
	return v
}

func (f *Face) timelinePage(c *gin.Context) { f.show(c, http.StatusOK, "wallet_timeline", nil) }

// archive exports the journal as HTTP Archive 1.2.
func (f *Face) archive(c *gin.Context) {
	lines, _, err := f.Journal.Last(maxArchive)
	if err != nil {
		f.site.Failure(c, err)
		return
	}
	entries := make([]transaction.Entry, 0, len(lines))
	for _, line := range lines {
		e, err := line.Entry()
		if err != nil {
			f.site.Failure(c, err)
			return
		}
		entries = append(entries, *e)
	}
	c.Header("Cache-Control", "no-store")
	c.Header("Content-Disposition", `attachment; filename="timeline.har"`)
	c.JSON(http.StatusOK, transaction.Archive("", entries))
}

// timelineEvents tells a page that the timeline goes on, as long as somebody looks.
func (f *Face) timelineEvents(c *gin.Context) {
	if !f.streams(c) {
		return
	}
	if err := f.followTimeline(c); err != nil {
		f.Log.Debug("the page has gone", "cause", err.Error())
	}
}

func (f *Face) followTimeline(c *gin.Context) error {
	grown := f.grown(c.Request.Context(), c.Query("from"))
	for {
		select {
		case <-c.Request.Context().Done():
			return nil
		case <-f.stopped:
			return nil
		case <-grown:
			if err := event(c, "added", "timeline"); err != nil {
				return err
			}
		}
	}
}

// lookEvery is how often the journal is looked at: other processes write to it too.
const lookEvery = 200 * time.Millisecond

// grown tells each time when there is more in the journal than before, at first than up to from. It ends with ctx.
func (f *Face) grown(ctx context.Context, from string) <-chan struct{} {
	end, err := strconv.ParseInt(from, 10, 64)
	if err != nil || end < 0 {
		end = 0
	}
	told := make(chan struct{}, 1)
	go func() {
		looks := time.NewTicker(lookEvery)
		defer looks.Stop()
		for {
			lines, next, err := f.Journal.From(end)
			if err != nil {
				f.Log.Warn("the timeline cannot be followed", "cause", err.Error())
				return
			}
			if end = next; len(lines) > 0 {
				select {
				case told <- struct{}{}:
				default: // it is told already
				}
			}
			select {
			case <-ctx.Done():
				return
			case <-f.stopped:
				return
			case <-looks.C:
			}
		}
	}()
	return told
}

// event writes one server-sent event.
func event(c *gin.Context, name, data string) error {
	if _, err := c.Writer.WriteString("event: " + name + "\ndata: " + data + "\n\n"); err != nil {
		return err
	}
	return http.NewResponseController(c.Writer).Flush()
}

// streams prepares an answer of server-sent events, whose first bytes say that it has begun; false when the answer has been written.
func (f *Face) streams(c *gin.Context) bool {
	rc := http.NewResponseController(c.Writer)
	if err := errors.Join(rc.SetReadDeadline(time.Time{}), rc.SetWriteDeadline(time.Time{})); err != nil {
		f.site.Failure(c, err)
		return false
	}
	c.Header("Content-Type", "text/event-stream")
	c.Header("Cache-Control", "no-store")
	if _, err := c.Writer.WriteString(":\n\n"); err != nil {
		return false
	}
	return rc.Flush() == nil
}
