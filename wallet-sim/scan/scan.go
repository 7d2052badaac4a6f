// Package scan reads the QR code in a picture.
package scan

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/gif"  // read by image.Decode
	_ "image/jpeg" // read by image.Decode
	_ "image/png"  // read by image.Decode

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// The refusals.
var (
	ErrPicture = errors.New("scan: expected a picture (PNG, JPEG, GIF) of at most 67108864 pixels")
	ErrNoCode  = errors.New("scan: no QR code was found in the picture: expected all of one, upright and sharp")
)

// maxPixels bounds the picture that a small file may become.
const maxPixels = 64 << 20

// QR gives the text of the QR code in a picture: ErrPicture, ErrNoCode.
func QR(raw []byte) (string, error) {
	config, _, err := image.DecodeConfig(bytes.NewReader(raw))
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrPicture, err)
	}
	if config.Width*config.Height > maxPixels {
		return "", fmt.Errorf("%w: got %d x %d", ErrPicture, config.Width, config.Height)
	}
	picture, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrPicture, err)
	}
	// What is looked for in a photograph is at times not found in a code that a program drew, which is looked for another way.
	for _, way := range []gozxing.DecodeHintType{gozxing.DecodeHintType_TRY_HARDER, gozxing.DecodeHintType_PURE_BARCODE} {
		bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
		if err != nil {
			return "", fmt.Errorf("%w: %w", ErrPicture, err)
		}
		if found, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{way: true}); err == nil {
			return found.GetText(), nil
		}
	}
	return "", ErrNoCode
}
