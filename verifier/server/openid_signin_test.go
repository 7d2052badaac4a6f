package server

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"lommebok.example/minid"
	"lommebok.example/verifier/login"
)

var errBroken = errors.New("the database is gone")

// broken is a store that fails at everything.
type broken struct{ login.Store }

func (broken) Login(context.Context, string) (*login.Waiting, error) { return nil, errBroken }

// What the store could not tell is no leave to begin: the transaction that waits would stay beside the new one.
func TestLoginDoesNotBeginWhereTheStoreFails(t *testing.T) {
	c, _ := gin.CreateTestContext(httptest.NewRecorder())
	c.Request = httptest.NewRequest(http.MethodGet, "/authorize/consent/x", nil)
	w := &walletSignIn{store: broken{}, trust: login.DefaultTrust(), pages: &pages{}}
	if err := w.begin(c, minid.Need{Level: minid.LevelLow, ReturnTo: "/authorize/consent/x"}); !errors.Is(err, errBroken) {
		t.Errorf("%v", err)
	}
}
