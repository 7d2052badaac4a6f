package server

import (
	"context"

	record "lommebok.example/transaction"
	recordpages "lommebok.example/transaction/pages"
	"lommebok.example/verifier/presentation"
)

// recordPath is where the pages of what was recorded are: those of the transactions that people see stand at /transactions/.
const recordPath = "/records/"

// recorded are the routes that a wallet takes, and of whoever asks those at which something comes of it: what a relying party or
// a person's browser says there is not the wallet's to know.
var recorded = func() map[string]record.Step {
	apart := func(name, section string) record.Step {
		return record.Step{
			Name: name, Section: section, Apart: true, Takes: []string{presentation.LinkAsked, presentation.LinkSameDevice, record.LinkPage},
		}
	}
	ask, back := apart("ask", "OpenID4VP 1.0 section 5"), apart("return", "OpenID4VP 1.0 section 8.2; HAIP 1.0 section 5.1")
	return map[string]record.Step{
		"POST /services/:service/start":          ask,
		"POST /api/presentations":                ask,
		"GET /authorize":                         ask,
		"GET /authorize/consent/:id":             ask,
		"GET /transactions/:id":                  apart("renew", "OpenID4VP 1.0 section 5"),
		"GET /done":                              back,
		"POST /api/presentations/:handle/result": back,
		"/requests/:id":                          {Name: "request", Section: "OpenID4VP 1.0 section 5.10", Link: presentation.LinkRequest},
		"/responses/:id":                         {Name: "response", Section: "OpenID4VP 1.0 section 8.2", Alone: true},
		"GET /transactions/:id/credentials":      {Name: "dc_request", Section: "OpenID4VP 1.0 appendix A.3"},
		"POST /transactions/:id/credentials":     {Name: "dc_response", Section: "OpenID4VP 1.0 appendix A.4"},
	}
}()

// newRecords makes the recorder, which is to be started, and its pages; nil where nothing is recorded. There are no operators here, and no list.
func newRecords(cfg Config, deps Deps, g *ground) *recordpages.Pages {
	if !cfg.Transactions {
		return nil
	}
	recorder := &record.Recorder{
		Base: cfg.URL, Path: recordPath, Steps: recorded, Store: g.records, Seal: g.seal, Now: deps.Now, Log: deps.Log,
	}
	return &recordpages.Pages{Recorder: recorder, Site: g.site, Service: "verifier"}
}

// FlushTransactions returns when what was recorded before has been written.
func (s *Server) FlushTransactions(ctx context.Context) {
	if s.recording != nil {
		s.recording.Recorder.Flush(ctx)
	}
}

// EndStreams ends what waits for an answer, so that the server can stop.
func (s *Server) EndStreams() { s.api.Close() }

// Close ends what New started, and writes what waits. The handler must not be used any more.
func (s *Server) Close() {
	if s.recording != nil {
		s.recording.Recorder.Close()
	}
}
