package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	records "lommebok.example/transaction"
)

// The log stands in the wallet's folder, an entry a line; the one before it beside it.
const (
	logFile    = "log.jsonl"
	olderLog   = "log.1.jsonl"
	maxLogSize = 8 << 20
)

// record gives what writes the wallet's log. Entries are masked: the log holds no token, and nothing of a person.
func record(dir string) func(*records.Entry) error {
	return func(e *records.Entry) error {
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		path := filepath.Join(dir, logFile)
		if info, err := os.Stat(path); err == nil && info.Size() > maxLogSize {
			if err := os.Rename(path, filepath.Join(dir, olderLog)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		_, err = f.Write(append(line, '\n'))
		return errors.Join(err, f.Close())
	}
}

func (c *cli) logCommand() *cobra.Command {
	var follow bool
	var last int
	cmd := &cobra.Command{
		Use: "log", Args: cobra.NoArgs, Short: "what the wallet sent, and what it got",
		Long: "Each request of the wallet with its answer, or why none came, decoded. Tokens, codes and what is about a person are hidden before anything is written;\n" +
			"with --json an entry a line.",
		Example: "  wallet-sim log --last 3\n  wallet-sim log --follow --json | jq .refusal",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if last < 0 {
				return usage("--last: expected 0 or more")
			}
			return c.log(cmd.Context(), last, follow)
		},
	}
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "go on as the wallet goes on, until Ctrl-C")
	cmd.Flags().IntVar(&last, "last", 10, "how many of the entries that there are")
	return cmd
}

func (c *cli) log(ctx context.Context, last int, follow bool) error {
	dir, err := c.walletDir()
	if err != nil {
		return err
	}
	path := filepath.Join(dir, logFile)
	raw, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	end := strings.LastIndexByte(string(raw), '\n') + 1 // an entry that is being written comes with the next
	lines := strings.SplitAfter(string(raw[:end]), "\n")
	lines = lines[:len(lines)-1]
	for _, line := range lines[max(0, len(lines)-last):] {
		if err := c.tellEntry(line); err != nil {
			return err
		}
	}
	if !follow {
		return nil
	}
	return c.follows(ctx, path, int64(end))
}

// follows tells of what is written behind offset, until ctx ends. A file that became shorter is another one.
func (c *cli) follows(ctx context.Context, path string, offset int64) error {
	for {
		var err error
		if offset, err = c.tellFrom(path, offset); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(lookEvery):
		}
	}
}

const lookEvery = 200 * time.Millisecond

func (c *cli) tellFrom(path string, offset int64) (int64, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return offset, err
	}
	defer func() { _ = f.Close() }() // only read
	if info, err := f.Stat(); err != nil || info.Size() < offset {
		return 0, err
	}
	if _, err := f.Seek(offset, io.SeekStart); err != nil {
		return offset, err
	}
	r := bufio.NewReader(f)
	for {
		line, err := r.ReadString('\n')
		if errors.Is(err, io.EOF) {
			return offset, nil
		}
		if err != nil {
			return offset, err
		}
		offset += int64(len(line))
		if err := c.tellEntry(line); err != nil {
			return offset, err
		}
	}
}

func (c *cli) tellEntry(line string) error {
	if c.json {
		_, err := io.WriteString(c.out, line)
		return err
	}
	var e records.Entry
	if err := json.Unmarshal([]byte(line), &e); err != nil {
		return err
	}
	colour, status := green, strconv.Itoa(e.Response.Status)
	if e.Response.Status >= 400 {
		colour = red
	}
	if e.Failed != "" {
		colour, status = red, "---"
	}
	c.say("%s  %s  %s %s  %s", e.At.Format(time.RFC3339), c.paint(colour, status), e.Request.Method, e.Request.Path, e.Step)
	c.say("    %s", e.Section)
	c.tellParts("sent", e.Request.Parts)
	c.tellParts("got", e.Response.Parts)
	if e.Failed != "" {
		c.say("    no answer: %s", e.Failed)
	}
	if e.Refusal != nil {
		c.say("    refused: %s  %s", e.Refusal.Code, e.Refusal.Description)
	}
	return nil
}

func (c *cli) tellParts(verb string, parts []records.Part) {
	for _, p := range parts {
		texts := strings.Split(p.Text, "\n")
		if more := len(texts) - maxLines; more > 0 {
			texts = append(texts[:maxLines], fmt.Sprintf("… and %d lines; --json has all", more))
		}
		c.say("    %s %s\n      %s", verb, p.Name, lines(strings.Join(texts, "\n      ")))
	}
}

const maxLines = 40 // of a part, for people
