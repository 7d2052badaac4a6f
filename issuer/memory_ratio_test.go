package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"lommebok.example/internal/measure"
)

// BenchmarkRatioMemory starts the program as make run does and reads what it holds in memory, ten seconds after it first
// answered.
func BenchmarkRatioMemory(b *testing.B) {
	dir := b.TempDir()
	binary := filepath.Join(dir, "issuer")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	addr := listener.Addr().String()
	if err := listener.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		cmd := exec.Command(binary)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "ISSUER_ADDR="+addr, "ISSUER_URL=http://"+addr, "ISSUER_INSECURE_ALLOW_HTTP=true",
			"ISSUER_INSECURE_ALLOW_ANY_CLIENT=true", "ISSUER_INSECURE_TEST_PEOPLE=true")
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		answersHealth(b, "http://"+addr+"/health")
		time.Sleep(10 * time.Second) // at rest is when nothing happens
		held := resident(b, cmd.Process.Pid)
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			b.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			b.Fatal(err)
		}
		measure.Print("issuer/memory-at-rest", held/60, 1.00, fmt.Sprintf("%.0f MiB resident beside 60", held))
	}
}

func answersHealth(b *testing.B, url string) {
	b.Helper()
	for range 600 {
		if res, err := http.Get(url); err == nil {
			_ = res.Body.Close()
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	b.Fatal("the issuer does not answer")
}

// resident gives the resident memory of a process in MiB.
func resident(b *testing.B, pid int) float64 {
	b.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				b.Fatal(err)
			}
			return float64(kib) / 1024
		}
	}
	b.Fatal("no VmRSS")
	return 0
}
