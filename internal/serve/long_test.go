package serve

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// An answer that takes longer than the limit for writing arrives when it said so; any other does not.
func TestAnAnswerThatTakesLong(t *testing.T) {
	for _, long := range []bool{true, false} {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if long {
				if err := TakesLong(w); err != nil {
					t.Error(err)
				}
			}
			_, _ = io.WriteString(w, "ok")
		}))
		s.Config.WriteTimeout = time.Nanosecond
		s.Start()
		res, err := s.Client().Get(s.URL)
		if arrived := err == nil; arrived != long {
			t.Errorf("said so: %t; %v", long, err)
		}
		if err == nil {
			_ = res.Body.Close()
		}
		s.Close()
	}
}
