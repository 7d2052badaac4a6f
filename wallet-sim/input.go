package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
)

// stdin is the argument that stands for standard input.
const stdin = "-"

const inputs = `What a command reads may be given as the text itself, as the name of a file, as an address, or on standard input as -.`

// maxInput bounds what is read: a picture of a telephone's screen is below it.
const maxInput = 16 << 20

// link reads an argument that is a link: the text itself, or in a file or on standard input. An address is the link.
func (c *cli) link(arg string) (string, error) {
	if strings.Contains(arg, "://") {
		return arg, nil
	}
	raw, err := c.local(arg)
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(raw)), nil
}

// input reads an argument: standard input, a file, what is at an address, or the text itself.
func (c *cli) input(ctx context.Context, arg string) ([]byte, error) {
	if strings.HasPrefix(arg, "http://") || strings.HasPrefix(arg, "https://") {
		return c.download(ctx, arg)
	}
	return c.local(arg)
}

func (c *cli) local(arg string) ([]byte, error) {
	if arg == stdin {
		return bounded(c.in)
	}
	f, err := os.Open(arg)
	if errors.Is(err, fs.ErrNotExist) || len(arg) > 255 {
		return []byte(arg), nil // no file has so long a name
	}
	if err != nil {
		return nil, err
	}
	raw, err := bounded(f)
	return raw, errors.Join(err, f.Close())
}

func bounded(r io.Reader) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	if err == nil && len(raw) > maxInput {
		err = usage("expected at most %d bytes", maxInput)
	}
	return raw, err
}

func (c *cli) download(ctx context.Context, address string) ([]byte, error) {
	roots, err := c.roots()
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, usage("%v", err)
	}
	a, err := c.fetcher(roots).Do(req)
	if err != nil {
		return nil, err
	}
	if a.Status != http.StatusOK {
		return nil, fmt.Errorf("GET %s: expected status 200, got %d", address, a.Status)
	}
	return a.Body, nil
}
