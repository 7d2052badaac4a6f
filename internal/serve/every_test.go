package serve

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestEveryBeginsAtOnceAndGoesOnAfterAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		var log bytes.Buffer
		times := 0
		over := make(chan struct{})
		go func() {
			defer close(over)
			Every(ctx, time.Minute, "sweep", func(context.Context) error { times++; return errors.New("the disk is full") },
				slog.New(slog.NewTextHandler(&log, nil)))
		}()
		for want := 1; want <= 3; want++ {
			synctest.Wait()
			if times != want || strings.Count(log.String(), "the disk is full") != want {
				t.Errorf("done %d times, want %d: %s", times, want, &log)
			}
			time.Sleep(time.Minute)
		}
		stop()
		<-over
	})
}
