package phone_test

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"testing"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
)

// upload sends a picture as the page does, and tells where it leads.
func (w *town) upload(picture []byte) (status int, location string) {
	w.t.Helper()
	res, _ := w.send(picture, "text/html")
	return res.StatusCode, res.Header.Get("Location")
}

// send sends a picture, and gives the answer with its body.
func (w *town) send(picture []byte, accept string) (*http.Response, string) {
	w.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("picture", "picture.png")
	check(w.t, err)
	_, err = part.Write(picture)
	check(w.t, err)
	check(w.t, form.Close())
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.home+"/receive", &body)
	check(w.t, err)
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Accept", accept)
	res, err := client.Do(r)
	check(w.t, err)
	raw, err := io.ReadAll(res.Body)
	check(w.t, errors.Join(err, res.Body.Close()))
	return res, string(raw)
}

// What a camera sees is told to the script: most often nothing.
func TestSeenByACamera(t *testing.T) {
	w := newTown(t)
	for name, c := range map[string]struct {
		picture []byte
		answer  string
	}{
		"a request":    {drawn(t, "openid4vp://?client_id=x&request_uri=y"), `{"open":"/present?client_id=x\u0026request_uri=y"}`},
		"another code": {drawn(t, "https://evil.example/"), `{"text":"QR-koden er verken et tilbud eller en forespørsel"}`},
		"nothing":      {blank(t), `{}`},
		"no picture":   {[]byte("x"), `{"text":"Velg et bilde som er PNG, JPEG eller GIF og høyst 16 MB"}`},
	} {
		if res, got := w.send(c.picture, "application/json"); res.StatusCode != http.StatusOK || got != c.answer {
			t.Errorf("%s: status %d, %s", name, res.StatusCode, got)
		}
	}
}

func drawn(t *testing.T, text string) []byte {
	t.Helper()
	code, err := qr.Encode(text, qr.M, qr.Auto)
	check(t, err)
	code, err = barcode.Scale(code, 500, 500)
	check(t, err)
	var picture bytes.Buffer
	check(t, png.Encode(&picture, code))
	return picture.Bytes()
}

func blank(t *testing.T) []byte {
	t.Helper()
	var picture bytes.Buffer
	check(t, png.Encode(&picture, image.NewGray(image.Rect(0, 0, 60, 60))))
	return picture.Bytes()
}

// What is scanned or pasted opens the page that asks, and nothing else.
func TestScannedOrPasted(t *testing.T) {
	w := newTown(t)
	offer := "credential_offer_uri=" + url.QueryEscape(w.issuer+"/o")
	for link, want := range map[string]string{
		"openid-credential-offer://?" + offer:             "/offer?" + offer,
		" haip://?" + offer + "\n":                        "/offer?" + offer,
		"https://wallet.example/open?" + offer:            "/offer?" + offer,
		`{"credential_issuer":"x"}`:                       "/offer?credential_offer=%7B%22credential_issuer%22%3A%22x%22%7D",
		"openid4vp://?client_id=x&request_uri=y":          "/present?client_id=x&request_uri=y",
		"mdoc-openid4vp://authorize?request=a.b.c":        "/present?request=a.b.c",
		"https://evil.example/":                           "",
		"//evil.example/?client_id=x":                     "",
		"openid4vp://?x=y":                                "",
		"javascript:alert(1)":                             "",
		"":                                                "",
		"\x00openid-credential-offer://?credential_offer": "",
	} {
		status, location := w.upload(drawn(t, link+" "))
		if wantStatus := map[bool]int{true: http.StatusSeeOther, false: http.StatusBadRequest}[want != ""]; status != wantStatus || location != want {
			t.Errorf("scanned %q: status %d, %q", link, status, location)
		}
		s := w.surfer(stjerne)
		s.open(w.home + "/receive")
		if s.press("/receive", "link", link); want == "" {
			s.is(http.StatusBadRequest, "/receive")
			s.sees("Lenken er verken et tilbud eller en forespørsel")
		} else if got := s.page.URL.RequestURI(); got != want {
			t.Errorf("pasted %q: at %q", link, got)
		}
	}
	for name, picture := range map[string][]byte{"no picture": []byte("x"), "too large": make([]byte, 17<<20), "a picture of nothing": blank(t)} {
		if status, _ := w.upload(picture); status != http.StatusBadRequest {
			t.Errorf("%s: status %d", name, status)
		}
	}
}
