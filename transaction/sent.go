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
	Status  int
	Headers http.Header
	Got     []byte // the body of the answer
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
	return inner.describe(&Recorder{}).entry
}
