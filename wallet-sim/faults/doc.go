// Package faults makes a wallet do one thing wrong, so that a server can show that it notices.
//
// A fault is a YAML document, whose language stands in language.txt and in `wallet-sim fault --help`. The library is such documents.
package faults

import _ "embed" // the language

// Language says how a fault is written.
//
//go:embed language.txt
var Language string
