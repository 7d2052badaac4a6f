package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	records "lommebok.example/transaction"
	"lommebok.example/wallet-sim/journal"
)

func (c *cli) logCommand() *cobra.Command {
	var follow bool
	var last int
	cmd := &cobra.Command{
		Use: "log", Args: none, Short: "what the wallet sent, and what it got",
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
	j := journal.Journal{Dir: dir}
	lines, end, err := j.Last(last)
	if len(lines) == 0 && err == nil && last > 0 && !c.json {
		c.say("this wallet has sent nothing yet")
	}
	if err = errors.Join(err, c.tellLines(lines)); err != nil || !follow {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(lookEvery):
		}
		if lines, end, err = j.From(end); err != nil {
			return err
		}
		if err := c.tellLines(lines); err != nil {
			return err
		}
	}
}

const lookEvery = 200 * time.Millisecond

func (c *cli) tellLines(lines []journal.Line) error {
	for _, line := range lines {
		if err := c.tellEntry(line); err != nil {
			return err
		}
	}
	return nil
}

func (c *cli) tellEntry(line journal.Line) error {
	if c.json {
		_, err := io.WriteString(c.out, line.Text)
		return err
	}
	e, err := line.Entry()
	if err != nil {
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
