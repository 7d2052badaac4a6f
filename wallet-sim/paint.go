package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// The colours, as terminals number them.
const (
	green  = "32"
	red    = "31"
	yellow = "33"
)

// painter colours words on a terminal, unless NO_COLOR is set to anything.
func painter(out io.Writer, noColor string) func(colour, text string) painted {
	f, ok := out.(*os.File)
	if !ok || noColor != "" || !term.IsTerminal(int(f.Fd())) {
		return func(_, text string) painted { return painted(text) }
	}
	return coloured
}

func coloured(colour, text string) painted { return painted("\x1b[" + colour + "m" + text + "\x1b[0m") }
