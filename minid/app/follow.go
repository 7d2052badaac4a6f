package app

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"strings"
	"time"

	"lommebok.example/specs/jose"
	"lommebok.example/specs/oauth2"
)

// Stream follows what waits for an answer: take gets the list at the beginning and whenever it has changed. A stream that
// breaks, or is silent for three beats, is opened anew, after a second at first and half a minute at most. It returns
// when ctx ends, and when the service refuses the device (*oauth2.Error).
func (c *Client) Stream(ctx context.Context, take func([]PendingAttempt)) error {
	pause := firstPause
	for {
		heard, err := c.follow(ctx, take)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var refused *oauth2.Error
		if errors.As(err, &refused) && refused.Status < http.StatusInternalServerError {
			return err
		}
		if heard {
			pause = firstPause
		}
		if err := wait(ctx, pause); err != nil {
			return err
		}
		pause = min(2*pause, longestPause)
	}
}

const (
	firstPause   = time.Second
	longestPause = 30 * time.Second
	silence      = 3 * beat
)

// wait pauses for somewhere between half of d and d, so that not all phones come back at once.
func wait(ctx context.Context, d time.Duration) error {
	n, err := rand.Int(rand.Reader, big.NewInt(int64(d/2)))
	if err != nil {
		return err
	}
	timer := time.NewTimer(d/2 + time.Duration(n.Int64()))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// follow opens one stream and reads it to its end.
func (c *Client) follow(ctx context.Context, take func([]PendingAttempt)) (heard bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	req, err := c.request(ctx, "/minid/app/events", "request", typRequest, message{})
	if err != nil {
		return false, err
	}
	watch := time.AfterFunc(silence, cancel)
	defer watch.Stop()
	endless := *c.HTTP
	endless.Timeout = 0 // it counts the reading of the body
	res, err := endless.Do(req)
	if err != nil {
		return false, fmt.Errorf("app: %w", err)
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	if res.StatusCode != http.StatusOK {
		raw, err := io.ReadAll(io.LimitReader(res.Body, 4*maxBody))
		if err != nil {
			return false, fmt.Errorf("app: %w", err)
		}
		return false, refused(res.StatusCode, raw)
	}
	return readEvents(res.Body, func() { watch.Reset(silence) }, take)
}

// readEvents takes the data of each event of kind attempts. A field that it does not know is left out, as is a comment
// (HTML Living Standard section 9.2.6).
func readEvents(body io.Reader, alive func(), take func([]PendingAttempt)) (heard bool, err error) {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 4*maxBody)
	var kind, data string
	for lines.Scan() {
		alive()
		name, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case name == "event":
			kind = value
		case name == "data":
			data = value
		case lines.Text() == "" && kind == "attempts":
			var list attemptsBody
			if err := jose.Unmarshal([]byte(data), &list); err != nil {
				return heard, fmt.Errorf("app: an event: %w", err)
			}
			take(list.Attempts)
			heard, kind, data = true, "", ""
		case lines.Text() == "":
			kind, data = "", ""
		}
	}
	return heard, lines.Err()
}
