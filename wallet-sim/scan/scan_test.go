package scan

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"testing"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
)

// A code that fills its picture is read, also where a search for its corners, as in a photograph, goes astray.
func TestDrawnCodes(t *testing.T) {
	const link = "openid4vp://?client_id=x509_hash%3AauSPe6lxbBXIU1HUS2DU2Gt4l-snwydFMUDdCpEowmc&request_uri=http%3A%2F%2Flocalhost%3A41234%2Frequests%2F"
	for _, text := range []string{
		link + "FENWUBBNQ2MG3Q6GYZR773ENAYVSFA35UA7FJIMXSCP", link + "3DSASLUGPRMD525YXC2SKZVLGHYFGBJOVEVM3XVESFC", "https://issuer.example",
	} {
		code, err := qr.Encode(text, qr.M, qr.Auto)
		if err == nil {
			code, err = barcode.Scale(code, 600, 600)
		}
		var picture bytes.Buffer
		if err = errors.Join(err, png.Encode(&picture, code)); err != nil {
			t.Fatal(err)
		}
		if got, err := QR(picture.Bytes()); err != nil || got != text {
			t.Errorf("%q, %v, want %q", got, err, text)
		}
	}
}

func TestPicturesWithoutACode(t *testing.T) {
	var white bytes.Buffer
	if err := png.Encode(&white, image.NewGray(image.Rect(0, 0, 100, 100))); err != nil {
		t.Fatal(err)
	}
	for want, raw := range map[error][]byte{ErrPicture: []byte("no picture"), ErrNoCode: white.Bytes()} {
		if got, err := QR(raw); !errors.Is(err, want) {
			t.Errorf("%q, %v, want %v", got, err, want)
		}
	}
}
