package app_test

import (
	"crypto/ecdsa"
	"io"
	"net/http"
	"strings"
)

type keyOf = *ecdsa.PrivateKey

func body(s string) io.Reader { return strings.NewReader(s) }

// readAll reads a stream to its end.
func readAll(res *http.Response) error {
	_, err := io.Copy(io.Discard, res.Body)
	return err
}
