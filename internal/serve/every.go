package serve

import (
	"context"
	"log/slog"
	"time"
)

// Every does something at once, and again after each pause, until ctx ends. What goes wrong is logged, and tried again.
func Every(ctx context.Context, pause time.Duration, what string, do func(context.Context) error, log *slog.Logger) {
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	for {
		if err := do(ctx); err != nil && ctx.Err() == nil {
			log.Error(what, "cause", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
