package status

import (
	"mime"
	"strconv"
	"strings"

	"lommebok.example/specs/statuslist"
)

// wantsCWT tells whether an Accept header (RFC 9110 section 12.5.1) prefers the CWT to the JWT. The JWT is the answer
// to everybody else, also to those who would take anything.
func wantsCWT(accept string) bool {
	jwt, cwt := -1.0, -1.0
	for _, part := range strings.Split(accept, ",") {
		name, q := mediaRange(part)
		switch name {
		case statuslist.MediaTypeJWT:
			jwt = max(jwt, q)
		case statuslist.MediaTypeCWT:
			cwt = max(cwt, q)
		}
	}
	return cwt > 0 && cwt > jwt
}

// takesGzip tells whether an Accept-Encoding header (RFC 9110 section 12.5.3) takes gzip.
func takesGzip(accept string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		if name, q := mediaRange(part); name == "gzip" || name == "x-gzip" {
			return q > 0
		}
	}
	return false
}

func mediaRange(part string) (name string, q float64) {
	name, params, err := mime.ParseMediaType(part)
	if err != nil {
		return "", 0
	}
	text, weighted := params["q"]
	if !weighted {
		return name, 1
	}
	if q, err = strconv.ParseFloat(text, 64); err != nil {
		return "", 0
	}
	return name, q
}
