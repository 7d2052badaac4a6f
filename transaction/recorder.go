package transaction

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/observe"
)

// Header names the page of a transaction in each answer, and in a request of a wallet that wants it to be counted to the
// transaction that it was told before.
const Header = "Lommebok-Transaction"

// LinkPage is the kind of link by which a service says at which address besides the transaction can be read: one that Address gave.
const LinkPage = "page"

// Recorder records the requests to some routes. Its fields are set once, before Start.
type Recorder struct {
	Base  string          // scheme and host of the service
	Path  string          // of the pages, with a slash at either end
	Steps map[string]Step // by route, as gin names it, or by method, blank and route
	Store Store
	Seal  Seal
	// Decrypt opens a request that came encrypted for the service; nil where there is none.
	Decrypt func(compact string) ([]byte, error)
	// Counts counts what is dropped; metrics.Metrics is one. nil where nobody counts.
	Counts interface{ Event(event, detail string) }
	Now    func() time.Time
	Log    *slog.Logger

	queue   chan *exchange
	flushes chan chan struct{}
	stop    chan struct{}
	ended   chan struct{}
	waiting atomic.Int64 // bytes in the queue
	dropped atomic.Int64 // since the last batch
	begun   atomic.Int64 // requests
}

// Start begins to write what Middleware hands over, until Close.
func (r *Recorder) Start() {
	r.queue, r.flushes = make(chan *exchange, maxQueued), make(chan chan struct{})
	r.stop, r.ended = make(chan struct{}), make(chan struct{})
	go r.run()
}

// Close writes what waits, and ends. What comes after it is dropped.
func (r *Recorder) Close() {
	close(r.stop)
	<-r.ended
}

// Flush returns when all that was handed over before has been written, or ctx ends.
func (r *Recorder) Flush(ctx context.Context) {
	done := make(chan struct{})
	select {
	case r.flushes <- done:
	case <-r.ended:
		return
	case <-ctx.Done():
		return
	}
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// Middleware records the requests to the routes in Steps. It stands behind observe.Middleware and before whatever may refuse.
func (r *Recorder) Middleware() gin.HandlerFunc {
	return func(c *gin.Context) {
		step, ok := r.Steps[c.Request.Method+" "+c.FullPath()]
		if !ok {
			step, ok = r.Steps[c.FullPath()]
		}
		if !ok {
			c.Next()
			return
		}
		x := r.begin(c, step)
		defer r.handOver(c, x)
		c.Next()
		x.over = true
	}
}

func (r *Recorder) begin(c *gin.Context, step Step) *exchange {
	x := &exchange{number: r.begun.Add(1), step: step, request: c.Request, route: c.FullPath(), begun: r.Now(), body: &captured{}, answer: &captured{}}
	if step.Apart {
		observe.Record(c.Request.Context(), "")
		return x
	}
	for _, p := range c.Params {
		x.params = append(x.params, Field{p.Key, p.Value})
	}
	x.page = rand.Text()
	address := r.Base + r.Path + x.page
	observe.Record(c.Request.Context(), address)
	c.Header(Header, address)
	if c.Request.Body != nil && c.Request.Body != http.NoBody {
		c.Request.Body = &teeBody{c.Request.Body, x.body}
	}
	c.Writer = &teeWriter{c.Writer, x.answer}
	return x
}

// handOver notes how the request ended, and leaves the rest to run.
func (r *Recorder) handOver(c *gin.Context, x *exchange) {
	ctx := c.Request.Context()
	x.took, x.status, x.headers = r.Now().Sub(x.begun), c.Writer.Status(), c.Writer.Header().Clone()
	x.trace, x.code, x.links = observe.TraceID(ctx), observe.Refusal(ctx), observe.Links(ctx)
	x.asks, x.opened, x.findings = observe.DecryptedBody(ctx), observe.OpenedBody(ctx), observe.Findings(ctx)
	if x.step.Apart {
		x.links = slices.DeleteFunc(slices.Clone(x.links), func(l observe.Link) bool { return !slices.Contains(x.step.Takes, l.Kind) })
		if len(x.links) == 0 {
			return
		}
	}
	if !x.over { // a panic is on its way to observe, which makes it a 500
		x.status = http.StatusInternalServerError
	}
	size := x.size()
	if r.waiting.Add(size) > maxWaiting || !r.put(x) {
		r.waiting.Add(-size)
		r.drop(1)
	}
}

func (r *Recorder) put(x *exchange) bool {
	select {
	case <-r.stop:
		return false
	default:
	}
	select {
	case r.queue <- x:
		return true
	default:
		return false
	}
}

func (r *Recorder) drop(n int) {
	r.dropped.Add(int64(n))
	for range n {
		r.count()
	}
}

func (r *Recorder) count() {
	if r.Counts != nil {
		r.Counts.Event("transaction_record_dropped", "")
	}
}

// run writes batches: those that come within batchPause of the first together.
func (r *Recorder) run() {
	defer close(r.ended)
	var batch []*exchange
	pause := time.NewTimer(batchPause)
	pause.Stop()
	for {
		select {
		case x := <-r.queue:
			if batch = append(batch, x); len(batch) == 1 {
				pause.Reset(batchPause)
			}
			if len(batch) == maxBatch {
				batch = r.write(batch)
			}
		case <-pause.C:
			batch = r.write(batch)
		case done := <-r.flushes:
			batch = r.write(r.drain(batch))
			close(done)
		case <-r.stop:
			r.write(r.drain(batch))
			return
		}
	}
}

// drain takes what waits.
func (r *Recorder) drain(batch []*exchange) []*exchange {
	for {
		select {
		case x := <-r.queue:
			if batch = append(batch, x); len(batch) == maxBatch {
				batch = r.write(batch)
			}
		default:
			return batch
		}
	}
}

// write keeps a batch and gives an empty one. What cannot be kept is dropped: it is a help, and nobody waits for it.
func (r *Recorder) write(batch []*exchange) []*exchange {
	dropped := int(r.dropped.Swap(0))
	if len(batch) == 0 && dropped == 0 {
		return batch
	}
	ctx, cancel := context.WithTimeout(context.Background(), keepPatience)
	defer cancel()
	records := make([]Record, 0, len(batch))
	for _, x := range batch {
		r.waiting.Add(-x.size())
		record, err := r.record(x)
		if err != nil {
			r.Log.Error("transaction", "trace_id", x.trace, "cause", err)
			r.count()
			dropped++
			continue
		}
		records = append(records, record)
	}
	if err := r.Store.KeepTransactions(ctx, records, dropped, r.Now()); err != nil {
		r.Log.Error("transactions", "records", len(records), "cause", err)
		r.dropped.Add(int64(dropped))
		r.drop(len(records))
	}
	return batch[:0]
}

// Use names of what is sealed and hashed.
const (
	useEntry = "transaction entry"
	useLink  = "transaction link "
	usePage  = "transaction page"
	useKnown = "transaction page of"
)

// Address is that of the page of a transaction that a service knows by a secret. The page is there once a request has been linked
// to it by LinkPage.
func (r *Recorder) Address(secret string) string {
	return r.Base + r.Path + r.Seal.Recognise(useKnown, secret)
}

// record decodes, masks and seals an exchange. A panic of what a stranger sent must not end the service.
func (r *Recorder) record(x *exchange) (record Record, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("transaction: panic: %v", cause)
		}
	}()
	d := x.describe(r)
	raw, err := encode(d.entry)
	if err != nil {
		return Record{}, err
	}
	e := d.entry
	record = Record{
		ID: fmt.Sprintf("%012x", x.number) + rand.Text(), At: e.At, Step: e.Step, Status: e.Response.Status, Client: e.Client,
		// What the service itself links it by is real, also when it refuses the request for something else.
		Firm: e.Refusal == nil || len(x.links) > 0,
	}
	if x.page != "" {
		record.Pages = []string{r.pageHash(x.page)}
	}
	if e.Refusal != nil {
		record.Code = e.Refusal.Code
	}
	record.Sealed = r.Seal.Seal(raw, useEntry, record.ID)
	r.link(&record, d)
	return record, nil
}

