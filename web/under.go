package web

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/gin-gonic/gin"
)

// The parts of a service know paths from the root of the service. Where it stands below a path of its host (Config.Under), that path is
// taken off each request in Strip and put before each path that goes out: in a page by outward, in a redirect by outwards.

// underPath is what Config.Under may be: segments of unreserved characters (RFC 3986 section 2.3), none of dots alone.
var underPath = regexp.MustCompile(`^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$`)

// IsUnder tells whether a service can stand below this path of its host; "" is the root.
func IsUnder(path string) bool { return path == "" || underPath.MatchString(path) }

// wellKnown is where a host has its documents about services: their names stand between the host and the path of the service
// (RFC 8615 section 3, RFC 8414 section 3.1, OpenID4VCI 1.0 section 12.2.2).
const wellKnown = "/.well-known/"

// Strip serves handler below Config.Under. Documents under /.well-known/ whose path ends in that path are asked for as they are;
// everything else elsewhere on the host is 404.
func (s *Site) Strip(handler http.Handler) http.Handler {
	under := s.cfg.Under
	if under == "" {
		return handler
	}
	stripped := http.StripPrefix(under, handler)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; {
		case strings.HasPrefix(path, under+"/"):
			stripped.ServeHTTP(w, r)
		case path == under:
			http.Redirect(w, r, under+"/", http.StatusPermanentRedirect)
		case strings.HasPrefix(path, wellKnown) && strings.HasSuffix(path, under):
			handler.ServeHTTP(w, r)
		default:
			http.Error(w, fmt.Sprintf("Nothing is here: this service is below %s/", under), http.StatusNotFound)
		}
	})
}

// localAddress is an attribute that holds a path of the service. In text and in values html/template writes no quotation mark, so
// nothing that somebody typed looks like one.
var localAddress = regexp.MustCompile(`(\s(?:href|src|action|formaction|data-(?:poll|events|strength|credentials))=")(/[^/])`)

// outward makes the paths in a page those of the host.
func (s *Site) outward(page []byte) []byte {
	if s.cfg.Under == "" {
		return page
	}
	return localAddress.ReplaceAll(page, []byte("${1}"+s.cfg.Under+"${2}"))
}

// outwards makes redirects to paths of the service lead to those of the host.
type outwards struct {
	gin.ResponseWriter
	under string
}

func (w *outwards) WriteHeader(status int) {
	if to := w.Header().Get("Location"); strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "//") {
		w.Header().Set("Location", w.under+to)
	}
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w *outwards) Unwrap() http.ResponseWriter { return w.ResponseWriter }
