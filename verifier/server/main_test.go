package server_test

import (
	"os"
	"testing"

	"lommebok.example/web/webtest"
)

func TestMain(m *testing.M) {
	os.Exit(webtest.Main(m, "verifier", "eid", "openid"))
}
