package dpop

import (
	"fmt"
	"net/url"
	"strings"
)

// sameTarget compares htu with the request's URL, query and fragment set aside
// (RFC 9449 section 4.3), scheme and host without regard to case, and the
// scheme's own port as if it were not written (RFC 3986 sections 6.2.2, 6.2.3).
func sameTarget(htu, target string) error {
	want, err := normalTarget(target)
	if err != nil || htu == target {
		return err
	}
	got, err := normalTarget(htu)
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("%w: expected %s, got %q", ErrURL, want, clip(got))
	}
	return nil
}

func normalTarget(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.Opaque != "" {
		return "", fmt.Errorf("%w: expected an absolute http or https URL", ErrURL)
	}
	scheme, host := u.Scheme, strings.ToLower(u.Host)
	switch scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	default:
		return "", fmt.Errorf("%w: expected an absolute http or https URL", ErrURL)
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	return scheme + "://" + strings.TrimSuffix(host, ":") + path, nil
}
