package issuance

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
	"golang.org/x/text/language"

	"lommebok.example/issuer/credentials"
	"lommebok.example/specs/openid4vci"
)

// languagesFor are those of credentials.Languages that a header Accept-Language asks for, in their own order; all of them
// when it asks for none that there is (OpenID4VCI 1.0 section 12.2.2). The tag no, which says Norwegian and not which, is
// bokmål.
func languagesFor(header string) []string {
	tags, _, err := language.ParseAcceptLanguage(header)
	if err != nil {
		return credentials.Languages
	}
	var wanted []string
	for _, tag := range tags {
		base, _ := tag.Base()
		switch base.String() {
		case "no":
			wanted = append(wanted, "nb")
		case "mul": // the asterisk
			return credentials.Languages
		default:
			wanted = append(wanted, base.String())
		}
	}
	var have []string
	for _, lang := range credentials.Languages {
		if slices.Contains(wanted, lang) {
			have = append(have, lang)
		}
	}
	if len(have) == 0 {
		return credentials.Languages
	}
	return have
}

// wantsSigned tells whether a header Accept prefers application/jwt: it names it, and does not rate it below
// application/json. Everybody else gets JSON, which every issuer must have (section 12.2.2).
func wantsSigned(header string) bool {
	signed, plain := 0.0, 0.0
	for part := range strings.SplitSeq(header, ",") {
		media, parameters, _ := strings.Cut(part, ";")
		q := quality(parameters)
		switch strings.ToLower(strings.TrimSpace(media)) {
		case openid4vci.MediaTypeSignedMetadata:
			signed = q
		case openid4vci.MediaTypeMetadata:
			plain = q
		}
	}
	return signed > 0 && signed >= plain
}

// quality reads the parameter q (RFC 9110 section 12.4.2); 1 when there is none, 0 when it is no such number.
func quality(parameters string) float64 {
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
		if !strings.EqualFold(name, "q") {
			continue
		}
		q, err := strconv.ParseFloat(value, 64)
		if err != nil || !(q >= 0 && q <= 1) {
			return 0
		}
		return q
	}
	return 1
}

// document is a public document, ready to be sent.
type document struct {
	media, etag string
	languages   string // Content-Language; "" for none
	vary        string
	body        []byte
}

func newDocument(media string, body []byte) document {
	sum := sha256.Sum256(body)
	return document{media: media, body: body, etag: `"` + base64.RawURLEncoding.EncodeToString(sum[:18]) + `"`}
}

// send answers 304 to whoever has the document already (RFC 9110 section 13.1.2).
func (d document) send(c *gin.Context) {
	c.Header("Cache-Control", "public, max-age=300")
	c.Header("ETag", d.etag)
	if d.vary != "" {
		c.Header("Vary", d.vary)
	}
	if d.languages != "" {
		c.Header("Content-Language", d.languages)
	}
	for known := range strings.SplitSeq(c.GetHeader("If-None-Match"), ",") {
		if known = strings.TrimPrefix(strings.TrimSpace(known), "W/"); known == d.etag || known == "*" {
			c.Status(http.StatusNotModified)
			return
		}
	}
	c.Data(http.StatusOK, d.media, d.body)
}
