package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/transaction"
	"lommebok.example/wallet-sim/faults"
	"lommebok.example/wallet-sim/wallet"
)

// maxSeen bounds what is read of an answer; the client that asked has a bound of its own.
const maxSeen = 4 << 20

// Watch keeps what passes through it, as it was sent and as it came. It is safe for concurrent use.
type Watch struct {
	Next http.RoundTripper
	Now  func() time.Time

	mu   sync.Mutex
	seen []*transaction.Exchanged
}

// RoundTrip passes the request on, and keeps it with its answer.
func (w *Watch) RoundTrip(r *http.Request) (*http.Response, error) {
	x := &transaction.Exchanged{Step: transaction.Step{Name: wallet.StepOf(r.Context())}, Request: r, Begun: w.Now()}
	if r.Body != nil {
		var err error
		if x.Sent, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		if err := r.Body.Close(); err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(x.Sent))
	}
	answer, err := w.Next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	x.Got, err = io.ReadAll(io.LimitReader(answer.Body, maxSeen))
	if err = errors.Join(err, answer.Body.Close()); err != nil {
		return nil, err
	}
	x.Status, x.Headers, x.Took = answer.StatusCode, answer.Header, w.Now().Sub(x.Begun)
	answer.Body = io.NopCloser(bytes.NewReader(x.Got))
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, x)
	return answer, nil
}

// take gives what passed since the last call.
func (w *Watch) take() flow {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.seen
	w.seen = nil
	return all
}

// flow is what passed, in its order.
type flow []*transaction.Exchanged

// at is the last exchange of a step, nil when there was none.
func (f flow) at(step string) (last *transaction.Exchanged) {
	for _, x := range f {
		if x.Step.Name == step {
			last = x
		}
	}
	return last
}

// Way is the wallet's way to the other side: through what does faults, and past what watches.
type Way struct {
	Wallet *wallet.Wallet
	Faults *faults.Transport
	Watch  *Watch
}

// NewWay gives a wallet keys that faults can sign with, and a client of its own. client makes one that goes through what it is given.
func NewWay(w *wallet.Wallet, client func(through func(http.RoundTripper) http.RoundTripper) *fetch.Client) *Way {
	way := &Way{Wallet: w, Faults: &faults.Transport{Keys: &faults.Keys{}}, Watch: &Watch{Now: w.Now}}
	w.NewKey = way.Faults.Keys.New
	way.Faults.Keys.Lend(w.Attester)
	w.Fetch = client(func(next http.RoundTripper) http.RoundTripper {
		way.Watch.Next, way.Faults.Next = next, way.Watch
		return way.Faults
	})
	return way
}

// send makes a request of our own, as a step.
func (w *Way) send(ctx context.Context, step, method, address, accept string, form string) (*transaction.Exchanged, error) {
	r, err := http.NewRequestWithContext(wallet.AtStep(ctx, step), method, address, strings.NewReader(form))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", step, fetch.ErrAddress)
	}
	r.Header.Set("Accept", accept)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if _, err := w.Wallet.Fetch.Do(r); err != nil {
		return nil, fmt.Errorf("%s: %s %s: %w", step, method, address, err)
	}
	return w.Watch.take().at(step), nil
}
