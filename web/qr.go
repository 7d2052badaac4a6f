package web

import (
	"fmt"
	"html/template"
	"image/color"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// quietZone is the light border that a reader needs, in modules (ISO/IEC 18004 section 9.1).
const quietZone = 4

// QR draws text as a QR code of error correction level M, as an SVG that is hidden from screen readers: the template
// gives it a text alternative and a link for the device at hand. It is dark on light also when the page is dark.
func QR(text string) (template.HTML, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", fmt.Errorf("web: drawing a QR code of %d bytes: %w", len(text), err)
	}
	size := code.Bounds().Dx()
	var dark strings.Builder
	for y := range size {
		for x := range size {
			if code.At(x, y) == color.Black {
				fmt.Fprintf(&dark, "M%d %dh1v1h-1z", x+quietZone, y+quietZone)
			}
		}
	}
	whole := size + 2*quietZone
	svg := fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" class="lb-qr" viewBox="0 0 %d %d" aria-hidden="true" focusable="false" shape-rendering="crispEdges">`+
		`<rect width="%d" height="%d" fill="#fff"/><path fill="#000" d="%s"/></svg>`, whole, whole, whole, whole, dark.String())
	return template.HTML(svg), nil // only numbers and fixed text were written
}
