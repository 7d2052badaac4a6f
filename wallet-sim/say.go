package main

import (
	"fmt"
	"io"
	"reflect"
	"strings"

	records "lommebok.example/transaction"
)

// painted is a text with the colours that this program gives it, which holds nothing of anybody else.
type painted string

// lines is a text that may be of several lines.
type lines string

// say writes for a person.
func (c *cli) say(format string, args ...any) { write(c.out, format, args...) }

// complain writes for a person on the error output.
func (c *cli) complain(format string, args ...any) { write(c.errs, format, args...) }

// write is the one way of texts to a terminal. What is filled into the format may be another's, such as what a verifier wants agreed
// to, and must not move the cursor, or begin a line that looks like one of ours: what is not printable becomes U+FFFD.
func write(to io.Writer, format string, args ...any) {
	for i, arg := range args {
		switch v := arg.(type) {
		case painted:
		case lines:
			args[i] = printableLines(string(v))
		case error:
			args[i] = printableLines(v.Error()) // errors.Join makes lines
		default:
			if v := reflect.ValueOf(arg); v.Kind() == reflect.String {
				args[i] = records.Printable(v.String())
			}
		}
	}
	_, _ = fmt.Fprintf(to, format+"\n", args...)
}

func printableLines(text string) string {
	all := strings.Split(text, "\n")
	for i, line := range all {
		all[i] = records.Printable(line)
	}
	return strings.Join(all, "\n")
}
