package source

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"sync"
)

// Image is a picture, JPEG.
type Image []byte

// drawnPortrait is a head and shoulders in grey, of nobody: the test people have no faces.
var drawnPortrait = sync.OnceValue(func() Image {
	const width, height = 180, 240
	ground, figure := color.Gray{Y: 0xe4}, color.Gray{Y: 0x8c}
	img := image.NewGray(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.SetGray(x, y, ground)
			if oval(x, y, width/2, 92, 42, 54) || oval(x, y, width/2, 250, 78, 92) {
				img.SetGray(x, y, figure)
			}
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 80}); err != nil {
		panic("source: " + err.Error()) // a buffer takes everything, and the size is fixed
	}
	return b.Bytes()
})

// oval tells whether a point lies in an ellipse.
func oval(x, y, cx, cy, rx, ry int) bool {
	dx, dy := (x-cx)*ry, (y-cy)*rx
	return dx*dx+dy*dy <= rx*rx*ry*ry
}
