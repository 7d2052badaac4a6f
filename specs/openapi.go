package specs

import (
	_ "embed"
	"net/http"
)

// OpenAPI describes every endpoint of issuer and verifier (OpenAPI 3.0.3, YAML).
//
//go:embed openapi.yaml
var OpenAPI []byte

// ServeOpenAPI sends OpenAPI. Everybody may read it, also a page in a browser.
func ServeOpenAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/yaml")
	w.Header().Set("Cache-Control", "public, max-age=300")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	_, _ = w.Write(OpenAPI) // a client that went away is not told
}
