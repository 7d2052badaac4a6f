package wallet

import (
	"context"
	"encoding/base64"
	"fmt"
	"math"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"lommebok.example/specs/sdjwtvc"
)

// Look is how a credential is drawn: as its type metadata have it, else as its issuer does (draft-ietf-oauth-sd-jwt-vc section 5.5.1,
// OpenID4VCI 1.0 section 12.2.4). Background images and SVG templates are not drawn.
type Look struct {
	Background, Text string // #rrggbb; both "" for the colours of the page
	Description      string
	LogoAlt          string
}

// Picture is a logo, as it was fetched when the credential was issued: who shows the credential asks nobody for it.
type Picture struct {
	Media string `json:"media"`
	Data  []byte `json:"data"`
}

// DataURI is the picture as an address.
func (p *Picture) DataURI() string {
	return "data:" + p.Media + ";base64," + base64.StdEncoding.EncodeToString(p.Data)
}

// readable is the contrast that text needs (WCAG 2.2, 1.4.3).
const readable = 4.5

// Look is that for a language. A text that could not be read on its ground is black or white instead.
func (c *Credential) Look(lang string) Look {
	var l Look
	ground, text := c.rendered(lang, &l)
	back, ok := colour(ground)
	if !ok {
		return l
	}
	front, ok := colour(text)
	if !ok || contrast(front, back) < readable {
		if front = (rgb{0, 0, 0}); contrast(front, back) < contrast(rgb{255, 255, 255}, back) {
			front = rgb{255, 255, 255}
		}
	}
	l.Background, l.Text = back.String(), front.String()
	return l
}

// rendered fills in the words of l, and gives the colours as they were written.
func (c *Credential) rendered(lang string, l *Look) (ground, text string) {
	for _, want := range []string{lang, "nb", "en", ""} {
		if c.TypeMetadata != nil {
			for _, d := range c.TypeMetadata.Display {
				if (d.Locale == want || want == "") && d.Rendering != nil && d.Rendering.Simple != nil {
					s := d.Rendering.Simple
					if l.Description = d.Description; s.Logo != nil {
						l.LogoAlt = s.Logo.AltText
					}
					return s.BackgroundColor, s.TextColor
				}
			}
		}
		if c.Display != nil {
			for _, d := range c.Display.Display {
				if d.Locale == want || want == "" {
					if l.Description = d.Description; d.Logo != nil {
						l.LogoAlt = d.Logo.AltText
					}
					return d.BackgroundColor, d.TextColor
				}
			}
		}
	}
	return "", ""
}

type rgb [3]uint8

func (c rgb) String() string { return fmt.Sprintf("#%02x%02x%02x", c[0], c[1], c[2]) }

var (
	hexColour = regexp.MustCompile(`^#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})$`)
	rgbColour = regexp.MustCompile(`^rgb\( *([0-9]{1,3}) *, *([0-9]{1,3}) *, *([0-9]{1,3}) *\)$`)
)

// colour reads the numerical colours of CSS Color Module Level 3 without transparency. Others count as none.
func colour(s string) (c rgb, ok bool) {
	s = strings.TrimSpace(s)
	if m := rgbColour.FindStringSubmatch(s); m != nil {
		for i := range c {
			n, err := strconv.ParseUint(m[i+1], 10, 8)
			if err != nil {
				return rgb{}, false
			}
			c[i] = uint8(n)
		}
		return c, true
	}
	if !hexColour.MatchString(s) {
		return rgb{}, false
	}
	if s = s[1:]; len(s) == 3 {
		s = string([]byte{s[0], s[0], s[1], s[1], s[2], s[2]})
	}
	n, err := strconv.ParseUint(s, 16, 32)
	return rgb{uint8(n >> 16), uint8(n >> 8), uint8(n)}, err == nil
}

// contrast is the contrast ratio of WCAG 2.2, from 1 to 21.
func contrast(a, b rgb) float64 {
	la, lb := a.luminance(), b.luminance()
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func (c rgb) luminance() float64 {
	linear := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c[0]) + 0.7152*linear(c[1]) + 0.0722*linear(c[2])
}

// maxLogo bounds a logo, in bytes.
const maxLogo = 256 << 10

var logoMedia = []string{"image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml"}

// addLogo gets the logo of a credential that was just issued. A credential whose logo cannot be had has none.
func (w *Wallet) addLogo(ctx context.Context, c *Credential) {
	uri, integrity := c.logo()
	var p *Picture
	switch u, err := url.Parse(uri); {
	case err != nil || uri == "":
		return
	case u.Scheme == "data":
		p = inlined(u.Opaque)
	case u.Scheme == "https" || w.InsecureAllowHTTP && u.Scheme == "http":
		ask := call{step: "logo (OpenID4VCI 1.0 section 12.2.4)", method: http.MethodGet, url: uri, accept: strings.Join(logoMedia, ", ")}
		a, err := w.do(ctx, ask, nil)
		if err != nil || a.Status != http.StatusOK {
			return
		}
		media, _, _ := mime.ParseMediaType(a.Header.Get("Content-Type")) // "" is none of those below
		p = &Picture{media, a.Body}
	}
	if p == nil || len(p.Data) > maxLogo || !slices.Contains(logoMedia, p.Media) {
		return
	}
	if integrity != "" && sdjwtvc.VerifyIntegrity(p.Data, integrity) != nil {
		return
	}
	c.Logo = p
}

// inlined reads what stands behind the scheme of a data URI with base64 (RFC 2397).
func inlined(rest string) *Picture {
	kind, text, _ := strings.Cut(rest, ",")
	media, encoded := strings.CutSuffix(kind, ";base64")
	raw, err := base64.StdEncoding.DecodeString(text)
	if !encoded || err != nil {
		return nil
	}
	return &Picture{media, raw}
}

// logo is the address of the first logo that is named.
func (c *Credential) logo() (uri, integrity string) {
	if c.TypeMetadata != nil {
		for _, d := range c.TypeMetadata.Display {
			if d.Rendering != nil && d.Rendering.Simple != nil && d.Rendering.Simple.Logo != nil {
				return d.Rendering.Simple.Logo.URI, d.Rendering.Simple.Logo.Integrity
			}
		}
	}
	if c.Display != nil {
		for _, d := range c.Display.Display {
			if d.Logo != nil {
				return d.Logo.URI, ""
			}
		}
	}
	return "", ""
}
