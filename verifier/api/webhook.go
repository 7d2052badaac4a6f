package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"lommebok.example/internal/fetch"
	"lommebok.example/verifier/presentation"
	"lommebok.example/verifier/relyingparty"
)

// Webhooks tells parties of the end of what they asked for. It tells no claim and no verdict: the party gets these by its
// token, for its handle. An event is sent until the party has taken it with a 2xx, at least once and, but for a crash between
// the answer and its note, no more than that; Webhook-Id is the same each time.
type Webhooks struct {
	Store   Store
	Parties *relyingparty.Parties
	Keys    map[string][]byte // by the id of the party
	Fetch   *fetch.Client
	Now     func() time.Time
	Log     *slog.Logger
}

// eventBody is what a webhook carries.
type eventBody struct {
	Type         string             `json:"type"` // "presentation." and the state
	ID           string             `json:"id"`
	RelyingParty string             `json:"relying_party"`
	Reference    string             `json:"reference,omitempty"`
	State        presentation.State `json:"state"`
	At           time.Time          `json:"at"`
}

const (
	leaseLife = time.Minute // longer than a call may take
	batch     = 16          // calls at once to a party
	lookEvery = time.Second // for parties to call, while others are called
	firstWait = 5 * time.Second
	mostWait  = 10 * time.Minute
	// grace is how long after the end of a request an answer that came in time may still be judged.
	grace = 30 * time.Second
)

// backoff is the wait before the next attempt: it doubles, and is ten minutes at the most.
func backoff(attempts int) time.Duration {
	if attempts > 7 {
		return mostWait
	}
	return min(firstWait<<attempts, mostWait)
}

// Deliver notes what has come to its end, and makes the calls that are due, until none is. Each party has its own calls, so that
// one that does not answer keeps nobody else waiting. What does not work is tried again when it is due again, until the
// presentation is forgotten.
func (w *Webhooks) Deliver(ctx context.Context) error {
	type end struct {
		party string
		err   error
	}
	ends, busy := make(chan end), map[string]bool{}
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for failed := error(nil); ; {
		if failed == nil {
			due, err := w.due(ctx)
			failed = err
			for _, party := range due {
				if !busy[party] {
					busy[party] = true
					go func() { ends <- end{party, w.deliverTo(ctx, party)} }()
				}
			}
		}
		if len(busy) == 0 {
			return failed
		}
		select {
		case e := <-ends:
			delete(busy, e.party)
			failed = errors.Join(failed, e.err)
		case <-look.C: // for what comes while a party is slow
		}
	}
}

// due lists the parties that are to be called.
func (w *Webhooks) due(ctx context.Context) ([]string, error) {
	now := w.Now()
	if err := w.Store.Settle(ctx, now, now.Add(-grace)); err != nil {
		return nil, err
	}
	return w.Store.Due(ctx, now)
}

// deliverTo makes the calls to one party, a batch at a time.
func (w *Webhooks) deliverTo(ctx context.Context, party string) error {
	for {
		now, lease := w.Now(), presentation.NewBrowser()
		events, err := w.Store.Lease(ctx, party, lease, now, now.Add(leaseLife), batch)
		if err != nil || len(events) == 0 {
			return err
		}
		errs := make([]error, len(events))
		var calls sync.WaitGroup
		for i, e := range events {
			calls.Go(func() { errs[i] = w.deliver(ctx, e, lease) })
		}
		calls.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
	}
}

// deliver makes one call. What came of it is noted even when the service stops meanwhile: the party has taken the event.
func (w *Webhooks) deliver(ctx context.Context, e Event, lease string) error {
	noted := context.WithoutCancel(ctx)
	party := w.Parties.ByID(e.Party)
	if party == nil || party.Webhook == "" {
		return w.Store.Postpone(noted, e.ID, lease, time.Time{}) // it wants none since
	}
	err := w.send(ctx, party, e)
	if err == nil {
		return w.Store.Taken(noted, e.ID, lease)
	}
	wait := backoff(e.Attempts)
	w.Log.WarnContext(ctx, "webhook", "party", party.ID, "attempt", e.Attempts+1, "again_in", wait.String(), "cause", err.Error())
	return w.Store.Postpone(noted, e.ID, lease, w.Now().Add(wait))
}

var errNotTaken = errors.New("expected a 2xx")

func (w *Webhooks) send(ctx context.Context, party *relyingparty.Party, e Event) error {
	body, err := json.Marshal(eventBody{
		Type: "presentation." + string(e.State), ID: e.ID, RelyingParty: e.Party, Reference: e.Reference, State: e.State, At: e.Settled,
	})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, party.Webhook, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	SignWebhook(r.Header, w.Keys[party.ID], e.ID, w.Now(), body)
	answer, err := w.Fetch.Do(r)
	switch {
	case err != nil:
		return err
	case answer.Status < 200 || answer.Status > 299:
		return fmt.Errorf("%w, got %d", errNotTaken, answer.Status)
	}
	return nil
}

// replay makes events due again.
func (a *API) replay(c *gin.Context) {
	var body struct {
		ID    string    `json:"id"`
		Since time.Time `json:"since"`
	}
	if _, err := read(c, &body, "id, or since as RFC 3339"); err != nil {
		a.refuse(c, err)
		return
	}
	if (body.ID == "") == body.Since.IsZero() {
		a.refuse(c, invalid("", "since", "exactly one of id and since", "both, or none"))
		return
	}
	n, err := a.Store.Replay(c.Request.Context(), partyOf(c).ID, body.ID, body.Since, a.Now())
	switch {
	case err != nil:
		a.refuse(c, err)
	case n == 0 && body.ID != "":
		a.refuse(c, errUnknown)
	default:
		c.Header("Cache-Control", "no-store")
		c.JSON(http.StatusAccepted, gin.H{"replayed": n})
	}
}