// link says how the record is tied to others.
func (r *Recorder) link(record *Record, d *described) {
	for _, l := range d.secrets() {
		if page, ok := strings.CutPrefix(l.Value, r.Base+r.Path); ok && l.Kind == LinkPage {
			record.Pages = append(record.Pages, r.pageHash(page))
			continue
		}
		record.Secrets = append(record.Secrets, r.Seal.Recognise(useLink+l.Kind, l.Value))
	}
	if d.told != "" {
		record.Joins = append(record.Joins, r.pageHash(d.told))
	}
	for _, key := range d.keys {
		later, first := r.Seal.Recognise(useLink+"key", key), r.Seal.Recognise(useLink+"first key", key)
		open := record.At.Add(keyLife)
		record.Leaves = append(record.Leaves, Leave{later, open})
		if !d.step.Begins {
			record.Joins = append(record.Joins, later)
			continue
		}
		// Tries to begin are one transaction up to the one that succeeds; the next begins another.
		record.Tries = append(record.Tries, first)
		if record.Firm {
			open = record.At
		}
		record.Leaves = append(record.Leaves, Leave{first, open})
	}
}

func (r *Recorder) pageHash(id string) string { return r.Seal.Recognise(usePage, id) }

// encode gives the JSON of an entry within maxEntry: what is too long is cut, and says so.
func encode(e *Entry) ([]byte, error) {
	for _, parts := range [][]Part{e.Request.Parts, e.Response.Parts} {
		for i := range parts {
			parts[i].Text = cut(parts[i].Text, maxPart)
		}
	}
	raw, err := json.Marshal(e)
	if err == nil && len(raw) > maxEntry {
		for _, parts := range [][]Part{e.Request.Parts, e.Response.Parts} {
			for i := range parts {
				parts[i].Text = cut(parts[i].Text, maxPart/16)
			}
		}
		raw, err = json.Marshal(e)
	}
	return raw, err
}

func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + fmt.Sprintf("\n… (%d more bytes are left out)", len(text)-most)
}
