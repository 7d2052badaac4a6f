package authserver

import (
	"context"

	"lommebok.example/internal/observe"
)

// Lines of the log carry ids of grants, codes of refusals and trace ids; never a secret, a URL or a word about a person.

func (s *Server) logRefusal(ctx context.Context, code, why string) {
	observe.Refused(ctx, code)
	s.Log.InfoContext(ctx, "refused", "code", code, "why", why, "trace_id", observe.TraceID(ctx))
}

func (s *Server) logFault(ctx context.Context, what string, err error) {
	s.Log.ErrorContext(ctx, "failed", "what", what, "error", err, "trace_id", observe.TraceID(ctx))
}

func (s *Server) logGrant(ctx context.Context, event, grant string) {
	s.Log.InfoContext(ctx, event, "grant", grant, "trace_id", observe.TraceID(ctx))
}
