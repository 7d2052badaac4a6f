// Package corpus makes presentations of which each is broken in one thing, and knows the code that a verifier must name.
//
// It owns the kinds, and everything that stands around them: keys, certificates, status lists, the request. It signs by RFC
// 6979 and takes keys and salts from names, so that every run makes the same files, which lie beside it for others to use
// (README.md). It knows no verifier: package presentation judges what it makes.
//
//	world.go        keys, certificates, who is trusted for what, the request
//	sdjwt.go        a presentation of an SD-JWT VC, and the places where it can be broken
//	mdoc.go         the same for an mdoc
//	lists.go        status lists and identifier lists
//	answer.go       the answer of a wallet and its encryption
//	kinds_*.go      the kinds, a line each
package corpus
