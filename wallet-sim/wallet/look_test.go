package wallet

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"lommebok.example/specs/openid4vci"
	"lommebok.example/specs/sdjwtvc"
)

func TestTextOnACardCanBeRead(t *testing.T) {
	for name, c := range map[string]struct{ ground, text, wantGround, wantText string }{
		"as the issuer has it":      {"#002c54", "#ffffff", "#002c54", "#ffffff"},
		"three digits":              {"#fff", "#000", "#ffffff", "#000000"},
		"rgb()":                     {"rgb(0, 44,84)", "rgb(255,255,255)", "#002c54", "#ffffff"},
		"too little contrast":       {"#777777", "#888888", "#777777", "#000000"},
		"the same":                  {"#002c54", "#002c54", "#002c54", "#ffffff"},
		"no text colour":            {"#afcee9", "", "#afcee9", "#000000"},
		"no ground":                 {"", "#ffffff", "", ""},
		"a name":                    {"white", "#ffffff", "", ""},
		"what is no colour":         {"#fff;} body{display:none", "#000", "", ""},
		"more than a byte":          {"rgb(256,0,0)", "#000", "", ""},
		"what leads to an address":  {"url(https://x.example)", "#000", "", ""},
		"a text that is no colour":  {"#ffffff", "expression(x)", "#ffffff", "#000000"},
		"transparent":               {"#ffffff00", "#000", "", ""},
		"blanks around":             {" #FFFFFF ", "#000", "#ffffff", "#000000"},
		"just enough is left alone": {"#ffffff", "#767676", "#ffffff", "#767676"},
		"just too little":           {"#ffffff", "#777777", "#ffffff", "#000000"},
	} {
		t.Run(name, func(t *testing.T) {
			card := &Credential{Display: &openid4vci.CredentialMetadata{Display: []openid4vci.CredentialDisplay{{Name: "x", Locale: "nb", BackgroundColor: c.ground, TextColor: c.text}}}}
			if l := card.Look("nn"); l.Background != c.wantGround || l.Text != c.wantText {
				t.Errorf("got %q on %q", l.Text, l.Background)
			}
		})
	}
}

func TestLogos(t *testing.T) {
	w := newWorld(t)
	png := []byte("\x89PNG\r\n\x1a\n")
	s := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		out.Header().Set("Content-Type", map[string]string{"/logo": "image/png", "/html": "text/html"}[r.URL.Path])
		_, _ = out.Write(png)
	}))
	t.Cleanup(s.Close)
	for name, c := range map[string]struct {
		uri, integrity string
		want           bool
	}{
		"fetched": {s.URL + "/logo", "", true}, "inlined": {"data:image/svg+xml;base64,PHN2Zy8+", "", true}, "with its digest": {s.URL + "/logo", sdjwtvc.Integrity(png), true},
		"another digest": {s.URL + "/logo", sdjwtvc.Integrity([]byte("x")), false}, "no picture": {s.URL + "/html", "", false}, "too large": {"data:image/png;base64," + strings.Repeat("AAAA", maxLogo/3+1), "", false},
		"a page inlined": {"data:text/html;base64,PHN2Zy8+", "", false}, "a file": {"file:///etc/passwd", "", false}, "none": {"", "", false}, "not base64": {"data:image/png,x", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			card := &Credential{TypeMetadata: &sdjwtvc.TypeMetadata{Display: []sdjwtvc.TypeDisplay{{Locale: "nb", Rendering: &sdjwtvc.Rendering{
				Simple: &sdjwtvc.SimpleRendering{Logo: &sdjwtvc.Resource{URI: c.uri, Integrity: c.integrity}},
			}}}}}
			if w.wallet.addLogo(t.Context(), card); (card.Logo != nil) != c.want {
				t.Errorf("logo %v", card.Logo)
			}
		})
	}
}
