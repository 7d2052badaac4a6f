package phone

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"lommebok.example/wallet-sim/scan"
	"lommebok.example/wallet-sim/wallet"
	"lommebok.example/web"
)

// maxPicture bounds what is sent to be read: a picture of a telephone's camera is below it.
const maxPicture = 16 << 20

// receiveView is the page that takes a link or a picture.
type receiveView struct {
	web.Form
	Link string
}

func (f *Face) receiving(c *gin.Context) { f.show(c, http.StatusOK, "wallet_receive", receiveView{}) }

// receive opens what was pasted, or stands in a picture.
func (f *Face) receive(c *gin.Context) {
	wrong := func(field, link, key string) {
		v := receiveView{Link: link}
		v.Errors = []web.FieldError{{Field: field, Text: f.site.T(web.Lang(c), key)}}
		f.show(c, http.StatusBadRequest, "wallet_receive", v)
	}
	if c.ContentType() != "multipart/form-data" {
		link := c.PostForm("link")
		if path := opens(link); path != "" {
			f.to(c, path)
			return
		}
		wrong("link", link, "wallet.receive.not_link")
		return
	}
	found, key := f.scan(c)
	switch {
	case c.GetHeader("Accept") == "application/json":
		f.tellCamera(c, found, key)
	case key != "":
		wrong("picture", "", key)
	default:
		f.to(c, found)
	}
}

// scan gives the page for what stands in a picture, or the text that says what is wrong with it.
func (f *Face) scan(c *gin.Context) (page, wrong string) {
	text, err := f.scanned(c)
	switch {
	case errors.Is(err, scan.ErrNoCode):
		return "", noCode
	case err != nil:
		return "", "wallet.receive.not_picture"
	}
	if page = opens(text); page == "" {
		return "", "wallet.receive.other_code"
	}
	return page, ""
}

const noCode = "wallet.receive.no_code"

// tellCamera answers the script that shows the wallet what a camera sees: open is a page to go to, text something to say. A picture
// without a code is what most pictures of a camera are.
func (f *Face) tellCamera(c *gin.Context, page, wrong string) {
	answer := struct {
		Open string `json:"open,omitempty"`
		Text string `json:"text,omitempty"`
	}{Open: page}
	if wrong != "" && wrong != noCode {
		answer.Text = f.site.T(web.Lang(c), wrong)
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusOK, answer)
}

func (f *Face) scanned(c *gin.Context) (string, error) {
	file, _, err := c.Request.FormFile("picture")
	if err != nil {
		return "", err
	}
	raw, err := io.ReadAll(file)
	if err = errors.Join(err, file.Close(), c.Request.MultipartForm.RemoveAll()); err != nil {
		return "", err
	}
	f.reads.Lock()
	defer f.reads.Unlock()
	return scan.QR(raw)
}

// opens is the page for a credential offer, a link to one, or a link to a presentation request, whatever its scheme; "" for anything else.
func opens(text string) string {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "{") {
		return "/offer?" + url.Values{"credential_offer": {text}}.Encode()
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme == "":
		return ""
	case wallet.IsOffer(text):
		return "/offer?" + u.RawQuery
	case u.Query().Has("client_id") || u.Query().Has("request_uri") || u.Query().Has("request"):
		return "/present?" + u.RawQuery
	}
	return ""
}
