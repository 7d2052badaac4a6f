// Package fetch makes the calls of a service to addresses that somebody else named: it refuses private networks when
// it dials, follows no redirect, and bounds time and size.
package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"crypto/tls"
	"crypto/x509"

	"code.dny.dev/ssrf"
)

// The refusals of this package.
var (
	ErrAddress     = errors.New("fetch: the address is not allowed")
	ErrRedirect    = errors.New("fetch: the server answered with a redirect, which is not followed")
	ErrTooLarge    = errors.New("fetch: the answer is larger than allowed")
	ErrContentType = errors.New("fetch: the answer has another content type")
)

// Config bounds the calls of a Client. Zero values mean 3 s, as long to connect as for the whole, and 64 KiB.
type Config struct {
	Timeout  time.Duration
	Connect  time.Duration
	MaxBytes int64
	Roots    *x509.CertPool // nil: the system's
	// InsecureAllowLoopback admits http and addresses of this machine. It is safe where all services run on the
	// machine of one developer, and nowhere else.
	InsecureAllowLoopback bool
	// Through stands between the client and the network, and may change what passes: for tests of servers. nil for nothing.
	Through func(http.RoundTripper) http.RoundTripper
}

// Client calls out. It is safe for concurrent use.
type Client struct {
	http *http.Client
	cfg  Config
}

// Answer is what a server said, its body read whole.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// New gives a client with the limits of cfg.
func New(cfg Config) *Client {
	if cfg.Timeout == 0 {
		cfg.Timeout = 3 * time.Second
	}
	if cfg.Connect == 0 {
		cfg.Connect = cfg.Timeout
	}
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = 64 << 10
	}
	dialer := &net.Dialer{Timeout: cfg.Connect, Control: guardian(cfg).Safe}
	transport := &http.Transport{
		DialContext: dialer.DialContext, TLSHandshakeTimeout: cfg.Timeout, ResponseHeaderTimeout: cfg.Timeout,
		MaxResponseHeaderBytes: 16 << 10, MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second, ForceAttemptHTTP2: true,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: cfg.Roots},
	}
	var way http.RoundTripper = transport
	if cfg.Through != nil {
		way = cfg.Through(transport)
	}
	return &Client{cfg: cfg, http: &http.Client{
		Transport: way, Timeout: cfg.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func guardian(cfg Config) *ssrf.Guardian {
	options := []ssrf.Option{ssrf.WithAnyPort()}
	if cfg.InsecureAllowLoopback {
		options = append(options,
			ssrf.WithAllowedV4Prefixes(netip.MustParsePrefix("127.0.0.0/8")),
			ssrf.WithAllowedV6Prefixes(netip.MustParsePrefix("::1/128")))
	}
	return ssrf.New(options...)
}

// Get fetches address, asking for one of the media types accept, and takes no other. Any status but 200 is an error
// for the caller to judge: the answer is returned with it.
func (c *Client) Get(ctx context.Context, address string, accept ...string) (*Answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, ErrAddress
	}
	for _, a := range accept {
		req.Header.Add("Accept", a)
	}
	answer, err := c.Do(req)
	if err != nil {
		return nil, err
	}
	if answer.Status != http.StatusOK {
		return answer, fmt.Errorf("fetch: status %d where 200 was expected", answer.Status)
	}
	got, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if len(accept) > 0 && (err != nil || !slices.Contains(accept, got)) {
		return answer, fmt.Errorf("%w: %q where %v was expected", ErrContentType, got, accept)
	}
	return answer, nil
}

// Do sends req and reads the answer within the limits.
func (c *Client) Do(req *http.Request) (*Answer, error) {
	if err := c.check(req.URL); err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("fetch: %w", err)
	}
	var body bytes.Buffer
	n, err := io.Copy(&body, io.LimitReader(resp.Body, c.cfg.MaxBytes+1))
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return nil, fmt.Errorf("fetch: %w", err)
	}
	if n > c.cfg.MaxBytes {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, c.cfg.MaxBytes)
	}
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		return nil, ErrRedirect
	}
	return &Answer{Status: resp.StatusCode, Header: resp.Header, Body: body.Bytes()}, nil
}

func (c *Client) check(u *url.URL) error {
	if u.User != nil || u.Host == "" {
		return ErrAddress
	}
	if u.Scheme == "https" || u.Scheme == "http" && c.cfg.InsecureAllowLoopback && loopback(u.Hostname()) {
		return nil
	}
	return fmt.Errorf("%w: https is demanded", ErrAddress)
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
