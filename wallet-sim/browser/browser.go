package browser

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"
)

// Browser opens pages with the cookies of earlier ones. It is for one person, and not for concurrent use.
type Browser struct {
	HTTP     *http.Client // with a cookie jar, following nothing: New makes it
	Language string       // Accept-Language, "" for en
	Person   Person
	Fills    []Fill // how pages are answered that are not ours; they come before what Person has
	Now      func() time.Time
	// Wait pauses until the next one-time code; nil waits in real time.
	Wait func(ctx context.Context, d time.Duration) error
}

// Person is who sits before the browser.
type Person struct {
	PID, Password string
	TOTPSecret    string // base32; "" for who has no authenticator app
	// Approve answers in the MinID app with the number that the browser shows; nil for who has no app.
	Approve func(ctx context.Context, number string) error
}

const (
	maxRedirects = 10
	maxPage      = 2 << 20
	timeout      = 15 * time.Second // a password may wait in line for hashing
)

// Transport is a way of requests that trusts roots, nil for the system's.
func Transport(roots *x509.CertPool) *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
	return t
}

// New gives a browser without cookies. transport nil is the default one.
func New(transport http.RoundTripper, person Person, now func() time.Time) (*Browser, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	return &Browser{Person: person, Now: now, HTTP: &http.Client{
		Transport: transport, Jar: jar, Timeout: timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Twin is another browser of the same person, with the cookies that this one has for an address.
func (b *Browser) Twin(address string) (*Browser, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("browser: %w", err)
	}
	twin, err := New(b.HTTP.Transport, b.Person, b.Now)
	if err != nil {
		return nil, err
	}
	twin.Language, twin.Wait = b.Language, b.Wait
	twin.HTTP.Jar.SetCookies(u, b.HTTP.Jar.Cookies(u))
	return twin, nil
}

// Arrived is how a browser comes to an address that is not to be opened: the return to the wallet.
type Arrived struct{ URL *url.URL }

// Error tells where.
func (a *Arrived) Error() string {
	return "browser: arrived at " + a.URL.Scheme + "://" + a.URL.Host + a.URL.Path
}

// StatusError is an ErrPage by its status, 400 and above.
type StatusError struct {
	Status int
	Says   string
}

// Error tells status and text.
func (e *StatusError) Error() string {
	return fmt.Sprintf("%v: status %d: %s", ErrPage, e.Status, e.Says)
}

// Unwrap is ErrPage.
func (e *StatusError) Unwrap() error { return ErrPage }

// ErrPage is a page that says no, or that this browser cannot read.
var ErrPage = errors.New("browser: the page does not lead on")

// Open opens an address and follows redirects. stop, when not "", is an address whose opening ends the way: *Arrived.
func (b *Browser) Open(ctx context.Context, address, stop string) (*Page, error) {
	return b.travel(ctx, http.MethodGet, address, nil, stop)
}

// Submit sends a form with what the person filled in, and follows redirects.
func (b *Browser) Submit(ctx context.Context, p *Page, f *Form, filled url.Values, stop string) (*Page, error) {
	action, err := p.URL.Parse(f.Action)
	if err != nil {
		return nil, fmt.Errorf("browser: a form's address: %w", err)
	}
	values := maps.Clone(f.Fields)
	maps.Copy(values, filled)
	if f.Method != http.MethodPost {
		action.RawQuery = values.Encode()
		return b.travel(ctx, http.MethodGet, action.String(), nil, stop)
	}
	return b.travel(ctx, http.MethodPost, action.String(), values, stop)
}

// Press sends a form by one of its buttons.
func (b *Browser) Press(ctx context.Context, p *Page, f *Form, name, value, stop string) (*Page, error) {
	return b.Submit(ctx, p, f, url.Values{name: {value}}, stop)
}

func (b *Browser) travel(ctx context.Context, method, address string, form url.Values, stop string) (*Page, error) {
	for range maxRedirects {
		u, err := url.Parse(address)
		if err != nil {
			return nil, fmt.Errorf("browser: %w", err)
		}
		if stop != "" && isAt(u, stop) {
			return nil, &Arrived{u}
		}
		a, err := b.once(ctx, method, address, form)
		if err != nil {
			return nil, err
		}
		location := a.header.Get("Location")
		if a.status < 300 || a.status >= 400 || location == "" {
			return parsePage(u, a.status, a.body)
		}
		next, err := u.Parse(location)
		if err != nil {
			return nil, fmt.Errorf("browser: Location: %w", err)
		}
		if a.status != http.StatusTemporaryRedirect && a.status != http.StatusPermanentRedirect {
			method, form = http.MethodGet, nil
		}
		address = next.String()
	}
	return nil, fmt.Errorf("%w: more than %d redirects", ErrPage, maxRedirects)
}

// isAt compares without query, since what comes back is in the query.
func isAt(u *url.URL, stop string) bool {
	return strings.HasPrefix(u.String(), stop) && (len(u.String()) == len(stop) || strings.ContainsAny(u.String()[len(stop):len(stop)+1], "?&#"))
}

// answer is a response that has been read.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (b *Browser) once(ctx context.Context, method, address string, form url.Values) (*answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, fmt.Errorf("browser: %w", err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	req.Header.Set("Accept", "text/html")
	language := b.Language
	if language == "" {
		language = "en"
	}
	req.Header.Set("Accept-Language", language)
	return b.send(req)
}

func (b *Browser) send(req *http.Request) (*answer, error) {
	res, err := b.HTTP.Do(req)
	if err != nil {
		return nil, fmt.Errorf("browser: %w", err)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxPage))
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return nil, fmt.Errorf("browser: %w", err)
	}
	return &answer{res.StatusCode, res.Header, body}, nil
}

// JSON asks a page's address for JSON in place of HTML, with the same cookies.
func (b *Browser) JSON(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("browser: %w", err)
	}
	req.Header.Set("Accept", "application/json")
	a, err := b.send(req)
	if err != nil {
		return nil, err
	}
	if a.status != http.StatusOK {
		return nil, &StatusError{a.status, req.URL.Path + ", where JSON was asked for"}
	}
	return a.body, nil
}
