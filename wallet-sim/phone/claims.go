package phone

import (
	"encoding/base64"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"lommebok.example/wallet-sim/wallet"
)

// claimView is a claim for people, or a part of one: a text, of which yes and no are words of the template, a picture, or parts.
type claimView struct {
	Label, Value string
	Picture      template.URL
	Parts        []claimView
}

// partNames are the texts for the members of claims that a standard defines and no issuer describes, in the order in which they are
// shown: of an address (OpenID Connect Core section 5.1.1, PID Rulebook), of a place of birth, and of the right to drive
// (ISO/IEC 18013-5 section 7.2.4).
var partNames = []struct{ name, key string }{
	{"formatted", "wallet.part.formatted"}, {"street_address", "wallet.part.street"}, {"house_number", "wallet.part.house_number"},
	{"postal_code", "wallet.part.postal_code"}, {"locality", "wallet.part.locality"}, {"region", "wallet.part.region"}, {"country", "wallet.part.country"},
	{"vehicle_category_code", "wallet.part.category"}, {"issue_date", "wallet.part.issued"}, {"expiry_date", "wallet.part.expires"},
}

// inOrder are the names of members: those of partNames first.
func inOrder(value map[string]any) []string {
	var names []string
	for _, part := range partNames {
		if _, has := value[part.name]; has {
			names = append(names, part.name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(value)) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// label is the issuer's name for a claim, else that of a part.
func (f *Face) label(c wallet.Claim, lang string) string {
	if len(c.Labels) > 0 || len(c.Path) == 0 {
		return c.Label(lang)
	}
	last, _ := c.Path[len(c.Path)-1].(string)
	return f.partLabel(last, c.Label(lang), lang)
}

func (f *Face) partLabel(name, otherwise, lang string) string {
	for _, part := range partNames {
		if part.name == name {
			return f.site.T(lang, part.key)
		}
	}
	return otherwise
}

func (f *Face) claimViews(claims []wallet.Claim, lang string) []claimView {
	views := make([]claimView, 0, len(claims))
	for _, c := range claims {
		v := claimView{Value: dayIn(lang, c.Value)}
		if len(c.Values) == 1 {
			v = f.valueView(c.Values[0], c.Value, lang)
		}
		v.Label = f.label(c, lang)
		views = append(views, v)
	}
	return views
}

// valueView is a value with the text that it has on one line.
func (f *Face) valueView(value any, text, lang string) claimView {
	v := claimView{Value: dayIn(lang, text)}
	switch value := value.(type) {
	case string:
		v.Picture = picture(value)
	case []any:
		if slices.ContainsFunc(value, func(one any) bool { _, whole := one.(map[string]any); return whole }) {
			for _, one := range value {
				v.Parts = append(v.Parts, f.valueView(one, wallet.TextOf(one), lang))
			}
		}
	case map[string]any:
		for _, name := range inOrder(value) {
			part := f.valueView(value[name], wallet.TextOf(value[name]), lang)
			part.Label = f.partLabel(name, name, lang)
			v.Parts = append(v.Parts, part)
		}
	}
	return v
}

// dayIn writes a date as people do, and leaves other texts as they are.
func dayIn(lang, text string) string {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return dateIn(lang, day)
	}
	return text
}

// minPicture is the shortest text that is looked at as a picture: no text for people is so long.
const minPicture = 1000

// shownMedia are the media types of pictures that browsers draw.
var shownMedia = []string{"image/jpeg", "image/png", "image/gif", "image/webp"}

// picture is a portrait as an address, "" for another text: base64 or a data URI of it (ISO/IEC 18013-5 section 7.2.2, PID Rulebook).
func picture(text string) template.URL {
	if _, encoded, found := strings.Cut(text, ";base64,"); found {
		text = encoded
	}
	if len(text) < minPicture {
		return ""
	}
	text = strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(text), "=")
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if media := http.DetectContentType(raw); err == nil && slices.Contains(shownMedia, media) {
		return template.URL((&wallet.Picture{Media: media, Data: raw}).DataURI()) //nolint:gosec // bytes that begin as a picture, in base64
	}
	return ""
}
