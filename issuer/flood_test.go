package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"lommebok.example/web"
)

const (
	// FLOOD=1 (make flood) makes it ten thousand clients, alone on the machine; among other tests it is a tenth, and how
	// fast the issuer's health answers is not held against it.
	wholeFlood = "FLOOD"
	// The test is started anew with the issuer's address in this variable, to play the clients: in one process with them,
	// the question after the issuer's health would wait for them and not for the issuer.
	floodAt = "FLOOD_AT"
)

// G12: ten thousand people, each from an address and a connection of their own, begin to log in within a second and type a
// password, at an issuer that hashes at its real cost. Every request gets an answer: the page, or 503 with Retry-After.
// Meanwhile the service stays in 512 MiB and says that it is well.
func TestTenThousandLogIn(t *testing.T) {
	if addr := os.Getenv(floodAt); addr != "" {
		flood(t, addr)
		return
	}
	issuer := startIssuer(t)
	crowd := exec.Command(os.Args[0], "-test.run=^TestTenThousandLogIn$", "-test.v")
	crowd.Env = append(os.Environ(), floodAt+"="+issuer.addr)
	var told bytes.Buffer
	crowd.Stdout, crowd.Stderr = &told, &told
	must(t, crowd.Start())
	over := make(chan error, 1)
	go func() { over <- crowd.Wait() }()
	health, err := watchHealth(issuer.addr, over)
	t.Logf("%s", &told)
	if err != nil {
		t.Fatal(err)
	}
	peak, p99 := issuer.peak(t), at(health, 99)
	t.Logf("peak of %d MiB; health asked %d times, p50 %s, p99 %s, slowest %s", peak>>20, len(health), at(health, 50), p99, at(health, 100))
	if peak > 512<<20 {
		t.Errorf("the issuer took %d MiB, want at most 512", peak>>20)
	}
	if os.Getenv(wholeFlood) != "" && p99 > 250*time.Millisecond {
		t.Errorf("p99 of /health is %s, want at most 250ms", p99)
	}
}

func clients() int {
	if os.Getenv(wholeFlood) != "" {
		return 10_000
	}
	return 1_000
}

// flood is the clients' side.
func flood(t *testing.T, addr string) {
	clients := clients()
	all := &answers{counts: map[string]int{}}
	begun := time.Now()
	var wait sync.WaitGroup
	for i := range clients {
		time.Sleep(time.Until(begun.Add(time.Duration(i) * time.Second / time.Duration(clients))))
		wait.Go(func() { all.client(addr, i) })
	}
	wait.Wait()
	t.Logf("%d clients in %s: %v", clients, time.Since(begun).Round(time.Millisecond), all.counts)
	for _, err := range all.wrong[:min(len(all.wrong), 10)] {
		t.Error(err)
	}
	if len(all.wrong) > 10 {
		t.Errorf("and %d more", len(all.wrong)-10)
	}
	if all.counts["begin 303"] == 0 || all.counts["password 303"] == 0 {
		t.Error("nobody got through")
	}
}

// answers are what the clients got.
type answers struct {
	mu     sync.Mutex
	counts map[string]int
	wrong  []error
}

func (a *answers) note(what string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.counts[what]++
}

func (a *answers) fail(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.wrong = append(a.wrong, err)
}

// client begins a login and types a password for a number of its own.
func (a *answers) client(addr string, i int) {
	c, err := dial(addr, i)
	if err != nil {
		a.fail(fmt.Errorf("client %d: %w", i, err))
		return
	}
	defer c.close()
	begin, err := c.ask(http.MethodGet, "/minid", "", nil)
	if !a.judge("begin", i, begin, err) {
		return
	}
	cookie := ""
	for _, got := range begin.Cookies() {
		if strings.HasSuffix(got.Name, "_signin") {
			cookie = got.Name + "=" + got.Value
		}
	}
	_, secret, _ := strings.Cut(cookie, "=")
	form := url.Values{"token": {web.FormToken(secret)}, "pid": {fmt.Sprintf("%011d", 17_000_000_000+i)}, "password": {"feil passord her"}}
	typed, err := c.ask(http.MethodPost, "/login/password", cookie, form)
	a.judge("password", i, typed, err)
}

// judge notes an answer, and tells whether the client goes on.
func (a *answers) judge(what string, i int, r *http.Response, err error) bool {
	if err != nil {
		a.fail(fmt.Errorf("client %d, %s: %w", i, what, err))
		return false
	}
	a.note(fmt.Sprintf("%s %d", what, r.StatusCode))
	switch {
	case r.StatusCode == http.StatusSeeOther:
		return true
	case r.StatusCode != http.StatusServiceUnavailable:
		a.fail(fmt.Errorf("client %d, %s: status %d, want 303 or 503", i, what, r.StatusCode))
	case !sensible(r.Header.Get("Retry-After")):
		a.fail(fmt.Errorf("client %d, %s: 503 with Retry-After %q", i, what, r.Header.Get("Retry-After")))
	}
	return false
}

