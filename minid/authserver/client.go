package authserver

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"lommebok.example/specs/oauth2"
)

const (
	maxClientID    = 255
	maxRedirectURI = 2000
)

// registered finds a registered client.
func (s *Server) registered(id string) (Client, bool) {
	i := slices.IndexFunc(s.Clients, func(c Client) bool { return c.ID == id })
	if i < 0 {
		return Client{}, false
	}
	return s.Clients[i], true
}

// client finds the client of a request (RFC 6749 section 2.2): a registered one, or one that nothing is known of.
func (s *Server) client(id string) (Client, *oauth2.Error) {
	if c, ok := s.registered(id); ok {
		return c, nil
	}
	switch {
	case id == "":
		return Client{}, oauth2.NewError(http.StatusBadRequest, oauth2.InvalidRequest,
			"client_id is missing (RFC 6749 section 2.2)")
	case len(id) > maxClientID || !visible(id):
		return Client{}, oauth2.NewError(http.StatusUnauthorized, oauth2.InvalidClient,
			"expected a client_id of at most %d printable ASCII characters (RFC 6749 appendix A.1)", maxClientID)
	}
	return Client{ID: id}, nil
}

// checkRedirectURI compares a registered client's redirect_uri character by character (RFC 9700 section 4.1.3); that of
// another client must be one that leads to an app or a website of its own.
func (c Client) checkRedirectURI(uri string) *oauth2.Error {
	if uri == "" {
		return oauth2.NewError(http.StatusBadRequest, oauth2.InvalidRequest, "redirect_uri is missing (FAPI 2.0 section 5.3.2.2)")
	}
	if len(c.RedirectURIs) > 0 {
		if slices.Contains(c.RedirectURIs, uri) {
			return nil
		}
		return oauth2.NewError(http.StatusBadRequest, oauth2.InvalidRequest,
			"expected a redirect_uri that is registered for the client, character by character (RFC 9700 section 4.1.3)")
	}
	if err := checkRedirectForm(uri); err != nil {
		return oauth2.NewError(http.StatusBadRequest, oauth2.InvalidRequest, "%v", err)
	}
	return nil
}

// notPrivate are schemes that a browser or a system gives a meaning of its own: none of them belongs to a wallet.
var notPrivate = []string{
	"about", "blob", "chrome", "chrome-extension", "cid", "content", "data", "feed", "file", "filesystem", "ftp", "ftps",
	"geo", "gopher", "http", "imap", "intent", "irc", "jar", "javascript", "ldap", "ldaps", "livescript", "mailto", "market",
	"mid", "mms", "moz-extension", "news", "nfs", "nntp", "pop", "resource", "rtsp", "sftp", "sip", "sips", "smb", "sms",
	"smsto", "ssh", "tel", "telnet", "tftp", "urn", "vbscript", "view-source", "webcal", "ws", "wss", "xmpp",
}

// The authorities that a redirect_uri may have. They stand in the page's Content-Security-Policy, so nothing but names,
// addresses and ports is let through.
var (
	host     = regexp.MustCompile(`^([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$`)
	loopback = regexp.MustCompile(`^(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?$`)
)

// checkRedirectForm allows https, http on loopback (RFC 8252 section 7.3) and private-use schemes (section 7.1).
func checkRedirectForm(uri string) error {
	u, err := url.Parse(uri)
	switch {
	case len(uri) > maxRedirectURI:
		return fmt.Errorf("expected a redirect_uri of at most %d characters", maxRedirectURI)
	case err != nil || !visible(uri) || strings.ContainsAny(uri, "\\\"<>^`{|} "):
		return fmt.Errorf("expected a redirect_uri that is a URI (RFC 3986)")
	case strings.Contains(uri, "#"):
		return fmt.Errorf("expected a redirect_uri without fragment (RFC 6749 section 3.1.2)")
	case u.Scheme == "":
		return fmt.Errorf("expected an absolute redirect_uri (RFC 6749 section 3.1.2)")
	case u.User != nil:
		return fmt.Errorf("expected a redirect_uri without user information")
	case u.Scheme == "https" && host.MatchString(u.Host):
		return nil
	case u.Scheme == "http" && loopback.MatchString(u.Host):
		return nil
	case u.Scheme != "https" && !slices.Contains(notPrivate, u.Scheme):
		return nil
	}
	return fmt.Errorf("expected a redirect_uri with https, a private-use scheme, or http on loopback (RFC 8252 section 7)")
}

// checkClients finds mistakes in the registered clients when the service starts.
func checkClients(clients []Client) error {
	seen := map[string]bool{}
	for _, c := range clients {
		if c.ID == "" || c.Name == "" || len(c.RedirectURIs) == 0 || seen[c.ID] {
			return fmt.Errorf("%w: client %q needs an ID of its own, a Name and at least one of RedirectURIs", ErrConfig, c.ID)
		}
		seen[c.ID] = true
		if err := c.checkAuth(); err != nil {
			return fmt.Errorf("%w: client %q: %w", ErrConfig, c.ID, err)
		}
		for _, uri := range c.RedirectURIs {
			if err := checkRedirectForm(uri); err != nil {
				return fmt.Errorf("%w: client %q: %w", ErrConfig, c.ID, err)
			}
		}
	}
	return nil
}

func (c Client) checkAuth() error {
	switch {
	case c.Auth == oauth2.AuthPrivateKeyJWT && len(c.Keys.Keys) == 0, c.Auth != oauth2.AuthPrivateKeyJWT && len(c.Keys.Keys) > 0:
		return fmt.Errorf("expected keys with private_key_jwt, and with nothing else")
	case c.Auth != "" && c.Auth != oauth2.AuthPrivateKeyJWT && c.Auth != oauth2.AuthAttestation:
		return fmt.Errorf("expected the authentication method %s, %s or none named", oauth2.AuthPrivateKeyJWT, oauth2.AuthAttestation)
	}
	for _, k := range c.Keys.Keys {
		if _, err := k.PublicKey(); err != nil {
			return fmt.Errorf("keys: %w", err)
		}
	}
	return nil
}

// redirectHost is the part of a redirect_uri that tells the person where an answer goes: the host, or the scheme that
// opens an app.
func redirectHost(uri string) string {
	u, err := url.Parse(uri)
	switch {
	case err != nil:
		return ""
	case u.Scheme == "https" || u.Scheme == "http":
		return u.Host
	}
	return u.Scheme + ":"
}

// known gives s when it may be something that was stored, and "" for what never is: PostgreSQL takes no NUL and nothing
// that is not UTF-8, so such text must be nobody's rather than a fault.
func known(s string) string {
	if !visible(s) {
		return ""
	}
	return s
}

// visible tells whether s is printable ASCII (VSCHAR of RFC 6749 appendix A).
func visible(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}
