package web

import (
	"math"
	"time"
	_ "time/tzdata" // a machine without time zones shows Norwegian time all the same
)

// Limit is a time limit of a page, for the partial "countdown": it tells when the time is up, warns a minute before, and
// gives a way on (WCAG 2.2, 2.2.1).
type Limit struct {
	TimeKey string // the texts <TimeKey>.until, with {time}, .over, and .again, the words of the way on
	Ends    time.Time
	Seconds int    // left when the page was made
	Again   string // local path that gives new time or starts again
}

// Until gives the limit with the seconds left at now.
func (l Limit) Until(now, ends time.Time) Limit {
	l.Ends, l.Seconds = ends, max(0, int(math.Ceil(ends.Sub(now).Seconds())))
	return l
}

// oslo is where the people are that read the clock.
var oslo = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		panic("web: the time zones that were built in lack Europe/Oslo: " + err.Error())
	}
	return zone
}()

// Clock writes the time of day in Norway, as 13:50.
func Clock(t time.Time) string { return t.In(oslo).Format("15:04") }

// Date is the day in Norway, as 2026-11-23.
func Date(t time.Time) string { return t.In(oslo).Format(time.DateOnly) }
