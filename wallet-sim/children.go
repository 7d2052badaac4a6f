package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// child is a service that runs as a process of its own, with its log in a file.
type child struct {
	name string
	log  string
	cmd  *exec.Cmd
	over chan struct{} // closed when the process has ended
	err  error         // how, once over
}

const (
	patience    = 20 * time.Second // until a service answers
	stopTimeout = 12 * time.Second // more than a service gives its running requests
	pollEvery   = 25 * time.Millisecond
)

// start runs the binary that stands beside this one, with the environment of this process and what is added.
func start(name, logDir string, env map[string]string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	binary := filepath.Join(filepath.Dir(self), name)
	if _, err := os.Stat(binary); err != nil {
		return nil, fmt.Errorf("%s is missing: build it beside wallet-sim, e.g. go build -o %s/ ./issuer ./verifier ./wallet-sim", binary, filepath.Dir(self))
	}
	if err := os.MkdirAll(logDir, 0o700); err != nil {
		return nil, err
	}
	c := &child{name: name, log: filepath.Join(logDir, name+".log"), over: make(chan struct{})}
	log, err := os.OpenFile(c.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	c.cmd = exec.Command(binary)
	c.cmd.Env = os.Environ()
	for key, value := range env {
		c.cmd.Env = append(c.cmd.Env, key+"="+value)
	}
	c.cmd.Stdout, c.cmd.Stderr = log, log
	// A group of its own: Ctrl-C reaches this process alone, which then stops the services in order.
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := c.cmd.Start(); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	go func() {
		c.err = errors.Join(c.cmd.Wait(), log.Close())
		close(c.over)
	}()
	return c, nil
}

// healthy waits until the service answers 200 at address, or is over.
func (c *child) healthy(ctx context.Context, client *http.Client, address string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		if res, err := client.Do(req); err == nil {
			err = res.Body.Close()
			if err == nil && res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-c.over:
			return fmt.Errorf("before it answered at %s: %w", address, c.ended())
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer at %s; its log %s ends with:\n%s", c.name, address, c.log, tail(c.log))
		case <-time.After(pollEvery):
		}
	}
}

// ended tells how the process came to its end, with the last lines of its log.
func (c *child) ended() error {
	how := c.err
	if how == nil {
		how = errors.New("without an error")
	}
	return fmt.Errorf("the %s ended: %w; its log %s ends with:\n%s", c.name, how, c.log, tail(c.log))
}

// stop asks the process to end, and ends it when it does not.
func (c *child) stop() error {
	if c == nil {
		return nil
	}
	select {
	case <-c.over:
		return nil
	default:
	}
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stopping %s: %w", c.name, err)
	}
	select {
	case <-c.over:
		return nil
	case <-time.After(stopTimeout):
		return fmt.Errorf("%s did not stop in %s and was ended: %w", c.name, stopTimeout, c.cmd.Process.Kill())
	}
}

const tailBytes = 2000

// tail is the end of a log, whole lines.
func tail(file string) string {
	f, err := os.Open(file)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return err.Error()
	}
	from := max(0, info.Size()-tailBytes)
	raw, err := io.ReadAll(io.NewSectionReader(f, from, tailBytes))
	if err != nil {
		return err.Error()
	}
	text := string(raw)
	if _, rest, ok := strings.Cut(text, "\n"); ok && from > 0 {
		text = rest
	}
	return strings.TrimSpace(text)
}

// free tells whether an address can be listened on.
func free(what, address string) error {
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s cannot be started: something else listens on %s already; stop it, or choose another port with --%s-port", what, address, what)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return l.Close()
}

// freePort is a port of this machine that nobody listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}
