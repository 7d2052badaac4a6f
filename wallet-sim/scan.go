package main

import (
	"bytes"
	"fmt"
	"image"
	_ "image/gif"  // read by image.Decode
	_ "image/jpeg" // read by image.Decode
	_ "image/png"  // read by image.Decode

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	"github.com/spf13/cobra"

	"lommebok.example/wallet-sim/inspect"
)

// scanned is the answer of scan.
type scanned struct {
	Text string `json:"text"`
	Kind string `json:"kind,omitempty"` // as decode says
}

// maxPixels bounds the picture that a small file may become.
const maxPixels = 64 << 20

func (c *cli) scanCommand() *cobra.Command {
	return &cobra.Command{
		Use: "scan <picture, address or ->", Args: cobra.ExactArgs(1), Short: "reads the QR code in a picture (PNG, JPEG, GIF)",
		Example: "  wallet-sim scan offer.png\n  wallet-sim scan request.png | wallet-sim request answer - --yes",
		RunE: func(cmd *cobra.Command, args []string) error {
			raw, err := c.input(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			text, err := qrText(raw)
			if err != nil {
				return err
			}
			answer := scanned{Text: text}
			if found, err := inspect.Decode([]byte(text)); err == nil {
				answer.Kind = found.Kind
			}
			return c.print(answer, func() { c.say("%s", text) })
		},
	}
}

func qrText(raw []byte) (string, error) {
	config, _, err := image.DecodeConfig(bytes.NewReader(raw))
	if err != nil {
		return "", usage("expected a picture (PNG, JPEG, GIF): %v", err)
	}
	if config.Width*config.Height > maxPixels {
		return "", usage("expected at most %d pixels, got %d x %d", maxPixels, config.Width, config.Height)
	}
	picture, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return "", usage("the picture: %v", err)
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
	if err != nil {
		return "", fmt.Errorf("the picture: %w", err)
	}
	hints := map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true}
	found, err := qrcode.NewQRCodeReader().Decode(bitmap, hints)
	if err != nil {
		return "", fmt.Errorf("no QR code was found in the picture: %w", err)
	}
	return found.GetText(), nil
}
