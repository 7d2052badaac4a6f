package phone

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"lommebok.example/transaction"
)

// Recorded tells what the MinID app sends and gets: all but the questions whether a login waits, which come every moment. Its messages
// are signed JWTs of MinID's own, so that no values of them are told.
type Recorded struct {
	http.RoundTripper
	Record func(*transaction.Entry) error
	Now    func() time.Time
}

// maxRecorded bounds what is kept of an answer; those of MinID are smaller.
const maxRecorded = 64 << 10

// appSteps name the requests of the app by the end of their path.
var appSteps = map[string]string{"/pairing": "MinID app: whose code", "/devices": "MinID app: pairing"}

func appStep(r *http.Request) string {
	_, at, _ := strings.Cut(r.URL.Path, "/minid/app")
	if strings.HasPrefix(at, "/attempts/") {
		return "MinID app: answer to a login"
	}
	return appSteps[at]
}

// RoundTrip sends the request, and records it with its answer.
func (t *Recorded) RoundTrip(r *http.Request) (*http.Response, error) {
	step := appStep(r)
	if step == "" {
		return t.RoundTripper.RoundTrip(r)
	}
	sent, err := sentBy(r)
	if err != nil {
		return nil, err
	}
	x := transaction.Exchanged{Step: transaction.Step{Name: step, Section: "minid/app"}, Begun: t.Now(), Request: r, Sent: sent}
	res, err := t.RoundTripper.RoundTrip(r)
	x.Took = t.Now().Sub(x.Begun)
	if err != nil {
		x.Failed = "nothing whole came back"
		return nil, errors.Join(err, t.Record(x.Entry()))
	}
	kept, err := io.ReadAll(io.LimitReader(res.Body, maxRecorded))
	if err != nil {
		return nil, errors.Join(err, res.Body.Close())
	}
	res.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(kept), res.Body), res.Body}
	x.Status, x.Headers, x.Got = res.StatusCode, res.Header, kept
	if err := t.Record(x.Entry()); err != nil {
		return nil, errors.Join(err, res.Body.Close())
	}
	return res, nil
}

// sentBy is the body of a request, which is still to be sent.
func sentBy(r *http.Request) ([]byte, error) {
	if r.GetBody == nil {
		return nil, nil
	}
	body, err := r.GetBody()
	if err != nil {
		return nil, err
	}
	return io.ReadAll(body)
}
