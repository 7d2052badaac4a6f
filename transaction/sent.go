package transaction

import (
	"net/http"
	"time"
)

// Exchanged is a request with its answer as whoever made it knows them.
type Exchanged struct {
	Step    Step
	Begun   time.Time
	Took    time.Duration
	Request *http.Request
	Sent    []byte // the body of the request
	Status  int    // 0: no answer came
	Headers http.Header
	Got     []byte // the body of the answer
	Failed  string // why no answer came, in words that hold nothing of what was sent or came
}

// Entry is the exchange, decoded and masked as a service records it.
func (x *Exchanged) Entry() *Entry {
	whole := func(b []byte) *captured {
		c := &captured{}
		c.add(b)
		return c
	}
	inner := &exchange{
		step: x.Step, request: x.Request, route: addressed(x.Request.URL.Scheme + "://" + x.Request.URL.Host + x.Request.URL.EscapedPath()),
		begun: x.Begun, took: x.Took, body: whole(x.Sent), status: x.Status, headers: x.Headers, answer: whole(x.Got),
	}
	e := inner.describe(&Recorder{}).entry
	e.Failed = shown(x.Failed)
	return e
}
