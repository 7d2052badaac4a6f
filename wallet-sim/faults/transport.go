package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"lommebok.example/internal/fetch"
	"lommebok.example/wallet-sim/wallet"
)

// maxRefusal bounds what is read of a refusal; the client that asked has a bound of its own.
const maxRefusal = 1 << 20

// ErrDropped: a message was dropped, as a fault says.
var ErrDropped = errors.New("faults: the message was dropped")

// Transport does a fault to the requests of its step; with none it passes everything on. It remembers the latest request of each
// step that went well, for changes that use something again. It is safe for concurrent use.
type Transport struct {
	Next http.RoundTripper
	Keys *Keys

	mu      sync.Mutex
	fault   *Fault
	done    int  // requests that the fault was done to
	sealed  bool // its changes in JSON were done before the request was encrypted
	refusal *wallet.Refusal
	earlier map[string]*message
}

// Do makes f the fault that is done; nil for none.
func (t *Transport) Do(f *Fault) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fault, t.done, t.sealed, t.refusal = f, 0, false, nil
}

// Done tells how often the fault was done.
func (t *Transport) Done() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.done
}

// Refusal is how the server refused what the fault was done to last, nil when it did not: a wallet goes on when a notification is refused.
func (t *Transport) Refusal() *wallet.Refusal {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.refusal
}

