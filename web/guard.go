package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"
)

// LocalPath tells whether s is a path on this service, with or without a query: what a redirect may follow. It begins
// with one slash. A second slash, a backslash, a control character or a blank is how browsers are led to another host;
// dots and encoded slashes are refused as well, for those who decode before they judge.
func LocalPath(s string) bool {
	if !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") || len(s) > 2048 {
		return false
	}
	for _, r := range s {
		if r <= ' ' || r == '\\' || r >= 0x7f {
			return false
		}
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" || u.Fragment != "" {
		return false
	}
	path, _, _ := strings.Cut(s, "?")
	segments := strings.Split(strings.ToLower(path[1:]), "/")
	for i, segment := range segments {
		if segment == "." || segment == ".." || segment == "" && i < len(segments)-1 {
			return false
		}
		for _, encoded := range []string{"%2e", "%2f", "%5c", "%0", "%1", "%7f", "%25"} {
			if strings.Contains(segment, encoded) {
				return false
			}
		}
	}
	return true
}

// FormToken gives the value for the hidden field of a form: it can be made only by who knows the secret that the
// browser's own cookie holds, so a form from elsewhere cannot have it.
func FormToken(secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("lommebok form token"))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// CheckFormToken compares in constant time. No secret means no token is right.
func CheckFormToken(secret, token string) bool {
	return secret != "" && hmac.Equal([]byte(FormToken(secret)), []byte(token))
}

// OwnForms lets only forms of this origin through, by Sec-Fetch-Site and Origin (http.CrossOriginProtection), and bodies
// up to 64 KiB. It is for the pages' routes; an API that is called from elsewhere does not want it.
func (s *Site) OwnForms() gin.HandlerFunc { return s.OwnPosts(maxForm) }

// OwnPosts is OwnForms for what a script of a page sends, with bodies up to so many bytes.
func (s *Site) OwnPosts(limit int64) gin.HandlerFunc {
	protection := http.NewCrossOriginProtection()
	return func(c *gin.Context) {
		if err := protection.Check(c.Request); err != nil {
			s.Problem(c, Problem{Status: http.StatusForbidden, Code: "cross_origin", TextKey: "common.problem.cross_origin"})
			return
		}
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, limit)
		c.Next()
	}
}

const maxForm = 64 << 10

// WalletAddress lets a template link to a wallet: html/template itself knows only http, https and mailto. Schemes that a
// browser would run or open by itself are refused.
func WalletAddress(address string) (template.URL, error) {
	u, err := url.Parse(address)
	if err != nil || !uriScheme.MatchString(u.Scheme) {
		return "", fmt.Errorf("web: a wallet's address must be a URI with a scheme")
	}
	switch u.Scheme {
	case "javascript", "data", "vbscript", "blob", "file", "filesystem", "about", "view-source":
		return "", fmt.Errorf("web: a wallet's address must not have the scheme %s", u.Scheme)
	}
	return template.URL(address), nil
}

// address is a local path or a wallet's address, for links that may be either.
func address(a string) (template.URL, error) {
	if LocalPath(a) {
		return template.URL(a), nil
	}
	return WalletAddress(a)
}
