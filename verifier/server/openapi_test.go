package server_test

import (
	"regexp"
	"slices"
	"testing"

	"github.com/gin-gonic/gin"

	"lommebok.example/specs/openapitest"
)

var demoService = regexp.MustCompile(`^/eid/[a-z_]+`)

// Every route is in specs/openapi.yaml, and nothing else is. The answers of all tests are held against it by the harness.
func TestEveryRouteIsDescribed(t *testing.T) {
	s := newEIDHouse(t)
	recording(t, s.service)
	engine, ok := s.Server.Handler.(*gin.Engine)
	if !ok {
		t.Fatal("the handler is no gin.Engine")
	}
	var have []openapitest.Route
	for _, r := range engine.Routes() {
		// Each demonstration service has the same routes below its name.
		path := demoService.ReplaceAllString(r.Path, "/eid/:service")
		if route := (openapitest.Route{Method: r.Method, Path: path}); !slices.Contains(have, route) {
			have = append(have, route)
		}
	}
	openapitest.Routes(t, "verifier", have)
}
