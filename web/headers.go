package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

var uriScheme = regexp.MustCompile(`^[a-z][a-z0-9+.-]*$`)

// pageHeaders are what every HTML answer carries. Nothing loads but our own files; scripts only with the nonce of this
// answer; nobody frames the page, keeps it, or learns where the person came from.
func (s *Site) pageHeaders(h http.Header, nonce string, how rendering) {
	script := "'none'"
	if nonce != "" {
		script = "'nonce-" + nonce + "'"
	}
	frames := sources(how.frames)
	if len(frames) == 0 {
		frames = []string{"'none'"}
	}
	h.Set("Content-Security-Policy", strings.Join([]string{
		"default-src 'none'",
		"script-src " + script,
		"style-src 'self'",
		"img-src 'self' data:",
		"font-src 'self'",
		"connect-src 'self'",
		"form-action " + strings.Join(append([]string{"'self'"}, sources(how.formActions)...), " "),
		"frame-src " + strings.Join(frames, " "),
		"base-uri 'none'",
		"object-src 'none'",
		"frame-ancestors 'none'",
	}, "; "))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept-Language, Cookie")
	if s.cfg.Secure {
		h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
	}
}

// sources turns addresses into sources of a Content-Security-Policy. An address that is not one is left out, so that
// nothing else can be written into the header.
func sources(addresses []string) []string {
	var list []string
	for _, address := range addresses {
		u, err := url.Parse(address)
		switch {
		case err != nil || !uriScheme.MatchString(u.Scheme):
		case u.Scheme != "http" && u.Scheme != "https":
			list = append(list, u.Scheme+":")
		case u.Host != "" && !strings.ContainsAny(u.Host, " ;,'\""):
			list = append(list, u.Scheme+"://"+u.Host)
		}
	}
	return list
}