func sensible(seconds string) bool {
	n, err := strconv.Atoi(seconds)
	return err == nil && n >= 1 && n <= 60
}

// watchHealth asks until it is over, each time on a new connection, as a load balancer does.
func watchHealth(addr string, over <-chan error) (took []time.Duration, err error) {
	for {
		begun := time.Now()
		if err := askHealth(addr); err != nil {
			return took, fmt.Errorf("health: %w", err)
		}
		took = append(took, time.Since(begun))
		select {
		case err := <-over:
			return took, err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func askHealth(addr string) error {
	c, err := dial(addr, 0)
	if err != nil {
		return err
	}
	defer c.close()
	r, err := c.ask(http.MethodGet, "/health", "", nil)
	if err == nil && r.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d", r.StatusCode)
	}
	return err
}

func at(took []time.Duration, percent int) time.Duration {
	sorted := slices.Sorted(slices.Values(took))
	return sorted[(len(sorted)-1)*percent/100].Round(time.Millisecond)
}

// conn is one connection of a client.
type conn struct {
	net.Conn
	r *bufio.Reader
}

// dial comes from an address of its own: 127.0.0.0/8 is all of this machine.
func dial(addr string, i int) (*conn, error) {
	d := net.Dialer{Timeout: 20 * time.Second, LocalAddr: &net.TCPAddr{IP: net.IPv4(127, byte(1+i>>16), byte(i>>8), byte(1+i%250))}}
	c, err := d.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &conn{c, bufio.NewReaderSize(c, 1024)}, c.SetDeadline(time.Now().Add(40 * time.Second))
}

func (c *conn) close() { _ = c.Close() } // what it answered has been read

func (c *conn) ask(method, path, cookie string, form url.Values) (*http.Response, error) {
	body := form.Encode()
	head := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n", method, path, len(body))
	if method == http.MethodPost {
		head += "Content-Type: application/x-www-form-urlencoded\r\nCookie: " + cookie + "\r\n"
	}
	if _, err := c.Write([]byte(head + "\r\n" + body)); err != nil {
		return nil, err
	}
	r, err := http.ReadResponse(c.r, nil)
	if err != nil {
		return nil, err
	}
	_, err = c.r.Discard(int(max(0, r.ContentLength)))
	return r, err
}

// process is an issuer as it is run.
type process struct {
	cmd  *exec.Cmd
	addr string
}

func startIssuer(t *testing.T) *process {
	t.Helper()
	dir := t.TempDir()
	binary := filepath.Join(dir, "issuer")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	addr := l.Addr().String()
	must(t, l.Close())
	log, err := os.Create(filepath.Join(dir, "log"))
	must(t, err)
	p := &process{addr: addr, cmd: exec.Command(binary)}
	p.cmd.Env = append(os.Environ(), "ISSUER_ADDR="+addr, "ISSUER_URL=http://"+addr, "ISSUER_DATABASE=sqlite:"+filepath.Join(dir, "issuer.db"),
		"ISSUER_DATA="+filepath.Join(dir, "data"), "TRUST_DIR="+filepath.Join(dir, "trust"), "ISSUER_INSECURE_ALLOW_HTTP=true")
	p.cmd.Stdout, p.cmd.Stderr = log, log
	must(t, p.cmd.Start())
	t.Cleanup(func() { p.stop(t, log) })
	for range 200 {
		if r, err := http.Get("http://" + addr + "/health"); err == nil {
			must(t, r.Body.Close())
			return p
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the issuer does not answer")
	return nil
}

// stop lets the process end in order, and shows what it logged when something went wrong.
func (p *process) stop(t *testing.T, log *os.File) {
	must(t, p.cmd.Process.Signal(syscall.SIGTERM))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			_ = p.cmd.Process.Kill()
		}
	})
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("the issuer: %v", err)
	}
	raw, err := os.ReadFile(log.Name())
	must(t, errors.Join(err, log.Close()))
	for line := range strings.Lines(string(raw)) {
		if strings.Contains(line, `"level":"ERROR"`) {
			t.Errorf("the issuer logged: %s", line)
			break
		}
	}
}

// peak is the most memory that the process had, in bytes.
func (p *process) peak(t *testing.T) int {
	t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	must(t, err)
	for line := range strings.Lines(string(raw)) {
		var kb int
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kb); n == 1 {
			return kb << 10
		}
	}
	t.Fatal("no VmHWM in the status of the process")
	return 0
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