// Seal is Wallet.Seal: it does to a request that is to be encrypted what a fault does in its JSON, which nobody reaches afterwards.
func (t *Transport) Seal(ctx context.Context, raw []byte) ([]byte, error) {
	t.mu.Lock()
	fault := t.fault
	t.mu.Unlock()
	if fault == nil || fault.At != wallet.StepOf(ctx) || !slices.ContainsFunc(fault.Do, Change.inJSON) {
		return raw, nil
	}
	m := &message{body: raw}
	if err := t.change(fault, m, nil, Change.inJSON); err != nil {
		return nil, fmt.Errorf("%s: %w", fault.Name, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sealed = true
	return m.body, nil
}

func (c Change) inJSON() bool    { return strings.HasPrefix(c.In, "json ") }
func (c Change) notInJSON() bool { return !c.inJSON() }

// message is a request that is being changed.
type message struct {
	method string
	query  url.Values // besides what the address has
	header http.Header
	body   []byte
}

// RoundTrip does the fault, and sends what comes of it.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	step := wallet.StepOf(r.Context())
	m := &message{method: r.Method, header: r.Header.Clone()}
	if r.Body != nil {
		var err error
		if m.body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		if err := r.Body.Close(); err != nil {
			return nil, err
		}
	}
	t.mu.Lock()
	fault, before := t.fault, t.earlier[step]
	t.mu.Unlock()
	if fault == nil || fault.At != step {
		return t.pass(r, step, m)
	}
	if err := t.do(fault, m, before); err != nil {
		return nil, fmt.Errorf("%s: %w", fault.Name, err)
	}
	answer, err := t.faulty(r, fault, m)
	if err == nil {
		err = t.look(r, step, answer)
	}
	return answer, err
}

// do makes the changes that Seal did not.
func (t *Transport) do(f *Fault, m, before *message) error {
	t.mu.Lock()
	sealed := t.sealed
	t.sealed = false
	t.mu.Unlock()
	which := func(Change) bool { return true }
	if sealed {
		which = Change.notInJSON
	}
	if f.Encrypted && !strings.HasPrefix(m.header.Get("Content-Type"), "application/jwt") {
		return fmt.Errorf("%w: the request was not encrypted", ErrNothing)
	}
	if err := t.change(f, m, before, which); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done++
	return nil
}

// look keeps how a faulty request was refused.
func (t *Transport) look(r *http.Request, step string, answer *http.Response) error {
	var refusal *wallet.Refusal
	if answer.StatusCode >= http.StatusBadRequest {
		body, err := io.ReadAll(io.LimitReader(answer.Body, maxRefusal))
		if err = errors.Join(err, answer.Body.Close()); err != nil {
			return err
		}
		answer.Body = io.NopCloser(bytes.NewReader(body))
		refusal = wallet.RefusalOf(step, r.Method, r.URL.String(), &fetch.Answer{Status: answer.StatusCode, Header: answer.Header, Body: body})
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refusal = refusal
	return nil
}

// pass sends a sound request, and remembers it when it went well.
func (t *Transport) pass(r *http.Request, step string, m *message) (*http.Response, error) {
	answer, err := t.send(r, m)
	if err == nil && answer.StatusCode < http.StatusBadRequest && step != "" {
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.earlier == nil {
			t.earlier = map[string]*message{}
		}
		if t.fault == nil {
			t.earlier[step] = m
		}
	}
	return answer, err
}

func (t *Transport) faulty(r *http.Request, fault *Fault, m *message) (*http.Response, error) {
	what, wait, err := fault.message()
	if err != nil {
		return nil, err
	}
	switch what {
	case "drop":
		return nil, ErrDropped
	case "repeat":
		first, err := t.send(r, m)
		if err != nil {
			return nil, err
		}
		if _, err := io.Copy(io.Discard, first.Body); err != nil {
			return nil, err
		}
		if err := first.Body.Close(); err != nil {
			return nil, err
		}
	case "delay":
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	return t.send(r, m)
}

func (t *Transport) send(r *http.Request, m *message) (*http.Response, error) {
	out := r.Clone(r.Context())
	out.Method, out.Header, out.Body, out.ContentLength = m.method, m.header, io.NopCloser(bytes.NewReader(m.body)), int64(len(m.body))
	out.GetBody = nil
	if len(m.query) > 0 {
		q := out.URL.Query()
		maps.Copy(q, m.query)
		out.URL.RawQuery = q.Encode()
	}
	return t.Next.RoundTrip(out)
}

// change makes those changes of the fault.
func (t *Transport) change(f *Fault, m, before *message, which func(Change) bool) error {
	token := "" // as it was before a change took it away
	if _, rest, ok := strings.Cut(m.header.Get("Authorization"), " "); ok {
		token = rest
	}
	for _, c := range f.Do { // a copy: a change fills in what this request says
		if !which(c) {
			continue
		}
		if text, ok := c.Set.(string); ok && token != "" {
			c.Set = strings.ReplaceAll(text, "${access_token}", token)
		}
		if c.Earlier && before == nil {
			return fmt.Errorf("%w: no %s went well before", ErrNothing, f.At)
		}
		if err := m.change(&c, before, t.Keys); err != nil {
			return err
		}
	}
	return nil
}

func (m *message) change(c *Change, before *message, keys *Keys) error {
	kind, name, _ := strings.Cut(c.In, " ")
	switch kind {
	case "method":
		changed, err := c.apply(m.method, "")
		m.method = fmt.Sprint(changed)
		return err
	case "query":
		if m.query == nil {
			m.query = url.Values{}
		}
		m.query.Set(name, fmt.Sprint(c.Set))
		return nil
	case "jwe":
		changed, err := c.InJWE(string(m.body), name)
		m.body = []byte(changed)
		return err
	case "body":
		changed, err := c.text(string(m.body), bodyOf(before), keys)
		m.body = []byte(changed)
		return err
	case "header":
		return m.changeHeader(c, http.CanonicalHeaderKey(name), before, keys)
	case "form":
		return m.changeForm(c, name, before, keys)
	}
	return m.changeJSON(c, name, before, keys)
}

func bodyOf(m *message) string {
	if m == nil {
		return ""
	}
	return string(m.body)
}

// text changes a text, or what stands in the JWT that it is.
func (c *Change) text(text, earlier string, keys *Keys) (string, error) {
	if c.JWT != "" {
		return keys.change(text, c, earlier)
	}
	v, err := c.apply(text, earlier)
	return fmt.Sprint(v), err
}

func (m *message) changeHeader(c *Change, name string, before *message, keys *Keys) error {
	old, earlier := m.header.Values(name), ""
	if before != nil {
		earlier = before.header.Get(name)
	}
	switch {
	case len(old) == 0 && (c.Set == nil || c.JWT != ""):
		return fmt.Errorf("%w: no header %s", ErrNothing, name)
	case len(old) == 0:
		m.header.Set(name, fmt.Sprint(c.Set))
		return nil
	case c.Drop && c.JWT == "":
		m.header.Del(name)
		return nil
	case c.Repeat && c.JWT == "":
		m.header.Add(name, old[0])
		return nil
	}
	changed, err := c.text(m.header.Get(name), earlier, keys)
	m.header.Set(name, changed)
	return err
}

func (m *message) changeForm(c *Change, name string, before *message, keys *Keys) error {
	form, err := url.ParseQuery(string(m.body))
	if err != nil {
		return err
	}
	earlier := ""
	if past, err := url.ParseQuery(bodyOf(before)); err == nil {
		earlier = past.Get(name)
	}
	switch {
	case !form.Has(name) && (c.Set == nil || c.JWT != ""):
		return fmt.Errorf("%w: no parameter %s", ErrNothing, name)
	case !form.Has(name):
		form.Set(name, fmt.Sprint(c.Set))
	case c.Drop && c.JWT == "":
		form.Del(name)
	case c.Repeat && c.JWT == "":
		form.Add(name, form.Get(name))
	default:
		changed, err := c.text(form.Get(name), earlier, keys)
		if err != nil {
			return err
		}
		form.Set(name, changed)
	}
	m.body = []byte(form.Encode())
	return nil
}

func (m *message) changeJSON(c *Change, path string, before *message, keys *Keys) error {
	var root map[string]any
	if err := json.Unmarshal(m.body, &root); err != nil {
		return fmt.Errorf("%w: the body is no JSON object", ErrNothing)
	}
	earlier := ""
	var past map[string]any
	if json.Unmarshal([]byte(bodyOf(before)), &past) == nil {
		if v, err := at(past, path); err == nil {
			earlier = fmt.Sprint(v)
		}
	}
	if c.JWT == "" {
		if err := edit(root, path, c, earlier); err != nil {
			return err
		}
	} else if err := editJWT(root, path, c, earlier, keys); err != nil {
		return err
	}
	raw, err := json.Marshal(root)
	m.body = raw
	return err
}

func editJWT(root map[string]any, path string, c *Change, earlier string, keys *Keys) error {
	v, err := at(root, path)
	if err != nil {
		return err
	}
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("%w: %s is no JWT", ErrNothing, path)
	}
	changed, err := keys.change(text, c, earlier)
	if err != nil {
		return err
	}
	return edit(root, path, &Change{Set: changed}, "")
}
