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

// maxName is how long the name of a file may be.
const maxName = 255

// maxInput bounds what is read: a picture of a telephone's screen is below it.
const maxInput = 16 << 20

// link reads an argument that is a link: the text itself, or in a file or on standard input. An address is the link.
func (c *cli) link(arg string) (string, error) {
	if isLink(arg) {
		return arg, nil
	}
	text, err := c.text(arg)
	switch {
	case err != nil || isLink(text):
		return text, err
	case arg == stdin:
		return "", usage("expected a link on standard input, such as openid4vp://… or https://…")
	case isFile(arg):
		return "", usage("expected a link in the file %s, such as openid4vp://… or https://…", arg)
	}
	return "", usage("expected a link, such as openid4vp://… or https://…, or the name of a file that holds one, and there is no file %q", arg)
}

func isLink(text string) bool {
	return (strings.Contains(text, "://") || strings.Contains(text, ":?")) && !strings.ContainsAny(text, " \t\n")
}

func isFile(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// text reads an argument that is a short text, or in a file or on standard input.
func (c *cli) text(arg string) (string, error) {
	raw, err := c.local(arg)
	return strings.TrimSpace(string(raw)), err
}

// unread is why an argument was not what the command reads: when it looks like the name of a file, there is none besides.
func unread(arg string, err error) error {
	if arg == "" || arg == stdin || isLink(arg) || len(arg) > maxName || strings.ContainsAny(arg, "~{\n") || isFile(arg) {
		return usage("%v", err)
	}
	return usage("there is no file %q, and as text: %v", arg, err)
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
	if errors.Is(err, fs.ErrNotExist) || len(arg) > maxName {
		return []byte(arg), nil
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
