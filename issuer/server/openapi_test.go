package server_test

import (
	"net/http"
	"testing"

	"lommebok.example/specs/openapitest"
)

// Every route is in specs/openapi.yaml, and nothing else is. The answers of all tests are held against it by the harness.
func TestEveryRouteIsDescribed(t *testing.T) {
	s := newService(t)
	s.cfg.OperatorToken, s.cfg.Transactions = "token", true
	s.cfg.WalletLoginURL, s.cfg.DemoServicesDir = "http://localhost:8081", t.TempDir()
	s.start(t)
	var have []openapitest.Route
	for _, r := range s.routes(t) {
		have = append(have, openapitest.Route{Method: r.Method, Path: r.Path})
	}
	openapitest.Routes(t, "issuer", have)
	p := s.person(t, stjerne)
	p.get("/openapi.yaml")
	p.is(http.StatusOK)
	p.sees("openapi: 3.0.3")
}
